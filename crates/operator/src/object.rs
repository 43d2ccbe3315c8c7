//! One object as the operator keeps it: what it declares as text, and what matters of its metadata.
//!
//! Everything else is dropped as it comes in, so that ten thousand objects fit into little memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use orgform_model::{ObjectKind, ObjectRef};
use orgform_spec::crd::{GROUP, VERSION};
use orgform_spec::{API_VERSION, ObjectText};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::status::Status;

/// Keeps an object until the provider's side is confirmed gone or retained.
pub(crate) const FINALIZER: &str = "orgform.dev/provider";

/// The kinds, with their plurals.
pub(crate) const KINDS: [(ObjectKind, &str); 5] = [
    (ObjectKind::Provider, "providers"),
    (ObjectKind::Account, "accounts"),
    (ObjectKind::Role, "roles"),
    (ObjectKind::Member, "members"),
    (ObjectKind::ApiKey, "apikeys"),
];

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    /// What names it.
    pub(crate) key: ObjectRef,
    /// Tells it from one of the same name before or after it.
    pub(crate) uid: String,
    /// The version of what it declares.
    pub(crate) generation: i64,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Whether somebody has deleted it: then it declares nothing.
    pub(crate) dying: bool,
    /// Whether it is kept until we let go of it.
    pub(crate) kept: bool,
    /// The annotations that are for us.
    pub(crate) annotations: BTreeMap<String, String>,
    /// What it declares.
    pub(crate) text: Arc<str>,
    /// Other namespaces that it names, or that remember it: what it says matters there.
    pub(crate) elsewhere: BTreeSet<Arc<str>>,
    /// Its status.
    pub(crate) status: Status,
}

impl Object {
    /// An object that says nothing yet.
    #[cfg(test)]
    pub(crate) fn bare(key: ObjectRef) -> Self {
        Self {
            key,
            uid: String::new(),
            generation: 1,
            created: Timestamp::UNIX_EPOCH,
            dying: false,
            kept: false,
            annotations: BTreeMap::new(),
            text: Arc::from(""),
            elsewhere: Default::default(),
            status: Status::default(),
        }
    }

    /// Takes what matters of an object.
    pub(crate) fn new(kind: ObjectKind, object: &DynamicObject) -> Option<Self> {
        let metadata = &object.metadata;
        let name = metadata.name.as_deref()?;
        let namespace = metadata.namespace.as_deref()?;
        let text = json!({
            "apiVersion": API_VERSION,
            "kind": kind.as_str(),
            "metadata": { "name": name },
            "spec": object.data.get("spec").cloned().unwrap_or(Value::Null),
        });
        let annotations = metadata.annotations.iter().flatten();
        let ours = annotations.filter(|(name, _)| name.starts_with("orgform.dev/"));
        Some(Self {
            key: ObjectRef { kind, namespace: Some(Arc::from(namespace)), name: Arc::from(name) },
            uid: metadata.uid.clone().unwrap_or_default(),
            generation: metadata.generation.unwrap_or(0),
            created: metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            dying: metadata.deletion_timestamp.is_some(),
            kept: metadata.finalizers.iter().flatten().any(|one| one == FINALIZER),
            annotations: ours.map(|(name, value)| (name.clone(), value.clone())).collect(),
            elsewhere: elsewhere(&text["spec"], &object.data["status"], namespace),
            text: Arc::from(text.to_string()),
            status: Status::new(&object.data["status"]),
        })
    }

    /// Its namespace.
    pub(crate) fn namespace(&self) -> Arc<str> {
        self.key.namespace.clone().unwrap_or_default()
    }

    /// What to call it in findings.
    pub(crate) fn label(&self) -> String {
        label(&self.key)
    }

    /// For reading what it declares.
    pub(crate) fn as_text(&self) -> ObjectText {
        ObjectText { label: self.label(), namespace: self.namespace(), text: self.text.clone() }
    }

    /// The Providers that it remembers something of.
    pub(crate) fn remembering(&self) -> impl Iterator<Item = ObjectRef> {
        self.status.remembering().into_iter().map(|provider| self.provider(&provider))
    }

    /// What Providers that are worked for elsewhere, or were, say of it.
    pub(crate) fn said(&self) -> impl Iterator<Item = (ObjectRef, String)> {
        self.status.said().into_iter().map(|(provider, text)| (self.provider(&provider), text))
    }

    /// The Provider that something in its status names.
    pub(crate) fn provider(&self, named: &str) -> ObjectRef {
        let (namespace, name) = match named.split_once('/') {
            Some((namespace, name)) => (Some(Arc::from(namespace)), name),
            None => (self.key.namespace.clone(), named),
        };
        ObjectRef { kind: ObjectKind::Provider, namespace, name: Arc::from(name) }
    }

    /// Whether another state of it means the same to us: our own status and finalizer do not count.
    pub(crate) fn means_the_same(&self, other: &Self) -> bool {
        let Self {
            key: _,
            uid,
            generation: _,
            created: _,
            dying,
            kept,
            annotations,
            text,
            elsewhere: _,
            status: _,
        } = self;
        *uid == other.uid
            && *dying == other.dying
            && (!*kept || other.kept)
            && *annotations == other.annotations
            && *text == other.text
    }

    /// The Accounts that it is in or below, and the Provider that it is the topmost account of.
    pub(crate) fn refers_to(&self) -> Vec<ObjectRef> {
        let text: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let spec = &text["spec"];
        let to = |kind: ObjectKind, reference: &Value| {
            let namespace =
                reference["namespace"].as_str().map(Arc::from).or_else(|| self.key.namespace.clone());
            Some(ObjectRef { kind, namespace, name: Arc::from(reference["name"].as_str()?) })
        };
        let memberships = spec["memberships"].as_array().into_iter().flatten();
        let accounts = [&spec["accountRef"], &spec["parentRef"]].into_iter();
        let accounts = accounts.chain(memberships.map(|one| &one["accountRef"]));
        let provider = to(ObjectKind::Provider, &spec["providerRef"]);
        accounts.filter_map(|one| to(ObjectKind::Account, one)).chain(provider).collect()
    }

    /// Whether it names an account, as what it is in or below.
    pub(crate) fn names(&self, account: &Self) -> bool {
        let name = &*account.key.name;
        // Most don't, and reading takes time.
        if !self.text.contains(name) {
            return false;
        }
        let text: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let spec = &text["spec"];
        let own = self.key.namespace.as_deref();
        let is_it = |reference: &Value| {
            reference["name"] == *name
                && reference["namespace"].as_str().or(own) == account.key.namespace.as_deref()
        };
        let memberships = spec["memberships"].as_array().into_iter().flatten();
        is_it(&spec["accountRef"])
            || is_it(&spec["parentRef"])
            || memberships.map(|one| &one["accountRef"]).any(is_it)
    }
}

/// What to call an object in the status of one of a namespace: its name alone within the same one.
pub(crate) fn seen_from(object: &ObjectRef, namespace: Option<&str>) -> String {
    match object.namespace.as_deref() == namespace {
        true => object.name.to_string(),
        false => format!("{}/{}", object.namespace.as_deref().unwrap_or_default(), object.name),
    }
}

/// The name of a writer of one item for a Provider, in a list that many write; two Providers never share one.
pub(crate) fn writer(of: &str, provider: &str) -> String {
    const LONGEST: usize = 128;
    let name = format!("orgform-{of}-{provider}");
    if name.len() <= LONGEST {
        return name;
    }
    let hash = Sha256::digest(provider.as_bytes());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("orgform-{of}-{hash}")
}

/// What to call an object in findings: `org/members/ada`.
pub(crate) fn label(key: &ObjectRef) -> String {
    format!("{}/{}/{}", key.namespace.as_deref().unwrap_or_default(), plural(key.kind), key.name)
}

/// Other namespaces that a Member names, or whose Providers remember it or say something of it.
fn elsewhere(spec: &Value, status: &Value, own: &str) -> BTreeSet<Arc<str>> {
    let memberships = spec["memberships"].as_array().into_iter().flatten();
    let named = memberships.filter_map(|one| one["accountRef"]["namespace"].as_str());
    let lists = ["remembered", "said"].into_iter().filter_map(|list| status[list].as_array()).flatten();
    let remembering = lists.filter_map(|one| Some(one["provider"].as_str()?.split_once('/')?.0));
    named.chain(remembering).filter(|namespace| *namespace != own).map(Arc::from).collect()
}

/// The plural of a kind.
pub(crate) fn plural(kind: ObjectKind) -> &'static str {
    KINDS.iter().find(|(one, _)| *one == kind).map_or("", |(_, plural)| plural)
}

/// A kind as the API server knows it.
pub(crate) fn resource(kind: ObjectKind) -> ApiResource {
    let kind_of = GroupVersionKind::gvk(GROUP, VERSION, kind.as_str());
    ApiResource::from_gvk_with_plural(&kind_of, plural(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_providers_never_write_in_one_name() {
        let long = "x".repeat(200);
        let all = ["org-pureport", "org/pureport", &format!("{long}-a"), &format!("{long}-b")];
        let names: BTreeSet<String> = all.iter().map(|provider| writer("memory", provider)).collect();
        assert_eq!(names.len(), all.len());
        assert!(names.iter().all(|name| name.len() <= 128));
    }
}
