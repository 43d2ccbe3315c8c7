//! Reads the content of a `Role`.

use std::collections::BTreeSet;

use orgform_model::Value;

use super::account::MANAGE;
use super::fields::{PERMISSION, ROLE};
use super::{filled, not_empty, reference};
use crate::manifest::{At, Role};
use crate::names::quoted;
use crate::walk::Walk;
use crate::yaml::Node;

pub(super) fn role(walk: &mut Walk<'_>, node: &Node) -> Option<Role> {
    let fields = walk.fields(node, ROLE)?;
    let mut role = Role {
        account: walk.need(&fields, "accountRef", reference),
        manage: walk.opt(&fields, "manage", |walk, node| walk.choice(node, MANAGE)).unwrap_or_default(),
        external_id: walk.opt(&fields, "externalId", filled),
        ..Role::default()
    };
    let mut set = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            role.fields.insert(name.to_owned(), value);
            role.field_spans.push((name, fields.key_span(name)));
        }
    };
    set("displayName", walk.opt(&fields, "displayName", filled).map(|text| Value::text(text.value)));
    set("description", walk.opt(&fields, "description", Walk::text).map(|text| Value::text(text.value)));
    let permissions = walk.opt(&fields, "permissions", |walk, node| walk.list(node, permission));
    set("permissions", permissions.map(|cells| Value::Set(cells.into_iter().flatten().collect())));
    Some(role)
}

/// The cells that one entry allows, as written: `networks:read`.
fn permission(walk: &mut Walk<'_>, node: &Node) -> Option<BTreeSet<String>> {
    let fields = walk.fields(node, PERMISSION)?;
    let resources = walk.need(&fields, "resources", words);
    let actions = walk.need(&fields, "actions", words);
    let (resources, actions) = (resources?, actions?);
    let cell = |resource: &At<String>, action: &At<String>| format!("{}:{}", resource.value, action.value);
    Some(resources.iter().flat_map(|one| actions.iter().map(move |other| cell(one, other))).collect())
}

fn words(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<At<String>>> {
    not_empty(walk, node, |walk, node| {
        let word = filled(walk, node)?;
        if word.value.contains(|character: char| character == ':' || character.is_whitespace()) {
            let said = format!("{} is not one word", quoted(&word.value));
            walk.error(node.span, said);
            return None;
        }
        Some(word)
    })
}
