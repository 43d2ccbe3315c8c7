//! State in an object store, with conditional puts.
//!
//! `<prefix>/<root id>.json` is the state and `<root id>.lease.json` the lease. Both are replaced only if they
//! are still what was read (`If-Match`, `If-None-Match`). A run renews its lease before it writes, so one that
//! lost it finds out first.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, UpdateVersion};
use orgform_model::{RootId, State};
use serde::{Deserialize, Serialize};
use url::Url;

use super::lease::LeaseText;
use super::{Holder, Lease, StateError, Store, Version, text};

/// Each record is a call.
const TOGETHER: usize = 16;

/// State in an object store.
#[derive(Clone, Debug)]
pub struct ObjectBackend {
    objects: Arc<dyn ObjectStore>,
    place: String,
    state: Path,
    lease: Path,
}

impl ObjectBackend {
    /// State at a URL such as `s3://bucket/prefix`. Credentials, region and endpoint come from these pairs, in
    /// the form of the environment: `AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// [`StateError::BadPlace`] if it is no URL of an object store that can write on condition.
    pub fn from_url(
        url: &str,
        settings: impl IntoIterator<Item = (String, String)>,
        root: &RootId,
    ) -> Result<Self, StateError> {
        let bad = |because: String| StateError::BadPlace { place: url.to_owned(), because };
        let parsed = Url::parse(url).map_err(|error| bad(error.to_string()))?;
        if parsed.scheme() != "s3" {
            return Err(bad("it is not of the form s3://bucket/prefix".to_owned()));
        }
        // The first caller decides, and all of orgform decides alike.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = settings
            .into_iter()
            .filter(|(key, _)| key.starts_with("AWS_"))
            .map(|(key, value)| (key.to_ascii_lowercase(), value));
        let (objects, prefix) =
            object_store::parse_url_opts(&parsed, settings).map_err(|error| bad(error.to_string()))?;
        Self::new(Arc::from(objects), &prefix, url, root)
    }

    /// State in this object store, below this prefix; `place` is what to call it in messages.
    ///
    /// # Errors
    /// [`StateError::BadPlace`] if the root's id can't be an object's name.
    pub fn new(
        objects: Arc<dyn ObjectStore>,
        prefix: &Path,
        place: &str,
        root: &RootId,
    ) -> Result<Self, StateError> {
        let name = text::file_name_of(root)?;
        let below = |file: String| prefix.clone().join(file.as_str());
        Ok(Self {
            objects,
            place: place.to_owned(),
            state: below(format!("{name}.json")),
            lease: below(format!("{name}.lease.json")),
        })
    }

    async fn get(&self, path: &Path) -> Result<Option<(Bytes, Version)>, StateError> {
        let cannot = |error| StateError::unusable("read the state", self.place(), error);
        match self.objects.get(path).await {
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(cannot(error)),
            Ok(found) => {
                let version = version_of(found.meta.e_tag.clone(), found.meta.version.clone());
                Ok(Some((found.bytes().await.map_err(cannot)?, version)))
            }
        }
    }

    /// Puts an object if it is still at this version; none if it is not.
    async fn put(
        &self,
        path: &Path,
        bytes: Vec<u8>,
        version: Option<&Version>,
    ) -> Result<Option<Version>, StateError> {
        let bytes = Bytes::from(bytes);
        let mode = match version {
            None => PutMode::Create,
            Some(version) => PutMode::Update(update_of(version)),
        };
        match self.objects.put_opts(path, bytes.clone().into(), mode.into()).await {
            Ok(put) => Ok(Some(version_of(put.e_tag, put.version))),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => {
                // The client repeats a put whose answer was lost; the second one then finds the first.
                let found = self.get(path).await?;
                Ok(found.filter(|(found, _)| *found == bytes).map(|(_, version)| version))
            }
            Err(error) => Err(StateError::unusable("write the state", self.place(), error)),
        }
    }
}

#[async_trait]
impl Store for ObjectBackend {
    fn place(&self) -> String {
        self.place.clone()
    }

    async fn load(&self) -> Result<Option<(State, Version)>, StateError> {
        let Some((bytes, version)) = self.get(&self.state).await? else { return Ok(None) };
        let state = text::from_bytes(&bytes, &format!("{}, {}", self.place, self.state))?;
        Ok(Some((state, version)))
    }

    async fn save_if_unchanged(
        &self,
        state: &State,
        version: Option<&Version>,
    ) -> Result<Version, StateError> {
        let bytes = text::to_bytes(state, &self.place)?;
        let saved = self.put(&self.state, bytes, version).await?;
        saved.ok_or_else(|| StateError::Changed { place: self.place() })
    }

    async fn lease(
        &self,
        holder: &Holder,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Box<dyn Lease>, StateError> {
        let before = self.get(&self.lease).await?;
        let other = before.as_ref().and_then(|(bytes, _)| LeaseText::from_bytes(bytes));
        if let Some(other) = other.filter(|other| other.holds(now)) {
            return Err(StateError::Held { place: self.place(), holder: Some(Box::new(other)) });
        }
        let text = LeaseText::new(holder, Some(ttl), now);
        let version = before.as_ref().map(|(_, version)| version);
        let Some(version) = self.put(&self.lease, text.to_bytes(), version).await? else {
            let other = self.get(&self.lease).await?.and_then(|(bytes, _)| LeaseText::from_bytes(&bytes));
            return Err(StateError::Held { place: self.place(), holder: other.map(Box::new) });
        };
        Ok(Box::new(ObjectLease { backend: self.clone(), text, version, ttl }))
    }

    fn together(&self) -> usize {
        TOGETHER
    }
}

struct ObjectLease {
    backend: ObjectBackend,
    text: LeaseText,
    version: Version,
    ttl: Duration,
}

impl ObjectLease {
    async fn write(&mut self, text: LeaseText) -> Result<(), StateError> {
        let put = self.backend.put(&self.backend.lease, text.to_bytes(), Some(&self.version)).await?;
        let lost = || StateError::LeaseLost { place: self.backend.place() };
        self.version = put.ok_or_else(lost)?;
        self.text = text;
        Ok(())
    }
}

#[async_trait]
impl Lease for ObjectLease {
    async fn renew(&mut self, now: Timestamp) -> Result<(), StateError> {
        let text = self.text.renewed(self.ttl, now);
        self.write(text).await
    }

    async fn release(&mut self, now: Timestamp) -> Result<(), StateError> {
        // Not deleted: that can't be made conditional everywhere.
        match self.write(self.text.renewed(Duration::ZERO, now)).await {
            // Somebody took it over: nothing is left to give back.
            Err(StateError::LeaseLost { .. }) => Ok(()),
            other => other,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct VersionText {
    e_tag: Option<String>,
    version: Option<String>,
}

fn version_of(e_tag: Option<String>, version: Option<String>) -> Version {
    // A struct of texts always has a JSON form.
    Version(serde_json::to_string(&VersionText { e_tag, version }).unwrap_or_default())
}

fn update_of(version: &Version) -> UpdateVersion {
    match serde_json::from_str(&version.0) {
        Ok(VersionText { e_tag, version }) => UpdateVersion { e_tag, version },
        // Of another store: it names nothing here, so the put is refused.
        Err(_) => UpdateVersion { e_tag: Some(version.0.clone()), version: None },
    }
}
