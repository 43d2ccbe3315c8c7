//! Looks at everything once more after an offboarding, and compares. Changes nothing.

use std::collections::BTreeSet;

use orgform_model::{Email, ProviderState};
use orgform_plan::Report;
use orgform_plan::evidence::Evidence;
use orgform_provider::{Observe, ProviderError};

use crate::case::Case;
use crate::clock::Clock;
use crate::observe::observe;
use crate::plan::{Planned, input};
use crate::progress::{Event, Progress};

/// Looks at every account anew, not only at those that were touched, and says where people were and are.
///
/// # Errors
/// When the list of accounts can't be read: then nothing is proved.
pub async fn evidence(
    observer: &dyn Observe,
    case: &Case<'_>,
    people: &BTreeSet<Email>,
    before: &Planned,
    report: &Report,
    state: Option<&ProviderState>,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Evidence, ProviderError> {
    progress.on(Event::Verifying);
    let mut world = observe(observer, case, state, clock, progress).await?; // I/O
    orgform_plan::recall(&mut world, state, case.semantics);
    let was = input(case, state, &before.world, before.at);
    let is = input(case, state, &world, clock.now());
    Ok(orgform_plan::evidence::evidence(people, &was, &before.plan, report, &is))
}
