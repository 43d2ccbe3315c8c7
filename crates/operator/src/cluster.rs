//! What there is in the cluster, as far as the watches have told: the objects, and which Secrets changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kube::Client;
use kube::api::{Api, DynamicObject};
use orgform_model::{ObjectKind, ObjectRef};
use tokio::sync::mpsc;

use crate::object::{Object, resource};
use crate::shard::Shard;

/// Something in a namespace has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    /// The namespace.
    pub(crate) namespace: Arc<str>,
    /// Whether something was deleted: what that means is judged once it is quiet.
    pub(crate) deleted: bool,
    /// Another shard says something else of this object; nothing else has changed.
    pub(crate) said: Option<ObjectRef>,
}

/// The objects of the cluster.
pub(crate) struct Cluster {
    /// For reading and writing.
    pub(crate) client: Client,
    /// Whose Providers are worked for.
    pub(crate) shard: Shard,
    objects: Mutex<BTreeMap<ObjectRef, Arc<Object>>>,
    touched: mpsc::UnboundedSender<Touched>,
}

impl Cluster {
    /// An empty picture that tells what changes.
    pub(crate) fn new(client: Client, shard: Shard) -> (Self, mpsc::UnboundedReceiver<Touched>) {
        let (touched, told) = mpsc::unbounded_channel();
        (Self { client, shard, objects: Mutex::default(), touched }, told)
    }

    /// The objects of one kind in one namespace, for writing.
    pub(crate) fn api(&self, key: &ObjectRef) -> Api<DynamicObject> {
        let namespace = key.namespace.as_deref().unwrap_or_default();
        Api::namespaced_with(self.client.clone(), namespace, &resource(key.kind))
    }

    /// Makes of a refused write what it means: an object that is gone, or whose name another one has now, needs
    /// nothing more; any other conflict is an error, and comes right when it is written again. I/O.
    pub(crate) async fn written(
        &self,
        object: &Object,
        written: Result<DynamicObject, kube::Error>,
    ) -> Result<(), kube::Error> {
        let error = match written {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        match &error {
            kube::Error::Api(status) if status.code == 404 => Ok(()),
            kube::Error::Api(status) if status.code == 409 => {
                let now = self.api(&object.key).get_metadata_opt(&object.key.name).await?; // I/O
                let is_the_same = now.is_some_and(|now| now.metadata.uid.as_deref() == Some(&object.uid));
                if is_the_same { Err(error) } else { Ok(()) }
            }
            _ => Err(error),
        }
    }

    /// One object.
    pub(crate) fn get(&self, key: &ObjectRef) -> Option<Arc<Object>> {
        self.lock().get(key).cloned()
    }

    /// All objects of a namespace, sorted.
    pub(crate) fn of_namespace(&self, namespace: &str) -> Vec<Arc<Object>> {
        let is_there = |object: &&Arc<Object>| object.key.namespace.as_deref() == Some(namespace);
        self.lock().values().filter(is_there).cloned().collect()
    }

    /// All objects that matter to a namespace: its own, and those of others that name it or that it remembers. Sorted.
    pub(crate) fn matters_to(&self, namespace: &str) -> Vec<Arc<Object>> {
        let matters = |object: &&Arc<Object>| {
            object.key.namespace.as_deref() == Some(namespace) || object.elsewhere.contains(namespace)
        };
        self.lock().values().filter(matters).cloned().collect()
    }

    /// All Providers.
    pub(crate) fn providers(&self) -> Vec<Arc<Object>> {
        self.lock().values().filter(|one| one.key.kind == ObjectKind::Provider).cloned().collect()
    }

    /// All namespaces that have objects of ours, or are named by one.
    pub(crate) fn namespaces(&self) -> BTreeSet<Arc<str>> {
        self.lock().values().flat_map(|one| one.elsewhere.iter().cloned().chain([one.namespace()])).collect()
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes an object in.
    pub(crate) fn apply(&self, object: Object) {
        let object = Arc::new(object);
        let before = self.lock().insert(object.key.clone(), object.clone());
        if let Some(before) = &before
            && self.said_elsewhere(before) != self.said_elsewhere(&object)
        {
            self.send(Touched {
                namespace: object.namespace(),
                deleted: false,
                said: Some(object.key.clone()),
            });
        }
        let same = |before: &Arc<Object>| {
            // Whoever is left lets a dying object go.
            before.means_the_same(&object)
                && (!object.dying
                    || self.remembering_elsewhere(before) == self.remembering_elsewhere(&object))
        };
        if before.as_ref().is_some_and(same) {
            return;
        }
        let deleted = object.dying && before.as_ref().is_none_or(|before| !before.dying);
        let elsewhere = before.iter().flat_map(|before| &before.elsewhere).chain(&object.elsewhere).cloned();
        let namespaces: BTreeSet<Arc<str>> = elsewhere.chain([object.namespace()]).collect();
        namespaces.into_iter().for_each(|namespace| self.touch(namespace, deleted));
    }

    /// Takes an object out.
    pub(crate) fn delete(&self, key: &ObjectRef) {
        let before = self.lock().remove(key);
        let Some(before) = before else { return };
        self.touch(before.namespace(), true);
        before.elsewhere.iter().for_each(|namespace| self.touch(namespace.clone(), true));
        if key.kind == ObjectKind::Provider {
            // One that was in conflict with it goes on, wherever it is, unless this one is made again at once.
            let others: BTreeSet<Arc<str>> = self.providers().iter().map(|one| one.namespace()).collect();
            others.into_iter().for_each(|namespace| self.touch(namespace, true));
        }
    }

    /// Takes in what a list of one kind has; what it does not have is gone.
    pub(crate) fn replace(&self, kind: ObjectKind, namespace: Option<&str>, listed: Vec<Object>) {
        let there: BTreeSet<ObjectRef> = listed.iter().map(|object| object.key.clone()).collect();
        let is_gone = |key: &&ObjectRef| {
            let within = namespace.is_none() || key.namespace.as_deref() == namespace;
            key.kind == kind && within && !there.contains(key)
        };
        let gone: Vec<ObjectRef> = self.lock().keys().filter(is_gone).cloned().collect();
        gone.iter().for_each(|key| self.delete(key));
        listed.into_iter().for_each(|object| self.apply(object));
    }

    /// Says that something in a namespace has changed.
    pub(crate) fn touch(&self, namespace: Arc<str>, deleted: bool) {
        self.send(Touched { namespace, deleted, said: None });
    }

    /// The objects of which another shard says something.
    pub(crate) fn said_of(&self) -> Vec<ObjectRef> {
        let objects = self.lock();
        let said = objects.values().filter(|object| !self.said_elsewhere(object).is_empty());
        said.map(|object| object.key.clone()).collect()
    }

    fn said_elsewhere(&self, object: &Object) -> Vec<(ObjectRef, String)> {
        if self.shard.is_whole() {
            return vec![];
        }
        object.said().filter(|(provider, _)| !self.shard.has(provider)).collect()
    }

    fn remembering_elsewhere(&self, object: &Object) -> Vec<ObjectRef> {
        if self.shard.is_whole() {
            return vec![];
        }
        object.remembering().filter(|provider| !self.shard.has(provider)).collect()
    }

    fn send(&self, touched: Touched) {
        // Nobody listens while the process ends.
        let _ = self.touched.send(touched);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectRef, Arc<Object>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
