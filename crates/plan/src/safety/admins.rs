//! Nobody is locked out: an account keeps enough active admins, and required admins keep the right.
//!
//! An admin of an account is whoever effectively holds the admin right there, inherited roles included; invited
//! and disabled people don't count. The limits refuse only what makes things worse, so an org that has no
//! admins yet can be applied.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::{Action, Ref};
use orgform_model::{AccountId, AccountPath, Address, Email};

use crate::ground::Ground;
use crate::plan::{Deferred, Loser, Plan, PlannedChange, Refused};
use crate::reach::grants_after;
use crate::safety::wanted;

type Admins = BTreeMap<AccountId, BTreeSet<String>>;

/// Whether somebody who loses something is an admin there.
pub(super) fn is_admin(loser: &Loser, ground: &Ground<'_>) -> bool {
    let direct = direct_admins(ground);
    effective(&loser.account, &direct, ground).contains(&loser.person)
}

/// Judges every change that takes the admin right from somebody.
pub(super) fn judge(ground: &Ground<'_>, plan: &mut Plan) {
    if !plan.changes.iter().any(|change| !change.losers.is_empty()) {
        return;
    }
    let before = direct_admins(ground);
    let projected = project(&before, plan, ground);
    let losing: Vec<Address> = plan
        .changes
        .iter()
        .filter(|change| loses_admin(change, &before, &projected.after))
        .map(|change| change.address.clone())
        .collect();
    for address in losing {
        let Some(index) = plan.changes.iter().position(|change| change.address == address) else { continue };
        let Some(change) = plan.changes.get(index) else { continue };
        match verdict(change, &before, &projected, ground) {
            Verdict::Fine { remaining, counted_on } => {
                if let Some(change) = plan.changes.get_mut(index) {
                    change.requires.extend(counted_on.into_iter().filter(|one| *one != address));
                    change.notes.push(remain_note(&remaining));
                }
            }
            Verdict::Wait { until } => {
                let change = plan.changes.remove(index);
                let because = format!("too few admins would be left until {until} accepts");
                plan.deferred.push(Deferred { address, what: wanted(&change), because, until: None });
            }
            Verdict::Refuse { because, next } => {
                let change = plan.changes.remove(index);
                let (what, place) = (wanted(&change), change.place);
                plan.refused.push(Refused { address, what, because, next, place });
            }
        }
    }
}

fn remain_note(remaining: &BTreeSet<String>) -> String {
    let names: Vec<_> = remaining.iter().take(4).map(String::as_str).collect();
    let more = if remaining.len() > 4 { ", …" } else { "" };
    let (s, verb) = if remaining.len() == 1 { ("", "s") } else { ("s", "") };
    format!("{} admin{s} remain{verb}: {}{more}", remaining.len(), names.join(", "))
}

enum Verdict {
    Fine { remaining: BTreeSet<String>, counted_on: BTreeSet<Address> },
    Wait { until: String },
    Refuse { because: String, next: String },
}

/// Who is an admin once everything is carried out.
struct Projected {
    after: Admins,
    /// People who will be, once they accept.
    pending: Admins,
    /// Changes that make somebody an admin, by account.
    gains: BTreeMap<AccountId, BTreeSet<Address>>,
}

fn verdict(change: &PlannedChange, before: &Admins, projected: &Projected, ground: &Ground<'_>) -> Verdict {
    let policy = &ground.input.desired.policy.safety;
    let minimum = policy.admin_minimum as usize;
    let mut remaining_here = BTreeSet::new();
    let mut counted_on = BTreeSet::new();
    let touched: BTreeSet<&AccountId> = change.losers.iter().map(|loser| &loser.account).collect();
    let reached: BTreeSet<AccountId> = touched.iter().flat_map(|id| reach_of(id, ground)).collect();
    for account in &reached {
        let was = effective(account, before, ground);
        let is = effective(account, &projected.after, ground);
        if touched.contains(account) {
            remaining_here.extend(is.iter().cloned());
        }
        let required = policy.admins_required.iter().find(|email| {
            was.contains(email.as_str()) && !is.contains(email.as_str()) && loses(change, email)
        });
        let path = ground.accounts.label(account);
        if let Some(email) = required {
            return Verdict::Refuse {
                because: format!("{email} must stay an admin of {path}"),
                next: "take the person off `safety.admins.required` if this is right".into(),
            };
        }
        if is.len() >= minimum || is.len() >= was.len() {
            let unchanged = was.intersection(&is).count();
            if unchanged < minimum.min(was.len()) {
                for above in up(account, ground) {
                    counted_on.extend(projected.gains.get(&above).into_iter().flatten().cloned());
                }
            }
            continue;
        }
        return too_few(&path, account, &is, minimum, projected, ground);
    }
    Verdict::Fine { remaining: remaining_here, counted_on }
}

fn too_few(
    path: &AccountPath,
    account: &AccountId,
    left: &BTreeSet<String>,
    minimum: usize,
    projected: &Projected,
    ground: &Ground<'_>,
) -> Verdict {
    let pending = effective(account, &projected.pending, ground);
    if left.union(&pending).count() >= minimum {
        let names: Vec<_> = pending.difference(left).take(3).cloned().collect();
        return Verdict::Wait { until: names.join(", ") };
    }
    let who: Vec<_> = left.iter().take(5).cloned().collect();
    let left_over = match who.as_slice() {
        [] => "no admin".to_owned(),
        [one] => format!("one admin, {one},"),
        several => format!("{} admins, {},", left.len(), several.join(", ")),
    };
    Verdict::Refuse {
        because: format!("{left_over} would be left in {path}, and the minimum is {minimum}"),
        next: "make somebody else an admin first, or lower `safety.admins.minimum` in the Provider".into(),
    }
}

fn loses(change: &PlannedChange, email: &Email) -> bool {
    change.losers.iter().any(|loser| loser.person == email.as_str())
}

fn loses_admin(change: &PlannedChange, before: &Admins, after: &Admins) -> bool {
    change.losers.iter().any(|loser| {
        let has = |admins: &Admins| admins.get(&loser.account).is_some_and(|set| set.contains(&loser.person));
        has(before) && !has(after)
    })
}

/// The accounts in which a membership of this account counts.
fn reach_of(account: &AccountId, ground: &Ground<'_>) -> Vec<AccountId> {
    let all = match ground.input.semantics.roles.inherited {
        true => ground.accounts.subtree(account),
        false => BTreeSet::from([account.clone()]),
    };
    // An account that nobody looked into may well have admins of its own.
    all.into_iter().filter(|id| id == account || ground.input.world.people_seen(id)).collect()
}

/// The account and those above it whose members have rights in it.
fn up(account: &AccountId, ground: &Ground<'_>) -> Vec<AccountId> {
    let mut chain = vec![account.clone()];
    if !ground.input.semantics.roles.inherited {
        return chain;
    }
    let directory = &ground.input.world.directory;
    let mut at = account;
    while let Some(parent) = directory.accounts.get(at).and_then(|account| account.parent.as_ref()) {
        if chain.contains(parent) {
            break;
        }
        chain.push(parent.clone());
        at = parent;
    }
    chain
}

fn effective(account: &AccountId, direct: &Admins, ground: &Ground<'_>) -> BTreeSet<String> {
    up(account, ground).iter().filter_map(|id| direct.get(id)).flatten().cloned().collect()
}

/// Active members who hold a role with the admin right, by account of the membership.
fn direct_admins(ground: &Ground<'_>) -> Admins {
    let mut admins = Admins::new();
    for (account, content) in &ground.input.world.contents {
        let Ok(content) = content else { continue };
        for (person, member) in &content.members {
            let is = member.roles.iter().any(|id| ground.roles.known(id).is_some_and(|role| role.admin));
            if is && !member.disabled {
                admins.entry(account.clone()).or_default().insert(ground.people.shown(person, member));
            }
        }
    }
    admins
}

fn project(before: &Admins, plan: &Plan, ground: &Ground<'_>) -> Projected {
    let mut after = Admins::new();
    let mut pending = Admins::new();
    // Role edits change who is an admin without a change of a membership.
    for (account, content) in &ground.input.world.contents {
        let Ok(content) = content else { continue };
        let admin = |roles: &BTreeSet<orgform_model::RoleId>| {
            roles.iter().any(|id| ground.roles.admin_after(&Ref::Known(id.clone()), ground))
        };
        for (person, member) in content.members.iter().filter(|(_, member)| !member.disabled) {
            if admin(&member.roles) {
                after.entry(account.clone()).or_default().insert(ground.people.shown(person, member));
            }
        }
        for invite in content.invites.iter().filter(|invite| admin(&invite.roles)) {
            pending.entry(account.clone()).or_default().insert(invite.email.to_string());
        }
    }
    let mut gains: BTreeMap<AccountId, BTreeSet<Address>> = BTreeMap::new();
    for change in &plan.changes {
        if let Action::UpdateRole { account, role, .. } = &change.change.action {
            let now = ground.roles.known(role).is_some_and(|role| role.admin);
            if !now && ground.roles.admin_after(&Ref::Known(role.clone()), ground) {
                gains.entry(account.clone()).or_default().insert(change.address.clone());
            }
        }
        if let Action::RemoveAccount { account } = &change.change.action {
            after.remove(account);
            pending.remove(account);
        }
        let Some(grants) = grants_after(change) else { continue };
        let Ref::Known(account) = &grants.account else { continue };
        let Some(email) = change.address.email() else { continue };
        let person = email.to_string();
        let admin = grants.roles.iter().any(|role| ground.roles.admin_after(role, ground));
        let side = if grants.active { &mut after } else { &mut pending };
        match admin {
            true => side.entry(account.clone()).or_default().insert(person.clone()),
            false => side.get_mut(account).is_some_and(|set| set.remove(&person)),
        };
        let was = before.get(account).is_some_and(|set| set.contains(&person));
        if admin && grants.active && !was {
            gains.entry(account.clone()).or_default().insert(change.address.clone());
        }
    }
    Projected { after, pending, gains }
}
