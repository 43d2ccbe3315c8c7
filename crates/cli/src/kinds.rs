//! What this program knows of each kind of provider besides its type: its simulator.
//!
//! What differs from one kind to the next is a row here; nothing else in this program asks which kind it has.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use orgform_model::Timestamp;
use orgform_sim::{ActResult, Options, Simulator, Switching, World, packetfabric, pureport, xarios};
use serde_json::Value;

use crate::commands::act::{self, Action};
use crate::connect::Purpose;

/// What this program knows of one kind besides its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// As in `Semantics::kind`.
    pub(crate) name: &'static str,
    /// Starts its simulator.
    pub(crate) simulate: fn(Options<Setting>) -> Starting,
    /// What its simulator takes as a credential: field, variable that examples use, value.
    pub(crate) credentials: fn(Purpose) -> Vec<(&'static str, &'static str, &'static str)>,
    /// The switches of its simulator with their values, the default first.
    pub(crate) switches: fn() -> Vec<(&'static str, &'static [&'static str])>,
    /// Says an act in the words of its simulator.
    pub(crate) act: fn(&Action) -> Result<Value, String>,
}

/// Switches to set, as name=value.
pub(crate) type Setting = Vec<String>;

/// A simulator that starts.
pub(crate) type Starting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Played>>> + Send>>;

/// A simulator of any kind, as long as it runs.
#[async_trait]
pub(crate) trait Played: Debug + Send + Sync {
    /// The base URL.
    fn url(&self) -> String;

    /// The simulated time.
    fn now(&self) -> Timestamp;

    /// Lets time pass.
    fn advance(&self, by: Duration);

    /// Lets somebody else do something, in the simulator's own JSON.
    fn act(&self, act: Value) -> anyhow::Result<ActResult>;

    /// Stops it, its world saved.
    async fn stop(self: Box<Self>);
}

const KINDS: &[Kind] = &[
    Kind {
        name: "pureport",
        simulate: |options| {
            Box::pin(async move {
                Ok(Box::new(pureport::start(with_switches(options)?).await?) as Box<dyn Played>)
            })
        },
        credentials: |purpose| {
            let (key, secret) = match purpose {
                Purpose::Look => pureport::Sim::reader_key(),
                Purpose::Write => pureport::Sim::admin_key(),
            };
            vec![("key", "PUREPORT_API_KEY", key), ("secret", "PUREPORT_API_SECRET", secret)]
        },
        switches: pureport::Switches::known,
        act: act::at_pureport,
    },
    Kind {
        name: "packetfabric",
        simulate: |options| {
            Box::pin(async move {
                Ok(Box::new(packetfabric::start(with_switches(options)?).await?) as Box<dyn Played>)
            })
        },
        credentials: |purpose| {
            // Of one user: API keys are seen by theirs only.
            let (key, id) = match purpose {
                Purpose::Look => packetfabric::Sim::looking_key(),
                Purpose::Write => (packetfabric::Sim::admin_key(), packetfabric::Sim::admin_key_id()),
            };
            vec![("apiKey", "PF_TOKEN", key), ("apiKeyId", "PF_KEY_ID", id)]
        },
        switches: packetfabric::Switches::known,
        act: act::at_packetfabric,
    },
    Kind {
        name: "xarios",
        simulate: |options| {
            Box::pin(
                async move { Ok(Box::new(xarios::start(with_switches(options)?).await?) as Box<dyn Played>) },
            )
        },
        credentials: |purpose| {
            let xarios::Approval { client_id, client_secret, refresh_token } = match purpose {
                Purpose::Look => xarios::Sim::reader(),
                Purpose::Write => xarios::Sim::admin(),
            };
            vec![
                ("clientId", "XARIOS_CLIENT_ID", client_id),
                ("clientSecret", "XARIOS_CLIENT_SECRET", client_secret),
                ("refreshToken", "XARIOS_REFRESH_TOKEN", refresh_token),
            ]
        },
        switches: xarios::Switches::known,
        act: act::at_xarios,
    },
];

/// The kind of this name.
pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The names of all kinds.
pub(crate) fn names() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.name).collect()
}

fn with_switches<S: Switching>(options: Options<Setting>) -> io::Result<Options<S>> {
    let Options { state_file, bind, seed, root_account, latency, history, switches: texts, faults } = options;
    let mut switches = S::default();
    for text in texts {
        switches
            .set(&text)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    }
    Ok(Options { state_file, bind, seed, root_account, latency, history, switches, faults })
}

#[async_trait]
impl<W: World> Played for Simulator<W> {
    fn url(&self) -> String {
        Simulator::url(self)
    }

    fn now(&self) -> Timestamp {
        Simulator::now(self)
    }

    fn advance(&self, by: Duration) {
        Simulator::advance(self, by);
    }

    fn act(&self, act: Value) -> anyhow::Result<ActResult> {
        Ok(Simulator::act(self, serde_json::from_value(act)?)?)
    }

    async fn stop(self: Box<Self>) {
        Simulator::stop(*self).await;
    }
}
