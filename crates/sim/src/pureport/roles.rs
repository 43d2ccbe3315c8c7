//! Roles of an account (pureport contract, section 6).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::access::{self, ACTIONS, RESOURCES};
use super::accounts;
use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Link, Query};
use super::routes::Call;
use super::switches::{AdminRole, ChildRoles, ParentRole, RoleInUse, RoleNames};
use super::view;
use super::world::{Holder, Permissions, Principal, Record, Role, World};

/// The name of the role that each account is born with.
pub(crate) const ADMIN: &str = "Admin";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    id: Option<String>,
    account: Option<Link>,
    name: Option<String>,
    description: Option<String>,
    permissions: Option<Permissions>,
    #[serde(rename = "href")]
    _href: Option<String>,
}

impl Body {
    fn read(call: &Call) -> Result<Self, Refusal> {
        let body: Body = body::read_json(&call.headers, &call.body)?;
        body::required(body.account.as_ref(), "account")?.is_account(call.param(0))?;
        body::required(body.name.as_ref(), "name")?;
        body::sized(body.name.as_deref(), "name", 1, usize::MAX)?;
        body::sized(body.description.as_deref(), "description", 0, 256)?;
        known_cells(body.permissions.as_ref())?;
        Ok(body)
    }
}

/// `GET /accounts/{accountId}/roles`.
pub(crate) fn list(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let id = call.param(0);
    access::require(world, caller, id, "roles", "read")?;
    Query::read(call.query.as_deref(), &[])?;
    let places: Vec<&str> = match world.switches.child_roles {
        ChildRoles::Own => vec![id],
        ChildRoles::Inherited => world.lineage(id).into_iter().map(|account| account.id.as_str()).collect(),
    };
    let roles = places.into_iter().flat_map(|place| world.roles_of(place));
    Ok(Answer::List(roles.map(|role| (role.id.clone(), view::role(world, role))).collect()))
}

/// `POST /accounts/{accountId}/roles`.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let account = call.param(0);
    access::require(world, caller, account, "roles", "create")?;
    let body = Body::read(call)?;
    let role = create(
        world,
        account,
        &body.name.unwrap_or_default(),
        body.description,
        body.permissions.unwrap_or_default(),
    )?;
    Ok(Answer::Created { location: view::role_href(&role), body: view::role(world, &role) })
}

/// `GET /accounts/{accountId}/roles/{roleId}`.
pub(crate) fn get(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let (account, id) = (call.param(0), call.param(1));
    access::require(world, caller, account, "roles", "read")?;
    let inherited = world.switches.child_roles == ChildRoles::Inherited;
    let role = world.roles.get(id).filter(|role| {
        role.account == account
            || (inherited && world.lineage(account).iter().any(|place| place.id == role.account))
    });
    let role = role.ok_or_else(|| Refusal::not_found("role", id))?;
    Ok(Answer::Value(view::role(world, role)))
}

/// `PUT /accounts/{accountId}/roles/{roleId}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let (account, id) = (call.param(0), call.param(1));
    access::require(world, caller, account, "roles", "update")?;
    let mut role = find(world, account, id)?.clone();
    let body = Body::read(call)?;
    accounts::same_id(body.id.as_deref(), id)?;
    role.name = body.name.unwrap_or_default();
    role.description = call.omitted(world, body.description, role.description);
    role.permissions = call.omitted(world, body.permissions, Some(role.permissions)).unwrap_or_default();
    replace(world, role.clone())?;
    Ok(Answer::Value(view::role(world, &role)))
}

/// `DELETE /accounts/{accountId}/roles/{roleId}`.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "roles", "delete")?;
    remove(world, call.param(0), call.param(1))?;
    Ok(Answer::Gone)
}

/// Makes a custom role.
pub(crate) fn create(
    world: &mut World,
    account: &str,
    name: &str,
    description: Option<String>,
    permissions: Permissions,
) -> Result<Role, Refusal> {
    known_cells(Some(&permissions))?;
    free_name(world, account, name, None)?;
    let role = Role {
        id: world.new_id("role-"),
        account: account.to_owned(),
        name: name.to_owned(),
        description,
        permissions,
        predefined: false,
    };
    world.put(Record::Role(role.clone()));
    let after = view::role(world, &role);
    world.note("ROLE_CREATE", account, "ROLE", view::role_link(world, &role.id), None, Some(after));
    Ok(role)
}

/// Puts a changed role in the place of the one with its id.
pub(crate) fn replace(world: &mut World, role: Role) -> Result<(), Refusal> {
    let before = find(world, &role.account, &role.id)?;
    unlocked(world, before)?;
    known_cells(Some(&role.permissions))?;
    free_name(world, &role.account, &role.name, Some(&role.id))?;
    if access::is_full(before) && !access::is_full(&role) {
        admins_remain_without(world, &role.id)?;
    }
    let before = view::role(world, before);
    let after = view::role(world, &role);
    let (account, subject) = (role.account.clone(), view::role_link(world, &role.id));
    world.put(Record::Role(role));
    world.note("ROLE_UPDATE", &account, "ROLE", subject, Some(before), Some(after));
    Ok(())
}

/// Deletes a role; what happens if someone holds it says the switch `role-in-use`.
pub(crate) fn remove(world: &mut World, account: &str, id: &str) -> Result<(), Refusal> {
    let role = find(world, account, id)?.clone();
    unlocked(world, &role)?;
    let holders: Vec<Holder> = world.holders(id).cloned().collect();
    if !holders.is_empty() {
        if world.switches.role_in_use == RoleInUse::Conflict {
            let message = format!("role {} is held {} times", role.name, holders.len());
            return Err(Refusal::conflict("CONFLICT", message));
        }
        if access::is_full(&role) {
            admins_remain_without(world, id)?;
        }
    }
    holders.iter().for_each(|holder| take_from(world, holder, id));
    let (before, subject) = (view::role(world, &role), view::role_link(world, id));
    world.put(Record::RoleGone(id.to_owned()));
    world.note("ROLE_DELETE", account, "ROLE", subject, Some(before), None);
    Ok(())
}

/// The roles that links name; each must be the account's own or, by the switch `parent-role`, an ancestor's.
pub(crate) fn linked(world: &World, account: &str, links: &[Link]) -> Result<BTreeSet<String>, Refusal> {
    links.iter().map(|link| linked_role(world, account, link)).collect()
}

/// Checks that a role may be held in an account.
pub(crate) fn usable(world: &World, account: &str, role: &Role) -> Result<(), Refusal> {
    let own = role.account == account;
    let inherited = world.switches.parent_role == ParentRole::Allowed
        && world.lineage(account).iter().any(|place| place.id == role.account);
    if own || inherited {
        Ok(())
    } else {
        Err(Refusal::invalid_link(format!("roles: role {} is not for account {account}", role.id)))
    }
}

/// The account's own role with this id, or 404.
pub(crate) fn find<'a>(world: &'a World, account: &str, id: &str) -> Result<&'a Role, Refusal> {
    let role = world.roles.get(id).filter(|role| role.account == account);
    role.ok_or_else(|| Refusal::not_found("role", id))
}

/// Permissions with the named cells true.
pub(crate) fn grid(rows: &[(&str, &[&str])]) -> Permissions {
    let row = |actions: &[&str]| actions.iter().map(|action| ((*action).to_owned(), true)).collect();
    rows.iter().map(|(resource, actions)| ((*resource).to_owned(), row(actions))).collect()
}

fn linked_role(world: &World, account: &str, link: &Link) -> Result<String, Refusal> {
    let is_role = |prefix: &str| prefix.starts_with("/accounts/") && prefix.ends_with("/roles");
    let id = link.target("roles", is_role)?;
    let role = world.roles.get(id).filter(|role| link.href.as_deref() == Some(&view::role_href(role)));
    let role = role.ok_or_else(|| Refusal::invalid_link(format!("roles: role {id} not found there")))?;
    usable(world, account, role)?;
    Ok(id.to_owned())
}

fn known_cells(permissions: Option<&Permissions>) -> Result<(), Refusal> {
    for (resource, row) in permissions.into_iter().flatten() {
        if !RESOURCES.contains(&resource.as_str()) {
            return Err(Refusal::invalid(format!("permissions: no resource `{resource}`")));
        }
        if let Some(action) = row.keys().find(|action| !ACTIONS.contains(&action.as_str())) {
            return Err(Refusal::invalid(format!("permissions: no action `{action}`")));
        }
    }
    Ok(())
}

fn free_name(world: &World, account: &str, name: &str, but: Option<&str>) -> Result<(), Refusal> {
    let taken = |role: &Role| role.name == name && Some(role.id.as_str()) != but;
    if world.switches.role_names == RoleNames::Unique && world.roles_of(account).any(taken) {
        return Err(Refusal::conflict("CONFLICT", format!("account {account} has a role named {name}")));
    }
    Ok(())
}

fn unlocked(world: &World, role: &Role) -> Result<(), Refusal> {
    if role.predefined && world.switches.admin_role == AdminRole::Locked {
        return Err(Refusal::not_allowed("the predefined role Admin can't be changed or deleted"));
    }
    Ok(())
}

/// Refuses if an account where members hold this role has no other admin.
fn admins_remain_without(world: &World, id: &str) -> Result<(), Refusal> {
    let accounts: BTreeSet<&str> = world
        .holders(id)
        .filter_map(|holder| match holder {
            Holder::Member { account, user: _ } => Some(account.as_str()),
            Holder::Invite { .. } | Holder::Key { .. } => None,
        })
        .collect();
    let is_other_admin = |role: &Role| role.id != id && access::is_full(role);
    let bare = accounts.into_iter().find(|account| !access::has_admin(world, account, is_other_admin, None));
    bare.map_or(Ok(()), |account| Err(access::no_admin_left(world, account)))
}

fn take_from(world: &mut World, holder: &Holder, role: &str) {
    let record = match holder {
        Holder::Member { account, user } => world.member(account, user).cloned().map(|mut member| {
            member.roles.remove(role);
            Record::Member(member)
        }),
        Holder::Invite { account, id } => world.invite(account, id).cloned().map(|mut invite| {
            invite.roles.remove(role);
            Record::Invite(invite)
        }),
        Holder::Key { account: _, key } => world.keys.get(key).cloned().map(|mut key| {
            key.roles.remove(role);
            Record::Key(key)
        }),
    };
    if let Some(record) = record {
        world.put(record);
    }
}
