//! Reads the removals again, just before the first of them.
//!
//! Between the plan and now somebody may have become an admin, joined, or left. So what the removals touch is
//! observed again, the plan is made again with all its limits, and only those removals go that are still
//! planned with the same effects, or held and released.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::{AccountId, Address};
use orgform_plan::digest::fingerprints;
use orgform_plan::{ApprovedPlan, Digest, Fate, Plan, PlannedChange};

use super::Writing;
use super::schedule::{Index, Schedule};
use crate::case::Case;
use crate::observe::{Touched, observe_again};
use crate::plan::{Planned, decide};
use crate::state::OpenState;

/// What each removal is now: as planned again, or the fate that keeps it from being carried out.
pub(super) type Checked = Vec<(Index, Result<PlannedChange, Fate>)>;

/// Observes what is touched, plans again, and compares.
pub(super) async fn check(
    writing: &Writing<'_>,
    case: &Case<'_>,
    planned: &Planned,
    approved: &ApprovedPlan,
    state: &OpenState,
    schedule: &Schedule,
    removals: &[Index],
) -> Checked {
    let touched = touched(case, planned, schedule, removals);
    let Writing { writer, clock, progress, stop: _ } = writing;
    let state = state.provider(&case.desired.provider);
    // I/O
    match observe_again(*writer, case, state, &planned.world, &touched, *clock, *progress).await {
        Ok(world) => {
            let again = decide(*writer, case, state, world, *clock, *progress).await; // I/O
            let found = Found::of(&again.plan);
            removals.iter().map(|index| (*index, found.judge(schedule, *index, approved))).collect()
        }
        Err(error) => {
            let fate = Fate::Failed {
                said: format!("the list of accounts could not be read again: {}", error.said),
                next: "run apply again".to_owned(),
                unknown: false,
            };
            removals.iter().map(|index| (*index, Err(fate.clone()))).collect()
        }
    }
}

/// What this run has written to, or is about to take away; and admins where it takes something away, since whether
/// that may be done depends on them.
fn touched(case: &Case<'_>, planned: &Planned, schedule: &Schedule, removals: &[Index]) -> Touched {
    let removals = removals.iter().map(|index| schedule.change(*index));
    let losing: BTreeSet<&AccountId> =
        removals.clone().flat_map(|change| change.losers.iter().map(|loser| &loser.account)).collect();
    let mut touched = super::touched(removals.chain(schedule.touched()));
    let admin = orgform_plan::admins(&planned.world, &losing, case.semantics);
    touched.people.extend(admin.into_iter().cloned());
    touched
}

/// Where the new plan has the change at an address.
struct Found<'a> {
    changes: BTreeMap<&'a Address, &'a PlannedChange>,
    held: BTreeMap<&'a Address, (&'a PlannedChange, &'a Digest, &'a str)>,
    because: BTreeMap<&'a Address, String>,
}

impl<'a> Found<'a> {
    fn of(plan: &'a Plan) -> Self {
        let held = plan.held.iter().flat_map(|group| {
            group.changes.iter().map(|change| (&change.address, (change, &group.digest, &*group.because)))
        });
        let refused =
            plan.refused.iter().map(|one| (&one.address, format!("it is refused now: {}", one.because)));
        let deferred =
            plan.deferred.iter().map(|one| (&one.address, format!("it has to wait now: {}", one.because)));
        let kept = plan
            .kept
            .iter()
            .chain(&plan.drift)
            .map(|one| (&one.address, format!("it is kept now: {}", one.because)));
        Self {
            changes: plan.changes.iter().map(|change| (&change.address, change)).collect(),
            held: held.collect(),
            because: kept.chain(deferred).chain(refused).collect(),
        }
    }

    fn judge(
        &self,
        schedule: &Schedule,
        index: Index,
        approved: &ApprovedPlan,
    ) -> Result<PlannedChange, Fate> {
        let before = schedule.change(index);
        let stale = |said: String| Err(Fate::Stale { said });
        let again = match (self.changes.get(&before.address), self.held.get(&before.address)) {
            (Some(change), _) => *change,
            (None, Some((change, digest, because))) => {
                if !approved.is_released(&before.address) || !approved.releases().contains(digest) {
                    return stale(format!("it is held now: {because}"));
                }
                *change
            }
            (None, None) => {
                let because = self.because.get(&before.address).cloned();
                return stale(because.unwrap_or_else(|| "it is not to be done any more".to_owned()));
            }
        };
        if fingerprints(again) != fingerprints(before) {
            return stale("it would have another effect now".to_owned());
        }
        let fresh = again
            .requires
            .iter()
            .find(|required| !before.requires.contains(*required) && !schedule.is_done(required));
        if let Some(required) = fresh {
            return stale(format!("it has to wait for {required} now"));
        }
        // The order was made with the old requirements.
        Ok(PlannedChange { requires: before.requires.clone(), ..again.clone() })
    }
}
