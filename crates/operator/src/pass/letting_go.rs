//! How long an object is kept: until what it gave is gone at the provider, or somebody lets it go.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{
    Ended, EngineError, Entry, Object, ObjectKind, ObjectRef, One, Pass, annotations, elsewhere, finalizers,
    letting_go, owners,
};

impl Pass<'_> {
    /// From now on, what declares something of this Provider goes only when we let it.
    pub(super) async fn keep_objects(&self, one: &One) -> Result<(), kube::Error> {
        let ours = one.objects();
        let is_to_keep = |object: &&Arc<Object>| {
            !object.dying && !object.kept && (ours.contains(&object.key) || object.key == self.object.key)
        };
        let to_keep: Vec<_> = self.objects.iter().filter(is_to_keep).cloned().collect();
        finalizers::keep(&self.operator.cluster, to_keep).await // I/O
    }

    /// Dying objects of which nothing is remembered any more, here or at another Provider.
    pub(super) fn done_with(&self) -> Vec<Arc<Object>> {
        let ours = self.memory.with(|state| state.map(owners).unwrap_or_default());
        let others = self.operator.others(&self.object.key);
        let is_done = |object: &&Arc<Object>| {
            object.dying
                && object.kept
                && object.key.kind != ObjectKind::Provider
                && !ours.contains(&object.key)
                && others.know_nothing_of(object)
        };
        self.objects.iter().filter(is_done).cloned().collect()
    }

    /// Lets go of those of these objects that no other copy has anything to do with.
    pub(super) async fn let_go(&self, objects: Vec<Arc<Object>>) -> Result<(), kube::Error> {
        let cluster = &self.operator.cluster;
        let gone = elsewhere::unknown_to_others(cluster, objects).await?; // I/O
        finalizers::let_go(cluster, gone).await // I/O
    }

    /// Whether a dying Provider has nothing left to look after.
    pub(super) fn is_done_with(&self, one: &One) -> bool {
        let remembered = self.memory.with(|state| state.is_some_and(|state| !owners(state).is_empty()));
        !remembered && one.objects().is_empty()
    }

    /// Lets go of everything of a dying Provider, without a call: somebody asked for it.
    pub(super) async fn let_everything_go(&self) -> Ended {
        let known = self.memory.state().unwrap_or_default();
        let entries: Vec<Entry> =
            owners(&known).iter().flat_map(|object| letting_go(&known, object)).collect();
        if let Err(error) = self.record(entries).await {
            return self.failed("Memory", &format!("{error}.")).await;
        }
        if self.let_go(self.done_with()).await.is_err() {
            return Ended::Failed;
        }
        match finalizers::let_go(&self.operator.cluster, vec![self.object.clone()]).await {
            Ok(()) => Ended::Well(None),
            Err(_) => Ended::Failed,
        }
    }

    /// An object that is gone although we kept it was let go of by hand.
    pub(super) async fn forget_vanished(&self) -> Result<(), EngineError> {
        let there: BTreeSet<&ObjectRef> = self.objects.iter().map(|object| &object.key).collect();
        let entries = self.memory.with(|state| {
            let Some(state) = state else { return vec![] };
            let gone = owners(state).into_iter().filter(|object| !there.contains(object));
            gone.flat_map(|object| letting_go(state, &object)).collect()
        });
        let by_hand: Vec<Entry> = {
            let state = self.memory.state().unwrap_or_default();
            let asked = self.objects.iter().filter(|object| object.dying && annotations::is_let_go(object));
            asked.flat_map(|object| letting_go(&state, &object.key)).collect()
        };
        self.record(entries.into_iter().chain(by_hand).collect()).await
    }
}
