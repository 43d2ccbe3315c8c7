//! What to remember of a change, before all ids are known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::change::Ref;
use orgform_model::policy::Removal;
use orgform_model::state::{ApiKeyRecord, MailRecord, MembershipRecord, Record, RoleRecord, SecretFate};
use orgform_model::{
    AccountId, Address, ApiKeyId, ApiKeyLabel, Email, Fields, Grants, ObjectRef, PersonId, RoleId, RoleKey,
};

/// A record whose references may still be to things that the same plan makes.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordDraft {
    /// One that names nothing which is still to be made.
    Known(Record),
    /// A role.
    Role {
        /// The owner.
        account: Ref<AccountId>,
        /// Its label.
        key: RoleKey,
        /// The object that declares it.
        object: ObjectRef,
        /// What is applied.
        applied: Fields,
        /// What happens when the declaration goes.
        removal: Removal,
    },
    /// A membership.
    Membership(MembershipDraft),
    /// An API key.
    ApiKey(ApiKeyDraft),
}

/// A membership whose references may still be to things that the same plan makes.
#[derive(Clone, Debug, PartialEq)]
pub struct MembershipDraft {
    /// The account.
    pub account: Ref<AccountId>,
    /// Whose.
    pub email: Email,
    /// The object that declares it.
    pub object: ObjectRef,
    /// The person, where known.
    pub person: Option<PersonId>,
    /// The grants and when each ends.
    pub grants: BTreeMap<Ref<RoleId>, Option<Timestamp>>,
    /// Extra grants that stay.
    pub kept: BTreeSet<RoleId>,
    /// What happens when the declaration goes.
    pub removal: Removal,
    /// Mails sent, this change's included.
    pub mail: MailRecord,
    /// Disabled by us.
    pub disabled: bool,
}

/// An API key whose references may still be to things that the same plan makes.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKeyDraft {
    /// The account.
    pub account: Ref<AccountId>,
    /// Its label.
    pub label: ApiKeyLabel,
    /// The object that declares it.
    pub object: ObjectRef,
    /// What is applied.
    pub applied: Fields,
    /// Its declared roles; none where they are not managed.
    pub roles: Option<BTreeSet<Ref<RoleId>>>,
    /// Extra roles that stay.
    pub kept: BTreeSet<RoleId>,
    /// What happens when the declaration goes.
    pub removal: Removal,
    /// What became of its secret; lost, for a new key, until it is stored.
    pub secret: SecretFate,
    /// The key whose place it takes.
    pub replaces: Option<ApiKeyId>,
}

/// Ids of what a run has made, by address.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// Accounts.
    pub accounts: BTreeMap<Address, AccountId>,
    /// Roles.
    pub roles: BTreeMap<Address, RoleId>,
}

impl Bindings {
    /// The id of an account, once it is known.
    pub fn account(&self, reference: &Ref<AccountId>) -> Option<AccountId> {
        match reference {
            Ref::Known(id) => Some(id.clone()),
            Ref::Created(address) => self.accounts.get(address).cloned(),
        }
    }

    /// The id of a role, once it is known.
    pub fn role(&self, reference: &Ref<RoleId>) -> Option<RoleId> {
        match reference {
            Ref::Known(id) => Some(id.clone()),
            Ref::Created(address) => self.roles.get(address).cloned(),
        }
    }
}

impl RecordDraft {
    /// Nothing: what is written is not ours.
    pub const NOTHING: Self = Self::Known(Record::Nothing);

    /// The record, if every reference is bound.
    pub fn bind(&self, bindings: &Bindings) -> Option<Record> {
        Some(match self {
            Self::Known(record) => record.clone(),
            Self::Role { account, key, object, applied, removal } => Record::Role(Box::new(RoleRecord {
                object: object.clone(),
                account: bindings.account(account)?,
                key: key.clone(),
                applied: applied.clone(),
                removal: *removal,
            })),
            Self::Membership(draft) => {
                let account = bindings.account(&draft.account)?;
                Record::Membership {
                    account,
                    email: draft.email.clone(),
                    record: Box::new(draft.bind(bindings)?),
                }
            }
            Self::ApiKey(draft) => Record::ApiKey(Box::new(draft.bind(bindings)?)),
        })
    }
}

impl MembershipDraft {
    /// The record, if every reference is bound.
    pub fn bind(&self, bindings: &Bindings) -> Option<MembershipRecord> {
        let Self { account: _, email: _, object, person, grants, kept, removal, mail, disabled } = self;
        let granted = grants
            .iter()
            .map(|(role, ends)| Some((bindings.role(role)?, *ends)))
            .collect::<Option<Grants<_>>>()?;
        Some(MembershipRecord {
            object: object.clone(),
            person: person.clone(),
            granted,
            kept: kept.clone(),
            removal: *removal,
            mail: *mail,
            leaving: false,
            disabled: *disabled,
        })
    }
}

impl ApiKeyDraft {
    /// The record, if every reference is bound.
    pub fn bind(&self, bindings: &Bindings) -> Option<ApiKeyRecord> {
        let Self { account, label, object, applied, roles, kept, removal, secret, replaces } = self;
        let bound = |roles: &BTreeSet<Ref<RoleId>>| {
            roles.iter().map(|role| bindings.role(role)).collect::<Option<BTreeSet<_>>>()
        };
        Some(ApiKeyRecord {
            object: object.clone(),
            account: bindings.account(account)?,
            label: label.clone(),
            applied: applied.clone(),
            roles: match roles {
                Some(roles) => Some(bound(roles)?),
                None => None,
            },
            kept: kept.clone(),
            removal: *removal,
            secret: secret.clone(),
            replaces: replaces.clone(),
        })
    }
}
