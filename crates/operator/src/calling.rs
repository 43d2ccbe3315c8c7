//! From a Provider's settings to a connection: its Secret, and the client that was made with it.
//!
//! A client is kept for as long as the Secret stays as it is: it knows its log-in, so that a pass that finds all as it
//! should be logs in nowhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use orgform_model::{ObjectRef, SecretRef};
use orgform_provider::{CallMade, Calls, Connection, Credential, Provider, ProviderType, Secrets, Tokens};
use orgform_providers::PROVIDERS;
use orgform_spec::{CredentialRef, CredentialSource, ProviderSettings};
use secrecy::SecretString;
use url::Url;

use crate::keys::reason;
use crate::metrics::Metrics;
use crate::object::Object;
use crate::tokens::TokenSecrets;

/// A connection that can be used.
#[derive(Clone)]
pub(crate) struct Line {
    /// What speaks to the provider.
    pub(crate) writer: Arc<dyn Provider>,
    /// What state is bound to: kind and endpoint.
    pub(crate) label: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub(crate) struct NoLine {
    /// One word.
    pub(crate) reason: &'static str,
    /// As sentences, with what to do.
    pub(crate) said: String,
}

/// The lines that are open, by Provider.
pub(crate) struct Lines {
    metrics: Metrics,
    open: Mutex<BTreeMap<ObjectRef, Open>>,
    tokens: Mutex<BTreeMap<ObjectRef, Arc<TokenSecrets>>>,
}

struct Open {
    made_of: Vec<String>,
    line: Line,
}

/// Secrets that Members refer to, such as a first password: of the Provider's own namespace.
#[derive(Debug)]
struct DeclaredSecrets {
    secrets: Api<Secret>,
}

impl Secrets for DeclaredSecrets {
    fn read(&self, from: &SecretRef) -> Result<SecretString, String> {
        let SecretRef::SecretKey { name, key } = from else {
            return Err("which is of no use in a cluster".to_owned());
        };
        let look = || tokio::runtime::Handle::current().block_on(self.secrets.get_opt(name));
        let there = tokio::task::block_in_place(look);
        let there = there.map_err(|error| format!("which can't be read: {}", reason(&error)))?;
        let bytes = there.ok_or("which is not there")?.data.and_then(|mut data| data.remove(key));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.0).ok());
        let text = text.ok_or_else(|| format!("which has no text under {key}"))?;
        match text.trim_end_matches(['\n', '\r']) {
            "" => Err(format!("which is empty under {key}")),
            text => Ok(SecretString::from(text.to_owned())),
        }
    }
}

/// Counts the calls of one Provider.
#[derive(Debug)]
struct Counted {
    metrics: Metrics,
    provider: ObjectRef,
}

impl Calls for Counted {
    fn made(&self, call: &CallMade<'_>) {
        self.metrics.called(&self.provider, call);
    }
}

impl Lines {
    /// None is open yet.
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { metrics, open: Mutex::default(), tokens: Mutex::default() }
    }

    /// The line of a Provider; a new one if its Secret or its endpoint has changed. I/O.
    pub(crate) async fn line(
        &self,
        client: &Client,
        key: &ObjectRef,
        settings: &ProviderSettings,
        provider: &'static ProviderType,
    ) -> Result<Line, NoLine> {
        let endpoint = web_address(settings.endpoint.as_deref().unwrap_or(provider.endpoint))?;
        let login = settings.login_endpoint.as_deref().map(web_address).transpose()?;
        let label = label(provider, &endpoint);
        let namespace = key.namespace.as_deref().unwrap_or_default();
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let mut made_of = vec![label.clone(), format!("{login:?}, {:?}", settings.agreed)];
        let credentials = read(&secrets, &settings.credentials, &mut made_of).await?;
        // Known too, so that it is never taken away; one that can't be read is none.
        let mut unneeded = vec![];
        let other_credentials =
            read(&secrets, &settings.read_only_credentials, &mut unneeded).await.unwrap_or_default();
        if let Some(open) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(key)
            && open.made_of == made_of
        {
            return Ok(open.line.clone());
        }
        let user_agent = concat!("orgform-operator/", env!("CARGO_PKG_VERSION")).to_owned();
        let connection = Connection {
            endpoint,
            credentials,
            user_agent,
            other_credentials,
            secrets: Arc::new(DeclaredSecrets { secrets }),
            login,
            agreed: settings.agreed.clone(),
            tokens: self.tokens(client, key),
            calls: Arc::new(Counted { metrics: self.metrics.clone(), provider: key.clone() }),
        };
        let writer = (provider.writer)(&connection).map_err(|error| NoLine {
            reason: "Invalid",
            said: format!("{error}. {}", error.hint.clone().unwrap_or_default()),
        })?;
        let line = Line { writer, label };
        let open = Open { made_of, line: line.clone() };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), open);
        Ok(line)
    }

    /// The tokens of a Provider: the same for every line of it, so that two never use one token.
    fn tokens(&self, client: &Client, key: &ObjectRef) -> Arc<dyn Tokens> {
        let mut all = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(key.clone()).or_insert_with(|| Arc::new(TokenSecrets::of(client, key))).clone()
    }
}

/// What state is bound to, told by a Provider that was never reached.
pub(crate) fn label_of(provider: &Object) -> Option<String> {
    let object: serde_json::Value = serde_json::from_str(&provider.text).ok()?;
    let spec = object.get("spec")?;
    let kind = PROVIDERS.iter().find(|one| spec.get(one.semantics.kind).is_some())?;
    let endpoint = spec[kind.semantics.kind]["endpoint"].as_str().unwrap_or(kind.endpoint);
    Some(label(kind, &Url::parse(endpoint).ok()?))
}

fn label(provider: &ProviderType, endpoint: &Url) -> String {
    format!("{} {endpoint}", provider.semantics.kind)
}

pub(crate) fn web_address(text: &str) -> Result<Url, NoLine> {
    Url::parse(text).map_err(|error| NoLine {
        reason: "Invalid",
        said: format!("The endpoint {text} is not a web address: {error}."),
    })
}

/// Reads every field; `made_of` tells whether they are still the same.
pub(crate) async fn read(
    secrets: &Api<Secret>,
    fields: &[CredentialRef],
    made_of: &mut Vec<String>,
) -> Result<Vec<Credential>, NoLine> {
    let mut read: BTreeMap<&str, Secret> = BTreeMap::new();
    let mut credentials = Vec::new();
    let mut missing = Vec::new();
    for CredentialRef { field, source, .. } in fields {
        let CredentialSource::SecretKey { name, key } = source else {
            missing.push(format!("{field} does not come from a Secret"));
            continue;
        };
        if !read.contains_key(name.as_str()) {
            match secrets.get_opt(name).await {
                Ok(Some(secret)) => {
                    let version = secret.metadata.resource_version.clone().unwrap_or_default();
                    made_of.push(format!("{name} {version}"));
                    read.insert(name, secret);
                }
                Ok(None) => {
                    missing.push(format!("there is no Secret {name}"));
                    continue;
                }
                Err(error) => {
                    missing.push(format!("the Secret {name} can't be read: {}", reason(&error)));
                    continue;
                }
            }
        }
        let bytes = read.get(name.as_str()).and_then(|secret| secret.data.as_ref()?.get(key));
        match bytes
            .and_then(|bytes| String::from_utf8(bytes.0.clone()).ok())
            .filter(|text| !text.trim().is_empty())
        {
            Some(text) => {
                made_of.push(format!("{field} {key}"));
                credentials.push(Credential {
                    field: field.clone(),
                    source: format!("Secret {name}, key {key}"),
                    secret: SecretString::from(text.trim_end_matches(['\n', '\r']).to_owned()),
                });
            }
            None => missing.push(format!("the Secret {name} has no text under {key}")),
        }
    }
    missing.dedup();
    if !missing.is_empty() {
        return Err(NoLine {
            reason: "NoCredentials",
            said: format!(
                "The credential is not complete: {}. Make the Secret whole; it is noticed by itself.",
                missing.join("; ")
            ),
        });
    }
    Ok(credentials)
}
