//! Never remove by mistake: judges every change that takes something away from somebody.
//!
//! The rules run in a fixed order. Each either refuses (will not), defers (cannot yet) or holds (waits for a
//! release); what is left is safe to do. Doubt means keep and report.

mod admins;
mod limits;
mod wide;

use std::collections::BTreeSet;

use orgform_model::change::Action;
use orgform_model::desired::DesiredMembership;
use orgform_model::policy::Allow;
use orgform_model::world::{Identity, Reach, RemovalFacts};
use orgform_model::{AccountId, AccountPath, Address, Email, Thing};

use crate::api_keys;
use crate::ground::Ground;
use crate::plan::{Cause, ChangeKind, Deferred, Loser, Plan, PlannedChange, Refused};
use crate::reach;
use crate::scopes::account_scope;
use admins::Admins;

/// Judges the changes of a plan and moves those that may not be done to where they belong.
pub(crate) fn judge(ground: &Ground<'_>, plan: &mut Plan) {
    if plan.changes.is_empty() {
        return;
    }
    see_the_whole_reach(ground, plan);
    wide::count(ground, plan);
    see_who_loses(ground, plan);
    let admins = Admins::now(ground);
    refuse_each(plan, |change| protected(change, ground));
    refuse_each(plan, |change| ourselves(change, &admins, ground));
    refuse_each(plan, |change| {
        let (because, next) = api_keys::own_key(change, ground)?;
        Some(Objection { because: because.into(), next: next.into() })
    });
    refuse_each(plan, |change| too_far(change, ground));
    admins::judge(&admins, ground, plan);
    limits::hold_what_needs_consent(ground, plan);
    limits::hold_what_is_over(ground, plan);
    keep_roles_in_use(ground, plan);
}

/// Why a change is refused, and what to do.
struct Objection {
    because: String,
    next: String,
}

/// What a change wants, in a word or two.
pub(crate) fn wanted(change: &PlannedChange) -> String {
    match change.kind {
        ChangeKind::Update if !change.loses.is_empty() => format!("revoke {}", change.loses.join(", ")),
        ChangeKind::Update => "update".into(),
        ChangeKind::Create => "create".into(),
        ChangeKind::Remove => "remove".into(),
        ChangeKind::Invite => "invite".into(),
        ChangeKind::Resend => "invite again".into(),
        ChangeKind::Withdraw => "withdraw the invite".into(),
        ChangeKind::Disable => "disable".into(),
        ChangeKind::Enable => "enable".into(),
    }
}

fn refuse_each(plan: &mut Plan, rule: impl Fn(&PlannedChange) -> Option<Objection>) {
    let mut refused = vec![];
    plan.changes.retain(|change| {
        let Some(Objection { because, next }) = rule(change) else { return true };
        let (address, what, place) = (change.address.clone(), wanted(change), change.place.clone());
        refused.push(Refused { address, what, because, next, place });
        false
    });
    plan.refused.extend(refused);
}

/// A narrowed or removed role, or a removed account, is judged only when every account that it reaches was seen.
fn see_the_whole_reach(ground: &Ground<'_>, plan: &mut Plan) {
    let mut needs = BTreeSet::new();
    let mut deferred = vec![];
    plan.changes.retain(|change| {
        let owner = match &change.change.action {
            Action::UpdateRole { account, .. } if reach::narrows(change) => account,
            Action::RemoveRole { account, .. } | Action::RemoveAccount { account } => account,
            _ => return true,
        };
        if !ground.input.world.directory.completeness.is_complete() {
            deferred.push(Deferred {
                address: change.address.clone(),
                what: wanted(change),
                because: "not all accounts could be seen, so whom it reaches is not known".into(),
                until: None,
            });
            return false;
        }
        if matches!(change.change.action, Action::RemoveAccount { .. }) {
            return true;
        }
        let unseen = reach::unseen_accounts(owner, ground);
        let Some(first) = unseen.first() else { return true };
        let not_tried = unseen.iter().filter(|id| !ground.input.world.contents.contains_key(*id));
        needs.extend(
            not_tried
                .map(|id| account_scope(id, ground.input.desired, &ground.accounts, ground.input.semantics)),
        );
        deferred.push(Deferred {
            address: change.address.clone(),
            what: wanted(change),
            because: format!("who holds it in {} could not be seen", ground.accounts.label(first)),
            until: None,
        });
        false
    });
    plan.needs.extend(needs);
    plan.deferred.extend(deferred);
}

/// Somebody loses something only in an account whose roles and people were seen completely.
fn see_who_loses(ground: &Ground<'_>, plan: &mut Plan) {
    let seen = |id: &AccountId| {
        let content = ground.input.world.content(id);
        content.is_some_and(|one| one.people_complete.is_complete() && one.roles_complete.is_complete())
    };
    let mut deferred = vec![];
    plan.changes.retain(|change| {
        let Some(unseen) = change.losers.iter().find(|loser| !seen(&loser.account)) else { return true };
        deferred.push(Deferred {
            address: change.address.clone(),
            what: wanted(change),
            because: format!("{} could not be seen completely", unseen.path),
            until: None,
        });
        false
    });
    plan.deferred.extend(deferred);
}

/// Protected people lose nothing anywhere; nor does anybody who can't be told from them.
fn protected(change: &PlannedChange, ground: &Ground<'_>) -> Option<Objection> {
    let protected = &ground.input.desired.policy.safety.protected;
    if protected.is_empty() {
        return None;
    }
    change.losers.iter().find_map(|loser| {
        let unreadable = !loser.person.contains('@') || loser.person.contains(' ');
        let because = match unreadable {
            true => {
                format!("{} can't be told from a protected person: the e-mail can't be read", loser.person)
            }
            false if protected.contains(&Email::new(&loser.person)) => {
                format!("{} is protected", loser.person)
            }
            false => return None,
        };
        let next = "take the person off `safety.protected`, or bind it with `identities`, if this is right";
        Some(Objection { because, next: next.into() })
    })
}

/// The identity that orgform runs as loses nothing, nor do the roles it holds.
fn ourselves(change: &PlannedChange, admins: &Admins, ground: &Ground<'_>) -> Option<Objection> {
    let policy = &ground.input.desired.policy;
    let identity = ground.input.world.directory.identity.as_ref();
    let next = "run as somebody else, or do this by hand";
    let objection = |because: String| Some(Objection { because, next: next.into() });
    let loses = |email: &&Email| change.losers.iter().any(|loser| Email::new(&loser.person) == **email);
    if let Some(email) = policy.runs_as.as_ref().filter(loses) {
        return objection(format!("orgform runs as {email}, and never takes anything away from itself"));
    }
    match identity {
        Some(Identity::Person(id)) => {
            // Of a loser whose e-mail can't be told there is the id.
            let is_us = |loser: &Loser| {
                loser.person == id.as_str()
                    || ground
                        .rosters
                        .get(&loser.account)
                        .and_then(|roster| roster.by_id(id))
                        .is_some_and(|seat| ground.people.shown(seat.id, seat.member) == loser.person)
            };
            let hit = change.losers.iter().any(is_us);
            hit.then(|| {
                objection("orgform runs as this person, and never takes anything away from itself".into())
            })?
        }
        Some(Identity::Machine { roles: Some(roles), .. }) => {
            let held = touched_role(change).is_some_and(|role| roles.contains(role));
            held.then(|| objection("the key that orgform runs with holds this role".into()))?
        }
        Some(Identity::Machine { roles: None, .. })
            if let Some(roles) = touched_role(change).and_then(|_| api_keys::roles_of_own_keys(ground)) =>
        {
            let held = touched_role(change).is_some_and(|role| roles.contains(role));
            held.then(|| objection("the key that orgform runs with holds this role".into()))?
        }
        Some(Identity::Machine { roles: None, .. }) if policy.runs_as.is_none() => {
            let admin =
                touched_role(change).and_then(|role| ground.roles.known(role)).is_some_and(|role| role.admin);
            admin.then(|| {
                objection(
                    "the key that orgform runs with may hold this role, which carries the admin right".into(),
                )
            })?
        }
        Some(Identity::Machine { .. }) => None,
        None if policy.runs_as.is_none() => {
            let hit = change.losers.iter().any(|loser| admins.is_admin(loser, ground));
            hit.then(|| Objection {
                because: "who orgform runs as is not known, so no admin loses anything".into(),
                next: "set `runsAs` in the Provider".into(),
            })
        }
        None => None,
    }
}

/// A role that is narrowed or removed.
fn touched_role(change: &PlannedChange) -> Option<&orgform_model::RoleId> {
    match &change.change.action {
        Action::UpdateRole { role, .. } if reach::narrows(change) => Some(role),
        Action::RemoveRole { role, .. } => Some(role),
        _ => None,
    }
}

/// A removal that reaches further than its account, or that can't be undone, needs an opt-in; and it is never
/// done while a declaration wants the person within that reach.
fn too_far(change: &PlannedChange, ground: &Ground<'_>) -> Option<Objection> {
    let facts = removal_facts(change, ground)?;
    let allow = &ground.input.desired.policy.safety.allow;
    let opt_in = |flag: &str| format!("if this is right, add `{flag}` to `safety.allow` in the Provider");
    let wide = facts.reach != Reach::ThisAccount;
    let elsewhere = match (&facts.reach, change.kind) {
        // Disabling is of the person, whatever removing would reach; or of this account.
        (_, ChangeKind::Disable) if ground.input.semantics.people.disabled_everywhere => {
            wanted_elsewhere(change, &Reach::Everywhere, ground)
        }
        (_, ChangeKind::Disable) => None,
        (reach, _) => wanted_elsewhere(change, reach, ground),
    };
    if let Some(elsewhere) = elsewhere {
        return Some(Objection {
            because: format!("it reaches further than this account, and {elsewhere} is declared"),
            next: "drop that declaration first, or keep this one".into(),
        });
    }
    if change.kind == ChangeKind::Disable {
        return None;
    }
    if wide && !allow.contains(&Allow::WiderReach) {
        let others = wide::elsewhere(change);
        let also =
            if others.is_empty() { String::new() } else { format!(", also from {}", others.join(", ")) };
        let because = match &facts.reach {
            Reach::Everywhere => format!("it removes the person everywhere at this provider{also}"),
            Reach::Accounts(_) | Reach::ThisAccount => format!("it reaches other accounts too{also}"),
        };
        if facts.reversible || allow.contains(&Allow::Irreversible) {
            return Some(Objection { because, next: opt_in("WiderReach") });
        }
        let because = format!("{because}, and can't be undone");
        return Some(Objection { because, next: both_opt_ins(ground) });
    }
    if !facts.reversible && !allow.contains(&Allow::Irreversible) {
        let person = matches!(change.change.action, Action::RemoveMember { .. });
        let because = match ground.input.semantics.people.returns || !person {
            true => "it can't be undone".to_owned(),
            false => cannot_be_undone(ground),
        };
        return Some(Objection { because, next: opt_in("Irreversible") });
    }
    None
}

/// What to do about a removal that nothing allows yet.
fn both_opt_ins(ground: &Ground<'_>) -> String {
    let opt_ins = "if this is right, add `WiderReach` and `Irreversible` to `safety.allow` in the Provider";
    match ground.input.capabilities.disable {
        true => {
            format!("{opt_ins}; `removal: Disable` in the Member locks the person out and removes nothing")
        }
        false => opt_ins.to_owned(),
    }
}

/// What removing a person means where nobody who was removed comes back.
pub(crate) fn cannot_be_undone(ground: &Ground<'_>) -> String {
    let title = ground.input.semantics.title;
    format!("it can't be undone: {title} can neither make nor invite this person again")
}

fn removal_facts<'a>(change: &PlannedChange, ground: &Ground<'a>) -> Option<&'a RemovalFacts> {
    let world = ground.input.world;
    match &change.change.action {
        Action::RemoveMember { account, person, .. } | Action::Disable { account, person } => {
            Some(&world.content(account)?.members.get(person)?.removal)
        }
        Action::RemoveRole { account, role } => Some(&world.content(account)?.roles.get(role)?.removal),
        Action::RemoveAccount { account } => Some(&world.directory.accounts.get(account)?.removal),
        _ => None,
    }
}

/// Another membership of the same person that is declared within this reach.
fn wanted_elsewhere(change: &PlannedChange, reach: &Reach, ground: &Ground<'_>) -> Option<Address> {
    let Thing::Member(path, email) = &change.address.thing else { return None };
    let desired = ground.input.desired;
    if ground.offboarded.contains(email) {
        return None;
    }
    let within = |path: &AccountPath| match reach {
        Reach::ThisAccount => false,
        Reach::Accounts(accounts) => ground.accounts.id(path).is_some_and(|id| accounts.contains(id)),
        Reach::Everywhere => true,
    };
    let live = |one: &DesiredMembership| {
        one.grants.is_empty()
            || one.grants.values().any(|ends| ends.is_none_or(|ends| ends > ground.input.now))
    };
    let other = desired
        .memberships
        .iter()
        .find(|(other, people)| *other != path && people.get(email).is_some_and(live) && within(other));
    other.map(|(other, _)| Address::member(&desired.provider, other, email))
}

/// A role goes only when nobody holds it any more; what takes it from its holders goes first.
fn keep_roles_in_use(ground: &Ground<'_>, plan: &mut Plan) {
    let mut refused = vec![];
    let mut deferred = vec![];
    let mut edges = vec![];
    for change in &plan.changes {
        if let Action::RemoveRole { account, .. } = &change.change.action {
            plan.needs.extend(api_keys::unseen_holders(account, ground));
        }
    }
    let going = plan.changes.iter().filter_map(|change| match &change.change.action {
        Action::RemoveRole { role, .. } => Some(role),
        _ => None,
    });
    let holders_now = reach::holders(&going.collect(), ground);
    // What is held may be released, and the role goes with it then.
    let all = || plan.changes.iter().chain(plan.held.iter().flat_map(|group| &group.changes));
    for change in &plan.changes {
        let Action::RemoveRole { role, .. } = &change.change.action else { continue };
        let Some(now) = holders_now.get(role) else { continue };
        let (keys, dropped_by_keys) = api_keys::holders_after(role, plan, ground);
        let mut holders = reach::holders_after(role, now, all(), ground);
        holders.extend(keys);
        let below = ground.taken_out.iter().find(|one| one.roles.contains(role));
        if let (true, Some(below)) = (holders.is_empty(), below) {
            let path = ground.accounts.label(&below.account);
            deferred.push(Deferred {
                address: change.address.clone(),
                what: "remove".into(),
                because: format!("{path} shows it too, and may do so until it is held nowhere above"),
                until: None,
            });
            continue;
        }
        if holders.is_empty() {
            let mut requires = reach::changes_that_drop(role, now, all(), ground);
            requires.extend(dropped_by_keys);
            edges.push((change.address.clone(), requires));
            continue;
        }
        let more = if holders.len() > 5 { format!(" and {} more", holders.len() - 5) } else { String::new() };
        let shown: Vec<_> = holders.into_iter().take(5).collect();
        refused.push(Refused {
            address: change.address.clone(),
            what: "remove".into(),
            because: format!("it is held by {}{more}", shown.join(", ")),
            next: format!("take it from them first, or let go of it by `orgform forget {}`", change.address),
            place: None,
        });
    }
    let addresses: BTreeSet<_> = refused.iter().map(|one| one.address.clone()).collect();
    let later: BTreeSet<_> = deferred.iter().map(|one| one.address.clone()).collect();
    plan.changes.retain(|change| !addresses.contains(&change.address) && !later.contains(&change.address));
    plan.refused.extend(refused);
    plan.deferred.extend(deferred);
    for (address, requires) in edges {
        if let Some(change) = plan.changes.iter_mut().find(|change| change.address == address) {
            change.requires.extend(requires);
        }
    }
}

/// Whether a change needs somebody's consent whatever the limits say.
fn needs_consent(change: &PlannedChange) -> bool {
    matches!(change.cause, Cause::Authority | Cause::Base)
}
