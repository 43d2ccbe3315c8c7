//! What the provider changed behind us: last applied, desired and actual, three ways.
//!
//! Pure. [`drift()`] compares what was last applied with what is there, and takes from the plan what happens to
//! each difference next; [`attribute()`] adds who did it, from the provider's audit log. What is not ours has no
//! last applied state: it is listed apart, and is no drift.

mod attribute;
mod compare;
mod keys;

use std::collections::BTreeSet;

use jiff::Timestamp;
use orgform_model::history::{About, Event};
use orgform_model::{AccountId, Address, Email, FieldChange, PersonId, ProviderName, RoleId};

use crate::plan::{Seen, UnseenScope};

pub use attribute::{Log, Logs, actors, attribute};
pub use compare::drift;

/// What the provider changed behind us.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The provider.
    pub provider: ProviderName,
    /// What was looked at.
    pub seen: Seen,
    /// What was ours and as applied, and is not any more, sorted by address.
    pub changes: Vec<Drifted>,
    /// What is there, is not ours and is not declared, sorted by address.
    pub unmanaged: Vec<Drifted>,
    /// What could not be looked at: what drifted there is not known.
    pub unseen: Vec<UnseenScope>,
    /// Calls that reading the audit log took.
    pub log_calls: u32,
}

impl Drift {
    /// The exit code: 0 no drift, 2 drift, 4 a scope unseen.
    pub fn exit_code(&self) -> u8 {
        match (self.unseen.is_empty(), self.changes.is_empty()) {
            (false, _) => 4,
            (true, false) => 2,
            (true, true) => 0,
        }
    }

    /// The accounts whose logs can explain it.
    pub fn logs(&self) -> BTreeSet<AccountId> {
        self.changes.iter().chain(&self.unmanaged).map(|one| one.log.clone()).collect()
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifted {
    /// What it is about.
    pub address: Address,
    /// The name to show: `role Network operator`, `ada@acme.example`.
    pub title: String,
    /// What differs.
    pub difference: Difference,
    /// What happens next.
    pub then: Then,
    /// Who did it.
    pub by: Attribution,
    /// The account whose log tells of it.
    pub log: AccountId,
    /// What the log calls it.
    pub traces: Vec<About>,
}

/// What differs between what was applied and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is not there any more.
    Gone(&'static str),
    /// A field: from what was applied, to what is there.
    Field(FieldChange),
    /// Somebody holds a role that was not applied.
    Gained {
        /// The role.
        role: RoleId,
        /// As shown.
        title: String,
    },
    /// Somebody lacks a role that was applied.
    Lost {
        /// The role.
        role: RoleId,
        /// As shown.
        title: String,
    },
    /// The person is locked out.
    Disabled,
    /// The person has another e-mail.
    Renamed {
        /// The new e-mail.
        to: Email,
    },
    /// It is there and not ours: `member, Admin`.
    Unmanaged(String),
}

/// What happens to a difference next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next apply undoes it.
    Corrected,
    /// The drift policy is Report: it stays.
    Reported,
    /// It stays until somebody decides.
    Refused {
        /// Why, as a sentence without a period.
        because: String,
        /// What to do.
        next: String,
    },
    /// It would be undone, and waits for a release.
    Held {
        /// The command that releases it.
        release: String,
    },
    /// It can't be undone yet.
    Deferred {
        /// What it waits for, as a clause.
        because: String,
    },
    /// What is declared now is what is there.
    Declared,
    /// It is not declared any more.
    Undeclared,
    /// The declaration has an error: it is left as it is.
    Frozen,
    /// It is not ours, and stays.
    Kept,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// The log tells.
    Recorded(Box<Recorded>),
    /// No record tells.
    NoRecord {
        /// Why not, as a clause: `nothing in the audit log of acme since 24 October 2026`.
        because: String,
    },
}

/// What a log tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When.
    pub at: Timestamp,
    /// Who: an e-mail, else what the log calls them; none if it does not tell.
    pub who: Option<String>,
    /// The person, if it was one.
    pub person: Option<PersonId>,
    /// By which way.
    pub via: Option<orgform_model::history::Via>,
    /// From which address of the network.
    pub from: Option<String>,
    /// Whether the entry names this very difference, and not only something done to the same thing.
    pub exact: bool,
}

impl Recorded {
    fn of(event: &Event, who: Option<String>, exact: bool) -> Self {
        let Event { at, about: _, deed: _, by, from, via, fields: _, grants: _ } = event;
        let person = match by {
            orgform_model::history::Actor::Person(id, _) => Some(id.clone()),
            _ => None,
        };
        Self { at: *at, who, person, via: *via, from: from.clone(), exact }
    }
}
