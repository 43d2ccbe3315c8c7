//! Looks again after applying: the next plan must have nothing to do.

use std::collections::BTreeSet;
use std::time::Duration;

use orgform_model::state::Entry;
use orgform_model::{Address, ProviderName, World};
use orgform_plan::{Fate, Plan, Report, Verified};
use orgform_provider::Observe;

use crate::apply::touched_by;
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
/// finds out of writes with an unknown outcome is remembered.
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
        let (mut plan, found_out, world) = match look(observer, case, planned, state, clock, progress).await {
            Ok(again) => (again.plan, again.found_out, again.world),
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
            let entries = found_out.chain(plan.remember.iter().cloned()).chain(forgotten).collect();
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

/// Whether something that was just carried out is not there: the plan then doubts it instead of doing it again.
fn misses_what_was_done(plan: &Plan, report: &Report) -> bool {
    let doubted =
        plan.refused.iter().map(|one| &one.address).chain(plan.drift.iter().map(|one| &one.address));
    let doubted: BTreeSet<&Address> = doubted.collect();
    report.outcomes.iter().any(|outcome| outcome.result.is_done() && doubted.contains(&outcome.address))
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
