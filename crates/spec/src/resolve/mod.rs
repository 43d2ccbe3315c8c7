//! Names become references: one desired state per `Provider`.
//!
//! Pure. Told here is everything that is wrong between objects: unknown references, cycles, two declarations
//! of one thing. What depends on an erroneous declaration is frozen with it, the rest goes on.

mod accounts;
mod api_keys;
mod members;
mod names;
mod roles;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use orgform_model::desired::{Desired, Frozen, Subject};
use orgform_model::{Email, Finding, ObjectRef, Place, ProviderName, SecretRef, Semantics};

use crate::Checked;
use crate::manifest::{Block, Kind, Manifest, Object, Provider};
use crate::names::quoted;
use crate::near::{did_you_mean, join};
use names::Index;

/// One provider, ready to be connected to, and what is desired of it.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// How to connect.
    pub settings: ProviderSettings,
    /// What pure code must know of it.
    pub semantics: &'static Semantics,
    /// What is declared; not yet in the provider's normal form.
    pub desired: Desired,
}

/// How to connect to a provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// The `metadata.name` of the Provider.
    pub name: ProviderName,
    /// Which kind of provider, as in [`Semantics::kind`].
    pub kind: &'static str,
    /// The base of all paths as a URL, if it is said.
    pub endpoint: Option<String>,
    /// Where log-ins go as a URL, if it is said.
    pub login_endpoint: Option<String>,
    /// What is agreed to that only this kind of provider knows, such as `acceptCharges`.
    pub agreed: BTreeSet<String>,
    /// A simulator in the same process instead of an endpoint.
    pub simulator: Option<SimulatorSettings>,
    /// Where the fields of the credential come from; may be empty with a simulator.
    pub credentials: Vec<CredentialRef>,
    /// The same for everything that only reads; empty if not said.
    pub read_only_credentials: Vec<CredentialRef>,
    /// Where the Provider is declared.
    pub place: Place,
}

/// A simulator in the same process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatorSettings {
    /// The name of the account that exists from the start.
    pub root_account: String,
}

/// Where a field of a credential comes from. Never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRef {
    /// The field, such as `key`.
    pub field: String,
    /// The source.
    pub source: CredentialSource,
    /// Where this is written.
    pub place: Place,
}

/// A source of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// An environment variable.
    Env(String),
    /// A file; a relative path starts at the root.
    File(PathBuf),
    /// A key of a Secret of the object's own namespace, in a cluster.
    SecretKey {
        /// The name of the Secret.
        name: String,
        /// The key in it.
        key: String,
    },
}

impl CredentialSource {
    /// The same as what is desired refers to it.
    pub(crate) fn to_ref(&self) -> SecretRef {
        match self {
            Self::Env(name) => SecretRef::Env(name.clone()),
            Self::File(path) => SecretRef::File(path.to_string_lossy().into_owned()),
            Self::SecretKey { name, key } => SecretRef::SecretKey { name: name.clone(), key: key.clone() },
        }
    }
}

/// Resolves all names; one result for each usable `Provider` object, in the order of their names.
pub fn resolve(manifest: &Manifest, semantics: &[&'static Semantics]) -> Checked<Vec<Resolved>> {
    let mut run = Run::new(manifest, semantics);
    run.mark_clones();
    let accounts = accounts::place_accounts(&mut run);
    let roles = roles::place_roles(&mut run, &accounts);
    members::place_members(&mut run, &accounts, &roles);
    api_keys::place_api_keys(&mut run, &accounts, &roles);
    run.finish()
}

/// What the steps share.
struct Run<'m> {
    manifest: &'m Manifest,
    /// Usable providers, in the order of their names.
    targets: Vec<Target<'m>>,
    providers: Index<'m>,
    findings: Vec<Finding>,
    frozen: Frozen,
    /// Hints for accounts that are not declared, by the name written.
    near_accounts: HashMap<String, Option<String>>,
}

/// A usable provider and what is desired of it so far.
struct Target<'m> {
    object: &'m Object<Provider>,
    block: &'m Block,
    semantics: &'static Semantics,
    desired: Desired,
}

impl<'m> Run<'m> {
    fn new(manifest: &'m Manifest, semantics: &[&'static Semantics]) -> Self {
        let mut run = Self {
            manifest,
            targets: Vec::new(),
            providers: Index::new(&manifest.providers),
            findings: Vec::new(),
            frozen: Frozen { objects: BTreeSet::new(), people: manifest.nameless_people.clone() },
            near_accounts: HashMap::new(),
        };
        for (index, object) in manifest.providers.iter().enumerate() {
            match &object.spec.block {
                Some(block) if !object.broken && run.providers.is_unique(index) => {
                    run.add_target(object, block, semantics);
                }
                _ => run.freeze(object.object()),
            }
        }
        run.targets.sort_by(|one, other| one.object.name.value.cmp(&other.object.name.value));
        run
    }

    fn add_target(&mut self, object: &'m Object<Provider>, block: &'m Block, known: &[&'static Semantics]) {
        let Some(semantics) = known.iter().find(|semantics| semantics.kind == block.kind) else {
            let said = format!("this build of orgform can't speak to {}", quoted(block.kind));
            self.findings.push(Finding::error(said, object.place_of(block.span)));
            return self.freeze(object.object());
        };
        let mut desired = Desired::empty(ProviderName::new(object.name.value.clone()));
        desired.policy = object.spec.policy.clone();
        if !object.spec.removal_is_said {
            desired.policy.removal.members = semantics.people.removal;
        }
        self.targets.push(Target { object, block, semantics, desired });
    }

    /// Tells objects of one kind and name.
    fn mark_clones(&mut self) {
        let Manifest { providers, accounts, roles, members, api_keys, .. } = self.manifest;
        self.mark_clones_of(providers);
        self.mark_clones_of(accounts);
        self.mark_clones_of(roles);
        self.mark_clones_of(members);
        self.mark_clones_of(api_keys);
    }

    fn mark_clones_of<T: Kind>(&mut self, objects: &[Object<T>]) {
        for (first, second) in Index::new(objects).clones() {
            let (first, second) = (&objects[first], &objects[second]);
            let said =
                format!("there are two objects of kind {} named {}", T::KIND, quoted(&second.name.value));
            self.findings.push(
                Finding::error(said, second.place())
                    .also_at(first.place())
                    .hint("rename one; to move an object, delete it in the old file."),
            );
        }
    }

    fn freeze(&mut self, object: ObjectRef) {
        self.frozen.objects.insert(object);
    }

    fn freeze_person(&mut self, object: ObjectRef, email: &Email) {
        self.frozen.objects.insert(object);
        self.frozen.people.insert(email.clone());
    }

    /// The usable provider of that name. An unusable one is told already; an unknown one is told here.
    fn target(&mut self, name: &str, place: impl FnOnce() -> Place) -> Option<usize> {
        let found = self.targets.binary_search_by(|target| target.object.name.value.as_ref().cmp(name)).ok();
        if found.is_none() && !self.providers.has(name) {
            let hint = did_you_mean(name, self.providers.names());
            let mut finding = Finding::error(format!("no Provider {} here", quoted(name)), place());
            finding.hint = hint.or_else(|| {
                let names: Vec<String> = self.providers.names().map(quoted).collect();
                Some(match names.is_empty() {
                    true => "declare one: `kind: Provider` says which API to speak to.".to_owned(),
                    false => format!("declared are {}.", names.join(", ")),
                })
            });
            self.findings.push(finding);
        }
        found
    }

    fn finish(mut self) -> Checked<Vec<Resolved>> {
        self.findings.sort_by(|one, other| one.places.cmp(&other.places));
        let subject = subject(self.manifest);
        let frozen = self.frozen;
        let resolved = self
            .targets
            .into_iter()
            .map(|Target { object, block, semantics, mut desired }| {
                desired.frozen = frozen.clone();
                desired.subject = subject.clone();
                let settings = ProviderSettings {
                    name: desired.provider.clone(),
                    kind: block.kind,
                    endpoint: block.endpoint.clone(),
                    login_endpoint: block.login_endpoint.clone(),
                    agreed: block.agreed.clone(),
                    simulator: block.simulator.clone(),
                    credentials: block.credentials.clone(),
                    read_only_credentials: block.read_only_credentials.clone(),
                    place: object.place(),
                };
                Resolved { settings, semantics, desired }
            })
            .collect();
        Checked { value: resolved, findings: self.findings }
    }
}

/// What the result speaks for. Any gap anywhere in the root counts: what was not read may declare anything,
/// and a member whose e-mail could not be read may be anybody.
fn subject(manifest: &Manifest) -> Subject {
    let gaps = gaps(manifest);
    let gap = !gaps.is_empty();
    if manifest.whole_root && !gap {
        return Subject::Everything;
    }
    let mut objects = BTreeSet::new();
    collect(&manifest.providers, &mut objects);
    collect(&manifest.accounts, &mut objects);
    collect(&manifest.roles, &mut objects);
    collect(&manifest.members, &mut objects);
    collect(&manifest.api_keys, &mut objects);
    let because = if gap {
        join(&gaps, "and")
    } else if manifest.asked.is_empty() {
        "only a part was read".to_owned()
    } else {
        format!(
            "only {} {} read",
            several(&manifest.asked),
            if manifest.asked.len() == 1 { "was" } else { "were" }
        )
    };
    Subject::Some { objects, because, gap }
}

/// Clauses that say what is missing.
fn gaps(manifest: &Manifest) -> Vec<String> {
    let mut gaps = Vec::new();
    if !manifest.gaps.is_empty() {
        gaps.push(format!("{} could not be read", several(&manifest.gaps)));
    }
    let anybody = manifest.members.iter().filter(|object| object.spec.email.is_none());
    let anybody: Vec<String> = anybody
        .map(|object| {
            let Place { file, line, .. } = object.place();
            format!("{file}:{line}")
        })
        .collect();
    if !anybody.is_empty() {
        let verb = if anybody.len() == 1 { "names" } else { "name" };
        gaps.push(format!("{} {verb} nobody", several(&anybody)));
    }
    gaps
}

fn collect<T: Kind>(from: &[Object<T>], objects: &mut BTreeSet<ObjectRef>) {
    objects.extend(from.iter().filter(|object| object.file.in_subject).map(Object::object));
}

/// The first few, and how many more there are.
fn several(names: &[String]) -> String {
    const SHOWN: usize = 3;
    if names.len() <= SHOWN {
        return join(names, "and");
    }
    format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN)
}
