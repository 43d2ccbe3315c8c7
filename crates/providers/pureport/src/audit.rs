//! Says what Pureport can't do of what is declared (pureport contract, sections 4 to 9). Pure.

use std::collections::BTreeSet;

use orgform_model::desired::{DesiredApiKey, DesiredMembership, DesiredPerson, Manage};
use orgform_model::finding::Place;
use orgform_model::policy::Removal;
use orgform_model::semantics::FieldRule;
use orgform_model::{Desired, Fields, Finding, Value};

use crate::semantics::{ACCEPTED, ACTIONS, ADMIN_TITLE, LEFT_TO_ADMIN, RESOURCES, SEMANTICS};

/// Says what Pureport can't do.
pub(crate) fn audit(desired: &Desired) -> Vec<Finding> {
    let mut findings = Vec::new();
    for account in desired.accounts.values() {
        id_shape(
            "an account",
            "ac-",
            account.external_id.as_ref().map(|id| id.as_str()),
            &account.place,
            &mut findings,
        );
        no_disable(account.removal, "an account", &account.place, &mut findings);
        field_limits(SEMANTICS.accounts.fields, &account.fields, &account.place, &mut findings);
        consent(&account.fields, &account.place, &mut findings);
    }
    for role in desired.roles.values() {
        id_shape(
            "a role",
            "role-",
            role.external_id.as_ref().map(|id| id.as_str()),
            &role.place,
            &mut findings,
        );
        no_disable(role.removal, "a role", &role.place, &mut findings);
        field_limits(SEMANTICS.roles.fields, &role.fields, &role.place, &mut findings);
        permissions(&role.fields, &role.place, &mut findings);
        if role.manage == Manage::Full && name_of(&role.fields) == Some(ADMIN_TITLE) {
            findings.push(Finding::error("Pureport has an Admin role of its own", role.place.clone()).hint(
                "give `admin` as a role of members, it needs no declaration; name this one otherwise.",
            ));
        }
    }
    for key in desired.api_keys.values() {
        no_disable(key.removal, "an API key", &key.place, &mut findings);
        let rules = SEMANTICS.api_keys.as_ref().map_or(&[][..], |keys| keys.fields);
        field_limits(rules, &key.fields, &key.place, &mut findings);
        api_key_roles(key, &mut findings);
    }
    for (_, _, membership) in desired.all_memberships() {
        let DesiredMembership { object: _, place, grants: _, removal } = membership;
        no_disable(*removal, "a person", place, &mut findings);
    }
    for person in desired.people.values() {
        let DesiredPerson { object: _, place, offboarded: _, identity, fields, creation } = person;
        id_shape("a person", "user-", identity.as_ref().map(|id| id.as_str()), place, &mut findings);
        for field in fields.keys() {
            findings.push(
                Finding::error(format!("Pureport can't set `{field}` of a person"), place.clone())
                    .hint("people keep their own profile at Pureport; leave it out."),
            );
        }
        if creation.is_some() {
            findings.push(
                Finding::error("Pureport can't make people, only invite them", place.clone())
                    .hint("leave `onboarding` out."),
            );
        }
    }
    findings
}

/// A key has 1 to 100 roles (section 9).
fn api_key_roles(key: &DesiredApiKey, findings: &mut Vec<Finding>) {
    const MOST: usize = 100;
    match key.roles.as_ref().map(BTreeSet::len) {
        None if key.external_id.is_none() => findings.push(
            Finding::error("Pureport makes no API key without roles", key.place.clone())
                .hint("say what it may do, with `roles`."),
        ),
        Some(roles) if roles > MOST => {
            let message = format!("`roles` has {roles} items, Pureport takes {MOST}");
            findings.push(Finding::error(message, key.place.clone()));
        }
        _ => {}
    }
}

fn no_disable(removal: Removal, what: &str, place: &Place, findings: &mut Vec<Finding>) {
    if removal == Removal::Disable {
        findings.push(
            Finding::error(format!("Pureport can't disable {what}"), place.clone())
                .hint("use removal Remove or Retain."),
        );
    }
}

fn field_limits(rules: &[FieldRule], fields: &Fields, place: &Place, findings: &mut Vec<Finding>) {
    for rule in rules {
        let (Some(value), Some(max)) = (fields.get(rule.name), rule.max) else { continue };
        let (size, unit) = match value {
            Value::Text(text) => (text.chars().count(), "characters"),
            Value::Set(items) => (items.len(), "items"),
            Value::Map(items) => (items.len(), "items"),
            Value::Flag(_) => continue,
        };
        if size > max {
            let message = format!("`{}` has {size} {unit}, Pureport takes {max}", rule.name);
            findings.push(Finding::error(message, place.clone()));
        }
    }
    if name_of(fields) == Some("") {
        findings.push(Finding::error("`displayName` is empty, Pureport needs one", place.clone()));
    }
}

fn consent(fields: &Fields, place: &Place, findings: &mut Vec<Finding>) {
    let Some(value) = fields.get("consent").and_then(Value::as_text) else { return };
    if ![ACCEPTED, LEFT_TO_ADMIN].contains(&value) {
        let message = format!("`consent: {value}` is neither {ACCEPTED} nor {LEFT_TO_ADMIN}");
        findings.push(Finding::error(message, place.clone()));
    }
}

fn permissions(fields: &Fields, place: &Place, findings: &mut Vec<Finding>) {
    let Some(cells) = fields.get("permissions").and_then(Value::as_set) else { return };
    let (mut resources, mut actions) = (Vec::new(), Vec::new());
    for (resource, action) in cells.iter().map(|cell| cell.split_once(':').unwrap_or((cell, ""))) {
        // Several cells may share one misspelt name: it is told once.
        if !RESOURCES.contains(&resource) && !resources.contains(&resource) {
            resources.push(resource);
            findings.push(unknown("resource", resource, &RESOURCES, place));
        }
        if !ACTIONS.contains(&action) && !actions.contains(&action) {
            actions.push(action);
            findings.push(unknown("action", action, &ACTIONS, place));
        }
    }
}

fn unknown(kind: &str, name: &str, known: &[&str], place: &Place) -> Finding {
    let finding = Finding::error(format!("Pureport knows no {kind} `{name}`"), place.clone());
    let nearest = known.iter().min_by_key(|one| strsim::osa_distance(one, name));
    match nearest.filter(|one| strsim::osa_distance(one, name) <= 2) {
        Some(nearest) => finding.hint(format!("did you mean `{nearest}`?")),
        None => finding.hint(format!("it knows {}.", known.join(", "))),
    }
}

/// Ids have a prefix that tells what they are of, and are made of URL-safe characters (section 4).
fn id_shape(what: &str, prefix: &str, id: Option<&str>, place: &Place, findings: &mut Vec<Finding>) {
    let Some(id) = id else { return };
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !id.starts_with(prefix) || !plain || id.len() > 64 {
        findings.push(
            Finding::error(format!("`{id}` can't be Pureport's id of {what}"), place.clone())
                .hint(format!("one looks like `{prefix}` and 22 letters, digits, `-` or `_`.")),
        );
    }
}

fn name_of(fields: &Fields) -> Option<&str> {
    fields.get("displayName").and_then(Value::as_text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use orgform_model::desired::{DesiredAccount, DesiredRole};
    use orgform_model::{AccountPath, Email, ObjectKind, ObjectRef, PersonId, RoleKey};

    use super::*;

    fn place(line: u32) -> Place {
        Place { file: "acme.yaml".into(), line, column: 1, length: 4 }
    }

    fn account(fields: Fields) -> DesiredAccount {
        DesiredAccount {
            object: ObjectRef::of_file(ObjectKind::Account, "acme"),
            place: place(1),
            parent: None,
            manage: Manage::Full,
            external_id: None,
            fields,
            authoritative_members: false,
            adoption: None,
            removal: Removal::Retain,
        }
    }

    fn role(fields: Fields) -> DesiredRole {
        DesiredRole {
            object: ObjectRef::of_file(ObjectKind::Role, "operator"),
            place: place(2),
            manage: Manage::Full,
            external_id: None,
            fields,
            removal: Removal::Remove,
        }
    }

    fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn of_account(account: DesiredAccount) -> Vec<String> {
        let mut desired = Desired::empty("pureport".into());
        desired.accounts.insert(AccountPath::from("acme"), account);
        told(&desired)
    }

    fn of_role(role: DesiredRole) -> Vec<String> {
        let mut desired = Desired::empty("pureport".into());
        desired.roles.insert(RoleKey::new(AccountPath::from("acme"), "operator"), role);
        told(&desired)
    }

    fn told(desired: &Desired) -> Vec<String> {
        let line = |finding: &Finding| match &finding.hint {
            Some(hint) => format!("{}: {} ({hint})", finding.places[0], finding.message),
            None => format!("{}: {}", finding.places[0], finding.message),
        };
        audit(desired).iter().map(line).collect()
    }

    #[test]
    fn what_pureport_can_do_is_not_told() {
        let full = fields([
            ("displayName", Value::text("é".repeat(64))),
            ("description", Value::text("")),
            ("technicalContacts", Value::set((0..10).map(|n| format!("n{n}@acme.example")))),
            ("tags", Value::Map(BTreeMap::from([("team".into(), "net".into())]))),
            ("consent", Value::text(LEFT_TO_ADMIN)),
        ]);
        assert_eq!(of_account(account(full)), [""; 0]);
        assert_eq!(of_role(role(fields([("permissions", Value::set(["all:all", "ports:read"]))]))), [""; 0]);
    }

    #[test]
    fn what_is_too_long_or_too_many_is_told_where_it_stands() {
        let over = fields([
            ("displayName", Value::text("é".repeat(65))),
            ("technicalContacts", Value::set((0..11).map(|n| format!("n{n}@acme.example")))),
            ("consent", Value::text("Refused")),
        ]);
        assert_eq!(
            of_account(account(over)),
            [
                "acme.yaml:1:1: `displayName` has 65 characters, Pureport takes 64",
                "acme.yaml:1:1: `technicalContacts` has 11 items, Pureport takes 10",
                "acme.yaml:1:1: `consent: Refused` is neither Accepted nor LeftToAdmin",
            ]
        );
    }

    #[test]
    fn an_unknown_permission_is_told_once_with_the_nearest_name() {
        let cells = ["netwrks:create", "netwrks:read", "ports:write", "roles:raed"];
        assert_eq!(
            of_role(role(fields([("permissions", Value::set(cells))]))),
            [
                "acme.yaml:2:1: Pureport knows no resource `netwrks` (did you mean `networks`?)",
                "acme.yaml:2:1: Pureport knows no action `write` (it knows all, create, read, update, delete.)",
                "acme.yaml:2:1: Pureport knows no action `raed` (did you mean `read`?)",
            ]
        );
    }

    #[test]
    fn a_role_may_not_be_called_admin() {
        let admin = fields([("displayName", Value::text("Admin"))]);
        assert_eq!(of_role(role(admin.clone())).len(), 1);
        assert_eq!(of_role(DesiredRole { manage: Manage::Reference, ..role(admin) }).len(), 0);
    }

    #[test]
    fn an_id_of_another_kind_is_told() {
        let wrong = DesiredAccount { external_id: Some("role-1".into()), ..account(Fields::new()) };
        assert_eq!(
            of_account(wrong),
            [
                "acme.yaml:1:1: `role-1` can't be Pureport's id of an account (one looks like `ac-` and 22 letters, digits, `-` or `_`.)"
            ]
        );
        let right = DesiredAccount { external_id: Some("ac-A_b-9".into()), ..account(Fields::new()) };
        assert_eq!(of_account(right), [""; 0]);
    }

    #[test]
    fn people_can_not_be_disabled_nor_have_fields() {
        let mut desired = Desired::empty("pureport".into());
        let object = ObjectRef::of_file(ObjectKind::Member, "ada");
        let person = DesiredPerson {
            object: object.clone(),
            place: place(3),
            offboarded: false,
            identity: Some(PersonId::from("user-1")),
            fields: fields([("firstName", Value::text("Ada"))]),
            creation: None,
        };
        let membership = DesiredMembership {
            object,
            place: place(4),
            grants: Default::default(),
            removal: Removal::Disable,
        };
        let email = Email::new("ada@acme.example");
        desired.people.insert(email.clone(), person);
        desired.memberships.insert("acme".into(), BTreeMap::from([(email, membership)]));
        assert_eq!(
            told(&desired),
            [
                "acme.yaml:4:1: Pureport can't disable a person (use removal Remove or Retain.)",
                "acme.yaml:3:1: Pureport can't set `firstName` of a person \
                 (people keep their own profile at Pureport; leave it out.)",
            ]
        );
    }
}
