//! Where the secrets of a story's API keys are put: in memory, and not while it is full.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use orgform_engine::{SecretError, SecretSink};
use orgform_model::{ApiKeyId, SecretPlace, ShownOnce};

/// Secrets by place.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    stored: BTreeMap<SecretPlace, (ApiKeyId, ShownOnce)>,
    full: bool,
}

impl Secrets {
    /// Whose secret is at a place, and the secret.
    pub fn at(&self, place: &SecretPlace) -> Option<(ApiKeyId, String)> {
        self.inside().stored.get(place).map(|(key, secret)| (key.clone(), secret.expose().to_owned()))
    }

    /// Says whether there is no room for a secret; that is noticed when one should be stored.
    pub fn set_full(&self, full: bool) {
        self.inside().full = full;
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SecretSink for Secrets {
    async fn look(&self, place: &SecretPlace) -> Result<Option<ApiKeyId>, SecretError> {
        Ok(self.inside().stored.get(place).map(|(key, _)| key.clone()))
    }

    async fn prepare(&self, _place: &SecretPlace) -> Result<(), SecretError> {
        Ok(())
    }

    async fn store(
        &self,
        place: &SecretPlace,
        key: &ApiKeyId,
        secret: &ShownOnce,
    ) -> Result<(), SecretError> {
        let mut inside = self.inside();
        if inside.full {
            return Err(SecretError::new("no space left"));
        }
        inside.stored.insert(place.clone(), (key.clone(), secret.clone()));
        Ok(())
    }
}
