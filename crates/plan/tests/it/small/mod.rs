//! Small worlds made by chance: accounts, roles and six people, declared, there and remembered in every mixture
//! that a manifest and a provider allow.

mod case;
mod chance;
mod declared;
mod remembered;
mod there;

use orgform_model::fields::{Fields, Value};
use orgform_model::finding::Place;
use orgform_model::invite::InviteStatus;
use orgform_model::policy::{Limit, Removal};
use orgform_model::{
    AccountId, AccountPath, Email, Grant, ObjectKind, ObjectRef, RoleId, RoleKey, Timestamp,
};

use crate::capability::{FLAT, FLAT_CAN, TREE, TREE_CAN};

pub(crate) use case::Case;
pub(crate) use chance::small;

pub(crate) const PEOPLE: [&str; 6] = ["ada", "ben", "cy", "dee", "eve", "fay"];
pub(crate) const CELLS: [&str; 4] = ["networks:read", "billing:read", "billing:update", "all:all"];

/// One person in one account, in the three ways that count.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) account: usize,
    pub(crate) person: usize,
    pub(crate) declared: Option<Vec<(usize, End)>>,
    pub(crate) there: There,
    pub(crate) ours: Option<Ours>,
}

#[derive(Clone, Debug)]
pub(crate) enum There {
    Nobody,
    Member { roles: Vec<usize>, disabled: bool },
    Invited { roles: Vec<usize>, status: InviteStatus, times: usize },
}

/// What is remembered: which of the roles were applied, which were kept, and what an end means.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) granted: Vec<(usize, End)>,
    pub(crate) kept: Vec<usize>,
    pub(crate) removal: Removal,
    pub(crate) joined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Never,
    Past,
    Ahead,
}

#[derive(Clone, Debug)]
pub(crate) struct RoleCase {
    pub(crate) owner: usize,
    pub(crate) declared: Option<Vec<&'static str>>,
    pub(crate) there: Option<Vec<&'static str>>,
    pub(crate) ours: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct AccountCase {
    pub(crate) declared: bool,
    pub(crate) there: bool,
    pub(crate) ours: Option<Removal>,
    pub(crate) partial: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Small {
    pub(crate) tree: bool,
    pub(crate) accounts: Vec<AccountCase>,
    pub(crate) roles: Vec<RoleCase>,
    pub(crate) seats: Vec<Seat>,
    pub(crate) offboarded: Vec<usize>,
    pub(crate) unreadable: Vec<usize>,
    pub(crate) losses: usize,
    pub(crate) take: bool,
    pub(crate) report: bool,
    pub(crate) with_state: bool,
}

/// The accounts: a root, two children, and one below the first.
pub(crate) const PATHS: [&str; 4] = ["acme", "acme/lab", "acme/shop", "acme/lab/deep"];
const FLAT_PATHS: [&str; 4] = ["acme", "lab", "shop", "deep"];
/// Role 0 is admin, role 1 belongs to the root, role 2 to the first child.
pub(crate) const ROLES: usize = 3;

pub(crate) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn place() -> Place {
    Place { file: "all.yaml".into(), line: 1, column: 1, length: 1 }
}

fn email(person: usize) -> Email {
    Email::new(&format!("{}@acme.example", PEOPLE[person]))
}

impl Small {
    fn path(&self, account: usize) -> AccountPath {
        if self.tree { PATHS[account].into() } else { FLAT_PATHS[account].into() }
    }

    fn account_id(account: usize) -> AccountId {
        format!("ac-{account}").into()
    }

    fn role_id(&self, role: usize, account: usize) -> RoleId {
        match (self.tree, role) {
            (false, _) => "1".into(),
            (true, 0) => format!("role-admin-{account}").into(),
            (true, role) => format!("role-{role}").into(),
        }
    }

    pub(crate) fn case(&self) -> Case {
        let mut capabilities = if self.tree { TREE_CAN.clone() } else { FLAT_CAN.clone() };
        capabilities.visible_within = std::time::Duration::ZERO;
        Case {
            desired: self.desired(),
            world: self.world(),
            state: self.with_state.then(|| self.state()),
            semantics: if self.tree { &TREE } else { &FLAT },
            capabilities,
        }
    }

    fn grant(&self, role: usize) -> Grant {
        match role {
            0 => Grant::Fixed("admin".to_owned()),
            role => Grant::Role(self.role_key(role - 1)),
        }
    }

    fn role_key(&self, index: usize) -> RoleKey {
        RoleKey::new(self.path(self.roles[index].owner), format!("r{index}"))
    }
}

impl End {
    fn at(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Past => Some("2026-11-01T00:00:00Z".parse().unwrap()),
            Self::Ahead => Some("2027-11-01T00:00:00Z".parse().unwrap()),
        }
    }
}

fn account_object(index: usize) -> ObjectRef {
    ObjectRef::of_file(ObjectKind::Account, &format!("a{index}"))
}

fn role_object(index: usize) -> ObjectRef {
    ObjectRef::of_file(ObjectKind::Role, &format!("r{index}"))
}

fn member_object(person: usize) -> ObjectRef {
    ObjectRef::of_file(ObjectKind::Member, PEOPLE[person])
}

fn named(name: &str) -> Fields {
    Fields::from([("displayName".to_owned(), Value::text(format!("Account {name}")))])
}

fn role_fields(index: usize, cells: &[&str]) -> Fields {
    Fields::from([
        ("displayName".to_owned(), Value::text(format!("Role {index}"))),
        ("permissions".to_owned(), Value::set(cells.iter().copied())),
    ])
}

impl Small {
    pub(crate) fn without_gaps(mut self) -> Self {
        for account in &mut self.accounts {
            account.partial = false;
        }
        self.unreadable.clear();
        self
    }

    /// One invite for each: of two, one plan takes one back, and what waits for that comes with the next.
    pub(crate) fn without_duplicates(mut self) -> Self {
        for seat in &mut self.seats {
            if let There::Invited { times, .. } = &mut seat.there {
                *times = 1;
            }
        }
        self
    }

    /// Nobody was given in a child what they hold in its parent: that is only told once it is gone above.
    pub(crate) fn without_redundant_grants(mut self) -> Self {
        for (child, parent) in [(3, 1), (2, 0), (1, 0)] {
            for person in 0..PEOPLE.len() {
                let seat = |account| move |seat: &&Seat| seat.account == account && seat.person == person;
                let above = match self.seats.iter().find(seat(parent)).map(|seat| &seat.there) {
                    Some(There::Member { roles, .. }) => roles.clone(),
                    _ => vec![],
                };
                // Each account has an admin role of its own.
                let redundant = |role: &usize| *role != 0 && above.contains(role);
                let here = self.seats.iter_mut().find(|seat| seat.account == child && seat.person == person);
                if let Some(Seat { there: There::Member { roles, .. }, .. }) = here {
                    roles.retain(|role| !redundant(role));
                }
            }
        }
        self
    }

    /// The case with limits and admin rules out of the way.
    pub(crate) fn unlimited(&self) -> Case {
        let mut case = self.case();
        case.desired.policy.safety.per_account = Limit { percent: 100, floor: 100 };
        case.desired.policy.safety.total = Limit { percent: 100, floor: 100 };
        case.desired.policy.safety.admin_minimum = 0;
        case
    }
}
