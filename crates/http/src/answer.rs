//! One answer: any 2xx, and every 4xx that only the caller can judge.

use std::fmt;

use orgform_provider::{ErrorKind, ProviderError};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::call::Effect;

/// What a body says about a refusal, as far as the provider's form of it tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// A code, such as `API_KEY_NOT_FOUND`.
    pub code: Option<String>,
    /// A text for people.
    pub message: Option<String>,
    /// The field that is wrong, in the provider's words.
    pub field: Option<String>,
}

/// One answer. Its body is never shown.
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) said: Said,
    pub(crate) tried: String,
    pub(crate) effect: Effect,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether the status is a 2xx.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// What the body says about a refusal, cleaned of secrets and links.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// The error code of a refusal, or nothing.
    pub fn code(&self) -> &str {
        self.said.code.as_deref().unwrap_or_default()
    }

    /// The `Location` header. May hold an id, so it is not for messages.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// `Protocol`, with `sent` unknown if the call was a write: it may well have been carried out.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let what =
                if error.is_data() { "of another shape than its contract" } else { "that is not JSON" };
            // Only the place is told: the text of a serde error may quote the body.
            let place = format!("line {}, column {}", error.line(), error.column());
            self.protocol(format!("answered {} with a body {what} ({place})", self.status.as_u16()))
        })
    }

    /// Lets a success through and makes an error of every other answer, with what its status usually means.
    ///
    /// # Errors
    /// 401, 402, 403 are `Denied`, 404, 409, 410, 412 `Stale`, 400, 413, 422 `Rejected`, any other `Protocol`.
    pub fn success(self) -> Result<Self, ProviderError> {
        if self.is_success() {
            return Ok(self);
        }
        Err(match self.status.as_u16() {
            401..=403 => self.error(ErrorKind::Denied),
            404 | 409 | 410 | 412 => self.error(ErrorKind::Stale),
            400 | 413 | 422 => self.error(ErrorKind::Rejected { field: self.said.field.clone() }),
            _ => self.error(ErrorKind::Protocol),
        })
    }

    /// Makes an error of a refusal. Nothing was carried out.
    pub fn error(&self, kind: ErrorKind) -> ProviderError {
        ProviderError::new(kind, self.tried.clone(), self.to_string())
    }

    /// Makes a `Protocol` error of an answer that can't be what it should be.
    pub fn protocol(&self, said: impl Into<String>) -> ProviderError {
        let error = ProviderError::new(ErrorKind::Protocol, self.tried.clone(), said);
        if self.effect == Effect::Reads || !self.is_success() { error } else { error.maybe_sent() }
    }
}

/// The status with its code and message: `409 CONFLICT, "member is being updated"`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self.status, &self.said))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

pub(crate) fn describe(status: StatusCode, said: &Said) -> String {
    let code = said.code.as_deref().or(status.canonical_reason()).unwrap_or("without a reason");
    match &said.message {
        Some(message) => format!("{} {code}, \"{message}\"", status.as_u16()),
        None => format!("{} {code}", status.as_u16()),
    }
}
