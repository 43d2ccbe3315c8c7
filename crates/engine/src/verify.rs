//! Looks again after applying: the next plan must have nothing to do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use orgform_model::change::Applied;
use orgform_model::state::Entry;
use orgform_model::{Address, ProviderName, World};
use orgform_plan::{Fate, Held, Plan, Report, Verified};
use orgform_provider::Observe;

use crate::apply::{done, touched_by};
use crate::case::Case;
use crate::clock::{Clock, later, until};
use crate::error::EngineError;
use crate::observe::observe_again;
use crate::plan::{Planned, decide};
use crate::progress::{Event, Progress};
use crate::state::OpenState;

/// In how many looks the time is spent after which the provider must show what was written.
const LOOKS: u32 = 4;

/// Looks at what was touched, plans again, and says in the report whether anything is left to do. What it
/// finds out of writes with an unknown outcome is remembered, and those that were carried out count as done.
///
/// A provider may take a while to show what was written; it is given that while.
///
/// # Errors
/// [`EngineError::Interrupted`], with the report, if the state can't be written any more.
pub async fn verify(
    observer: &dyn Observe,
    case: &Case<'_>,
    planned: &Planned,
    report: Report,
    state: &mut OpenState,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Report, EngineError> {
    verify_and_show(observer, case, planned, report, state, clock, progress).await.map(|(report, _)| report)
}

/// As [`verify()`], and shows what was seen; nothing, if that could not be looked at.
///
/// # Errors
/// As of [`verify()`].
pub async fn verify_and_show(
    observer: &dyn Observe,
    case: &Case<'_>,
    planned: &Planned,
    mut report: Report,
    state: &mut OpenState,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<(Report, Option<World>), EngineError> {
    let provider = &case.desired.provider;
    progress.on(Event::Verifying);
    let wrote = report.outcomes.iter().any(|outcome| may_have_written(&outcome.result));
    let patience = if wrote { case.capabilities.visible_within } else { Duration::ZERO };
    let visible = later(clock.now(), patience);
    loop {
        let (mut plan, found_out, carried_out, world) =
            match look(observer, case, planned, state, clock, progress).await {
                Ok(Planned { plan, world, found_out, carried_out, at: _ }) => {
                    (plan, found_out, carried_out, world)
                }
                Err(because) => {
                    report.verified = Verified::NotChecked { because };
                    return Ok((report, None));
                }
            };
        let left = until(clock.now(), visible);
        if is_settled(&plan, &report, state) || left.is_zero() {
            // An account that was kept for what was in it can go now: no call, and nothing new to agree to.
            let forgotten = std::mem::take(&mut plan.forgotten);
            let forgotten = forgotten.into_iter().flat_map(|one| one.entries);
            let looked = is_unverified(state, provider).then_some(Entry::Verified);
            let found_out = found_out.into_iter().chain(looked);
            let late = count_as_done(&carried_out, &plan, &mut report);
            let spent = spent(planned, &late, clock.now());
            let entries =
                found_out.chain(plan.remember.iter().cloned()).chain(forgotten).chain(spent).collect();
            report.verified = verified(plan, &report);
            return match state.record(provider, entries).await {
                Ok(()) => Ok((report, Some(world))),
                Err(source) => Err(EngineError::Interrupted { report: Box::new(report), source }),
            };
        }
        let span = left.min((patience / LOOKS).max(Duration::from_millis(100)));
        let what_for = format!("until {provider} shows what was written");
        progress.on(Event::Waiting { span, what_for: &what_for });
        clock.sleep(span).await;
    }
}

async fn look(
    observer: &dyn Observe,
    case: &Case<'_>,
    planned: &Planned,
    state: &OpenState,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Planned, String> {
    let state = state.provider(&case.desired.provider);
    let touched = touched_by(planned);
    // I/O
    let world = observe_again(observer, case, state, &planned.world, &touched, clock, progress)
        .await
        .map_err(|error| error.to_string())?;
    Ok(decide(observer, case, state, world, clock, progress).await)
}

fn is_unverified(state: &OpenState, provider: &ProviderName) -> bool {
    state.provider(provider).is_some_and(|state| state.unverified.is_some())
}

/// Whether looking again later could not show more: what is left to do is not what this run wrote.
fn is_settled(plan: &Plan, report: &Report, state: &OpenState) -> bool {
    let unknown = state.provider(&plan.provider).is_some_and(|state| !state.intents.is_empty());
    let wrote = report.outcomes.iter().filter(|outcome| may_have_written(&outcome.result));
    let wrote: BTreeSet<&Address> = wrote.map(|outcome| &outcome.address).collect();
    let left = plan.changes.iter().map(|one| &one.address);
    let left = left.chain(plan.adopted.iter().map(|one| &one.address));
    let left = left.chain(plan.forgotten.iter().map(|one| &one.address));
    !unknown
        && !misses_what_was_done(plan, report)
        && left.into_iter().all(|address| !wrote.contains(address))
}

/// Changes whose answer was lost and that are there as they were to be. An API key without its secret is not.
fn count_as_done(
    carried_out: &BTreeMap<Address, Applied>,
    plan: &Plan,
    report: &mut Report,
) -> BTreeSet<Address> {
    let held = plan.held.iter().flat_map(|group| &group.changes);
    let left = plan.changes.iter().chain(held).map(|one| &one.address);
    let left: BTreeSet<&Address> = left.chain(doubted(plan)).collect();
    let mut late = BTreeSet::new();
    for outcome in &mut report.outcomes {
        if let Fate::Failed { unknown: true, .. } = outcome.result
            && let Some(applied) = carried_out.get(&outcome.address)
            && !left.contains(&outcome.address)
        {
            outcome.result = done(outcome.kind, applied);
            late.insert(outcome.address.clone());
        }
    }
    late
}

/// The releases that such changes spend: what was held is carried out only where it was released.
fn spent(planned: &Planned, late: &BTreeSet<Address>, at: Timestamp) -> impl Iterator<Item = Entry> {
    let is_late = |group: &&Held| group.changes.iter().any(|one| late.contains(&one.address));
    let groups = planned.plan.held.iter().filter(is_late);
    groups.map(move |group| Entry::Spent { digest: group.digest.as_str().to_owned(), at })
}

/// Whether something that was just carried out is not there: the plan then doubts it instead of doing it again.
fn misses_what_was_done(plan: &Plan, report: &Report) -> bool {
    let doubted: BTreeSet<&Address> = doubted(plan).collect();
    report.outcomes.iter().any(|outcome| outcome.result.is_done() && doubted.contains(&outcome.address))
}

/// What a plan refuses, or only reports.
fn doubted(plan: &Plan) -> impl Iterator<Item = &Address> {
    plan.refused.iter().map(|one| &one.address).chain(plan.drift.iter().map(|one| &one.address))
}

fn verified(plan: Plan, report: &Report) -> Verified {
    if !plan.is_empty() || misses_what_was_done(&plan, report) {
        return Verified::Differs { plan: Box::new(plan) };
    }
    match plan.unseen.first() {
        None => Verified::Converged,
        Some(unseen) => {
            let what = unseen.account.as_ref().map_or_else(|| plan.provider.to_string(), ToString::to_string);
            Verified::NotChecked { because: format!("{what} could not be looked at: {}", unseen.because) }
        }
    }
}

fn may_have_written(fate: &Fate) -> bool {
    fate.is_done() || matches!(fate, Fate::Failed { unknown: true, .. })
}
