//! Who may do what: permissions of roles, inherited from parent to child (pureport contract, section 6).

use std::collections::BTreeSet;

use super::answer::Refusal;
use super::world::{Permissions, Principal, Role, World};

/// The resources of a permission.
pub(crate) const RESOURCES: [&str; 9] =
    ["all", "accounts", "apikeys", "audit", "billing", "members", "networks", "ports", "roles"];

/// The actions of a permission.
pub(crate) const ACTIONS: [&str; 5] = ["all", "create", "read", "update", "delete"];

/// Whether the permissions cover one cell, `all` included.
pub(crate) fn covers(permissions: &Permissions, resource: &str, action: &str) -> bool {
    let cell = |resource, action| permissions.get(resource).and_then(|row| row.get(action)) == Some(&true);
    cell(resource, action) || cell(resource, "all") || cell("all", action) || cell("all", "all")
}

/// Whether the role gives full rights, as the predefined Admin does.
pub(crate) fn is_full(role: &Role) -> bool {
    let covered =
        |resource: &&str| ACTIONS[1..].iter().all(|action| covers(&role.permissions, resource, action));
    RESOURCES[1..].iter().all(covered)
}

/// All cells, those that aren't true written out as false; with `expand`, those that `all` covers as true.
pub(crate) fn dense(permissions: &Permissions, expand: bool) -> Permissions {
    let cell = |resource: &str, action: &str| {
        if expand {
            covers(permissions, resource, action)
        } else {
            permissions.get(resource).and_then(|row| row.get(action)) == Some(&true)
        }
    };
    let row =
        |resource| ACTIONS.iter().map(|action| ((*action).to_owned(), cell(resource, action))).collect();
    RESOURCES.iter().map(|resource| ((*resource).to_owned(), row(*resource))).collect()
}

/// What the caller may do in an account, as one set of cells; `None` if they hold no role that reaches it.
pub(crate) fn effective(world: &World, caller: &Principal, account: &str) -> Option<Permissions> {
    let held = held_roles(world, caller, account);
    if held.is_empty() {
        return None;
    }
    let mut sum = Permissions::new();
    for role in held {
        for (resource, row) in &role.permissions {
            for (action, granted) in row {
                *sum.entry(resource.clone()).or_default().entry(action.clone()).or_default() |= granted;
            }
        }
    }
    Some(sum)
}

/// Whether the caller may do this in the account.
pub(crate) fn may(world: &World, caller: &Principal, account: &str, resource: &str, action: &str) -> bool {
    held_roles(world, caller, account).iter().any(|role| covers(&role.permissions, resource, action))
}

/// Refuses what the caller may not do: 404 if there is no such account, else 403.
pub(crate) fn require(
    world: &World,
    caller: &Principal,
    account: &str,
    resource: &str,
    action: &str,
) -> Result<(), Refusal> {
    if !world.accounts.contains_key(account) {
        return Err(Refusal::not_found("account", account));
    }
    if may(world, caller, account, resource, action) {
        Ok(())
    } else {
        Err(Refusal::forbidden(format!("no permission to {action} {resource} in account {account}")))
    }
}

/// Whether some member of the account, or of an ancestor, has full rights in it.
///
/// API keys and pending invites don't count. `is_admin_role` judges a role as it will be after the change in
/// question; `without` is a member with the roles that the change leaves them.
pub(crate) fn has_admin(
    world: &World,
    account: &str,
    is_admin_role: impl Fn(&Role) -> bool,
    without: Option<(&str, &str, &BTreeSet<String>)>,
) -> bool {
    world.lineage(account).iter().any(|place| {
        world.members_of(&place.id).any(|member| {
            let roles = match without {
                Some((account, user, left)) if account == member.account && user == member.user => left,
                _ => &member.roles,
            };
            roles.iter().filter_map(|role| world.roles.get(role)).any(&is_admin_role)
        })
    })
}

/// Refuses to change a member's roles to `left` if that takes the account's last admin (section 6).
pub(crate) fn keep_an_admin(
    world: &World,
    account: &str,
    user: &str,
    left: &BTreeSet<String>,
) -> Result<(), Refusal> {
    let is_admin =
        |roles: &BTreeSet<String>| roles.iter().filter_map(|role| world.roles.get(role)).any(is_full);
    let was_admin = world.member(account, user).is_some_and(|member| is_admin(&member.roles));
    if !was_admin || is_admin(left) || has_admin(world, account, is_full, Some((account, user, left))) {
        return Ok(());
    }
    Err(no_admin_left(world, account))
}

/// The refusal when an account would be left without an admin.
pub(crate) fn no_admin_left(world: &World, account: &str) -> Refusal {
    let name = world.accounts.get(account).map_or(account, |account| &account.name);
    Refusal::conflict("ADMIN_ACCESS_MUST_EXIST", format!("account {name} would have no admin"))
}

fn held_roles<'a>(world: &'a World, caller: &Principal, account: &str) -> Vec<&'a Role> {
    let mut held = BTreeSet::new();
    for place in world.lineage(account) {
        let roles = match caller {
            Principal::Key(key) => {
                world.keys.get(key).filter(|key| key.account == place.id).map(|key| &key.roles)
            }
            Principal::User(user) => world.member(&place.id, user).map(|member| &member.roles),
        };
        held.extend(roles.into_iter().flatten());
    }
    held.into_iter().filter_map(|role| world.roles.get(role)).collect()
}
