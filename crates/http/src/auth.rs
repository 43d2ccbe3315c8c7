//! Who we are: one log-in at a time, shared by everybody who waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use orgform_provider::ProviderError;
use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::client::Exchange;

/// What a log-in gave.
#[derive(Clone, Debug)]
pub struct Token {
    /// Goes with every call.
    pub bearer: SecretString,
    /// Gets the next one without the credential, where the provider has that.
    pub refresh: Option<SecretString>,
    /// How long it lasts from now; until it is refused, if the provider does not say.
    pub lasts: Option<Duration>,
}

/// Gets tokens. The client asks once for all who wait: at the start, shortly before a token runs out, and
/// when one is refused.
#[async_trait]
pub trait Auth: Send + Sync {
    /// Gets a token. `previous` is the one that runs out or was refused, if there was one.
    ///
    /// # Errors
    /// `Denied` when the credential is refused; whatever the call gave otherwise.
    async fn token(&self, exchange: &Exchange<'_>, previous: Option<&Token>) -> Result<Token, ProviderError>;
}

/// A token in use, with its number: a refusal speaks of that one, not of a newer.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) token: Token,
    pub(crate) number: u64,
    renew_at: Option<Instant>,
}

pub(crate) struct Session {
    auth: Arc<dyn Auth>,
    state: Mutex<State>,
    attempts: AtomicU64,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failure: Option<ProviderError>,
}

impl Session {
    pub(crate) fn new(auth: Arc<dyn Auth>) -> Self {
        Self { auth, state: Mutex::default(), attempts: AtomicU64::new(0) }
    }

    /// A token that is good as far as we know, and is not the one numbered `refused`.
    pub(crate) async fn token(
        &self,
        exchange: &Exchange<'_>,
        refused: Option<u64>,
    ) -> Result<Held, ProviderError> {
        let seen = self.attempts.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some(held) =
            state.held.as_ref().filter(|held| Some(held.number) != refused && !held.runs_out())
        {
            return Ok(held.clone());
        }
        // Somebody asked while we waited, and was refused: asking again would only knock on the door.
        if self.attempts.load(Ordering::Acquire) > seen
            && let Some(error) = &state.failure
        {
            return Err(error.clone());
        }
        let previous = state.held.as_ref().map(|held| &held.token);
        let outcome = self.auth.token(exchange, previous).await;
        let number = self.attempts.fetch_add(1, Ordering::AcqRel) + 1;
        match outcome {
            Ok(token) => {
                let held = Held { renew_at: token.lasts.map(renew_at), token, number };
                *state = State { held: Some(held.clone()), failure: None };
                Ok(held)
            }
            Err(error) => {
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }
}

impl Held {
    fn runs_out(&self) -> bool {
        self.renew_at.is_some_and(|at| at <= Instant::now())
    }
}

/// A minute early, so that no call is under way when it runs out; a tenth early if it lasts less than ten.
fn renew_at(lasts: Duration) -> Instant {
    Instant::now() + lasts.saturating_sub((lasts / 10).min(Duration::from_secs(60)))
}
