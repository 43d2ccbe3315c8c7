//! What exists in the simulated world, in the form in which the state file keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::frame::Mail;

/// What the world itself remembers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Origin {
    pub(crate) seed: u64,
    pub(crate) next_id: u64,
    /// How far the simulated clock is ahead of the real one.
    pub(crate) ahead_seconds: i64,
    pub(crate) enterprise: String,
    pub(crate) first_account: String,
}

/// A reseller account, or a customer of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tenant {
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) level: Level,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) timezone: Option<String>,
    pub(crate) country_code: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) deleted: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Level {
    Account,
    Customer,
}

/// One user, in all tenants that they are assigned to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) primary: String,
    /// Roles by tenant, in the order in which they were given.
    pub(crate) roles: BTreeMap<String, Vec<String>>,
    pub(crate) activated: bool,
    /// Whether an activation mail was sent.
    pub(crate) mailed: bool,
}

/// What somebody approved, and the refresh token that is good now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) refresh_token: String,
    pub(crate) may_write: bool,
    pub(crate) revoked: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    pub(crate) token: String,
    pub(crate) grant: String,
    pub(crate) expires: Timestamp,
}

/// One thing that exists, or that it doesn't any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    Origin(Origin),
    Tenant(Tenant),
    TenantGone(String),
    User(User),
    UserGone(String),
    Grant(Grant),
    /// A refresh token that was good once, and whose it was.
    Spent {
        token: String,
        grant: String,
    },
    Token(Token),
    /// A code that a person's approval gave, and what it stands for.
    Code {
        code: String,
        grant: String,
    },
    CodeGone(String),
    Mail(Mail),
}
