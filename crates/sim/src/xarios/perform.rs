//! Carries acts out: finds what they name, then does what a request would do.

use super::act::Act;
use super::world::{Level, Record, Tenant, User, World};
use super::{genesis, oauth, tenants, users};
use crate::frame::{ActError, ActResult};
use crate::ids;

/// Carries an act out.
pub(crate) fn perform(world: &mut World, act: Act) -> Result<ActResult, ActError> {
    match act {
        Act::Activate { email } => edit(world, &email, |user| user.activated = true),
        Act::ActivateAll { except, seed } => Ok(activate_all(world, except, seed)),
        Act::AddUser { tenant, email, roles } => {
            let tenant = find_tenant(world, &tenant)?.clone();
            let name = email.split('@').next().unwrap_or(&email).to_owned();
            let user = users::assign(world, &tenant, &email, &name, roles)?;
            Ok(one(user.id))
        }
        Act::SetRoles { tenant, email, roles } => {
            let tenant = find_tenant(world, &tenant)?.clone();
            let roles = users::known_roles(world, tenant.level, roles)?;
            set_roles(world, &tenant, &email, roles)
        }
        Act::AddRole { tenant, email, role } => {
            let tenant = find_tenant(world, &tenant)?.clone();
            let mut roles = user_in(world, &tenant, &email)?.roles[&tenant.id].clone();
            roles.push(role);
            let roles = users::known_roles(world, tenant.level, roles)?;
            set_roles(world, &tenant, &email, roles)
        }
        Act::RemoveUser { tenant, email } => {
            let tenant = find_tenant(world, &tenant)?.clone();
            let user = user_in(world, &tenant, &email)?;
            let id = user.id.clone();
            users::remove(world, &tenant, user);
            Ok(one(id))
        }
        Act::ChangeEmail { email, to } => edit(world, &email, |user| user.email = to),
        Act::CreateAccount { name, reference, enabled } => {
            let account = tenants::named(world.origin.enterprise.clone(), Level::Account, name);
            let account = tenants::create(world, Tenant { reference, enabled, ..account });
            Ok(one(account.id))
        }
        Act::CreateCustomer { account, name } => {
            let account = find_tenant(world, &account)?.id.clone();
            let customer = tenants::create(world, tenants::named(account, Level::Customer, name));
            Ok(one(customer.id))
        }
        Act::RenameTenant { tenant, name } => change(world, &tenant, |tenant| tenant.name = name),
        Act::SetEnabled { tenant, enabled } => change(world, &tenant, |tenant| tenant.enabled = enabled),
        Act::DeleteTenant { tenant } => {
            let tenant = find_tenant(world, &tenant)?.clone();
            let id = tenant.id.clone();
            tenants::flag(world, tenant);
            Ok(one(id))
        }
        Act::Purge => Ok(purge(world)),
        Act::Approve { read_only } => {
            let client = if read_only { genesis::READER } else { genesis::ADMIN }.client_id;
            let grant = oauth::approve(world, client, !read_only);
            Ok(ActResult { token: Some(grant.refresh_token), ..one(grant.id) })
        }
    }
}

fn activate_all(world: &mut World, except: f64, seed: u64) -> ActResult {
    let waiting = world.users.values().filter(|user| user.mailed && !user.activated);
    let mut waiting: Vec<User> = waiting.cloned().collect();
    waiting.sort_by(|one, other| one.email.cmp(&other.email));
    let mut count = 0;
    for (draw, user) in (1..).zip(waiting) {
        if ids::chance(seed, "activate", draw) >= except {
            world.put(Record::User(User { activated: true, ..user }));
            count += 1;
        }
    }
    ActResult { count, ..ActResult::default() }
}

fn purge(world: &mut World) -> ActResult {
    let flagged = world.tenants.values().filter(|tenant| tenant.deleted.is_some());
    let flagged: Vec<Tenant> = flagged.cloned().collect();
    for tenant in &flagged {
        let there: Vec<User> = world.users_of(&tenant.id).cloned().collect();
        for user in there {
            users::remove(world, tenant, user);
        }
        world.put(Record::TenantGone(tenant.id.clone()));
    }
    ActResult { count: flagged.len(), ..ActResult::default() }
}

fn set_roles(
    world: &mut World,
    tenant: &Tenant,
    email: &str,
    roles: Vec<String>,
) -> Result<ActResult, ActError> {
    let mut user = user_in(world, tenant, email)?;
    user.roles.insert(tenant.id.clone(), roles);
    let id = user.id.clone();
    world.put(Record::User(user));
    Ok(one(id))
}

fn change(world: &mut World, name: &str, edit: impl FnOnce(&mut Tenant)) -> Result<ActResult, ActError> {
    let before = find_tenant(world, name)?.clone();
    let mut after = before.clone();
    edit(&mut after);
    tenants::change(world, &before, after);
    Ok(one(before.id))
}

fn edit(world: &mut World, email: &str, edit: impl FnOnce(&mut User)) -> Result<ActResult, ActError> {
    let mut found: Vec<User> = world.users_by_email(email).cloned().collect();
    let (Some(mut user), true) = (found.pop(), found.is_empty()) else {
        return Err(ActError::Unknown { what: "user", name: email.to_owned() });
    };
    edit(&mut user);
    let id = user.id.clone();
    world.put(Record::User(user));
    Ok(one(id))
}

fn user_in(world: &World, tenant: &Tenant, email: &str) -> Result<User, ActError> {
    let here = world.users_by_email(email).find(|user| user.roles.contains_key(&tenant.id)).cloned();
    here.ok_or_else(|| ActError::Unknown { what: "user", name: email.to_owned() })
}

fn find_tenant<'a>(world: &'a World, name: &str) -> Result<&'a Tenant, ActError> {
    if let Some(tenant) = world.tenants.get(name) {
        return Ok(tenant);
    }
    let (parent, last) = match name.rsplit_once('/') {
        Some((parent, last)) => (Some(find_tenant(world, parent)?.id.as_str()), last),
        None => (None, name),
    };
    let fits = |tenant: &&Tenant| tenant.name == last && parent.is_none_or(|parent| parent == tenant.parent);
    let mut found = world.tenants.values().filter(fits);
    match (found.next(), found.next()) {
        (Some(tenant), None) => Ok(tenant),
        _ => Err(ActError::Unknown { what: "tenant", name: name.to_owned() }),
    }
}

fn one(id: String) -> ActResult {
    ActResult { count: 1, id: Some(id), token: None }
}
