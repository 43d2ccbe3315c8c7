//! A write that was begun, and what to remember once it turns out to have been carried out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountRecord, ApiKeyRecord, Entry, Loss, MembershipRecord, ProfileRecord, RoleRecord};
use crate::change::{Applied, Change};
use crate::ids::{AccountId, ApiKeyId, Email, PersonId, RoleId};
use crate::invite::MailOutcome;

/// A write that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intent {
    /// When.
    pub at: Timestamp,
    /// The write, with every reference bound.
    pub change: Change,
    /// What to remember when it turns out to have been carried out.
    pub then: Remember,
}

/// What to remember of a write that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Remember {
    /// The record it makes or drops.
    pub record: Record,
    /// Who loses access by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
}

/// The record that a write makes or drops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Record {
    /// An account, whose id the answer tells if it is new.
    Account(Box<AccountRecord>),
    /// A role, whose id the answer tells if it is new.
    Role(Box<RoleRecord>),
    /// A membership, whose person the answer tells if it joined.
    Membership {
        /// The account.
        account: AccountId,
        /// Whose.
        email: Email,
        /// What to remember.
        record: Box<MembershipRecord>,
    },
    /// An API key, whose id the answer tells if it is new.
    ApiKey(Box<ApiKeyRecord>),
    /// The account is gone.
    DropAccount(AccountId),
    /// The role is gone.
    DropRole(RoleId),
    /// The API key is gone.
    DropApiKey(ApiKeyId),
    /// The membership is gone.
    DropMembership {
        /// The account.
        account: AccountId,
        /// Whose.
        email: Email,
    },
    /// The membership is gone, and the person can't come back.
    GoneForEver {
        /// The account.
        account: AccountId,
        /// Whose.
        email: Email,
        /// Whether the membership was ours.
        ours: bool,
        /// When.
        at: Timestamp,
    },
    /// Fields of a person.
    Profile {
        /// Who.
        person: PersonId,
        /// What to remember.
        record: Box<ProfileRecord>,
    },
    /// Nothing: what was written is not ours.
    Nothing,
}

impl Remember {
    /// The entries for a write that the provider answered like this.
    pub fn entries(&self, applied: &Applied) -> Vec<Entry> {
        let record = match (&self.record, applied) {
            (Record::Account(record), Applied::Account { id, fixed_roles: _ }) => {
                Some(Entry::Account { id: id.clone(), record: record.clone() })
            }
            (Record::Role(record), Applied::Role { id }) => {
                Some(Entry::Role { id: id.clone(), record: record.clone() })
            }
            (Record::Membership { account, email, record }, applied) => {
                let mut record = record.clone();
                match applied {
                    Applied::Member { person, .. } => record.person = Some(person.clone()),
                    Applied::Unmailed { .. } => record.mail.outcome = Some(MailOutcome::Failed),
                    _ => {}
                }
                Some(Entry::Membership { account: account.clone(), email: email.clone(), record })
            }
            (Record::ApiKey(record), Applied::ApiKey { id, secret: _ }) => {
                Some(Entry::ApiKey { id: id.clone(), record: record.clone() })
            }
            (Record::DropApiKey(id), _) => Some(Entry::DropApiKey { id: id.clone() }),
            (Record::DropAccount(id), _) => Some(Entry::DropAccount { id: id.clone() }),
            (Record::DropRole(id), _) => Some(Entry::DropRole { id: id.clone() }),
            (Record::DropMembership { account, email }, _) => {
                Some(Entry::DropMembership { account: account.clone(), email: email.clone() })
            }
            (Record::Profile { person, record }, _) => {
                Some(Entry::Profile { id: person.clone(), record: record.clone() })
            }
            (Record::GoneForEver { email, at, .. }, _) => {
                Some(Entry::GoneForEver { email: email.clone(), at: *at })
            }
            (Record::Nothing | Record::Account(_) | Record::Role(_) | Record::ApiKey(_), _) => None,
        };
        let dropped = match &self.record {
            Record::GoneForEver { account, email, ours: true, .. } => {
                Some(Entry::DropMembership { account: account.clone(), email: email.clone() })
            }
            _ => None,
        };
        let fixed = match applied {
            Applied::Account { fixed_roles, .. } => fixed_roles.clone(),
            _ => BTreeMap::new(),
        };
        let fixed = fixed.into_iter().map(|(name, id)| Entry::FixedRole { id, name });
        record
            .into_iter()
            .chain(dropped)
            .chain(fixed)
            .chain(self.losses.iter().cloned().map(Entry::Lost))
            .collect()
    }
}
