//! What one run is about: one provider, what is declared for it, and how it behaves.

use orgform_model::{Capabilities, Desired, ProviderState, Semantics};
use orgform_plan::Requests;

use crate::error::EngineError;
use crate::secrets::SecretSink;

/// What one run is about. The same for observing, planning, applying and verifying.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What is declared, in normal form.
    pub desired: &'a Desired,
    /// What was declared at the last applied commit, where the state can't tell.
    pub base: Option<&'a Desired>,
    /// How the provider behaves.
    pub semantics: &'a Semantics,
    /// What it can do.
    pub capabilities: &'a Capabilities,
    /// What somebody asked for by address.
    pub requests: &'a Requests,
    /// The server, as remembered in the state: kind and endpoint, such as
    /// `pureport https://api.pureport.com`. The same server must always give the same text.
    pub connection: &'a str,
    /// Where secrets that are shown once are put.
    pub secrets: &'a dyn SecretSink,
}

impl Case<'_> {
    /// Refuses a state that was made with another server: its ids mean nothing here.
    pub(crate) fn check_server(&self, state: Option<&ProviderState>) -> Result<(), EngineError> {
        match state.and_then(|state| state.connection.as_deref()) {
            Some(made_with) if made_with != self.connection => Err(EngineError::OtherServer {
                provider: self.desired.provider.clone(),
                made_with: made_with.to_owned(),
                connection: self.connection.to_owned(),
            }),
            _ => Ok(()),
        }
    }
}
