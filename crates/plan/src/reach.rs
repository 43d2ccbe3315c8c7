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

/// The holders of these roles now, invited people included.
pub(crate) fn holders(roles: &BTreeSet<&RoleId>, ground: &Ground<'_>) -> BTreeMap<RoleId, Holders> {
    let mut holders: BTreeMap<RoleId, Holders> =
        roles.iter().map(|role| ((*role).clone(), Holders::new())).collect();
    if roles.is_empty() {
        return holders;
    }
    for (account, content) in &ground.input.world.contents {
        let Ok(content) = content else { continue };
        let mut add = |held: &BTreeSet<RoleId>, person: &dyn Fn() -> String| {
            for role in held {
                if let Some(holders) = holders.get_mut(role) {
                    holders.entry(account.clone()).or_default().insert(person());
                }
            }
        };
        for (person, member) in &content.members {
            add(&member.roles, &|| ground.people.shown(person, member));
        }
        for invite in &content.invites {
            add(&invite.roles, &|| invite.email.to_string());
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
    let edited = plan.changes.iter().filter_map(|change| match &change.change.action {
        Action::UpdateRole { role, .. } => Some(role),
        _ => None,
    });
    let holders = holders(&edited.collect(), ground);
    for change in &mut plan.changes {
        match &change.change.action {
            Action::UpdateRole { role, .. } => {
                let Some(holders) = holders.get(role) else { continue };
                if narrows(change) {
                    change.losers = losers(holders, ground);
                }
                change.reach = Some(reached(holders, ground));
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
pub(crate) fn holders_after<'c>(
    role: &RoleId,
    now: &Holders,
    changes: impl Iterator<Item = &'c PlannedChange>,
    ground: &Ground<'_>,
) -> Vec<String> {
    let mut left: BTreeSet<(AccountId, String)> = now
        .iter()
        .flat_map(|(account, people)| people.iter().map(move |person| (account.clone(), person.clone())))
        .collect();
    for change in changes {
        if let Action::RemoveAccount { account } = &change.change.action {
            left.retain(|(id, _)| id != account);
        }
        // A disabled person holds what was held before; so does one who has another invite.
        if matches!(change.change.action, Action::Disable { .. }) || promised_elsewhere(role, change, ground)
        {
            continue;
        }
        let Some(after) = grants_after(change) else { continue };
        let gains = after.roles.iter().any(|one| one.known() == Some(role));
        let person = person_of(change, ground).unwrap_or_default();
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

/// Whether another invite of the same person than the one that changes will give a role.
fn promised_elsewhere(role: &RoleId, change: &PlannedChange, ground: &Ground<'_>) -> bool {
    let (Action::Withdraw { account, invite, email }
    | Action::UpdateInvite { account, invite, email, .. }
    | Action::Resend { account, invite, email, .. }) = &change.change.action
    else {
        return false;
    };
    let invites = ground.input.world.content(account).map(|content| content.invites.as_slice());
    invites
        .unwrap_or_default()
        .iter()
        .any(|other| other.email == *email && other.id != *invite && other.roles.contains(role))
}

/// Changes that take a role from somebody: what its removal must wait for.
pub(crate) fn changes_that_drop<'c>(
    role: &RoleId,
    now: &Holders,
    changes: impl Iterator<Item = &'c PlannedChange>,
    ground: &Ground<'_>,
) -> BTreeSet<Address> {
    changes
        .filter(|change| match &change.change.action {
            Action::UpdateMember { from, roles, .. }
            | Action::UpdateInvite { from, roles, .. }
            | Action::Resend { from, roles, .. } => {
                from.contains(role) && !roles.iter().any(|one| one.known() == Some(role))
            }
            Action::RemoveMember { from, .. } => from.contains(role),
            Action::Withdraw { account, .. } => {
                let holders = now.get(account);
                person_of(change, ground)
                    .is_some_and(|person| holders.is_some_and(|all| all.contains(&person)))
            }
            Action::RemoveAccount { account } => now.contains_key(account),
            _ => false,
        })
        .map(|change| change.address.clone())
        .collect()
}

/// Whom a change of a membership is about, as shown everywhere: a member may have another e-mail by now than
/// the one that is declared.
pub(crate) fn person_of(change: &PlannedChange, ground: &Ground<'_>) -> Option<String> {
    let member = match &change.change.action {
        Action::UpdateMember { account, person, .. }
        | Action::RemoveMember { account, person, .. }
        | Action::MailMember { account, person }
        | Action::Disable { account, person }
        | Action::Enable { account, person } => ground.rosters.get(account)?.by_id(person),
        _ => None,
    };
    match member {
        Some(seat) => Some(ground.people.shown(seat.id, seat.member)),
        None => change.address.email().map(ToString::to_string),
    }
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
        Action::CreateMember { account, roles, .. } => (account.clone(), roles, true),
        Action::UpdateMember { account, roles, .. } => (Ref::Known(account.clone()), roles, true),
        Action::Withdraw { account, .. }
        | Action::RemoveMember { account, .. }
        | Action::Disable { account, .. } => (Ref::Known(account.clone()), &NONE, true),
        Action::Enable { .. }
        | Action::MailMember { .. }
        | Action::UpdatePerson { .. }
        | Action::CreateAccount { .. }
        | Action::UpdateAccount { .. }
        | Action::RemoveAccount { .. }
        | Action::CreateRole { .. }
        | Action::UpdateRole { .. }
        | Action::RemoveRole { .. }
        | Action::CreateApiKey { .. }
        | Action::UpdateApiKey { .. }
        | Action::RemoveApiKey { .. } => return None,
    };
    Some(After { account, roles, active })
}
