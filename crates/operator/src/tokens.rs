//! Keeps refresh tokens that are replaced at each use, in a Secret that nobody else writes.
//!
//! It is in the Provider's namespace, `orgform-token-` before the Provider's name. The token in it is named by a hash
//! of the one that the approval gave, so that a new approval starts anew. Only the copy that has the lease logs in,
//! so that no two use one token.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, Patch, PatchParams};
use kube::{Api, Client};
use orgform_model::ObjectRef;
use orgform_provider::{Taken, Tokens};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::keys::reason;

/// What the names of our Secrets begin with.
const PREFIX: &str = "orgform-token-";

/// Whether a Secret is one of those that only we write: that it changed tells nothing.
pub(crate) fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The tokens of one Provider.
pub(crate) struct TokenSecrets {
    api: Api<Secret>,
    name: String,
    one_at_a_time: Arc<Mutex<()>>,
}

impl std::fmt::Debug for TokenSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSecrets").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TokenSecrets {
    /// Those of this Provider.
    pub(crate) fn of(client: &Client, provider: &ObjectRef) -> Self {
        let namespace = provider.namespace.as_deref().unwrap_or_default();
        Self {
            api: Api::namespaced(client.clone(), namespace),
            name: format!("{PREFIX}{}", provider.name),
            one_at_a_time: Arc::default(),
        }
    }
}

#[async_trait]
impl Tokens for TokenSecrets {
    async fn take(&self, first: &SecretString) -> Result<Box<dyn Taken>, String> {
        let turn = Arc::clone(&self.one_at_a_time).lock_owned().await;
        let hash = Sha256::digest(format!("orgform token\0{}", first.expose_secret()).as_bytes());
        let key: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let there = self.api.get_opt(&self.name).await;
        let there = there
            .map_err(|error| format!("and the Secret {} can't be read: {}", self.name, reason(&error)))?;
        let kept = there.and_then(|secret| secret.data?.remove(&key));
        let kept = kept.and_then(|bytes| String::from_utf8(bytes.0).ok()).filter(|text| !text.is_empty());
        let token = kept.map_or_else(|| first.clone(), SecretString::from);
        let taken = TakenSecret { api: self.api.clone(), name: self.name.clone(), key, token, _turn: turn };
        // Before the token is used up: its successor has to be kept.
        taken.put(&taken.token, true).await?;
        Ok(Box::new(taken))
    }
}

struct TakenSecret {
    api: Api<Secret>,
    name: String,
    key: String,
    token: SecretString,
    _turn: OwnedMutexGuard<()>,
}

impl TakenSecret {
    /// Keeps a token, and drops those of other approvals; a dry run only asks whether that could be done.
    async fn put(&self, token: &SecretString, dry: bool) -> Result<(), String> {
        let bytes = ByteString(token.expose_secret().as_bytes().to_vec());
        let secret = Secret {
            metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
            data: Some([(self.key.clone(), bytes)].into()),
            ..Secret::default()
        };
        let params = PatchParams { dry_run: dry, ..PatchParams::apply("orgform-token").force() };
        let put = self.api.patch(&self.name, &params, &Patch::Apply(&secret)).await;
        put.map(drop).map_err(|error| {
            let reason = reason(&error);
            format!(
                "and the Secret {} can't be written: {reason}; the operator needs the right to write Secrets here \
                 (`secrets.write` of the chart)",
                self.name
            )
        })
    }
}

impl Taken for TakenSecret {
    fn token(&self) -> &SecretString {
        &self.token
    }

    fn replace(&mut self, next: &SecretString) -> Result<(), String> {
        // Durable before anybody goes on.
        let put = || tokio::runtime::Handle::current().block_on(self.put(next, false));
        tokio::task::block_in_place(put)?;
        self.token = next.clone();
        Ok(())
    }
}
