//! The running simulator: one world behind one lock, its log, its faults and its state file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::request::Parts;
use jiff::Timestamp;

use super::act::{Act, ActError, ActResult};
use super::audit::{self, Occasion};
use super::world::{Principal, Record, World};
use super::{Options, control, genesis, perform};
use crate::faults::{Fault, FaultPlan};
use crate::log::{Log, Stats};
use crate::server::{self, Reply};
use crate::state_file::{self, StateFile};

/// The simulator behind the server.
#[derive(Debug)]
pub(crate) struct Service {
    latency: Duration,
    inner: Mutex<Inner>,
}

/// Everything that a request can change; one request at a time.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) log: Log,
    pub(super) faults: FaultPlan,
    state_file: Option<StateFile>,
    /// New items that their list doesn't show yet: by path of the list and id.
    pub(super) unlisted: BTreeMap<(String, String), Unlisted>,
    pub(super) secrets: BTreeSet<String>,
}

/// Until when a new item stays out of its list.
#[derive(Debug)]
pub(super) enum Unlisted {
    Reads(u32),
    Until(Timestamp),
}

impl Service {
    pub(crate) fn new(options: Options) -> io::Result<Self> {
        let Options { state_file, bind: _, seed, root_account, latency, switches, faults } = options;
        let saved = state_file.as_deref().map(state_file::load::<Record>).transpose()?.flatten();
        let mut world = match saved {
            Some(records) => World::from_records(records),
            None => genesis::found(seed, &root_account),
        };
        world.switches = switches;
        let records = world.records();
        let state_file = state_file.map(|path| StateFile::create(&path, &records)).transpose()?;
        let mut inner = Inner {
            world,
            log: Log::default(),
            faults: FaultPlan::new(faults),
            state_file,
            unlisted: BTreeMap::new(),
            secrets: BTreeSet::new(),
        };
        inner.remember_secrets(&records);
        Ok(Service { latency, inner: Mutex::new(inner) })
    }

    /// The inside. A panic elsewhere leaves nothing half done that this could spread.
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl server::Service for Service {
    async fn reply(self: Arc<Self>, head: Parts, body: Option<Bytes>, peer: SocketAddr) -> Reply {
        if head.uri.path().starts_with("/__") {
            return Reply::Answer(control::answer(&mut self.inner(), &head, body.as_deref().unwrap_or(&[])));
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let sent = self.inner().handle(head, body, peer);
        if !sent.delay.is_zero() {
            tokio::time::sleep(sent.delay).await;
        }
        sent.reply()
    }
}

impl Inner {
    /// Lets somebody act by hand, at the console.
    pub(crate) fn act(&mut self, act: Act) -> Result<ActResult, ActError> {
        let result = perform::perform(&mut self.world, act);
        let founder = Principal::User(self.world.origin.founder.clone());
        audit::file(&mut self.world, &founder, &Occasion::at_the_console(), None);
        if let Ok(ActResult { token: Some(token), .. }) = &result {
            self.secrets.insert(token.clone());
        }
        self.save_or_tell();
        result
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        let mut origin = self.world.origin.clone();
        origin.ahead_seconds =
            origin.ahead_seconds.saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX));
        self.world.put(Record::Origin(origin));
        self.save_or_tell();
    }

    pub(crate) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = FaultPlan::new(faults);
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.log.stats();
        stats.mails = self.world.mails.len() as u64;
        for mail in &self.world.mails {
            *stats.mails_by_kind.entry(mail.kind.clone()).or_default() += 1;
            *stats.mails_by_recipient.entry(mail.to.to_lowercase()).or_default() += 1;
        }
        stats
    }

    pub(crate) fn founder(&self) -> String {
        let founder = self.world.users.get(&self.world.origin.founder);
        founder.map(|user| user.email.clone()).unwrap_or_default()
    }

    pub(crate) fn root_id(&self) -> String {
        let key = self.world.keys.get(genesis::ADMIN_KEY.0);
        key.map(|key| key.account.clone()).unwrap_or_default()
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        self.secrets.iter().cloned().collect()
    }

    pub(crate) fn save_whole(&mut self) {
        if let Some(file) = &mut self.state_file
            && let Err(error) = file.rewrite(&self.world.records())
        {
            tracing::error!(%error, "the state file could not be written");
        }
    }

    pub(super) fn save(&mut self) -> io::Result<()> {
        let unsaved = self.world.take_unsaved();
        self.remember_secrets(&unsaved);
        match &mut self.state_file {
            Some(file) if !unsaved.is_empty() => file.append(&unsaved),
            _ => Ok(()),
        }
    }

    fn save_or_tell(&mut self) {
        if let Err(error) = self.save() {
            tracing::error!(%error, "the state file could not be written");
        }
    }

    fn remember_secrets(&mut self, records: &[Record]) {
        self.secrets.extend(records.iter().filter_map(|record| match record {
            Record::Invite(invite) => Some(invite.link.clone()),
            Record::Key(key) => Some(key.secret.clone()),
            _ => None,
        }));
    }
}
