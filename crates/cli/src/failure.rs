//! Errors at the edge: what went wrong, why, what to do, and what certainly did not happen.

use std::fmt;

use orgform_engine::{EngineError, StateError};
use orgform_model::ProviderName;
use orgform_provider::{ErrorKind, ProviderError};

use crate::words::span;

/// An error with everything that a person needs next.
///
/// ```text
/// error: pureport needs a credential that is not set
///   secret  from env PUREPORT_API_SECRET, which is not set
/// hint: set it, or name another one in provider.yaml:9.
/// Nothing was read, nothing was changed.
/// ```
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    lines: Vec<String>,
    hint: Option<String>,
    untouched: Option<Untouched>,
    source: Option<anyhow::Error>,
}

/// What certainly did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Untouched {
    /// No call was made.
    Unread,
    /// Calls were made, but none that writes, and nothing was remembered.
    Unchanged,
    /// The same of one provider, where others are read and changed all the same.
    UnreadAt(ProviderName),
    /// The same of one provider, where others are read and changed all the same.
    UnchangedAt(ProviderName),
}

impl Untouched {
    /// The same, of one provider only.
    fn at(self, name: &ProviderName) -> Self {
        match self {
            Self::Unread | Self::UnreadAt(_) => Self::UnreadAt(name.clone()),
            Self::Unchanged | Self::UnchangedAt(_) => Self::UnchangedAt(name.clone()),
        }
    }
}

impl fmt::Display for Untouched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread => f.write_str("Nothing was read, nothing was changed."),
            Self::Unchanged => f.write_str("Nothing was changed."),
            Self::UnreadAt(name) => write!(f, "Nothing was read or changed at {name}."),
            Self::UnchangedAt(name) => write!(f, "Nothing was changed at {name}."),
        }
    }
}

impl Failure {
    /// Says what went wrong, as a sentence without a period.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), lines: Vec::new(), hint: None, untouched: None, source: None }
    }

    /// Adds a line of detail below the message.
    #[must_use]
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Adds what to do, as a sentence.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that no call was made.
    #[must_use]
    pub(crate) fn nothing_read(mut self) -> Self {
        self.untouched = Some(Untouched::Unread);
        self
    }

    /// Says that nothing was written.
    #[must_use]
    pub(crate) fn nothing_changed(mut self) -> Self {
        self.untouched = Some(Untouched::Unchanged);
        self
    }

    /// Adds the cause.
    #[must_use]
    pub(crate) fn because(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The whole chain as text: the error, its details and causes, what to do, and what did not happen.
pub(crate) fn render(error: &anyhow::Error, error_mark: &str, hint_mark: &str) -> String {
    let mut text = format!("{error_mark}: {error}\n");
    let mut hints: Vec<String> = Vec::new();
    let mut untouched = None;
    let mut said = error.to_string();
    for cause in error.chain() {
        let message = cause.to_string();
        // Some errors repeat their cause in their own message.
        if !said.contains(&message) {
            text.push_str(&format!("  cause: {message}\n"));
        }
        said = message;
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            for line in &failure.lines {
                text.push_str(&format!("  {line}\n"));
            }
            untouched = untouched.or(failure.untouched.as_ref());
        }
        // A cause may know less of the same.
        hints.extend(hint_of(cause).filter(|hint| !hints.iter().any(|said| said.contains(hint.as_str()))));
    }
    for hint in hints {
        text.push_str(&format!("{hint_mark}: {hint}\n"));
    }
    if let Some(untouched) = untouched {
        text.push_str(&format!("{untouched}\n"));
    }
    text
}

/// What a person can do about one link of the chain.
fn hint_of(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return failure.hint.clone();
    }
    if let Some(error) = cause.downcast_ref::<EngineError>() {
        return error.hint();
    }
    if let Some(error) = cause.downcast_ref::<StateError>() {
        return error.hint();
    }
    cause.downcast_ref::<ProviderError>().and_then(|error| error.hint.clone())
}

/// An error of one provider: which one, what it said, and that nothing happened.
pub(crate) fn of_provider(name: &ProviderName, error: EngineError) -> anyhow::Error {
    match error {
        EngineError::Unobservable(error) => {
            // A refused log-in says itself who refused what.
            let what = match error.kind {
                ErrorKind::Denied if error.tried == "log in" => error.said.clone(),
                _ => format!("{name}: {error}"),
            };
            let failure = Failure::new(what);
            match error.hint.clone().or_else(|| later(name, &error)) {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
            .nothing_read()
            .into()
        }
        error @ (EngineError::Mode { .. } | EngineError::OtherServer { .. }) => {
            let failure = Failure::new(error.to_string()).nothing_changed();
            match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
            .into()
        }
        EngineError::Interrupted { .. } => {
            anyhow::Error::new(error).context(format!("{name} was not applied whole"))
        }
        error => Failure::new(format!("{name} can't be used")).because(error).nothing_changed().into(),
    }
}

/// An error of one of so many providers: what did not happen there says nothing about the others.
pub(crate) fn among(number: usize, name: &ProviderName, error: anyhow::Error) -> anyhow::Error {
    if number < 2 {
        return error;
    }
    let of_it = |failure: Failure| {
        let untouched = failure.untouched.map(|untouched| untouched.at(name));
        Failure { untouched, ..failure }
    };
    error.downcast().map_or_else(|error| error, |failure| of_it(failure).into())
}

/// An error of a last look, when much may have been read and changed before it.
pub(crate) fn of_last_look(name: &ProviderName, error: ProviderError) -> anyhow::Error {
    let error = of_provider(name, EngineError::Unobservable(error));
    error
        .downcast()
        .map_or_else(|error| error, |failure: Failure| Failure { untouched: None, ..failure }.into())
}

/// What to do about an error that passes by itself.
fn later(name: &ProviderName, error: &ProviderError) -> Option<String> {
    match &error.kind {
        ErrorKind::Throttled { after: Some(after) } => {
            let seconds = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
            Some(format!("{name} asks to be left alone for {}; run it again then.", span(seconds)))
        }
        ErrorKind::Throttled { after: None } => {
            Some(format!("{name} takes no more calls for now; run it again later."))
        }
        ErrorKind::Unavailable => {
            Some(format!("{name} is in trouble, or something on the way to it; run it again later."))
        }
        _ => None,
    }
}

/// An error of giving the state back, after everything in it was written.
pub(crate) fn of_closing(error: StateError) -> anyhow::Error {
    Failure::new("the state could not be tidied up")
        .line("what was done is remembered all the same; the next apply tidies up")
        .because(error)
        .into()
}

/// An error of reading the state.
pub(crate) fn of_state(error: StateError) -> anyhow::Error {
    let what = match &error {
        // It says itself what was tried.
        StateError::Unusable { .. } => error.to_string(),
        _ => "could not read the state".to_owned(),
    };
    Failure::new(what).because(error).nothing_read().into()
}

/// A run that was stopped before it changed anything.
pub(crate) fn stopped() -> anyhow::Error {
    Failure::new("stopped").nothing_changed().into()
}
