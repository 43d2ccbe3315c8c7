//! PacketFabric's own shapes (packetfabric contract, sections 2 to 7). Unknown fields are ignored, and whatever
//! may be missing is.

use serde::Deserialize;
use serde_json::Value;

/// Answer of `POST /v2/auth/login`.
#[derive(Deserialize)]
pub(crate) struct Login {
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) mfa_required: bool,
}

/// A refusal's body.
#[derive(Default, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default)]
    pub(crate) message: Option<String>,
}

/// The customer, which is the account.
#[derive(Deserialize)]
pub(crate) struct Customer {
    pub(crate) customer_uuid: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
}

/// A user.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) uuid: String,
    pub(crate) login: String,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) first_name: Option<String>,
    #[serde(default)]
    pub(crate) last_name: Option<String>,
    #[serde(default)]
    pub(crate) phone: Option<String>,
    #[serde(default)]
    pub(crate) timezone: Option<String>,
    #[serde(default)]
    pub(crate) group: Option<String>,
    /// In answers, not in the published schema: every group of a user from before August 2021.
    #[serde(default)]
    pub(crate) groups: Value,
}

/// An invite. Its uuid is the secret of its sign-up link (section 6).
#[derive(Deserialize)]
pub(crate) struct Invite {
    pub(crate) uuid: String,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) group: Option<String>,
    #[serde(default)]
    pub(crate) signup_completed: bool,
    #[serde(default)]
    pub(crate) user_created: bool,
    #[serde(default)]
    pub(crate) time_created: Option<String>,
    #[serde(default)]
    pub(crate) time_updated: Option<String>,
}

/// An API key. Its token is in the answer to making it only.
#[derive(Deserialize)]
pub(crate) struct ApiKey {
    pub(crate) uuid: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) token: Option<String>,
}

/// One item of the answer to a bulk invite.
#[derive(Deserialize)]
pub(crate) struct Sent {
    pub(crate) uuid: String,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) email_sent: Option<bool>,
}
