//! Reads and writes API keys, which are their user's own (packetfabric contract, section 9).
//!
//! A list shows the keys of whoever asks. So the credential that looks has to be of the user who makes the keys,
//! and that is told by the uuids of the keys that orgform runs with.

use std::collections::{BTreeMap, BTreeSet};

use orgform_http::Call;
use orgform_model::world::{ActualApiKey, Seen};
use orgform_model::{ApiKeyId, Applied, Fields, ShownOnce, Value};
use orgform_provider::{Connection, ErrorKind, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::client::{Api, accepted};
use crate::fields::rejected;
use crate::wire::ApiKey;

const PATH: [&str; 2] = ["v2", "api-keys"];

/// The keys that orgform runs with, as far as the manifest names them.
pub(crate) struct Own {
    /// Those of this credential and of the other one; none if one is not named.
    pub(crate) all: Option<BTreeSet<ApiKeyId>>,
    /// Those whose user makes the keys.
    makes: Option<BTreeSet<ApiKeyId>>,
}

impl Own {
    /// Those of somebody who looks: keys are made with the other credential, if there is one.
    pub(crate) fn of_reader(connection: &Connection) -> Self {
        let all = named(connection.credentials.iter().chain(&connection.other_credentials));
        Self {
            makes: if connection.other_credentials.is_empty() { Some(BTreeSet::new()) } else { all.clone() },
            all,
        }
    }

    /// Those of somebody who writes.
    pub(crate) fn of_writer(connection: &Connection) -> Self {
        Self { makes: Some(BTreeSet::new()), ..Self::of_reader(connection) }
    }
}

fn named<'a>(
    credentials: impl Iterator<Item = &'a orgform_provider::Credential>,
) -> Option<BTreeSet<ApiKeyId>> {
    let (mut keys, mut ids) = (0, Vec::new());
    for credential in credentials {
        match credential.field.as_str() {
            "apiKey" => keys += 1,
            "apiKeyId" => ids.push(ApiKeyId::from(credential.secret.expose_secret())),
            _ => {}
        }
    }
    (ids.len() == keys).then(|| ids.into_iter().collect())
}

pub(crate) async fn observe(api: &Api, own: &Own) -> Result<Seen, ProviderError> {
    let tried = "list the API keys";
    let list: Vec<ApiKey> = api.read(&PATH, tried).await?;
    let keys: BTreeMap<ApiKeyId, ActualApiKey> =
        list.iter().map(|key| (key.uuid.as_str().into(), actual(key))).collect();
    let is_theirs = own.makes.as_ref().is_some_and(|makes| makes.iter().all(|id| keys.contains_key(id)));
    if !is_theirs {
        let said = "a user sees their own API keys only, and this credential is not known to be of the user who applies";
        return Err(ProviderError::new(ErrorKind::Denied, tried, said).hint(
            "give `credentials` and `readOnlyCredentials` keys of one user, each with its `apiKeyId`, or leave \
             `readOnlyCredentials` out.",
        ));
    }
    Ok(Seen::ApiKeys(keys))
}

/// Makes a key of the user who calls; its token is in this answer and in no other.
pub(crate) async fn create(api: &Api, fields: &Fields, tried: &str) -> Result<Applied, ProviderError> {
    let name = fields.get("displayName").map(ToString::to_string).unwrap_or_default();
    if name.is_empty() {
        return Err(rejected(tried, Some("displayName"), "an API key needs a name"));
    }
    let made: ApiKey =
        accepted(api.send(Call::post(&PATH, tried).body(json!({ "name": name }))).await?)?.json()?;
    let secret = made.token.map(|token| ShownOnce::new(SecretString::from(token)));
    Ok(Applied::ApiKey { id: made.uuid.into(), secret })
}

pub(crate) async fn remove(api: &Api, id: &ApiKeyId, tried: &str) -> Result<Applied, ProviderError> {
    let answer = api.send(Call::delete(&["v2", "api-keys", id.as_str()], tried)).await?;
    if answer.status() != 404 {
        accepted(answer)?;
    }
    Ok(Applied::Gone)
}

fn actual(key: &ApiKey) -> ActualApiKey {
    let fields = Fields::from([("displayName".to_owned(), Value::text(&key.name))]);
    ActualApiKey { fields, roles: BTreeSet::new() }
}
