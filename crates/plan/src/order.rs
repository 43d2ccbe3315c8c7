//! Order is edges, not phases: a change names the changes that must be done first.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{Discriminant, discriminant};

use orgform_model::change::{Action, Ref};
use orgform_model::semantics::Rule;
use orgform_model::{AccountId, AccountPath, Address, FieldChange, Thing};

use crate::accounts::mails_everyone;
use crate::digest::held_digest;
use crate::ground::Ground;
use crate::plan::{Deferred, Plan, PlannedChange};
use crate::safety::wanted;

/// Adds the edges that follow from what a change refers to, and from the tree of accounts.
pub(crate) fn connect(ground: &Ground<'_>, plan: &mut Plan) {
    let planned: BTreeSet<Address> = plan.changes.iter().map(|change| change.address.clone()).collect();
    let given_up = names_given_up(ground, plan);
    let opening = accounts_opened(ground, plan);
    for change in &mut plan.changes {
        let mut requires: BTreeSet<Address> = BTreeSet::new();
        requires.extend(name_taken(change, ground).and_then(|name| given_up.get(&name)).cloned());
        match &change.change.action {
            Action::CreateAccount { parent: Some(Ref::Created(parent)), .. } => {
                requires.insert(parent.clone());
            }
            Action::CreateRole { account: Ref::Created(account), .. } => {
                requires.insert(account.clone());
            }
            Action::Invite { account, roles, .. } | Action::CreateMember { account, roles, .. } => {
                match account {
                    Ref::Created(account) => drop(requires.insert(account.clone())),
                    Ref::Known(account) => requires.extend(opening.get(account).cloned()),
                }
                requires.extend(roles.iter().filter_map(|role| created(role, &planned)));
            }
            Action::CreateApiKey { account, roles, .. } => {
                if let Ref::Created(account) = account {
                    requires.insert(account.clone());
                }
                requires.extend(roles.iter().flatten().filter_map(|role| created(role, &planned)));
            }
            Action::UpdateApiKey { roles: Some(roles), .. } => {
                requires.extend(roles.iter().filter_map(|role| created(role, &planned)));
            }
            Action::UpdateInvite { roles, .. }
            | Action::Resend { roles, .. }
            | Action::UpdateMember { roles, .. } => {
                requires.extend(roles.iter().filter_map(|role| created(role, &planned)));
            }
            Action::RemoveAccount { account } => {
                // Also of one that is not removed now after all: then this one waits.
                let below = ground.accounts.children(account).map(|child| ground.accounts.label(child));
                requires.extend(below.map(|path| Address::account(&ground.input.desired.provider, &path)));
            }
            _ => {}
        }
        change.requires.extend(requires);
    }
}

/// What changes must have in common to share a call: the kind of action, and the account that they are in.
pub fn shares_calls(change: &PlannedChange) -> (Discriminant<Action>, Option<AccountPath>) {
    let account = match &change.address.thing {
        Thing::Account(path) => path.parent(),
        Thing::Role(key) => Some(key.account.clone()),
        Thing::Member(path, _) => Some(path.clone()),
        Thing::ApiKey(label) => Some(label.account.clone()),
        Thing::Person(_) => None,
    };
    (discriminant(&change.change.action), account)
}

/// Changes of an account that go one way only, such as accepting an agreement, or that mail everybody in it: people
/// come after.
fn accounts_opened(ground: &Ground<'_>, plan: &Plan) -> BTreeMap<AccountId, Address> {
    let rules = ground.input.semantics.accounts.fields;
    let comes_first = |field: &FieldChange| {
        let one_way =
            rules.iter().any(|rule| rule.name == field.field && matches!(rule.rule, Rule::OneWay { .. }));
        one_way || mails_everyone(field, ground)
    };
    let opened = plan.changes.iter().filter_map(|change| match &change.change.action {
        Action::UpdateAccount { account, changes } if changes.iter().any(comes_first) => {
            Some((account.clone(), change.address.clone()))
        }
        _ => None,
    });
    opened.collect()
}

/// A name within an account, of a role; or within a parent, of an account.
type Name = (Option<AccountId>, bool, String);

/// Names that something gives up by a rename, so that what is made under one of them comes after it.
fn names_given_up(ground: &Ground<'_>, plan: &Plan) -> BTreeMap<Name, Address> {
    let semantics = ground.input.semantics;
    let given_up = plan.changes.iter().filter_map(|change| {
        let (owner, of_role, fields, key) = match &change.change.action {
            Action::UpdateRole { account, changes, .. } => {
                (Some(account.clone()), true, changes, semantics.roles.natural_key)
            }
            Action::UpdateAccount { account, changes } => {
                let actual = ground.input.world.directory.accounts.get(account)?;
                (actual.parent.clone(), false, changes, semantics.accounts.natural_key)
            }
            _ => return None,
        };
        let from = fields.iter().find(|field| field.field == key)?.from.as_ref()?.as_text()?;
        Some(((owner, of_role, from.to_owned()), change.address.clone()))
    });
    given_up.collect()
}

/// The name under which something is made in an account that exists.
fn name_taken(change: &PlannedChange, ground: &Ground<'_>) -> Option<Name> {
    let semantics = ground.input.semantics;
    let (owner, of_role, fields, key) = match &change.change.action {
        Action::CreateRole { account, fields } => {
            (Some(account.known()?.clone()), true, fields, semantics.roles.natural_key)
        }
        Action::CreateAccount { parent: Some(parent), fields } => {
            (Some(parent.known()?.clone()), false, fields, semantics.accounts.natural_key)
        }
        Action::CreateAccount { parent: None, fields } => {
            (None, false, fields, semantics.accounts.natural_key)
        }
        _ => return None,
    };
    Some((owner, of_role, fields.get(key)?.as_text()?.to_owned()))
}

/// What makes a role: itself, or, for a fixed role of a new account, the account.
fn created<Id>(role: &Ref<Id>, planned: &BTreeSet<Address>) -> Option<Address> {
    let Ref::Created(address) = role else { return None };
    if planned.contains(address) {
        return Some(address.clone());
    }
    let account = address.account_path().map(|path| Address::account(&address.provider, path));
    account.filter(|account| planned.contains(account)).or_else(|| Some(address.clone()))
}

/// Sees to every change that requires one which will not be done now: it joins a held group if nothing else is
/// missing, else it is deferred. What depends on it follows.
pub(crate) fn defer_dependants(plan: &mut Plan) {
    let refused: BTreeSet<Address> = plan.refused.iter().map(|one| one.address.clone()).collect();
    loop {
        let planned: BTreeSet<Address> = plan.changes.iter().map(|change| change.address.clone()).collect();
        let held: BTreeMap<Address, usize> = plan
            .held
            .iter()
            .enumerate()
            .flat_map(|(group, held)| held.changes.iter().map(move |change| (change.address.clone(), group)))
            .collect();
        let (waiting, changes): (Vec<_>, Vec<_>) = std::mem::take(&mut plan.changes)
            .into_iter()
            .partition(|change| change.requires.iter().any(|address| !planned.contains(address)));
        plan.changes = changes;
        if waiting.is_empty() {
            break;
        }
        for change in waiting {
            let missing = || change.requires.iter().filter(|address| !planned.contains(*address));
            let groups: BTreeSet<Option<usize>> =
                missing().map(|address| held.get(address).copied()).collect();
            if let (1, Some(Some(group))) = (groups.len(), groups.first())
                && let Some(held) = plan.held.get_mut(*group)
            {
                held.changes.push(change);
                continue;
            }
            let Some(first) = missing().next() else { continue };
            let why = match (held.contains_key(first), refused.contains(first)) {
                (true, _) => "held",
                (false, true) => "refused",
                (false, false) => "not done yet",
            };
            plan.deferred.push(Deferred {
                address: change.address.clone(),
                what: wanted(&change),
                because: format!("it waits for {first}, which is {why}"),
                until: None,
            });
        }
    }
    for held in &mut plan.held {
        held.digest = held_digest(&held.changes);
    }
}
