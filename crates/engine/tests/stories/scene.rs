//! A scene to play stories in: what is declared, a server, a state, a clock.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use jiff::Timestamp;
use object_store::memory::InMemory;
use orgform_engine::state::{FileStore, Holder, ObjectBackend, OpenState, Store, read};
use orgform_engine::{Case, EngineError, Planned, SetClock, Silent, Stop, Writing, apply, plan, verify};
use orgform_model::desired::{
    DesiredAccount, DesiredApiKey, DesiredMembership, DesiredPerson, DesiredRole, Manage,
};
use orgform_model::policy::Removal;
use orgform_model::{
    AccountPath, Address, ApiKeyLabel, Capabilities, Desired, Email, Fields, Grant, ObjectKind, ObjectRef,
    Place, ProviderName, ProviderState, RoleKey, RootId, SecretPlace, Value,
};
use orgform_plan::{ApprovedPlan, Consent, Fate, Report, Requests, approve};

use crate::secrets::Secrets;
use crate::server::{CAPABILITIES, SEMANTICS, Server};

/// A scene: one root, one server.
pub(crate) struct Scene {
    pub(crate) server: Arc<Server>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) desired: Desired,
    pub(crate) capabilities: Capabilities,
    pub(crate) connection: &'static str,
    pub(crate) stop: Stop,
    pub(crate) consent: Consent,
    pub(crate) secrets: Secrets,
    /// What somebody asks for by address in the next run.
    pub(crate) requests: Requests,
    place: StatePlace,
}

enum StatePlace {
    File(tempfile::TempDir),
    Bucket(Arc<InMemory>),
}

impl Scene {
    /// Nothing declared but the account `acme`, which exists; state in a file.
    pub(crate) fn new() -> Self {
        let mut desired = Desired::empty(provider());
        desired.policy.safety.admin_minimum = 1;
        let mut scene = Self {
            server: Server::new(),
            clock: Arc::new(SetClock::at(start())),
            desired,
            capabilities: CAPABILITIES,
            connection: "memory one",
            stop: Stop::default(),
            consent: Consent::default(),
            secrets: Secrets::default(),
            requests: Requests::default(),
            place: StatePlace::File(tempfile::tempdir().unwrap()),
        };
        scene.declare_account("acme");
        scene.declare("acme", "ops", &["admin"]);
        scene.declare("acme", "linus", &["admin"]);
        scene
    }

    /// The same, with the state where each record is a call.
    pub(crate) fn in_a_bucket() -> Self {
        Self { place: StatePlace::Bucket(Arc::new(InMemory::new())), ..Self::new() }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match &self.place {
            StatePlace::File(folder) => Arc::new(FileStore::new(folder.path().join("orgform.state.json"))),
            StatePlace::Bucket(objects) => {
                Arc::new(ObjectBackend::new(objects.clone(), &"x".into(), "memory:x", &root()).unwrap())
            }
        }
    }

    pub(crate) fn state_folder(&self) -> &std::path::Path {
        match &self.place {
            StatePlace::File(folder) => folder.path(),
            StatePlace::Bucket(_) => panic!("no folder"),
        }
    }

    pub(crate) fn declare_account(&mut self, path: &str) {
        let path = AccountPath::from(path);
        let label = path.as_str().rsplit('/').next().unwrap().to_owned();
        let account = DesiredAccount {
            object: ObjectRef::of_file(ObjectKind::Account, &label),
            place: place(),
            parent: path.parent(),
            manage: Manage::Full,
            external_id: None,
            fields: name(&label),
            authoritative_members: false,
            adoption: None,
            removal: Removal::Retain,
        };
        self.desired.accounts.insert(path, account);
    }

    pub(crate) fn declare_role(&mut self, account: &str, label: &str) {
        let role = DesiredRole {
            object: ObjectRef::of_file(ObjectKind::Role, label),
            place: place(),
            manage: Manage::Full,
            external_id: None,
            fields: name(label),
            removal: Removal::Remove,
        };
        self.desired.roles.insert(RoleKey::new(account.into(), label), role);
    }

    /// Declares somebody with fixed roles, or with custom ones written as `account:role`.
    pub(crate) fn declare(&mut self, account: &str, person: &str, roles: &[&str]) {
        let object = ObjectRef::of_file(ObjectKind::Member, person);
        let grants = roles.iter().map(|role| {
            let grant = match role.split_once(':') {
                Some((owner, name)) => Grant::Role(RoleKey::new(owner.into(), name)),
                None => Grant::Fixed((*role).to_owned()),
            };
            (grant, None)
        });
        let membership = DesiredMembership {
            object: object.clone(),
            place: place(),
            grants: grants.collect(),
            removal: Removal::Remove,
        };
        let email = email(person);
        self.desired.memberships.entry(account.into()).or_default().insert(email.clone(), membership);
        let declared = DesiredPerson {
            object,
            place: place(),
            offboarded: false,
            identity: None,
            fields: Fields::new(),
            creation: None,
        };
        self.desired.people.insert(email, declared);
    }

    /// Declares an API key with fixed roles, whose secret goes to `keys/` and its label.
    pub(crate) fn declare_key(&mut self, account: &str, label: &str, roles: &[&str]) {
        let key = DesiredApiKey {
            object: ObjectRef::of_file(ObjectKind::ApiKey, label),
            place: place(),
            external_id: None,
            fields: name(label),
            roles: Some(roles.iter().map(|role| Grant::Fixed((*role).to_owned())).collect()),
            secret_to: Some(SecretPlace::File { path: format!("keys/{label}") }),
            removal: Removal::Remove,
        };
        self.desired.api_keys.insert(ApiKeyLabel::new(account.into(), label), key);
    }

    pub(crate) fn undeclare(&mut self, account: &str, person: &str) {
        self.desired.memberships.get_mut(&AccountPath::from(account)).unwrap().remove(&email(person));
        self.desired.people.remove(&email(person));
    }

    pub(crate) async fn state(&self) -> ProviderState {
        let state = read(&*self.store(), &root()).await.unwrap();
        state.and_then(|mut state| state.providers.remove(&provider())).unwrap_or_default()
    }

    pub(crate) async fn open(&self) -> OpenState {
        OpenState::open(self.store(), &root(), &Holder::new("test"), self.clock.clone()).await.unwrap()
    }

    pub(crate) async fn plan(&self, state: Option<&ProviderState>) -> Result<Planned, EngineError> {
        self.with_case(async |case| plan(&*self.server, case, state, &*self.clock, &Silent).await).await
    }

    pub(crate) fn approve(&self, planned: &Planned) -> ApprovedPlan {
        approve(planned.plan.clone(), &self.consent).unwrap()
    }

    /// Carries out what was planned.
    pub(crate) async fn carry_out(
        &self,
        planned: &Planned,
        state: &mut OpenState,
    ) -> Result<Report, EngineError> {
        let approved = self.approve(planned);
        let writing =
            Writing { writer: &*self.server, clock: &*self.clock, progress: &Silent, stop: &self.stop };
        self.with_case(async |case| apply(&writing, case, planned, &approved, state).await).await
    }

    /// A whole run, as `orgform apply --yes` makes it.
    pub(crate) async fn apply(&self) -> Result<Report, EngineError> {
        let mut state = self.open().await;
        let before = state.provider(&provider()).cloned();
        self.with_case(async |case| {
            let (clock, progress) = (&*self.clock, &Silent);
            orgform_engine::wait_until_visible(case, before.as_ref(), clock, progress, &self.stop).await;
        })
        .await;
        let planned = self.plan(before.as_ref()).await?;
        let report = self.carry_out(&planned, &mut state).await?;
        // What was asked for by address is done by then.
        let asked_for_nothing = Requests::default();
        let case = self.case(&asked_for_nothing);
        let (clock, progress) = (&*self.clock, &Silent);
        let report = verify(&*self.server, &case, &planned, report, &mut state, clock, progress).await?;
        state.close().await.unwrap();
        Ok(report)
    }

    pub(crate) fn case<'a>(&'a self, requests: &'a Requests) -> Case<'a> {
        Case {
            desired: &self.desired,
            base: None,
            semantics: &SEMANTICS,
            capabilities: &self.capabilities,
            requests,
            connection: self.connection,
            secrets: &self.secrets,
        }
    }

    pub(crate) async fn with_case<T>(&self, work: impl AsyncFnOnce(&Case<'_>) -> T) -> T {
        work(&self.case(&self.requests)).await
    }
}

/// The fate of the change at an address, by the end of the address.
pub(crate) fn fate<'a>(report: &'a Report, address: &str) -> &'a Fate {
    let found = report.outcomes.iter().find(|outcome| outcome.address.to_string().ends_with(address));
    &found.unwrap_or_else(|| panic!("no outcome for {address} in {report:#?}")).result
}

/// Polls a future so many times, then drops it, as a crash would. None if that was before its end.
pub(crate) async fn cut_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

pub(crate) fn provider() -> ProviderName {
    "memory".into()
}

pub(crate) fn root() -> RootId {
    "root-1".into()
}

pub(crate) fn email(person: &str) -> Email {
    Email::new(&format!("{person}@acme.example"))
}

pub(crate) fn member(account: &str, person: &str) -> Address {
    Address::member(&provider(), &account.into(), &email(person))
}

pub(crate) fn start() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

pub(crate) fn name(text: &str) -> Fields {
    Fields::from([("displayName".to_owned(), Value::text(text))])
}

fn place() -> Place {
    Place { file: "acme.yaml".into(), line: 1, column: 1, length: 1 }
}
