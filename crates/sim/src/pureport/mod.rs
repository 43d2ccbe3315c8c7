//! Simulates Pureport's control plane: accounts, roles, members, invites, API keys.
//!
//! Start with [`start`]; the result, a [`Sim`], is also the handle by which a test looks inside and lets other
//! people act. A fresh world has one top-level account with consent accepted, its founder as Admin
//! ([`Sim::founder`]), and two API keys: [`Sim::admin_key`] and [`Sim::reader_key`]. Where the contract leaves
//! something open there is a switch ([`Switches`]). For a request's way see `exchange`, then `routes`.
//!
//! Control calls, which need no token and are neither counted nor struck by faults: `GET /__stats`,
//! `GET /__log`, `DELETE /__log`, `GET /__mails`, `GET /__time`, `POST /__act` (an [`Act`]),
//! `POST /__advance {"seconds": n}`, `PUT /__faults` (a list of [`Fault`]), `PUT /__switches` (an object of
//! switch names and values; what isn't named stays).

mod access;
mod accounts;
mod act;
mod answer;
mod audit;
mod body;
mod control;
mod exchange;
mod genesis;
mod invites;
mod keys;
mod members;
mod perform;
mod records;
mod roles;
mod routes;
mod service;
mod switches;
mod token;
mod users;
mod view;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use self::act::{Act, ActError, ActResult};
pub use self::records::Mail;
pub use self::switches::*;
pub use crate::faults::{Effect, Fault, When};
pub use crate::log::{Kind, LoggedRequest, Stats};
use crate::server::{self, Server};
use service::Service;

/// What a simulator is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Keeps the world across restarts; `None`: in memory only.
    pub state_file: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Ids and secrets of a fresh world derive from it.
    pub seed: u64,
    /// The name of the top-level account of a fresh world.
    pub root_account: String,
    /// How much later each request is handled.
    pub latency: Duration,
    /// Behaviours that the contract leaves open.
    pub switches: Switches,
    /// Faults in force from the start.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            state_file: None,
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            root_account: "Acme".to_owned(),
            latency: Duration::ZERO,
            switches: Switches::default(),
            faults: Vec::new(),
        }
    }
}

/// A running simulator; dropped, it ends at once, and a state file still has all that was answered.
#[derive(Debug)]
pub struct Sim {
    server: Server,
    service: Arc<Service>,
}

/// Loads or founds the world and starts serving it.
///
/// # Errors
///
/// When the address can't be bound, or the state file can't be read or written. A state file that isn't one is
/// `InvalidData` with its line; it is left as it is.
pub async fn start(options: Options) -> io::Result<Sim> {
    let bind = options.bind;
    let service = Arc::new(Service::new(options)?);
    let server = server::serve(bind, service.clone()).await?;
    Ok(Sim { server, service })
}

impl Sim {
    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Key and secret of an API key with the role Admin on the top-level account.
    #[must_use]
    pub fn admin_key() -> (&'static str, &'static str) {
        genesis::ADMIN_KEY
    }

    /// Key and secret of an API key that may read all and write nothing.
    #[must_use]
    pub fn reader_key() -> (&'static str, &'static str) {
        genesis::READER_KEY
    }

    /// The e-mail of the founding user: `founder@` and the top-level account's name as a domain below `example`.
    #[must_use]
    pub fn founder(&self) -> String {
        self.service.inner().founder()
    }

    /// The id of the founding user's top-level account.
    #[must_use]
    pub fn root_id(&self) -> String {
        self.service.inner().root_id()
    }

    /// Counts of requests and mails.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.service.inner().stats()
    }

    /// The requests since the start or the last [`Sim::clear_log`], control calls left out.
    #[must_use]
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.service.inner().log.requests()
    }

    /// Forgets requests and their counts; mails stay counted.
    pub fn clear_log(&self) {
        self.service.inner().log.clear();
    }

    /// Lets somebody else do something.
    ///
    /// # Errors
    ///
    /// When a name is unknown or the provider's own rules forbid it.
    pub fn act(&self, act: Act) -> Result<ActResult, ActError> {
        self.service.inner().act(act)
    }

    /// Lets time pass, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.service.inner().advance(by);
    }

    /// Replaces the faults; their counts start anew.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.service.inner().set_faults(faults);
    }

    /// Replaces the switches.
    pub fn set_switches(&self, switches: Switches) {
        self.service.inner().world.switches = switches;
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.service.inner().world.now()
    }

    /// All mails ever sent, without their links.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.service.inner().world.mails.clone()
    }

    /// Everything that must not leak: links of invites, secrets of keys, tokens issued since the start.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.service.inner().secrets()
    }

    /// Lets requests in progress finish, then writes the state file whole.
    pub async fn stop(self) {
        self.server.stop().await;
        self.service.inner().save_whole();
    }
}
