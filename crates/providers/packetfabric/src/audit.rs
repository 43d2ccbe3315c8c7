//! Says what PacketFabric can't do of what is declared (packetfabric contract, sections 4 to 7). Pure.

use orgform_model::desired::DesiredPerson;
use orgform_model::finding::Place;
use orgform_model::semantics::FieldRule;
use orgform_model::{Desired, Fields, Finding, Value};

use crate::convert::is_uuid;
use crate::semantics::SEMANTICS;

/// What a user can't be made without, besides the e-mail and the group (section 4).
const NEEDED: [&str; 4] = ["firstName", "lastName", "phone", "timezone"];

/// Says what PacketFabric can't do.
pub(crate) fn audit(desired: &Desired) -> Vec<Finding> {
    let mut findings = Vec::new();
    if desired.accounts.len() > 1 {
        for account in desired.accounts.values().skip(1) {
            findings.push(
                Finding::error(
                    "a credential of PacketFabric sees exactly one customer",
                    account.place.clone(),
                )
                .hint("declare one Account for this Provider, and another Provider for another customer."),
            );
        }
    }
    for account in desired.accounts.values() {
        check(SEMANTICS.accounts.fields, "a customer", &account.fields, &account.place, &mut findings);
    }
    for role in desired.roles.values() {
        findings.push(
            Finding::error("the groups of PacketFabric are fixed", role.place.clone())
                .hint("give admin, regular, read-only, support or sales as a role of members."),
        );
    }
    for (email, person) in &desired.people {
        let DesiredPerson { object: _, place, offboarded: _, identity, fields, creation } = person;
        check(SEMANTICS.people.fields, "a user", fields, place, &mut findings);
        if identity.as_ref().is_some_and(|id| !is_uuid(id.as_str())) {
            findings.push(Finding::error("an id of a user is a uuid", place.clone()));
        }
        let login = fields.get("login").and_then(Value::as_text).unwrap_or(email.as_str());
        if is_uuid(login) || matches!(login, "." | "..") {
            findings.push(Finding::error("this login can't be told apart from an id", place.clone()));
        }
        let Some(creation) = creation else { continue };
        let missing = NEEDED.into_iter().filter(|name| !fields.contains_key(*name));
        let missing = missing.chain(creation.password.is_none().then_some("password"));
        let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
        if !missing.is_empty() {
            let said = format!("to make {email}, PacketFabric needs {} too", missing.join(", "));
            findings.push(
                Finding::error(said, place.clone()).hint("add it, or leave `onboarding` out to invite."),
            );
        }
    }
    findings
}

fn check(rules: &[FieldRule], what: &str, fields: &Fields, place: &Place, findings: &mut Vec<Finding>) {
    for (name, value) in fields {
        let Some(rule) = rules.iter().find(|rule| rule.name == name) else {
            let said = format!("{what} of PacketFabric has no `{name}`");
            findings.push(Finding::error(said, place.clone()).hint("leave it out."));
            continue;
        };
        let size = value.to_string().chars().count();
        if rule.max.is_some_and(|max| size > max) {
            let max = rule.max.unwrap_or_default();
            let said = format!("`{name}` has {size} characters, PacketFabric takes {max}");
            findings.push(Finding::error(said, place.clone()));
        }
    }
}
