//! What is declared, typed, before names are resolved.
//!
//! Every object that could be told by kind and name is here, also one with an error: `broken` says so, and
//! what of it could be read is kept, so that resolving can freeze what it names.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use orgform_model::desired::Manage;
use orgform_model::policy::{Adoption, Policy, Removal};
use orgform_model::{Email, Fields, ObjectKind, ObjectRef, Place, SecretPlace, SecretRef};

use crate::resolve::{CredentialRef, SimulatorSettings};
use crate::source::File;
pub use crate::walk::At;
use crate::yaml::Span;

/// All objects of a root.
#[derive(Debug, Default)]
pub struct Manifest {
    /// Connections.
    pub providers: Vec<Object<Provider>>,
    /// Accounts.
    pub accounts: Vec<Object<Account>>,
    /// Custom roles.
    pub roles: Vec<Object<Role>>,
    /// People.
    pub members: Vec<Object<Member>>,
    /// API keys.
    pub api_keys: Vec<Object<ApiKey>>,
    /// People named by declarations that can't be told by name, or by a key that is written again: frozen.
    pub nameless_people: BTreeSet<Email>,
    /// Whether everything was asked for.
    pub whole_root: bool,
    /// What is asked for, where it is not everything.
    pub asked: Vec<String>,
    /// Where something was read that can't be told by kind and name, or not read at all.
    pub gaps: Vec<String>,
}

impl Manifest {
    /// Takes in what comes after this.
    pub(crate) fn append(&mut self, more: Self) {
        let Self { providers, accounts, roles, members, api_keys, nameless_people, whole_root, asked, gaps } =
            more;
        self.providers.extend(providers);
        self.accounts.extend(accounts);
        self.roles.extend(roles);
        self.members.extend(members);
        self.api_keys.extend(api_keys);
        self.nameless_people.extend(nameless_people);
        self.whole_root &= whole_root;
        self.asked.extend(asked);
        self.gaps.extend(gaps);
    }
}

/// One object.
#[derive(Debug)]
pub struct Object<T> {
    /// Its `metadata.name`.
    pub name: At<Arc<str>>,
    /// Its file.
    pub file: Arc<File>,
    /// Whether it has an error.
    pub broken: bool,
    /// What it says; where broken, what could be read of it.
    pub spec: T,
}

impl<T: Kind> Object<T> {
    /// What names it.
    pub fn object(&self) -> ObjectRef {
        ObjectRef { kind: T::KIND, namespace: self.file.namespace.clone(), name: self.name.value.clone() }
    }
}

impl<T> Object<T> {
    /// Where its name is written.
    pub fn place(&self) -> Place {
        self.file.place(self.name.span)
    }

    /// Where a part of it is written.
    pub fn place_of(&self, span: Span) -> Place {
        self.file.place(span)
    }
}

/// Which kind a type of content belongs to.
pub trait Kind {
    /// The kind.
    const KIND: ObjectKind;
}

/// The content of a `Provider`.
#[derive(Debug, Default)]
pub struct Provider {
    /// The provider block.
    pub block: Option<Block>,
    /// Everything that is not the connection.
    pub policy: Policy,
    /// Whether it says what happens to memberships that are no longer declared; else the kind of provider does.
    pub removal_is_said: bool,
}

/// A provider block: which provider it is and how to connect.
#[derive(Debug)]
pub struct Block {
    /// The key of the block, such as `pureport`.
    pub kind: &'static str,
    /// Where the key is written.
    pub span: Span,
    /// The base of all paths, if it is said.
    pub endpoint: Option<String>,
    /// Where log-ins go, if that is said.
    pub login_endpoint: Option<String>,
    /// What is agreed to that only this kind of provider knows.
    pub agreed: BTreeSet<String>,
    /// A simulator in the same process instead.
    pub simulator: Option<SimulatorSettings>,
    /// Where the credential's fields come from.
    pub credentials: Vec<CredentialRef>,
    /// The same, for everything that only reads; empty if not said.
    pub read_only_credentials: Vec<CredentialRef>,
}

/// The content of an `Account`.
#[derive(Debug, Default)]
pub struct Account {
    /// The provider, if it is said.
    pub provider: Option<At<Arc<str>>>,
    /// The parent.
    pub parent: Option<At<Arc<str>>>,
    /// Declared fields.
    pub fields: Fields,
    /// Where each field is written, by name.
    pub field_spans: Vec<(&'static str, Span)>,
    /// Whether unmanaged members are removed.
    pub authoritative_members: bool,
    /// Whether it is written.
    pub manage: Manage,
    /// The provider's id.
    pub external_id: Option<At<String>>,
    /// What to do about extra grants.
    pub adoption: Option<Adoption>,
}

/// The content of a `Role`.
#[derive(Debug, Default)]
pub struct Role {
    /// The owner.
    pub account: Option<At<Arc<str>>>,
    /// Declared fields.
    pub fields: Fields,
    /// Where each field is written, by name.
    pub field_spans: Vec<(&'static str, Span)>,
    /// Whether it is written.
    pub manage: Manage,
    /// The provider's id.
    pub external_id: Option<At<String>>,
}

/// The content of a `Member`.
#[derive(Debug, Default)]
pub struct Member {
    /// The person.
    pub email: Option<At<Email>>,
    /// Where the person should be.
    pub memberships: Vec<Membership>,
    /// Whether nothing is said of memberships, not even that there are none: what was declared before stays as it is.
    pub silent: bool,
    /// Where `onboarding: Create` is written, if it is.
    pub create: Option<Span>,
    /// Where the first password comes from.
    pub password: Option<SecretRef>,
    /// What happens when the declaration goes.
    pub removal: Option<Removal>,
    /// Ids at providers.
    pub identities: Vec<Identity>,
    /// Whether the person should be nowhere, if it is said, and where.
    pub offboarded: Option<At<bool>>,
    /// The person's own fields.
    pub fields: Fields,
}

/// The content of an `ApiKey`.
#[derive(Debug, Default)]
pub struct ApiKey {
    /// The account.
    pub account: Option<At<Arc<str>>>,
    /// Declared fields.
    pub fields: Fields,
    /// Where each field is written, by name.
    pub field_spans: Vec<(&'static str, Span)>,
    /// Its roles, if they are managed.
    pub roles: Option<Vec<At<Arc<str>>>>,
    /// Where its secret goes.
    pub secret_to: Option<At<SecretPlace>>,
    /// What happens when the declaration goes.
    pub removal: Option<Removal>,
    /// The provider's id.
    pub external_id: Option<At<String>>,
}

/// One account of a member.
#[derive(Debug)]
pub struct Membership {
    /// Where the entry is written.
    pub span: Span,
    /// The account.
    pub account: At<Arc<str>>,
    /// The roles; none only in a broken object.
    pub roles: Vec<At<Arc<str>>>,
    /// When they end.
    pub expires_at: Option<Timestamp>,
}

/// An id of a member at a provider.
#[derive(Debug)]
pub struct Identity {
    /// The provider.
    pub provider: At<Arc<str>>,
    /// The id there.
    pub id: At<String>,
}

impl Kind for Provider {
    const KIND: ObjectKind = ObjectKind::Provider;
}

impl Kind for Account {
    const KIND: ObjectKind = ObjectKind::Account;
}

impl Kind for Role {
    const KIND: ObjectKind = ObjectKind::Role;
}

impl Kind for ApiKey {
    const KIND: ObjectKind = ObjectKind::ApiKey;
}

impl Kind for Member {
    const KIND: ObjectKind = ObjectKind::Member;
}
