//! From a world to declarations that are proven to change nothing. All but the names of files was read before.
//!
//! The written text is read back, validated, resolved and planned together with the rest of the root. Accounts and
//! roles that the provider's own rules forbid to declare as they are become `manage: Reference`; whatever else would
//! change, be refused or wait is a reason not to write anything.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use orgform_model::desired::Desired;
use orgform_model::finding::Place;
use orgform_model::{
    AccountPath, Address, Fields, Finding, ObjectKind, ObjectRef, ProviderState, RoleKey, Severity,
    Timestamp, Value, World,
};
use orgform_plan::{Input, Plan, Requests, recognize};
use orgform_provider::ProviderType;
use orgform_spec::export::{Export, Known, OnlyResolved, Source, export};
use orgform_spec::{Checked, read_texts};

use crate::failure::Failure;
use crate::root::{Declared, OpenRoot, check};

/// How often what can't be declared as it is becomes a reference before we give up.
const ROUNDS: usize = 4;

/// How much of what stands in the way is shown.
const SHOWN: usize = 20;

/// What is imported, and into what.
pub(crate) struct Surroundings<'a> {
    /// The root.
    pub(crate) root: &'a OpenRoot,
    /// What it declares for the provider.
    pub(crate) declared: &'a Declared,
    /// What there is.
    pub(crate) world: &'a World,
    /// What is remembered.
    pub(crate) state: Option<&'a ProviderState>,
    /// Where to write, relative to the root.
    pub(crate) folder: &'a str,
    /// When it was looked at.
    pub(crate) at: Timestamp,
}

/// Declarations that change nothing.
pub(crate) struct Imported {
    /// What to write.
    pub(crate) export: Export,
}

/// Something that the declarations would do, or that is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Trouble {
    /// The object that declares it, if that can be told.
    object: Option<ObjectRef>,
    says: String,
}

/// Declares what is there and not declared yet.
///
/// # Errors
/// When the declarations would do anything, with all that they would do.
pub(crate) fn declare(surroundings: &Surroundings<'_>) -> Result<Imported> {
    let Surroundings { root, declared, world, .. } = *surroundings;
    let semantics = declared.provider.semantics;
    let before = plan(surroundings, &declared.desired);
    let tolerated: BTreeSet<String> =
        troubles(&before, &declared.desired).into_iter().map(|trouble| trouble.says).collect();
    let known = known(surroundings);
    let fewest = |fields: &Fields| fewest(declared.provider, &declared.desired, fields);
    let mut only_resolved = OnlyResolved::default();
    let mut rounds = 0;
    loop {
        let source = Source {
            provider: &declared.settings.name,
            semantics,
            world,
            known: &known,
            fewest: &fewest,
            only_resolved: &only_resolved,
            folder: surroundings.folder,
        };
        let export = export(&source);
        let mut left = prove(surroundings, &export);
        left.retain(|trouble| !tolerated.contains(&trouble.says));
        if left.is_empty() {
            return Ok(Imported { export });
        }
        rounds += 1;
        if rounds == ROUNDS || !give_way(&left, &export, &mut only_resolved) {
            return Err(refuse(root, left));
        }
    }
}

/// What the root declares, by what it is at the provider.
fn known(surroundings: &Surroundings<'_>) -> Known {
    let Surroundings { root, declared, .. } = *surroundings;
    let desired = &declared.desired;
    let requests = Requests::default();
    let recognized = recognize(&input(surroundings, desired, &requests));
    let mut known = Known { files: files_there(root), ..Known::default() };
    for (path, id) in &recognized.accounts {
        let Some(account) = desired.accounts.get(path) else { continue };
        known.accounts.insert(id.clone(), account.object.name.clone());
        for (email, _) in desired.memberships.get(path).into_iter().flatten() {
            known.memberships.insert((id.clone(), email.clone()));
        }
    }
    for (key, id) in recognized.roles {
        known.roles.insert(id, key.name);
    }
    for (email, person) in &desired.people {
        known.emails.insert(email.clone(), person.place.clone());
        if let Some(id) = &person.identity {
            known.people.insert(id.clone(), email.clone());
        }
        if person.offboarded {
            known.offboarded.insert(email.clone());
        }
    }
    for (object, _) in &root.places {
        known.names.entry(object.kind).or_default().insert(object.name.clone());
    }
    known
}

/// Everything in the root that a file could collide with. I/O.
fn files_there(root: &OpenRoot) -> BTreeSet<String> {
    let mut there: BTreeSet<String> = BTreeSet::new();
    let mut open = vec![(root.folder.clone(), String::new())];
    while let Some((folder, label)) = open.pop() {
        // What can't be read is not overwritten either: files are only ever made anew.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let label = if label.is_empty() { name } else { format!("{label}/{name}") };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push((entry.path(), label));
            } else {
                there.insert(label);
            }
        }
    }
    there
}

/// Reads the text back together with the rest of the root, and plans.
fn prove(surroundings: &Surroundings<'_>, export: &Export) -> Vec<Trouble> {
    let Surroundings { root, declared, .. } = *surroundings;
    let there =
        root.documents.files.iter().map(|file| (file.path.to_string(), file.text.as_bytes().to_vec()));
    let written = export.files.iter().map(|(path, text)| (path.clone(), text.as_bytes().to_vec()));
    let documents = read_texts(there.chain(written).collect(), true);
    let Checked { value: all, findings } = check(&documents);
    let Some(after) = all.declared.into_iter().find(|one| one.settings.name == declared.settings.name) else {
        return vec![Trouble { object: None, says: "the Provider can't be read any more".to_owned() }];
    };
    let objects = objects_by_line(&all.places);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let mut troubles: Vec<Trouble> = errors.map(|error| trouble_of(error, &objects)).collect();
    troubles.extend(self::troubles(&plan(surroundings, &after.desired), &after.desired));
    troubles.sort();
    troubles.dedup();
    troubles
}

fn trouble_of(error: &Finding, objects: &BTreeMap<(&str, u32), &ObjectRef>) -> Trouble {
    let place = error.places.first();
    let object = place.and_then(|place| {
        let at = objects.range(..=(&*place.file, place.line)).next_back();
        at.filter(|((file, _), _)| **file == *place.file).map(|(_, object)| (*object).clone())
    });
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    Trouble { object, says: format!("{place}{}", error.message) }
}

fn objects_by_line(places: &[(ObjectRef, Place)]) -> BTreeMap<(&str, u32), &ObjectRef> {
    places.iter().map(|(object, place)| ((&*place.file, place.line), object)).collect()
}

fn input<'a>(surroundings: &Surroundings<'a>, desired: &'a Desired, requests: &'a Requests) -> Input<'a> {
    let Surroundings { declared, world, state, at, .. } = *surroundings;
    Input {
        desired,
        world,
        state,
        base: None,
        semantics: declared.provider.semantics,
        capabilities: declared.provider.capabilities,
        requests,
        now: at,
    }
}

fn plan(surroundings: &Surroundings<'_>, desired: &Desired) -> Plan {
    let requests = Requests::default();
    orgform_plan::plan(&input(surroundings, desired, &requests))
}

/// All that a plan would do or can't do. What is taken over, waits for its person or is kept is none of it.
fn troubles(plan: &Plan, desired: &Desired) -> Vec<Trouble> {
    let trouble = |address: &Address, says: String| Trouble { object: object_of(address, desired), says };
    let mut troubles = Vec::new();
    let held = plan.held.iter().flat_map(|held| &held.changes);
    for change in plan.changes.iter().chain(held) {
        let fields: Vec<_> = change.fields.iter().map(|field| field.field.as_str()).collect();
        let parts = change.gains.iter().chain(&change.loses).map(String::as_str).chain(fields);
        let parts: Vec<_> = parts.collect();
        let kind = format!("{:?}", change.kind).to_lowercase();
        let says = format!("{}: would {kind} {}", change.address, parts.join(", "));
        troubles.push(trouble(&change.address, says.trim_end().to_owned()));
    }
    for one in &plan.refused {
        troubles.push(trouble(&one.address, format!("{}: {}: {}", one.address, one.what, one.because)));
    }
    for one in &plan.deferred {
        troubles.push(trouble(&one.address, format!("{}: {}: {}", one.address, one.what, one.because)));
    }
    for one in &plan.drift {
        troubles.push(trouble(&one.address, format!("{}: {}: {}", one.address, one.what, one.because)));
    }
    for one in &plan.forgotten {
        troubles.push(trouble(&one.address, format!("{}: {}", one.address, one.because)));
    }
    for one in &plan.unseen {
        troubles.push(Trouble { object: None, says: one.because.clone() });
    }
    troubles
}

fn object_of(address: &Address, desired: &Desired) -> Option<ObjectRef> {
    use orgform_model::Thing;
    match &address.thing {
        Thing::Account(path) => desired.accounts.get(path).map(|one| one.object.clone()),
        Thing::Role(key) => desired.roles.get(key).map(|one| one.object.clone()),
        Thing::Member(path, email) => desired.membership(path, email).map(|one| one.object.clone()),
        Thing::Person(email) => desired.people.get(email).map(|one| one.object.clone()),
        Thing::ApiKey(label) => desired.api_keys.get(label).map(|one| one.object.clone()),
    }
}

/// Accounts and roles that stand in the way become references; false if nothing does that was not one before.
fn give_way(left: &[Trouble], export: &Export, only_resolved: &mut OnlyResolved) -> bool {
    let mut some = false;
    for Trouble { object, says } in left {
        let Some(object) = object else { continue };
        // Where it is written is no reason.
        let because = says.rsplit_once(": ").map_or(says.as_str(), |(_, because)| because).to_owned();
        match object.kind {
            ObjectKind::Account => {
                if let Some(id) = export.accounts.get(&object.name) {
                    some |= only_resolved.accounts.insert(id.clone(), because).is_none();
                }
            }
            ObjectKind::Role => {
                if let Some(id) = export.roles.get(&object.name) {
                    some |= only_resolved.roles.insert(id.clone(), because).is_none();
                }
            }
            _ => {}
        }
    }
    some
}

fn refuse(root: &OpenRoot, left: Vec<Trouble>) -> anyhow::Error {
    let more = left.len().saturating_sub(SHOWN);
    let failure = Failure::new("declared as it is, this would not stay as it is");
    let failure = left.into_iter().take(SHOWN).fold(failure, |failure, trouble| failure.line(trouble.says));
    let failure = if more > 0 { failure.line(format!("and {more} more")) } else { failure };
    let hint = match root.declared.iter().any(|one| !one.desired.accounts.is_empty()) {
        true => "declare these by hand, or put right what the root declares already; then import the rest.",
        false => "put these right at the provider, or declare them by hand; then import the rest.",
    };
    failure.line("no file was written").hint(hint).nothing_changed().into()
}

/// The fields of a role in the fewest words that the provider takes for the same.
fn fewest(provider: &ProviderType, like: &Desired, fields: &Fields) -> Fields {
    let Some(Value::Set(cells)) = fields.get("permissions") else { return fields.clone() };
    let normal = |cells: &BTreeSet<String>| normal(provider, like, cells);
    let all = normal(cells);
    let mut fewest = cells.clone();
    for cell in cells {
        let mut fewer = fewest.clone();
        fewer.remove(cell);
        if normal(&fewer) == all {
            fewest = fewer;
        }
    }
    let mut fields = fields.clone();
    fields.insert("permissions".to_owned(), Value::Set(fewest));
    fields
}

/// What the provider takes permissions for.
fn normal(provider: &ProviderType, like: &Desired, cells: &BTreeSet<String>) -> Option<Value> {
    use orgform_model::desired::{DesiredRole, Manage};
    let mut desired = Desired::empty(like.provider.clone());
    let key = RoleKey::new(AccountPath::from("any"), "any");
    let role = DesiredRole {
        object: ObjectRef::of_file(ObjectKind::Role, "any"),
        place: Place { file: "".into(), line: 0, column: 0, length: 0 },
        manage: Manage::Full,
        external_id: None,
        fields: Fields::from([("permissions".to_owned(), Value::Set(cells.clone()))]),
        removal: like.policy.removal.roles,
    };
    desired.roles.insert(key.clone(), role);
    let mut normal = (provider.normal)(desired);
    normal.roles.get_mut(&key).and_then(|role| role.fields.remove("permissions"))
}
