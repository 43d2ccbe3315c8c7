//! What a simulator remembers of the requests it was sent: a log and running counts.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The log keeps this many requests; the counts in [`Stats`] keep all.
const LOG_LIMIT: usize = 200_000;

/// Whether a request could change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It exchanges credentials for a token.
    Login,
    /// It only looks.
    Read,
    /// It asks for a change, whether or not that was granted.
    Write,
}

/// One request that reached the simulator; control calls are not logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// The HTTP method, in upper case.
    pub method: String,
    /// The path and query as sent.
    pub path: String,
    /// The path with parameter names in place of ids, or `unknown`.
    pub template: String,
    /// Login, read or write.
    pub kind: Kind,
    /// The status that was answered; `None` when the connection was closed without an answer.
    pub status: Option<u16>,
    /// Whether the world was changed by it.
    pub changed: bool,
    /// Who asked, as `key/{key}` or `user/{id}`; `None` before log-in.
    pub principal: Option<String>,
    /// When, by the simulated clock.
    pub at: Timestamp,
}

/// Running counts since the simulator was started; mails are counted since the world began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// All requests.
    pub total: u64,
    /// Requests by endpoint (such as `GET /accounts/{accountId}/roles`), then by status; `0`: no answer sent.
    pub requests: BTreeMap<String, BTreeMap<u16, u64>>,
    /// Requests that exchange credentials.
    pub logins: u64,
    /// Requests that only look.
    pub reads: u64,
    /// Requests that ask for a change, granted or not.
    pub writes: u64,
    /// Requests that changed something.
    pub changes: u64,
    /// Mails sent.
    pub mails: u64,
    /// Mails sent, by kind.
    pub mails_by_kind: BTreeMap<String, u64>,
    /// Mails sent, by recipient in lower case.
    pub mails_by_recipient: BTreeMap<String, u64>,
}

impl Stats {
    /// Requests for one endpoint (such as `GET /accounts/{accountId}/roles`), whatever was answered.
    #[must_use]
    pub fn count(&self, endpoint: &str) -> u64 {
        self.requests.get(endpoint).map_or(0, |statuses| statuses.values().sum())
    }
}

/// Log and counts of a running simulator.
#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<LoggedRequest>,
    stats: Stats,
}

impl Log {
    pub(crate) fn add(&mut self, request: LoggedRequest) {
        let LoggedRequest { method, template, kind, status, changed, .. } = &request;
        let stats = &mut self.stats;
        stats.total += 1;
        let endpoint = format!("{method} {template}");
        *stats.requests.entry(endpoint).or_default().entry(status.unwrap_or(0)).or_default() += 1;
        match kind {
            Kind::Login => stats.logins += 1,
            Kind::Read => stats.reads += 1,
            Kind::Write => stats.writes += 1,
        }
        stats.changes += u64::from(*changed);
        if self.requests.len() == LOG_LIMIT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.iter().cloned().collect()
    }

    /// The counts, those of mails still empty.
    pub(crate) fn stats(&self) -> Stats {
        self.stats.clone()
    }

    pub(crate) fn clear(&mut self) {
        *self = Log::default();
    }
}
