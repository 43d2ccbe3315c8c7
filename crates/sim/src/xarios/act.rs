//! What other principals do: activate, edit by hand in the portal.
//!
//! An act obeys the same rules as a request but needs no permission. Tenants are named by id, by path of names
//! (`Acme/North`) or by a name that is unique; people by e-mail.

use serde::{Deserialize, Serialize};

use super::answer::Refusal;
use crate::frame::ActError;

/// One thing that somebody else does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// A person activates their log-in, which the API never tells.
    Activate {
        /// Who.
        email: String,
    },
    /// Everybody who was mailed activates, but for a share of people drawn by the seed.
    ActivateAll {
        /// The share of people who don't, 0 to 1.
        #[serde(default)]
        except: f64,
        /// Another seed draws others.
        #[serde(default)]
        seed: u64,
    },
    /// An admin adds a user, who is mailed if new.
    AddUser {
        /// Where.
        tenant: String,
        /// Whom.
        email: String,
        /// With which roles, besides the implied one.
        #[serde(default)]
        roles: Vec<String>,
    },
    /// An admin replaces a user's roles.
    SetRoles {
        /// Where.
        tenant: String,
        /// Whose.
        email: String,
        /// By which.
        roles: Vec<String>,
    },
    /// An admin gives a user one more role.
    AddRole {
        /// Where.
        tenant: String,
        /// Whom.
        email: String,
        /// Which.
        role: String,
    },
    /// An admin takes a user out of a tenant; out of the primary one, everywhere.
    RemoveUser {
        /// Where.
        tenant: String,
        /// Whom.
        email: String,
    },
    /// Somebody's e-mail is changed.
    ChangeEmail {
        /// From.
        email: String,
        /// To.
        to: String,
    },
    /// The enterprise makes a reseller account.
    CreateAccount {
        /// Its name.
        name: String,
        /// Its id in the enterprise's own system.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// Whether its users can log in.
        #[serde(default)]
        enabled: bool,
    },
    /// A reseller makes a customer.
    CreateCustomer {
        /// Below which account.
        account: String,
        /// Its name.
        name: String,
    },
    /// A tenant gets another name.
    RenameTenant {
        /// Which.
        tenant: String,
        /// Its new name.
        name: String,
    },
    /// A tenant is enabled, which mails its users, or disabled.
    SetEnabled {
        /// Which.
        tenant: String,
        /// Whether its users can log in.
        enabled: bool,
    },
    /// A tenant is deactivated and flagged for deletion.
    DeleteTenant {
        /// Which.
        tenant: String,
    },
    /// What was flagged is gone for good, its users too.
    Purge,
    /// Somebody approves the client once more; the result has the refresh token.
    Approve {
        /// Whether what they may do includes writing.
        #[serde(default)]
        read_only: bool,
    },
}

impl From<Refusal> for ActError {
    fn from(refusal: Refusal) -> Self {
        ActError::Refused { code: refusal.status.to_string(), message: refusal.message }
    }
}
