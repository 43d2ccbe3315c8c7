//! What a pass says of the Provider and of every object that has a part in it.

use orgform_model::Thing;
use orgform_plan::Fate;
use orgform_provider::ErrorKind;
use orgform_spec::crd::{MembershipPhase, MembershipStatus};

use super::{
    Address, Arc, BTreeMap, BTreeSet, Clock, Done, Ended, EngineError, Known, Line, Object, ObjectKind,
    ObjectRef, Offer, One, Pass, ProviderState, Report, Stand, Standing, SystemClock, asked, condition,
    object_of, owners, picture, to_value,
};
use crate::annotations;
use crate::board::{MEMORY, Part, Speakers};
use crate::conditions::capitalized;
use crate::operator::Others;
use crate::pass::facts::facts;
use crate::pass::seats::{Seats, seats};
use crate::pass::wrote::wrote;
use crate::undeclared;

/// Why the secret of a key is told of: it is not where it should be.
pub(super) const SECRET_MISSING: &str = "SecretMissing";

/// What hinders each object, worst first.
pub(super) type Issues = BTreeMap<ObjectRef, Vec<Issue>>;

/// What hinders an object.
pub(super) struct Issue {
    /// What of it: a Member has several memberships.
    pub(super) about: Thing,
    /// How that stands.
    pub(super) standing: Standing,
}

impl Pass<'_> {
    /// Says how the Provider stands, and nothing else that is known of it now.
    pub(super) async fn tell(&self, standing: Standing, next: Option<std::time::Duration>) -> Ended {
        let now = SystemClock.now();
        let mut status = picture::before(&self.object);
        status.conditions = standing.conditions(&self.object, now);
        status.observed_generation = Some(self.object.generation);
        let status = without_memory(to_value(&status));
        match self.operator.board.write(vec![(self.object.clone(), standing, status)]).await {
            Ok(()) => Ended::Well(next),
            Err(error) => {
                tracing::warn!(provider = %self.object.key, "a status could not be written");
                tracing::debug!(provider = %self.object.key, %error, "a status could not be written");
                Ended::Failed
            }
        }
    }

    /// Says that something failed that may come by itself.
    pub(super) async fn failed(&self, reason: &'static str, said: &str) -> Ended {
        tracing::warn!(provider = %self.object.key, reason, "a pass failed");
        self.tell(Standing::new(Stand::Coming, reason, said), None).await;
        Ended::Failed
    }

    pub(super) async fn failed_with(&self, one: &One, error: &EngineError) -> Ended {
        let mut said = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            said.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        let hint = match error {
            EngineError::Unobservable(error) => error.hint.clone(),
            EngineError::OtherServer { .. } => Some(format!(
                "If the endpoint is a mistake, put the old one back. If it is meant, let go of what is known from the \
                 old one and make the Provider again: everybody stays at both; who is declared and at the new one is \
                 taken over, who is not there is invited. `kubectl delete oprov {0} -n {1} --wait=false`, `{2}`, and once it is \
                 gone apply it again.",
                self.object.key.name,
                self.object.namespace(),
                annotations::keep_command(&self.object.key)
            )),
            _ => None,
        };
        let said = format!("{said}. {}", hint.unwrap_or_else(|| "It is tried again by itself.".to_owned()));
        let reason = match error {
            EngineError::Unobservable(_) => "Unobservable",
            EngineError::State(_) | EngineError::Interrupted { .. } => "Memory",
            EngineError::Mode { .. } | EngineError::OtherServer { .. } | EngineError::Spent { .. } => {
                "Refused"
            }
        };
        let comes_by_itself = match error {
            EngineError::Unobservable(error) => !matches!(error.kind, ErrorKind::Denied),
            EngineError::OtherServer { .. } => false,
            _ => true,
        };
        if comes_by_itself {
            return self.failed(reason, &said).await;
        }
        if matches!(error, EngineError::OtherServer { .. }) {
            // Where this fails too, it is tried again with the rest.
            let said = format!(
                "The Provider {} has another endpoint than before; its status says what to do.",
                self.object.key.name
            );
            let _ = self.tell_declared(one, reason, &said).await; // I/O
        }
        // It is tried again, but only another credential or endpoint helps.
        tracing::warn!(provider = %self.object.key, reason, "a pass failed");
        self.tell(Standing::new(Stand::Stalled, reason, said), None).await;
        Ended::Failed
    }

    /// Tells what was written at the provider: names in an Event, numbers alone in the log.
    pub(super) async fn tell_of(&self, report: &Report) {
        let Some(said) = wrote(report) else { return };
        let done = report.outcomes.iter().filter(|outcome| outcome.result.is_done()).count();
        let failed = report.outcomes.len() - done;
        tracing::info!(provider = %self.object.key, done, failed, mails = report.mails, "wrote at the provider");
        self.operator.board.happened(&self.object, "Applied", &said, failed == 0).await;
    }

    /// Says of everything that declares something of this Provider why nothing is done.
    pub(super) async fn tell_declared(
        &self,
        one: &One,
        reason: &'static str,
        said: &str,
    ) -> Result<(), kube::Error> {
        let (parts, others) = (self.parts(), self.operator.others(&self.object.key));
        let part = |object: &Arc<Object>| {
            let is_own = object.key.namespace == self.object.key.namespace;
            let mut said = match is_own {
                true => said.to_owned(),
                // Of what the owner has nothing is told.
                false => "Its Provider can't be used at the moment; the status of that tells its owner why."
                    .to_owned(),
            };
            if object.dying {
                let keep = annotations::keep_command(&object.key);
                said = format!(
                    "Deleted, and not gone yet. {said} To let it go, while what it gave stays: `{keep}`."
                );
            }
            let standing = Standing::new(Stand::Stalled, reason, said);
            let is_alone = || {
                is_own
                    && object.elsewhere.is_empty()
                    && parts.of(&object.key).count() < 2
                    && others.know_nothing_of(object)
            };
            // What was seen last goes on being told.
            let (fields, memberships) = self.operator.board.last_said(&self.object.key, object, is_alone);
            Part { standing, fields, memberships }
        };
        let remembered = self.memory.with(|state| state.map(owners).unwrap_or_default());
        let ours = one.objects();
        let mut said = Vec::new();
        let mut silent = Vec::new();
        for object in self.objects.iter().filter(|object| object.key.kind != ObjectKind::Provider) {
            let has_part = ours.contains(&object.key) || remembered.contains(&object.key);
            self.operator.board.retain(&object.key, &self.object.key, has_part);
            match has_part {
                true => said.push((object.clone(), part(object))),
                false => silent.push(object.clone()),
            }
        }
        let told = self.operator.board.publish(&self.object.key, said, &parts, SystemClock.now()).await; // I/O
        let told = told.and(self.operator.board.fall_silent(&self.object.key, silent).await); // I/O
        if let Err(error) = &told {
            tracing::warn!(provider = %self.object.key, "a status could not be written");
            tracing::debug!(provider = %self.object.key, %error, "a status could not be written");
        }
        told
    }

    /// Says how everything stands.
    pub(super) async fn tell_all(
        &self,
        one: &One,
        line: &Line,
        root: Option<String>,
        done: &Done,
        offers: Vec<Offer>,
    ) -> Result<(), kube::Error> {
        let now = done.planned.at;
        let state = self.memory.state().unwrap_or_default();
        let issues = self.issues(one, done, &state);
        let Seats { mut memberships, left } = seats(&one.desired, done, &state, &issues);
        let active =
            memberships.values().flatten().filter(|one| one.phase == MembershipPhase::Active).count();
        let (ours, remembered) = (one.objects(), owners(&state));
        let (parts, others) = (self.parts(), self.operator.others(&self.object.key));
        let declaring = one.desired.all_memberships().map(|(_, _, one)| &one.object).collect();
        let all = All { one, done, state: &state, issues: &issues, declaring };
        let mut nothing = Vec::new();
        let mut said = Vec::new();
        let mut silent = Vec::new();
        for object in self.objects.iter().filter(|object| object.key.kind != ObjectKind::Provider) {
            let has_part = ours.contains(&object.key) || remembered.contains(&object.key);
            self.operator.board.retain(&object.key, &self.object.key, has_part);
            if has_part {
                let memberships = memberships.remove(&object.key).unwrap_or_default();
                said.push((object.clone(), self.part(object, &all, memberships)));
            } else {
                silent.push(object.clone());
                let standing = self.undeclared(object, &parts, &others);
                nothing.extend(standing.map(|standing| undeclared::said(object.clone(), standing, now)));
            }
        }
        self.operator.board.publish(&self.object.key, said, &parts, now).await?; // I/O
        self.operator.board.fall_silent(&self.object.key, silent).await?; // I/O
        self.operator.board.write(nothing).await?; // I/O
        let standing = self.standing(one, done, &offers);
        let known = Known {
            connection: &line.label,
            root,
            desired: &one.desired,
            left: &left,
            active: u32::try_from(active).unwrap_or(u32::MAX),
            plan: &done.planned.plan,
            report: done.report.as_ref(),
            offers,
            now,
        };
        let status = without_memory(to_value(&picture::picture(&self.object, &standing, &known)));
        self.operator.board.write(vec![(self.object.clone(), standing, status)]).await // I/O
    }

    /// How a Member of the namespace stands that no Provider has a part in, if it declares nothing.
    fn undeclared(&self, object: &Arc<Object>, parts: &Speakers, others: &Others<'_>) -> Option<Standing> {
        let is_ours = object.key.namespace == self.object.key.namespace
            && parts.of(&object.key).next().is_none()
            && self.declared.errors_of(&object.label()).is_none()
            && others.know_nothing_of(object);
        undeclared::standing(object, false).filter(|_| is_ours)
    }

    /// Which Providers have a part in each object.
    pub(super) fn parts(&self) -> Speakers {
        // What other namespaces say of an object is not known here; it is said once it is.
        let is_own = |object: &ObjectRef| object.namespace == self.object.key.namespace;
        let of = |one: &One| {
            let name = Arc::from(one.settings.name.as_str());
            let provider = ObjectRef { name, ..self.object.key.clone() };
            (provider, one.objects().into_iter().filter(is_own).collect())
        };
        Speakers(self.declared.providers.iter().map(of).collect())
    }

    /// How the Provider stands: what needs somebody comes first.
    fn standing(&self, one: &One, done: &Done, offers: &[Offer]) -> Standing {
        let plan = &done.planned.plan;
        let errors = self.errors();
        let mut standing = if !plan.held.is_empty() {
            let said = self.held(one, &plan.held);
            Standing::new(Stand::Stalled, "Held", said)
        } else if let Some(first) = plan.refused.first() {
            let more = plan.refused.len() - 1;
            let more = if more > 0 { format!(" And {more} more.") } else { String::new() };
            let next = in_a_cluster(&first.next);
            let object = object_of(&first.address, &one.desired, self.memory.state().as_ref());
            let keep = object.map_or_else(String::new, |key| self.keep_it(&key));
            let said = format!(
                "{}: {} is refused: {}. {next}{keep}{more}",
                first.address, first.what, first.because
            );
            Standing::new(Stand::Stalled, "Refused", said)
        } else if !errors.is_empty() {
            Standing::new(Stand::Stalled, "Invalid", asked::invalid(&errors))
        } else if let Some(unseen) = plan.unseen.first() {
            let what = unseen.account.as_ref().map_or_else(|| plan.provider.to_string(), ToString::to_string);
            Standing::new(
                Stand::Coming,
                "Unseen",
                format!("{what} could not be looked at: {}.", unseen.because),
            )
        } else if !plan.changes.is_empty() {
            let waits = done.report.as_ref().is_some_and(|report| !report.is_complete());
            let changes = match plan.changes.len() {
                1 => "1 change is".to_owned(),
                more => format!("{more} changes are"),
            };
            match (one.desired.policy.mode, waits) {
                (orgform_model::policy::Mode::Apply, false)
                    if one.desired.policy.approval == orgform_model::policy::Approval::Required =>
                {
                    let said = self.approval(plan, offers);
                    Standing::new(Stand::Stalled, "ApprovalRequired", said)
                }
                (orgform_model::policy::Mode::Apply, _) => {
                    Standing::new(Stand::Coming, "Changing", format!("{changes} not done yet."))
                }
                (mode, _) => {
                    let said = format!("{changes} planned; the mode is {mode:?}, so nothing is written.");
                    Standing::new(Stand::Stalled, "Planned", said)
                }
            }
        } else if !plan.deferred.is_empty() {
            let first = &plan.deferred[0];
            let said = format!("{}: {} waits: {}.", first.address, first.what, first.because);
            Standing::new(Stand::Coming, "Deferred", said)
        } else if self.object.dying {
            Standing::new(Stand::Coming, "Deleting", self.waits_for(one))
        } else {
            Standing::new(Stand::Ready, "AsDeclared", "The provider shows what is declared.")
        };
        if self.object.dying && standing.reason != "Deleting" {
            standing.message = format!("{} {}", self.waits_for(one), standing.message);
        }
        let held = !plan.held.is_empty();
        let said = match (done.released, done.kept) {
            (0, 0) if held => standing.message.clone(),
            (0, 0) => "Nothing waits for a release.".to_owned(),
            (1, 0) => "1 group was released and went.".to_owned(),
            (released, 0) => format!("{released} groups were released and went."),
            (_, 1) => "1 group was let go of; nobody was touched.".to_owned(),
            (_, kept) => format!("{kept} groups were let go of; nobody was touched."),
        };
        let reason = if held { "OverTheLimit" } else { "NothingHeld" };
        standing.more.push((condition::HELD, held, reason.into(), said));
        standing
    }

    /// The objects of the namespace that have an error.
    pub(super) fn errors(&self) -> Vec<&Object> {
        let own = self.objects.iter().filter(|object| object.key.namespace == self.object.key.namespace);
        own.filter(|object| self.declared.errors_of(&object.label()).is_some()).map(|one| &**one).collect()
    }

    /// What else can be done about a deleted object whose removal is refused.
    fn keep_it(&self, object: &ObjectRef) -> String {
        let command = annotations::keep_command(object);
        match self.is_dying(object) {
            true => format!(" To keep what it gave: `{command}`, and apply it again."),
            false => String::new(),
        }
    }

    /// What hinders each object.
    fn issues(&self, one: &One, done: &Done, state: &ProviderState) -> Issues {
        let mut issues = Issues::new();
        let mut add = |address: &Address, standing: Standing| {
            if let Some(object) = object_of(address, &one.desired, Some(state)) {
                let about = address.thing.clone();
                issues.entry(object).or_default().push(Issue { about, standing });
            }
        };
        let plan = &done.planned.plan;
        for group in &plan.held {
            for change in &group.changes {
                let said = format!("Held: {}. The Provider says how to release it.", group.because);
                add(&change.address, Standing::new(Stand::Stalled, "Held", said));
            }
        }
        for refused in &plan.refused {
            let is_role =
                matches!(refused.address.thing, Thing::Role(_)) && refused.what.starts_with("remove");
            let reason = if is_role { "InUse" } else { "Refused" };
            let next = in_a_cluster(&refused.next);
            let object = object_of(&refused.address, &one.desired, Some(state));
            let keep = object.map_or_else(String::new, |key| self.keep_it(&key));
            let said = format!("{} is refused: {}. {next}{keep}", refused.what, refused.because);
            add(&refused.address, Standing::new(Stand::Stalled, reason, said));
        }
        for outcome in done.report.iter().flat_map(|report| &report.outcomes) {
            let said = match &outcome.result {
                Fate::Failed { said, next, .. } => format!("{said}. Next: {next}."),
                Fate::Stale { said } => format!("{said}. It is planned again."),
                Fate::Skipped { because } => format!("Not done: {because}."),
                Fate::Stopped => "Not done: the operator was stopped before.".to_owned(),
                Fate::Done | Fate::Invited | Fate::Joined | Fate::Stored { .. } => continue,
            };
            add(&outcome.address, Standing::new(Stand::Coming, "Failed", said));
        }
        for change in &plan.changes {
            let said =
                format!("{} is planned: {}.", picture::kind_of(change.kind), picture::in_words(change));
            add(&change.address, Standing::new(Stand::Coming, "Planned", said));
        }
        for deferred in &plan.deferred {
            let said = format!("{} waits: {}.", deferred.what, deferred.because);
            add(&deferred.address, Standing::new(Stand::Coming, "Deferred", said));
        }
        for drift in &plan.drift {
            let said = format!("{}: {}.", drift.what, drift.because);
            add(&drift.address, Standing::new(Stand::Stalled, "Drift", said));
        }
        for missing in &plan.missing_secrets {
            let object = object_of(&missing.address, &one.desired, Some(state));
            let known = state.api_keys.iter().find(|(_, record)| Some(&record.object) == object.as_ref());
            let Some((id, record)) = known else { continue };
            let again = annotations::remake_command(&record.object, id.as_str());
            let said = format!(
                "The key is there, but {}. If nobody has its secret, have the key made again: `{again}`.",
                missing.because
            );
            // A secret may have been moved on purpose.
            add(&missing.address, Standing::new(Stand::Ready, SECRET_MISSING, said));
        }
        issues
    }

    fn part(&self, object: &Arc<Object>, all: &All<'_>, memberships: Vec<MembershipStatus>) -> Part {
        let All { one, done, state, issues, declaring } = all;
        let fields = facts(object, one.settings.name.as_str(), state, &done.planned.world, issues);
        let standing = match (self.declared.errors_of(&object.label()), issues.get(&object.key)) {
            (Some(said), _) => Standing::new(Stand::Stalled, "Invalid", said),
            (None, _)
                if object.dying
                    && let Some(said) = self.in_use(object) =>
            {
                Standing::new(Stand::Stalled, "InUse", said)
            }
            (None, Some(issues)) => {
                let mut all = issues.iter().map(|issue| &issue.standing);
                let worst = all.clone().find(|one| one.stand == Stand::Stalled).or_else(|| all.next());
                let mut standing = worst.cloned().unwrap_or_else(ready);
                if object.dying {
                    standing.message = format!("Deleted, and not gone yet. {}", standing.message);
                }
                standing
            }
            (None, None) if object.dying => {
                let said = "Deleted; it goes when nothing is left of it at the provider.";
                Standing::new(Stand::Coming, "Deleting", said)
            }
            (None, None) => {
                let nothing = Some(object).filter(|_| !declaring.contains(&object.key));
                nothing.and_then(|object| undeclared::standing(object, true)).unwrap_or_else(ready)
            }
        };
        Part { standing, fields, memberships }
    }
}

/// What is known of all objects of a Provider.
struct All<'a> {
    one: &'a One,
    done: &'a Done,
    state: &'a ProviderState,
    issues: &'a Issues,
    /// Who declares a membership.
    declaring: BTreeSet<&'a ObjectRef>,
}

/// What to do next, as a sentence, and where that is another thing than for files.
fn in_a_cluster(next: &str) -> String {
    match next.contains("orgform invites resend") {
        true => {
            "If nothing has arrived, annotate the Member with orgform.dev/resend and the time now, such as \
                 2026-12-31T12:00:00Z: each time that is written there asks for one more mail."
                .to_owned()
        }
        false => format!("{}.", capitalized(next.trim_end_matches('.'))),
    }
}

fn ready() -> Standing {
    Standing::new(Stand::Ready, "AsDeclared", "The provider shows what is declared.")
}

/// What is remembered has writers of its own.
pub(super) fn without_memory(mut status: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = status.as_object_mut() {
        for name in MEMORY {
            fields.remove(name);
        }
    }
    status
}
