//! The client that a provider holds: log-in and transport in one, with a count of the calls made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orgform_model::capabilities::Rate;
use orgform_provider::{Connection, ErrorKind, ProviderError};

use crate::answer::{Answer, Said};
use crate::auth::{Auth, Session};
use crate::call::Call;
use crate::retry::RetryPolicy;
use crate::transport::Transport;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// How hard the server may be asked.
    pub rate: Rate,
    /// How long and how often to try.
    pub retry: RetryPolicy,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long one attempt may take, from the connection to the end of the body.
    pub timeout: Duration,
    /// The most bytes of a body, unpacked.
    pub max_body: usize,
    /// The words of the API's own that its paths are made of; figures show nothing else of a path.
    pub words: &'static [&'static str],
    /// Reads a refusal's body; empty if it isn't of the provider's form. What it gives is cleaned afterwards.
    pub said: fn(&[u8]) -> Said,
}

impl Options {
    /// The usual behaviour, for a rate and a form of refusals.
    pub fn new(rate: Rate, said: fn(&[u8]) -> Said) -> Self {
        Self {
            rate,
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            max_body: 64 * 1024 * 1024,
            words: &[],
            said,
        }
    }
}

/// A client of one server. Clones share connections, log-in, rate and count.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    tally: Arc<AtomicU32>,
}

struct Shared {
    transport: Transport,
    session: Session,
}

impl Client {
    /// Makes a client. Nothing is sent before the first call.
    ///
    /// # Errors
    /// When the endpoint is no http URL, or this machine lacks what TLS needs.
    pub fn new(
        connection: &Connection,
        options: Options,
        auth: Arc<dyn Auth>,
    ) -> Result<Self, ProviderError> {
        let shared = Shared { transport: Transport::new(connection, options)?, session: Session::new(auth) };
        Ok(Self { shared: Arc::new(shared), tally: Arc::default() })
    }

    /// The same client with a count of its own, from zero.
    #[must_use]
    pub fn counted(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), tally: Arc::default() }
    }

    /// The calls made so far: every attempt, log-ins included.
    pub fn calls(&self) -> u32 {
        self.tally.load(Ordering::Relaxed)
    }

    /// Makes a call with our token; gets another one, once, if it is refused.
    ///
    /// Answers any 2xx, and every 4xx that the caller may judge; a read's success has a whole JSON body.
    ///
    /// # Errors
    /// `Throttled` and `Unavailable` after the tries that are safe, `Denied` when we can't log in or a new
    /// token is refused too, `Protocol` for redirects and oversized bodies. `sent` says whether a write may have
    /// been carried out.
    pub async fn send(&self, call: Call) -> Result<Answer, ProviderError> {
        let exchange = Exchange { transport: &self.shared.transport, tally: &self.tally };
        let held = self.shared.session.token(&exchange, None).await?;
        let transport = &self.shared.transport;
        let answer = transport.send(&call, Some(&held.token.bearer), &self.tally).await?;
        if answer.status() != 401 {
            return Ok(answer);
        }
        // A token that is refused did nothing, so even a write may go again with another one.
        let held = self.shared.session.token(&exchange, Some(held.number)).await?;
        let answer = transport.send(&call, Some(&held.token.bearer), &self.tally).await?;
        if answer.status() == 401 { Err(answer.error(ErrorKind::Denied)) } else { Ok(answer) }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// What a log-in may use: calls without a token.
pub struct Exchange<'a> {
    transport: &'a Transport,
    tally: &'a AtomicU32,
}

impl Exchange<'_> {
    /// Makes a call without a token; otherwise as [`Client::send`].
    ///
    /// # Errors
    /// As [`Client::send`], but a 401 is an answer.
    pub async fn send(&self, call: Call) -> Result<Answer, ProviderError> {
        self.transport.send(&call, None, self.tally).await
    }

    /// The URL of a path, for messages.
    pub fn url(&self, path: &[&str]) -> String {
        self.transport.shown(path)
    }
}
