//! What is to be said of each object, put together from all Providers that have a part in it, and written where it
//! differs from what is there.
//!
//! Where Providers of several shards have a part in an object, each one's is in the object's status too (`said`), and the
//! copy that works for the first of them writes what they say together.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use orgform_model::{ObjectKind, ObjectRef};
use orgform_spec::crd::{MemberSummary, MembershipPhase, MembershipStatus, condition};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::conditions::{Stand, Standing, cut};
use crate::events::Events;
use crate::metrics::Metrics;
use crate::object::{Object, seen_from, writer};

/// How many objects are written at once.
const WRITES: usize = 8;

/// Events of one pass, the Provider's own aside.
const EVENTS: usize = 50;

/// What is remembered, and what each Provider says by itself, has writers of its own.
pub(crate) const MEMORY: [&str; 6] = ["remembered", "unverified", "losses", "spent", "retained", "said"];

/// What one Provider has to say of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// How it stands.
    pub(crate) standing: Standing,
    /// More fields of the status.
    pub(crate) fields: Map<String, Value>,
    /// Of a Member: what is so in each account, with the names of the roles.
    pub(crate) memberships: Vec<MembershipStatus>,
}

/// A part, and what it was said about.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Spoken {
    /// Of this object: another one may have its name later.
    #[serde(skip)]
    uid: Box<str>,
    /// The version of what the object declares.
    generation: i64,
    /// How many Providers have a part in the object, as far as was known.
    of: usize,
    part: Part,
}

/// Parts in one object, sorted by who says them. Most have one, and a map would take room for eleven.
#[derive(Clone, Debug, Default)]
struct Parts(Vec<(ObjectRef, Box<Spoken>)>);

impl Parts {
    fn position(&self, speaker: &ObjectRef) -> Result<usize, usize> {
        self.0.binary_search_by(|(one, _)| one.cmp(speaker))
    }

    fn insert(&mut self, speaker: &ObjectRef, spoken: Box<Spoken>) {
        match self.position(speaker) {
            Ok(at) => self.0[at].1 = spoken,
            Err(at) => {
                self.0.reserve_exact(1);
                self.0.insert(at, (speaker.clone(), spoken));
            }
        }
    }

    fn remove(&mut self, speaker: &ObjectRef) {
        if let Ok(at) = self.position(speaker) {
            self.0.remove(at);
        }
    }

    fn speakers(&self) -> impl Iterator<Item = &ObjectRef> {
        self.0.iter().map(|(speaker, _)| speaker)
    }

    fn values(&self) -> impl Iterator<Item = &Spoken> {
        self.0.iter().map(|(_, spoken)| &**spoken)
    }
}

/// Which Providers have a part in which objects.
#[derive(Debug, Default)]
pub(crate) struct Speakers(pub(crate) Vec<(ObjectRef, BTreeSet<ObjectRef>)>);

impl Speakers {
    /// Those that have a part in an object.
    pub(crate) fn of(&self, object: &ObjectRef) -> impl Iterator<Item = &ObjectRef> {
        self.0.iter().filter(|(_, objects)| objects.contains(object)).map(|(speaker, _)| speaker)
    }
}

/// What is to be said of each object.
pub(crate) struct Board {
    cluster: Arc<Cluster>,
    events: Events,
    metrics: Metrics,
    parts: Mutex<BTreeMap<ObjectRef, Parts>>,
}

impl Board {
    /// An empty board.
    pub(crate) fn new(cluster: Arc<Cluster>, events: Events, metrics: Metrics) -> Self {
        Self { cluster, events, metrics, parts: Mutex::default() }
    }

    /// Takes in what one Provider (or the namespace of one) says, and writes what differs. `expected` tells which Providers have a part in
    /// an object: nothing is said before all of them have.
    pub(crate) async fn publish(
        &self,
        speaker: &ObjectRef,
        said: Vec<(Arc<Object>, Part)>,
        expected: &Speakers,
        now: Timestamp,
    ) -> Result<(), kube::Error> {
        let others = self.providers_of_others();
        let mut writes = Vec::new();
        let mut texts = Vec::new();
        {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            if parts.len() > self.cluster.len() {
                parts.retain(|key, _| self.cluster.get(key).is_some());
            }
            for (object, part) in said {
                let of = expected.of(&object.key).count();
                let one = Box::new(Spoken {
                    uid: object.uid.as_str().into(),
                    generation: object.generation,
                    of,
                    part,
                });
                // Somebody may have said something while the pass ran.
                let there = self.cluster.get(&object.key).filter(|now| now.uid == object.uid);
                let there = there.unwrap_or_else(|| object.clone());
                let text = self.is_shared(&there, expected, &others).then(|| to_text(&one));
                if text != said_by(&there, speaker) {
                    texts.push((there.clone(), text));
                }
                let all = parts.entry(object.key.clone()).or_default();
                all.0.retain(|(_, said)| said.uid == one.uid);
                all.insert(speaker, one);
                let all = self.with_others(&there, all);
                if all.0.len() >= of && self.is_ours_to_write(&all) {
                    let merged = merged(&object, &all, now);
                    // Ten thousand that are there already would take more memory than all else.
                    writes.extend(Some(merged).filter(|(_, _, status)| !is_there(&there, status)));
                }
            }
        }
        let told = self.say(speaker, texts).await; // I/O
        self.write(writes).await.and(told)
    }

    /// What one said last of an object beside how it stands: as it is known here, else as its status tells if nobody
    /// else has a part in it.
    pub(crate) fn last_said(
        &self,
        speaker: &ObjectRef,
        object: &Object,
        is_alone: impl FnOnce() -> bool,
    ) -> (Map<String, Value>, Vec<MembershipStatus>) {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = parts.get(&object.key).and_then(|all| Some(&all.0[all.position(speaker).ok()?].1));
        match own.filter(|own| *own.uid == *object.uid) {
            Some(own) => (own.part.fields.clone(), own.part.memberships.clone()),
            None if is_alone() => beside_standing(object),
            None => Default::default(),
        }
    }

    /// Puts together again what is said of an object, now that another shard says something else. I/O.
    pub(crate) async fn put_together(&self, object: &ObjectRef, now: Timestamp) -> Result<(), kube::Error> {
        let Some(object) = self.cluster.get(object) else { return Ok(()) };
        let all = {
            let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            let nothing = Parts::default();
            self.with_others(&object, parts.get(&object.key).unwrap_or(&nothing)).into_owned()
        };
        // Who speaks of an older version may not know all.
        let newest = all.values().map(|one| one.generation).max();
        let of = all.values().filter(|one| Some(one.generation) == newest).map(|one| one.of).max();
        match all.0.len() >= of.unwrap_or(1) && self.is_ours_to_write(&all) {
            true => self.write(vec![merged(&object, &all, now)]).await,
            false => Ok(()),
        }
    }

    /// Takes back what one says of objects that it has no part in any more.
    pub(crate) async fn fall_silent(
        &self,
        speaker: &ObjectRef,
        objects: Vec<Arc<Object>>,
    ) -> Result<(), kube::Error> {
        let has_said = objects.into_iter().filter(|object| said_by(object, speaker).is_some());
        self.say(speaker, has_said.map(|object| (object, None)).collect()).await
    }

    /// Drops what was said of an object by Providers that have no part in it any more.
    pub(crate) fn retain(&self, object: &ObjectRef, speaker: &ObjectRef, has_part: bool) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if !has_part && let Some(all) = parts.get_mut(object) {
            all.remove(speaker);
        }
    }

    /// Drops whatever a Provider said that is gone.
    pub(crate) fn forget(&self, speaker: &ObjectRef) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.values_mut().for_each(|all| all.remove(speaker));
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
            if standing.is_news(&object) {
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

    /// Tells what happened to an object, where its status does not.
    pub(crate) async fn happened(&self, object: &Object, reason: &str, said: &str, is_well: bool) {
        self.events.happened(object, reason, said, is_well).await; // I/O
    }

    /// Those that other copies work for.
    fn providers_of_others(&self) -> Vec<Arc<Object>> {
        let shard = self.cluster.shard;
        if shard.is_whole() {
            return vec![];
        }
        self.cluster.providers().into_iter().filter(|one| !shard.has(&one.key)).collect()
    }

    /// Whether somebody of another shard has a part in an object, or may have.
    fn is_shared(&self, object: &Object, expected: &Speakers, others: &[Arc<Object>]) -> bool {
        let shard = self.cluster.shard;
        let is_other = |speaker: &ObjectRef| !shard.has(speaker);
        // What is declared in other namespaces is known there only.
        let near = |provider: &Arc<Object>| {
            let of = provider.namespace();
            of == object.namespace() || object.elsewhere.contains(&of)
        };
        expected.of(&object.key).any(is_other)
            || object.remembering().any(|provider| is_other(&provider))
            || object.said().any(|(provider, _)| is_other(&provider))
            || object.elsewhere.iter().any(|namespace| !shard.has_namespace(namespace))
            || !object.elsewhere.is_empty() && others.iter().any(near)
    }

    /// All parts in an object: our own, and what others say in its status.
    fn with_others<'p>(&self, object: &Object, own: &'p Parts) -> Cow<'p, Parts> {
        let mut all = Cow::Borrowed(own);
        if self.cluster.shard.is_whole() {
            return all;
        }
        for (speaker, text) in object.said() {
            // One of ours that did not get to say anything yet still says what it last did.
            let is_there = speaker.name.is_empty() || self.cluster.get(&speaker).is_some();
            if !is_there || own.position(&speaker).is_ok() {
                continue;
            }
            match serde_json::from_str(&text) {
                Ok(spoken) => all.to_mut().insert(&speaker, spoken),
                Err(error) => {
                    tracing::warn!(kind = %object.key.kind, "what another copy says could not be read");
                    tracing::debug!(object = %object.key, %error, "what another copy says could not be read");
                }
            }
        }
        all
    }

    /// Whether the first of those who have a part is of our shard.
    fn is_ours_to_write(&self, all: &Parts) -> bool {
        all.speakers().next().is_some_and(|first| self.cluster.shard.has(first))
    }

    /// Writes what one says by itself; nothing where it says nothing.
    async fn say(
        &self,
        speaker: &ObjectRef,
        texts: Vec<(Arc<Object>, Option<String>)>,
    ) -> Result<(), kube::Error> {
        let mut writes = futures::stream::iter(texts.into_iter().map(|(object, text)| async move {
            let provider = seen_from(speaker, object.key.namespace.as_deref());
            let status = match text {
                Some(text) => json!({ "said": [{ "provider": provider, "text": text }] }),
                None => json!({}),
            };
            self.metrics.status_written();
            self.patch_as(&writer("said", &provider), &object, status).await
        }))
        .buffer_unordered(WRITES);
        let mut first = Ok(());
        while let Some(written) = writes.next().await {
            first = first.and(written);
        }
        first
    }

    async fn patch(&self, object: &Object, status: Value) -> Result<(), kube::Error> {
        self.patch_as("orgform", object, status).await
    }

    async fn patch_as(&self, manager: &str, object: &Object, status: Value) -> Result<(), kube::Error> {
        let patch = json!({
            "apiVersion": orgform_spec::API_VERSION,
            "kind": object.key.kind.as_str(),
            "metadata": { "name": &*object.key.name, "uid": object.uid },
            "status": status,
        });
        let params = PatchParams::apply(manager).force();
        let api = self.cluster.api(&object.key);
        let written = api.patch_status(&object.key.name, &params, &Patch::Apply(&patch)).await;
        self.cluster.written(object, written).await
    }
}

/// What a status tells beside how its object stands.
fn beside_standing(object: &Object) -> (Map<String, Value>, Vec<MembershipStatus>) {
    const STANDING: [&str; 3] = ["conditions", "observedGeneration", "summary"];
    let Value::Object(mut fields) = object.status.tree() else { return Default::default() };
    fields.retain(|name, _| !MEMORY.contains(&name.as_str()) && !STANDING.contains(&name.as_str()));
    let memberships = fields.remove("memberships").unwrap_or_default();
    (fields, serde_json::from_value(memberships).unwrap_or_default())
}

/// Whether a status says all this, and nothing else but what is remembered.
fn is_there(object: &Object, wanted: &Value) -> bool {
    let Some(wanted) = wanted.as_object() else { return false };
    let there = object.status.tree();
    let Some(there) = there.as_object() else { return wanted.is_empty() };
    wanted.iter().all(|(name, value)| there.get(name) == Some(value))
        && there.keys().all(|name| MEMORY.contains(&name.as_str()) || wanted.contains_key(name))
}

/// What one says by itself, if it is in an object's status.
fn said_by(object: &Object, speaker: &ObjectRef) -> Option<String> {
    object.said().find(|(one, _)| one == speaker).map(|(_, text)| text)
}

fn to_text(spoken: &Spoken) -> String {
    to_value(spoken).to_string()
}

/// What all Providers together say. The one that needs most care speaks.
fn merged(object: &Arc<Object>, all: &Parts, now: Timestamp) -> (Arc<Object>, Standing, Value) {
    // Another one may know a newer version.
    let generation = all.values().map(|one| one.generation).max().unwrap_or(object.generation);
    let object = match generation == object.generation {
        true => object.clone(),
        false => Arc::new(Object { generation, ..Object::clone(object) }),
    };
    let (standing, status) = together(&object, all, now);
    (object, standing, status)
}

fn together(object: &Object, all: &Parts, now: Timestamp) -> (Standing, Value) {
    let care = |part: &Part| match part.standing.stand {
        Stand::Stalled => 2,
        Stand::Coming => 1,
        Stand::Ready => 0,
    };
    let parts = || all.values().map(|one| &one.part);
    let Some(mut worst) = parts().next() else {
        return (Standing::new(Stand::Coming, "Unknown", ""), json!({}));
    };
    for part in parts() {
        if care(part) > care(worst) {
            worst = part;
        }
    }
    let mut standing = worst.standing.clone();
    let mut status: Map<String, Value> = Map::new();
    let mut memberships: Vec<MembershipStatus> = Vec::new();
    for part in parts() {
        status.extend(part.fields.clone());
    }
    let mut knowing: Vec<&Part> = parts().collect();
    knowing.sort_by_key(|part| care(part));
    memberships.extend(knowing.into_iter().flat_map(|part| part.memberships.iter().cloned()));
    if object.key.kind == ObjectKind::Member {
        memberships.sort_by(|a, b| a.account.cmp(&b.account));
        // An Account that goes from one Provider to another is told of by both for a while; who stands better knows more.
        memberships.dedup_by(|b, a| a.account == b.account);
        let joined = memberships.iter().all(|one| one.phase == MembershipPhase::Active);
        if standing.stand == Stand::Ready && standing.reason == "AsDeclared" && !memberships.is_empty() {
            (standing.reason, standing.message) = match joined {
                true => ("Joined".into(), "The provider shows what is declared.".to_owned()),
                false => (
                    "Invited".into(),
                    "The provider shows what is declared; the person has not accepted.".to_owned(),
                ),
            };
            let message = if joined { "The person has accepted." } else { "An invite waits for its person." };
            let reason = standing.reason.clone();
            standing.more.push((condition::JOINED, joined, reason, message.to_owned()));
        }
        let providers = all.speakers().filter(|key| !key.name.is_empty());
        let providers: Vec<String> =
            providers.map(|key| seen_from(key, object.key.namespace.as_deref())).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    fn membership(account: &str) -> MembershipStatus {
        MembershipStatus {
            account: account.to_owned(),
            phase: MembershipPhase::Active,
            roles: vec![],
            external_id: None,
            invite: None,
            reason: None,
            message: None,
        }
    }

    fn key(kind: ObjectKind, name: &str) -> ObjectRef {
        ObjectRef { kind, namespace: Some(Arc::from("org")), name: Arc::from(name) }
    }

    #[test]
    fn an_account_that_two_providers_tell_of_is_listed_once() {
        let mut parts = Parts::default();
        for (provider, accounts) in [("new", &["lab", "acme"][..]), ("old", &["lab"])] {
            let standing = Standing::new(Stand::Ready, "AsDeclared", "");
            let memberships = accounts.iter().map(|account| membership(account)).collect();
            let part = Part { standing, fields: Map::new(), memberships };
            let spoken = Spoken { uid: "".into(), generation: 1, of: 2, part };
            parts.insert(&key(ObjectKind::Provider, provider), Box::new(spoken));
        }
        let member = Object::bare(key(ObjectKind::Member, "ada"));
        let (_, status) = together(&member, &parts, Timestamp::UNIX_EPOCH);
        let accounts: Vec<_> = status["memberships"].as_array().unwrap().iter().collect();
        assert_eq!(accounts.len(), 2, "a list with two of one key is refused by the API server");
        assert_eq!((&accounts[0]["account"], &accounts[1]["account"]), (&json!("acme"), &json!("lab")));
    }

    #[test]
    fn what_was_seen_is_read_back_from_a_status_without_memory_and_standing() {
        let mut account = Object::bare(key(ObjectKind::Account, "lab"));
        account.status = Status::new(&json!({
            "conditions": [], "observedGeneration": 3, "remembered": [], "externalId": "ac-2",
            "memberships": [to_value(&membership("lab"))],
        }));
        let (fields, memberships) = beside_standing(&account);
        assert_eq!(Value::Object(fields), json!({ "externalId": "ac-2" }));
        assert_eq!(memberships, [membership("lab")]);
    }
}
