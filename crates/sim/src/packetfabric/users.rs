//! Users (packetfabric contract, section 4).

use serde::Deserialize;

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Query};
use super::groups;
use super::routes::{Call, Caller};
use super::switches::{DeletedUser, Recreate};
use super::world::{Invite, Record, User, World};
use super::{activity, view};
use crate::frame::Mail;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    login: Option<String>,
    password: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    timezone: Option<String>,
    group: Option<String>,
    groups: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    password: Option<String>,
    phone: Option<String>,
    login: Option<String>,
    timezone: Option<String>,
    disabled: Option<bool>,
    group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    new_password: Option<String>,
    old_password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestReset {
    user_login: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    new_password: Option<String>,
    rt: Option<String>,
}

/// `GET /v2/users`.
pub(crate) fn list(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let query = Query::read(call.query.as_deref(), &["q"])?;
    let wanted = query.one("q")?.unwrap_or("").to_lowercase();
    let fits = |user: &&User| {
        let texts = [&user.first_name, &user.last_name, &user.email];
        texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    };
    Ok(Answer::List(world.live().filter(fits).map(view::user).collect()))
}

/// `POST /v2/users`.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let body: Create = body::read(&call.headers, &call.body)?;
    let password = body::required(body.password, "password")?;
    body::sized(Some(&password), "password", 8, 64)?;
    let group = body::required(body.group, "group")?;
    groups::known(&group, "group")?;
    for group in body.groups.iter().flatten() {
        groups::known(group, "groups")?;
    }
    let user = User {
        uuid: String::new(),
        login: body::required(body.login, "login")?,
        email: body::required(body.email, "email")?,
        first_name: body::required(body.first_name, "first_name")?,
        last_name: body::required(body.last_name, "last_name")?,
        phone: body::required(body.phone, "phone")?,
        timezone: body::required(body.timezone, "timezone")?,
        groups: [group].into(),
        password,
        disabled: false,
        mfa: false,
        deleted: false,
    };
    let user = create(world, user)?;
    activity::note(world, &caller.login, "user", "user.create", format!("{} was created", user.login));
    Ok(Answer::Created(view::user(&user)))
}

/// `GET /v2/users/{user_login}`, and by uuid: one path, two readings.
pub(crate) fn get(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let deleted = || {
        let readable = world.switches.deleted_user == DeletedUser::Readable;
        world.users.get(call.param(0)).filter(|_| readable)
    };
    match world.user(call.param(0)).or_else(deleted) {
        Some(user) => Ok(Answer::Value(view::user(user))),
        None => Err(Refusal::not_found(&call.path)),
    }
}

/// `PATCH /v2/users/{user_login}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    let before = in_path(world, call)?.clone();
    if before.uuid != caller.user {
        caller.require_admin()?;
    }
    let Patch { first_name, last_name, email, password, phone, login, timezone, disabled, group } =
        body::read(&call.headers, &call.body)?;
    if email.is_some() && password.as_deref() != Some(before.password.as_str()) {
        return Err(Refusal::at("password", "the user's own password is needed to change the e-mail"));
    }
    let user = User {
        first_name: first_name.unwrap_or_else(|| before.first_name.clone()),
        last_name: last_name.unwrap_or_else(|| before.last_name.clone()),
        email: email.unwrap_or_else(|| before.email.clone()),
        phone: phone.unwrap_or_else(|| before.phone.clone()),
        login: login.unwrap_or_else(|| before.login.clone()),
        timezone: timezone.unwrap_or_else(|| before.timezone.clone()),
        disabled: disabled.unwrap_or(before.disabled),
        ..before.clone()
    };
    check(&user)?;
    taken(world, &user)?;
    if user.disabled && !before.disabled {
        groups::keep_an_admin(world, &before, Some(caller))?;
    }
    if let Some(group) = &group {
        caller.require_admin()?;
        groups::known(group, "group")?;
        if group != "admin" {
            groups::keep_an_admin(world, &before, Some(caller))?;
        }
    }
    // Whatever is edited of one who is in several groups, one remains (section 5).
    let group =
        group.or_else(|| (before.groups.len() > 1).then(|| groups::effective(&before.groups).to_owned()));
    let groups = group.map_or_else(|| before.groups.clone(), |group| [group].into());
    let user = User { groups, ..user };
    world.put(Record::User(user.clone()));
    activity::note(world, &caller.login, "user", "user.update", format!("{} was changed", user.login));
    Ok(Answer::Value(view::user(&user)))
}

/// `DELETE /v2/users/{user_login}`: the user stays in the database, for ever.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let user = in_path(world, call)?.clone();
    groups::keep_an_admin(world, &user, Some(caller))?;
    remove(world, user, &caller.login);
    Ok(Answer::Done("User deleted."))
}

/// `PATCH /v2/users/{user_login}/password`: there is no reset by an admin.
pub(crate) fn change_password(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    let user = in_path(world, call)?.clone();
    if user.uuid != caller.user {
        caller.require_admin()?;
    }
    let body: Password = body::read(&call.headers, &call.body)?;
    let new = body::required(body.new_password, "new_password")?;
    let old = body::required(body.old_password, "old_password")?;
    body::sized(Some(&new), "new_password", 8, 64)?;
    if old != user.password {
        return Err(Refusal::at("old_password", "is wrong"));
    }
    world.put(Record::User(User { password: new, ..user }));
    Ok(Answer::Done("Password changed."))
}

/// `POST /v2/users/request-password-reset`: mails whoever it is, and tells nobody whether they exist.
pub(crate) fn request_reset(world: &mut World, call: &Call) -> Answered {
    let body: RequestReset = body::read(&call.headers, &call.body)?;
    let login = body::required(body.user_login, "user_login")?;
    if let Some(to) = world.user(&login).map(|user| user.email.clone()) {
        mail(world, &to, "password-reset");
    }
    Ok(Answer::Done("If the user exists, a mail was sent."))
}

/// `POST /v2/users/reset-password`: the token is in the mail only, which nobody here can read.
pub(crate) fn reset(_world: &mut World, call: &Call) -> Answered {
    let body: Reset = body::read(&call.headers, &call.body)?;
    body::required(body.new_password, "new_password")?;
    body::required(body.rt, "rt")?;
    Err(Refusal::at("rt", "is unknown or expired"))
}

/// Checks a new user, keeps it, and marks the invites of its e-mail as done.
pub(crate) fn create(world: &mut World, user: User) -> Result<User, Refusal> {
    check(&user)?;
    taken(world, &user)?;
    let user = User { uuid: world.new_uuid(), ..user };
    world.put(Record::User(user.clone()));
    let now = world.now();
    let waiting =
        |invite: &&Invite| invite.email.eq_ignore_ascii_case(&user.email) && invite.user_created.is_none();
    let waiting: Vec<Invite> = world.invites.iter().filter(waiting).cloned().collect();
    for invite in waiting {
        world.put(Record::Invite(Invite { user_created: Some(now), updated: now, ..invite }));
    }
    Ok(user)
}

/// Deletes a user, whose keys and sessions end.
pub(crate) fn remove(world: &mut World, user: User, by: &str) {
    let message = format!("{} was deleted", user.login);
    world.put(Record::User(User { deleted: true, ..user }));
    activity::note(world, by, "user", "user.delete", message);
}

/// Keeps a mail, if it can be sent.
pub(crate) fn mail(world: &mut World, to: &str, kind: &str) -> bool {
    if world.undeliverable.contains(&to.to_lowercase()) {
        return false;
    }
    let (account, at) = (world.customer.uuid.clone(), world.now());
    world.put(Record::Mail(Mail { to: to.to_owned(), kind: kind.to_owned(), account, at }));
    true
}

/// The user in the path.
pub(crate) fn in_path<'a>(world: &'a World, call: &Call) -> Result<&'a User, Refusal> {
    world.user(call.param(0)).ok_or_else(|| Refusal::not_found(&call.path))
}

fn check(user: &User) -> Result<(), Refusal> {
    body::sized(Some(&user.login), "login", 1, 255)?;
    body::sized(Some(&user.first_name), "first_name", 1, 255)?;
    body::sized(Some(&user.last_name), "last_name", 1, 255)?;
    body::email(&user.email, "email")?;
    body::phone(&user.phone, "phone")?;
    body::timezone(&user.timezone, "timezone")?;
    if is_uuid(&user.login) {
        return Err(Refusal::at("login", "looks like a uuid"));
    }
    Ok(())
}

/// Refuses a login or an e-mail that somebody else has or had.
fn taken(world: &World, user: &User) -> Result<(), Refusal> {
    let namesakes = [world.namesake(&user.login, ""), world.namesake("", &user.email)];
    match namesakes.into_iter().flatten().find(|other| other.uuid != user.uuid) {
        None => Ok(()),
        Some(other) if other.deleted => {
            let status = match world.switches.recreate {
                Recreate::BadRequest => 400,
                Recreate::Conflict => 409,
            };
            Err(Refusal::new(status, "A user with this login or email was deleted; contact support."))
        }
        Some(_) => Err(Refusal::bad("A user with this login or email already exists.")),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.chars().enumerate().all(|(place, letter)| match place {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_hexdigit(),
        })
}
