//! Carries acts out: finds who they name, then does what a request would do.

use std::collections::BTreeSet;

use super::act::Act;
use super::world::{Customer, Invite, Key, Record, User, World};
use super::{groups, invites, sessions, users};
use crate::frame::{ActError, ActResult};
use crate::ids;

/// Carries an act out.
pub(crate) fn perform(world: &mut World, act: Act) -> Result<ActResult, ActError> {
    let by = super::genesis::founder(world);
    match act {
        Act::Accept { email, group } => {
            let invite = waiting(world, &email, group.as_deref())?;
            let user = invites::complete(world, &invite, person(&email))?;
            Ok(one(user.uuid))
        }
        Act::AcceptAll { except, seed } => Ok(accept_all(world, except, seed)),
        Act::AddUser { email, group } => {
            groups::known(&group, "group")?;
            let user = User { login: email.clone(), groups: [group].into(), ..person(&email) };
            let user = users::create(world, User { email, ..user })?;
            Ok(one(user.uuid))
        }
        Act::SetGroup { email, group } => {
            let user = find(world, &email)?;
            let user = groups::set(world, &by, user, &group, None)?;
            Ok(one(user.uuid))
        }
        Act::SetLegacyGroups { email, groups: wanted } => {
            for group in &wanted {
                groups::known(group, "groups")?;
            }
            edit(world, &email, |user| user.groups = wanted.into_iter().collect())
        }
        Act::DeleteUser { email } => {
            let user = find(world, &email)?;
            groups::keep_an_admin(world, &user, None)?;
            let uuid = user.uuid.clone();
            users::remove(world, user, &by);
            Ok(one(uuid))
        }
        Act::SetDisabled { email, disabled } => edit(world, &email, |user| user.disabled = disabled),
        Act::Invite { email, group } => {
            groups::known(&group, "group")?;
            invites::send(world, &email, &group, &by);
            Ok(ActResult { count: 1, ..ActResult::default() })
        }
        Act::ChangeEmail { email, to } => edit(world, &email, |user| user.email = to),
        Act::ChangeLogin { email, login } => edit(world, &email, |user| user.login = login),
        Act::EnableMfa { email } => edit(world, &email, |user| user.mfa = true),
        Act::BreakMail { email } => {
            world.put(Record::Undeliverable(email.to_lowercase()));
            Ok(ActResult { count: 1, ..ActResult::default() })
        }
        Act::RenameCustomer { name } => {
            let updated = world.now();
            world.put(Record::Customer(Customer { name, updated, ..world.customer.clone() }));
            Ok(one(world.customer.uuid.clone()))
        }
        Act::MakeKey { email, name } => {
            let user = find(world, &email)?.uuid;
            let (uuid, token) = (world.new_uuid(), sessions::key_token(world));
            world.put(Record::Key(Key {
                uuid: uuid.clone(),
                user,
                name,
                token: token.clone(),
                expires: None,
            }));
            Ok(ActResult { token: Some(token), ..one(uuid) })
        }
        Act::SignIn { email } => {
            let user = find(world, &email)?;
            let session = sessions::open(world, &user);
            world.put(Record::Session(session.clone()));
            Ok(ActResult { token: Some(session.token), ..one(user.uuid) })
        }
    }
}

fn accept_all(world: &mut World, except: f64, seed: u64) -> ActResult {
    let waiting = world.invites.iter().filter(|invite| invite.user_created.is_none());
    let emails: BTreeSet<String> = waiting.map(|invite| invite.email.to_lowercase()).collect();
    let mut count = 0;
    for (draw, email) in (1..).zip(emails) {
        if ids::chance(seed, "accept", draw) >= except
            && let Ok(invite) = self::waiting(world, &email, None)
            && invites::complete(world, &invite, person(&email)).is_ok()
        {
            count += 1;
        }
    }
    ActResult { count, ..ActResult::default() }
}

fn waiting(world: &World, email: &str, group: Option<&str>) -> Result<Invite, ActError> {
    let fits = |invite: &&Invite| {
        invite.email.eq_ignore_ascii_case(email)
            && invite.user_created.is_none()
            && group.is_none_or(|group| group == invite.group)
    };
    let unknown = || ActError::Unknown { what: "invite", name: email.to_owned() };
    world.invites.iter().find(fits).cloned().ok_or_else(unknown)
}

fn edit(world: &mut World, email: &str, edit: impl FnOnce(&mut User)) -> Result<ActResult, ActError> {
    let mut user = find(world, email)?;
    edit(&mut user);
    let uuid = user.uuid.clone();
    world.put(Record::User(user));
    Ok(one(uuid))
}

fn find(world: &World, email: &str) -> Result<User, ActError> {
    let unknown = || ActError::Unknown { what: "user", name: email.to_owned() };
    world.user_by_email(email).cloned().ok_or_else(unknown)
}

/// Somebody with a name made from their e-mail.
fn person(email: &str) -> User {
    let local = email.split('@').next().unwrap_or(email);
    let mut letters = local.chars();
    let first_name =
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    User { first_name, last_name: "Example".to_owned(), ..invites::nobody() }
}

fn one(id: String) -> ActResult {
    ActResult { count: 1, id: Some(id), token: None }
}
