//! Groups: fixed, five of them, one per user but for legacy ones (packetfabric contract, section 5).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::routes::{Call, Caller};
use super::switches::LastAdmin;
use super::world::{Record, User, World};
use super::{activity, users, view};

/// All groups, weakest first: of several the lowest counts.
pub(crate) const GROUPS: [&str; 5] = ["read-only", "sales", "support", "regular", "admin"];

const PERMISSIONS: [(&str, &[&str]); 5] = [
    ("user/user.create", &["admin"]),
    ("user/user.delete", &["admin"]),
    ("services/service.create", &["admin", "regular"]),
    ("services/service.read", &["admin", "regular", "read-only", "support", "sales"]),
    ("billing/billing.read", &["admin", "regular", "read-only", "sales"]),
];

/// The group whose rights count.
pub(crate) fn effective(groups: &BTreeSet<String>) -> &'static str {
    GROUPS.into_iter().find(|group| groups.contains(*group)).unwrap_or(GROUPS[0])
}

/// A group that exists.
pub(crate) fn known(group: &str, path: &str) -> Result<(), Refusal> {
    if GROUPS.contains(&group) { Ok(()) } else { Err(Refusal::at(path, format!("'{group}' is not a group"))) }
}

/// `GET /v2/groups`.
pub(crate) fn list(_world: &mut World, _call: &Call, _caller: &Caller) -> Answered {
    let group = |name: &&str| {
        let base = format!("https://api.packetfabric.com/v2/groups/{name}");
        let links = json!({ "permissions": format!("{base}/permissions"), "users": format!("{base}/users") });
        json!({ "name": name, "_links": links })
    };
    Ok(Answer::Value(GROUPS.iter().map(group).collect()))
}

/// `GET /v2/groups/{group_name}/users`.
pub(crate) fn users_of(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let group = in_path(call, 0)?;
    Ok(Answer::Value(world.live().filter(|user| user.groups.contains(&group)).map(view::user).collect()))
}

/// `GET /v2/groups/{group_name}/permissions`.
pub(crate) fn permissions(_world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let group = in_path(call, 0)?;
    let permission = |(key, groups): &(&str, &[&str])| json!({ "permission_key": key, "has_permission": groups.contains(&group.as_str()) });
    Ok(Answer::Value(PERMISSIONS.iter().map(permission).collect()))
}

/// `GET /v2/users/{user_login}/groups`, deprecated.
pub(crate) fn of_user(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let user = users::in_path(world, call)?;
    Ok(Answer::Value(user.groups.iter().map(|group| Value::from(group.as_str())).collect()))
}

/// `POST /v2/users/{user_login}/groups/{group_name}`, deprecated: adding removes from the present one.
pub(crate) fn put_in(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let user = users::in_path(world, call)?.clone();
    let group = in_path(call, 1)?;
    set(world, &caller.login, user, &group, Some(caller))?;
    Ok(Answer::Done("Group added."))
}

/// `DELETE /v2/users/{user_login}/groups/{group_name}`, deprecated: the last one can't be taken.
pub(crate) fn take_out(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let mut user = users::in_path(world, call)?.clone();
    let group = in_path(call, 1)?;
    if !user.groups.contains(&group) {
        return Err(Refusal::bad("The user is not in this group."));
    }
    if user.groups.len() == 1 {
        return Err(Refusal::bad("The last group of a user can't be removed."));
    }
    user.groups.remove(&group);
    let message = format!("{} is not in {group} any more", user.login);
    world.put(Record::User(user));
    activity::note(world, &caller.login, "user", "user.group", message);
    Ok(Answer::Done("Group removed."))
}

/// Makes a group the only one of a user.
pub(crate) fn set(
    world: &mut World,
    by: &str,
    user: User,
    group: &str,
    caller: Option<&Caller>,
) -> Result<User, Refusal> {
    known(group, "group")?;
    if group != "admin" {
        keep_an_admin(world, &user, caller)?;
    }
    let message = format!("{} is now in {group}", user.login);
    let user = User { groups: [group.to_owned()].into(), ..user };
    world.put(Record::User(user.clone()));
    activity::note(world, by, "user", "user.group", message);
    Ok(user)
}

/// Refuses, by the switch `last-admin`, to take the admin right of the last admin, or of the caller.
pub(crate) fn keep_an_admin(world: &World, user: &User, caller: Option<&Caller>) -> Result<(), Refusal> {
    let is_admin = |user: &User| effective(&user.groups) == "admin" && !user.disabled;
    if world.switches.last_admin == LastAdmin::Unprotected || !is_admin(user) {
        return Ok(());
    }
    if caller.is_some_and(|caller| caller.user == user.uuid) {
        return Err(Refusal::bad("You can't take your own admin right."));
    }
    if world.live().filter(|other| is_admin(other)).nth(1).is_none() {
        return Err(Refusal::bad("The last admin must stay."));
    }
    Ok(())
}

fn in_path(call: &Call, n: usize) -> Result<String, Refusal> {
    let group = call.param(n);
    if GROUPS.contains(&group) { Ok(group.to_owned()) } else { Err(Refusal::not_found(&call.path)) }
}
