//! Errors of providers, named by what the caller can do next.

use std::fmt;
use std::time::Duration;

/// What went wrong, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderError {
    /// What the caller can do.
    pub kind: ErrorKind,
    /// What was tried, as a clause: `invite ada@acme.example to acme`. Holds no secret.
    pub tried: String,
    /// What the provider said or what happened, as a clause: `401 API_KEY_NOT_FOUND`. Holds no secret.
    pub said: String,
    /// What a person can do about it, as a sentence.
    pub hint: Option<String>,
    /// Whether the write may have been carried out.
    pub sent: Sent,
}

/// What the caller can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Try again, after this long if it was said.
    Throttled {
        /// How long to wait.
        after: Option<Duration>,
    },
    /// Try again later: no answer, or the server is in trouble.
    Unavailable,
    /// Observe and plan again: something changed in between.
    Stale,
    /// Get another credential or right.
    Denied,
    /// Change what is declared.
    Rejected {
        /// The field, if the provider named one.
        field: Option<String>,
    },
    /// Tell the authors: the provider answered what its contract does not foresee.
    Protocol,
}

/// Whether a write may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was certainly not.
    No,
    /// It was sent and its outcome is not known.
    Unknown,
}

impl ProviderError {
    /// An error that changed nothing.
    pub fn new(kind: ErrorKind, tried: impl Into<String>, said: impl Into<String>) -> Self {
        Self { kind, tried: tried.into(), said: said.into(), hint: None, sent: Sent::No }
    }

    /// Adds what a person can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that the write may have been carried out.
    #[must_use]
    pub fn maybe_sent(mut self) -> Self {
        self.sent = Sent::Unknown;
        self
    }

    /// Whether trying the same again may help.
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, ErrorKind::Throttled { .. } | ErrorKind::Unavailable)
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.tried, self.said)
    }
}

impl std::error::Error for ProviderError {}
