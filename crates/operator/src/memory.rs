//! The state of one Provider in the cluster: each object's status holds what is remembered of it, the Provider's
//! holds what outlives objects.
//!
//! Read once, when the lease is ours, from what the watches have listed; from then on the copy in memory is the
//! truth and every entry is written through before it counts. What belongs to the Provider, the intents among it, is
//! written last: a crash in between leaves an intent too many, never one too few. E-mails that were looked up are
//! kept in memory only, and looked up again after a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use orgform_engine::state::{Addition, Holder, Lease, Version};
use orgform_engine::{StateError, Store};
use orgform_model::state::{Entry, Loss};
use orgform_model::{Email, ObjectRef, ProviderName, ProviderState, RootId, State};
use orgform_spec::API_VERSION;
use orgform_spec::crd::{LossesAt, Remembered, Retained, Spent};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::leadership::Leadership;
use crate::object::{Object, seen_from, writer};
use crate::owners::{changed_by, entries_by_object, owners};

/// Each record is a round trip.
const TOGETHER: usize = 16;

/// How many objects are written at once.
const WRITES: usize = 8;

/// The state of one Provider.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Inner>);

struct Inner {
    provider: ObjectRef,
    name: ProviderName,
    cluster: Arc<Cluster>,
    leadership: Leadership,
    state: Mutex<State>,
}

/// What a Provider's status remembers.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OfProvider {
    unverified: Option<Timestamp>,
    losses: Vec<LossesAt>,
    spent: Vec<Spent>,
    retained: Vec<Retained>,
    remembered: Vec<String>,
}

/// What any other object's status remembers.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OfObject {
    remembered: Vec<Remembered>,
}

/// The root of every state in a cluster: each Provider has one of its own, which nothing else can be taken for.
pub(crate) fn root() -> RootId {
    RootId::from("cluster")
}

impl Memory {
    /// Reads what the objects of the Provider's namespace remember.
    pub(crate) fn read(cluster: &Arc<Cluster>, leadership: &Leadership, provider: &Object) -> Self {
        let name = ProviderName::from(&*provider.key.name);
        let mut state = State::new(root());
        let (entries, unverified) = entries(&cluster.matters_to(&provider.namespace()), provider);
        if !entries.is_empty() || unverified.is_some() {
            state.record(&name, entries);
            state.providers.entry(name.clone()).or_default().unverified = unverified;
        }
        Self(Arc::new(Inner {
            provider: provider.key.clone(),
            name,
            cluster: cluster.clone(),
            leadership: leadership.clone(),
            state: Mutex::new(state),
        }))
    }

    /// What is remembered now; none if nothing ever was.
    pub(crate) fn state(&self) -> Option<ProviderState> {
        self.lock().providers.get(&self.0.name).cloned()
    }

    /// Looks into what is remembered, without a copy.
    pub(crate) fn with<T>(&self, look: impl FnOnce(Option<&ProviderState>) -> T) -> T {
        look(self.lock().providers.get(&self.0.name))
    }

    /// As the engine's store.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is remembered of one object. One that is gone has nothing to remember.
    async fn write_object(&self, object: &ObjectRef, entries: &[Entry]) -> Result<(), StateError> {
        let entries: Vec<String> = entries.iter().map(text).collect::<Result<_, _>>()?;
        let provider = seen_from(&self.0.provider, object.namespace.as_deref());
        let manager = writer("memory", &provider);
        let status = match entries.is_empty() {
            true => json!({}),
            false => json!({ "remembered": [{ "provider": provider, "entries": entries }] }),
        };
        match self.patch(object, status, &manager).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(unusable(object, error)),
            Ok(()) => Ok(()),
        }
    }

    async fn write_provider(&self, state: &ProviderState) -> Result<(), StateError> {
        let status = of_provider(state)?;
        let written = self.patch(&self.0.provider, status, "orgform-memory").await;
        written.map_err(|error| unusable(&self.0.provider, error))
    }

    async fn patch(&self, object: &ObjectRef, status: Value, manager: &str) -> Result<(), kube::Error> {
        let patch = json!({
            "apiVersion": API_VERSION,
            "kind": object.kind.as_str(),
            "metadata": { "name": &*object.name },
            "status": status,
        });
        let params = PatchParams::apply(manager).force();
        self.0.cluster.api(object).patch_status(&object.name, &params, &Patch::Apply(&patch)).await.map(drop)
    }
}

#[async_trait]
impl Store for Memory {
    fn place(&self) -> String {
        format!("the status of {} and of what names it", self.0.provider)
    }

    async fn load(&self) -> Result<Option<(State, Version)>, StateError> {
        let state = self.lock().clone();
        Ok((!state.providers.is_empty()).then(|| (state, Version::new("memory"))))
    }

    async fn save_if_unchanged(&self, state: &State, _: Option<&Version>) -> Result<Version, StateError> {
        // Every record is an addition; there is nothing else to save.
        *self.lock() = state.clone();
        Ok(Version::new("memory"))
    }

    async fn lease(&self, _: &Holder, _: Duration, now: Timestamp) -> Result<Box<dyn Lease>, StateError> {
        let mut lease = OurLease { leadership: self.0.leadership.clone(), place: self.place() };
        lease.renew(now).await?;
        Ok(Box::new(lease))
    }

    async fn append(&self, addition: Addition<'_>, _: Option<&Version>) -> Result<Version, StateError> {
        let Addition { provider, entries, after } = addition;
        let nothing = ProviderState::default();
        let after_all = after.providers.get(provider).unwrap_or(&nothing);
        let (objects, of_provider) = {
            let state = self.lock();
            let before = state.providers.get(provider).unwrap_or(&nothing);
            let changed: BTreeSet<ObjectRef> =
                entries.iter().flat_map(|entry| changed_by(before, entry)).collect();
            (changed, entries.iter().any(is_of_provider))
        };
        let mut remembered = entries_by_object(after_all, &objects);
        let objects: Vec<_> = objects
            .into_iter()
            .map(|object| {
                let entries = remembered.remove(&object).unwrap_or_default();
                (object, entries)
            })
            .collect();
        let mut writes = futures::stream::iter(objects.into_iter().map(|(object, entries)| async move {
            self.still_leads()?;
            self.write_object(&object, &entries).await // I/O
        }))
        .buffer_unordered(WRITES);
        while writes.try_next().await?.is_some() {}
        if of_provider {
            self.still_leads()?;
            self.write_provider(after_all).await?; // I/O
        }
        *self.lock() = after.clone();
        Ok(Version::new("memory"))
    }

    fn together(&self) -> usize {
        TOGETHER
    }
}

impl Memory {
    fn still_leads(&self) -> Result<(), StateError> {
        match self.0.leadership.is_ours() {
            true => Ok(()),
            false => Err(StateError::LeaseLost { place: self.place() }),
        }
    }
}

/// The lease of the process, as far as one pass is concerned.
struct OurLease {
    leadership: Leadership,
    place: String,
}

#[async_trait]
impl Lease for OurLease {
    async fn renew(&mut self, _: Timestamp) -> Result<(), StateError> {
        match self.leadership.is_ours() {
            true => Ok(()),
            false => Err(StateError::LeaseLost { place: self.place.clone() }),
        }
    }

    async fn release(&mut self, _: Timestamp) -> Result<(), StateError> {
        Ok(())
    }
}

/// The objects that the status of a Provider says something was begun for. What has ended is in their own status.
pub(crate) fn begun_for(provider: &Object) -> BTreeSet<ObjectRef> {
    let name = ProviderName::from(&*provider.key.name);
    let OfProvider { remembered, .. } = read(provider);
    let mut state = State::new(root());
    state.record(&name, remembered.iter().filter_map(|text| entry(text, provider)).collect::<Vec<_>>());
    state.providers.get(&name).map(owners).unwrap_or_default()
}

/// Whether an entry is written to the Provider's status.
fn is_of_provider(entry: &Entry) -> bool {
    match entry {
        Entry::Connected { .. }
        | Entry::Intend { .. }
        | Entry::Settled { .. }
        | Entry::Verified
        | Entry::GoneForEver { .. }
        | Entry::CameBack { .. }
        | Entry::FixedRole { .. }
        | Entry::Lost(_)
        | Entry::Spent { .. }
        | Entry::Retain { .. }
        | Entry::DropAccount { .. }
        | Entry::Expire { .. } => true,
        // One that was retained is not any more.
        Entry::Membership { .. } => false,
        Entry::Account { .. }
        | Entry::ForgetAccount { .. }
        | Entry::Role { .. }
        | Entry::DropRole { .. }
        | Entry::ApiKey { .. }
        | Entry::DropApiKey { .. }
        | Entry::DropMembership { .. }
        | Entry::Profile { .. }
        | Entry::DropProfile { .. }
        | Entry::Person { .. }
        | Entry::DropPerson { .. } => false,
    }
}

/// What the Provider's status remembers.
fn of_provider(state: &ProviderState) -> Result<Value, StateError> {
    let mut losses: BTreeMap<(Timestamp, String, bool), Vec<String>> = BTreeMap::new();
    for Loss { at, account, person, consented } in &state.losses {
        losses.entry((*at, account.to_string(), *consented)).or_default().push(person.clone());
    }
    let losses: Vec<LossesAt> = losses
        .into_iter()
        .map(|((at, account, consented), people)| LossesAt { at, account, consented, people })
        .collect();
    let spent: Vec<Spent> =
        state.spent.iter().map(|(digest, at)| Spent { digest: digest.clone(), at: *at }).collect();
    let retained = state.retained.iter().filter(|(_, people)| !people.is_empty());
    let retained: Vec<Retained> = retained
        .map(|(account, people)| Retained {
            account: account.to_string(),
            people: people.iter().map(Email::to_string).collect(),
        })
        .collect();
    let connected = state.connection.clone().map(|connection| Entry::Connected { connection });
    let fixed =
        state.fixed_roles.iter().map(|(id, name)| Entry::FixedRole { id: id.clone(), name: name.clone() });
    let intents = state.intents.iter().map(|(address, intent)| Entry::Intend {
        address: address.clone(),
        intent: Box::new(intent.clone()),
    });
    let gone = state.gone.iter().map(|(email, at)| Entry::GoneForEver { email: email.clone(), at: *at });
    let remembered: Vec<String> = connected
        .into_iter()
        .chain(fixed)
        .chain(gone)
        .chain(intents)
        .map(|entry| text(&entry))
        .collect::<Result<_, _>>()?;
    let mut status = json!({ "remembered": remembered });
    if let Some(at) = state.unverified {
        status["unverified"] = json!(at);
    }
    let mut set = |name: &str, value: Result<Value, serde_json::Error>| match value {
        Ok(Value::Array(items)) if items.is_empty() => {}
        Ok(value) => status[name] = value,
        Err(error) => tracing::error!(%error, "what is remembered has no JSON form"),
    };
    set("losses", serde_json::to_value(losses));
    set("spent", serde_json::to_value(spent));
    set("retained", serde_json::to_value(retained));
    Ok(status)
}

/// What all objects remember of a Provider, and when something was written that nobody has looked for. What a dying
/// object says is said first: a living one knows better.
fn entries(objects: &[Arc<Object>], provider: &Object) -> (Vec<Entry>, Option<Timestamp>) {
    let mut all = Vec::new();
    let (dying, living): (Vec<_>, Vec<_>) = objects.iter().partition(|object| object.dying);
    for object in dying.into_iter().chain(living) {
        if object.key.kind == provider.key.kind {
            continue;
        }
        let OfObject { remembered } = read(object);
        let us = seen_from(&provider.key, object.key.namespace.as_deref());
        let ours = remembered.into_iter().filter(|one| one.provider == us);
        let texts = ours.flat_map(|one| one.entries);
        // An object speaks for itself alone, whatever somebody wrote into its status.
        all.extend(texts.filter_map(|text| entry(&text, object)).filter(|one| is_about(one, object)));
    }
    let OfProvider { unverified, losses, spent, retained, remembered } = read(provider);
    all.extend(remembered.iter().filter_map(|text| entry(text, provider)));
    for LossesAt { at, account, consented, people } in losses {
        all.extend(
            people
                .into_iter()
                .map(|person| Entry::Lost(Loss { at, account: account.as_str().into(), person, consented })),
        );
    }
    all.extend(spent.into_iter().map(|Spent { digest, at }| Entry::Spent { digest, at }));
    let mut kept = Vec::new();
    for Retained { account, people } in retained {
        kept.extend(
            people
                .into_iter()
                .map(|email| Entry::Retain { account: account.as_str().into(), email: Email::new(&email) }),
        );
    }
    // First, since a membership that is ours again is not retained any more.
    kept.extend(all);
    (kept, unverified)
}

fn is_about(entry: &Entry, object: &Object) -> bool {
    match entry {
        Entry::Account { record, .. } => record.object == object.key,
        Entry::Role { record, .. } => record.object == object.key,
        Entry::Membership { record, .. } => record.object == object.key,
        Entry::ApiKey { record, .. } => record.object == object.key,
        Entry::Profile { record, .. } => record.object == object.key,
        _ => false,
    }
}

fn read<T: Default + DeserializeOwned>(object: &Object) -> T {
    object.status.read().unwrap_or_else(|error| {
        tracing::warn!(kind = %object.key.kind, "a status could not be read; nothing of it counts as remembered");
        tracing::debug!(object = %object.key, %error, "a status could not be read");
        T::default()
    })
}

fn entry(text: &str, object: &Object) -> Option<Entry> {
    match serde_json::from_str(text) {
        Ok(entry) => Some(entry),
        Err(error) => {
            tracing::warn!(kind = %object.key.kind, "a remembered entry could not be read and does not count");
            tracing::debug!(object = %object.key, %error, "a remembered entry could not be read");
            None
        }
    }
}

fn text(entry: &Entry) -> Result<String, StateError> {
    serde_json::to_string(entry).map_err(|error| StateError::Unusable {
        tried: "write the state",
        place: "a status".to_owned(),
        source: error.into(),
    })
}

fn unusable(object: &ObjectRef, error: kube::Error) -> StateError {
    StateError::Unusable {
        tried: "write the state",
        place: format!("the status of {object}"),
        source: error.into(),
    }
}
