//! What belongs to no Provider of its namespace: an object with an error, or one whose Provider is gone. Its status
//! says what to do, and a deleted one does not hang for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use orgform_model::{ObjectKind, ObjectRef};
use serde_json::{Map, json};

use crate::annotations::{is_let_go, keep_command};
use crate::board::{MEMORY, Part, Speakers, to_value};
use crate::conditions::{Stand, Standing};
use crate::declared::{Declared, declared};
use crate::finalizers;
use crate::object::Object;
use crate::operator::Operator;
use crate::pass::Ended;
use crate::tenants::own as own_text;
use crate::undeclared;

/// Looks after what no Provider of a namespace does.
pub(crate) async fn orphans(operator: &Operator, namespace: &Arc<str>) -> Ended {
    let objects = operator.cluster.matters_to(namespace);
    let declared = declared(namespace, &objects);
    if let Err(error) = tell_refused(operator, namespace, &objects, &declared).await {
        tracing::warn!(%namespace, "the API server did not take everything");
        tracing::debug!(%namespace, %error, "the API server did not take everything");
        return Ended::Failed;
    }
    let is_there = |provider: &str, object: &Object| {
        let (namespace, name) = provider.split_once('/').unwrap_or((&**namespace, provider));
        let key = ObjectRef {
            kind: ObjectKind::Provider,
            namespace: Some(Arc::from(namespace)),
            name: Arc::from(name),
        };
        operator.cluster.get(&key).is_some() && key != object.key
    };
    let providers = operator.cluster.providers();
    let looked_after: BTreeSet<ObjectRef> = declared.providers.iter().flat_map(|one| one.objects()).collect();
    let mut gone = Vec::new();
    let mut said = Vec::new();
    let mut nothing = Vec::new();
    let faults = OnceLock::new();
    let own = objects.iter().filter(|object| object.key.namespace.as_ref() == Some(namespace));
    for object in own.filter(|object| object.key.kind != ObjectKind::Provider) {
        let remembers = object.status.remembering();
        if remembers.iter().any(|provider| is_there(provider, object)) || looked_after.contains(&object.key) {
            continue;
        }
        // Whoever may be about to write something for it lets go of it.
        let near = |provider: &Arc<Object>| {
            let of = provider.namespace();
            of == *namespace || object.elsewhere.contains(&of)
        };
        if object.dying && providers.iter().any(near) || !object.dying && own_text(object).is_none() {
            continue;
        }
        let standing = if object.dying {
            if object.kept && (remembers.is_empty() || is_let_go(object)) {
                gone.push(object.clone());
                continue;
            }
            let Some(provider) = remembers.first() else { continue };
            let said = format!(
                "Deleted, but the Provider {provider} is gone, so nobody can tell what is left of this at the provider. \
                 Make the Provider again; or let it go, while everybody stays at the provider: `{}`.",
                keep_command(&object.key)
            );
            Standing::new(Stand::Stalled, "NoProvider", said)
        } else if let Some(errors) = declared.errors_of(&object.label()) {
            Standing::new(Stand::Stalled, "Invalid", errors)
        } else if let Some(standing) = undeclared::standing(object, false).filter(|_| remembers.is_empty()) {
            nothing.push((object.clone(), standing));
            continue;
        } else {
            Standing::new(
                Stand::Stalled,
                "NoProvider",
                faults.get_or_init(|| Faults::of(&objects, &declared)).because(object),
            )
        };
        said.push((object.clone(), standing));
    }
    let let_go = finalizers::let_go(&operator.cluster, gone).await; // I/O
    let now = Timestamp::now();
    let with_status = |(object, standing): (Arc<Object>, Standing)| {
        let mut status = object.status.tree().as_object().cloned().unwrap_or_default();
        MEMORY.iter().for_each(|name| drop(status.remove(*name)));
        status.insert("observedGeneration".to_owned(), json!(object.generation));
        status.insert("conditions".to_owned(), to_value(&standing.conditions(&object, now)));
        (object, standing, serde_json::Value::Object(status))
    };
    let mut all: Vec<_> = said.into_iter().map(with_status).collect();
    all.extend(nothing.into_iter().map(|(object, standing)| undeclared::said(object, standing, now)));
    let told = operator.board.write(all).await; // I/O
    match told.and(let_go) {
        Ok(()) => Ended::Well(None),
        Err(error) => {
            tracing::warn!(%namespace, "the API server did not take everything");
            tracing::debug!(%namespace, %error, "the API server did not take everything");
            Ended::Failed
        }
    }
}

/// What has an error of each Account, or above it.
struct Faults(BTreeMap<ObjectRef, Option<String>>);

impl Faults {
    fn of(objects: &[Arc<Object>], declared: &Declared) -> Self {
        let accounts = objects.iter().filter(|object| object.key.kind == ObjectKind::Account);
        let accounts: BTreeMap<&ObjectRef, &Arc<Object>> = accounts.map(|one| (&one.key, one)).collect();
        let providers = objects.iter().filter(|object| object.key.kind == ObjectKind::Provider);
        let providers: BTreeMap<&ObjectRef, &Arc<Object>> = providers.map(|one| (&one.key, one)).collect();
        let fault = |account: &Arc<Object>| {
            let mut at = account.clone();
            // A circle is an error of each in it.
            for _ in 0..=accounts.len() {
                if declared.errors_of(&at.label()).is_some() {
                    return Some(named(&at.key));
                }
                let above = at.refers_to();
                let provider = above.iter().find_map(|one| providers.get(one));
                if let Some(provider) = provider {
                    return declared.errors_of(&provider.label()).map(|_| named(&provider.key));
                }
                at = (*above.iter().find_map(|one| accounts.get(one))?).clone();
            }
            None
        };
        Self(accounts.values().map(|one| (one.key.clone(), fault(one))).collect())
    }

    /// Why nobody speaks for a living object without an error of its own.
    fn because(&self, object: &Object) -> String {
        let itself = Some(object.key.clone()).filter(|key| key.kind == ObjectKind::Account);
        let all = object.refers_to().into_iter().chain(itself);
        let faults: BTreeSet<&String> = all.filter_map(|one| self.0.get(&one)?.as_ref()).collect();
        let faults: Vec<&str> = faults.into_iter().map(String::as_str).collect();
        match &faults[..] {
            [] => "No usable Provider speaks for this: what it names, or what that is in, has an error."
                .to_owned(),
            [one] => {
                format!("No usable Provider speaks for this: the {one} has an error; its status says which.")
            }
            more => format!(
                "No usable Provider speaks for this: these have errors, their status says which: {}.",
                more.join(", ")
            ),
        }
    }
}

fn named(key: &ObjectRef) -> String {
    format!("{} {}", key.kind.as_str(), key.name)
}

/// Tells Members of other namespaces what they may not do here, and what is wrong with them.
async fn tell_refused(
    operator: &Operator,
    namespace: &Arc<str>,
    objects: &[Arc<Object>],
    declared: &Declared,
) -> Result<(), kube::Error> {
    let speaker =
        ObjectRef { kind: ObjectKind::Provider, namespace: Some(namespace.clone()), name: Arc::from("") };
    let mut said = Vec::new();
    let mut silent = Vec::new();
    for object in objects.iter().filter(|object| object.key.namespace.as_ref() != Some(namespace)) {
        let refused = declared.refusals.get(&object.key).map(|refusals| {
            let is_conflict = refusals.iter().all(|said| said.starts_with("Somebody else"));
            (if is_conflict { "Conflict" } else { "NotAllowed" }, refusals.join(" "))
        });
        let wrong = || Some(("Invalid", declared.errors_of(&object.label())?));
        let refused = refused.or_else(wrong);
        operator.board.retain(&object.key, &speaker, refused.is_some());
        if let Some((reason, refusal)) = refused {
            let standing = Standing::new(Stand::Stalled, reason, refusal);
            said.push((object.clone(), Part { standing, fields: Map::new(), memberships: vec![] }));
        } else {
            silent.push(object.clone());
        }
    }
    operator.board.publish(&speaker, said, &Speakers::default(), Timestamp::now()).await?; // I/O
    operator.board.fall_silent(&speaker, silent).await // I/O
}
