//! The state of a run that writes: the lease, the copy in memory, and the record of what happens.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgform_model::state::Entry;
use orgform_model::{ProviderName, ProviderState, RootId, State};

use super::{Addition, Holder, Lease, StateError, Store, Version, text};
use crate::clock::{Clock, later, until};
use crate::progress::{Event, Progress};

/// How long a lease lasts without a sign of life, where the backend can't tell whether its holder lives.
const LEASE: Duration = Duration::from_secs(300);

/// How often a run that waits for the lease tries to get it.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The state of a run that writes. Dropping it is like a crash: close it.
pub struct OpenState {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Box<dyn Lease>,
    renewed: Timestamp,
    state: State,
    version: Option<Version>,
    /// A record failed: the copy in memory is ahead of what is stored, so nothing more may be recorded.
    broken: bool,
}

impl std::fmt::Debug for OpenState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenState").field("place", &self.store.place()).finish_non_exhaustive()
    }
}

impl OpenState {
    /// Takes the lease, then loads. A root without a state gets an empty one, which is not saved yet.
    ///
    /// # Errors
    /// When another run has the lease, or the state can't be read or written, or belongs to another root.
    pub async fn open(
        store: Arc<dyn Store>,
        root: &RootId,
        holder: &Holder,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StateError> {
        let now = clock.now();
        let mut lease = store.lease(holder, LEASE, now).await?;
        let loaded = match store.load().await {
            Ok(Some((state, version))) => {
                text::check_root(&state, root, &store.place()).map(|()| (state, Some(version)))
            }
            Ok(None) => Ok((State::new(root.clone()), None)),
            Err(error) => Err(error),
        };
        match loaded {
            Ok((state, version)) => {
                Ok(Self { store, clock, lease, renewed: now, state, version, broken: false })
            }
            Err(error) => {
                // The first error is the one to tell; a lease that stays runs out by itself.
                let _ = lease.release(now).await;
                Err(error)
            }
        }
    }

    /// The same, but waits for as long as this if another run has the lease.
    ///
    /// # Errors
    /// As of [`OpenState::open`].
    pub async fn open_within(
        patience: Duration,
        store: Arc<dyn Store>,
        root: &RootId,
        holder: &Holder,
        clock: Arc<dyn Clock>,
        progress: &dyn Progress,
    ) -> Result<Self, StateError> {
        let end = later(clock.now(), patience);
        loop {
            let held = match Self::open(store.clone(), root, holder, clock.clone()).await {
                Err(error @ StateError::Held { .. }) => error,
                opened => return opened,
            };
            let span = until(clock.now(), end).min(LOOK_EVERY);
            if span.is_zero() {
                return Err(held);
            }
            progress.on(Event::Waiting { span, what_for: &format!("because {held}") });
            clock.sleep(span).await;
        }
    }

    /// Everything that is remembered.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is remembered of one provider; none if nothing ever was.
    pub fn provider(&self, name: &ProviderName) -> Option<&ProviderState> {
        self.state.providers.get(name)
    }

    /// How many intents are best recorded at once.
    pub fn together(&self) -> usize {
        self.store.together().max(1)
    }

    /// Writes down what happened. When it comes back without an error, a crash can't undo it.
    ///
    /// # Errors
    /// When it could not be written, or the lease was lost: then nothing can be recorded any more.
    pub async fn record(&mut self, provider: &ProviderName, entries: Vec<Entry>) -> Result<(), StateError> {
        if entries.is_empty() {
            return Ok(());
        }
        if self.broken {
            return Err(StateError::LeaseLost { place: self.store.place() });
        }
        // Set back only at the end, so that a record that is cut off counts as failed too.
        self.broken = true;
        self.keep_lease().await?;
        self.state.record(provider, entries.iter().cloned());
        let addition = Addition { provider, entries: &entries, after: &self.state };
        self.version = Some(self.store.append(addition, self.version.as_ref()).await?);
        self.broken = false;
        Ok(())
    }

    /// Tidies up and gives the lease back.
    ///
    /// # Errors
    /// When that could not be written. What was recorded stays recorded.
    pub async fn close(mut self) -> Result<(), StateError> {
        let tidied = match (self.broken, self.version.take()) {
            (false, Some(version)) => self.store.tidy(&self.state, version).await.map(drop),
            _ => Ok(()),
        };
        let released = self.lease.release(self.clock.now()).await;
        tidied.and(released)
    }

    /// Whether nobody can have taken the lease yet.
    pub(crate) fn has_lease(&self) -> bool {
        until(self.renewed, self.clock.now()) < LEASE
    }

    /// Makes the lease last, if some of its time is over.
    pub(crate) async fn keep_lease(&mut self) -> Result<(), StateError> {
        let now = self.clock.now();
        if until(self.renewed, now) >= LEASE / 3 {
            self.lease.renew(now).await?;
            self.renewed = now;
        }
        Ok(())
    }
}
