//! One story: a folder with `desired.yaml`, `world.yaml`, perhaps `state.yaml` and `base.yaml`, and the plan
//! that must come of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use orgform_model::desired::Subject;
use orgform_model::state::Entry;
use orgform_model::{Capabilities, Desired, ObjectKind, ObjectRef, ProviderState, World};
use orgform_plan::render::{self, Style};
use orgform_plan::{Plan, Requests};
use serde::de::DeserializeOwned;

use crate::observe::{self, Setting};
use crate::state_file::StateFile;
use crate::world_file::WorldFile;

/// A story, read.
pub(crate) struct Story {
    pub(crate) file: WorldFile,
    pub(crate) desired: Desired,
    pub(crate) base: Option<Desired>,
    pub(crate) world: World,
    pub(crate) state: Option<ProviderState>,
    pub(crate) capabilities: Capabilities,
    pub(crate) requests: Requests,
}

impl Story {
    pub(crate) fn read(folder: &Path) -> Self {
        let file: WorldFile = yaml(&folder.join("world.yaml")).expect("a story has a world");
        let state: Option<StateFile> = yaml(&folder.join("state.yaml"));
        let mut desired = desired(&folder.join("desired.yaml"), &file).expect("a story has a desired state");
        if let Some(only) = &file.only {
            let objects = only.iter().map(|text| object(text)).collect();
            let because = "only a part was asked for".to_owned();
            desired.subject = Subject::Some { objects, because, gap: false };
        }
        if let Some(because) = &file.gap {
            let objects = objects_of(&desired);
            desired.subject = Subject::Some { objects, because: because.clone(), gap: true };
        }
        Self {
            base: self::desired(&folder.join("base.yaml"), &file),
            world: file.world(),
            state: state.map(|state| state.state(&file)),
            capabilities: file.capabilities(),
            requests: Requests {
                resend: file.resend.iter().map(|text| text.parse().unwrap()).collect(),
                remake: file.remake.iter().map(|text| text.parse().unwrap()).collect(),
            },
            desired,
            file,
        }
    }

    pub(crate) fn setting(&self) -> Setting<'_> {
        Setting {
            desired: &self.desired,
            base: self.base.as_ref(),
            all: &self.world,
            state: self.state.as_ref(),
            semantics: self.file.semantics(),
            capabilities: &self.capabilities,
            requests: &self.requests,
            now: self.file.now,
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        observe::plan(&self.setting())
    }

    /// The plan as users see it, and what they don't see: the order, and what is only remembered.
    pub(crate) fn told(&self, plan: &Plan) -> String {
        let mut text = render::text(plan, self.file.now, &Style::default());
        let mut more = String::new();
        let held = plan.held.iter().flat_map(|group| &group.changes);
        for change in plan.changes.iter().chain(held) {
            for first in &change.requires {
                let _ = writeln!(more, "order: {first} before {}", change.address);
            }
        }
        // A quiet plan says only how many there are.
        if !text.contains("\nDeferred ") {
            for one in &plan.deferred {
                let _ = writeln!(more, "deferred: {}: {}, {}", one.address, one.what, one.because);
            }
        }
        if !text.contains("\nWaiting ") {
            for one in &plan.waiting {
                let note = one.note.as_ref().map(|note| format!(", {note}")).unwrap_or_default();
                let _ = writeln!(more, "waiting: {}, mails sent: {}{note}", one.address, one.attempts);
            }
        }
        if !text.contains("\nKept ") {
            for one in &plan.kept {
                let _ = writeln!(more, "kept: {}: {}, {}", one.address, one.what, one.because);
            }
        }
        for entry in plan.remember.iter().filter(|entry| !matches!(entry, Entry::FixedRole { .. })) {
            let _ = writeln!(more, "remembers: {}", short(entry));
        }
        let _ = writeln!(more, "exit code: {}", plan.exit_code());
        let _ = write!(text, "\n--\n{more}");
        text
    }
}

fn short(entry: &Entry) -> String {
    match entry {
        Entry::Account { id, record } => format!("account {id} as {}", record.path),
        Entry::ForgetAccount { id } => format!("account {id} is not ours"),
        Entry::DropAccount { id } => format!("account {id} is gone"),
        Entry::Role { id, record } => format!("role {id} as {}", record.key),
        Entry::DropRole { id } => format!("role {id} is not ours"),
        Entry::Membership { account, email, record } => {
            let person = record.person.as_ref().map_or("nobody yet", |id| id.as_str());
            let flags = [(record.leaving, ", leaving"), (record.disabled, ", disabled")];
            let flags: String = flags.iter().filter(|(is, _)| *is).map(|(_, text)| *text).collect();
            format!("{email} in {account} as {person}{flags}")
        }
        Entry::ApiKey { id, record } => format!("API key {id} as {}", record.label),
        Entry::DropApiKey { id } => format!("API key {id} is not ours"),
        Entry::DropMembership { account, email } => format!("{email} in {account} is not ours"),
        other => format!("{other:?}"),
    }
}

fn yaml<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(crate::yaml::parse(&path.display().to_string(), &text))
}

fn desired(path: &Path, file: &WorldFile) -> Option<Desired> {
    let bytes = std::fs::read(path).ok()?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    let documents = orgform_spec::read_texts(vec![(name, bytes)], true);
    let manifest = orgform_spec::validate(&documents);
    let mut resolved = orgform_spec::resolve(&manifest.value, &[file.semantics()]);
    // Errors in a manifest are part of some stories: a comment in the file says so.
    let text = std::fs::read_to_string(path).ok()?;
    let found: Vec<_> =
        documents.findings.iter().chain(&manifest.findings).chain(&resolved.findings).collect();
    let errors = found.iter().filter(|one| one.severity == orgform_model::Severity::Error).count();
    assert!(errors == 0 || text.contains("# an error"), "{}: {found:#?}", path.display());
    assert_eq!(resolved.value.len(), 1, "{}", path.display());
    Some(resolved.value.remove(0).desired)
}

fn object(text: &str) -> ObjectRef {
    let (kind, name) = text.split_once(' ').expect("a kind and a name");
    let kind = match kind {
        "Account" => ObjectKind::Account,
        "Role" => ObjectKind::Role,
        "Member" => ObjectKind::Member,
        "ApiKey" => ObjectKind::ApiKey,
        other => panic!("no kind {other}"),
    };
    ObjectRef::of_file(kind, name)
}

fn objects_of(desired: &Desired) -> BTreeSet<ObjectRef> {
    let accounts = desired.accounts.values().map(|one| &one.object);
    let roles = desired.roles.values().map(|one| &one.object);
    let members = desired.all_memberships().map(|(_, _, one)| &one.object);
    let people = desired.people.values().map(|one| &one.object);
    accounts.chain(roles).chain(members).chain(people).cloned().collect()
}
