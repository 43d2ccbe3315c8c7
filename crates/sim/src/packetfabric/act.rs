//! What other principals do: sign up, edit by hand in the portal.
//!
//! An act obeys the same rules as a request but needs no permission. People are named by e-mail.

use serde::{Deserialize, Serialize};

use super::answer::Refusal;
use crate::frame::ActError;

/// One thing that somebody else does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// A person signs up through the link of one of their invites, the oldest if not said.
    Accept {
        /// The invited e-mail.
        email: String,
        /// The invite for this group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Everybody who is invited signs up, but for a share of people drawn by the seed.
    AcceptAll {
        /// The share of invited people who don't, 0 to 1.
        #[serde(default)]
        except: f64,
        /// Another seed draws others.
        #[serde(default)]
        seed: u64,
    },
    /// An admin adds a user directly, without a mail.
    AddUser {
        /// Whom; the login too.
        email: String,
        /// In which group.
        group: String,
    },
    /// An admin puts a user into another group.
    SetGroup {
        /// Whom.
        email: String,
        /// Into which.
        group: String,
    },
    /// A user from before August 2021 is in several groups.
    SetLegacyGroups {
        /// Who.
        email: String,
        /// In which.
        groups: Vec<String>,
    },
    /// An admin deletes a user.
    DeleteUser {
        /// Whom.
        email: String,
    },
    /// An admin disables a user, or enables one.
    SetDisabled {
        /// Whom.
        email: String,
        /// Whether they can't log in any more.
        disabled: bool,
    },
    /// An admin invites somebody.
    Invite {
        /// Whom.
        email: String,
        /// To which group.
        group: String,
    },
    /// A user changes their own e-mail.
    ChangeEmail {
        /// From.
        email: String,
        /// To.
        to: String,
    },
    /// An admin changes a user's login.
    ChangeLogin {
        /// Whose.
        email: String,
        /// To.
        login: String,
    },
    /// A user needs a second factor from now on.
    EnableMfa {
        /// Who.
        email: String,
    },
    /// Mails to an address can't be sent from now on.
    BreakMail {
        /// Which.
        email: String,
    },
    /// The customer gets another name.
    RenameCustomer {
        /// Which.
        name: String,
    },
    /// A user makes an API key; the result has its token.
    MakeKey {
        /// Who.
        email: String,
        /// How it is called.
        name: String,
    },
    /// A user logs in at the portal; the result has their token.
    SignIn {
        /// Who.
        email: String,
    },
}

impl From<Refusal> for ActError {
    fn from(refusal: Refusal) -> Self {
        ActError::Refused { code: refusal.status.to_string(), message: refusal.message }
    }
}
