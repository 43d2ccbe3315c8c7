//! What a simulated world must be able to do.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::message::Message;
use super::switches::Switching;
use crate::log::Kind;

/// The world of one simulated provider: what exists there, and the provider's rules for changing it.
pub trait World: std::fmt::Debug + Sized + Send + 'static {
    /// One thing that exists, or that it doesn't any more, as the state file keeps it.
    type Record: Serialize + DeserializeOwned;
    /// Behaviours that the contract leaves open.
    type Switches: Switching;
    /// One thing that somebody else does.
    type Act: DeserializeOwned;

    /// The world before anybody has done anything; `name` is what its first account is called.
    fn found(seed: u64, name: &str) -> Self;

    /// The same world after years of work by hand; unchanged where nobody has told such a history.
    #[must_use]
    fn lived_in(self) -> Self {
        self
    }

    /// The world in which these records hold.
    fn from_records(records: Vec<Self::Record>) -> Self;

    /// Everything that exists, in an order in which it can be read again.
    fn records(&self) -> Vec<Self::Record>;

    /// What was changed since the last call.
    fn take_unsaved(&mut self) -> Vec<Self::Record>;

    /// The switches.
    fn switches(&self) -> &Self::Switches;

    /// Replaces the switches.
    fn set_switches(&mut self, switches: Self::Switches);

    /// The simulated time, in whole milliseconds.
    fn now(&self) -> Timestamp;

    /// Lets time pass, in whole seconds.
    fn advance(&mut self, by: Duration);

    /// Where a request leads, before it is carried out.
    fn place(method: &str, path: &str) -> Place;

    /// Carries a request out.
    fn answer(&mut self, request: &Request) -> Answered;

    /// Lets somebody else act.
    ///
    /// # Errors
    ///
    /// When a name is unknown or the provider's own rules forbid it.
    fn act(&mut self, act: Self::Act) -> Result<ActResult, ActError>;

    /// All mails ever sent, without their links.
    fn mails(&self) -> &[Mail];

    /// What of a record must not leak.
    fn secret(record: &Self::Record) -> Option<&str>;

    /// The body of an error that a fault makes: with one, without, or as a switch says.
    fn fault_body(&self, status: u16, body: Option<bool>) -> Option<Value>;

    /// Leaves the last items out of an answer, if it is a list.
    fn shrink(body: &mut Value, lose: usize) {
        if let Some(items) = body.as_array_mut() {
            items.truncate(items.len().saturating_sub(lose));
        }
    }
}

/// One request, as it came.
#[derive(Debug)]
pub struct Request {
    /// The method, in upper case.
    pub method: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// What follows the question mark.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `None`: too large, or broken off.
    pub body: Option<Bytes>,
    /// From where.
    pub peer: SocketAddr,
}

/// Where a request leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path with parameter names in place of ids, or `unknown`.
    pub template: &'static str,
    /// Login, read or write.
    pub kind: Kind,
}

/// What came of a request.
#[derive(Debug)]
pub struct Answered {
    /// What is sent.
    pub message: Message,
    /// Whether the world was changed by it.
    pub changed: bool,
    /// Who asked, for the log.
    pub principal: Option<String>,
    /// What the answer holds that must not leak.
    pub secrets: Vec<String>,
}

/// A mail that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The recipient, as the address was given.
    pub to: String,
    /// What it says, such as `invite`.
    pub kind: String,
    /// The id of the account that it is about.
    pub account: String,
    /// When, by the simulated clock.
    pub at: Timestamp,
}

/// What an act led to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActResult {
    /// How many things were changed.
    pub count: usize,
    /// The id of what was created or changed, if it is one thing.
    pub id: Option<String>,
    /// A bearer token, from an act that signs somebody in.
    pub token: Option<String>,
}

/// Why an act was not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Nothing, or more than one thing, has this name.
    #[error("no single {what} is named `{name}`")]
    Unknown {
        /// Such as `account`, `role`, `user` or `invite`.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The provider's own rules forbid it.
    #[error("{code}: {message}")]
    Refused {
        /// The provider's error code, or its status.
        code: String,
        /// Its message.
        message: String,
    },
}

/// The real time, so many seconds ahead, in whole milliseconds.
pub(crate) fn clock(ahead_seconds: i64) -> Timestamp {
    let now = Timestamp::now();
    let now = now.checked_add(SignedDuration::from_secs(ahead_seconds)).unwrap_or(now);
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// So many seconds further ahead.
pub(crate) fn further(ahead_seconds: i64, by: Duration) -> i64 {
    ahead_seconds.saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX))
}
