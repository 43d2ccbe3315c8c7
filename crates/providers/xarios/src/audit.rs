//! Says what Xarios can't do of what is declared (xarios contract, sections 5 to 7). Pure.

use orgform_model::desired::DesiredPerson;
use orgform_model::finding::Place;
use orgform_model::semantics::FieldRule;
use orgform_model::{Desired, Fields, Finding, Grant};

use crate::semantics::SEMANTICS;
use crate::users::is_guid;

/// Fields that accounts have and customers lack (section 7).
const NOT_OF_CUSTOMERS: [&str; 2] = ["timezone", "countryCode"];

/// Says what Xarios can't do.
pub(crate) fn audit(desired: &Desired) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, account) in &desired.accounts {
        let depth = path.self_and_ancestors().count();
        if depth > 2 {
            findings.push(
                Finding::error(
                    "Xarios has accounts, and customers below them, and nothing below those",
                    account.place.clone(),
                )
                .hint("give it an account without a `parentRef` as its parent."),
            );
        }
        lengths(SEMANTICS.accounts.fields, &account.fields, &account.place, &mut findings);
        if depth == 2 {
            let lacking = NOT_OF_CUSTOMERS.into_iter().filter(|name| account.fields.contains_key(*name));
            findings.extend(lacking.map(|name| {
                Finding::error(format!("a customer of Xarios has no `{name}`"), account.place.clone())
                    .hint("leave it out.")
            }));
        }
        id(account.external_id.as_ref().map(|id| id.as_str()), &account.place, &mut findings);
    }
    for (path, _, membership) in desired.all_memberships() {
        let below = path.self_and_ancestors().count() > 1;
        for grant in membership.grants.keys() {
            let Grant::Fixed(name) = grant else { continue };
            let wrong = SEMANTICS.roles.fixed_role(name).filter(|role| !role.level.has(below));
            findings.extend(wrong.map(|role| {
                let (of, here) =
                    if below { ("accounts", "customer") } else { ("customers", "reseller account") };
                let said = format!("`{}` is a role of {of}, and {path} is a {here}", role.name);
                Finding::error(said, membership.place.clone()).hint(format!("give one of: {}.", roles(below)))
            }));
        }
    }
    for person in desired.people.values() {
        let DesiredPerson { object: _, place, offboarded: _, identity, fields, creation } = person;
        lengths(SEMANTICS.people.fields, fields, place, &mut findings);
        for name in
            fields.keys().filter(|name| !SEMANTICS.people.fields.iter().any(|rule| rule.name == **name))
        {
            findings.push(
                Finding::error(format!("a user of Xarios has no `{name}`"), place.clone())
                    .hint("leave it out."),
            );
        }
        if creation.as_ref().is_some_and(|creation| creation.password.is_some()) {
            findings.push(
                Finding::error(
                    "a user of Xarios chooses the password, by the mail that everybody new gets",
                    place.clone(),
                )
                .hint("leave `password` out."),
            );
        }
        id(identity.as_ref().map(|id| id.as_str()), place, &mut findings);
    }
    findings
}

fn roles(below: bool) -> String {
    let here = SEMANTICS.roles.fixed.iter().filter(|role| role.level.has(below));
    here.map(|role| role.name).collect::<Vec<_>>().join(", ")
}

fn id(id: Option<&str>, place: &Place, findings: &mut Vec<Finding>) {
    if id.is_some_and(|id| !is_guid(id)) {
        findings.push(Finding::error("an id of Xarios is a GUID", place.clone()));
    }
}

fn lengths(rules: &[FieldRule], fields: &Fields, place: &Place, findings: &mut Vec<Finding>) {
    for (name, value) in fields {
        let max = rules.iter().find(|rule| rule.name == name).and_then(|rule| rule.max);
        let size = value.to_string().chars().count();
        if let Some(max) = max.filter(|max| size > *max) {
            let said = format!("`{name}` has {size} characters, Xarios takes {max}");
            findings.push(Finding::error(said, place.clone()));
        }
    }
}
