//! What we remember between runs: ids, what was last applied, intents, mails, losses.
//!
//! State holds no secret. It changes only by [`Entry`]s, which a backend may append to a journal before the
//! next call is made: a crash at any moment leaves either an intent or its outcome, never neither.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{AccountPath, Address, ApiKeyLabel, RoleKey};
use crate::api_key::SecretPlace;
use crate::change::{Applied, Change};
use crate::fields::Fields;
use crate::grants::Grants;
use crate::ids::{AccountId, ApiKeyId, Email, ObjectRef, PersonId, ProviderName, RoleId, RootId};
use crate::invite::MailOutcome;
use crate::policy::Removal;

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

/// One edit of a provider's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Entry {
    /// Says which server this state belongs to.
    Connected {
        /// Kind and endpoint.
        connection: String,
    },
    /// A write begins.
    Intend {
        /// What it is about.
        address: Address,
        /// The write.
        intent: Box<Intent>,
    },
    /// A write ended, one way or the other.
    Settled {
        /// What it was about.
        address: Address,
    },
    /// What was written was looked for, or has had its time to be shown.
    Verified,
    /// An account is ours.
    Account {
        /// Its id.
        id: AccountId,
        /// What to remember.
        record: Box<AccountRecord>,
    },
    /// An account is not ours any more; nor is what is in it.
    DropAccount {
        /// Its id.
        id: AccountId,
    },
    /// An account is not ours any more; what is in it stays ours until it is dealt with.
    ForgetAccount {
        /// Its id.
        id: AccountId,
    },
    /// A role is ours.
    Role {
        /// Its id.
        id: RoleId,
        /// What to remember.
        record: Box<RoleRecord>,
    },
    /// A role is not ours any more.
    DropRole {
        /// Its id.
        id: RoleId,
    },
    /// An API key is ours.
    ApiKey {
        /// Its id.
        id: ApiKeyId,
        /// What to remember.
        record: Box<ApiKeyRecord>,
    },
    /// An API key is not ours any more.
    DropApiKey {
        /// Its id.
        id: ApiKeyId,
    },
    /// A membership is ours.
    Membership {
        /// The account.
        account: AccountId,
        /// Whose.
        email: Email,
        /// What to remember.
        record: Box<MembershipRecord>,
    },
    /// A membership is not ours any more.
    DropMembership {
        /// The account.
        account: AccountId,
        /// Whose.
        email: Email,
    },
    /// A membership was let go of, and is kept.
    Retain {
        /// The account.
        account: AccountId,
        /// Whose.
        email: Email,
    },
    /// A person was looked up.
    Person {
        /// Who.
        id: PersonId,
        /// What was seen.
        known: KnownPerson,
    },
    /// A person is nowhere any more.
    DropPerson {
        /// Who.
        id: PersonId,
    },
    /// Fields of a person are ours.
    Profile {
        /// Who.
        id: PersonId,
        /// What to remember.
        record: Box<ProfileRecord>,
    },
    /// Fields of a person are not ours any more.
    DropProfile {
        /// Who.
        id: PersonId,
    },
    /// Somebody was removed and can't come back.
    GoneForEver {
        /// Whose.
        email: Email,
        /// When.
        at: Timestamp,
    },
    /// Somebody who could not come back is there.
    CameBack {
        /// Whose.
        email: Email,
    },
    /// A fixed role has this id in some account.
    FixedRole {
        /// Its id.
        id: RoleId,
        /// Its name.
        name: String,
    },
    /// Somebody lost access.
    Lost(Loss),
    /// A release was carried out.
    Spent {
        /// The digest of the group.
        digest: String,
        /// When.
        at: Timestamp,
    },
    /// Losses and spent consents older than this mean nothing any more.
    Expire {
        /// Losses before this are dropped.
        losses_before: Timestamp,
        /// Spent consents before this are dropped.
        spent_before: Timestamp,
    },
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

    /// Takes one entry in.
    pub fn record(&mut self, entry: Entry) {
        match entry {
            Entry::Connected { connection } => self.connection = Some(connection),
            Entry::Intend { address, intent } => {
                self.unverified = self.unverified.max(Some(intent.at));
                self.intents.insert(address, *intent);
            }
            Entry::Settled { address } => {
                self.intents.remove(&address);
            }
            Entry::Verified => self.unverified = None,
            Entry::Account { id, record } => {
                self.accounts.insert(id, *record);
            }
            Entry::DropAccount { id } => {
                self.accounts.remove(&id);
                self.memberships.remove(&id);
                self.retained.remove(&id);
                self.roles.retain(|_, role| role.account != id);
                self.api_keys.retain(|_, key| key.account != id);
            }
            Entry::ForgetAccount { id } => {
                self.accounts.remove(&id);
            }
            Entry::Role { id, record } => {
                self.roles.insert(id, *record);
            }
            Entry::DropRole { id } => {
                self.roles.remove(&id);
            }
            Entry::ApiKey { id, record } => {
                self.api_keys.insert(id, *record);
            }
            Entry::DropApiKey { id } => {
                self.api_keys.remove(&id);
            }
            Entry::Membership { account, email, record } => {
                if let Some(retained) = self.retained.get_mut(&account) {
                    retained.remove(&email);
                }
                self.memberships.entry(account).or_default().insert(email, *record);
            }
            Entry::DropMembership { account, email } => self.drop_membership(&account, &email),
            Entry::Retain { account, email } => {
                self.drop_membership(&account, &email);
                self.retained.entry(account).or_default().insert(email);
            }
            Entry::Person { id, known } => {
                self.people.insert(id, known);
            }
            Entry::DropPerson { id } => {
                self.people.remove(&id);
            }
            Entry::Profile { id, record } => {
                self.profiles.insert(id, *record);
            }
            Entry::DropProfile { id } => {
                self.profiles.remove(&id);
            }
            Entry::GoneForEver { email, at } => {
                self.gone.insert(email, at);
            }
            Entry::CameBack { email } => {
                self.gone.remove(&email);
            }
            Entry::FixedRole { id, name } => {
                self.fixed_roles.insert(id, name);
            }
            Entry::Lost(loss) => {
                if !self.losses.contains(&loss) {
                    self.losses.push(loss);
                }
            }
            Entry::Spent { digest, at } => {
                self.spent.insert(digest, at);
            }
            Entry::Expire { losses_before, spent_before } => {
                self.losses.retain(|loss| loss.at >= losses_before);
                self.spent.retain(|_, at| *at >= spent_before);
            }
        }
    }

    fn drop_membership(&mut self, account: &AccountId, email: &Email) {
        if let Some(members) = self.memberships.get_mut(account) {
            members.remove(email);
            if members.is_empty() {
                self.memberships.remove(account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ObjectKind;

    #[test]
    fn letting_go_of_an_account_lets_go_of_what_is_in_it() {
        let mut state = ProviderState::default();
        let account = AccountId::from("ac-1");
        let record = MembershipRecord {
            object: ObjectRef::of_file(ObjectKind::Member, "ada"),
            person: None,
            granted: Grants::new(),
            kept: BTreeSet::new(),
            removal: Removal::Remove,
            mail: MailRecord::default(),
            leaving: false,
            disabled: false,
        };
        let email = Email::new("ada@acme.example");
        state.record(Entry::Membership {
            account: account.clone(),
            email: email.clone(),
            record: Box::new(record),
        });
        assert!(state.membership(&account, &email).is_some());
        state.record(Entry::DropAccount { id: account });
        assert!(state.is_empty());
    }

    #[test]
    fn state_reads_back_as_it_was_written() {
        let mut state = State::new("root-1".into());
        state.record(
            &"pureport".into(),
            [Entry::Person {
                id: "user-1".into(),
                known: KnownPerson { email: Some("Ada@acme.example".into()), seen: Timestamp::UNIX_EPOCH },
            }],
        );
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}
