//! Secrets of API keys, put into Secrets: the key's id is in the same Secret, under the name with `.id` added.

use std::collections::BTreeMap;

use async_trait::async_trait;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, Patch, PatchParams};
use kube::{Api, Client};
use orgform_engine::{SecretError, SecretSink};
use orgform_model::{ApiKeyId, SecretPlace, ShownOnce};

/// Secrets of one namespace.
pub(crate) struct Secrets(Api<Secret>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Secrets of this namespace.
    pub(crate) fn new(client: &Client, namespace: &str) -> Self {
        Self(Api::namespaced(client.clone(), namespace))
    }

    async fn data(&self, name: &str) -> Result<BTreeMap<String, ByteString>, SecretError> {
        let found = self.0.get_opt(name).await.map_err(|error| failed(&error))?;
        Ok(found.and_then(|secret| secret.data).unwrap_or_default())
    }

    /// Puts these in one piece; a dry run only asks whether that could be done.
    async fn put(&self, name: &str, key: &str, text: &str, id: &str, dry: bool) -> Result<(), SecretError> {
        let data = [(key.to_owned(), text), (id_of(key), id)];
        let secret = Secret {
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            data: Some(
                data.into_iter().map(|(key, text)| (key, ByteString(text.as_bytes().to_vec()))).collect(),
            ),
            ..Secret::default()
        };
        // A manager for each key: what others put into the same Secret stays.
        let manager: String = format!("orgform-key-{key}").chars().take(128).collect();
        let params = PatchParams { dry_run: dry, ..PatchParams::apply(&manager).force() };
        self.0.patch(name, &params, &Patch::Apply(&secret)).await.map(drop).map_err(|error| failed(&error))
    }
}

#[async_trait]
impl SecretSink for Secrets {
    async fn look(&self, place: &SecretPlace) -> Result<Option<ApiKeyId>, SecretError> {
        let (name, key) = named(place)?;
        let data = self.data(name).await?;
        if data.get(key).is_none_or(|secret| secret.0.is_empty()) {
            return Ok(None);
        }
        let id = data.get(&id_of(key)).and_then(|id| String::from_utf8(id.0.clone()).ok());
        Ok(id.filter(|id| !id.trim().is_empty()).map(|id| ApiKeyId::from(id.trim())))
    }

    async fn prepare(&self, place: &SecretPlace) -> Result<(), SecretError> {
        let (name, key) = named(place)?;
        let data = self.data(name).await?;
        if data.contains_key(key) && !data.contains_key(&id_of(key)) {
            return Err(SecretError::new("something is there that orgform did not write"));
        }
        self.put(name, key, "", "", true).await
    }

    async fn store(&self, place: &SecretPlace, id: &ApiKeyId, secret: &ShownOnce) -> Result<(), SecretError> {
        let (name, key) = named(place)?;
        self.put(name, key, secret.expose(), id.as_str(), false).await
    }
}

fn named(place: &SecretPlace) -> Result<(&str, &str), SecretError> {
    match place {
        SecretPlace::SecretKeyRef { name, key } => Ok((name, key)),
        SecretPlace::File { .. } => Err(SecretError::new("a file is of no use in a cluster")),
    }
}

fn id_of(key: &str) -> String {
    format!("{key}.id")
}

/// What the API server says may hold what was sent to it; only its reason is told.
pub(crate) fn reason(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("the API server answered {} {}", status.code, status.reason),
        _ => "the API server can't be reached".to_owned(),
    }
}

fn failed(error: &kube::Error) -> SecretError {
    SecretError::new(reason(error))
}
