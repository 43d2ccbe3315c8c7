//! The world as it is, for judges: nothing hidden, late or spoilt.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::world::{Account, Role, World};

/// Everything that exists, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// All accounts.
    pub accounts: BTreeMap<String, TrueAccount>,
}

/// One account and what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrueAccount {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The account above.
    pub parent: Option<String>,
    /// Its own roles, by id.
    pub roles: BTreeMap<String, TrueRole>,
    /// Ids of the roles of its own members, by e-mail in lower case.
    pub members: BTreeMap<String, BTreeSet<String>>,
    /// Its invites, by id.
    pub invites: BTreeMap<String, TrueInvite>,
}

/// One role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrueRole {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// True cells, such as `networks:read`.
    pub cells: BTreeSet<String>,
    /// Whether the account was born with it.
    pub predefined: bool,
}

/// One invite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrueInvite {
    /// Whom it is for, in lower case.
    pub email: String,
    /// Ids of the roles that it brings.
    pub roles: BTreeSet<String>,
    /// Whether it has to be sent again.
    pub expired: bool,
}

/// Looks at everything.
pub(crate) fn of(world: &World) -> Truth {
    let accounts = world.accounts.values().map(|account| (account.id.clone(), true_account(world, account)));
    Truth { accounts: accounts.collect() }
}

fn true_account(world: &World, account: &Account) -> TrueAccount {
    let email =
        |id: &String| world.users.get(id).map_or_else(|| id.clone(), |user| user.email.to_lowercase());
    let members = world.members_of(&account.id).map(|member| (email(&member.user), member.roles.clone()));
    let invites = world.invites_of(&account.id).map(|invite| {
        let email = invite.email.to_lowercase();
        let seen = TrueInvite { email, roles: invite.roles.clone(), expired: world.is_expired(invite) };
        (invite.id.clone(), seen)
    });
    TrueAccount {
        name: account.name.clone(),
        description: account.description.clone(),
        parent: account.parent.clone(),
        roles: world.roles_of(&account.id).map(|role| (role.id.clone(), true_role(role))).collect(),
        members: members.collect(),
        invites: invites.collect(),
    }
}

fn true_role(role: &Role) -> TrueRole {
    let cells = role.permissions.iter().flat_map(|(resource, row)| {
        row.iter().filter(|(_, granted)| **granted).map(move |(action, _)| format!("{resource}:{action}"))
    });
    TrueRole {
        name: role.name.clone(),
        description: role.description.clone(),
        cells: cells.collect(),
        predefined: role.predefined,
    }
}
