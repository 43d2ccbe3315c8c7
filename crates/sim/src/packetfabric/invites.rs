//! Invites, called team signup (packetfabric contract, section 6). They are never withdrawn and never expire.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::routes::{Call, Caller};
use super::switches::{DeletedInvite, InviteLogin, LiveInvite, SingleInvite, Undeliverable};
use super::world::{Invite, Record, User, World};
use super::{activity, body, groups, users, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    email: Option<String>,
    group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignUp {
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    timezone: Option<String>,
}

/// `POST /v2/team-invites`: an array, even for one.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let wanted: Vec<Wanted> = body::read(&call.headers, &call.body)?;
    if wanted.is_empty() {
        return Err(Refusal::bad("At least one invite is needed."));
    }
    // All are checked before one is sent: a wrong one refuses the whole array.
    let mut checked = Vec::new();
    for (index, Wanted { email, group }) in wanted.into_iter().enumerate() {
        let email = body::required(email, &format!("{index}.email"))?;
        let group = body::required(group, &format!("{index}.group"))?;
        body::email(&email, &format!("{index}.email"))?;
        groups::known(&group, &format!("{index}.group"))?;
        allowed(world, &email, &format!("{index}.email"))?;
        let undeliverable = world.undeliverable.contains(&email.to_lowercase());
        if undeliverable && world.switches.undeliverable == Undeliverable::Whole {
            return Err(Refusal::at(&format!("{index}.email"), "the mail could not be sent"));
        }
        checked.push((email, group));
    }
    let sent = checked.into_iter().map(|(email, group)| send(world, &email, &group, &caller.login));
    Ok(Answer::Created(Value::Array(sent.collect())))
}

/// `GET /v2/team-invites`.
pub(crate) fn list(world: &mut World, _call: &Call, _caller: &Caller) -> Answered {
    Ok(Answer::List(world.invites.iter().map(view::invite).collect()))
}

/// `GET /v2/team-invites/{signup_uuid}`, without a token: the uuid is the secret.
pub(crate) fn get(world: &mut World, call: &Call) -> Answered {
    let shown = view::invite(in_path(world, call)?);
    Ok(Answer::List(match world.switches.single_invite {
        SingleInvite::Array => vec![shown],
        SingleInvite::Object => return Ok(Answer::Value(shown)),
    }))
}

/// `POST /v2/team-invites/{signup_uuid}/resend`.
pub(crate) fn resend(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let invite = in_path(world, call)?.clone();
    if invite.user_created.is_some() {
        return Err(Refusal::bad("A user with this email already exists."));
    }
    if !users::mail(world, &invite.email, "resend") {
        return Err(Refusal::bad("The mail could not be sent."));
    }
    let updated = world.now();
    world.put(Record::Invite(Invite { updated, ..invite }));
    Ok(Answer::Done("Invite sent again."))
}

/// `POST /v2/team-invites/{signup_uuid}/user`, without a token: the invited person signs up.
pub(crate) fn sign_up(world: &mut World, call: &Call) -> Answered {
    let invite = in_path(world, call)?.clone();
    let body: SignUp = body::read(&call.headers, &call.body)?;
    let password = body::required(body.password, "password")?;
    body::sized(Some(&password), "password", 8, 64)?;
    let person = User {
        first_name: body::required(body.first_name, "first_name")?,
        last_name: body::required(body.last_name, "last_name")?,
        phone: body::required(body.phone, "phone")?,
        timezone: body::required(body.timezone, "timezone")?,
        password,
        ..nobody()
    };
    let user = complete(world, &invite, person)?;
    Ok(Answer::Created(view::user(&user)))
}

/// Sends an invite and says how that went, as one item of the answer.
pub(crate) fn send(world: &mut World, email: &str, group: &str, by: &str) -> Value {
    let now = world.now();
    let invite = Invite {
        uuid: world.new_uuid(),
        email: email.to_owned(),
        group: group.to_owned(),
        signup_completed: false,
        created: now,
        updated: now,
        user_created: world.user_by_email(email).map(|_| now),
    };
    world.put(Record::Invite(invite.clone()));
    let email_sent = users::mail(world, email, "invite");
    activity::note(world, by, "user", "user.invite", format!("{email} was invited to {group}"));
    json!({ "uuid": invite.uuid, "email": email, "group": group, "email_sent": email_sent })
}

/// The invited person uses the link: they become a user in the invite's group.
pub(crate) fn complete(world: &mut World, invite: &Invite, person: User) -> Result<User, Refusal> {
    if invite.user_created.is_some() || invite.signup_completed {
        return Err(Refusal::bad("This invite was used, or a user with its email exists."));
    }
    let login = match world.switches.invite_login {
        InviteLogin::Email => invite.email.clone(),
        InviteLogin::Short => short_login(world, &invite.email),
    };
    let groups = [invite.group.clone()].into();
    let user = users::create(world, User { login, email: invite.email.clone(), groups, ..person })?;
    if let Some(invite) = world.invite(&invite.uuid).cloned() {
        world.put(Record::Invite(Invite { signup_completed: true, ..invite }));
    }
    activity::note(world, &user.login, "user", "user.signup", format!("{} signed up", user.login));
    Ok(user)
}

/// A user of whom nothing is known yet.
pub(crate) fn nobody() -> User {
    User {
        uuid: String::new(),
        login: String::new(),
        email: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        phone: "+1 206 555 0199".to_owned(),
        timezone: "UTC".to_owned(),
        groups: Default::default(),
        password: "sim-person-password".to_owned(),
        disabled: false,
        mfa: false,
        deleted: false,
    }
}

fn allowed(world: &World, email: &str, path: &str) -> Result<(), Refusal> {
    match world.namesake("", email) {
        Some(user) if user.deleted && world.switches.deleted_invite == DeletedInvite::Refused => {
            Err(Refusal::at(path, "a user with this email was deleted; contact support"))
        }
        Some(user) if !user.deleted && world.switches.live_invite == LiveInvite::Refused => {
            Err(Refusal::at(path, "a user with this email already exists"))
        }
        _ => Ok(()),
    }
}

fn short_login(world: &World, email: &str) -> String {
    let short = email.split('@').next().unwrap_or(email);
    let taken = |login: &str| world.namesake(login, "").is_some();
    let numbered = (2..).map(|number: u32| format!("{short}{number}"));
    std::iter::once(short.to_owned()).chain(numbered).find(|login| !taken(login)).unwrap_or_default()
}

fn in_path<'a>(world: &'a World, call: &Call) -> Result<&'a Invite, Refusal> {
    world.invite(call.param(0)).ok_or_else(|| Refusal::not_found(&call.path))
}
