//! A place for secrets in memory, with faults.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use orgform_engine::{SecretError, SecretSink};
use orgform_model::{ApiKeyId, SecretPlace, ShownOnce};

/// Secrets by place, each with the key that it is of.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    pub(crate) stored: Mutex<BTreeMap<SecretPlace, (ApiKeyId, String)>>,
    /// Why nothing can be put anywhere, found out before a key is made.
    pub(crate) no_place: Mutex<Option<&'static str>>,
    /// Why nothing can be stored, found out too late.
    pub(crate) no_room: Mutex<Option<&'static str>>,
}

impl Secrets {
    pub(crate) fn at(&self, path: &str) -> Option<(ApiKeyId, String)> {
        self.stored.lock().unwrap().get(&SecretPlace::File { path: path.to_owned() }).cloned()
    }
}

#[async_trait]
impl SecretSink for Secrets {
    async fn look(&self, place: &SecretPlace) -> Result<Option<ApiKeyId>, SecretError> {
        tokio::task::yield_now().await;
        Ok(self.stored.lock().unwrap().get(place).map(|(key, _)| key.clone()))
    }

    async fn prepare(&self, _place: &SecretPlace) -> Result<(), SecretError> {
        tokio::task::yield_now().await;
        self.no_place.lock().unwrap().map_or(Ok(()), |because| Err(SecretError::new(because)))
    }

    async fn store(
        &self,
        place: &SecretPlace,
        key: &ApiKeyId,
        secret: &ShownOnce,
    ) -> Result<(), SecretError> {
        // Time passes before it is there, and after.
        tokio::task::yield_now().await;
        if let Some(because) = *self.no_room.lock().unwrap() {
            return Err(SecretError::new(because));
        }
        self.stored.lock().unwrap().insert(place.clone(), (key.clone(), secret.expose().to_owned()));
        tokio::task::yield_now().await;
        Ok(())
    }
}
