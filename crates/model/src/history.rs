//! What a provider's audit log says: who did what, when and from where.
//!
//! It explains what changed behind us and decides nothing: a plan never looks here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fields::FieldChange;
use crate::ids::{AccountId, ApiKeyId, Email, InviteId, PersonId, RoleId};
use crate::world::Completeness;

/// What the log of one account says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What happened, the newest first.
    pub events: Vec<Event>,
    /// Whether everything since the time that was asked for is there.
    pub completeness: Completeness,
    /// How many calls it took, retries included.
    pub calls: u32,
}

/// Something that was done, with success.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// To what.
    pub about: About,
    /// What.
    pub deed: Deed,
    /// By whom.
    pub by: Actor,
    /// From which address of the network.
    pub from: Option<String>,
    /// By which way.
    pub via: Option<Via>,
    /// Fields that it changed, as far as the log tells and we know them.
    pub fields: Vec<FieldChange>,
    /// The roles before and after, where the log tells.
    pub grants: Option<GrantsChange>,
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// An account.
    Account(AccountId),
    /// A role.
    Role(RoleId),
    /// One person in one account.
    Member(AccountId, PersonId),
    /// An invite: its id, and the e-mail where the log tells it.
    Invite(AccountId, InviteId, Option<Email>),
    /// A person, whatever the account.
    Person(PersonId),
    /// An API key.
    ApiKey(ApiKeyId),
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Deed {
    /// It was made, added or sent.
    Made,
    /// It was changed.
    Changed,
    /// It was removed or withdrawn.
    Removed,
    /// An invite was accepted.
    Accepted,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, and what the log calls that person.
    Person(PersonId, Option<String>),
    /// An API key or a service, as the log calls it. Never a secret.
    Machine(String),
    /// The log does not tell.
    Unknown,
}

/// By which way something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    /// The provider's own user interface.
    Console,
    /// Its API.
    Api,
    /// The provider itself.
    System,
}

/// The roles of a member, invite or API key before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantsChange {
    /// Before.
    pub from: BTreeSet<RoleId>,
    /// After.
    pub to: BTreeSet<RoleId>,
}
