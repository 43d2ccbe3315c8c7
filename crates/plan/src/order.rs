//! Order is edges, not phases: a change names the changes that must be done first.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::{Action, Ref};
use orgform_model::{AccountId, Address};

use crate::ground::Ground;
use crate::plan::{Deferred, Plan};
use crate::safety::wanted;

/// Adds the edges that follow from what a change refers to, and from the tree of accounts.
pub(crate) fn connect(ground: &Ground<'_>, plan: &mut Plan) {
    let removals: BTreeMap<AccountId, Address> = plan
        .changes
        .iter()
        .filter_map(|change| match &change.change.action {
            Action::RemoveAccount { account } => Some((account.clone(), change.address.clone())),
            _ => None,
        })
        .collect();
    let planned: BTreeSet<Address> = plan.changes.iter().map(|change| change.address.clone()).collect();
    for change in &mut plan.changes {
        let mut requires: BTreeSet<Address> = BTreeSet::new();
        match &change.change.action {
            Action::CreateAccount { parent: Some(Ref::Created(parent)), .. } => {
                requires.insert(parent.clone());
            }
            Action::CreateRole { account: Ref::Created(account), .. } => {
                requires.insert(account.clone());
            }
            Action::Invite { account, roles, .. } => {
                if let Ref::Created(account) = account {
                    requires.insert(account.clone());
                }
                requires.extend(roles.iter().filter_map(|role| created(role, &planned)));
            }
            Action::UpdateInvite { roles, .. }
            | Action::Resend { roles, .. }
            | Action::UpdateMember { roles, .. } => {
                requires.extend(roles.iter().filter_map(|role| created(role, &planned)));
            }
            Action::RemoveAccount { account } => {
                let below = ground.accounts.children(account).filter_map(|child| removals.get(child));
                requires.extend(below.cloned());
            }
            _ => {}
        }
        change.requires.extend(requires);
    }
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

/// Defers every change that requires one which will not be done now, and what depends on those.
pub(crate) fn defer_dependants(plan: &mut Plan) {
    let released: BTreeMap<Address, &'static str> = plan
        .held
        .iter()
        .flat_map(|group| group.changes.iter().map(|change| (change.address.clone(), "held")))
        .chain(plan.refused.iter().map(|one| (one.address.clone(), "refused")))
        .collect();
    loop {
        let planned: BTreeSet<Address> = plan.changes.iter().map(|change| change.address.clone()).collect();
        let mut deferred = vec![];
        plan.changes.retain(|change| {
            let Some(missing) = change.requires.iter().find(|address| !planned.contains(*address)) else {
                return true;
            };
            let why = released.get(missing).copied().unwrap_or("not done yet");
            deferred.push(Deferred {
                address: change.address.clone(),
                what: wanted(change),
                because: format!("it waits for {missing}, which is {why}"),
                until: None,
            });
            false
        });
        if deferred.is_empty() {
            break;
        }
        plan.deferred.extend(deferred);
    }
}
