//! What can go wrong with one attempt, and the error that is left when there is no other.

use std::error::Error;
use std::io;
use std::time::Duration;

use orgform_provider::{ErrorKind, ProviderError};
use reqwest::StatusCode;

use crate::answer::{Said, describe};
use crate::call::{Call, Effect};

/// What went wrong with one attempt.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The call never left: no name, no connection, no TLS. Lasting if waiting can't help.
    NotReached { said: String, hint: String, lasting: bool },
    /// It left, and no whole answer came back.
    Dropped { said: String },
    /// The server is busy, or in trouble.
    Status { status: StatusCode, after: Option<Duration>, said: Said },
    /// The answer can't be what it should be.
    Senseless { said: String },
}

impl Trouble {
    /// What reqwest's error means.
    pub(crate) fn of(error: reqwest::Error, endpoint: &str, timeout: Duration) -> Self {
        let error = error.without_url();
        if error.is_connect() {
            return not_reached(&error, endpoint);
        }
        let said = if error.is_timeout() {
            format!("no whole answer within {} s", timeout.as_secs_f32())
        } else if error.is_body() || error.is_decode() {
            "the answer was cut short".to_owned()
        } else {
            format!("the connection was dropped ({})", innermost(&error))
        };
        Self::Dropped { said }
    }

    /// Whether trying again may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::NotReached { lasting, .. } => !lasting,
            Self::Dropped { .. } => true,
            Self::Status { status, .. } => *status != StatusCode::NOT_IMPLEMENTED,
            Self::Senseless { .. } => false,
        }
    }

    /// Whether the server certainly did nothing.
    pub(crate) fn never_carried_out(&self) -> bool {
        match self {
            Self::NotReached { .. } => true,
            Self::Status { status, .. } => *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Dropped { .. } | Self::Senseless { .. } => false,
        }
    }

    /// How long the server asks us to wait: with 429 or 503 only.
    pub(crate) fn asked(&self) -> Option<Duration> {
        match self {
            Self::Status { status, after, .. } if matches!(status.as_u16(), 429 | 503) => *after,
            _ => None,
        }
    }

    /// The error that is left after so many tries.
    pub(crate) fn into_error(self, call: &Call, tries: u32) -> ProviderError {
        let never = self.never_carried_out();
        let times = if tries > 1 { format!(" ({tries} tries)") } else { String::new() };
        let (kind, said, hint) = match self {
            Self::NotReached { said, hint, lasting: _ } => (ErrorKind::Unavailable, said, Some(hint)),
            Self::Dropped { said } => (ErrorKind::Unavailable, said, None),
            Self::Status { status, after, said } => {
                let kind = match status.as_u16() {
                    429 => ErrorKind::Throttled { after },
                    501 => ErrorKind::Protocol,
                    _ => ErrorKind::Unavailable,
                };
                (kind, describe(status, &said), None)
            }
            Self::Senseless { said } => (ErrorKind::Protocol, said, None),
        };
        let mut error = ProviderError::new(kind, call.tried.clone(), format!("{said}{times}"));
        error.hint = hint;
        if never || call.effect == Effect::Reads { error } else { error.maybe_sent() }
    }
}

fn not_reached(error: &reqwest::Error, endpoint: &str) -> Trouble {
    if let Some(error) = chain(error).find_map(|error| error.downcast_ref::<rustls::Error>()) {
        return Trouble::NotReached {
            said: format!("TLS with {endpoint} failed ({error})"),
            hint: "check the endpoint and that its certificate is trusted here.".to_owned(),
            lasting: true,
        };
    }
    let check = format!("check that {endpoint} can be reached from here");
    let (said, hint) = if chain(error).any(|error| error.to_string().contains("tunnel")) {
        ("the proxy let nothing through".to_owned(), format!("{check}, and HTTPS_PROXY and NO_PROXY."))
    } else if error.is_dns() {
        (format!("the name of {endpoint} is not known"), format!("{check}; is the endpoint spelled right?"))
    } else if error.is_timeout() {
        (
            format!("{endpoint} did not take the connection in time"),
            format!("{check}, and any proxy or firewall."),
        )
    } else {
        (format!("could not connect to {endpoint} ({})", innermost(error)), format!("{check}."))
    };
    Trouble::NotReached { said, hint, lasting: false }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let text = chain(error).last().map(ToString::to_string).unwrap_or_default().to_lowercase();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// An error and its causes. An I/O error skips the one that it wraps when asked for its source; this does not.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
    })
}
