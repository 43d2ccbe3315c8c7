//! One pass over one Provider: look, plan, agree, carry out, look again, say how it stands.
//!
//! The steps are in [`Pass::run`]. Everything that is decided is decided by the same functions as for files; here is
//! what a cluster adds: finalizers, annotations, conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgform_engine::state::Holder;
use orgform_engine::{Case, Clock, Earlier, EngineError, OpenState, Planned, Silent, SystemClock, Writing};
use orgform_model::desired::Subject;
use orgform_model::invite::MailOutcome;
use orgform_model::policy::{Approval, Mode};
use orgform_model::state::Entry;
use orgform_model::{Address, Desired, ObjectKind, ObjectRef, ProviderState};
use orgform_plan::{ApprovedPlan, Consent, Digest, NotApproved, Plan, Report, Requests, Verified};
use orgform_spec::crd::{Offer, condition};

use crate::annotations::{self, Releases};
use crate::board::to_value;
use crate::calling::{Line, NoLine};
use crate::conditions::{Stand, Standing};
use crate::declared::{Declared, One, declared};
use crate::elsewhere;
use crate::finalizers;
use crate::keys::Secrets;
use crate::memory::{self, Memory};
use crate::object::Object;
use crate::operator::Operator;
use crate::owners::{letting_go, object_of, owners};
use crate::picture::{self, Known};
use crate::tenants;

mod asked;
mod consent;
mod facts;
mod letting_go;
mod say;
mod seats;
mod waits;
mod wrote;

/// How long to wait for an older Provider to say which account it speaks for.
const OTHERS: Duration = Duration::from_secs(2);

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All is as it should be, or waits for somebody. The next pass at the latest in this time.
    Well(Option<Duration>),
    /// Something failed that may come by itself.
    Failed,
    /// The Provider is gone.
    Gone,
}

/// One pass.
pub(crate) struct Pass<'a> {
    operator: &'a Operator,
    object: Arc<Object>,
    objects: Vec<Arc<Object>>,
    declared: Declared,
    memory: Memory,
}

/// What was done at the provider.
struct Done {
    planned: Planned,
    report: Option<Report>,
    released: usize,
    kept: usize,
}

/// Makes a pass over one Provider.
pub(crate) async fn pass(operator: &Operator, provider: &ObjectRef) -> Ended {
    let Some(object) = operator.cluster.get(provider) else {
        operator.forget(provider);
        operator.metrics.gone(provider);
        // What it said of objects is for the others to say now.
        provider.namespace.iter().for_each(|namespace| operator.cluster.touch(namespace.clone(), false));
        return Ended::Gone;
    };
    let objects = operator.cluster.matters_to(&object.namespace());
    let mut declared = declared(&object.namespace(), &objects);
    let watched = &operator.namespaces;
    let unwatched: Vec<String> = tenants::open_to(&object.namespace(), &objects)
        .into_iter()
        .filter(|namespace| !watched.is_empty() && !watched.contains(namespace))
        .collect();
    let blind = operator.watches.blind();
    let because = match (&unwatched[..], &blind[..]) {
        ([], []) => None,
        ([], _) => {
            Some(format!("the watch of {} fails, so there may be more than we know", blind.join(", ")))
        }
        _ => Some(format!("{} may declare something here and is not watched", unwatched.join(", "))),
    };
    if let Some(because) = because {
        for one in &mut declared.providers {
            Arc::make_mut(&mut one.desired).subject =
                Subject::Some { objects: one.objects(), because: because.clone(), gap: true };
        }
    }
    let memory = operator.memory(&object);
    match (Pass { operator, object, objects, declared, memory }.run().await) {
        // As soon as all is known again.
        Ended::Well(_) if !blind.is_empty() => Ended::Failed,
        ended => ended,
    }
}

impl Pass<'_> {
    async fn run(&self) -> Ended {
        self.operator.metrics.invalid(&self.object.key, self.errors().len());
        if let Err(error) = self.forget_vanished().await {
            return self
                .failed("Memory", &format!("What was let go of by hand could not be written down: {error}."))
                .await;
        }
        let by_hand = self.done_with().into_iter().filter(|object| annotations::is_let_go(object)).collect();
        if self.let_go(by_hand).await.is_err() {
            return Ended::Failed;
        }
        if annotations::is_paused(&self.object) {
            if self.tell_paused().await.is_err() {
                return Ended::Failed;
            }
            let deleted = if self.object.dying { "Deleted, and paused" } else { "Paused" };
            let said = format!(
                "{deleted}: nothing is looked at or written. To go on: `{}`.",
                annotations::command(&self.object, "paused-")
            );
            return self.tell(Standing::new(Stand::Stalled, "Paused", said), None).await;
        }
        if self.object.dying && annotations::is_let_go(&self.object) {
            return self.let_everything_go().await;
        }
        let label = self.object.label();
        let Some(one) =
            self.declared.providers.iter().find(|one| *one.settings.name.as_str() == *self.object.key.name)
        else {
            let said = self.declared.errors_of(&label);
            let said = said.unwrap_or_else(|| "This Provider can't be used.".to_owned());
            return self.tell(Standing::new(Stand::Stalled, "Invalid", said), None).await;
        };
        if self.object.dying && self.is_done_with(one) {
            let let_go = finalizers::let_go(&self.operator.cluster, vec![self.object.clone()]).await; // I/O
            return if let_go.is_ok() { Ended::Well(None) } else { Ended::Failed };
        }
        let lines = &self.operator.lines;
        let client = &self.operator.cluster.client;
        let line = match lines.line(client, &self.object.key, &one.settings, one.provider).await {
            Ok(line) => line,
            Err(none) => return self.without_a_line(one, &none).await,
        };
        match self.work(one, &line).await {
            Ok(ended) => ended,
            Err(error) => self.failed_with(one, &error).await,
        }
    }

    async fn work(&self, one: &One, line: &Line) -> Result<Ended, EngineError> {
        let operator = self.operator;
        let before = self.memory.state();
        let requests = self.requests(one, before.as_ref());
        let secrets = Secrets::new(&operator.cluster.client, &self.object.namespace());
        let case = Case {
            desired: &one.desired,
            base: None,
            semantics: one.provider.semantics,
            capabilities: one.provider.capabilities,
            requests: &requests,
            connection: &line.label,
            secrets: &secrets,
        };
        let stop = &operator.leadership.stop;
        orgform_engine::wait_until_visible(&case, before.as_ref(), &SystemClock, &Silent, stop).await; // I/O
        let writer = line.writer.as_ref();
        let max_age = one.desired.policy.max_age;
        let earlier = operator.sights.take(&self.object, &line.writer, max_age, SystemClock.now());
        let planned = match &earlier {
            Some(earlier) => {
                orgform_engine::plan_again(writer, &case, before.as_ref(), earlier, &SystemClock, &Silent)
                    .await? // I/O
            }
            None => orgform_engine::plan(writer, &case, before.as_ref(), &SystemClock, &Silent).await?, // I/O
        };
        // Whole pictures of the organization, which nobody needs any more.
        drop((before, earlier));
        let mut reads = planned.plan.seen.calls;
        let root = root_of(&planned);
        match operator.roots.take(&self.object, &line.label, root.as_deref(), &operator.cluster.providers()) {
            Taken::Ours => {}
            Taken::NotYet => return Ok(Ended::Well(Some(OTHERS))),
            Taken::By(older) => {
                // Whose Providers another namespace has is not told.
                let near = older.namespace == self.object.key.namespace;
                let older =
                    if near { format!("The Provider {}", older.name) } else { "Another Provider".to_owned() };
                let said = format!(
                    "{older}, which is older, speaks for the same account of the same server. This one writes nothing; \
                     delete one of the two."
                );
                let let_go = self.let_go(self.done_with()).await; // I/O
                let name = &self.object.key.name;
                let of_objects = format!(
                    "The Provider {name} is in conflict with an older one, so nothing is done; its status says what to do."
                );
                let told = self.tell_declared(one, "Conflict", &of_objects).await; // I/O
                let said = match self.object.dying {
                    true => format!("{} {said}", self.waits_for(one)),
                    false => said,
                };
                let ended = self.tell(Standing::new(Stand::Stalled, "Conflict", said), None).await; // I/O
                return Ok(if told.and(let_go).is_ok() { ended } else { Ended::Failed });
            }
        }
        if one.desired.policy.mode == Mode::Observe || one.desired.policy.mode == Mode::Plan {
            operator.metrics.planned(&self.object.key, &planned.plan, planned.at);
            let done = Done { planned, report: None, released: 0, kept: 0 };
            return Ok(self.end(one, line, root, done, vec![]).await);
        }
        if let Err(error) = self.keep_objects(one).await {
            let said =
                format!("Finalizers could not be set, so nothing is written at the provider: {error}.");
            return Ok(self.failed("ApiServer", &said).await);
        }
        let mut state = OpenState::open(
            self.memory.store(),
            &memory::root(),
            &Holder::new("orgform"),
            Arc::new(SystemClock),
        )
        .await?;
        let releases = annotations::releases(&self.object);
        let kept = self.keep(one, &planned.plan, &releases, &mut state).await?; // I/O
        let planned = match kept {
            0 => planned,
            _ => {
                let state = state.provider(&one.settings.name);
                orgform_engine::plan_by(writer, &case, state, &planned.world, &SystemClock, &Silent).await
            }
        };
        let offers = self.offers(one, &planned.plan);
        let approved = match self.approve(one, &planned.plan, &releases, &offers) {
            Ok(approved) => approved,
            Err(error) => return Ok(self.failed("NotApproved", &format!("{error}.")).await),
        };
        let released = approved.releases().len();
        let writing = Writing { writer, clock: &SystemClock, progress: &Silent, stop };
        let carried = orgform_engine::apply(&writing, &case, &planned, &approved, &mut state).await; // I/O
        let mut report = match carried {
            Ok(report) => report,
            Err(error) => {
                // What was begun is settled by the next pass.
                let _ = state.close().await;
                return Err(error);
            }
        };
        operator.metrics.applied(&self.object.key, &report);
        self.tell_of(&report).await; // I/O
        // What was asked for is done, or has failed and is said so.
        let nothing = Requests::default();
        let case = Case { requests: &nothing, ..case };
        let wrote = !report.outcomes.is_empty();
        let mut seen = None;
        if wrote && !stop.is_asked() {
            let (clock, silent) = (&SystemClock, &Silent);
            let shown =
                orgform_engine::verify_and_show(writer, &case, &planned, report, &mut state, clock, silent);
            (report, seen) = shown.await?; // I/O
            reads += seen.as_ref().map_or(0, |seen| seen.calls);
        }
        // What the objects' status says is what there is now.
        let remembers = !planned.plan.adopted.is_empty() || !planned.plan.forgotten.is_empty();
        let known = state.provider(&one.settings.name);
        let (clock, silent) = (&SystemClock, &Silent);
        let mut planned = match seen {
            _ if stop.is_asked() => planned,
            Some(seen) => orgform_engine::plan_by(writer, &case, known, &seen, clock, silent).await,
            None if wrote => orgform_engine::plan(writer, &case, known, clock, silent).await?, // I/O
            None if remembers => {
                let seen = &planned.world;
                orgform_engine::plan_by(writer, &case, known, seen, clock, silent).await
            }
            None => planned,
        };
        if wrote || remembers {
            reads += planned.plan.seen.calls;
        }
        planned.plan.seen.calls = reads;
        state.close().await?;
        operator.metrics.planned(&self.object.key, &planned.plan, planned.at);
        let done = Done { planned, report: wrote.then_some(report), released, kept };
        Ok(self.end(one, line, root, done, offers).await)
    }

    /// The last steps of a pass that saw the provider: objects that are done with go, and everybody is told.
    async fn end(
        &self,
        one: &One,
        line: &Line,
        root: Option<String>,
        done: Done,
        offers: Vec<Offer>,
    ) -> Ended {
        let let_go = self.let_go(self.done_with()).await; // I/O
        let next = next(&done.planned.plan, &one.desired, done.planned.at);
        let failed =
            done.report.as_ref().is_some_and(|report| !report.is_complete() && report.extra.is_empty());
        let differs = done.report.as_ref().is_some_and(|report| {
            matches!(report.verified, Verified::Differs { .. }) && !done.planned.plan.is_empty()
        });
        let told = self.tell_all(one, line, root, &done, offers).await; // I/O
        if let Err(error) = told.and(let_go) {
            tracing::warn!(provider = %self.object.key, "the API server did not take everything");
            tracing::debug!(provider = %self.object.key, %error, "the API server did not take everything");
            return Ended::Failed;
        }
        let unseen = !done.planned.plan.unseen.is_empty();
        if failed || differs || unseen {
            return Ended::Failed;
        }
        let earlier = Earlier { world: done.planned.world, desired: one.desired.clone() };
        self.operator.sights.put(self.object.clone(), line.writer.clone(), earlier);
        Ended::Well(next)
    }

    /// Without a connection nothing is known; what is not ours as far as we know still goes.
    async fn without_a_line(&self, one: &One, none: &NoLine) -> Ended {
        let NoLine { reason, said } = none;
        // Where something of this fails too, that is tried again with the rest.
        let _ = self.let_go(self.done_with()).await; // I/O
        let of_objects = format!("{said} Until then nothing is done.");
        let keep = match self.object.dying {
            true => format!(
                " The Provider is deleted too: to let all of it go, while everybody stays at the provider: `{}`.",
                annotations::keep_command(&self.object.key)
            ),
            false => String::new(),
        };
        let said = format!(
            "{said} Until then no deleted object goes, since nobody can tell what is left of it at the provider.{keep}"
        );
        let _ = self.tell_declared(one, reason, &of_objects).await; // I/O
        self.tell(Standing::new(Stand::Stalled, reason, said), None).await; // I/O
        Ended::Failed
    }

    async fn record(&self, entries: Vec<Entry>) -> Result<(), EngineError> {
        if entries.is_empty() {
            return Ok(());
        }
        let name = self.object.key.name.as_ref().into();
        let holder = Holder::new("orgform");
        let mut state =
            OpenState::open(self.memory.store(), &memory::root(), &holder, Arc::new(SystemClock)).await?;
        state.record(&name, entries).await?; // I/O
        state.close().await?;
        Ok(())
    }

    fn is_dying(&self, key: &ObjectRef) -> bool {
        self.objects.iter().any(|object| object.key == *key && object.dying)
    }
}

/// Who may speak for an account of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// This Provider.
    Ours,
    /// An older Provider of the same server has not said yet which account it speaks for.
    NotYet,
    /// This older Provider.
    By(ObjectRef),
}

/// The provider's id of the topmost account, if there is one.
fn root_of(planned: &Planned) -> Option<String> {
    let accounts = &planned.world.directory.accounts;
    let mut tops = accounts
        .iter()
        .filter(|(_, account)| account.parent.as_ref().is_none_or(|parent| !accounts.contains_key(parent)));
    tops.next().map(|(id, _)| id.to_string())
}

/// The next instant at which time alone changes what is to do.
fn next(plan: &Plan, desired: &Desired, now: Timestamp) -> Option<Duration> {
    let grants =
        desired.all_memberships().flat_map(|(_, _, one)| one.grants.values().filter_map(|ends| *ends));
    let until = plan.deferred.iter().filter_map(|one| one.until);
    let next = grants.chain(until).filter(|at| *at > now).min()?;
    // A little later: at that very instant it is not over yet.
    Some(age(now, next) + Duration::from_millis(200))
}

/// How long from one time to a later one.
fn age(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
