//! The watches: one per kind and namespace, each with its own patience.
//!
//! They are merged nowhere, so one that fails does not stop the others. One that failed begins anew with a list: a watch
//! alone would not tell that it is back before something happens to its kind. A list is taken in only when it is complete.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DynamicObject, PartialObjectMeta};
use kube::core::Resource;
use kube::runtime::watcher::{self, DefaultBackoff, Event};
use orgform_model::ObjectKind;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::metrics::Metrics;
use crate::object::{KINDS, Object, resource};
use crate::tokens;

/// How long a watch may fail before a restart is tried as a cure.
const PATIENCE: Duration = Duration::from_secs(600);

/// The longest wait before a watch that failed begins anew.
const LONGEST: Duration = Duration::from_secs(30);

/// How the watches are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches(Arc<Mutex<BTreeMap<String, Watch>>>);

#[derive(Clone, Copy, Debug)]
struct Watch {
    listed: bool,
    failing: Option<Instant>,
    /// When it was last heard of: an event, a bookmark, or a new connection, one of which comes every five minutes.
    alive: Instant,
}

impl Default for Watch {
    fn default() -> Self {
        Self { listed: false, failing: None, alive: Instant::now() }
    }
}

impl Watches {
    /// Whether everything was listed once.
    pub(crate) fn are_complete(&self) -> bool {
        let watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !watches.is_empty() && watches.values().all(|watch| watch.listed)
    }

    /// The watches that fail, and for how long.
    pub(crate) fn failing(&self) -> Vec<(String, Duration)> {
        let watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |(name, watch): (&String, &Watch)| Some((name.clone(), watch.failing?.elapsed()));
        watches.iter().filter_map(since).collect()
    }

    /// The kinds of which something may be declared that we do not know of: their watch fails. What is in Secrets is
    /// read when it is needed.
    pub(crate) fn blind(&self) -> Vec<String> {
        let failing = self.failing().into_iter().map(|(name, _)| name);
        failing.filter(|name| !name.ends_with("secrets")).collect()
    }

    /// How old what each watch has told may be by now: since when it fails, or since its last sign of life.
    pub(crate) fn ages(&self, now: Instant) -> Vec<(String, Duration)> {
        let watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |watch: &Watch| now.saturating_duration_since(watch.failing.unwrap_or(watch.alive));
        watches.iter().map(|(name, watch)| (name.clone(), age(watch))).collect()
    }

    /// The watches that have been failing, or silent, for so long that a restart may help.
    pub(crate) fn stuck(&self, now: Instant) -> Vec<(String, Duration)> {
        self.ages(now).into_iter().filter(|(_, age)| *age > PATIENCE).collect()
    }

    /// Whether nothing is watched: another copy works.
    pub(crate) fn are_none(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Everything that there is to watch is known now. Says whether it was not before, because of a failure.
    fn is_back(&self, name: &str) -> bool {
        let mut was_failing = false;
        self.set(name, |watch| {
            was_failing = watch.listed && watch.failing.is_some();
            (watch.listed, watch.failing) = (true, None);
        });
        was_failing
    }

    fn set(&self, name: &str, change: impl FnOnce(&mut Watch)) {
        let mut watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(watches.entry(name.to_owned()).or_default());
    }
}

/// Starts all watches. They end when what is given back is dropped.
pub(crate) fn watch(
    cluster: &Arc<Cluster>,
    watches: &Watches,
    namespaces: &[String],
    metrics: &Metrics,
) -> JoinSet<()> {
    let mut all = JoinSet::new();
    let scopes: Vec<Option<String>> = match namespaces {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    for scope in scopes {
        for (kind, plural) in KINDS {
            let name = named(plural, scope.as_deref());
            watches.set(&name, |_| {});
            all.spawn(objects(cluster.clone(), watches.clone(), kind, scope.clone(), name, metrics.clone()));
        }
        let name = named("secrets", scope.as_deref());
        all.spawn(secrets(cluster.clone(), watches.clone(), scope, name, metrics.clone()));
    }
    all
}

fn named(plural: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}/{plural}"),
        None => plural.to_owned(),
    }
}

async fn objects(
    cluster: Arc<Cluster>,
    watches: Watches,
    kind: ObjectKind,
    namespace: Option<String>,
    name: String,
    metrics: Metrics,
) {
    let resource = resource(kind);
    let client = cluster.client.clone();
    let api: Api<DynamicObject> = match &namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let mut events = noticed(&watches, &name, beginning_anew(api));
    let mut listed = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            // Nothing was asked for yet: this is no sign that it can be.
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => listed.extend(Object::new(kind, &object)),
            Ok(Event::InitDone) => {
                cluster.replace(kind, namespace.as_deref(), std::mem::take(&mut listed));
                if watches.is_back(&name) {
                    // What had to wait until all was known goes on.
                    cluster.namespaces().into_iter().for_each(|one| cluster.touch(one, false));
                }
            }
            Ok(Event::Apply(object)) => {
                if let Some(object) = Object::new(kind, &object) {
                    cluster.apply(object);
                }
            }
            Ok(Event::Delete(object)) => {
                if let Some(object) = Object::new(kind, &object) {
                    cluster.delete(&object.key);
                }
            }
            Err(error) => failed(&watches, &name, &error, &metrics),
        }
    }
}

/// Of Secrets only the metadata: what is in one is read when it is needed.
async fn secrets(
    cluster: Arc<Cluster>,
    watches: Watches,
    namespace: Option<String>,
    name: String,
    metrics: Metrics,
) {
    let client = cluster.client.clone();
    let api: Api<PartialObjectMeta<Secret>> = match &namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let mut events = noticed(&watches, &name, beginning_anew(api));
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(secret) | Event::Delete(secret)) => {
                let ours = secret.metadata.name.as_deref().is_some_and(tokens::is_ours);
                if let Some(namespace) = secret.metadata.namespace.filter(|_| !ours) {
                    cluster.touch(Arc::from(namespace), false);
                }
            }
            Ok(Event::Init | Event::InitApply(_)) => {}
            Ok(Event::InitDone) => {
                watches.set(&name, |watch| (watch.listed, watch.failing) = (true, None));
            }
            // Where not every Secret may be read, a change of one is noticed at the next look.
            Err(watcher::Error::InitialListFailed(kube::Error::Api(status))) if status.code == 403 => {
                tracing::warn!(
                    watch = name,
                    "Secrets can't be watched; a changed one is noticed at the next look"
                );
                watches.set(&name, |watch| (watch.listed, watch.failing) = (true, None));
            }
            Err(error) => failed(&watches, &name, &error, &metrics),
        }
    }
}

/// Lists, then watches; after an error, a moment later, the same again.
fn beginning_anew<K>(api: Api<K>) -> BoxStream<'static, watcher::Result<Event<K>>>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    stream::unfold((None, DefaultBackoff::default(), Duration::ZERO), move |(running, mut backoff, wait)| {
        let api = api.clone();
        async move {
            let mut events = match running {
                Some(events) => events,
                None => {
                    tokio::time::sleep(wait).await;
                    watcher::watcher(api, watcher::Config::default()).boxed()
                }
            };
            let event = events.next().await?;
            Some(match event {
                Ok(_) => (event, (Some(events), backoff, wait)),
                Err(_) => {
                    let wait = backoff.next().unwrap_or(LONGEST);
                    (event, (None, backoff, wait))
                }
            })
        }
    })
    .boxed()
}

/// Notices that a watch is alive. It is looked at again only when something came for it: bookmarks and new connections
/// are no events, but are noticed here.
fn noticed<T: 'static>(
    watches: &Watches,
    name: &str,
    mut events: BoxStream<'static, T>,
) -> impl Stream<Item = T> + Unpin + use<T> {
    let (watches, name) = (watches.clone(), name.to_owned());
    futures::stream::poll_fn(move |context| {
        watches.set(&name, |watch| watch.alive = Instant::now());
        events.poll_next_unpin(context)
    })
}

fn failed(watches: &Watches, name: &str, error: &watcher::Error, metrics: &Metrics) {
    metrics.watch_failed(name);
    tracing::warn!(watch = name, %error, "a watch failed");
    watches.set(name, |watch| {
        watch.failing.get_or_insert_with(Instant::now);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_that_fails_or_is_silent_for_ten_minutes_is_stuck() {
        let (watches, now) = (Watches::default(), Instant::now());
        watches.set("members", |watch| watch.alive = now);
        watches.set("roles", |watch| (watch.alive, watch.failing) = (now + PATIENCE, Some(now)));
        watches.set("accounts", |watch| watch.alive = now + PATIENCE);
        assert_eq!(watches.stuck(now + PATIENCE), []);
        let stuck = watches.stuck(now + PATIENCE + Duration::from_secs(1));
        assert_eq!(stuck.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["members", "roles"]);
    }

    #[tokio::test]
    async fn whatever_comes_for_a_watch_is_a_sign_of_life() {
        let (watches, long_ago) = (Watches::default(), Instant::now());
        watches.set("members", |watch| watch.alive = long_ago);
        let mut events = noticed(&watches, "members", futures::stream::iter([1]).boxed());
        assert_eq!(events.next().await, Some(1));
        let [(_, age)] = &watches.ages(Instant::now())[..] else { panic!() };
        assert!(*age < long_ago.elapsed());
    }
}
