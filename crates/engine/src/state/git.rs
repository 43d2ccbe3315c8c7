//! State on a branch of a Git repository, by default the one that the root is in.
//!
//! Each root has a file `<root id>.json` on the branch, and while a run writes a second one with its lease.
//! Every save is a commit; it moves the branch only from where it was read (compare and swap), locally with
//! `update-ref`, at a remote with `push --force-with-lease`. A save also checks that the lease is still ours,
//! in the very commit that it builds on, so a run that lost its lease can't overwrite the next one's state.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orgform_model::{RootId, State};

use super::git_plumbing::Branch;
use super::lease::LeaseText;
use super::{Holder, Lease, StateError, Store, Version, text};

/// Each record is a commit, and with a remote a push.
const TOGETHER: usize = 16;

/// How often a save is tried again because another root's commit came first.
const TRIES: usize = 20;

/// State on a branch.
#[derive(Clone, Debug)]
pub struct GitStore {
    branch: Branch,
    root: RootId,
    /// The token of the lease that this store has, if it has one.
    token: Arc<Mutex<Option<String>>>,
}

impl GitStore {
    /// The branch that is used when none is named.
    pub const BRANCH: &'static str = "orgform-state";

    /// State on this branch of the repository that the folder is in; with a remote, on the remote's branch.
    ///
    /// # Errors
    /// [`StateError::BadPlace`] if the root's id can't be a file's name.
    pub fn new(
        folder: impl Into<PathBuf>,
        branch: &str,
        remote: Option<&str>,
        root: &RootId,
    ) -> Result<Self, StateError> {
        text::file_name_of(root)?;
        if branch.is_empty()
            || branch.starts_with('-')
            || remote.is_some_and(|remote| remote.starts_with('-'))
        {
            return Err(StateError::BadPlace {
                place: branch.to_owned(),
                because: "it is not the name of a branch, or its remote not that of a remote".to_owned(),
            });
        }
        let branch =
            Branch { folder: folder.into(), name: branch.to_owned(), remote: remote.map(str::to_owned) };
        Ok(Self { branch, root: root.clone(), token: Arc::default() })
    }

    fn state_file(&self) -> String {
        format!("{}.json", self.root)
    }

    fn lease_file(&self) -> String {
        format!("{}.lease.json", self.root)
    }

    fn own_token(&self) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_token(&self, token: Option<String>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Replaces one file of the branch, or takes it away. `check` sees the commit that is built on.
    fn replace(
        &self,
        file: &str,
        bytes: Option<&[u8]>,
        check: impl Fn(&Self, Option<&str>) -> Result<(), StateError>,
    ) -> Result<String, StateError> {
        let blob = bytes.map(|bytes| self.branch.blob(bytes)).transpose()?;
        for _ in 0..TRIES {
            let tip = self.branch.tip()?;
            check(self, tip.as_deref())?;
            let mut files = match &tip {
                Some(commit) => self.branch.files(commit)?,
                None => Vec::new(),
            };
            files.retain(|(name, _)| name != file);
            files.extend(blob.clone().map(|blob| (file.to_owned(), blob)));
            let commit = self.branch.commit(tip.as_deref(), &files, &format!("State of {}", self.root))?;
            if self.branch.advance(tip.as_deref(), &commit)? {
                return Ok(blob.unwrap_or_default());
            }
        }
        Err(StateError::Changed { place: self.place() })
    }

    fn load_now(&self) -> Result<Option<(State, Version)>, StateError> {
        let Some(tip) = self.branch.tip()? else { return Ok(None) };
        let Some((blob, bytes)) = self.branch.file(&tip, &self.state_file())? else { return Ok(None) };
        let state = text::from_bytes(&bytes, &format!("{}, {}", self.place(), self.state_file()))?;
        Ok(Some((state, Version(blob))))
    }

    fn save_now(&self, bytes: &[u8], version: Option<&Version>) -> Result<Version, StateError> {
        let blob = self.replace(&self.state_file(), Some(bytes), |store, tip| {
            store.check_lease(tip)?;
            let found = match tip {
                Some(tip) => {
                    store.branch.files(tip)?.into_iter().find(|(name, _)| *name == store.state_file())
                }
                None => None,
            };
            if found.map(|(_, blob)| Version(blob)).as_ref() == version {
                return Ok(());
            }
            Err(StateError::Changed { place: store.place() })
        })?;
        Ok(Version(blob))
    }

    /// Refuses if this store had a lease and it is somebody else's now.
    fn check_lease(&self, tip: Option<&str>) -> Result<(), StateError> {
        let Some(token) = self.own_token() else { return Ok(()) };
        match self.lease_at(tip)? {
            Some(lease) if lease.token == token => Ok(()),
            _ => Err(StateError::LeaseLost { place: self.place() }),
        }
    }

    fn lease_at(&self, tip: Option<&str>) -> Result<Option<LeaseText>, StateError> {
        let Some(tip) = tip else { return Ok(None) };
        let file = self.branch.file(tip, &self.lease_file())?;
        Ok(file.and_then(|(_, bytes)| LeaseText::from_bytes(&bytes)))
    }

    fn lease_now(&self, text: &LeaseText, now: Timestamp) -> Result<(), StateError> {
        self.replace(&self.lease_file(), Some(&text.to_bytes()), |store, tip| {
            match store.lease_at(tip)? {
                Some(other) if other.holds(now) && other.token != text.token => {
                    Err(StateError::Held { place: store.place(), holder: Some(Box::new(other)) })
                }
                _ => Ok(()),
            }
        })?;
        self.set_token(Some(text.token.clone()));
        Ok(())
    }

    fn renew_now(&self, text: &LeaseText) -> Result<(), StateError> {
        self.replace(&self.lease_file(), Some(&text.to_bytes()), Self::check_lease).map(drop)
    }

    fn release_now(&self) -> Result<(), StateError> {
        let given = self.replace(&self.lease_file(), None, Self::check_lease).map(drop);
        self.set_token(None);
        match given {
            // Somebody took it over: nothing is left to give back.
            Err(StateError::LeaseLost { .. }) => Ok(()),
            other => other,
        }
    }

    /// Git blocks, so it has a thread of its own.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let this = self.clone();
        match tokio::task::spawn_blocking(move || work(this)).await {
            Ok(done) => done,
            Err(error) => Err(StateError::unusable("use Git for the state", self.place(), error)),
        }
    }
}

#[async_trait]
impl Store for GitStore {
    fn place(&self) -> String {
        self.branch.place()
    }

    async fn load(&self) -> Result<Option<(State, Version)>, StateError> {
        self.aside(|this| this.load_now()).await
    }

    async fn save_if_unchanged(
        &self,
        state: &State,
        version: Option<&Version>,
    ) -> Result<Version, StateError> {
        let bytes = text::to_bytes(state, &self.place())?;
        let version = version.cloned();
        self.aside(move |this| this.save_now(&bytes, version.as_ref())).await
    }

    async fn lease(
        &self,
        holder: &Holder,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Box<dyn Lease>, StateError> {
        let text = LeaseText::new(holder, Some(ttl), now);
        let lease = GitLease { store: self.clone(), text: text.clone(), ttl };
        self.aside(move |this| this.lease_now(&text, now)).await?;
        Ok(Box::new(lease))
    }

    fn together(&self) -> usize {
        TOGETHER
    }
}

struct GitLease {
    store: GitStore,
    text: LeaseText,
    ttl: Duration,
}

#[async_trait]
impl Lease for GitLease {
    async fn renew(&mut self, now: Timestamp) -> Result<(), StateError> {
        let text = self.text.renewed(self.ttl, now);
        let written = text.clone();
        self.store.aside(move |store| store.renew_now(&written)).await?;
        self.text = text;
        Ok(())
    }

    async fn release(&mut self, _now: Timestamp) -> Result<(), StateError> {
        self.store.aside(|store| store.release_now()).await
    }
}
