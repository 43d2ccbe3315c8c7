//! Where a story is played: one fresh world, one state, and the engine between them.
//!
//! [`Stage::converge`] is what most steps of a story are: apply, verify, then a plan by a connection that may only
//! look must have nothing to do, and write nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::memory::InMemory;
use orgform_engine::state::{Holder, ObjectBackend};
use orgform_engine::{Case, Clock, EngineError, OpenState, Planned, Silent, Stop, Store, Writing};
use orgform_model::{AccountPath, Address, ApiKeyLabel, Email, Grant, ProviderState, RootId};
use orgform_plan::{Consent, Fate, Plan, Report, Requests, Verified, approve};
use orgform_provider::{Observe, Provider};

use super::org::Org;
use super::secrets::Secrets;
use super::sight::Sight;
use super::{Act, Fault, Subject};

/// Why a story broke off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

/// The outcome of a part of a story.
pub type Step<T = ()> = Result<T, Broken>;

/// Breaks the story off unless this is so.
macro_rules! ensure {
    ($is:expr, $($what:tt)+) => {
        if !$is {
            return Err($crate::suite::Broken(format!($($what)+)));
        }
    };
}
pub(crate) use ensure;

/// Where a story is played.
pub struct Stage {
    /// What is declared.
    pub org: Org,
    /// What somebody asked for by address.
    pub requests: Requests,
    /// Where secrets are put.
    pub secrets: Secrets,
    subject: Arc<dyn Subject>,
    reader: Arc<dyn Observe>,
    writer: Arc<dyn Provider>,
    store: Arc<dyn Store>,
    clock: Arc<WorldClock>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("org", &self.org).finish_non_exhaustive()
    }
}

/// The time in the world that the story is played in; who waits lets it pass.
struct WorldClock(Arc<dyn Subject>);

#[async_trait]
impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, span: Duration) {
        self.0.advance(span);
        tokio::task::yield_now().await;
    }
}

impl Stage {
    /// A stage for one story, with what a fresh world has already declared.
    ///
    /// # Errors
    /// When there is no place for the state.
    pub fn new(subject: Arc<dyn Subject>) -> Step<Self> {
        let store = ObjectBackend::new(Arc::new(InMemory::new()), &"".into(), "memory", &root())
            .map_err(|error| Broken(error.to_string()))?;
        Ok(Self {
            org: Org::founded(subject.clone()),
            requests: Requests::default(),
            secrets: Secrets::default(),
            reader: subject.reader(),
            writer: subject.writer(),
            store: Arc::new(store),
            clock: Arc::new(WorldClock(subject.clone())),
            subject,
        })
    }

    /// The world.
    pub fn subject(&self) -> &dyn Subject {
        self.subject.as_ref()
    }

    /// The connection for writing, for stories that skip the engine.
    pub fn writer(&self) -> &dyn Provider {
        self.writer.as_ref()
    }

    /// Lets somebody else do something.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn act(&self, act: Act<'_>) -> Step {
        self.subject.act(act).map_err(|cannot| Broken(format!("{act:?} was not possible: {cannot}")))
    }

    /// Replaces the faults in force.
    pub fn faults(&self, faults: &[Fault]) {
        self.subject.set_faults(faults);
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        self.subject.advance(span);
    }

    /// Mails that somebody got so far.
    pub fn mails_to(&self, email: &str) -> usize {
        self.subject.mails_to(&Email::new(email))
    }

    /// The address of somebody in an account.
    pub fn address(&self, account: &str, email: &str) -> Address {
        Address::member(&self.org.desired.provider, &AccountPath::from(account), &Email::new(email))
    }

    /// The address of an API key.
    pub fn key_address(&self, account: &str, name: &str) -> Address {
        let label = ApiKeyLabel::new(AccountPath::from(account), name);
        Address::api_key(&self.org.desired.provider, &label)
    }

    /// Plans, by the connection that may only look, and checks that this wrote nothing.
    ///
    /// # Errors
    /// When it can't be planned, or something was written or mailed.
    pub async fn plan(&self) -> Step<Planned> {
        let before = self.subject.traffic().writes;
        let state = self.state().await?;
        let planned = self.look(state.as_ref()).await?;
        let after = self.subject.traffic().writes;
        ensure!(before == after, "planning wrote {} times", after - before);
        Ok(planned)
    }

    async fn look(&self, state: Option<&ProviderState>) -> Step<Planned> {
        let desired = self.declared()?;
        let case = self.case(&desired);
        orgform_engine::plan(self.reader.as_ref(), &case, state, self.clock.as_ref(), &Silent)
            .await
            .map_err(broken)
    }

    /// What is remembered.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn state(&self) -> Step<Option<ProviderState>> {
        let state = orgform_engine::state::read(self.store.as_ref(), &root()).await;
        let state = state.map_err(|error| Broken(error.to_string()))?;
        Ok(state.and_then(|state| state.providers.get(&self.org.desired.provider).cloned()))
    }

    /// What the world shows now.
    ///
    /// # Errors
    /// As of [`Stage::plan`].
    pub async fn sight(&self) -> Step<Sight> {
        let state = self.state().await?;
        let planned = self.look(state.as_ref()).await?;
        Ok(Sight::new(planned.world, state, self.subject.clone()))
    }

    /// Plans and carries out all that the plan shows, then looks at the result.
    ///
    /// # Errors
    /// When that is not possible. That changes fail is told in the report.
    pub async fn apply(&self) -> Step<Report> {
        self.apply_with(&Consent::default()).await
    }

    /// The same, with releases.
    ///
    /// # Errors
    /// As of [`Stage::apply`].
    pub async fn apply_with(&self, consent: &Consent) -> Step<Report> {
        self.apply_after(consent, || Ok(())).await
    }

    /// The same, and something happens between the plan and carrying it out.
    ///
    /// # Errors
    /// As of [`Stage::apply`].
    pub async fn apply_after(&self, consent: &Consent, meanwhile: impl FnOnce() -> Step) -> Step<Report> {
        let desired = self.declared()?;
        let (case, clock) = (self.case(&desired), self.clock.as_ref());
        let stop = Stop::default();
        let holder = Holder::new("the suite");
        let mut state = OpenState::open(self.store.clone(), &root(), &holder, self.clock.clone())
            .await
            .map_err(|error| Broken(error.to_string()))?;
        let remembered = state.provider(&desired.provider).cloned();
        orgform_engine::wait_until_visible(&case, remembered.as_ref(), clock, &Silent, &stop).await;
        let planned = orgform_engine::plan(self.writer.as_ref(), &case, remembered.as_ref(), clock, &Silent)
            .await
            .map_err(broken)?;
        let approved = approve(planned.plan.clone(), consent).map_err(|error| Broken(error.to_string()))?;
        meanwhile()?;
        let writing = Writing { writer: self.writer.as_ref(), clock, progress: &Silent, stop: &stop };
        let report =
            orgform_engine::apply(&writing, &case, &planned, &approved, &mut state).await.map_err(broken)?;
        let report =
            orgform_engine::verify(self.writer.as_ref(), &case, &planned, report, &mut state, clock, &Silent)
                .await
                .map_err(broken)?;
        state.close().await.map_err(|error| Broken(error.to_string()))?;
        Ok(report)
    }

    /// Carries out what is to do, all of it, and checks that nothing is left to do.
    ///
    /// # Errors
    /// When a change failed, something is left, or looking at it wrote.
    pub async fn converge(&self) -> Step {
        self.converge_and_tell().await.map(drop)
    }

    /// The same, and tells what was done.
    ///
    /// # Errors
    /// As of [`Stage::converge`].
    pub async fn converge_and_tell(&self) -> Step<Report> {
        let report = self.apply().await?;
        all_done(&report)?;
        nothing_to_do(&self.plan().await?.plan)?;
        Ok(report)
    }

    /// Checks that there is nothing to do, and that a second apply does nothing.
    ///
    /// # Errors
    /// When there is, or it does.
    pub async fn is_converged(&self) -> Step<Plan> {
        let plan = self.plan().await?.plan;
        nothing_to_do(&plan)?;
        let before = self.subject.traffic().writes;
        let report = self.apply().await?;
        all_done(&report)?;
        let after = self.subject.traffic().writes;
        ensure!(before == after, "a second apply wrote {} times", after - before);
        ensure!(report.mails == 0, "a second apply says that it sent {} mails", report.mails);
        Ok(plan)
    }

    /// The names that people see of grants.
    pub fn titles(&self, grants: &[Grant]) -> Vec<String> {
        grants.iter().map(|grant| self.org.title(grant)).collect()
    }

    /// Checks what somebody holds, as people see it; no grants stand for no membership.
    ///
    /// # Errors
    /// When it is something else.
    pub async fn holds(&self, account: &str, email: &str, grants: &[Grant]) -> Step {
        let titles: BTreeSet<String> = self.titles(grants).into_iter().collect();
        let found = self.sight().await?.holds(account, email);
        let is = match &found {
            None => titles.is_empty(),
            Some(found) => *found == titles,
        };
        ensure!(is, "{email} holds {found:?} in {account}, not {titles:?}");
        Ok(())
    }

    fn declared(&self) -> Step<orgform_model::Desired> {
        let desired = self.org.declared();
        let findings = self.subject.audit(&desired);
        let errors = findings.iter().find(|finding| finding.severity == orgform_model::Severity::Error);
        ensure!(errors.is_none(), "the audit has something against the story: {errors:?}");
        Ok(desired)
    }

    fn case<'a>(&'a self, desired: &'a orgform_model::Desired) -> Case<'a> {
        Case {
            desired,
            base: None,
            semantics: self.subject.semantics(),
            capabilities: self.subject.capabilities(),
            requests: &self.requests,
            connection: "the suite's world",
            secrets: &self.secrets,
        }
    }
}

fn root() -> RootId {
    RootId::from("root-of-the-suite")
}

fn broken(error: EngineError) -> Broken {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Broken(text)
}

/// Checks that every change was carried out and that a last look showed what is declared.
///
/// # Errors
/// When not, with what failed.
pub fn all_done(report: &Report) -> Step {
    for outcome in &report.outcomes {
        ensure!(
            outcome.result.is_done(),
            "{} of {}: {:?}",
            lower(outcome.kind),
            outcome.address,
            outcome.result
        );
    }
    match &report.verified {
        Verified::Converged => Ok(()),
        Verified::Differs { plan } => {
            Err(Broken(format!("right after, there is more to do: {}", told(plan))))
        }
        Verified::NotChecked { because } => Err(Broken(format!("it was not verified: {because}"))),
    }
}

/// Checks that a plan has nothing to do, and that nothing is wrong; waiting and keeping are fine.
///
/// # Errors
/// When not, with what there is.
pub fn nothing_to_do(plan: &Plan) -> Step {
    let Plan { refused, held, deferred, unseen, drift, renamed, .. } = plan;
    let right = refused.is_empty()
        && held.is_empty()
        && deferred.is_empty()
        && unseen.is_empty()
        && drift.is_empty()
        && renamed.is_empty();
    ensure!(plan.is_empty() && right, "there is something to do: {}", told(plan));
    Ok(())
}

/// The fate of the change at an address.
///
/// # Errors
/// When there was no such change.
pub fn fate<'r>(report: &'r Report, address: &Address) -> Step<&'r Fate> {
    let found = report.outcomes.iter().find(|outcome| outcome.address == *address);
    found.map(|outcome| &outcome.result).ok_or_else(|| Broken(format!("nothing was done about {address}")))
}

/// A plan in a few words, for messages.
pub fn told(plan: &Plan) -> String {
    let mut lines: Vec<String> = vec![];
    lines.extend(plan.adopted.iter().map(|one| format!("adopt {}", one.address)));
    lines.extend(plan.forgotten.iter().map(|one| format!("forget {}", one.address)));
    lines.extend(plan.changes.iter().map(|one| {
        let fields: Vec<&str> = one.fields.iter().map(|field| field.field.as_str()).collect();
        format!(
            "{} {} ({:?}) +{:?} -{:?} {fields:?}",
            lower(one.kind),
            one.address,
            one.cause,
            one.gains,
            one.loses
        )
    }));
    lines.extend(plan.waiting.iter().map(|one| format!("waiting {} {:?}", one.address, one.note)));
    lines.extend(
        plan.refused.iter().map(|one| format!("refused {}: {}, {}", one.address, one.what, one.because)),
    );
    lines.extend(plan.held.iter().map(|one| format!("held {:?}: {}", one.account, one.because)));
    lines.extend(
        plan.deferred.iter().map(|one| format!("deferred {}: {}, {}", one.address, one.what, one.because)),
    );
    lines.extend(plan.drift.iter().map(|one| format!("drift {}: {}", one.address, one.what)));
    lines.extend(plan.renamed.iter().map(|one| format!("renamed {} to {}", one.from, one.to)));
    lines.extend(plan.unseen.iter().map(|one| format!("unseen {:?}: {}", one.account, one.because)));
    lines.join("; ")
}

fn lower(kind: orgform_plan::ChangeKind) -> String {
    format!("{kind:?}").to_lowercase()
}
