//! What Providers of other shards know of an object. Another copy works for them, so that only the API server can tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use orgform_model::ObjectRef;

use crate::cluster::Cluster;
use crate::memory::begun_for;
use crate::object::Object;

/// How many objects are read at once.
const READS: usize = 8;

/// Of these objects, those that no Provider of another shard remembers, or has begun something for, as the API server
/// knows it at this moment. I/O.
pub(crate) async fn unknown_to_others(
    cluster: &Cluster,
    objects: Vec<Arc<Object>>,
) -> Result<Vec<Arc<Object>>, kube::Error> {
    if cluster.shard.is_whole() || objects.is_empty() {
        return Ok(objects);
    }
    // What has just been begun there is in the Provider's status first, and what has ended in the object's: in this
    // order nothing slips through between the two.
    let begun = begun_elsewhere(cluster, &objects).await?; // I/O
    let is_known = |object: Arc<Object>| {
        let begun = begun.contains(&object.key);
        async move {
            let now = now(cluster, &object.key).await?; // I/O
            let same = now.filter(|now| now.uid == object.uid);
            let remembered =
                same.is_some_and(|now| now.remembering().any(|provider| !cluster.shard.has(&provider)));
            Ok::<_, kube::Error>((!begun && !remembered).then_some(object))
        }
    };
    let known = futures::stream::iter(objects.into_iter().map(is_known)).buffered(READS);
    let known: Vec<Option<Arc<Object>>> = known.try_collect().await?;
    Ok(known.into_iter().flatten().collect())
}

/// What was begun by Providers of other shards that may have to do with any of these.
async fn begun_elsewhere(
    cluster: &Cluster,
    objects: &[Arc<Object>],
) -> Result<BTreeSet<ObjectRef>, kube::Error> {
    let namespaces: BTreeSet<Arc<str>> = objects
        .iter()
        .flat_map(|object| object.elsewhere.iter().cloned().chain([object.namespace()]))
        .collect();
    let mut begun = BTreeSet::new();
    for provider in cluster.providers() {
        if cluster.shard.has(&provider.key) || !namespaces.contains(&provider.namespace()) {
            continue;
        }
        begun.extend(now(cluster, &provider.key).await?.iter().flat_map(begun_for)); // I/O
    }
    Ok(begun)
}

/// An object as it is now.
async fn now(cluster: &Cluster, key: &ObjectRef) -> Result<Option<Object>, kube::Error> {
    let found = cluster.api(key).get_opt(&key.name).await?;
    Ok(found.and_then(|found| Object::new(key.kind, &found)))
}
