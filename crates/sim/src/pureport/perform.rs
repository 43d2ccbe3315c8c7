//! Carries acts out: finds what they name, then does what a request would do.

use std::collections::{BTreeMap, BTreeSet};

use super::act::Act;
use super::answer::Refusal;
use super::token::{self, Use};
use super::world::{Account, Invite, Permissions, Principal, Record, Role, User, World};
use super::{accounts, invites, members, roles, users};
use crate::frame::{ActError, ActResult};
use crate::ids;

/// Carries an act out.
pub(crate) fn perform(world: &mut World, act: Act) -> Result<ActResult, ActError> {
    match act {
        Act::Accept { email, account } => {
            let account = account.map(|name| account_id(world, &name)).transpose()?;
            accept(world, &email, account.as_deref())
        }
        Act::AcceptAll { except, seed } => accept_all(world, except, seed),
        Act::AddMember { account, email, roles } => {
            let account = account_id(world, &account)?;
            let roles = role_ids(world, &account, &roles)?;
            let user = known_or_new(world, &email)?;
            members::create(world, &account, &user, roles)?;
            Ok(one(user))
        }
        Act::SetMemberRoles { account, email, roles } => {
            let account = account_id(world, &account)?;
            let roles = role_ids(world, &account, &roles)?;
            let user = user(world, &email)?.id.clone();
            members::set_roles(world, &account, &user, roles)?;
            Ok(one(user))
        }
        Act::RemoveMember { account, email } => {
            let account = account_id(world, &account)?;
            let user = user(world, &email)?.id.clone();
            members::remove(world, &account, &user)?;
            Ok(one(user))
        }
        Act::Invite { account, email, roles } => {
            let account = account_id(world, &account)?;
            let roles = role_ids(world, &account, &roles)?;
            let founder = Principal::User(world.origin.founder.clone());
            Ok(one(match invites::create(world, &account, &email, roles, &founder)? {
                invites::Invited::Waiting(invite) => invite.id,
                invites::Invited::Joined(_, member) => member.user,
            }))
        }
        Act::WithdrawInvite { account, email } => {
            let waiting = invites_in(world, &account, &email)?;
            for invite in &waiting {
                invites::remove(world, &invite.account, &invite.id)?;
            }
            Ok(ActResult { count: waiting.len(), ..ActResult::default() })
        }
        Act::ExpireInvite { account, email } => {
            let waiting = invites_in(world, &account, &email)?;
            let count = waiting.len();
            for invite in waiting {
                invites::replace(world, Invite { expired: true, ..invite });
            }
            Ok(ActResult { count, ..ActResult::default() })
        }
        Act::CreateAccount { parent, name } => {
            let parent = account_id(world, &parent)?;
            let account = accounts::new(world, Some(parent), name);
            Ok(one(accounts::create(world, account).id))
        }
        Act::SignUp { name, email } => {
            let account = accounts::new(world, None, name);
            let account = accounts::create(world, account).id;
            let user = known_or_new(world, &email)?;
            let roles = role_ids(world, &account, &[roles::ADMIN.to_owned()])?;
            members::create(world, &account, &user, roles)?;
            Ok(one(account))
        }
        Act::RenameAccount { account, name } => {
            let account = found_account(world, &account)?.clone();
            let id = account.id.clone();
            accounts::replace(world, Account { name, ..account });
            Ok(one(id))
        }
        Act::DeleteAccount { account } => {
            let account = account_id(world, &account)?;
            accounts::remove(world, &account)?;
            Ok(one(account))
        }
        Act::SetPorts { account, ports } => {
            let account = found_account(world, &account)?.clone();
            let id = account.id.clone();
            world.put(Record::Account(Account { ports, ..account }));
            Ok(one(id))
        }
        Act::CreateRole { account, name, permissions } => {
            let account = account_id(world, &account)?;
            Ok(one(roles::create(world, &account, &name, None, cells(&permissions))?.id))
        }
        Act::RenameRole { account, role, name } => edit_role(world, &account, &role, |role| role.name = name),
        Act::SetRolePermissions { account, role, permissions } => {
            edit_role(world, &account, &role, |role| role.permissions = cells(&permissions))
        }
        Act::DeleteRole { account, role } => {
            let account = account_id(world, &account)?;
            let role = role_id(world, &account, &role)?;
            roles::remove(world, &account, &role)?;
            Ok(one(role))
        }
        Act::CreateUser { email } => Ok(one(users::create(world, &email)?.id)),
        Act::ChangeEmail { email, to } => {
            let user = User { email: to, ..user(world, &email)?.clone() };
            let id = user.id.clone();
            users::replace(world, user)?;
            Ok(one(id))
        }
        Act::HideUser { email } => {
            let user = User { hidden: true, ..user(world, &email)?.clone() };
            let id = user.id.clone();
            users::replace(world, user)?;
            Ok(one(id))
        }
        Act::DescribeAccount { account, description, tags, technical_contacts } => {
            let account = found_account(world, &account)?.clone();
            let id = account.id.clone();
            accounts::replace(
                world,
                Account {
                    description: description.or(account.description.clone()),
                    tags: tags.or(account.tags.clone()),
                    technical_contacts: technical_contacts.or(account.technical_contacts.clone()),
                    ..account
                },
            );
            Ok(one(id))
        }
        Act::SignIn { email } => {
            let id = user(world, &email)?.id.clone();
            let token = token::issue(world, Principal::User(id.clone()), Use::Access);
            Ok(ActResult { count: 1, id: Some(id), token: Some(token) })
        }
        Act::SsoDomain { domain, provider } => {
            world.put(Record::Domain { domain: domain.to_lowercase(), provider });
            Ok(ActResult { count: 1, ..ActResult::default() })
        }
    }
}

fn accept(world: &mut World, email: &str, account: Option<&str>) -> Result<ActResult, ActError> {
    if world.invites_to(email).all(|invite| account.is_some_and(|account| account != invite.account)) {
        return Err(ActError::Unknown { what: "invite", name: email.to_owned() });
    }
    let user = known_or_new(world, email)?;
    let (expired, accepted) = invites::accept(world, &user, email, account);
    if accepted.is_empty() && expired > 0 {
        return Err(Refusal::conflict("CONFLICT", format!("the invite for {email} has expired")).into());
    }
    Ok(ActResult { count: accepted.len(), id: Some(user), token: None })
}

/// People are drawn one by one, by their e-mail, so that each draw is the same whoever else is invited.
fn accept_all(world: &mut World, except: f64, seed: u64) -> Result<ActResult, ActError> {
    let mut count = 0;
    for email in world.invited_emails() {
        if ids::chance(seed, &email, 0) < except {
            continue;
        }
        let user = known_or_new(world, &email)?;
        count += invites::accept(world, &user, &email, None).1.len();
    }
    Ok(ActResult { count, ..ActResult::default() })
}

fn edit_role(
    world: &mut World,
    account: &str,
    role: &str,
    edit: impl FnOnce(&mut Role),
) -> Result<ActResult, ActError> {
    let account = account_id(world, account)?;
    let id = role_id(world, &account, role)?;
    let mut role = roles::find(world, &account, &id)?.clone();
    edit(&mut role);
    roles::replace(world, role)?;
    Ok(one(id))
}

fn known_or_new(world: &mut World, email: &str) -> Result<String, ActError> {
    match world.user_by_email(email) {
        Some(user) => Ok(user.id.clone()),
        None => {
            // The address as the invite has it, not as a draw lowered it.
            let written = world.invites_to(email).next().map(|invite| invite.email.clone());
            Ok(users::create(world, &written.unwrap_or_else(|| email.to_owned()))?.id)
        }
    }
}

fn found_account<'a>(world: &'a World, name: &str) -> Result<&'a Account, ActError> {
    if let Some(account) = world.accounts.get(name) {
        return Ok(account);
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let named = |account: &&Account| {
        let mut lineage: Vec<&str> =
            world.lineage(&account.id).into_iter().map(|account| account.name.as_str()).collect();
        lineage.reverse();
        account.name == name || (account.name == last && lineage.join("/") == name)
    };
    let mut found = world.accounts.values().filter(named);
    match (found.next(), found.next()) {
        (Some(account), None) => Ok(account),
        _ => Err(ActError::Unknown { what: "account", name: name.to_owned() }),
    }
}

fn account_id(world: &World, name: &str) -> Result<String, ActError> {
    found_account(world, name).map(|account| account.id.clone())
}

fn role_ids(world: &World, account: &str, names: &[String]) -> Result<BTreeSet<String>, ActError> {
    let id = |name: &String| {
        let id = role_id(world, account, name)?;
        let role = world.roles.get(&id).ok_or_else(|| Refusal::not_found("role", &id))?;
        roles::usable(world, account, role)?;
        Ok(id)
    };
    names.iter().map(id).collect()
}

fn role_id(world: &World, account: &str, name: &str) -> Result<String, ActError> {
    if world.roles.contains_key(name) {
        return Ok(name.to_owned());
    }
    let nearest = world.lineage(account).into_iter().find_map(|place| {
        let named: Vec<_> = world.roles_of(&place.id).filter(|role| role.name == name).collect();
        (!named.is_empty()).then_some(named)
    });
    match nearest.as_deref() {
        Some([role]) => Ok(role.id.clone()),
        _ => Err(ActError::Unknown { what: "role", name: name.to_owned() }),
    }
}

fn user<'a>(world: &'a World, email: &str) -> Result<&'a User, ActError> {
    world.user_by_email(email).ok_or_else(|| ActError::Unknown { what: "user", name: email.to_owned() })
}

fn invites_in(world: &World, account: &str, email: &str) -> Result<Vec<Invite>, ActError> {
    let account = account_id(world, account)?;
    let found: Vec<Invite> =
        world.invites_to(email).filter(|invite| invite.account == account).cloned().collect();
    if found.is_empty() {
        return Err(ActError::Unknown { what: "invite", name: email.to_owned() });
    }
    Ok(found)
}

fn cells(permissions: &BTreeMap<String, Vec<String>>) -> Permissions {
    let row = |actions: &Vec<String>| actions.iter().map(|action| (action.clone(), true)).collect();
    permissions.iter().map(|(resource, actions)| (resource.clone(), row(actions))).collect()
}

fn one(id: String) -> ActResult {
    ActResult { count: 1, id: Some(id), token: None }
}
