//! Who calls: API keys, log-in, second factor, sessions (packetfabric contract, section 2).

use axum::http::{HeaderMap, header};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Query};
use super::routes::{Call, Caller};
use super::switches::LoginSessions;
use super::world::{Record, Session, User, World};
use super::{activity, view};
use crate::ids;

/// The code that every authenticator shows.
pub(crate) const MFA_CODE: &str = "123456";
const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    login: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    authentication_code: Option<String>,
}

/// Who calls, by the `Authorization` header; the word Bearer may be left out.
pub(crate) fn caller(world: &World, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let (token, caller) = holder(world, headers)?;
    match world.sessions.get(&token) {
        Some(session) if !session.confirmed => Err(Refusal::new(401, "A second factor is required.")),
        _ => Ok(caller),
    }
}

/// `POST /v2/auth/login`.
pub(crate) fn login(world: &mut World, call: &Call) -> Answered {
    let body: Login = body::read(&call.headers, &call.body)?;
    let login = body::required(body.login, "login")?;
    let password = body::required(body.password, "password")?;
    let user = world.user(&login).filter(|user| user.password == password && !user.disabled);
    let Some(user) = user.cloned() else {
        return Err(Refusal::new(401, "Wrong login or password."));
    };
    if world.switches.login == LoginSessions::End {
        end_sessions(world, &user.uuid);
    }
    let session = open(world, &user);
    let session = Session { confirmed: !needs_code(world, &user), ..session };
    world.put(Record::Session(session.clone()));
    activity::note(world, &user.login, "auth", "auth.login", format!("{} logged in", user.login));
    Ok(Answer::Value(shown(world, &session)))
}

/// `POST /v2/auth/login/mfa`.
pub(crate) fn second_factor(world: &mut World, call: &Call) -> Answered {
    let (token, _) = holder(world, &call.headers)?;
    let body: Code = body::read(&call.headers, &call.body)?;
    let code = body::required(body.authentication_code, "authentication_code")?;
    let Some(session) = world.sessions.get(&token).cloned() else {
        return Err(Refusal::bad("The token is not of a session."));
    };
    if code != MFA_CODE {
        return Err(Refusal::new(401, "Wrong authentication code."));
    }
    world.put(Record::Session(Session { confirmed: true, ..session }));
    Ok(Answer::Done("Logged in."))
}

/// `GET /v2/auth/logout`: a GET that changes something.
pub(crate) fn logout(world: &mut World, call: &Call) -> Answered {
    let (token, _) = holder(world, &call.headers)?;
    if world.sessions.contains_key(&token) {
        world.put(Record::SessionGone(token));
    }
    Ok(Answer::Done("Logged out."))
}

/// `GET /v2/auth/sessions`: the answer holds live tokens.
pub(crate) fn list(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    let user = asked_for(world, call, caller)?;
    let sessions = world.sessions.values().filter(|session| session.user == user);
    Ok(Answer::Value(sessions.map(|session| shown(world, session)).collect()))
}

/// `DELETE /v2/auth/sessions`.
pub(crate) fn end(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    let user = asked_for(world, call, caller)?;
    end_sessions(world, &user);
    Ok(Answer::Done("Sessions ended."))
}

/// A new session of a user, not yet kept.
pub(crate) fn open(world: &mut World, user: &User) -> Session {
    let token = world.new_uuid();
    let expires = world.now().checked_add(LIFE).unwrap_or_else(|_| world.now());
    Session { token, user: user.uuid.clone(), expires, confirmed: true }
}

fn holder(world: &World, headers: &HeaderMap) -> Result<(String, Caller), Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let value = value.ok_or_else(Refusal::unauthorized)?;
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return Err(Refusal::unauthorized()),
        None => value,
    };
    let now = world.now();
    let key = world.key_by_token(token).filter(|key| key.expires.is_none_or(|end| now < end));
    let session = world.sessions.get(token).filter(|session| now < session.expires);
    let user = match (key, session) {
        (Some(key), _) => &key.user,
        (None, Some(session)) => &session.user,
        (None, None) => return Err(Refusal::unauthorized()),
    };
    let user = world.user(user).filter(|user| !user.disabled).ok_or_else(Refusal::unauthorized)?;
    let label = match key {
        Some(key) => format!("key/{}", key.uuid),
        None => format!("user/{}", user.uuid),
    };
    let is_admin = super::groups::effective(&user.groups) == "admin";
    let caller = Caller { user: user.uuid.clone(), login: user.login.clone(), is_admin, label };
    Ok((token.to_owned(), caller))
}

fn asked_for(world: &World, call: &Call, caller: &Caller) -> Result<String, Refusal> {
    let query = Query::read(call.query.as_deref(), &["user_uuid"])?;
    match query.one("user_uuid")? {
        Some(other) if other != caller.user => {
            caller.require_admin()?;
            let user = world.users.get(other).filter(|user| !user.deleted);
            let user = user.ok_or_else(|| Refusal::bad("user_uuid: unknown user"))?;
            Ok(user.uuid.clone())
        }
        _ => Ok(caller.user.clone()),
    }
}

fn end_sessions(world: &mut World, user: &str) {
    let sessions = world.sessions.values().filter(|session| session.user == user);
    let tokens: Vec<String> = sessions.map(|session| session.token.clone()).collect();
    for token in tokens {
        world.put(Record::SessionGone(token));
    }
}

fn needs_code(world: &World, user: &User) -> bool {
    user.mfa || world.customer.customer_wide_mfa
}

fn shown(world: &World, session: &Session) -> Value {
    let user = world.users.get(&session.user);
    json!({
        "token": session.token,
        "time_expires": view::zulu(session.expires),
        "mfa_enabled": user.is_some_and(|user| user.mfa),
        "mfa_required": !session.confirmed,
        "should_sign_eula": false,
    })
}

/// A new token for an API key.
pub(crate) fn key_token(world: &mut World) -> String {
    let counter = world.new_uuid();
    ids::token(&counter, world.origin.seed, world.origin.next_id)
}
