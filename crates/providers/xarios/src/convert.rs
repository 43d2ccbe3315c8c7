//! Theirs to ours. Pure.

use std::collections::BTreeSet;

use orgform_model::world::{ActualAccount, ActualMember, Reach, RemovalFacts};
use orgform_model::{AccountId, Desired, Email, Fields, RoleId, Value};
use serde_json::Value as Json;

use crate::semantics::{ACCOUNT_USER, CUSTOMER_USER};
use crate::tenants::Tenant;
use crate::wire;

/// Brings people into the form in which they are seen: one name.
pub(crate) fn normal(mut desired: Desired) -> Desired {
    for person in desired.people.values_mut() {
        let parts = ["firstName", "lastName"].map(|name| person.fields.remove(name));
        let parts: Vec<String> = parts.into_iter().flatten().map(|part| part.to_string()).collect();
        if !parts.is_empty() && !person.fields.contains_key("displayName") {
            person.fields.insert("displayName".to_owned(), Value::text(parts.join(" ")));
        }
    }
    desired
}

/// Whether an account was deleted: it is flagged then, by a date or by a flag (section 5).
pub(crate) fn is_deleted(tenant: &wire::Tenant) -> bool {
    !matches!(tenant.date_deleted, Json::Null | Json::Bool(false))
}

pub(crate) fn actual_account(tenant: &wire::Tenant, parent: Option<&AccountId>) -> ActualAccount {
    ActualAccount {
        // The enterprise above accounts can't be seen (section 2).
        parent: parent.cloned(),
        fields: account_fields(tenant),
        // There is no call that takes the flag back (section 5).
        removal: RemovalFacts { reach: Reach::ThisAccount, reversible: false },
    }
}

pub(crate) fn account_fields(tenant: &wire::Tenant) -> Fields {
    let wire::Tenant { id: _, name, description, reference, enabled, date_deleted: _ } = tenant;
    let text = |text: &Option<String>| Value::text(text.clone().unwrap_or_default());
    Fields::from([
        ("displayName".to_owned(), text(name)),
        ("description".to_owned(), text(description)),
        ("reference".to_owned(), text(reference)),
        // False unless it is said (section 5).
        ("enabled".to_owned(), Value::Flag(enabled.unwrap_or(false))),
    ])
}

/// Their name of a field of an account.
pub(crate) fn their_name(field: &str) -> Option<&'static str> {
    Some(match field {
        "displayName" => "name",
        "description" => "description",
        "reference" => "reference",
        "enabled" => "enabled",
        "timezone" => "timezone",
        "countryCode" => "countryCode",
        _ => return None,
    })
}

/// A user as the list of a tenant shows it; roles come later.
pub(crate) fn actual_member(user: &wire::User, account: &AccountId) -> ActualMember {
    ActualMember {
        email: Some(Email::new(&user.email)),
        hint: user.display_name.clone(),
        roles: BTreeSet::new(),
        disabled: false,
        removal: match goes_everywhere(user, account) {
            true => RemovalFacts { reach: Reach::Everywhere, reversible: false },
            false => RemovalFacts::LOCAL,
        },
    }
}

/// Whether taking a user out of a tenant takes them out of all, and deletes them: if the tenant is their primary one
/// (section 6). If nobody says which that is, it may be this one.
pub(crate) fn goes_everywhere(user: &wire::User, account: &AccountId) -> bool {
    user.primary_tenant.as_deref().is_none_or(|primary| primary.eq_ignore_ascii_case(account.as_str()))
}

/// The primary tenant of a user.
pub(crate) fn home(user: &wire::User) -> Option<AccountId> {
    user.primary_tenant.as_deref().map(|primary| AccountId::from(primary.to_ascii_lowercase()))
}

pub(crate) fn person_fields(user: &wire::User) -> Fields {
    let name = user.display_name.clone().unwrap_or_default();
    Fields::from([("displayName".to_owned(), Value::text(name))])
}

/// The role that everybody in a tenant has, but for those who may not log in (section 6).
pub(crate) fn implied(tenant: &Tenant) -> &'static str {
    if tenant.is_customer() { CUSTOMER_USER } else { ACCOUNT_USER }
}

/// The roles of a user. The implied one is always among them: without it somebody is disabled, and has the others
/// none the less.
pub(crate) fn roles(user: &wire::User, tenant: &Tenant) -> BTreeSet<RoleId> {
    let listed = user.roles.iter().flatten().map(|key| RoleId::from(key.as_str()));
    listed.chain([RoleId::from(implied(tenant))]).collect()
}

/// Whether somebody may not log in.
pub(crate) fn is_disabled(user: &wire::User, tenant: &Tenant) -> bool {
    !user.roles.iter().flatten().any(|key| key == implied(tenant))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn account() -> Tenant {
        Tenant::Account("0a".into())
    }

    #[test]
    fn trap_03_the_base_role_is_always_there_and_without_it_somebody_is_disabled() {
        let user = |roles: &[&str]| -> wire::User {
            from_value(json!({ "id": "1", "email": "Ada@acme.example", "roles": roles, "newer": {} }))
                .unwrap()
        };
        let both = BTreeSet::from(["account.user".into(), "user.admin".into()]);
        assert_eq!(roles(&user(&["user.admin", "account.user"]), &account()), both);
        assert_eq!(roles(&user(&["user.admin"]), &account()), both);
        assert!(is_disabled(&user(&["user.admin"]), &account()));
        let customer = Tenant::Customer { account: "0a".into(), id: "0b".into() };
        assert!(!is_disabled(&user(&["customer.user"]), &customer));
    }

    #[test]
    fn trap_01_removal_goes_everywhere_through_the_primary_tenant_and_in_doubt() {
        let user = |primary: Json| -> wire::User {
            from_value(json!({ "id": "1", "email": "ada@acme.example", "primaryTenant": primary })).unwrap()
        };
        let reach = |primary| actual_member(&user(primary), &"0a".into()).removal.reach;
        assert_eq!(reach(json!("0A")), Reach::Everywhere);
        assert_eq!(reach(json!(null)), Reach::Everywhere);
        assert_eq!(reach(json!("0b")), Reach::ThisAccount);
    }

    #[test]
    fn trap_08_a_flagged_account_is_gone_whatever_form_the_flag_has() {
        let tenant = |more: Json| -> wire::Tenant {
            let mut tenant = json!({ "id": "0a", "name": "Acme" });
            tenant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            from_value(tenant).unwrap()
        };
        let flags = [json!({}), json!({ "dateDeleted": null }), json!({ "dateDeleted": false })];
        assert!(flags.into_iter().all(|more| !is_deleted(&tenant(more))));
        let flags = [json!({ "dateDeleted": true }), json!({ "dateDeleted": "2019-01-02T03:04:05.678" })];
        assert!(flags.into_iter().all(|more| is_deleted(&tenant(more))));
    }
}
