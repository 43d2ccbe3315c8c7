//! Carries an approved plan out.
//!
//! Decides nothing: what is done was approved, and the removals are judged once more by the same planner that
//! judged them first. The steps are in [`apply()`]; the loop that sends changes is in `run`.

mod bind;
mod outcome;
mod removals;
mod run;
mod schedule;
mod secrets;

use std::time::Duration;

use jiff::Timestamp;
use orgform_model::ProviderState;
use orgform_model::policy::Mode;
use orgform_model::state::Entry;
use orgform_plan::{ApprovedPlan, Left, PlannedChange, Report, Verified};
use orgform_provider::Provider;

use crate::case::Case;
use crate::clock::{Clock, earlier};
use crate::error::EngineError;
use crate::observe::Touched;
use crate::plan::Planned;
use crate::progress::{Event, Progress};
use crate::state::OpenState;
use crate::stop::Stop;

pub(crate) use outcome::done;

/// How long a loss counts against the limits.
const LOSSES_COUNT: Duration = Duration::from_secs(24 * 3600);

/// How long a consent that was carried out is remembered as spent.
const SPENT_COUNTS: Duration = Duration::from_secs(7 * 24 * 3600);

/// What carrying out needs besides the plan.
#[derive(Clone, Copy)]
pub struct Writing<'a> {
    /// The provider.
    pub writer: &'a dyn Provider,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Whom to tell.
    pub progress: &'a dyn Progress,
    /// When it is asked, nothing more starts; what runs is finished and recorded.
    pub stop: &'a Stop,
}

impl std::fmt::Debug for Writing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writing").field("stop", self.stop).finish_non_exhaustive()
    }
}

/// Carries an approved plan out. `planned` is what [`plan()`](crate::plan()) gave, and what was approved.
///
/// Each change is written to the state as an intent before it is sent, and its outcome after. The result was
/// not looked at yet: that is [`verify()`](crate::verify()).
///
/// # Errors
/// Before anything is sent: the mode is not `Apply`, the state was made with another server, a release was
/// carried out before, or the state can't be written. [`EngineError::Interrupted`] if that happens on the way.
pub async fn apply(
    writing: &Writing<'_>,
    case: &Case<'_>,
    planned: &Planned,
    approved: &ApprovedPlan,
    state: &mut OpenState,
) -> Result<Report, EngineError> {
    let provider = &case.desired.provider;
    check_mode(case)?;
    case.check_server(state.provider(provider))?;
    check_unspent(approved, state.provider(provider))?;
    let bookkeeping = bookkeeping(case, planned, approved, state.provider(provider), writing.clock.now());
    state.record(provider, bookkeeping).await?; // I/O

    writing.progress.on(Event::Applying { changes: approved.plan().changes.len() });
    let ran = run::run(writing, case, planned, approved, state).await; // I/O

    let report = Report {
        provider: provider.clone(),
        outcomes: ran.outcomes,
        extra: approved.extra.clone(),
        already: approved.already,
        adopted: approved.plan().adopted.len(),
        forgotten: approved.plan().forgotten.len(),
        mails: ran.mails,
        verified: Verified::NotChecked { because: "nobody looked yet".to_owned() },
        left: Left::by(approved.plan()),
    };
    match ran.broken {
        None => Ok(report),
        Some(source) => Err(EngineError::Interrupted { report: Box::new(report), source }),
    }
}

/// What the changes of a plan are about, as far as it exists.
pub(crate) fn touched_by(planned: &Planned) -> Touched {
    let held = planned.plan.held.iter().flat_map(|group| &group.changes);
    touched(planned.plan.changes.iter().chain(held))
}

/// The accounts that changes are about or take something away in, and the people.
fn touched<'c>(changes: impl IntoIterator<Item = &'c PlannedChange>) -> Touched {
    let mut touched = Touched::default();
    for change in changes {
        let losing = change.losers.iter().map(|loser| &loser.account);
        touched.accounts.extend(bind::account_of(&change.change.action).into_iter().chain(losing).cloned());
        touched.people.extend(bind::person_of(&change.change.action).cloned());
    }
    touched
}

fn check_mode(case: &Case<'_>) -> Result<(), EngineError> {
    match case.desired.policy.mode {
        Mode::Apply => Ok(()),
        mode @ (Mode::Observe | Mode::Plan) => {
            Err(EngineError::Mode { provider: case.desired.provider.clone(), mode })
        }
    }
}

fn check_unspent(approved: &ApprovedPlan, state: Option<&ProviderState>) -> Result<(), EngineError> {
    let Some(state) = state else { return Ok(()) };
    for digest in approved.releases() {
        if let Some(at) = state.spent.get(digest.as_str()) {
            return Err(EngineError::Spent { digest: digest.as_str().to_owned(), at: *at });
        }
    }
    Ok(())
}

/// What is remembered without any call: what was found out, taken over and let go of.
fn bookkeeping(
    case: &Case<'_>,
    planned: &Planned,
    approved: &ApprovedPlan,
    state: Option<&ProviderState>,
    now: Timestamp,
) -> Vec<Entry> {
    let plan = approved.plan();
    let (losses_before, spent_before) = (earlier(now, LOSSES_COUNT), earlier(now, SPENT_COUNTS));
    let is_new = state.is_none_or(|state| state.connection.is_none());
    let is_old = state.is_some_and(|state| {
        state.losses.iter().any(|loss| loss.at < losses_before)
            || state.spent.values().any(|at| *at < spent_before)
    });
    let connected = is_new.then(|| Entry::Connected { connection: case.connection.to_owned() });
    let expire = is_old.then_some(Entry::Expire { losses_before, spent_before });
    connected
        .into_iter()
        .chain(expire)
        .chain(planned.found_out.iter().cloned())
        .chain(plan.adopted.iter().flat_map(|one| one.entries.iter().cloned()))
        .chain(plan.forgotten.iter().flat_map(|one| one.entries.iter().cloned()))
        .chain(plan.remember.iter().cloned())
        .collect()
}
