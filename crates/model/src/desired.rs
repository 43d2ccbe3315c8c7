//! What is declared, for one provider, with names resolved and in the provider's normal form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{AccountPath, ApiKeyLabel, RoleKey};
use crate::api_key::SecretPlace;
use crate::fields::Fields;
use crate::finding::Place;
use crate::grants::Grants;
use crate::ids::{AccountId, ApiKeyId, Email, ObjectRef, PersonId, ProviderName, RoleId};
use crate::policy::{Adoption, Policy, Removal};
use crate::secret::SecretRef;

/// Everything declared for one provider. Sorted, so that planning is one merge walk.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The provider.
    pub provider: ProviderName,
    /// How careful to be.
    pub policy: Policy,
    /// Accounts by path.
    pub accounts: BTreeMap<AccountPath, DesiredAccount>,
    /// Custom roles.
    pub roles: BTreeMap<RoleKey, DesiredRole>,
    /// Memberships: who should be where.
    pub memberships: BTreeMap<AccountPath, BTreeMap<Email, DesiredMembership>>,
    /// People: what is declared about a person whatever the account.
    pub people: BTreeMap<Email, DesiredPerson>,
    /// API keys.
    pub api_keys: BTreeMap<ApiKeyLabel, DesiredApiKey>,
    /// What erroneous declarations name: declared, but not usable, so it stays as it is.
    pub frozen: Frozen,
    /// What this speaks for.
    pub subject: Subject,
}

impl Desired {
    /// A desired state with nothing in it, that speaks for everything.
    pub fn empty(provider: ProviderName) -> Self {
        Self {
            provider,
            policy: Policy::default(),
            accounts: BTreeMap::new(),
            roles: BTreeMap::new(),
            memberships: BTreeMap::new(),
            people: BTreeMap::new(),
            api_keys: BTreeMap::new(),
            frozen: Frozen::default(),
            subject: Subject::Everything,
        }
    }

    /// One membership.
    pub fn membership(&self, account: &AccountPath, email: &Email) -> Option<&DesiredMembership> {
        self.memberships.get(account)?.get(email)
    }

    /// All memberships, by account, then by e-mail.
    pub fn all_memberships(&self) -> impl Iterator<Item = (&AccountPath, &Email, &DesiredMembership)> {
        self.memberships
            .iter()
            .flat_map(|(account, people)| people.iter().map(move |(email, one)| (account, email, one)))
    }
}

/// What a plan may speak for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// The whole root was read: what is not declared is not desired.
    Everything,
    /// Only these objects were read, or asked for: others may well be declared.
    Some {
        /// The objects.
        objects: BTreeSet<ObjectRef>,
        /// Why it is not everything, as a clause: `people/ada.yaml could not be read`.
        because: String,
        /// Whether something that should have been read was not. Then nothing undeclared is removed at all.
        gap: bool,
    },
}

impl Subject {
    /// Whether changes for this object are asked for.
    pub fn asks_for(&self, object: &ObjectRef) -> bool {
        match self {
            Self::Everything => true,
            Self::Some { objects, .. } => objects.contains(object),
        }
    }

    /// Whether the absence of a declaration by this object may be acted on.
    pub fn speaks_for(&self, object: &ObjectRef) -> bool {
        match self {
            Self::Everything => true,
            Self::Some { objects, gap, .. } => !gap && objects.contains(object),
        }
    }
}

/// What erroneous declarations name. It counts as declared and stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frozen {
    /// Objects whose declaration has an error.
    pub objects: BTreeSet<ObjectRef>,
    /// People they name.
    pub people: BTreeSet<Email>,
}

impl Frozen {
    /// Whether nothing is frozen.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.people.is_empty()
    }
}

/// How an object is managed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Manage {
    /// Made, changed and removed by orgform.
    #[default]
    Full,
    /// Only resolved, never written.
    Reference,
}

/// One declared account.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredAccount {
    /// The object that declares it.
    pub object: ObjectRef,
    /// Where.
    pub place: Place,
    /// The parent's path; none at the top.
    pub parent: Option<AccountPath>,
    /// Whether it is written.
    pub manage: Manage,
    /// The provider's id, if the manifest says it.
    pub external_id: Option<AccountId>,
    /// Declared fields, the natural key among them.
    pub fields: Fields,
    /// Whether unmanaged members are removed.
    pub authoritative_members: bool,
    /// Extra grants of people taken over, where the account says it.
    pub adoption: Option<Adoption>,
    /// What happens when the declaration goes.
    pub removal: Removal,
}

/// One declared custom role.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredRole {
    /// The object that declares it.
    pub object: ObjectRef,
    /// Where.
    pub place: Place,
    /// Whether it is written.
    pub manage: Manage,
    /// The provider's id, if the manifest says it.
    pub external_id: Option<RoleId>,
    /// Declared fields, the natural key among them.
    pub fields: Fields,
    /// What happens when the declaration goes.
    pub removal: Removal,
}

/// A role given to somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Grant {
    /// One of the provider's fixed roles, by name.
    Fixed(String),
    /// A custom role of the account or an ancestor.
    Role(RoleKey),
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(name) => f.write_str(name),
            Self::Role(key) => f.write_str(&key.name),
        }
    }
}

/// One person in one account.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredMembership {
    /// The object that declares it.
    pub object: ObjectRef,
    /// Where.
    pub place: Place,
    /// The grants, and when each ends.
    pub grants: Grants<Grant>,
    /// What happens when the declaration goes.
    pub removal: Removal,
}

/// What is declared about a person whatever the account.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredPerson {
    /// The object that declares it; the first, where several agree.
    pub object: ObjectRef,
    /// Where the e-mail is written.
    pub place: Place,
    /// Declared absent everywhere that the provider shows.
    pub offboarded: bool,
    /// The provider's id of the person, if the manifest says it.
    pub identity: Option<PersonId>,
    /// Fields of the person, such as names.
    pub fields: Fields,
    /// How the person is made, where that is declared; else invited.
    pub creation: Option<Box<Creation>>,
}

/// How a person is made without an invite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Where the first password comes from.
    pub password: Option<SecretRef>,
}

/// One declared API key.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredApiKey {
    /// The object that declares it.
    pub object: ObjectRef,
    /// Where.
    pub place: Place,
    /// The provider's id, if the manifest says it. Such a key is never made.
    pub external_id: Option<ApiKeyId>,
    /// Declared fields, the natural key among them.
    pub fields: Fields,
    /// Its roles; none where they are not managed.
    pub roles: Option<BTreeSet<Grant>>,
    /// Where its secret goes when it is made; always said of one that may be made.
    pub secret_to: Option<SecretPlace>,
    /// What happens when the declaration goes.
    pub removal: Removal,
}
