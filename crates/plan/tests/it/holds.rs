//! What holds of every small world: planned, carried out, and planned again.
//!
//! Each function is one property and panics where it does not hold. Tests make the worlds by chance; the fuzz target
//! `plan` (in `fuzz/`) makes them from bytes.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::Action;
use orgform_model::desired::DesiredMembership;
use orgform_model::fields::Value;
use orgform_model::policy::{Limit, Removal};
use orgform_model::world::PersonSeen;
use orgform_model::{AccountId, AccountPath, Address, Email, PersonId, RoleId, Semantics, World};
use orgform_plan::{ChangeKind, Plan, PlannedChange};

use crate::apply::person_id;
use crate::small::{Case, Small, now};
use crate::sound::check;

/// All of them.
pub(crate) fn all(small: &Small) {
    the_order_of_what_is_listed_changes_nothing(small);
    nobody_unmanaged_or_unseen_loses_anything(small);
    nobody_is_removed_and_invited_in_one_plan(small);
    what_is_planned_keeps_the_limits(small);
    no_account_is_left_with_fewer_admins_than_it_may(small);
    a_plan_that_was_carried_out_leaves_nothing_to_do(small);
    every_world_comes_to_rest_and_is_then_as_declared(small);
}

pub(crate) fn the_order_of_what_is_listed_changes_nothing(small: &Small) {
    let case = small.case();
    let plan = case.plan();
    check(&plan);
    let mut shuffled = case.world.clone();
    for content in shuffled.contents.values_mut().flatten() {
        content.invites.reverse();
    }
    let mut state = case.state.clone();
    if let Some(state) = &mut state {
        state.losses.reverse();
    }
    assert_eq!(&case.plan_of(&shuffled, state.as_ref()), &plan);
}

pub(crate) fn nobody_unmanaged_or_unseen_loses_anything(small: &Small) {
    let case = small.case();
    let plan = case.plan();
    for change in &plan.changes {
        if let Action::RemoveAccount { account } = &change.change.action {
            let record = case.state.as_ref().and_then(|state| state.accounts.get(account));
            assert!(record.is_some_and(|record| record.removal == Removal::Remove));
        }
        for loser in &change.losers {
            assert!(case.world.people_seen(&loser.account), "{} is unseen", loser.path);
        }
        if let Some(account) = takes_out(change) {
            let (_, email) = case.path_of(&change.address);
            assert!(case.is_ours(account, email) || case.is_declared(&change.address), "{}", change.address);
            assert!(!change.losers.is_empty(), "{} is not judged", change.address);
        }
        if !change.loses.is_empty() {
            assert!(!change.losers.is_empty(), "{} is not judged", change.address);
        }
    }
}

pub(crate) fn nobody_is_removed_and_invited_in_one_plan(small: &Small) {
    let plan = small.case().plan();
    let of = |kinds: &[ChangeKind]| -> BTreeSet<Address> {
        let changes = plan.changes.iter().filter(|change| kinds.contains(&change.kind));
        changes.map(|change| change.address.clone()).collect()
    };
    let removed = of(&[ChangeKind::Remove, ChangeKind::Withdraw, ChangeKind::Disable]);
    assert!(removed.is_disjoint(&of(&[ChangeKind::Invite, ChangeKind::Resend])));
}

pub(crate) fn what_is_planned_keeps_the_limits(small: &Small) {
    let case = small.case();
    let plan = case.plan();
    let safety = &case.desired.policy.safety;
    let mut losing: BTreeMap<AccountId, BTreeSet<String>> = BTreeMap::new();
    let losers = plan.changes.iter().flat_map(|change| &change.losers).filter(|loser| !loser.foreseen);
    for loser in losers {
        losing.entry(loser.account.clone()).or_default().insert(loser.person.clone());
    }
    let now_losing: BTreeSet<String> = losing.values().flatten().cloned().collect();
    let mut recent: BTreeMap<AccountId, BTreeSet<String>> = BTreeMap::new();
    for loss in case.state.iter().flat_map(|state| &state.losses).filter(|loss| !loss.consented) {
        recent.entry(loss.account.clone()).or_default().insert(loss.person.clone());
    }
    let judge =
        |limit: Limit, losing: &BTreeSet<String>, recent: &BTreeSet<String>, all: &BTreeSet<String>| {
            losing.is_empty() || losing.union(recent).count() <= limit.of(all.union(recent).count())
        };
    for (account, people) in &losing {
        let recent = recent.get(account).cloned().unwrap_or_default();
        assert!(judge(safety.per_account, people, &recent, &people_of(&case.world, account)));
    }
    let all_recent: BTreeSet<String> = recent.into_values().flatten().collect();
    let everyone = case.world.directory.accounts.keys().flat_map(|id| people_of(&case.world, id)).collect();
    assert!(judge(safety.total, &now_losing, &all_recent, &everyone));
}

pub(crate) fn no_account_is_left_with_fewer_admins_than_it_may(small: &Small) {
    let case = small.case();
    let plan = case.plan();
    let mut model = case.model();
    let before = admins(&model.world, case.semantics);
    let minimum = case.desired.policy.safety.admin_minimum as usize;
    let seen = case.seen();
    let mut too_few = vec![];
    model.apply_watched(&plan, now(), |world| {
        for (account, after) in admins(world, case.semantics) {
            let was = before.get(&account).map_or(0, BTreeSet::len);
            if after.len() < minimum.min(was) && seen.contains(&account) {
                too_few.push(format!("{account}: {was} admins before, {after:?} then"));
            }
        }
    });
    assert!(too_few.is_empty(), "{too_few:?} {:#?}", plan.changes);
}

pub(crate) fn a_plan_that_was_carried_out_leaves_nothing_to_do(small: &Small) {
    let case = small.clone().without_gaps().without_duplicates().without_redundant_grants().unlimited();
    let plan = case.plan();
    check(&plan);
    let mut model = case.model();
    model.apply(&plan, now());
    let looked = case.plan_of(&model.world, Some(&model.state));
    model.look_again(&looked);
    let again = case.plan_of(&model.world, Some(&model.state));
    assert!(
        looked.changes.is_empty() && again.is_empty() || !plan.deferred.is_empty() || !model.stale.is_empty(),
        "carried out {:#?}, and then {:#?}",
        plan,
        again
    );
}

pub(crate) fn every_world_comes_to_rest_and_is_then_as_declared(small: &Small) {
    let case = small.clone().without_gaps().unlimited();
    let mut model = case.model();
    let mut plan = case.plan();
    let mut rounds = 0;
    while !plan.is_empty() {
        rounds += 1;
        assert!(rounds <= 6, "it never ends: {:#?}", plan);
        model.apply(&plan, now());
        model.everybody_accepts();
        plan = case.plan_of(&model.world, Some(&model.state));
        check(&plan);
    }
    assert!(model.mails.values().all(|mails| *mails <= 1), "somebody is mailed twice: {:?}", model.mails);
    for (path, email, membership) in case.desired.all_memberships() {
        assert!(
            is_as_declared(&case, &model.world, &plan, path, email, membership),
            "{path} {email} {plan:#?}"
        );
    }
}

/// The account and person that a change takes out, if it does.
fn takes_out(change: &PlannedChange) -> Option<&AccountId> {
    match &change.change.action {
        Action::RemoveMember { account, .. }
        | Action::Withdraw { account, .. }
        | Action::Disable { account, .. } => Some(account),
        _ => None,
    }
}

fn people_of(world: &World, account: &AccountId) -> BTreeSet<String> {
    let Some(content) = world.content(account) else { return BTreeSet::new() };
    let members = content.members.keys().map(|id| match world.people.get(id) {
        Some(PersonSeen::Email(email)) => email.to_string(),
        // Whoever can't be told counts by the id, also next to an invite that may be theirs.
        _ => id.to_string(),
    });
    members.chain(content.invites.iter().map(|invite| invite.email.to_string())).collect()
}

/// Effective admins by account: role 0 and any role with `all:all`, inherited where roles are.
fn admins(world: &World, semantics: &Semantics) -> BTreeMap<AccountId, BTreeSet<PersonId>> {
    let is_admin = |id: &RoleId| {
        let roles = world.contents.values().flatten().filter_map(|content| content.roles.get(id));
        let all = Value::set(["all:all"]);
        let known = roles.into_iter().any(|role| {
            role.fixed == Some("admin") || role.fields.get("permissions").is_some_and(|cells| *cells == all)
        });
        known || id.as_str() == "1"
    };
    let direct = |id: &AccountId| -> BTreeSet<PersonId> {
        let members = world.content(id).into_iter().flat_map(|content| &content.members);
        members
            .filter(|(_, member)| !member.disabled && member.roles.iter().any(is_admin))
            .map(|(id, _)| id.clone())
            .collect()
    };
    let mut all = BTreeMap::new();
    for id in world.directory.accounts.keys() {
        let mut here = direct(id);
        let mut at = world.directory.accounts[id].parent.clone().filter(|_| semantics.roles.inherited);
        while let Some(parent) = at {
            here.extend(direct(&parent));
            at = world.directory.accounts.get(&parent).and_then(|account| account.parent.clone());
        }
        all.insert(id.clone(), here);
    }
    all
}

fn is_as_declared(
    case: &Case,
    world: &World,
    plan: &Plan,
    path: &AccountPath,
    email: &Email,
    membership: &DesiredMembership,
) -> bool {
    let address = Address::member(&case.desired.provider, path, email);
    let told = plan.refused.iter().any(|one| one.address == address)
        || plan.deferred.iter().any(|one| one.address.account_path() == Some(path))
        || plan.drift.iter().any(|one| one.address == address)
        || plan.waiting.iter().any(|one| one.address == address);
    let live = membership.grants.values().filter(|ends| ends.is_none_or(|ends| ends > now())).count();
    let is_member =
        world.contents.values().flatten().any(|content| content.members.contains_key(&person_id(email)));
    told || live == 0 || is_member
}
