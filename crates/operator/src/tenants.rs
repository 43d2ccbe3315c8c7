//! Who may declare what in somebody else's account. Pure.
//!
//! A Member may name an Account of another namespace if that Account, or its Provider, lists the Member's namespace, with
//! the roles that may be given from there. Such a Member is read in the Account's namespace as if it were declared there,
//! reduced to what it may say. What is refused does not count as declared. Whether an account is closed or not there at
//! all is told in the same words: nobody learns what others have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgform_model::{Email, ObjectKind, ObjectRef};
use orgform_spec::{API_VERSION, ObjectText};
use serde_json::{Value, json};

use crate::object::{Object, label};

/// What one Member may not do, as sentences.
pub(crate) type Refusals = BTreeMap<ObjectRef, Vec<String>>;

/// The Members of other namespaces as one namespace takes them in, and what is refused.
pub(crate) fn taken_in(namespace: &str, objects: &[Arc<Object>]) -> (Vec<ObjectText>, Refusals) {
    // A dying Provider goes last, and is open until then.
    let is_own = |object: &&Arc<Object>| {
        object.key.namespace.as_deref() == Some(namespace)
            && (!object.dying || object.key.kind == ObjectKind::Provider)
    };
    let mut targets = Targets::default();
    let mut taken: BTreeSet<(Email, String)> = BTreeSet::new();
    for object in objects.iter().filter(is_own) {
        match object.key.kind {
            ObjectKind::Provider => drop(targets.providers.insert(&object.key.name, spec(object))),
            ObjectKind::Account => drop(targets.accounts.insert(&object.key.name, spec(object))),
            ObjectKind::Member => {
                let spec = spec(object);
                let accounts =
                    memberships(&spec, namespace, namespace).map(|(_, account)| account.to_owned());
                taken.extend(accounts.map(|account| (email(&spec), account)));
            }
            ObjectKind::Role | ObjectKind::ApiKey => {}
        }
    }
    let is_foreign = |object: &&Arc<Object>| {
        object.key.kind == ObjectKind::Member
            && object.key.namespace.as_deref() != Some(namespace)
            && !object.dying
    };
    let mut foreign: Vec<&Arc<Object>> = objects.iter().filter(is_foreign).collect();
    // Of two that say the same, the older one counts.
    foreign.sort_by(|a, b| (a.created, &a.uid).cmp(&(b.created, &b.uid)));
    let mut texts = Vec::new();
    let mut refusals = Refusals::new();
    for object in foreign {
        let spec = spec(object);
        let own = object.namespace();
        let mut allowed = Vec::new();
        for (membership, account) in memberships(&spec, &own, namespace) {
            let refusal = targets.refusal(account, namespace, &own, membership).or_else(|| {
                let is_new = taken.insert((email(&spec), account.to_owned()));
                (!is_new).then(|| {
                    format!("Somebody else declares this person in the account {account} of {namespace}.")
                })
            });
            match refusal {
                Some(said) => refusals.entry(object.key.clone()).or_default().push(said),
                None => {
                    let mut membership = membership.clone();
                    membership["accountRef"] = json!({ "name": account });
                    allowed.push(membership);
                }
            }
        }
        if !allowed.is_empty() {
            texts.push(text(object, &own, &spec, allowed));
        }
    }
    (texts, refusals)
}

/// An object of a namespace's own, without what it says of other namespaces; none if it says nothing else.
pub(crate) fn own(object: &Object) -> Option<ObjectText> {
    if object.key.kind != ObjectKind::Member || object.elsewhere.is_empty() {
        return Some(object.as_text());
    }
    let spec = spec(object);
    let own = object.namespace();
    let all = spec["memberships"].as_array().map_or(0, Vec::len);
    let kept: Vec<Value> = memberships(&spec, &own, &own).map(|(membership, _)| membership.clone()).collect();
    if kept.is_empty() && all > 0 && spec["offboarded"] != json!(true) {
        return None;
    }
    let mut reduced = spec.clone();
    if spec.get("memberships").is_some() {
        reduced["memberships"] = Value::Array(kept);
    }
    Some(with_spec(object, &own, reduced))
}

/// The living Members of other namespaces that say nothing of memberships, not even that there are none, with their
/// people: what they declared before stays as it is.
pub(crate) fn silent<'o>(namespace: &str, objects: &'o [Arc<Object>]) -> Vec<(&'o ObjectRef, Email)> {
    let foreign = objects.iter().filter(|object| {
        object.key.kind == ObjectKind::Member
            && object.key.namespace.as_deref() != Some(namespace)
            && !object.dying
    });
    let silent = foreign.filter_map(|object| {
        let spec = spec(object);
        let says = spec.get("memberships").is_some() || spec["offboarded"] == json!(true);
        (!says).then(|| (&object.key, email(&spec)))
    });
    silent.collect()
}

/// The namespaces that the Providers and Accounts of a namespace are open to.
pub(crate) fn open_to(namespace: &str, objects: &[Arc<Object>]) -> BTreeSet<String> {
    let targets = objects.iter().filter(|object| {
        matches!(object.key.kind, ObjectKind::Provider | ObjectKind::Account)
            && object.key.namespace.as_deref() == Some(namespace)
    });
    let names = |object: &Arc<Object>| {
        let spec = spec(object);
        let lists = spec["allowedNamespaces"].as_array().into_iter().flatten();
        lists.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    targets.flat_map(names).collect()
}

/// What a namespace has that others may name, as it is declared.
#[derive(Default)]
struct Targets<'o> {
    providers: BTreeMap<&'o str, Value>,
    accounts: BTreeMap<&'o str, Value>,
}

impl Targets<'_> {
    /// Why a membership is refused, if it is.
    fn refusal(&self, account: &str, namespace: &str, own: &str, membership: &Value) -> Option<String> {
        let target = self.accounts.get(account);
        let openers = target.into_iter().chain(self.provider_of(account, namespace));
        let lists = openers.filter_map(|spec| spec["allowedNamespaces"].as_array()).flatten();
        let open: Vec<&Value> = lists.filter(|one| one["name"] == json!(own)).collect();
        if open.is_empty() {
            return Some(format!("The account {account} of {namespace} is not open to {own}, or not there."));
        }
        let listed = open.iter().filter_map(|one| one["roles"].as_array()).flatten();
        let may: BTreeSet<&str> = listed.filter_map(Value::as_str).collect();
        let wanted = membership["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let more: Vec<&str> = wanted.filter(|role| !may.contains(role)).collect();
        (!more.is_empty()).then(|| {
            format!(
                "The role {} may not be given in the account {account} of {namespace} from {own}.",
                more.join(", ")
            )
        })
    }

    /// The Provider of an account: its own, or that of one above it.
    fn provider_of(&self, account: &str, namespace: &str) -> Option<&Value> {
        let mut spec = self.accounts.get(account)?;
        // Accounts that are each other's parents end it.
        for _ in 0..self.accounts.len() {
            if let Some(provider) = named_in(&spec["providerRef"], namespace) {
                return self.providers.get(provider);
            }
            spec = self.accounts.get(named_in(&spec["parentRef"], namespace)?)?;
        }
        None
    }
}

/// The name in a reference, if it is to something of this namespace.
fn named_in<'s>(reference: &'s Value, namespace: &str) -> Option<&'s str> {
    let within = reference["namespace"].as_str().is_none_or(|named| named == namespace);
    reference["name"].as_str().filter(|_| within)
}

/// The memberships of a Member in accounts of one namespace, with the name of the account.
fn memberships<'s>(
    spec: &'s Value,
    own: &str,
    of: &str,
) -> impl Iterator<Item = (&'s Value, &'s str)> + use<'s> {
    let all = spec["memberships"].as_array().into_iter().flatten();
    let (own, of) = (own.to_owned(), of.to_owned());
    all.filter_map(move |one| {
        let reference = &one["accountRef"];
        let namespace = reference["namespace"].as_str().unwrap_or(&own);
        (namespace == of).then_some((one, reference["name"].as_str()?))
    })
}

/// Nothing of it counts but the memberships: it does not speak for the person elsewhere.
fn text(object: &Object, own: &str, spec: &Value, memberships: Vec<Value>) -> ObjectText {
    let mut reduced = json!({ "email": spec["email"], "memberships": memberships });
    if spec["removal"].is_string() {
        reduced["removal"] = spec["removal"].clone();
    }
    with_spec(object, own, reduced)
}

fn with_spec(object: &Object, own: &str, spec: Value) -> ObjectText {
    let text = json!({
        "apiVersion": API_VERSION,
        "kind": object.key.kind.as_str(),
        "metadata": { "name": &*object.key.name },
        "spec": spec,
    });
    ObjectText { label: label(&object.key), namespace: Arc::from(own), text: Arc::from(text.to_string()) }
}

fn spec(object: &Object) -> Value {
    let mut object: Value = serde_json::from_str(&object.text).unwrap_or_default();
    object["spec"].take()
}

fn email(spec: &Value) -> Email {
    Email::new(spec["email"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn object(kind: ObjectKind, namespace: &str, name: &str, age: i64, spec: Value) -> Arc<Object> {
        let key = ObjectRef { kind, namespace: Some(Arc::from(namespace)), name: Arc::from(name) };
        Arc::new(Object {
            uid: format!("{namespace}/{name}"),
            generation: 1,
            created: Timestamp::from_second(1_000_000 - age).unwrap(),
            dying: false,
            kept: false,
            annotations: BTreeMap::new(),
            text: Arc::from(json!({ "spec": spec }).to_string()),
            elsewhere: BTreeSet::from([Arc::from("org")]),
            status: crate::status::Status::default(),
            key,
        })
    }

    fn member(namespace: &str, name: &str, age: i64, email: &str, role: &str) -> Arc<Object> {
        let membership = json!({ "accountRef": { "name": "lab", "namespace": "org" }, "roles": [role] });
        object(
            ObjectKind::Member,
            namespace,
            name,
            age,
            json!({ "email": email, "memberships": [membership] }),
        )
    }

    fn lab() -> Arc<Object> {
        let open = json!([{ "name": "team", "roles": ["viewer"] }, { "name": "other", "roles": ["viewer"] }]);
        object(ObjectKind::Account, "org", "lab", 9, json!({ "allowedNamespaces": open }))
    }

    #[test]
    fn a_namespace_may_give_what_the_account_lists_and_nothing_else() {
        let fine = member("team", "ada", 1, "ada@acme.example", "viewer");
        let (texts, refusals) = taken_in("org", &[lab(), fine]);
        assert_eq!((texts.len(), refusals.len()), (1, 0));
        assert!(!texts[0].text.contains("namespace"), "{}", texts[0].text);

        let admin = member("team", "ada", 1, "ada@acme.example", "admin");
        let (texts, refusals) = taken_in("org", &[lab(), admin]);
        assert!(
            texts.is_empty() && refusals.values().flatten().any(|said| said.contains("may not be given"))
        );
    }

    #[test]
    fn a_closed_account_and_one_that_is_not_there_are_told_in_the_same_words() {
        let stranger = member("stranger", "eve", 1, "eve@acme.example", "viewer");
        let (_, closed) = taken_in("org", &[lab(), stranger.clone()]);
        let (_, absent) = taken_in("org", &[stranger]);
        assert_eq!(closed, absent);
    }

    #[test]
    fn a_provider_that_is_open_opens_each_of_its_accounts_and_no_other_ones() {
        let open = json!([{ "name": "team", "roles": ["viewer"] }]);
        let provider =
            object(ObjectKind::Provider, "org", "pureport", 9, json!({ "allowedNamespaces": open }));
        let other = object(ObjectKind::Provider, "org", "other", 9, json!({}));
        let account = |name: &str, spec: Value| object(ObjectKind::Account, "org", name, 9, spec);
        let top = account("acme", json!({ "providerRef": { "name": "pureport" } }));
        let below = account("lab", json!({ "parentRef": { "name": "acme" } }));
        let elsewhere = account("lab", json!({ "providerRef": { "name": "other" } }));
        let loops = account("lab", json!({ "parentRef": { "name": "lab" } }));
        let joan = member("team", "joan", 1, "joan@acme.example", "viewer");
        let admin = member("team", "joan", 1, "joan@acme.example", "admin");
        let stranger = member("stranger", "joan", 1, "joan@acme.example", "viewer");
        let all = |account: &Arc<Object>, member: &Arc<Object>| {
            let objects = [&provider, &other, &top, account, member].map(Arc::clone);
            (taken_in("org", &objects).0.len(), open_to("org", &objects))
        };
        let team = BTreeSet::from(["team".to_owned()]);
        assert_eq!(all(&below, &joan), (1, team), "one below counts as the one above");
        assert_eq!(all(&below, &admin).0, 0, "a role that is not listed");
        assert_eq!(all(&below, &stranger).0, 0, "a namespace that is not listed");
        assert_eq!(
            (all(&elsewhere, &joan).0, all(&loops, &joan).0),
            (0, 0),
            "an account of another one, or of none"
        );
    }

    #[test]
    fn what_the_account_and_its_provider_list_may_be_given_together() {
        let open = |role: &str| json!([{ "name": "team", "roles": [role] }]);
        let provider = object(
            ObjectKind::Provider,
            "org",
            "pureport",
            9,
            json!({ "allowedNamespaces": open("viewer") }),
        );
        let lab = json!({ "providerRef": { "name": "pureport" }, "allowedNamespaces": open("guest") });
        let lab = object(ObjectKind::Account, "org", "lab", 9, lab);
        for (role, taken) in [("viewer", 1), ("guest", 1), ("admin", 0)] {
            let objects =
                [provider.clone(), lab.clone(), member("team", "joan", 1, "joan@acme.example", role)];
            assert_eq!(taken_in("org", &objects).0.len(), taken, "{role}");
        }
    }

    #[test]
    fn of_duplicates_the_accounts_own_counts_then_the_older() {
        let young = member("team", "ada", 1, "Ada@acme.example", "viewer");
        let old = member("other", "ada", 5, "ada@acme.example", "viewer");
        let (texts, refusals) = taken_in("org", &[lab(), young.clone(), old.clone()]);
        assert_eq!(texts.iter().map(|one| &*one.namespace).collect::<Vec<_>>(), ["other"]);
        assert!(!refusals[&young.key][0].contains("other"), "{refusals:?}");

        let own = member("org", "ada", 0, "ada@acme.example", "viewer");
        let (texts, refusals) = taken_in("org", &[lab(), young, old, own]);
        assert!(texts.is_empty());
        assert_eq!(refusals.len(), 2);
    }
}
