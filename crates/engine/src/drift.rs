//! Looks for what changed behind us, and asks the audit log who did it. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use jiff::Timestamp;
use orgform_model::history::History;
use orgform_model::world::PersonSeen;
use orgform_model::{AccountId, Email, PersonId, ProviderState, Scope};
use orgform_plan::drift::{Drift, Log, Logs, actors, attribute};
use orgform_provider::Observe;

use crate::case::Case;
use crate::clock::Clock;
use crate::error::EngineError;
use crate::observe::look_into;
use crate::plan::{Planned, input, plan, settled};
use crate::progress::{Event, Progress};

/// Looks, plans, and says what drifted; the log of each account where something did is asked back to `since`.
///
/// # Errors
/// As of [`plan()`]. A log that can't be read explains nothing, and that is told.
pub async fn drift(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    since: Timestamp,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<(Planned, Drift), EngineError> {
    let mut planned = plan(observer, case, state, clock, progress).await?; // I/O
    let settled = settled(state, &planned.found_out);
    let drift = orgform_plan::drift::drift(
        &input(case, settled.as_deref(), &planned.world, planned.at),
        &planned.plan,
    );
    if !case.capabilities.audit_log {
        let drift = attribute(drift, Logs::None(case.semantics.title), &BTreeMap::new());
        return Ok((planned, drift));
    }
    let by_account = read_logs(observer, case, drift.logs(), since, progress).await; // I/O
    let logs = Logs::Read { by_account: &by_account, since };
    let strangers = strangers(actors(&drift, logs), &planned, settled.as_deref());
    let before = planned.world.calls;
    look_into(observer, case, strangers, &mut planned.world, None, progress).await; // I/O
    let mut drift = attribute(drift, logs, &emails(&planned, settled.as_deref()));
    drift.log_calls += planned.world.calls - before;
    Ok((planned, drift))
}

async fn read_logs(
    observer: &dyn Observe,
    case: &Case<'_>,
    accounts: BTreeSet<AccountId>,
    since: Timestamp,
    progress: &dyn Progress,
) -> BTreeMap<AccountId, Log> {
    if accounts.is_empty() {
        return BTreeMap::new();
    }
    progress.on(Event::ReadingLogs { accounts: accounts.len() });
    let reads = futures::stream::iter(accounts)
        .map(|account| async move {
            let log = observer.history(&account, since).await;
            let log: Result<History, String> = log.map_err(|error| error.to_string());
            (account, log)
        })
        .buffer_unordered(case.capabilities.rate.concurrency.max(1));
    reads.collect().await
}

/// People who did something, and whose e-mail nobody knows yet.
fn strangers(
    actors: BTreeSet<PersonId>,
    planned: &Planned,
    state: Option<&ProviderState>,
) -> BTreeSet<Scope> {
    let known = emails(planned, state);
    let seen = &planned.world.people;
    let unknown = actors.into_iter().filter(|id| !known.contains_key(id) && !seen.contains_key(id));
    unknown.map(Scope::Person).collect()
}

/// E-mails of people, as far as they are known: just seen, listed, or remembered.
fn emails(planned: &Planned, state: Option<&ProviderState>) -> BTreeMap<PersonId, Email> {
    let remembered = state.into_iter().flat_map(|state| &state.people);
    let remembered = remembered.filter_map(|(id, known)| Some((id.clone(), known.email.clone()?)));
    let contents = planned.world.contents.values().flatten();
    let listed = contents.flat_map(|content| &content.members);
    let listed = listed.filter_map(|(id, member)| Some((id.clone(), member.email.clone()?)));
    let seen = planned.world.people.iter().filter_map(|(id, seen)| match seen {
        PersonSeen::Email(email) => Some((id.clone(), email.clone())),
        PersonSeen::Unreadable { .. } | PersonSeen::NotRead { .. } | PersonSeen::Gone => None,
    });
    remembered.chain(listed).chain(seen).collect()
}
