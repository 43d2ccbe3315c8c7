//! What a cluster declares and remembers, for somebody who only looks: read once, with the caller's own kubeconfig, and
//! without a way to write.
//!
//! The same objects, the same rules between namespaces and the same memory as in a pass of the operator. What is done
//! with them is the caller's business.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, ListParams};
use kube::{Client, Config};
use orgform_engine::SecretSink;
use orgform_model::{ObjectKind, ObjectRef, ProviderName, RootId, State};
use orgform_provider::{Connection, NoSecrets, ProviderType, Taken, Tokens};
use orgform_spec::{Documents, ObjectText, ProviderSettings};
use secrecy::SecretString;

use crate::calling::{NoLine, read, web_address};
use crate::cluster::Cluster;
use crate::keys::Secrets;
use crate::leadership::Leadership;
use crate::memory::{self, Memory};
use crate::object::{KINDS, Object, resource};
use crate::shard::Shard;
use crate::tenants;

/// How many objects a page of a list has.
const PAGE: u32 = 500;

/// What was read of a cluster, as one namespace sees it.
pub struct Looked {
    /// The namespace.
    pub namespace: String,
    /// Why this may not be everything that is declared, as a clause: nothing may be removed then.
    pub gap: Option<String>,
    cluster: Arc<Cluster>,
}

/// Why a Provider can't be connected to, as sentences.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub struct NotConnected {
    said: String,
}

impl Looked {
    /// Reads what one namespace declares, each object as a text of its own; the namespace of the kubeconfig if none is
    /// named. I/O.
    ///
    /// # Errors
    /// When there is no cluster to connect to, or the namespace's objects may not be listed.
    pub async fn read(namespace: Option<&str>) -> anyhow::Result<(Self, Documents)> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = Config::infer().await.context("there is no cluster to connect to")?;
        // Trouble is told at once.
        config.default_retry = false;
        let namespace = namespace.unwrap_or(&config.default_namespace).to_owned();
        let client = Client::try_from(config).context("the connection to the cluster can't be used")?;
        let cluster = Arc::new(Cluster::new(client, Shard::whole()).0);
        let mut gap = None;
        for (kind, plural) in KINDS {
            let everywhere = list(&cluster, kind, None).await;
            let (objects, within) = match everywhere {
                Ok(objects) => (objects, None),
                Err(kube::Error::Api(status)) if status.code == 403 => {
                    gap = Some(format!("only the namespace {namespace} may be read"));
                    let objects = list(&cluster, kind, Some(&namespace)).await;
                    let objects = objects.with_context(|| format!("could not list {plural} in {namespace}"));
                    (objects?, Some(namespace.as_str()))
                }
                Err(error) => return Err(error).with_context(|| format!("could not list {plural}")),
            };
            cluster.replace(kind, within, objects);
        }
        let documents = documents(&namespace, &cluster);
        Ok((Self { namespace, gap, cluster }, documents))
    }

    /// What is remembered of these Providers.
    pub fn remembered<'a>(&self, providers: impl Iterator<Item = &'a ProviderName>) -> State {
        let mut state = State::new(self.root());
        for name in providers {
            let known = self.cluster.get(&self.provider(name));
            let known = known.map(|object| Memory::read(&self.cluster, &Leadership::none(), &object));
            if let Some(known) = known.and_then(|memory| memory.state()) {
                state.providers.insert(name.clone(), known);
            }
        }
        state
    }

    /// The root that this state is of.
    pub fn root(&self) -> RootId {
        memory::root()
    }

    /// Where secrets of API keys are put: to look whether they are there.
    pub fn secrets(&self) -> Box<dyn SecretSink> {
        Box::new(Secrets::new(&self.cluster.client, &self.namespace))
    }

    /// How to reach a Provider for looking, and what its state is bound to: with its read-only credential, if it has
    /// one. I/O.
    ///
    /// # Errors
    /// When an address is none, or a Secret can't be read or is not whole.
    pub async fn connection(
        &self,
        settings: &ProviderSettings,
        provider: &ProviderType,
        user_agent: String,
    ) -> Result<(Connection, String), NotConnected> {
        let endpoint = web_address(settings.endpoint.as_deref().unwrap_or(provider.endpoint))?;
        let login = settings.login_endpoint.as_deref().map(web_address).transpose()?;
        let label = format!("{} {endpoint}", settings.kind);
        let (fields, others) = match settings.read_only_credentials.is_empty() {
            true => (&settings.credentials, &settings.read_only_credentials),
            false => (&settings.read_only_credentials, &settings.credentials),
        };
        let secrets: Api<Secret> = Api::namespaced(self.cluster.client.clone(), &self.namespace);
        let mut unneeded = vec![];
        let credentials = read(&secrets, fields, &mut unneeded).await?;
        let connection = Connection {
            endpoint,
            credentials,
            user_agent,
            // Known too, so that it is never taken away; one that can't be read is none.
            other_credentials: read(&secrets, others, &mut unneeded).await.unwrap_or_default(),
            secrets: Arc::new(NoSecrets),
            login,
            agreed: settings.agreed.clone(),
            tokens: Arc::new(NobodysTokens),
            calls: Arc::new(orgform_provider::NoCalls),
        };
        Ok((connection, label))
    }

    fn provider(&self, name: &ProviderName) -> ObjectRef {
        let namespace = Some(Arc::from(self.namespace.as_str()));
        ObjectRef { kind: ObjectKind::Provider, namespace, name: Arc::from(name.as_str()) }
    }
}

impl From<NoLine> for NotConnected {
    fn from(none: NoLine) -> Self {
        Self { said: none.said }
    }
}

/// What a namespace declares, and what others may declare there. A dying object declares nothing.
fn documents(namespace: &str, cluster: &Cluster) -> Documents {
    let objects = cluster.matters_to(namespace);
    let own = objects.iter().filter(|one| one.key.namespace.as_deref() == Some(namespace) && !one.dying);
    let mut texts: Vec<ObjectText> = own.filter_map(|one| tenants::own(one)).collect();
    texts.extend(tenants::taken_in(namespace, &objects).0);
    orgform_spec::read_objects(&texts.into_iter().map(readable).collect::<Vec<_>>())
}

/// The same text in lines, so that what is wrong can be pointed at.
fn readable(one: ObjectText) -> ObjectText {
    let value = serde_json::from_str::<serde_json::Value>(&one.text);
    match value.and_then(|value| serde_json::to_string_pretty(&value)) {
        Ok(text) => ObjectText { text: Arc::from(text), ..one },
        Err(_) => one,
    }
}

async fn list(
    cluster: &Cluster,
    kind: ObjectKind,
    namespace: Option<&str>,
) -> Result<Vec<Object>, kube::Error> {
    let client = cluster.client.clone();
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource(kind)),
        None => Api::all_with(client, &resource(kind)),
    };
    let mut page = ListParams::default().limit(PAGE);
    let mut objects = Vec::new();
    let mut seen = BTreeSet::new();
    loop {
        let listed = api.list(&page).await?; // I/O
        objects.extend(listed.items.iter().filter_map(|object| Object::new(kind, object)));
        match listed.metadata.continue_.filter(|next| !next.is_empty() && seen.insert(next.clone())) {
            Some(next) => page = page.continue_token(&next),
            None => return Ok(objects),
        }
    }
}

/// A token that is replaced at each use is the operator's alone.
#[derive(Debug)]
struct NobodysTokens;

#[async_trait]
impl Tokens for NobodysTokens {
    async fn take(&self, _: &SecretString) -> Result<Box<dyn Taken>, String> {
        Err("which is replaced at each use, so that only the operator may use it".to_owned())
    }
}
