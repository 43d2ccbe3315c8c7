//! Why a run could not be made, or not to its end.

use jiff::Timestamp;
use orgform_model::ProviderName;
use orgform_model::policy::Mode;
use orgform_plan::Report;
use orgform_provider::ProviderError;

use crate::state::StateError;

/// Why a run could not be made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The provider could not be looked at, so nothing can be planned.
    #[error("could not look at the provider")]
    Unobservable(#[source] ProviderError),
    /// The state could not be read or written. Nothing was sent to the provider.
    #[error(transparent)]
    State(#[from] StateError),
    /// The policy does not let a plan be carried out. Nothing was sent.
    #[error("`{provider}` is not applied: its mode is {mode:?}")]
    Mode {
        /// The provider.
        provider: ProviderName,
        /// Its mode.
        mode: Mode,
    },
    /// The state was made with another server. Nothing was sent.
    #[error("the state of `{provider}` was made with `{made_with}`, and this is `{connection}`")]
    OtherServer {
        /// The provider.
        provider: ProviderName,
        /// What the state was made with.
        made_with: String,
        /// What this run talks to.
        connection: String,
    },
    /// A release was carried out before. Nothing was sent.
    #[error("the release of {digest} was carried out before, on {at}")]
    Spent {
        /// The digest of the group.
        digest: String,
        /// When it was carried out.
        at: Timestamp,
    },
    /// The state could not be written any more: no further change was started.
    #[error("the run stopped because what it does could not be remembered any more")]
    Interrupted {
        /// What became of each change. Those that were sent keep their intents, and the next run settles them.
        report: Box<Report>,
        /// Why.
        source: StateError,
    },
}

impl EngineError {
    /// What a person can do about it, as sentences.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unobservable(error) => error.hint.clone(),
            Self::State(error) => error.hint(),
            Self::Mode { .. } => {
                Some("set `mode: Apply` in the Provider to have plans carried out.".to_owned())
            }
            Self::OtherServer { provider, .. } => Some(format!(
                "if the endpoint is a mistake, correct it; if `{provider}` has really moved and kept its ids, change \
                 `connection` of `{provider}` in the state by hand; for another server give the Provider another name \
                 or the root another state."
            )),
            Self::Spent { .. } => {
                Some("a release lets its group go once; run plan again to see what is held now.".to_owned())
            }
            Self::Interrupted { source, .. } => Some(match source.hint() {
                Some(hint) => format!("{hint} Then run apply again: it finds out what was done."),
                None => "run apply again: it finds out what was done.".to_owned(),
            }),
        }
    }
}
