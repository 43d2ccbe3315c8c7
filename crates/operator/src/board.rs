//! What is to be said of each object, put together from all Providers that have a part in it, and written where it
//! differs from what is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use orgform_model::{ObjectKind, ObjectRef};
use orgform_spec::crd::{MemberSummary, MembershipPhase, MembershipStatus, condition};
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::conditions::{Stand, Standing, cut, reason_now};
use crate::events::Events;
use crate::metrics::Metrics;
use crate::object::{Object, provider_as_seen_from};

/// How many objects are written at once.
const WRITES: usize = 8;

/// Events of one pass, the Provider's own aside.
const EVENTS: usize = 50;

/// What is remembered has writers of its own.
pub(crate) const MEMORY: [&str; 5] = ["remembered", "unverified", "losses", "spent", "retained"];

/// What one Provider has to say of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// How it stands.
    pub(crate) standing: Standing,
    /// More fields of the status.
    pub(crate) fields: Map<String, Value>,
    /// Of a Member: what is so in each account, with the names of the roles.
    pub(crate) memberships: Vec<MembershipStatus>,
}

/// What is to be said of each object.
pub(crate) struct Board {
    cluster: Arc<Cluster>,
    events: Events,
    metrics: Metrics,
    parts: Mutex<BTreeMap<ObjectRef, BTreeMap<ObjectRef, Part>>>,
}

impl Board {
    /// An empty board.
    pub(crate) fn new(cluster: Arc<Cluster>, events: Events, metrics: Metrics) -> Self {
        Self { cluster, events, metrics, parts: Mutex::default() }
    }

    /// Takes in what one Provider (or the namespace of one) says, and writes what differs. `expected` tells how many Providers have a part in
    /// an object: nothing is said before all of them have.
    pub(crate) async fn publish(
        &self,
        speaker: &ObjectRef,
        said: Vec<(Arc<Object>, Part)>,
        expected: &BTreeMap<ObjectRef, usize>,
        now: Timestamp,
    ) -> Result<(), kube::Error> {
        let mut writes = Vec::new();
        {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            for (object, part) in said {
                let all = parts.entry(object.key.clone()).or_default();
                all.insert(speaker.clone(), part);
                if expected.get(&object.key).is_some_and(|parts| all.len() < *parts) {
                    continue;
                }
                let (standing, status) = merged(&object, all, now);
                writes.push((object, standing, status));
            }
        }
        self.write(writes).await
    }

    /// Drops what was said of an object by Providers that have no part in it any more.
    pub(crate) fn retain(&self, object: &ObjectRef, speaker: &ObjectRef, has_part: bool) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if !has_part && let Some(all) = parts.get_mut(object) {
            all.remove(speaker);
        }
    }

    /// Writes these, as far as they differ.
    pub(crate) async fn write(&self, all: Vec<(Arc<Object>, Standing, Value)>) -> Result<(), kube::Error> {
        let mut events = 0;
        let mut told = Vec::new();
        let mut writes = Vec::new();
        for (object, standing, status) in all {
            // It may have changed while the pass ran.
            let Some(object) = self.cluster.get(&object.key).filter(|now| now.uid == object.uid) else {
                continue;
            };
            if is_there(&object, &status) {
                continue;
            }
            if reason_now(&object).as_deref() != Some(standing.reason) {
                events += 1;
                if events <= EVENTS || object.key.kind == ObjectKind::Provider {
                    told.push((object.clone(), standing));
                }
            }
            writes.push((object, status));
        }
        let mut writes = futures::stream::iter(writes.into_iter().map(|(object, status)| async move {
            self.metrics.status_written();
            self.patch(&object, status).await
        }))
        .buffer_unordered(WRITES);
        let mut first = Ok(());
        while let Some(written) = writes.next().await {
            if first.is_ok() {
                first = written;
            }
        }
        for (object, standing) in told {
            self.events.tell(&object, &standing).await;
        }
        first
    }

    async fn patch(&self, object: &Object, status: Value) -> Result<(), kube::Error> {
        let patch = json!({
            "apiVersion": orgform_spec::API_VERSION,
            "kind": object.key.kind.as_str(),
            "metadata": { "name": &*object.key.name, "uid": object.uid },
            "status": status,
        });
        let params = PatchParams::apply("orgform").force();
        let api = self.cluster.api(&object.key);
        let written = api.patch_status(&object.key.name, &params, &Patch::Apply(&patch)).await;
        self.cluster.written(object, written).await
    }
}

/// Whether a status says all this, and nothing else but what is remembered.
fn is_there(object: &Object, wanted: &Value) -> bool {
    let (Some(wanted), there) = (wanted.as_object(), object.status.as_object()) else { return false };
    let Some(there) = there else { return wanted.is_empty() };
    wanted.iter().all(|(name, value)| there.get(name) == Some(value))
        && there.keys().all(|name| MEMORY.contains(&name.as_str()) || wanted.contains_key(name))
}

/// What all Providers together say. The one that needs most care speaks.
fn merged(object: &Object, parts: &BTreeMap<ObjectRef, Part>, now: Timestamp) -> (Standing, Value) {
    let care = |part: &&Part| match part.standing.stand {
        Stand::Stalled => 2,
        Stand::Coming => 1,
        Stand::Ready => 0,
    };
    let Some(mut worst) = parts.values().next() else {
        return (Standing::new(Stand::Coming, "Unknown", ""), json!({}));
    };
    for part in parts.values() {
        if care(&part) > care(&worst) {
            worst = part;
        }
    }
    let mut standing = worst.standing.clone();
    let mut status: Map<String, Value> = Map::new();
    let mut memberships: Vec<MembershipStatus> = Vec::new();
    for part in parts.values() {
        status.extend(part.fields.clone());
        memberships.extend(part.memberships.iter().cloned());
    }
    if object.key.kind == ObjectKind::Member {
        memberships.sort_by(|a, b| a.account.cmp(&b.account));
        let joined = memberships.iter().all(|one| one.phase == MembershipPhase::Active);
        if standing.stand == Stand::Ready && !memberships.is_empty() {
            (standing.reason, standing.message) = match joined {
                true => ("Joined", "The provider shows what is declared.".to_owned()),
                false => (
                    "Invited",
                    "The provider shows what is declared; the person has not accepted.".to_owned(),
                ),
            };
            let message = if joined { "Everybody has accepted." } else { "An invite waits for its person." };
            standing.more.push((condition::JOINED, joined, standing.reason, message.to_owned()));
        }
        let providers = parts.keys().filter(|key| !key.name.is_empty());
        let providers: Vec<String> =
            providers.map(|key| provider_as_seen_from(key, object.key.namespace.as_deref())).collect();
        let providers: Vec<&str> = providers.iter().map(String::as_str).collect();
        let summary = summary(&providers, &memberships);
        status.insert("summary".to_owned(), to_value(&summary));
        if !memberships.is_empty() {
            status.insert("memberships".to_owned(), to_value(&memberships));
        }
    }
    status.insert("observedGeneration".to_owned(), json!(object.generation));
    status.insert("conditions".to_owned(), to_value(&standing.conditions(object, now)));
    (standing, Value::Object(status))
}

/// The columns of `kubectl get`.
fn summary(providers: &[&str], memberships: &[MembershipStatus]) -> MemberSummary {
    let accounts: Vec<&str> = memberships.iter().map(|one| one.account.as_str()).collect();
    let mut roles: Vec<&str> = memberships.iter().flat_map(|one| &one.roles).map(String::as_str).collect();
    roles.sort_unstable();
    roles.dedup();
    let invite = memberships.iter().map(|one| match one.phase {
        MembershipPhase::Failed => (0, "Failed"),
        MembershipPhase::Expired => (1, "Expired"),
        MembershipPhase::Invited => (2, "Pending"),
        MembershipPhase::Disabled => (3, "Disabled"),
        MembershipPhase::Active => (4, "Joined"),
        MembershipPhase::Absent | MembershipPhase::Removed => (5, ""),
    });
    MemberSummary {
        providers: first_ones(providers),
        accounts: first_ones(&accounts),
        roles: first_ones(&roles),
        invite: invite.min().map_or("", |(_, word)| word).to_owned(),
    }
}

/// The first few names, and how many more there are.
fn first_ones(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(", +{}", names.len() - SHOWN));
    }
    cut(&text, 250)
}

/// A type of ours as JSON.
pub(crate) fn to_value<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| {
        tracing::error!(%error, "a status has no JSON form");
        Value::Null
    })
}
