//! What exists in the simulated world, in the form in which the state file keeps it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::AuditEntry;
use crate::frame::Mail;

/// Cells by resource and action; a missing one is false.
pub(crate) type Permissions = BTreeMap<String, BTreeMap<String, bool>>;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) parent: Option<String>,
    pub(crate) tags: Option<BTreeMap<String, String>>,
    pub(crate) technical_contacts: Option<Vec<String>>,
    pub(crate) show_child_pricing: Option<bool>,
    /// Ids of connection groups.
    pub(crate) connection_groups: Vec<String>,
    pub(crate) consent: Option<Consent>,
    /// Live ports, which block a deletion.
    pub(crate) ports: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) user: String,
    pub(crate) at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) permissions: Permissions,
    /// The Admin role that each account is born with.
    pub(crate) predefined: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    pub(crate) account: String,
    pub(crate) user: String,
    pub(crate) roles: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) email: String,
    pub(crate) roles: BTreeSet<String>,
    pub(crate) invited_at: Timestamp,
    pub(crate) invited_by: Principal,
    /// Expired by hand; age does the same without this flag.
    pub(crate) expired: bool,
    /// What the link in the mail ends with; never part of an answer.
    pub(crate) link: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) roles: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) username: String,
    pub(crate) company: Option<String>,
    pub(crate) phone: Option<String>,
    /// Nobody else may read this profile.
    #[serde(default)]
    pub(crate) hidden: bool,
}

/// Who acts: an API key or a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Principal {
    Key(String),
    User(String),
}

impl Principal {
    /// As the request log names it.
    pub(crate) fn label(&self) -> String {
        match self {
            Principal::Key(key) => format!("key/{key}"),
            Principal::User(user) => format!("user/{user}"),
        }
    }
}

/// What the world itself remembers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Origin {
    pub(crate) seed: u64,
    pub(crate) next_id: u64,
    /// How far the simulated clock is ahead of the real one.
    pub(crate) ahead_seconds: i64,
    pub(crate) founder: String,
}

/// Who holds a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    Member { account: String, user: String },
    Invite { account: String, id: String },
    Key { account: String, key: String },
}

/// One thing that exists, or that it doesn't any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    Origin(Origin),
    Account(Account),
    AccountGone(String),
    Role(Role),
    RoleGone(String),
    User(User),
    Member(Member),
    MemberGone {
        account: String,
        user: String,
    },
    Invite(Invite),
    InviteGone {
        account: String,
        id: String,
    },
    Key(Key),
    KeyGone(String),
    Mail(Mail),
    /// An e-mail domain with single sign-on, and who provides it.
    Domain {
        domain: String,
        provider: String,
    },
    Audit(Box<AuditEntry>),
}
