//! Whom a role reaches: its holders in every account, now and once the plan is carried out.
//!
//! Shared by safety, rendering and the check that a role nobody holds may go.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::{Action, Ref};
use orgform_model::{AccountId, Address, RoleId};

use crate::ground::Ground;
use crate::plan::{ChangeKind, Loser, Plan, PlannedChange, Reached};

/// Who holds a role: people as shown, by account.
pub(crate) type Holders = BTreeMap<AccountId, BTreeSet<String>>;

/// The holders of a role now, invited people included.
pub(crate) fn holders(role: &RoleId, ground: &Ground<'_>) -> Holders {
    let mut holders = Holders::new();
    for (account, content) in &ground.input.world.contents {
        let Ok(content) = content else { continue };
        let members = content
            .members
            .iter()
            .filter(|(_, member)| member.roles.contains(role))
            .map(|(person, member)| ground.people.shown(person, member));
        let invited =
            content.invites.iter().filter(|one| one.roles.contains(role)).map(|one| one.email.to_string());
        let people: BTreeSet<String> = members.chain(invited).collect();
        if !people.is_empty() {
            holders.insert(account.clone(), people);
        }
    }
    holders
}

/// Accounts that a role of this account may be held in and that were not looked into.
pub(crate) fn unseen_accounts(owner: &AccountId, ground: &Ground<'_>) -> BTreeSet<AccountId> {
    let all = match ground.input.semantics.roles.inherited {
        true => ground.accounts.subtree(owner),
        false => BTreeSet::from([owner.clone()]),
    };
    all.into_iter().filter(|id| !ground.input.world.people_seen(id)).collect()
}

/// Whether a role edit takes something away from its holders.
pub(crate) fn narrows(change: &PlannedChange) -> bool {
    change.kind == ChangeKind::Update
        && matches!(change.change.action, Action::UpdateRole { .. })
        && change.fields.iter().any(|field| !field.lost().is_empty())
}

/// Tells for each role edit whom it reaches, and for each narrowing who loses by it.
pub(crate) fn attach(ground: &Ground<'_>, plan: &mut Plan) {
    for change in &mut plan.changes {
        match &change.change.action {
            Action::UpdateRole { role, .. } => {
                let holders = holders(role, ground);
                if narrows(change) {
                    change.losers = losers(&holders, ground);
                }
                change.reach = Some(reached(&holders, ground));
            }
            Action::RemoveAccount { account } => {
                let people = change.reach.iter().flat_map(|reach| reach.people.values()).flatten().cloned();
                let holders = Holders::from([(account.clone(), people.collect())]);
                change.losers = losers(&holders, ground);
            }
            _ => {}
        }
    }
}

fn losers(holders: &Holders, ground: &Ground<'_>) -> BTreeSet<Loser> {
    holders
        .iter()
        .flat_map(|(account, people)| {
            people.iter().map(|person| Loser {
                account: account.clone(),
                path: ground.accounts.label(account),
                person: person.clone(),
                foreseen: false,
            })
        })
        .collect()
}

fn reached(holders: &Holders, ground: &Ground<'_>) -> Reached {
    let people =
        holders.iter().map(|(account, people)| (ground.accounts.label(account), people.clone())).collect();
    Reached { people }
}

/// Who still holds a role once these changes are carried out: `ada@acme.example in acme/finance`.
pub(crate) fn holders_after(role: &RoleId, changes: &[PlannedChange], ground: &Ground<'_>) -> Vec<String> {
    let mut left: BTreeSet<(AccountId, String)> = holders(role, ground)
        .into_iter()
        .flat_map(|(account, people)| people.into_iter().map(move |person| (account.clone(), person)))
        .collect();
    for change in changes {
        let Some(after) = grants_after(change) else { continue };
        let gains = after.roles.iter().any(|one| one.known() == Some(role));
        let person = change.address.email().map(ToString::to_string).unwrap_or_default();
        match after.account {
            Ref::Known(account) if gains => left.insert((account.clone(), person)),
            Ref::Known(account) => left.remove(&(account.clone(), person)),
            Ref::Created(_) => false,
        };
    }
    left.into_iter()
        .map(|(account, person)| format!("{person} in {}", ground.accounts.label(&account)))
        .collect()
}

/// Changes that take a role from somebody: what its removal must wait for.
pub(crate) fn changes_that_drop(role: &RoleId, changes: &[PlannedChange]) -> BTreeSet<Address> {
    changes
        .iter()
        .filter(|change| match &change.change.action {
            Action::UpdateMember { from, roles, .. }
            | Action::UpdateInvite { from, roles, .. }
            | Action::Resend { from, roles, .. } => {
                from.contains(role) && !roles.iter().any(|one| one.known() == Some(role))
            }
            Action::RemoveMember { .. } | Action::Withdraw { .. } => true,
            _ => false,
        })
        .map(|change| change.address.clone())
        .collect()
}

/// The grants that somebody has in an account after a change.
pub(crate) struct After<'c> {
    pub(crate) account: Ref<AccountId>,
    pub(crate) roles: &'c BTreeSet<Ref<RoleId>>,
    /// Whether the person is a member then, rather than invited.
    pub(crate) active: bool,
}

static NONE: BTreeSet<Ref<RoleId>> = BTreeSet::new();

/// What a change leaves somebody with; none if it is not about a membership.
pub(crate) fn grants_after(change: &PlannedChange) -> Option<After<'_>> {
    let (account, roles, active) = match &change.change.action {
        Action::Invite { account, roles, .. } => (account.clone(), roles, false),
        Action::UpdateInvite { account, roles, .. } | Action::Resend { account, roles, .. } => {
            (Ref::Known(account.clone()), roles, false)
        }
        Action::UpdateMember { account, roles, .. } => (Ref::Known(account.clone()), roles, true),
        Action::Withdraw { account, .. }
        | Action::RemoveMember { account, .. }
        | Action::Disable { account, .. } => (Ref::Known(account.clone()), &NONE, true),
        Action::Enable { .. }
        | Action::CreateAccount { .. }
        | Action::UpdateAccount { .. }
        | Action::RemoveAccount { .. }
        | Action::CreateRole { .. }
        | Action::UpdateRole { .. }
        | Action::RemoveRole { .. } => return None,
    };
    Some(After { account, roles, active })
}
