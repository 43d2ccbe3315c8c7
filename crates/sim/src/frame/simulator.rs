//! A running simulator, as a test or a front end holds it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::service::{Inner, Service};
use super::world::{ActError, ActResult, Mail, World};
use crate::faults::Fault;
use crate::halt::{Halt, Moment};
use crate::log::{Kind, LoggedRequest, Stats};
use crate::server::{self, Server};

/// What a simulator is started with.
#[derive(Clone, Debug)]
pub struct Options<S> {
    /// Keeps the world across restarts; `None`: in memory only.
    pub state_file: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Ids and secrets of a fresh world derive from it.
    pub seed: u64,
    /// The name of the account that exists in a fresh world.
    pub root_account: String,
    /// How much later each request is handled.
    pub latency: Duration,
    /// What has happened in a fresh world before anybody looks.
    pub history: History,
    /// Behaviours that the contract leaves open.
    pub switches: S,
    /// Faults in force from the start.
    pub faults: Vec<Fault>,
}

/// What has happened in a fresh world before anybody looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// Nothing: it is as it was founded.
    #[default]
    None,
    /// Years of work by hand: what is found where no tool has looked after an organization.
    Messy,
}

impl<S: Default> Default for Options<S> {
    fn default() -> Self {
        Options {
            state_file: None,
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            root_account: "Acme".to_owned(),
            latency: Duration::ZERO,
            history: History::default(),
            switches: S::default(),
            faults: Vec::new(),
        }
    }
}

/// A running simulator; dropped, it ends at once, and a state file still has all that was answered.
#[derive(Debug)]
pub struct Simulator<W> {
    server: Server,
    service: Arc<Service<W>>,
}

impl<W: World> Simulator<W> {
    /// Loads or founds the world and starts serving it.
    ///
    /// # Errors
    ///
    /// When the address can't be bound, or the state file can't be read or written. A state file that isn't one
    /// is `InvalidData` with its line; it is left as it is.
    pub async fn start(options: Options<W::Switches>) -> io::Result<Self> {
        let bind = options.bind;
        let service = Arc::new(Service::new(options)?);
        let server = server::serve(bind, service.clone()).await?;
        Ok(Simulator { server, service })
    }

    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Counts of requests and mails.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.service.inner().stats()
    }

    /// The requests since the start or the last [`Simulator::clear_log`], control calls left out.
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
    pub fn act(&self, act: W::Act) -> Result<ActResult, ActError> {
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

    /// Holds the traffic at the `nth` request of a kind (none: of any) from now on, log-ins included; control
    /// calls don't count. There is one halt at a time: it takes the place of an earlier one.
    #[must_use]
    pub fn halt(&self, of: Option<Kind>, nth: u64, moment: Moment) -> Halt {
        self.service.inner().gate.arm(of, nth, moment)
    }

    /// Replaces the switches.
    pub fn set_switches(&self, switches: W::Switches) {
        self.service.inner().world.set_switches(switches);
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.service.inner().world.now()
    }

    /// All mails ever sent, without their links.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.service.inner().world.mails().to_vec()
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

    /// Looks into the world.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&W) -> T) -> T {
        let inner: &Inner<W> = &self.service.inner();
        look(&inner.world)
    }
}
