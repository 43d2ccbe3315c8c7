//! What exists in the simulated world, in the form in which the state file keeps it.

use std::collections::BTreeSet;

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
    /// The uuid of the founding user.
    pub(crate) founder: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Customer {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) website: Option<String>,
    pub(crate) acctnum: String,
    pub(crate) aliases: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) routing_id: String,
    pub(crate) searchable: bool,
    pub(crate) customer_wide_mfa: bool,
    pub(crate) company_type_code: Option<String>,
    /// Written, never answered.
    pub(crate) notes: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub(crate) uuid: String,
    pub(crate) login: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) phone: String,
    pub(crate) timezone: String,
    /// One, but for users from before August 2021.
    pub(crate) groups: BTreeSet<String>,
    /// Kept as a hash would be: never answered.
    pub(crate) password: String,
    pub(crate) disabled: bool,
    pub(crate) mfa: bool,
    /// Deleted users stay in the database.
    pub(crate) deleted: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// The secret of the sign-up link too.
    pub(crate) uuid: String,
    pub(crate) email: String,
    pub(crate) group: String,
    pub(crate) signup_completed: bool,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// When a user with this e-mail came to be.
    pub(crate) user_created: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key {
    pub(crate) uuid: String,
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) expires: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    pub(crate) token: String,
    pub(crate) user: String,
    pub(crate) expires: Timestamp,
    /// Whether the code was given, if one is needed.
    pub(crate) confirmed: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Contact {
    pub(crate) uuid: String,
    pub(crate) fields: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Activity {
    pub(crate) uuid: String,
    /// The login of who acted, or the alias of a service.
    pub(crate) user: String,
    pub(crate) level: u8,
    pub(crate) category: String,
    pub(crate) event: String,
    pub(crate) message: String,
    pub(crate) created: Timestamp,
}

/// One thing that exists, or that it doesn't any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    Origin(Origin),
    Customer(Customer),
    User(User),
    Invite(Invite),
    Key(Key),
    KeyGone(String),
    Session(Session),
    SessionGone(String),
    Contact(Contact),
    ContactGone(String),
    /// Mails to this address, in lower case, can't be sent.
    Undeliverable(String),
    Mail(Mail),
    Activity(Activity),
}
