//! Finalizers: an object is kept until the provider's side is confirmed gone or retained.

use std::sync::Arc;

use futures::StreamExt;
use kube::api::{DynamicObject, Patch, PatchParams};
use serde_json::json;

use crate::cluster::Cluster;
use crate::object::{FINALIZER, Object};

/// How many objects are written at once.
const WRITES: usize = 8;

/// Keeps these objects from now on. The first that can't be is an error.
pub(crate) async fn keep(cluster: &Cluster, objects: Vec<Arc<Object>>) -> Result<(), kube::Error> {
    each(cluster, objects, true).await
}

/// Lets these objects go.
pub(crate) async fn let_go(cluster: &Cluster, objects: Vec<Arc<Object>>) -> Result<(), kube::Error> {
    each(cluster, objects, false).await
}

async fn each(cluster: &Cluster, objects: Vec<Arc<Object>>, keep: bool) -> Result<(), kube::Error> {
    let mut writes = futures::stream::iter(objects.into_iter().map(|object| async move {
        let written = set(cluster, &object, keep).await;
        cluster.written(&object, written).await
    }))
    .buffer_unordered(WRITES);
    let mut first = Ok(());
    while let Some(written) = writes.next().await {
        if first.is_ok() {
            first = written;
        }
    }
    first
}

/// A finalizer is an item of a set: applying it, or applying nothing, leaves everybody else's alone. The uid keeps an
/// object that is gone from being made again.
async fn set(cluster: &Cluster, object: &Object, keep: bool) -> Result<DynamicObject, kube::Error> {
    let mut metadata = json!({ "name": &*object.key.name, "uid": object.uid });
    if keep {
        metadata["finalizers"] = json!([FINALIZER]);
    }
    let patch = json!({
        "apiVersion": orgform_spec::API_VERSION,
        "kind": object.key.kind.as_str(),
        "metadata": metadata,
    });
    let params = PatchParams::apply("orgform-finalizer").force();
    cluster.api(&object.key).patch(&object.key.name, &params, &Patch::Apply(&patch)).await
}
