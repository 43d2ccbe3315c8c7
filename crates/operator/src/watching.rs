//! The watches: one per kind and namespace, each with its own patience.
//!
//! They are merged nowhere, so one that fails does not stop the others. A list is taken in only when it is
//! complete.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DynamicObject, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use orgform_model::ObjectKind;
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::metrics::Metrics;
use crate::object::{KINDS, Object, resource};
use crate::tokens;

/// How long a watch may fail before a restart is tried as a cure.
const PATIENCE: Duration = Duration::from_secs(600);

/// How the watches are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches(Arc<Mutex<BTreeMap<String, Watch>>>);

#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    listed: bool,
    failing: Option<Instant>,
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

    /// Whether one has been failing for so long that a restart may help.
    pub(crate) fn are_stuck(&self) -> bool {
        self.failing().iter().any(|(_, span)| *span > PATIENCE)
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
    let mut events = watcher::watcher(api, watcher::Config::default()).default_backoff().boxed();
    let mut listed = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                watches.set(&name, |watch| watch.failing = None);
                match event {
                    Event::Init => listed.clear(),
                    Event::InitApply(object) => listed.extend(Object::new(kind, &object)),
                    Event::InitDone => {
                        cluster.replace(kind, namespace.as_deref(), std::mem::take(&mut listed));
                        watches.set(&name, |watch| watch.listed = true);
                    }
                    Event::Apply(object) => {
                        if let Some(object) = Object::new(kind, &object) {
                            cluster.apply(object);
                        }
                    }
                    Event::Delete(object) => {
                        if let Some(object) = Object::new(kind, &object) {
                            cluster.delete(&object.key);
                        }
                    }
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
    let mut events = watcher::watcher(api, watcher::Config::default()).default_backoff().boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(secret) | Event::Delete(secret)) => {
                watches.set(&name, |watch| (watch.listed, watch.failing) = (true, None));
                let ours = secret.metadata.name.as_deref().is_some_and(tokens::is_ours);
                if let Some(namespace) = secret.metadata.namespace.filter(|_| !ours) {
                    cluster.touch(Arc::from(namespace), false);
                }
            }
            Ok(Event::Init | Event::InitApply(_) | Event::InitDone) => {
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

fn failed(watches: &Watches, name: &str, error: &watcher::Error, metrics: &Metrics) {
    metrics.watch_failed(name);
    tracing::warn!(watch = name, %error, "a watch failed");
    watches.set(name, |watch| {
        watch.failing.get_or_insert_with(Instant::now);
    });
}
