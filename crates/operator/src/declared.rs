//! From the objects of a namespace to what is desired: the same steps as for files. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgform_model::{Desired, Finding, ObjectKind, ObjectRef, Semantics, Severity};
use orgform_provider::ProviderType;
use orgform_providers::PROVIDERS;
use orgform_spec::{Checked, ProviderSettings};

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
    pub(crate) desired: Desired,
}

/// Reads, validates, resolves and audits what is declared in a namespace, there or from others that may. A dying object
/// declares nothing, but for a Provider, which goes last.
pub(crate) fn declared(namespace: &str, objects: &[Arc<Object>]) -> Declared {
    let own = objects.iter().filter(|one| one.key.namespace.as_deref() == Some(namespace));
    let living = own.filter(|one| !one.dying || one.key.kind == ObjectKind::Provider);
    let mut texts: Vec<_> = living.filter_map(|one| tenants::own(one)).collect();
    let (foreign, refusals) = tenants::taken_in(namespace, objects);
    texts.extend(foreign);
    let documents = orgform_spec::read_objects(&texts);
    let semantics: Vec<&'static Semantics> = PROVIDERS.iter().map(|provider| provider.semantics).collect();
    let Checked { value: manifest, findings: of_documents } = orgform_spec::validate(&documents);
    let Checked { value: resolved, findings: of_names } = orgform_spec::resolve(&manifest, &semantics);
    let mut all = documents.findings.clone();
    all.extend(of_documents);
    all.extend(of_names);
    let mut providers = Vec::new();
    for one in resolved {
        let kind = one.settings.kind;
        let Some(provider) = PROVIDERS.iter().find(|provider| provider.semantics.kind == kind) else {
            continue;
        };
        let (desired, of_audit) = orgform_engine::audit(provider, one.desired);
        all.extend(of_audit);
        providers.push(One { settings: one.settings, provider, desired });
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
    Declared { providers, findings, refusals }
}

impl Declared {
    /// What is wrong with an object, as sentences; none if nothing is.
    pub(crate) fn errors_of(&self, label: &str) -> Option<String> {
        let findings = self.findings.get(label)?;
        let errors = findings.iter().filter(|one| one.severity == Severity::Error);
        let said: Vec<String> = errors.map(sentence).collect();
        (!said.is_empty()).then(|| said.join(" "))
    }
}

impl One {
    /// The objects that declare something of this Provider.
    pub(crate) fn objects(&self) -> BTreeSet<ObjectRef> {
        let Desired { accounts, roles, memberships, people, api_keys, .. } = &self.desired;
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

/// A finding without its place: the object is the place.
fn sentence(finding: &Finding) -> String {
    let Finding { severity: _, message, places: _, label, hint } = finding;
    let label = label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut said = format!("{message}{label}.");
    if let Some(first) = said.get(..1) {
        said = first.to_uppercase() + &said[1..];
    }
    match hint {
        Some(hint) => format!("{said} Hint: {hint}"),
        None => said,
    }
}
