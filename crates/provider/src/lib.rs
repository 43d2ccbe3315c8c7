//! What a provider is: traits and data only.
//!
//! A provider translates, it does not decide. [`Observe`] looks and changes nothing; [`Provider`] also carries
//! changes out. A [`ProviderType`] is the constant by which a front end finds one.

mod calls;
mod error;
mod tokens;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use orgform_model::history::History;
use orgform_model::{
    AccountId, Applied, Capabilities, Change, Desired, Finding, Observation, Scope, SecretRef, Semantics,
    Timestamp,
};
use secrecy::SecretString;
use url::Url;

pub use calls::{CallMade, Calls, NoCalls};
pub use error::{ErrorKind, ProviderError, Sent};
pub use tokens::{Taken, Tokens, TokensInMemory};

/// Looks at a provider. It holds no way to write, and may hold a read-only credential.
#[async_trait]
pub trait Observe: Send + Sync {
    /// Looks at one scope. Absence is reported as absence, partial sight as partial.
    ///
    /// # Errors
    /// When nothing of the scope could be seen. Others are not affected.
    async fn observe(&self, scope: &Scope) -> Result<Observation, ProviderError>;

    /// Reads the audit log of one account, newest first, back to `since` or as far as is reasonable. Where the
    /// provider keeps none (`Capabilities::audit_log`), there is nothing in it.
    ///
    /// # Errors
    /// When it can't be read. Nothing else is affected: it only explains.
    async fn history(&self, account: &AccountId, since: Timestamp) -> Result<History, ProviderError> {
        let _ = (account, since);
        Ok(History::default())
    }
}

/// Carries changes out.
#[async_trait]
pub trait Provider: Observe {
    /// Carries changes out and says for each what the provider now has.
    ///
    /// All references are bound. A change that is already so is answered as done; one whose precondition no
    /// longer holds is `Stale`. The answers are in the order of the changes, one each.
    ///
    /// The answer to making an API key holds its secret, which is shown once: it goes nowhere else, least of all
    /// into a log. Making a key is never repeated by itself: each time makes another one.
    async fn apply(&self, changes: &[Change]) -> Vec<Result<Applied, ProviderError>>;
}

/// A kind of provider, as a constant.
pub struct ProviderType {
    /// What pure code must know.
    pub semantics: &'static Semantics,
    /// What it can do.
    pub capabilities: &'static Capabilities,
    /// Where its API is, where a manifest does not say.
    pub endpoint: &'static str,
    /// Brings declared values into the form in which they are observed.
    pub normal: fn(Desired) -> Desired,
    /// Says what the provider can't do of what is declared.
    pub audit: fn(&Desired) -> Vec<Finding>,
    /// Connects for looking only.
    pub reader: fn(&Connection) -> Result<Arc<dyn Observe>, ProviderError>,
    /// Connects for writing.
    pub writer: fn(&Connection) -> Result<Arc<dyn Provider>, ProviderError>,
}

impl std::fmt::Debug for ProviderType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderType").field("kind", &self.semantics.kind).finish_non_exhaustive()
    }
}

/// Where a provider is and how to log in.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The base of all paths.
    pub endpoint: Url,
    /// The credential's fields.
    pub credentials: Vec<Credential>,
    /// What to tell the server about us.
    pub user_agent: String,
    /// Credentials that other runs use at the same provider, as far as they are at hand: what they name is not
    /// taken away either.
    pub other_credentials: Vec<Credential>,
    /// Reads secrets that changes refer to, such as somebody's first password.
    pub secrets: Arc<dyn Secrets>,
    /// Where log-ins go, where the manifest says that it is another server than `endpoint`.
    pub login: Option<Url>,
    /// What the manifest agrees to that only this kind of provider knows, such as `acceptCharges`.
    pub agreed: BTreeSet<String>,
    /// Keeps tokens that the provider replaces at each use.
    pub tokens: Arc<dyn Tokens>,
    /// Is told of every call.
    pub calls: Arc<dyn Calls>,
}

/// Reads secrets that are declared by reference. Given by the front end, asked only while applying.
pub trait Secrets: Send + Sync + std::fmt::Debug {
    /// Reads one.
    ///
    /// # Errors
    /// Why it can't be read, as a clause: `which is not set`. Never holds the secret.
    fn read(&self, from: &SecretRef) -> Result<SecretString, String>;
}

/// Secrets of a connection that never needs any.
#[derive(Clone, Copy, Debug)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn read(&self, _from: &SecretRef) -> Result<SecretString, String> {
        Err("which nobody may read here".to_owned())
    }
}

impl Connection {
    /// A field of the credential.
    pub fn credential(&self, field: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.field == field)
    }
}

/// One field of a credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its name in the manifest, such as `key`.
    pub field: String,
    /// Where it comes from, for messages: `env PUREPORT_API_KEY`.
    pub source: String,
    /// The secret itself; never printed.
    pub secret: SecretString,
}
