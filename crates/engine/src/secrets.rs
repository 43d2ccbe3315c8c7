//! Where secrets that a provider shows once are put: a seam that the front end fills.
//!
//! A front end that runs on a machine writes files, one that runs in a cluster writes Secrets. A place holds the
//! secret of one key and says of which, so that a run that was interrupted can tell whether it got that far.

use std::fmt;

use async_trait::async_trait;
use orgform_model::{ApiKeyId, SecretPlace, ShownOnce};

/// Puts secrets away.
#[async_trait]
pub trait SecretSink: fmt::Debug + Send + Sync {
    /// Says which key's secret is at a place; none if no secret is there. Changes nothing.
    ///
    /// # Errors
    /// When it can't be told.
    async fn look(&self, place: &SecretPlace) -> Result<Option<ApiKeyId>, SecretError>;

    /// Makes sure that a secret can be put there; called before the key is made.
    ///
    /// # Errors
    /// When it can't, or something that is not ours is there.
    async fn prepare(&self, place: &SecretPlace) -> Result<(), SecretError>;

    /// Puts the secret of a key there, in one piece or not at all, and returns once that is durable.
    ///
    /// # Errors
    /// When it is not there for certain. The key is then deleted again.
    async fn store(&self, place: &SecretPlace, key: &ApiKeyId, secret: &ShownOnce)
    -> Result<(), SecretError>;
}

/// A secret can't be put somewhere. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{because}")]
pub struct SecretError {
    /// Why, as a clause: `No space left on device`.
    pub because: String,
}

impl SecretError {
    /// An error with this cause.
    pub fn new(because: impl Into<String>) -> Self {
        Self { because: because.into() }
    }
}

/// A front end that has no place for secrets: no key is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

#[async_trait]
impl SecretSink for NoSecrets {
    async fn look(&self, _place: &SecretPlace) -> Result<Option<ApiKeyId>, SecretError> {
        Err(no_place())
    }

    async fn prepare(&self, _place: &SecretPlace) -> Result<(), SecretError> {
        Err(no_place())
    }

    async fn store(
        &self,
        _place: &SecretPlace,
        _key: &ApiKeyId,
        _secret: &ShownOnce,
    ) -> Result<(), SecretError> {
        Err(no_place())
    }
}

fn no_place() -> SecretError {
    SecretError::new("secrets can't be stored here")
}
