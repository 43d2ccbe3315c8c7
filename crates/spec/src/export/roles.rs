//! Writes custom roles, those of one account in one file.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::world::ActualRole;
use orgform_model::{AccountId, Fields, ObjectKind, RoleId, Value};

use super::Run;
use super::accounts::{declarable, write_fields};
use super::names::{slug, slug_or_mark};
use super::text::{Document, list, named, scalar};

/// In which order people say what can be done.
const ACTIONS: [&str; 5] = ["all", "create", "read", "update", "delete"];

pub(super) fn write(run: &mut Run<'_>) {
    for fixed in run.source.semantics.roles.fixed {
        run.names.reserve(ObjectKind::Role, fixed.name);
    }
    if !run.source.semantics.roles.custom {
        return;
    }
    let mut roles = Vec::new();
    for account in run.tree.order() {
        let Some(content) = run.source.world.content(account) else { continue };
        let mut here: Vec<Found<'_>> = content
            .roles
            .iter()
            .filter(|(_, role)| role.fixed.is_none())
            .map(|(id, role)| Found { account, id, role, called: called(role, run) })
            .collect();
        here.sort_by_key(|found| (found.called.to_lowercase(), found.id));
        roles.extend(here);
    }
    name(run, &roles);
    let mut namesakes: BTreeMap<(&AccountId, &str), usize> = BTreeMap::new();
    for found in &roles {
        *namesakes.entry((found.account, found.called)).or_default() += 1;
    }
    let mut begun = BTreeSet::new();
    for found in &roles {
        if !run.source.known.roles.contains_key(found.id) {
            let ambiguous = namesakes.get(&(found.account, found.called)).is_some_and(|count| *count > 1);
            write_one(run, found, ambiguous, begun.insert(found.account));
        }
    }
}

/// A custom role and where it is.
struct Found<'a> {
    account: &'a AccountId,
    id: &'a RoleId,
    role: &'a ActualRole,
    called: &'a str,
}

fn called<'a>(role: &'a ActualRole, run: &Run<'_>) -> &'a str {
    role.fields.get(run.source.semantics.roles.natural_key).and_then(Value::as_text).unwrap_or_default()
}

/// Of several that are called the same, the one whose account is nearest to the top has the plain name.
fn name<'a>(run: &mut Run<'a>, roles: &[Found<'a>]) {
    let depth = |run: &Run<'_>, found: &Found<'_>| run.tree.node(found.account).map_or(0, |node| node.depth);
    let wanted = |found: &Found<'_>| slug_or_mark(slug(found.called), found.id.as_str(), "role");
    let mut wanting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for found in roles.iter().filter(|found| !run.source.known.roles.contains_key(found.id)) {
        wanting.entry(wanted(found)).or_default().push(depth(run, found));
    }
    for found in roles {
        if let Some(name) = run.source.known.roles.get(found.id) {
            run.role_names.insert(found.id, name.clone());
            continue;
        }
        let Some(account) = run.account_names.get(found.account).cloned() else { continue };
        let (slug, depth) = (wanted(found), depth(run, found));
        let depths = wanting.get(&slug).map(Vec::as_slice).unwrap_or_default();
        let first = depths.iter().min() == Some(&depth)
            && depths.iter().filter(|other| **other == depth).count() == 1;
        let longer = format!("{account}.{slug}");
        let wanted = if first { vec![slug, longer] } else { vec![longer] };
        let name = run.names.give(ObjectKind::Role, &wanted);
        run.role_names.insert(found.id, name);
    }
}

fn write_one(run: &mut Run<'_>, found: &Found<'_>, ambiguous: bool, first: bool) {
    let Found { account, id, role, called: _ } = *found;
    let semantics = run.source.semantics;
    let (Some(name), Some(owner)) =
        (run.role_names.get(id).cloned(), run.account_names.get(account).cloned())
    else {
        return;
    };
    let mut remarks = Vec::new();
    if first && semantics.roles.inherited && run.tree.has_children(account) {
        remarks.push(format!("Roles of {owner} can be given in the accounts below it too."));
    }
    let resolved = run.source.only_resolved.roles.get(id);
    remarks.extend(resolved.map(|because| format!("Only resolved, never written: {because}.")));
    let natural_key = semantics.roles.natural_key;
    let only = resolved.map(|_| natural_key);
    let (fields, faults) = declarable(&(run.source.fewest)(&role.fields), semantics.roles.fields, only);
    remarks.extend(faults);
    if ambiguous {
        remarks.push(format!("Another role of {owner} has the same name; the id tells which one this is."));
    }
    let mut document = Document::new("Role", &name, &remarks);
    document.field("accountRef", &named(&owner));
    if resolved.is_some() || ambiguous || !fields.contains_key(natural_key) {
        document.field("externalId", &scalar(id.as_str()));
    }
    write_fields(&mut document, &fields);
    if resolved.is_none() {
        write_permissions(&mut document, &role.fields, &fields);
    } else {
        document.field("manage", "Reference");
    }
    run.files.add(&format!("roles/{owner}"), document.finish());
    run.export.roles.insert(name, id.clone());
}

/// One line for all resources that allow the same.
fn write_permissions(document: &mut Document, actual: &Fields, fields: &Fields) {
    if !actual.contains_key("permissions") {
        return;
    }
    let Some(Value::Set(cells)) = fields.get("permissions") else {
        return document.field("permissions", "[] # allows nothing");
    };
    let mut actions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for cell in cells {
        let (resource, action) = cell.split_once(':').unwrap_or((cell, ""));
        actions.entry(resource).or_default().insert(action);
    }
    let mut resources: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (resource, actions) in actions {
        let mut actions: Vec<&str> = actions.into_iter().collect();
        let rank = |action: &&str| ACTIONS.iter().position(|one| one == action).unwrap_or(ACTIONS.len());
        actions.sort_by_key(|action| (rank(action), *action));
        resources.entry(actions).or_default().push(resource);
    }
    let mut lines: Vec<(Vec<&str>, Vec<&str>)> =
        resources.into_iter().map(|(actions, resources)| (resources, actions)).collect();
    lines.sort();
    document.line("  permissions:");
    for (resources, actions) in lines {
        document.line(&format!("    - {{ resources: {}, actions: {} }}", list(resources), list(actions)));
    }
}
