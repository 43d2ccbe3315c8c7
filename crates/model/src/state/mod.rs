//! What we remember between runs: ids, what was last applied, intents, mails, losses.
//!
//! State holds no secret. It changes only by [`Entry`]s, which a backend may append to a journal before the
//! next call is made: a crash at any moment leaves either an intent or its outcome, never neither.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{AccountPath, Address, ApiKeyLabel, RoleKey};
use crate::api_key::SecretPlace;
use crate::fields::Fields;
use crate::grants::Grants;
use crate::ids::{AccountId, ApiKeyId, Email, ObjectRef, PersonId, ProviderName, RoleId, RootId};
use crate::invite::MailOutcome;
use crate::policy::Removal;

mod entry;
mod intent;

pub use entry::Entry;
pub use intent::{Intent, Record, Remember};

/// The version of the form that is written.
pub const FORMAT: u32 = 1;

/// Everything remembered for one root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// The version of the form.
    pub format: u32,
    /// The root that this state belongs to; another root's is refused.
    pub root: RootId,
    /// By provider.
    pub providers: BTreeMap<ProviderName, ProviderState>,
}

impl State {
    /// The state of a root that nothing was ever applied from.
    pub fn new(root: RootId) -> Self {
        Self { format: FORMAT, root, providers: BTreeMap::new() }
    }

    /// Takes entries of one provider in.
    pub fn record(&mut self, provider: &ProviderName, entries: impl IntoIterator<Item = Entry>) {
        let state = self.providers.entry(provider.clone()).or_default();
        for entry in entries {
            state.record(entry);
        }
    }
}

/// What is remembered of one provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProviderState {
    /// What the state was made with: kind and endpoint. A state is not used with another server.
    pub connection: Option<String>,
    /// Our accounts.
    pub accounts: BTreeMap<AccountId, AccountRecord>,
    /// Our roles.
    pub roles: BTreeMap<RoleId, RoleRecord>,
    /// Our memberships.
    pub memberships: BTreeMap<AccountId, BTreeMap<Email, MembershipRecord>>,
    /// Our API keys, never their secrets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub api_keys: BTreeMap<ApiKeyId, ApiKeyRecord>,
    /// E-mails of people, ours or not, where a list of members lacks them.
    pub people: BTreeMap<PersonId, KnownPerson>,
    /// Fields of people that we applied.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub profiles: BTreeMap<PersonId, ProfileRecord>,
    /// People whom we removed where nobody who was removed comes back, and when.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<Email, Timestamp>,
    /// Names of fixed roles, where each account has an id of its own for them.
    pub fixed_roles: BTreeMap<RoleId, String>,
    /// Writes that were begun and whose outcome was not recorded.
    pub intents: BTreeMap<Address, Intent>,
    /// When the last write was begun, if nobody has looked since whether the provider shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified: Option<Timestamp>,
    /// Who lost access in the last 24 h.
    pub losses: Vec<Loss>,
    /// Digests of groups that were released, and when: a consent is spent when carried out.
    pub spent: BTreeMap<String, Timestamp>,
    /// Memberships that were let go of and kept: authority does not remove them.
    pub retained: BTreeMap<AccountId, BTreeSet<Email>>,
}

/// An account of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountRecord {
    /// The object that declared it last.
    pub object: ObjectRef,
    /// Its label then.
    pub path: AccountPath,
    /// What was applied.
    pub applied: Fields,
    /// What happens when the declaration goes.
    pub removal: Removal,
}

/// A custom role of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleRecord {
    /// The object that declared it last.
    pub object: ObjectRef,
    /// The owner.
    pub account: AccountId,
    /// Its label then.
    pub key: RoleKey,
    /// What was applied.
    pub applied: Fields,
    /// What happens when the declaration goes.
    pub removal: Removal,
}

/// An API key of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiKeyRecord {
    /// The object that declared it last.
    pub object: ObjectRef,
    /// The account.
    pub account: AccountId,
    /// Its label then.
    pub label: ApiKeyLabel,
    /// What was applied.
    pub applied: Fields,
    /// The roles that were applied; none where they were not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<BTreeSet<RoleId>>,
    /// Extra roles that it had when it was taken over, and keeps.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kept: BTreeSet<RoleId>,
    /// What happens when the declaration goes.
    pub removal: Removal,
    /// What became of its secret.
    pub secret: SecretFate,
    /// The key whose place it takes; that one is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ApiKeyId>,
}

/// What became of the secret of an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretFate {
    /// The key was taken over: whoever made it has its secret.
    Elsewhere,
    /// It was put there.
    Stored(SecretPlace),
    /// It was shown and not stored: nobody has it, so the key is of no use.
    Lost,
}

/// A membership of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MembershipRecord {
    /// The object that declared it last.
    pub object: ObjectRef,
    /// The person, once joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The grants that were applied, and when each ends.
    pub granted: Grants<RoleId>,
    /// Extra grants that were there when the person was taken over, and stay.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kept: BTreeSet<RoleId>,
    /// What happens when the declaration goes.
    pub removal: Removal,
    /// Mails sent.
    #[serde(default)]
    pub mail: MailRecord,
    /// No longer desired, but its invite can't be withdrawn: the person is removed on joining.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
    /// Disabled by us.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

/// Fields of a person that we applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileRecord {
    /// The object that declared them last.
    pub object: ObjectRef,
    /// What was applied.
    pub applied: Fields,
}

/// Mails of one invite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailRecord {
    /// How many were sent, or may have been.
    pub attempts: u32,
    /// When the last one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// What is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<MailOutcome>,
}

/// The e-mail of a person, as last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KnownPerson {
    /// The e-mail; none if it could not be read.
    pub email: Option<Email>,
    /// When.
    pub seen: Timestamp,
}

/// Somebody lost access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Loss {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub account: AccountId,
    /// Who, as shown in plans: an e-mail, or an id where no e-mail is known.
    pub person: String,
    /// Whether a person released it.
    pub consented: bool,
}

impl ProviderState {
    /// Whether nothing was ever remembered.
    pub fn is_empty(&self) -> bool {
        let Self { accounts, roles, memberships, api_keys, intents, losses, .. } = self;
        accounts.is_empty()
            && roles.is_empty()
            && api_keys.is_empty()
            && memberships.is_empty()
            && intents.is_empty()
            && losses.is_empty()
    }

    /// One membership of ours.
    pub fn membership(&self, account: &AccountId, email: &Email) -> Option<&MembershipRecord> {
        self.memberships.get(account)?.get(email)
    }
}
