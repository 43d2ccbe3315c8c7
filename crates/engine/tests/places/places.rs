//! Places for a state, and what is put there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use object_store::memory::InMemory;
use orgform_engine::SetClock;
use orgform_engine::state::{FileStore, GitStore, Holder, ObjectBackend, OpenState, StateError, Store, read};
use orgform_model::state::{Entry, Intent, KnownPerson, Record, Remember};
use orgform_model::{Action, Address, Change, Email, ProviderName, RootId, State};

/// A place for states; each store of it stands for a process of its own.
pub(crate) trait Place {
    fn store(&self) -> Arc<dyn Store>;
}

pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.path().join("orgform.state.json")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.path().join("orgform.state.journal")
    }
}

impl Place for Folder {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(FileStore::new(self.state()))
    }
}

pub(crate) struct Repository(pub(crate) tempfile::TempDir);

impl Repository {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        git(folder.path(), &["commit", "--quiet", "--allow-empty", "--message=first"]);
        Self(folder)
    }
}

impl Place for Repository {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(GitStore::new(self.0.path(), GitStore::BRANCH, None, &root()).unwrap())
    }
}

/// A remote; each store is in a clone of its own.
pub(crate) struct Clones {
    folder: tempfile::TempDir,
    next: AtomicUsize,
}

impl Clones {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "--bare", "remote.git"]);
        Self { folder, next: 0.into() }
    }
}

impl Place for Clones {
    fn store(&self) -> Arc<dyn Store> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let clone = self.folder.path().join(format!("clone-{number}"));
        git(self.folder.path(), &["clone", "--quiet", "remote.git", &clone.display().to_string()]);
        Arc::new(GitStore::new(clone, GitStore::BRANCH, Some("origin"), &root()).unwrap())
    }
}

pub(crate) struct Bucket(Arc<InMemory>);

impl Bucket {
    pub(crate) fn new() -> Self {
        Self(Arc::new(InMemory::new()))
    }
}

impl Place for Bucket {
    fn store(&self) -> Arc<dyn Store> {
        let store = ObjectBackend::new(self.0.clone(), &"acme".into(), "memory:acme", &root());
        Arc::new(store.unwrap())
    }
}

pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=test", "-c", "user.email=test@acme.example"])
        .args(args)
        .output()
        .unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

pub(crate) async fn open(
    place: &dyn Place,
    who: &str,
    clock: &Arc<SetClock>,
) -> Result<OpenState, StateError> {
    OpenState::open(place.store(), &root(), &Holder::new(who), clock.clone()).await
}

pub(crate) async fn intents(place: &dyn Place) -> usize {
    let state = read(&*place.store(), &root()).await.unwrap().unwrap();
    state.providers[&provider()].intents.len()
}

pub(crate) fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::at("2026-11-23T08:00:00Z".parse().unwrap()))
}

pub(crate) fn root() -> RootId {
    "root-1".into()
}

pub(crate) fn provider() -> ProviderName {
    "pureport".into()
}

pub(crate) fn address() -> Address {
    Address::account(&provider(), &"acme/lab".into())
}

pub(crate) fn state_with(connection: &str) -> State {
    let mut state = State::new(root());
    state.record(&provider(), [connected(connection)]);
    state
}

pub(crate) fn connected(connection: &str) -> Entry {
    Entry::Connected { connection: connection.to_owned() }
}

pub(crate) fn person(id: &str) -> Entry {
    let known = KnownPerson { email: Some(Email::new("ada@acme.example")), seen: Timestamp::UNIX_EPOCH };
    Entry::Person { id: id.into(), known }
}

pub(crate) fn intend() -> Entry {
    let action = Action::CreateAccount { parent: None, fields: Default::default() };
    let intent = Intent {
        at: Timestamp::UNIX_EPOCH,
        change: Change { address: address(), action },
        then: Remember { record: Record::Nothing, losses: vec![] },
    };
    Entry::Intend { address: address(), intent: Box::new(intent) }
}
