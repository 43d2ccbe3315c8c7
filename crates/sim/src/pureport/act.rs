//! What other principals do: accept an invite, edit by hand at the console, let time do its work.
//!
//! An act obeys the same rules as a request (an admin must remain, a role in use stays) but needs no
//! permission. Accounts are named by id, by path of names (`Acme/Finance`) or by a name that is unique; roles by
//! id or by name, looked up from the account towards the root; people by e-mail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::Refusal;
use crate::frame::ActError;

/// One thing that somebody else does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// A person accepts their invites; someone unknown signs up first.
    Accept {
        /// The invited e-mail.
        email: String,
        /// Only in this account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    /// Everybody accepts, but for a share of people drawn by the seed.
    AcceptAll {
        /// The share of invited people who don't, 0 to 1.
        #[serde(default)]
        except: f64,
        /// Another seed draws others.
        #[serde(default)]
        seed: u64,
    },
    /// An admin adds somebody, who signs up first if unknown.
    AddMember {
        /// Where.
        account: String,
        /// Whom.
        email: String,
        /// With which roles.
        #[serde(default)]
        roles: Vec<String>,
    },
    /// An admin replaces a member's roles.
    SetMemberRoles {
        /// Where.
        account: String,
        /// Whose.
        email: String,
        /// By which roles.
        roles: Vec<String>,
    },
    /// An admin removes a member.
    RemoveMember {
        /// Where.
        account: String,
        /// Whom.
        email: String,
    },
    /// An admin invites somebody.
    Invite {
        /// Where.
        account: String,
        /// Whom.
        email: String,
        /// With which roles.
        #[serde(default)]
        roles: Vec<String>,
    },
    /// An admin withdraws the invites for an e-mail.
    WithdrawInvite {
        /// Where.
        account: String,
        /// Whose.
        email: String,
    },
    /// The invites for an e-mail expire.
    ExpireInvite {
        /// Where.
        account: String,
        /// Whose.
        email: String,
    },
    /// An admin creates an account below another.
    CreateAccount {
        /// Below which.
        parent: String,
        /// Its name.
        name: String,
    },
    /// Somebody signs up at the console: a top-level account with them as admin.
    SignUp {
        /// The name of the account.
        name: String,
        /// Who signs up.
        email: String,
    },
    /// An admin renames an account.
    RenameAccount {
        /// Which.
        account: String,
        /// Its new name.
        name: String,
    },
    /// An admin deletes an account.
    DeleteAccount {
        /// Which.
        account: String,
    },
    /// The account has this many live ports, which block its deletion.
    SetPorts {
        /// Which.
        account: String,
        /// How many.
        ports: u32,
    },
    /// An admin creates a role.
    CreateRole {
        /// Where.
        account: String,
        /// Its name.
        name: String,
        /// Its true cells: actions by resource.
        #[serde(default)]
        permissions: BTreeMap<String, Vec<String>>,
    },
    /// An admin renames a role.
    RenameRole {
        /// Where.
        account: String,
        /// Which.
        role: String,
        /// Its new name.
        name: String,
    },
    /// An admin replaces a role's permissions.
    SetRolePermissions {
        /// Where.
        account: String,
        /// Which.
        role: String,
        /// Its true cells: actions by resource.
        permissions: BTreeMap<String, Vec<String>>,
    },
    /// An admin deletes a role.
    DeleteRole {
        /// Where.
        account: String,
        /// Which.
        role: String,
    },
    /// Somebody signs up without an account.
    CreateUser {
        /// Who.
        email: String,
    },
    /// A user changes their e-mail.
    ChangeEmail {
        /// From.
        email: String,
        /// To.
        to: String,
    },
    /// A user's profile can't be read by others any more (section 7: it may be forbidden).
    HideUser {
        /// Who.
        email: String,
    },
    /// An admin edits what an account says of itself; what is not named stays.
    DescribeAccount {
        /// Which.
        account: String,
        /// What it is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tags: Option<BTreeMap<String, String>>,
        /// E-mails to write to about technical things.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        technical_contacts: Option<Vec<String>>,
    },
    /// A user logs in at the console; the result has their bearer token.
    SignIn {
        /// Who.
        email: String,
    },
    /// An e-mail domain gets single sign-on.
    SsoDomain {
        /// The domain.
        domain: String,
        /// Who provides it.
        provider: String,
    },
}

impl From<Refusal> for ActError {
    fn from(refusal: Refusal) -> Self {
        ActError::Refused { code: refusal.code.to_owned(), message: refusal.message }
    }
}
