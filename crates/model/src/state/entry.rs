//! The edits that state changes by.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccountRecord, ApiKeyRecord, Intent, KnownPerson, Loss, MembershipRecord, ProfileRecord, ProviderState,
    RoleRecord,
};
use crate::address::Address;
use crate::ids::{AccountId, ApiKeyId, Email, PersonId, RoleId};

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
    use std::collections::BTreeSet;

    use super::*;
    use crate::grants::Grants;
    use crate::ids::{ObjectKind, ObjectRef};
    use crate::policy::Removal;
    use crate::state::{MailRecord, State};

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
