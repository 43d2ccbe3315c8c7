//! The loop that sends changes: take what may start, write the intents, send, write the outcomes.
//!
//! One record holds the outcomes of what has finished and the intents of what starts next, so a change costs
//! about one write of the state. Records and calls overlap; a change is never sent before its intent is durable.

use std::collections::VecDeque;
use std::pin::pin;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use orgform_model::change::{Action, Change};
use orgform_model::state::{Entry, Intent, Loss, Remember};
use orgform_plan::{ApprovedPlan, Bindings, Digest, Fate, Outcome, PlannedChange};
use orgform_provider::Provider;

use super::outcome::{Meaning, meaning};
use super::schedule::{Index, Schedule};
use super::secrets::Answer;
use super::{Writing, bind, removals, secrets};
use crate::case::Case;
use crate::clock::{later, until};
use crate::plan::Planned;
use crate::progress::Event;
use crate::secrets::SecretSink;
use crate::state::{OpenState, StateError};

/// What became of everything.
pub(super) struct Ran {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) mails: u32,
    /// Why the state could not be written any more, if so.
    pub(super) broken: Option<StateError>,
}

/// Carries out what was approved.
pub(super) async fn run(
    writing: &Writing<'_>,
    case: &Case<'_>,
    planned: &Planned,
    approved: &ApprovedPlan,
    state: &mut OpenState,
) -> Ran {
    let mut run = Run {
        writing,
        case,
        planned,
        approved,
        schedule: Schedule::new(&approved.plan().changes),
        bindings: Bindings::default(),
        queue: VecDeque::new(),
        unrecorded: Vec::new(),
        spent: Vec::new(),
        mails: 0,
        last_write: None,
        broken: None,
    };
    run.go(state).await;
    let mut outcomes = run.schedule.into_outcomes();
    outcomes.sort_by(|a, b| a.address.cmp(&b.address));
    Ran { outcomes, mails: run.mails, broken: run.broken }
}

struct Run<'a> {
    writing: &'a Writing<'a>,
    case: &'a Case<'a>,
    planned: &'a Planned,
    approved: &'a ApprovedPlan,
    schedule: Schedule,
    bindings: Bindings,
    /// Calls whose intents are durable and that are not sent yet.
    queue: VecDeque<Call>,
    /// Outcomes that are not durable yet.
    unrecorded: Vec<Entry>,
    /// Releases that are remembered as spent.
    spent: Vec<Digest>,
    mails: u32,
    last_write: Option<Timestamp>,
    broken: Option<StateError>,
}

/// Changes that share a call.
type Call = Vec<(Index, Intent)>;

/// A call and its answers.
type Answered = (Call, Vec<Answer>);

impl Run<'_> {
    async fn go(&mut self, state: &mut OpenState) {
        let writer = self.writing.writer;
        let at_once = self.case.capabilities.rate.concurrency.max(1);
        let mut running = FuturesUnordered::new();
        let mut answered: Vec<Answered> = Vec::new();
        loop {
            self.heed_stop();
            let free = at_once.saturating_sub(running.len());
            let next = if self.queue.is_empty() && free > 0 {
                self.take_next(free.max(state.together()))
            } else {
                Vec::new()
            };
            if self.is_time_to_record(&next, running.is_empty(), state.together()) {
                let record = self.record(state, next);
                finish_meanwhile(record, &mut running, &mut answered).await; // I/O
                self.heed_stop();
            }
            if !self.queue.is_empty() && !state.has_lease() {
                let renewal = self.renew(state);
                finish_meanwhile(renewal, &mut running, &mut answered).await; // I/O
                self.heed_stop();
            }
            while running.len() < at_once
                && let Some(call) = self.queue.pop_front()
            {
                self.tell_started(&call);
                running.push(send(writer, self.case.secrets, call)); // I/O
            }
            if answered.is_empty() {
                match running.next().await {
                    Some(first) => answered.push(first),
                    None if self.schedule.has_ready() || !self.unrecorded.is_empty() => continue,
                    None if self.check_removals(state).await => continue, // I/O
                    None => break,
                }
            }
            while let Some(Some(more)) = running.next().now_or_never() {
                answered.push(more);
            }
            for (call, answers) in answered.drain(..) {
                self.take_in(call, &answers);
            }
        }
    }

    /// After a wish to stop, or a state that can't be written, nothing starts any more.
    fn heed_stop(&mut self) {
        if !self.writing.stop.is_asked() && self.broken.is_none() {
            return;
        }
        for (index, intent) in self.queue.drain(..).flatten() {
            self.schedule.end(index, Fate::Stopped);
            self.unrecorded.push(Entry::Settled { address: intent.change.address });
        }
        if self.broken.is_some() {
            self.unrecorded.clear();
        }
        self.schedule.stop_waiting();
    }

    /// Binds what may start now.
    fn take_next(&mut self, limit: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        let batch = |action: &Action| self.case.capabilities.batch_of(action);
        for group in self.schedule.take_ready(limit, batch) {
            let mut call = Vec::new();
            for index in group {
                match self.intent(self.schedule.change(index)) {
                    Some(intent) => call.push((index, intent)),
                    None => self.end(
                        index,
                        Fate::Failed {
                            said: "something that it names was not made".to_owned(),
                            next: "run apply again".to_owned(),
                            unknown: false,
                        },
                    ),
                }
            }
            if !call.is_empty() {
                calls.push(call);
            }
        }
        calls
    }

    fn intent(&self, planned: &PlannedChange) -> Option<Intent> {
        let at = self.writing.clock.now();
        let released = self.approved.is_released(&planned.address);
        let losses = planned.losers.iter().map(|loser| Loss {
            at,
            account: loser.account.clone(),
            person: loser.person.clone(),
            consented: released || loser.foreseen,
        });
        let record = planned.record.bind(&self.bindings)?;
        let change = bind::bind(&planned.change, &self.bindings)?;
        Some(Intent { at, change, then: Remember { record, losses: losses.collect() } })
    }

    /// Where a record is a round trip, outcomes wait for the next intents, or for the last call.
    fn is_time_to_record(&self, next: &[Call], idle: bool, together: usize) -> bool {
        let idle = idle && self.queue.is_empty();
        !next.is_empty() || (!self.unrecorded.is_empty() && (idle || together == 1))
    }

    async fn record(&mut self, state: &mut OpenState, next: Vec<Call>) {
        let intents = next.iter().flatten().map(|(_, intent)| Entry::Intend {
            address: intent.change.address.clone(),
            intent: Box::new(intent.clone()),
        });
        let entries = self.unrecorded.drain(..).chain(intents).collect();
        match state.record(&self.case.desired.provider, entries).await {
            Ok(()) => self.queue.extend(next),
            Err(error) => {
                self.broken = Some(error);
                for (index, _) in next.into_iter().flatten() {
                    self.schedule.end(index, Fate::Stopped);
                }
            }
        }
    }

    /// Calls whose intents are durable may have waited for longer than the lease lasts.
    async fn renew(&mut self, state: &mut OpenState) {
        if let Err(error) = state.keep_lease().await {
            self.broken = Some(error);
        }
    }

    fn tell_started(&self, call: &Call) {
        for (index, _) in call {
            let PlannedChange { address, title, kind, .. } = self.schedule.change(*index);
            self.writing.progress.on(Event::Started { address, title, kind: *kind });
        }
    }

    fn take_in(&mut self, call: Call, answers: &[Answer]) {
        self.last_write = Some(self.writing.clock.now());
        for (place, (index, intent)) in call.into_iter().enumerate() {
            let answer = answers.get(place).unwrap_or(&Answer::Missing);
            let Meaning { fate, entries, mails } = meaning(self.schedule.change(index), &intent, answer);
            if let (true, Answer::Given(Ok(applied))) = (fate.is_done(), answer) {
                bind::remember(&mut self.bindings, &intent.change, applied);
            }
            if fate.is_done() {
                self.spend(&intent.change);
            }
            self.mails += mails;
            self.unrecorded.extend(entries);
            self.end(index, fate);
        }
    }

    /// A release is spent by the first of its changes that is carried out.
    fn spend(&mut self, change: &Change) {
        let at = self.writing.clock.now();
        let groups = self.planned.plan.held.iter().filter(|group| {
            self.approved.releases().contains(&group.digest)
                && group.changes.iter().any(|one| one.address == change.address)
        });
        for group in groups {
            if !self.spent.contains(&group.digest) {
                self.spent.push(group.digest.clone());
                self.unrecorded.push(Entry::Spent { digest: group.digest.as_str().to_owned(), at });
            }
        }
    }

    fn end(&mut self, index: Index, fate: Fate) {
        let PlannedChange { address, title, kind, .. } = self.schedule.change(index);
        self.writing.progress.on(Event::Finished { address, title, kind: *kind, fate: &fate });
        self.schedule.end(index, fate);
    }

    /// Reads the removals again if they are next; says whether it did.
    async fn check_removals(&mut self, state: &OpenState) -> bool {
        let removals = self.schedule.removals_to_check();
        if removals.is_empty() {
            return false;
        }
        self.writing.progress.on(Event::CheckingRemovals { changes: removals.len() });
        let mut checked = self.read_again(state, &removals).await; // I/O
        // A grant that a removal counts on may not be visible yet.
        let visible = self.last_write.map(|last| later(last, self.case.capabilities.visible_within));
        let span = visible.map_or(std::time::Duration::ZERO, |at| until(self.writing.clock.now(), at));
        if !span.is_zero() && checked.iter().any(|(_, result)| result.is_err()) {
            let what_for = format!("until {} shows what was just written", self.case.desired.provider);
            self.writing.progress.on(Event::Waiting { span, what_for: &what_for });
            tokio::select! {
                () = self.writing.clock.sleep(span) => {}
                () = self.writing.stop.asked() => {}
            }
            checked = self.read_again(state, &removals).await; // I/O
        }
        self.schedule.removals_checked(checked);
        true
    }

    async fn read_again(&self, state: &OpenState, removals: &[Index]) -> removals::Checked {
        let Self { writing, case, planned, approved, schedule, .. } = self;
        removals::check(writing, case, planned, approved, state, schedule, removals).await
    }
}

async fn send(writer: &dyn Provider, sink: &dyn SecretSink, call: Call) -> Answered {
    let changes: Vec<Change> = call.iter().map(|(_, intent)| intent.change.clone()).collect();
    let answers = secrets::send(writer, sink, &changes).await;
    (call, answers)
}

/// Waits for some work, while calls that run go on.
async fn finish_meanwhile<F: Future<Output = Answered>>(
    work: impl Future<Output = ()>,
    running: &mut FuturesUnordered<F>,
    answered: &mut Vec<Answered>,
) {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            () = &mut work => return,
            Some(one) = running.next(), if !running.is_empty() => answered.push(one),
        }
    }
}
