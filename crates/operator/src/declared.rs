//! From the objects of a namespace to what is desired: the same steps as for files. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgform_model::{Desired, Email, Finding, ObjectKind, ObjectRef, Place, Semantics, Severity};
use orgform_provider::ProviderType;
use orgform_providers::PROVIDERS;
use orgform_spec::{Checked, ObjectText, ProviderSettings};

use crate::conditions::capitalized;
use crate::object::Object;
use crate::tenants::{self, Refusals};

/// What the objects of a namespace declare.
pub(crate) struct Declared {
    /// By Provider.
    pub(crate) providers: Vec<One>,
    /// What is wrong, by the label of the object.
    pub(crate) findings: BTreeMap<String, Vec<Finding>>,
    /// What Members of other namespaces may not do.
    pub(crate) refusals: Refusals,
}

/// What is declared for one Provider.
pub(crate) struct One {
    /// How to connect.
    pub(crate) settings: ProviderSettings,
    /// The kind of provider.
    pub(crate) provider: &'static ProviderType,
    /// What is declared, in the provider's normal form.
    pub(crate) desired: Arc<Desired>,
}

/// Reads, validates, resolves and audits what is declared in a namespace, there or from others that may. A dying object
/// declares nothing, but for a Provider, which goes last.
pub(crate) fn declared(namespace: &str, objects: &[Arc<Object>]) -> Declared {
    let own = objects.iter().filter(|one| one.key.namespace.as_deref() == Some(namespace));
    let living = own.filter(|one| !one.dying || one.key.kind == ObjectKind::Provider);
    let mut texts: Vec<_> = living.filter_map(|one| tenants::own(one)).collect();
    let of_owner = texts.len();
    let (foreign, refusals) = tenants::taken_in(namespace, objects);
    texts.extend(foreign);
    let mut resolved = resolved(&texts);
    let is_wrong = |one: &ObjectText| errors(&resolved.findings, &one.label).next().is_some();
    let wrong: BTreeSet<String> =
        texts[of_owner..].iter().filter(|one| is_wrong(one)).map(|one| one.label.clone()).collect();
    if !wrong.is_empty() {
        texts.retain(|one| !wrong.contains(&one.label));
        resolved = without(&wrong, resolved, &texts, objects);
    }
    let Resolved { mut providers, mut findings } = resolved;
    tell_of_deleted_accounts(namespace, objects, &mut findings);
    let silent = tenants::silent(namespace, objects);
    for one in providers.iter_mut().filter(|_| !silent.is_empty()) {
        let named: BTreeSet<&Email> = one.desired.all_memberships().map(|(_, email, _)| email).collect();
        let unsaid = silent.iter().filter(|(_, email)| !named.contains(email));
        let unsaid: Vec<ObjectRef> = unsaid.map(|(object, _)| (*object).clone()).collect();
        Arc::make_mut(&mut one.desired).frozen.objects.extend(unsaid);
    }
    Declared { providers, findings, refusals }
}

/// Whoever names a deleted account learns that it is one: for all else, it is not declared.
fn tell_of_deleted_accounts(
    namespace: &str,
    objects: &[Arc<Object>],
    findings: &mut BTreeMap<String, Vec<Finding>>,
) {
    let own = || objects.iter().filter(|one| one.key.namespace.as_deref() == Some(namespace));
    let deleted: Vec<_> = own().filter(|one| one.dying && one.key.kind == ObjectKind::Account).collect();
    for account in deleted {
        let said =
            format!("the Account `{}` is deleted, and goes once nothing names it any more", account.key.name);
        for object in own().filter(|object| !object.dying && object.names(account)) {
            let label = object.label();
            let place = Place { file: Arc::from(label.as_str()), line: 0, column: 0, length: 0 };
            findings.entry(label).or_default().push(Finding::error(said.clone(), place));
        }
    }
}

/// What texts declare, and what is wrong.
struct Resolved {
    providers: Vec<One>,
    findings: BTreeMap<String, Vec<Finding>>,
}

fn resolved(texts: &[ObjectText]) -> Resolved {
    let semantics: Vec<&'static Semantics> = PROVIDERS.iter().map(|provider| provider.semantics).collect();
    let Checked { value: manifest, findings: mut all } = orgform_spec::validate_objects(texts);
    let Checked { value: resolved, findings: of_names } = orgform_spec::resolve(&manifest, &semantics);
    drop(manifest);
    all.extend(of_names);
    let mut providers = Vec::new();
    for one in resolved {
        let kind = one.settings.kind;
        let Some(provider) = PROVIDERS.iter().find(|provider| provider.semantics.kind == kind) else {
            continue;
        };
        let (desired, of_audit) = orgform_engine::audit(provider, one.desired);
        all.extend(of_audit);
        providers.push(One { settings: one.settings, provider, desired: Arc::new(desired) });
    }
    all.sort_by(|a, b| a.places.cmp(&b.places).then_with(|| a.message.cmp(&b.message)));
    all.dedup();
    let mut findings: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for finding in all {
        let files: BTreeSet<&str> = finding.places.iter().map(|place| &*place.file).collect();
        for file in files {
            findings.entry(file.to_owned()).or_default().push(finding.clone());
        }
    }
    Resolved { providers, findings }
}

/// The same without what is wrong in objects of other namespaces: that hinders the owner in nothing. What such an object
/// declared before is left as it is. It is told what is wrong, and nothing of what the owner has.
fn without(
    wrong: &BTreeSet<String>,
    mut before: Resolved,
    texts: &[ObjectText],
    objects: &[Arc<Object>],
) -> Resolved {
    let mut resolved = resolved(texts);
    let frozen = objects.iter().filter(|one| wrong.contains(&one.label())).map(|one| one.key.clone());
    let frozen: BTreeSet<ObjectRef> = frozen.collect();
    for one in &mut resolved.providers {
        Arc::make_mut(&mut one.desired).frozen.objects.extend(frozen.iter().cloned());
    }
    for label in wrong {
        let mut findings = before.findings.remove(label).unwrap_or_default();
        findings.iter_mut().for_each(|finding| (finding.label, finding.hint) = (None, None));
        resolved.findings.insert(label.clone(), findings);
    }
    resolved
}

fn errors<'f>(
    findings: &'f BTreeMap<String, Vec<Finding>>,
    label: &str,
) -> impl Iterator<Item = &'f Finding> + use<'f> {
    findings.get(label).into_iter().flatten().filter(|one| one.severity == Severity::Error)
}

impl Declared {
    /// What is wrong with an object, as sentences, and what follows; none if nothing is.
    pub(crate) fn errors_of(&self, label: &str) -> Option<String> {
        let said: Vec<String> =
            errors(&self.findings, label).map(|finding| sentence(finding, label)).collect();
        (!said.is_empty()).then(|| {
            format!("{} Until that is mended, nothing that this object declares is changed.", said.join(" "))
        })
    }
}

impl One {
    /// The objects that declare something of this Provider.
    pub(crate) fn objects(&self) -> BTreeSet<ObjectRef> {
        let Desired { accounts, roles, memberships, people, api_keys, .. } = &*self.desired;
        let people_in = memberships.values().flat_map(BTreeMap::values).map(|one| &one.object);
        accounts
            .values()
            .map(|one| &one.object)
            .chain(roles.values().map(|one| &one.object))
            .chain(people_in)
            .chain(people.values().map(|one| &one.object))
            .chain(api_keys.values().map(|one| &one.object))
            .cloned()
            .collect()
    }
}

/// A finding of an object without its place: the object is the place. Others of its namespace that are meant too are named.
fn sentence(finding: &Finding, object: &str) -> String {
    let Finding { severity: _, message, places, label, hint } = finding;
    let label =
        label.as_ref().map(|label| format!(" ({})", label.replace("in this root", "in this namespace")));
    let others: BTreeSet<&str> = places
        .iter()
        .filter_map(|place| near(&place.file, object))
        .filter(|other| object != *other)
        .collect();
    let others: Vec<&str> = others.into_iter().filter_map(|other| Some(other.split_once('/')?.1)).collect();
    let others = match &others[..] {
        [] => String::new(),
        _ => format!(", see {} too", others.join(", ")),
    };
    let said = capitalized(&format!("{message}{}{others}.", label.unwrap_or_default()));
    match hint {
        Some(hint) => format!("{said} Hint: {hint}"),
        None => said,
    }
}

/// An object, if it is in the namespace of another one.
fn near<'o>(other: &'o str, object: &str) -> Option<&'o str> {
    let of = |label: &str| label.split_once('/').map(|(namespace, _)| namespace.to_owned());
    (of(other) == of(object)).then_some(other)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn object(kind: ObjectKind, namespace: &str, name: &str, spec: Value) -> Arc<Object> {
        let key = ObjectRef { kind, namespace: Some(Arc::from(namespace)), name: Arc::from(name) };
        let text = json!({
            "apiVersion": orgform_spec::API_VERSION,
            "kind": kind.as_str(),
            "metadata": { "name": name },
            "spec": spec,
        });
        Arc::new(Object {
            uid: format!("{namespace}/{name}"),
            generation: 1,
            created: Timestamp::UNIX_EPOCH,
            dying: false,
            kept: false,
            annotations: BTreeMap::new(),
            text: Arc::from(text.to_string()),
            elsewhere: BTreeSet::from([Arc::from("org")]),
            status: crate::status::Status::default(),
            key,
        })
    }

    /// A person of the owner's, and one of a tenant's who says something wrong.
    fn with_tenant(email: &str, roles: &[&str]) -> (Declared, ObjectRef) {
        let key = |key: &str| json!({ "secretKeyRef": { "name": "pureport", "key": key } });
        let open = json!([{ "name": "team", "roles": ["read-only", "gone"] }]);
        let provider = json!({
            "pureport": { "credentials": { "key": key("key"), "secret": key("secret") } },
            "allowedNamespaces": open,
        });
        let role = json!({
            "accountRef": { "name": "acme" },
            "permissions": [{ "resources": ["networks"], "actions": ["read"] }],
        });
        let account = |name: &str| json!({ "name": name, "namespace": "org" });
        let ada = json!([{ "accountRef": { "name": "acme" }, "roles": ["read-only"] }]);
        let theirs = json!([{ "accountRef": account("lab"), "roles": roles }]);
        let theirs =
            object(ObjectKind::Member, "team", "x", json!({ "email": email, "memberships": theirs }));
        let objects = [
            object(ObjectKind::Provider, "org", "pureport", provider),
            object(ObjectKind::Account, "org", "acme", json!({ "providerRef": { "name": "pureport" } })),
            object(ObjectKind::Account, "org", "lab", json!({ "parentRef": { "name": "acme" } })),
            object(ObjectKind::Role, "org", "read-only", role),
            object(
                ObjectKind::Member,
                "org",
                "ada",
                json!({ "email": "ada@acme.example", "memberships": ada }),
            ),
            theirs.clone(),
        ];
        (declared("org", &objects), theirs.key.clone())
    }

    #[test]
    fn what_a_tenant_may_say_counts_as_declared() {
        let (declared, theirs) = with_tenant("joan@acme.example", &["read-only"]);
        assert_eq!(declared.findings, BTreeMap::new());
        assert!(declared.providers[0].objects().contains(&theirs));
    }

    #[test]
    fn a_tenant_that_no_longer_says_anything_of_memberships_leaves_them_as_they_are() {
        let says = |spec: Value| {
            let theirs = object(ObjectKind::Member, "team", "x", spec);
            let key = |key: &str| json!({ "secretKeyRef": { "name": "pureport", "key": key } });
            let provider =
                json!({ "pureport": { "credentials": { "key": key("key"), "secret": key("secret") } } });
            let objects = [object(ObjectKind::Provider, "org", "pureport", provider), theirs.clone()];
            declared("org", &objects).providers[0].desired.frozen.objects.contains(&theirs.key)
        };
        let email = "joan@acme.example";
        assert!(says(json!({ "email": email })));
        assert!(!says(json!({ "email": email, "memberships": [] })));
        assert!(!says(json!({ "email": email, "offboarded": true })));
    }

    #[test]
    fn an_error_of_a_tenant_hinders_the_owner_in_nothing() {
        // A role that is not there any more; and an address that the API server takes and nobody can be mailed at.
        for (email, roles) in [("ada@acme.example", &["gone"]), ("\u{200b}@acme.example", &["read-only"])] {
            let (declared, theirs) = with_tenant(email, roles);
            let one = &declared.providers[0];
            let said = declared.errors_of("team/members/x").unwrap();
            assert!(!said.contains("Hint") && !said.contains("read-only"), "{said}");
            assert_eq!(declared.findings.len(), 1, "{:?}", declared.findings);
            assert!(!one.objects().contains(&theirs));
            assert_eq!(one.desired.all_memberships().count(), 1, "the owner's own");
            assert!(one.desired.frozen.people.is_empty(), "nobody of the owner's is frozen");
            assert!(one.desired.frozen.objects.contains(&theirs), "what it declared before stays as it is");
            assert!(matches!(one.desired.subject, orgform_model::desired::Subject::Everything));
        }
    }

    fn deleted(object: Arc<Object>) -> Arc<Object> {
        Arc::new(Object { dying: true, ..(*object).clone() })
    }

    #[test]
    fn words_of_files_are_those_of_a_namespace_and_the_other_object_is_named() {
        let key = |key: &str| json!({ "secretKeyRef": { "name": "pureport", "key": key } });
        let provider =
            json!({ "pureport": { "credentials": { "key": key("key"), "secret": key("secret") } } });
        let ada = |account: &str| {
            let membership = json!({ "accountRef": { "name": account }, "roles": ["admin"] });
            json!({ "email": "ada@acme.example", "memberships": [membership] })
        };
        let objects = [
            object(ObjectKind::Provider, "org", "pureport", provider),
            object(ObjectKind::Account, "org", "acme", json!({ "providerRef": { "name": "pureport" } })),
            object(ObjectKind::Member, "org", "ada", ada("acme")),
            object(ObjectKind::Member, "org", "ada-too", ada("acme")),
            object(ObjectKind::Member, "org", "tim", ada("gone")),
            deleted(object(ObjectKind::Account, "org", "lab", json!({ "parentRef": { "name": "acme" } }))),
            object(ObjectKind::Member, "org", "eve", ada("lab")),
        ];
        let declared = declared("org", &objects);
        let doubled = declared.errors_of("org/members/ada").unwrap();
        assert!(doubled.contains("two declarations for acme, see members/ada-too too."), "{doubled}");
        let unknown = declared.errors_of("org/members/tim").unwrap();
        assert!(unknown.contains("(not declared in this namespace)"), "{unknown}");
        assert!(unknown.ends_with("nothing that this object declares is changed."), "{unknown}");
        let deleted = declared.errors_of("org/members/eve").unwrap();
        assert!(
            deleted.contains("The Account `lab` is deleted, and goes once nothing names it"),
            "{deleted}"
        );
    }
}
