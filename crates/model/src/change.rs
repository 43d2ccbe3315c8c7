//! What a provider is asked to do, and what it answers.
//!
//! A change is a translation of a decision that was already made: it carries everything that the provider
//! needs, and what must still be so for it to be right (`from`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::api_key::{SecretPlace, ShownOnce};
use crate::fields::{FieldChange, Fields};
use crate::ids::{AccountId, ApiKeyId, Email, InviteId, PersonId, RoleId};
use crate::secret::SecretRef;

/// Names something that exists, or that an earlier change of the same plan makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ref<Id> {
    /// It exists.
    Known(Id),
    /// The change at this address makes it. Bound to an id before a provider sees it.
    Created(Address),
}

impl<Id> Ref<Id> {
    /// The id, once it is known.
    pub fn known(&self) -> Option<&Id> {
        match self {
            Self::Known(id) => Some(id),
            Self::Created(_) => None,
        }
    }
}

/// One thing to do at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What it is about.
    pub address: Address,
    /// What to do.
    pub action: Action,
}

/// What to do. `from` is what must still be there, else the answer is `Stale`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Makes an account.
    CreateAccount {
        /// The parent; none at the top.
        parent: Option<Ref<AccountId>>,
        /// All declared fields.
        fields: Fields,
    },
    /// Changes declared fields of an account; all others stay.
    UpdateAccount {
        /// The account.
        account: AccountId,
        /// The fields that differ, with what must still be there.
        changes: Vec<FieldChange>,
    },
    /// Removes an account.
    RemoveAccount {
        /// The account.
        account: AccountId,
    },
    /// Makes a custom role.
    CreateRole {
        /// The owner.
        account: Ref<AccountId>,
        /// All declared fields.
        fields: Fields,
    },
    /// Changes declared fields of a custom role.
    UpdateRole {
        /// The owner.
        account: AccountId,
        /// The role.
        role: RoleId,
        /// The fields that differ, with what must still be there.
        changes: Vec<FieldChange>,
    },
    /// Removes a custom role.
    RemoveRole {
        /// The owner.
        account: AccountId,
        /// The role.
        role: RoleId,
    },
    /// Invites a person. May make a member at once, where the provider knows the person.
    Invite {
        /// The account.
        account: Ref<AccountId>,
        /// Whom.
        email: Email,
        /// All grants.
        roles: BTreeSet<Ref<RoleId>>,
    },
    /// Makes a person who is a member at once, without an invite or a mail.
    CreateMember {
        /// The account.
        account: Ref<AccountId>,
        /// Whom.
        email: Email,
        /// All grants.
        roles: BTreeSet<Ref<RoleId>>,
        /// All declared fields of the person.
        fields: Fields,
        /// Where the first password comes from. It is read while applying, and never shown or remembered.
        password: Option<SecretRef>,
    },
    /// Changes declared fields of a person, whatever the account; all others stay.
    UpdatePerson {
        /// An account in which the person was seen.
        account: AccountId,
        /// The person.
        person: PersonId,
        /// The fields that differ, with what must still be there.
        changes: Vec<FieldChange>,
    },
    /// Changes the grants of a pending invite, without a mail.
    UpdateInvite {
        /// The account.
        account: AccountId,
        /// The invite.
        invite: InviteId,
        /// Whom.
        email: Email,
        /// What must still be there.
        from: BTreeSet<RoleId>,
        /// All grants.
        roles: BTreeSet<Ref<RoleId>>,
    },
    /// Mails an invite again, with these grants.
    Resend {
        /// The account.
        account: AccountId,
        /// The invite.
        invite: InviteId,
        /// Whom.
        email: Email,
        /// What must still be there.
        from: BTreeSet<RoleId>,
        /// All grants.
        roles: BTreeSet<Ref<RoleId>>,
    },
    /// Takes an invite back.
    Withdraw {
        /// The account.
        account: AccountId,
        /// The invite.
        invite: InviteId,
        /// Whom.
        email: Email,
    },
    /// Sets the grants of a member, as a whole.
    UpdateMember {
        /// The account.
        account: AccountId,
        /// The person.
        person: PersonId,
        /// What must still be there.
        from: BTreeSet<RoleId>,
        /// All grants.
        roles: BTreeSet<Ref<RoleId>>,
    },
    /// Takes a person out of an account.
    RemoveMember {
        /// The account.
        account: AccountId,
        /// The person.
        person: PersonId,
        /// What must still be there.
        from: BTreeSet<RoleId>,
        /// Whether it was agreed that the person goes everywhere by it. If not and it would, it is `Stale`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        everywhere: bool,
    },
    /// Mails a member again how to come in.
    MailMember {
        /// The account through which mails go.
        account: AccountId,
        /// The person.
        person: PersonId,
    },
    /// Locks a person out without removing.
    Disable {
        /// The account.
        account: AccountId,
        /// The person.
        person: PersonId,
    },
    /// Lets a disabled person in again.
    Enable {
        /// The account.
        account: AccountId,
        /// The person.
        person: PersonId,
    },
    /// Makes an API key. Its secret is shown once, in the answer.
    CreateApiKey {
        /// The account that it belongs to.
        account: Ref<AccountId>,
        /// All declared fields.
        fields: Fields,
        /// Its roles; none where they are not managed.
        roles: Option<BTreeSet<Ref<RoleId>>>,
        /// Where the secret goes. The provider has nothing to do with it: the engine puts it there.
        secret_to: SecretPlace,
    },
    /// Changes declared fields and roles of an API key. Its secret stays good.
    UpdateApiKey {
        /// The account.
        account: AccountId,
        /// The key.
        key: ApiKeyId,
        /// The fields that differ, with what must still be there.
        changes: Vec<FieldChange>,
        /// The roles that must still be there.
        from: BTreeSet<RoleId>,
        /// All its roles; none where they are not managed.
        roles: Option<BTreeSet<Ref<RoleId>>>,
    },
    /// Removes an API key: who holds its secret is locked out at once.
    RemoveApiKey {
        /// The account.
        account: AccountId,
        /// The key.
        key: ApiKeyId,
    },
}

/// What the provider has after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Applied {
    /// An account.
    Account {
        /// Its id.
        id: AccountId,
        /// Fixed roles to use in a new account, by name, where their ids are not the same everywhere.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        fixed_roles: BTreeMap<String, RoleId>,
    },
    /// A role.
    Role {
        /// Its id.
        id: RoleId,
    },
    /// A member: also the answer to an invite of somebody whom the provider knew.
    Member {
        /// The person.
        person: PersonId,
        /// The grants now.
        roles: BTreeSet<RoleId>,
    },
    /// An invite that waits.
    Invited {
        /// Its id.
        invite: InviteId,
        /// The grants it will give.
        roles: BTreeSet<RoleId>,
    },
    /// An API key.
    ApiKey {
        /// Its id.
        id: ApiKeyId,
        /// The secret, in the answer to making it only. Never written with the rest.
        #[serde(skip)]
        secret: Option<ShownOnce>,
    },
    /// An invite that is there, and whose mail is known to have failed.
    Unmailed {
        /// Its id.
        invite: InviteId,
        /// The grants it will give.
        roles: BTreeSet<RoleId>,
    },
    /// A person's own fields.
    Person {
        /// Who.
        person: PersonId,
    },
    /// It is not there any more.
    Gone,
}
