//! Removals that reach further than their account: whoever loses by one is counted wherever that is.
//!
//! So limits and admin rules hold there too, and the plan names every account that would lose the person. Where the
//! person is can be told only once every account within reach was seen.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::Action;
use orgform_model::policy::Allow;
use orgform_model::world::Reach;
use orgform_model::{AccountId, Address, PersonId};

use super::{removal_facts, wanted};
use crate::ground::Ground;
use crate::plan::{Deferred, Loser, Plan, PlannedChange};
use crate::scopes::{account_scope, below_all};

/// Counts everybody who loses by a removal within all of its reach.
pub(super) fn count(ground: &Ground<'_>, plan: &mut Plan) {
    let allowed = ground.input.desired.policy.safety.allow.contains(&Allow::WiderReach);
    let narrow = others_of(ground, plan);
    for mut change in std::mem::take(&mut plan.changes) {
        let Some((account, person, reached)) = reached(&change, ground) else {
            plan.changes.push(change);
            continue;
        };
        let unseen = look_into(&reached, ground, plan);
        if unseen && allowed {
            plan.deferred.push(Deferred {
                address: change.address.clone(),
                what: wanted(&change),
                because: "it reaches other accounts, and not all of them could be seen".into(),
                until: None,
            });
            continue;
        }
        let person = person.clone();
        change.losers.extend(losers(account, &person, &reached, ground));
        change.requires.extend(narrow.get(&person).into_iter().flatten().cloned());
        if let Some(note) = note(&change, ground) {
            change.notes.push(note);
        }
        plan.changes.push(change);
    }
}

/// The accounts besides its own in which somebody loses by a change, as text.
pub(super) fn elsewhere(change: &PlannedChange) -> Vec<String> {
    let own = change.address.account_path();
    let paths: BTreeSet<_> =
        change.losers.iter().map(|loser| &loser.path).filter(|path| Some(*path) != own).collect();
    paths.into_iter().map(ToString::to_string).collect()
}

/// Removals of people out of one account only, by person: they come before one that takes all the rest along, so that
/// one of them which waits makes that one wait too.
fn others_of(ground: &Ground<'_>, plan: &Plan) -> BTreeMap<PersonId, Vec<Address>> {
    let mut others: BTreeMap<PersonId, Vec<Address>> = BTreeMap::new();
    for change in &plan.changes {
        let facts = removal_facts(change, ground);
        if let Action::RemoveMember { person, .. } = &change.change.action
            && facts.is_some_and(|facts| facts.reach == Reach::ThisAccount)
        {
            others.entry(person.clone()).or_default().push(change.address.clone());
        }
    }
    others
}

fn reached<'c>(
    change: &'c PlannedChange,
    ground: &Ground<'_>,
) -> Option<(&'c AccountId, &'c PersonId, BTreeSet<AccountId>)> {
    let Action::RemoveMember { account, person, .. } = &change.change.action else { return None };
    let reached = match &removal_facts(change, ground)?.reach {
        Reach::ThisAccount => return None,
        Reach::Accounts(accounts) => accounts.clone(),
        Reach::Everywhere => ground.input.world.directory.accounts.keys().cloned().collect(),
    };
    Some((account, person, reached))
}

/// Asks for what was not looked into yet, and says whether anything is unseen.
fn look_into(reached: &BTreeSet<AccountId>, ground: &Ground<'_>, plan: &mut Plan) -> bool {
    let (world, desired, semantics) = (ground.input.world, ground.input.desired, ground.input.semantics);
    let below = below_all(&world.directory, semantics);
    let not_tried = reached.iter().filter(|id| !world.contents.contains_key(*id));
    let scopes = not_tried.map(|id| account_scope(id, desired, &ground.accounts, semantics));
    let unseen = !below.is_empty()
        || !world.directory.completeness.is_complete()
        || reached.iter().any(|id| !world.people_seen(id));
    plan.needs.extend(scopes.chain(below));
    unseen
}

fn losers(
    account: &AccountId,
    person: &PersonId,
    reached: &BTreeSet<AccountId>,
    ground: &Ground<'_>,
) -> Vec<Loser> {
    let others = reached.iter().filter(|id| *id != account);
    let seats = others.filter_map(|id| Some((id, ground.rosters.get(id)?.by_id(person)?)));
    seats
        .map(|(id, seat)| Loser {
            account: id.clone(),
            path: ground.accounts.label(id),
            person: ground.people.shown(seat.id, seat.member),
            foreseen: false,
        })
        .collect()
}

fn note(change: &PlannedChange, ground: &Ground<'_>) -> Option<String> {
    let (title, home) = (ground.input.semantics.title, ground.input.semantics.people.home?);
    let others = elsewhere(change);
    let from =
        if others.is_empty() { String::new() } else { format!(", and from {} too", others.join(", ")) };
    Some(format!("this is the {home}: the person goes from all of {title}{from}, for good"))
}
