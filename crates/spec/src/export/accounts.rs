//! Writes accounts. One at the top, and each one right below it, has a file; what is deeper is in the file of its
//! branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgform_model::semantics::FieldRule;
use orgform_model::{AccountId, Fields, ObjectKind, Value};

use super::Run;
use super::names::{slug, slug_or_mark};
use super::text::{Document, map, named, scalar, set};
use super::tree::Node;
use crate::names::email_fault;

/// Accounts no deeper than this have a file of their own.
const BRANCHES: usize = 1;

pub(super) fn write(run: &mut Run<'_>) {
    for id in run.tree.loops.clone() {
        run.leave_out(format!("account {id}"), "it is below itself, as the provider lists it");
    }
    name(run);
    for id in run.tree.order() {
        if !run.source.known.accounts.contains_key(id) {
            write_one(run, id);
        }
    }
}

/// Names all accounts, parents first. Of several that are called the same, the one nearest to the top has the
/// plain name, if it is alone there.
fn name(run: &mut Run<'_>) {
    let known = &run.source.known.accounts;
    let mut wanting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for id in run.tree.order().into_iter().filter(|id| !known.contains_key(*id)) {
        if let Some(node) = run.tree.node(id) {
            wanting.entry(wanted(id, node)).or_default().push(node.depth);
        }
    }
    for id in run.tree.order() {
        if let Some(name) = known.get(id) {
            run.account_names.insert(id, name.clone());
            continue;
        }
        let Some(node) = run.tree.node(id) else { continue };
        let slug = wanted(id, node);
        let depths = wanting.get(&slug).map(Vec::as_slice).unwrap_or_default();
        let first = depths.iter().min() == Some(&node.depth)
            && depths.iter().filter(|depth| **depth == node.depth).count() == 1;
        let below = node.parent.and_then(|parent| run.account_names.get(parent));
        let longer = below.map(|parent| format!("{parent}.{slug}"));
        let mut wanted = Vec::new();
        wanted.extend((first || longer.is_none()).then_some(slug));
        wanted.extend(longer);
        let name = run.names.give(ObjectKind::Account, &wanted);
        run.account_names.insert(id, name);
    }
}

fn wanted(id: &AccountId, node: Node<'_>) -> String {
    slug_or_mark(slug(node.called), id.as_str(), "account")
}

fn write_one(run: &mut Run<'_>, id: &AccountId) {
    let (Some(node), Some(name)) = (run.tree.node(id), run.account_names.get(id).cloned()) else { return };
    let rules = run.source.semantics.accounts.fields;
    let natural_key = run.source.semantics.accounts.natural_key;
    let mut remarks = Vec::new();
    let tree = run.source.semantics.accounts.tree;
    let hidden = node.account.parent.as_ref().filter(|_| tree && node.parent.is_none());
    let resolved =
        run.source.only_resolved.accounts.get(id).cloned().or_else(|| {
            hidden.map(|parent| format!("it is below {parent}, which this credential can't see"))
        });
    match (&resolved, node.parent) {
        (Some(because), _) => remarks.push(format!("Only resolved, never written: {because}.")),
        (None, None) if !run.source.semantics.accounts.top_level_creatable => {
            remarks.push("At the top: it can't be made through the API, only taken over.".to_owned());
        }
        (None, _) => {}
    }
    let (fields, faults) = declarable(&node.account.fields, rules, resolved.is_some().then_some(natural_key));
    remarks.extend(faults);
    let by_id = resolved.is_some() || node.ambiguous || !fields.contains_key(natural_key);
    if node.ambiguous {
        remarks
            .push("Another account beside it has the same name; the id tells which one this is.".to_owned());
    }
    let mut document = Document::new("Account", &name, &remarks);
    match node.parent.and_then(|parent| run.account_names.get(parent)) {
        Some(parent) => document.field("parentRef", &named(parent)),
        None => document.field("providerRef", &named(run.source.provider.as_str())),
    }
    if by_id {
        document.field("externalId", &scalar(id.as_str()));
    }
    write_fields(&mut document, &fields);
    if resolved.is_some() {
        document.field("manage", "Reference");
    }
    run.files.add(&format!("accounts/{}", branch(run, id, &name)), document.finish());
    run.export.accounts.insert(name, id.clone());
}

/// The name of the account whose file this one is in.
fn branch(run: &Run<'_>, id: &AccountId, name: &Arc<str>) -> Arc<str> {
    let branch = run.tree.lineage(id).find(|id| run.tree.node(id).is_some_and(|node| node.depth <= BRANCHES));
    branch.and_then(|id| run.account_names.get(id)).unwrap_or(name).clone()
}

/// The fields that can be declared, and remarks on those that can't; `only` that one, if it is said.
pub(super) fn declarable(actual: &Fields, rules: &[FieldRule], only: Option<&str>) -> (Fields, Vec<String>) {
    let mut fields = Fields::new();
    let mut remarks = Vec::new();
    for rule in rules.iter().filter(|rule| !rule.own_call && only.is_none_or(|only| only == rule.name)) {
        let Some(value) = actual.get(rule.name) else { continue };
        let required = rule.name == "displayName";
        match fault(rule, value) {
            Some(fault) => remarks.push(format!("`{}` stays as it is: {fault}.", rule.name)),
            None if value.is_empty() && !required => {}
            None => drop(fields.insert(rule.name.to_owned(), value.clone())),
        }
    }
    (fields, remarks)
}

/// Why a value can't be declared, as a clause.
fn fault(rule: &FieldRule, value: &Value) -> Option<String> {
    let (size, unit) = match value {
        Value::Text(text) => (text.chars().count(), "characters"),
        Value::Set(items) => (items.len(), "items"),
        Value::Map(items) => (items.len(), "items"),
        Value::Flag(_) => (0, "items"),
    };
    if let Some(max) = rule.max.filter(|max| size > *max) {
        return Some(format!("it has {size} {unit}, and {max} can be declared"));
    }
    match (rule.name, value) {
        ("displayName", Value::Text(text)) if text.trim().is_empty() => Some("it is blank".to_owned()),
        ("technicalContacts", Value::Set(emails)) => {
            let odd = emails.iter().find(|email| email_fault(email).is_some())?;
            Some(format!("\"{odd}\" is not an e-mail address"))
        }
        _ => None,
    }
}

/// Writes the fields that accounts and roles have, in the order in which they are read.
pub(super) fn write_fields(document: &mut Document, fields: &Fields) {
    for name in ["displayName", "description", "tags", "technicalContacts"] {
        match fields.get(name) {
            Some(Value::Text(text)) => document.field(name, &scalar(text)),
            Some(Value::Map(items)) => document.field(name, &map(items)),
            Some(Value::Set(items)) => document.field(name, &set(items)),
            Some(Value::Flag(_)) | None => {}
        }
    }
}
