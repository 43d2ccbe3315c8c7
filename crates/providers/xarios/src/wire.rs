//! Xarios' own shapes (xarios contract, sections 3 to 7). Unknown fields are ignored, and whatever may be missing is.

use serde::Deserialize;
use serde_json::Value;

/// What every answer with something in it is wrapped in. The other fields of it may be missing, and tell nothing.
#[derive(Deserialize)]
pub(crate) struct Envelope<T> {
    pub(crate) data: T,
}

/// A refusal's body: the API's, or the log-in service's.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Refusal {
    /// A status, or the log-in service's code.
    pub(crate) error: Value,
    pub(crate) message: Option<String>,
    pub(crate) error_code: Option<String>,
}

/// Answer of `POST /connect/token`.
#[derive(Deserialize)]
pub(crate) struct Granted {
    pub(crate) access_token: String,
    #[serde(default)]
    pub(crate) refresh_token: Option<String>,
    #[serde(default)]
    pub(crate) expires_in: Option<u64>,
}

/// A reseller account, or a customer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tenant {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) reference: Option<String>,
    #[serde(default)]
    pub(crate) enabled: Option<bool>,
    /// A date, although documented as a flag.
    #[serde(default)]
    pub(crate) date_deleted: Value,
}

/// A user, as a list or one tenant shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) primary_tenant: Option<String>,
    /// Not in lists.
    #[serde(default)]
    pub(crate) roles: Option<Vec<String>>,
    /// Of a customer's list: comes from the reseller above.
    #[serde(default)]
    pub(crate) is_parent: bool,
}

/// What was made, as far as its id; the rest of such an answer is incomplete.
#[derive(Deserialize)]
pub(crate) struct Made {
    pub(crate) id: String,
}
