//! Ours to theirs and back. Pure.
//!
//! Every field is observed, empty where the server leaves it out, so that a declared emptiness converges.
//! Permissions are the set of true cells with `all` expanded, because a server may answer them either way
//! (pureport contract, section 6).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use orgform_model::semantics::{FieldRule, Shape};
use orgform_model::world::{
    ActualAccount, ActualApiKey, ActualInvite, ActualMember, ActualRole, Reach, RemovalFacts,
};
use orgform_model::{AccountId, Desired, Email, Fields, InviteId, RoleId, Value, invite::InviteStatus};

use crate::semantics::{ACTIONS, ADMIN, ADMIN_TITLE, LEFT_TO_ADMIN, RESOURCES};
use crate::wire::{Account, ApiKey, Invite, Link, Member, Permissions, Role};

/// Brings declared values into the form in which they are observed.
pub(crate) fn normal(mut desired: Desired) -> Desired {
    for account in desired.accounts.values_mut() {
        if account.fields.get("consent").and_then(Value::as_text) == Some(LEFT_TO_ADMIN) {
            account.fields.remove("consent");
        }
    }
    for role in desired.roles.values_mut() {
        if let Some(Value::Set(cells)) = role.fields.get_mut("permissions") {
            *cells = expand(cells);
        }
    }
    desired
}

/// Expands `all` on either side of `resource:action`. All four actions together are not `all`.
pub(crate) fn expand(cells: &BTreeSet<String>) -> BTreeSet<String> {
    let others = cells.iter().filter(|cell| !cell.contains(':')).cloned();
    expanded(cells.iter().filter_map(|cell| cell.split_once(':'))).chain(others).collect()
}

fn expanded<'c>(cells: impl Iterator<Item = (&'c str, &'c str)>) -> impl Iterator<Item = String> {
    let mut each = BTreeSet::new();
    for (resource, action) in cells {
        let resources = if resource == "all" { &RESOURCES[..] } else { &[resource] };
        let actions = if action == "all" { &ACTIONS[..] } else { &[action] };
        for resource in resources {
            each.extend(actions.iter().map(|action| (*resource, *action)));
        }
    }
    each.into_iter().map(|(resource, action)| format!("{resource}:{action}"))
}

/// A value in normal form, empty where there is none, so that absent and empty are one.
pub(crate) fn settled(rule: &FieldRule, value: Option<&Value>) -> Value {
    match (rule.shape, value) {
        (_, Some(Value::Set(cells))) if rule.name == "permissions" => Value::Set(expand(cells)),
        (_, Some(value)) => value.clone(),
        (Shape::Text, None) => Value::text(""),
        (Shape::Flag, None) => Value::Flag(false),
        (Shape::Set, None) => Value::Set(BTreeSet::new()),
        (Shape::Map, None) => Value::Map(Default::default()),
    }
}

pub(crate) fn actual_account(account: &Account) -> ActualAccount {
    ActualAccount {
        parent: account.parent.as_ref().map(|parent| AccountId::from(parent.id())),
        fields: account_fields(account),
        // Its id, API keys and audit log go with it (sections 5, 9, 10); children block it.
        removal: RemovalFacts { reach: Reach::ThisAccount, reversible: false },
    }
}

pub(crate) fn account_fields(account: &Account) -> Fields {
    let contacts = account.technical_contact_emails.iter().flatten().cloned();
    Fields::from([
        ("displayName".to_owned(), Value::text(&account.name)),
        ("description".to_owned(), Value::text(account.description.clone().unwrap_or_default())),
        ("tags".to_owned(), Value::Map(account.tags.clone().unwrap_or_default())),
        ("technicalContacts".to_owned(), Value::set(contacts)),
    ])
}

/// Sets a field of an account; false if there is no such field of that shape.
pub(crate) fn set_account_field(account: &mut Account, field: &str, value: Value) -> bool {
    match (field, value) {
        ("displayName", Value::Text(name)) => account.name = name,
        ("description", Value::Text(text)) => account.description = Some(text),
        ("tags", Value::Map(tags)) => account.tags = Some(tags),
        ("technicalContacts", Value::Set(emails)) => {
            account.technical_contact_emails = Some(emails.into_iter().collect());
        }
        _ => return false,
    }
    true
}

pub(crate) fn actual_role(role: &Role) -> ActualRole {
    ActualRole {
        fixed: is_admin(role).then_some(ADMIN),
        fields: role_fields(role),
        removal: RemovalFacts::LOCAL,
    }
}

pub(crate) fn role_fields(role: &Role) -> Fields {
    let cells = match &role.permissions {
        Some(permissions) => allowed_cells(permissions),
        // The predefined role has every right, whether or not it is spelled out (section 6).
        None if role.name == ADMIN_TITLE => ALL_CELLS.clone(),
        None => BTreeSet::new(),
    };
    Fields::from([
        ("displayName".to_owned(), Value::text(&role.name)),
        ("description".to_owned(), Value::text(role.description.clone().unwrap_or_default())),
        ("permissions".to_owned(), Value::Set(cells)),
    ])
}

/// Sets a field of a role; false if there is no such field of that shape.
pub(crate) fn set_role_field(role: &mut Role, field: &str, value: Value) -> bool {
    match (field, value) {
        ("displayName", Value::Text(name)) => role.name = name,
        ("description", Value::Text(text)) => role.description = Some(text),
        ("permissions", Value::Set(cells)) => {
            let known = role.permissions.take().unwrap_or_default();
            role.permissions = Some(dense(&cells, known));
        }
        _ => return false,
    }
    true
}

/// Whether it is the predefined role: that name and every right (section 6).
pub(crate) fn is_admin(role: &Role) -> bool {
    role.name == ADMIN_TITLE && role.permissions.as_ref().is_none_or(allows_everything)
}

fn allows_everything(permissions: &Permissions) -> bool {
    let covers = |resource, action| {
        allows(permissions, resource, action)
            || allows(permissions, resource, "all")
            || allows(permissions, "all", action)
    };
    allows(permissions, "all", "all")
        || RESOURCES.iter().all(|resource| ACTIONS.iter().all(|action| covers(*resource, *action)))
}

fn allows(permissions: &Permissions, resource: &str, action: &str) -> bool {
    permissions.get(resource).and_then(|actions| actions.get(action)).is_some_and(|yes| *yes)
}

pub(crate) fn actual_member(member: &Member) -> ActualMember {
    ActualMember {
        email: None,
        hint: member.user.title.clone(),
        roles: role_ids(&member.roles),
        disabled: false,
        // The person stays a user and may be invited again (section 7).
        removal: RemovalFacts::LOCAL,
    }
}

pub(crate) fn actual_invite(id: &str, invite: &Invite) -> ActualInvite {
    ActualInvite {
        id: InviteId::from(id),
        email: Email::new(&invite.email),
        roles: role_ids(&invite.roles),
        invited_at: invite.invited_at,
        status: if invite.expired { InviteStatus::Expired } else { InviteStatus::Pending },
    }
}

pub(crate) fn actual_api_key(key: &ApiKey) -> ActualApiKey {
    ActualApiKey { fields: api_key_fields(key), roles: role_ids(&key.roles) }
}

pub(crate) fn api_key_fields(key: &ApiKey) -> Fields {
    Fields::from([
        ("displayName".to_owned(), Value::text(&key.name)),
        ("description".to_owned(), Value::text(key.description.clone().unwrap_or_default())),
    ])
}

/// Sets a field of an API key; false if there is no such field of that shape.
pub(crate) fn set_api_key_field(key: &mut ApiKey, field: &str, value: Value) -> bool {
    match (field, value) {
        ("displayName", Value::Text(name)) => key.name = name,
        ("description", Value::Text(text)) => key.description = Some(text),
        _ => return false,
    }
    true
}

pub(crate) fn role_ids(links: &[Link]) -> BTreeSet<RoleId> {
    links.iter().map(|link| RoleId::from(link.id())).collect()
}

fn allowed_cells(permissions: &Permissions) -> BTreeSet<String> {
    if !allows(permissions, "all", "all") {
        return expanded(true_cells(permissions)).collect();
    }
    // Every account has such a role: there is nothing to add but what only the server knows.
    let known = |(resource, action): &(&str, &str)| RESOURCES.contains(resource) && ACTIONS.contains(action);
    let mut cells = ALL_CELLS.clone();
    cells.extend(expanded(true_cells(permissions).filter(|cell| !known(cell))));
    cells
}

pub(crate) fn true_cells(permissions: &Permissions) -> impl Iterator<Item = (&str, &str)> {
    permissions.iter().flat_map(|(resource, actions)| {
        let yes = actions.iter().filter(|(_, yes)| **yes);
        yes.map(move |(action, _)| (resource.as_str(), action.as_str()))
    })
}

/// Every right.
static ALL_CELLS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| expanded([("all", "all")].into_iter()).collect());

/// Every cell that there is, written out, so that it does not matter whether the server keeps what is left out.
fn dense(cells: &BTreeSet<String>, known: Permissions) -> Permissions {
    let mut permissions = known;
    for resource in RESOURCES {
        let actions = permissions.entry(resource.to_owned()).or_default();
        for action in ACTIONS {
            actions.entry(action.to_owned()).or_default();
        }
    }
    for (resource, actions) in &mut permissions {
        for (action, yes) in actions {
            *yes = cells.contains(&format!("{resource}:{action}"));
        }
    }
    permissions
}

#[cfg(test)]
mod tests {
    use orgform_model::desired::{DesiredAccount, DesiredRole, Manage};
    use orgform_model::finding::Place;
    use orgform_model::policy::Removal;
    use orgform_model::{AccountPath, ObjectKind, ObjectRef, RoleKey};
    use serde_json::{Value as Json, from_value, json};

    use super::*;

    fn role(json: Json) -> Role {
        from_value(json).unwrap()
    }

    fn cells(role: &Role) -> BTreeSet<String> {
        role_fields(role)["permissions"].as_set().unwrap().clone()
    }

    fn set(cells: &[&str]) -> BTreeSet<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn trap_01_dense_permissions_converge() {
        let mut sent = role(json!({ "account": { "href": "/accounts/ac-1" }, "name": "Operator" }));
        assert!(set_role_field(&mut sent, "permissions", Value::set(["networks:read", "ports:update"])));
        let dense = sent.permissions.clone().unwrap();
        assert_eq!(dense.values().map(|actions| actions.len()).sum::<usize>(), 45);
        assert_eq!(cells(&sent), set(&["networks:read", "ports:update"]));
        let sparse = role(json!({
            "account": { "href": "/accounts/ac-1" }, "name": "Operator",
            "permissions": { "networks": { "read": true }, "ports": { "update": true, "delete": false } }
        }));
        assert_eq!(cells(&sparse), cells(&sent));
    }

    #[test]
    fn all_means_the_same_whether_or_not_the_server_expands_it() {
        let kept = json!({ "account": { "href": "/accounts/ac-1" }, "name": "R",
            "permissions": { "networks": { "all": true }, "all": { "read": true } } });
        let mut expanded = kept.clone();
        for action in ACTIONS {
            expanded["permissions"]["networks"][action] = json!(true);
        }
        for resource in RESOURCES {
            expanded["permissions"][resource]["read"] = json!(true);
        }
        assert_eq!(cells(&role(kept)), cells(&role(expanded)));
    }

    #[test]
    fn everything_is_everything_that_is_known_and_what_only_the_server_knows() {
        let every = json!({ "account": { "href": "/accounts/ac-1" }, "name": "Admin",
            "permissions": { "all": { "all": true, "read": true }, "ports": { "read": true },
                "tokens": { "all": true }, "networks": { "mend": true } } });
        let mut expected = expand(&set(&["all:all", "tokens:all", "networks:mend"]));
        assert_eq!(cells(&role(every)), expected);
        assert_eq!(expected.len(), 45 + 5 + 1);
        expected.retain(|cell| !cell.starts_with("tokens") && !cell.ends_with("mend"));
        assert_eq!(expected, *ALL_CELLS);
    }

    #[test]
    fn the_four_actions_together_are_not_all() {
        let four = set(&["roles:create", "roles:delete", "roles:read", "roles:update"]);
        assert_eq!(expand(&four), four);
        assert_eq!(expand(&set(&["roles:all"])).len(), 5);
        assert_eq!(expand(&set(&["all:all"])).len(), 45);
    }

    #[test]
    fn only_the_predefined_role_is_fixed() {
        let named = |name: &str, permissions: Json| {
            let link = json!({ "href": "/accounts/ac-1" });
            actual_role(&role(json!({ "account": link, "name": name, "permissions": permissions }))).fixed
        };
        let every = json!({ "all": { "all": true } });
        assert_eq!(named("Admin", every.clone()), Some("admin"));
        assert_eq!(named("Admin", Json::Null), Some("admin"));
        assert_eq!(named("Boss", every), None);
        assert_eq!(named("Admin", json!({ "all": { "read": true } })), None);
    }

    #[test]
    fn a_cell_that_we_do_not_know_is_seen_and_can_be_taken_away() {
        let mut role = role(json!({ "account": { "href": "/accounts/ac-1" }, "name": "R",
            "permissions": { "tokens": { "read": true } } }));
        assert_eq!(cells(&role), set(&["tokens:read"]));
        set_role_field(&mut role, "permissions", Value::set(["roles:read"]));
        assert_eq!(cells(&role), set(&["roles:read"]));
        assert!(!role.permissions.unwrap()["tokens"]["read"]);
    }

    #[test]
    fn trap_12_links_compare_by_id_not_by_title() {
        let link = |json: Json| from_value::<Link>(json).unwrap();
        let before =
            link(json!({ "id": "role-1", "href": "/accounts/ac-1/roles/role-1", "title": "Operator" }));
        let after = link(json!({ "href": "/accounts/ac-1/roles/role-1", "title": "Network operator" }));
        assert_eq!(role_ids(&[before.clone(), after.clone()]), BTreeSet::from([RoleId::from("role-1")]));
    }

    #[test]
    fn declared_and_observed_forms_are_one() {
        let place = Place { file: "a.yaml".into(), line: 1, column: 1, length: 1 };
        let (path, mut desired) = (AccountPath::from("acme"), Desired::empty("pureport".into()));
        let account = DesiredAccount {
            object: ObjectRef::of_file(ObjectKind::Account, "acme"),
            place: place.clone(),
            parent: None,
            manage: Manage::Full,
            external_id: None,
            fields: Fields::from([("consent".into(), Value::text(LEFT_TO_ADMIN))]),
            authoritative_members: false,
            adoption: None,
            removal: Removal::Retain,
        };
        let role = DesiredRole {
            object: ObjectRef::of_file(ObjectKind::Role, "operator"),
            place,
            manage: Manage::Full,
            external_id: None,
            fields: Fields::from([("permissions".into(), Value::set(["networks:all"]))]),
            removal: Removal::Remove,
        };
        let key = RoleKey::new(path.clone(), "operator");
        desired.accounts.insert(path.clone(), account);
        desired.roles.insert(key.clone(), role);
        let once = normal(desired);
        assert!(once.accounts[&path].fields.is_empty());
        assert_eq!(once.roles[&key].fields["permissions"].as_set().unwrap().len(), 5);
        assert_eq!(normal(once.clone()), once);
    }

    #[test]
    fn what_the_server_leaves_out_is_empty() {
        let account = from_value::<Account>(json!({ "id": "ac-1", "name": "Acme", "tags": null })).unwrap();
        let fields = account_fields(&account);
        for rule in crate::SEMANTICS
            .accounts
            .fields
            .iter()
            .filter(|rule| !rule.own_call && rule.name != "displayName")
        {
            assert_eq!(fields[rule.name], settled(rule, None), "{}", rule.name);
        }
    }
}
