//! Reads the content of an `Account`.

use orgform_model::Value;
use orgform_model::desired::Manage;
use orgform_model::policy::Adoption;

use super::fields::{ACCOUNT, text_map};
use super::{allowed_namespaces, filled, reference};
use crate::manifest::Account;
use crate::walk::{Fields, Walk};
use crate::yaml::Node;

const AUTHORITATIVE: &[(&str, ())] = &[("members", ())];
pub(super) const MANAGE: &[(&str, Manage)] = &[("Full", Manage::Full), ("Reference", Manage::Reference)];
pub(super) const ADOPTION: &[(&str, Adoption)] = &[("Keep", Adoption::Keep), ("Take", Adoption::Take)];
const CONSENT: &[(&str, &str)] = &[("Accepted", "Accepted"), ("LeftToAdmin", "LeftToAdmin")];

pub(super) fn account(walk: &mut Walk<'_>, node: &Node) -> Option<Account> {
    let fields = walk.fields(node, ACCOUNT)?;
    let mut account = Account {
        provider: walk.opt(&fields, "providerRef", reference),
        parent: walk.opt(&fields, "parentRef", reference),
        manage: walk.opt(&fields, "manage", |walk, node| walk.choice(node, MANAGE)).unwrap_or_default(),
        external_id: walk.opt(&fields, "externalId", filled),
        adoption: walk.opt(&fields, "adoption", |walk, node| walk.choice(node, ADOPTION)),
        authoritative_members: walk
            .opt(&fields, "authoritative", |walk, node| {
                walk.list(node, |walk, node| walk.choice(node, AUTHORITATIVE))
            })
            .is_some_and(|parts| !parts.is_empty()),
        ..Account::default()
    };
    if account.provider.is_none() && account.parent.is_none() && !fields_name_either(&fields) {
        walk.error(fields.span, "an account needs `providerRef`, or `parentRef` to an account that has one");
    }
    let mut set = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            account.fields.insert(name.to_owned(), value);
            account.field_spans.push((name, fields.key_span(name)));
        }
    };
    set("displayName", walk.opt(&fields, "displayName", filled).map(|text| Value::text(text.value)));
    set("description", walk.opt(&fields, "description", Walk::text).map(|text| Value::text(text.value)));
    set("tags", walk.opt(&fields, "tags", text_map).map(Value::Map));
    let contacts = walk.opt(&fields, "technicalContacts", |walk, node| walk.list(node, Walk::email));
    set("technicalContacts", contacts.map(|all| Value::set(all.iter().map(|email| email.value.written()))));
    set("reference", walk.opt(&fields, "reference", Walk::text).map(|text| Value::text(text.value)));
    set("enabled", walk.opt(&fields, "enabled", Walk::flag).map(Value::Flag));
    set("timezone", walk.opt(&fields, "timezone", filled).map(|text| Value::text(text.value)));
    set("countryCode", walk.opt(&fields, "countryCode", filled).map(|text| Value::text(text.value)));
    set("consent", walk.opt(&fields, "consent", |walk, node| walk.choice(node, CONSENT)).map(Value::text));
    allowed_namespaces(walk, &fields);
    Some(account)
}

/// Whether one of the two is written, be it wrongly: then its own error says enough.
fn fields_name_either(fields: &Fields<'_>) -> bool {
    fields.entry("providerRef").is_some() || fields.entry("parentRef").is_some()
}
