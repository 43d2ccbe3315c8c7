//! What a provider says is there.
//!
//! An observation is of one scope, with its age, its cost and whether everything was seen. It arrives in the
//! provider's normal form, so that desired and actual compare as they are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api_key::SecretPlace;
use crate::fields::Fields;
use crate::ids::{AccountId, ApiKeyId, Email, InviteId, PersonId, RoleId};
use crate::invite::InviteStatus;

/// A part of a provider that is looked at in one go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The list of accounts, and who we are.
    Directory,
    /// The accounts right below one, where the list of accounts lacks them
    /// ([`crate::semantics::AccountSemantics::below_listed`]).
    Below(AccountId),
    /// Roles, members and invites of one account.
    Account {
        /// The account.
        id: AccountId,
        /// Fields that cost a call of their own and are declared.
        fields: BTreeSet<&'static str>,
    },
    /// One member of one account: the roles, where the list of members lacks them.
    Member {
        /// The account.
        account: AccountId,
        /// The member.
        person: PersonId,
    },
    /// One person: the e-mail, where the list of members lacks it.
    Person(PersonId),
    /// The API keys of one account.
    ApiKeys(AccountId),
}

/// What was seen of one scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// When.
    pub at: Timestamp,
    /// How many calls it took, retries included.
    pub calls: u32,
    /// What there is.
    pub seen: Seen,
}

/// What there is in one scope.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Of [`Scope::Directory`].
    Directory(Directory),
    /// Of [`Scope::Directory`], where the calls that show what is in an account need not wait for the list of accounts:
    /// what a look at these accounts would have shown, had it been asked for.
    Whole(Directory, BTreeMap<AccountId, AccountContent>),
    /// Of [`Scope::Below`]: all of them.
    Below(BTreeMap<AccountId, ActualAccount>),
    /// Of [`Scope::Account`].
    Account(AccountContent),
    /// Of [`Scope::Member`]; none if there is no such member any more.
    Member(Option<MemberSeen>),
    /// Of [`Scope::Person`].
    Person(PersonSeen),
    /// Of [`Scope::ApiKeys`]: all of them.
    ApiKeys(BTreeMap<ApiKeyId, ActualApiKey>),
}

/// The accounts that the credential can see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// The accounts.
    pub accounts: BTreeMap<AccountId, ActualAccount>,
    /// Accounts that were asked for what is below them, where the list of accounts lacks that.
    pub below: BTreeSet<AccountId>,
    /// Whether all of them were seen.
    pub completeness: Completeness,
    /// Who the credential speaks for.
    pub identity: Option<Identity>,
    /// API keys that orgform runs with, this run or another; none if nobody can tell which they are.
    pub own_keys: Option<BTreeSet<ApiKeyId>>,
}

/// Whether a scope was seen completely.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Everything that is there was seen.
    #[default]
    Complete,
    /// Something is missing.
    Partial {
        /// Why, as a clause: `the list of invites was refused (403 FORBIDDEN)`.
        because: String,
    },
}

impl Completeness {
    /// Whether everything was seen.
    pub fn is_complete(&self) -> bool {
        *self == Self::Complete
    }
}

/// Who a credential speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A person, who may be a member like any other.
    Person(PersonId),
    /// A key or service that is no member of any account.
    Machine {
        /// What to call it in messages. Never a secret.
        name: String,
        /// The roles it holds, if they are known.
        roles: Option<BTreeSet<RoleId>>,
    },
}

/// One account at the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ActualAccount {
    /// The parent, which may be one that the credential can't see.
    pub parent: Option<AccountId>,
    /// Its fields, without those that cost a call of their own.
    pub fields: Fields,
    /// What removing it would mean.
    pub removal: RemovalFacts,
}

/// What is in one account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountContent {
    /// Fields that cost a call of their own and were asked for.
    pub fields: Fields,
    /// Roles that the account owns.
    pub roles: BTreeMap<RoleId, ActualRole>,
    /// Members.
    pub members: BTreeMap<PersonId, ActualMember>,
    /// Members whose roles the list lacks. Whoever looks reads them one by one; none is left when planning.
    pub roles_unread: BTreeSet<PersonId>,
    /// The account through which a person as a whole is managed, of those members whom the provider ties to one.
    pub homes: BTreeMap<PersonId, AccountId>,
    /// Fields of these members that are theirs whatever the account, where the provider shows any.
    pub person_fields: BTreeMap<PersonId, Fields>,
    /// Invites that wait for their person.
    pub invites: Vec<ActualInvite>,
    /// Invites that wait for nobody any more, where the provider goes on listing them.
    pub past_invites: Vec<PastInvite>,
    /// Whether all roles were seen.
    pub roles_complete: Completeness,
    /// Whether all members and all invites were seen.
    pub people_complete: Completeness,
}

/// One role object.
#[derive(Clone, Debug, PartialEq)]
pub struct ActualRole {
    /// The fixed role that it is, if it is one: never written.
    pub fixed: Option<&'static str>,
    /// Its fields, in normal form.
    pub fields: Fields,
    /// What removing it would mean.
    pub removal: RemovalFacts,
}

/// One member of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct ActualMember {
    /// The e-mail, where the list tells it.
    pub email: Option<Email>,
    /// A display text, for people only; may be anything.
    pub hint: Option<String>,
    /// The roles.
    pub roles: BTreeSet<RoleId>,
    /// Whether the person is disabled.
    pub disabled: bool,
    /// What removing would mean.
    pub removal: RemovalFacts,
}

/// What the list of members did not tell of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSeen {
    /// The roles.
    pub roles: BTreeSet<RoleId>,
    /// Whether the person is disabled.
    pub disabled: bool,
}

/// One invite of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct ActualInvite {
    /// The provider's id.
    pub id: InviteId,
    /// Whom it waits for.
    pub email: Email,
    /// The roles that it will give.
    pub roles: BTreeSet<RoleId>,
    /// When it was last mailed.
    pub invited_at: Option<Timestamp>,
    /// Where it stands.
    pub status: InviteStatus,
}

/// One invite that waits for nobody any more.
#[derive(Clone, Debug, PartialEq)]
pub struct PastInvite {
    /// Whom it was for.
    pub email: Email,
    /// The roles that it gave, or would have given.
    pub roles: BTreeSet<RoleId>,
    /// When it was mailed first.
    pub invited_at: Option<Timestamp>,
    /// Whether it was this one that was accepted; if not, the person came another way.
    pub accepted: bool,
}

/// One API key of an account. The secret is never seen again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActualApiKey {
    /// Its fields, in normal form.
    pub fields: Fields,
    /// Its roles; empty where keys have none.
    pub roles: BTreeSet<RoleId>,
}

/// What was seen of a person.
#[derive(Clone, Debug, PartialEq)]
pub enum PersonSeen {
    /// The e-mail.
    Email(Email),
    /// It may not be read.
    Unreadable {
        /// Why, as a clause.
        because: String,
    },
    /// The look failed, perhaps for a moment only: nothing to remember.
    NotRead {
        /// Why, as a clause.
        because: String,
    },
    /// There is no such person any more.
    Gone,
}

/// What removing something would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalFacts {
    /// How far it goes.
    pub reach: Reach,
    /// Whether it can be undone.
    pub reversible: bool,
}

impl RemovalFacts {
    /// Touches its own account only, and can be made again.
    pub const LOCAL: Self = Self { reach: Reach::ThisAccount, reversible: true };
}

/// How far a removal goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// The account that it is in.
    ThisAccount,
    /// These accounts too.
    Accounts(BTreeSet<AccountId>),
    /// Everything that the person has at this provider.
    Everywhere,
}

/// A scope that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Why, as one sentence without a period.
    pub because: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything that was looked at for one plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// The accounts.
    pub directory: Directory,
    /// What is in them, by account, for those that were looked at.
    pub contents: BTreeMap<AccountId, Result<AccountContent, Unseen>>,
    /// People that were looked up in this run.
    pub people: BTreeMap<PersonId, PersonSeen>,
    /// API keys, by account, for those whose keys were looked at.
    pub api_keys: BTreeMap<AccountId, Result<BTreeMap<ApiKeyId, ActualApiKey>, Unseen>>,
    /// Which key's secret is at each place that was looked at; none where there is no secret.
    pub secrets: BTreeMap<SecretPlace, Option<ApiKeyId>>,
    /// Calls made, retries included.
    pub calls: u32,
    /// When the first call was made.
    pub at: Timestamp,
}

impl World {
    /// The content of an account that was seen, fully or in part.
    pub fn content(&self, id: &AccountId) -> Option<&AccountContent> {
        self.contents.get(id)?.as_ref().ok()
    }

    /// The API keys of an account, if they were seen.
    pub fn api_keys(&self, account: &AccountId) -> Option<&BTreeMap<ApiKeyId, ActualApiKey>> {
        self.api_keys.get(account)?.as_ref().ok()
    }

    /// Whether the members and invites of an account were seen completely.
    pub fn people_seen(&self, id: &AccountId) -> bool {
        self.content(id).is_some_and(|content| content.people_complete.is_complete())
    }
}
