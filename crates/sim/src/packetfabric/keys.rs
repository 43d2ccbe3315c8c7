//! API keys of the calling user (packetfabric contract, section 9).

use jiff::SignedDuration;
use serde::Deserialize;

use super::answer::{Answer, Answered, Refusal};
use super::routes::{Call, Caller};
use super::world::{Key, Record, World};
use super::{activity, body, sessions, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: Option<String>,
    /// In seconds from now; the answer has a date.
    expiration: Option<i64>,
}

/// `GET /v2/api-keys`.
pub(crate) fn list(world: &mut World, _call: &Call, caller: &Caller) -> Answered {
    let keys = world.keys.values().filter(|key| key.user == caller.user);
    Ok(Answer::Value(keys.map(view::key).collect()))
}

/// `POST /v2/api-keys`: the token is in this answer and in no other.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let body: Create = body::read(&call.headers, &call.body)?;
    let name = body::required(body.name, "name")?;
    body::sized(Some(&name), "name", 1, 255)?;
    let expires = match body.expiration {
        None => None,
        Some(seconds) if seconds > 0 => world.now().checked_add(SignedDuration::from_secs(seconds)).ok(),
        Some(_) => return Err(Refusal::at("expiration", "is not a positive number of seconds")),
    };
    let (uuid, token) = (world.new_uuid(), sessions::key_token(world));
    let key = Key { uuid, user: caller.user.clone(), name, token, expires };
    world.put(Record::Key(key.clone()));
    activity::note(world, &caller.login, "auth", "auth.key", format!("API key {} was made", key.name));
    let mut shown = view::key(&key);
    shown["token"] = key.token.into();
    Ok(Answer::Created(shown))
}

/// `DELETE /v2/api-keys/{uuid}`.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    let key = world.keys.get(call.param(0)).filter(|key| key.user == caller.user);
    let key = key.cloned().ok_or_else(|| Refusal::not_found(&call.path))?;
    world.put(Record::KeyGone(key.uuid));
    activity::note(world, &caller.login, "auth", "auth.key", format!("API key {} was deleted", key.name));
    Ok(Answer::Done("API key deleted."))
}
