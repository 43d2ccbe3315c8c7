//! The state between runs: one seam, three backends.
//!
//! A [`Store`] loads, saves if nothing changed in between, and leases. [`OpenState`] is what a run that writes
//! holds: the lease, the copy in memory, and the record of what happens. A run that only reads calls
//! [`read()`] and never makes or changes a file.

mod error;
mod file;
mod git;
mod git_plumbing;
mod journal;
mod lease;
mod object;
mod open;
mod text;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orgform_model::state::Entry;
use orgform_model::{ProviderName, RootId, State};

pub use error::StateError;
pub use file::FileStore;
pub use git::GitStore;
pub use lease::{Holder, LeaseText};
pub use object::ObjectBackend;
pub use open::OpenState;

/// Where a state is kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// Where it is, for messages: a path, a branch, a URL. Holds no secret.
    fn place(&self) -> String;

    /// The state and its version; none if nothing was ever saved. Makes nothing.
    ///
    /// # Errors
    /// When it can't be read, is damaged, or was written by a newer orgform. It is then left as it is.
    async fn load(&self) -> Result<Option<(State, Version)>, StateError>;

    /// Saves, if the version is still this one; none stands for "there is nothing yet".
    ///
    /// # Errors
    /// [`StateError::Changed`] if somebody else saved in between, or if it can't be written.
    async fn save_if_unchanged(
        &self,
        state: &State,
        version: Option<&Version>,
    ) -> Result<Version, StateError>;

    /// Makes this run the only one that writes, until the lease is released or has run out.
    ///
    /// # Errors
    /// [`StateError::Held`] if another run has it.
    async fn lease(
        &self,
        holder: &Holder,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Box<dyn Lease>, StateError>;

    /// Writes down what happened, durably. `after` is the state with it taken in.
    ///
    /// # Errors
    /// As of [`Store::save_if_unchanged`].
    async fn append(&self, addition: Addition<'_>, version: Option<&Version>) -> Result<Version, StateError> {
        self.save_if_unchanged(addition.after, version).await
    }

    /// Brings what was appended into its final form, before the lease is released.
    ///
    /// # Errors
    /// As of [`Store::save_if_unchanged`].
    async fn tidy(&self, _state: &State, version: Version) -> Result<Version, StateError> {
        Ok(version)
    }

    /// How many intents are best written at once: more than one where each record is a round trip.
    fn together(&self) -> usize {
        1
    }
}

/// The right to write, of one run.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Makes it last for another while.
    ///
    /// # Errors
    /// [`StateError::LeaseLost`] if another run has taken it: nothing may be written any more.
    async fn renew(&mut self, now: Timestamp) -> Result<(), StateError>;

    /// Gives it back.
    ///
    /// # Errors
    /// When that can't be written; the lease then runs out by itself.
    async fn release(&mut self, now: Timestamp) -> Result<(), StateError>;
}

/// Something that happened, for [`Store::append`].
#[derive(Clone, Copy, Debug)]
pub struct Addition<'a> {
    /// The provider that it is about.
    pub provider: &'a ProviderName,
    /// What happened, in order.
    pub entries: &'a [Entry],
    /// The whole state with it taken in.
    pub after: &'a State,
}

/// Which of the successive contents of a store; opaque, and of one store only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(pub(crate) String);

impl Version {
    /// A version that a store outside of this crate gives.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the state of a root, without a lease and without making anything.
///
/// # Errors
/// As of [`Store::load`], and [`StateError::OtherRoot`] if it belongs to another root.
pub async fn read(store: &dyn Store, root: &RootId) -> Result<Option<State>, StateError> {
    let Some((state, _)) = store.load().await? else { return Ok(None) };
    text::check_root(&state, root, &store.place())?;
    Ok(Some(state))
}
