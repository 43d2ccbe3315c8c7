//! The running simulator: one world behind one lock, its log, its faults and its state file.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::request::Parts;
use tokio::sync::watch;

use super::exchange::Sent;
use super::simulator::{History, Options};
use super::world::{ActError, ActResult, World};
use super::{Request, control};
use crate::faults::{Fault, FaultPlan};
use crate::halt::{self, Gate, Pass, Verdict};
use crate::log::{Kind, Log, Stats};
use crate::server::{self, Reply};
use crate::state_file::{self, StateFile};

/// The simulator behind the server.
#[derive(Debug)]
pub(crate) struct Service<W> {
    latency: Duration,
    inner: Mutex<Inner<W>>,
}

/// Everything that a request can change; one request at a time.
#[derive(Debug)]
pub(crate) struct Inner<W> {
    pub(crate) world: W,
    pub(crate) log: Log,
    pub(crate) gate: Gate,
    pub(super) faults: FaultPlan,
    state_file: Option<StateFile>,
    secrets: BTreeSet<String>,
}

impl<W: World> Service<W> {
    pub(crate) fn new(options: Options<W::Switches>) -> io::Result<Self> {
        let Options { state_file, bind: _, seed, root_account, latency, history, switches, faults } = options;
        let saved = state_file.as_deref().map(state_file::load::<W::Record>).transpose()?.flatten();
        let mut world = match saved {
            Some(records) => W::from_records(records),
            None => match history {
                History::None => W::found(seed, &root_account),
                History::Messy => W::found(seed, &root_account).lived_in(),
            },
        };
        world.set_switches(switches);
        let records = world.records();
        let state_file = state_file.map(|path| StateFile::create(&path, &records)).transpose()?;
        let mut inner = Inner {
            world,
            log: Log::default(),
            gate: Gate::default(),
            faults: FaultPlan::new(faults),
            state_file,
            secrets: BTreeSet::new(),
        };
        inner.remember_secrets(&records);
        Ok(Service { latency, inner: Mutex::new(inner) })
    }

    /// The inside. A panic elsewhere leaves nothing half done that this could spread.
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner<W>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: World> server::Service for Service<W> {
    async fn reply(self: Arc<Self>, head: Parts, body: Option<Bytes>, peer: SocketAddr) -> Reply {
        if head.uri.path().starts_with("/__") {
            return Reply::Answer(control::answer(&mut self.inner(), &head, body.as_deref().unwrap_or(&[])));
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let request = Request {
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: head.headers,
            body,
            peer,
        };
        let Some(sent) = self.pass(request).await else { return Reply::Hangup };
        if !sent.delay.is_zero() {
            tokio::time::sleep(sent.delay).await;
        }
        sent.reply()
    }
}

impl<W: World> Service<W> {
    /// Handles one request where no halt holds it; none if it is not to be answered.
    async fn pass(&self, request: Request) -> Option<Sent> {
        let kind = W::place(&request.method, &request.path).kind;
        let mut request = Some(request);
        loop {
            let (sent, held) = self.inner().let_pass(kind, &mut request);
            match (held, sent) {
                (None, sent) => return sent,
                (Some(held), sent) => match (halt::verdict(held).await, sent) {
                    (Verdict::HangUp, _) => return None,
                    (_, Some(sent)) => return Some(sent),
                    (_, None) => {}
                },
            }
        }
    }
}

impl<W: World> Inner<W> {
    /// Handles a request unless a halt holds it before; what it has to wait for, if a halt holds it at all.
    fn let_pass(
        &mut self,
        kind: Kind,
        request: &mut Option<Request>,
    ) -> (Option<Sent>, Option<watch::Receiver<Verdict>>) {
        let held = match self.gate.admit(kind) {
            Pass::Wait(held) => return (None, Some(held)),
            Pass::Handle(held) => Some(held),
            Pass::Go => None,
        };
        (request.take().map(|request| self.handle(request)), held)
    }

    /// Lets somebody else act.
    pub(crate) fn act(&mut self, act: W::Act) -> Result<ActResult, ActError> {
        let result = self.world.act(act);
        if let Ok(ActResult { token: Some(token), .. }) = &result {
            self.secrets.insert(token.clone());
        }
        self.save_or_tell();
        result
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.world.advance(by);
        self.save_or_tell();
    }

    pub(crate) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = FaultPlan::new(faults);
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.log.stats();
        stats.mails = self.world.mails().len() as u64;
        for mail in self.world.mails() {
            *stats.mails_by_kind.entry(mail.kind.clone()).or_default() += 1;
            *stats.mails_by_recipient.entry(mail.to.to_lowercase()).or_default() += 1;
        }
        stats
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        self.secrets.iter().cloned().collect()
    }

    pub(super) fn guard(&mut self, secrets: Vec<String>) {
        self.secrets.extend(secrets);
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

    fn remember_secrets(&mut self, records: &[W::Record]) {
        self.secrets.extend(records.iter().filter_map(W::secret).map(str::to_owned));
    }
}
