//! Writes users (packetfabric contract, sections 4 and 5).
//!
//! The uuid is who somebody is; the login, which may change, is how paths name them. So each write looks first: who
//! has this uuid now, with which login, and is the ground still as planned.

use std::collections::BTreeSet;

use orgform_http::Call;
use orgform_model::{Applied, Email, FieldChange, Fields, PersonId, RoleId};
use orgform_provider::{ErrorKind, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::client::{Api, accepted, path_of};
use crate::convert::{groups, is_uuid, person_fields, their_name};
use crate::fields::{kept, pending, rejected, stale};
use crate::observe;
use crate::wire::User;

/// Makes a user at once: no mail, and the password is what it is (section 4).
pub(crate) async fn create(
    api: &Api,
    email: &Email,
    roles: &BTreeSet<RoleId>,
    fields: &Fields,
    password: &SecretString,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let group = only(roles, tried)?;
    let users = observe::users(api, tried).await?;
    if let Some(user) = users.iter().find(|user| Email::new(&user.email) == *email) {
        return match groups(user) == *roles {
            true => Ok(member(user)),
            false => Err(stale(tried, "the person is a user already, in another group")),
        };
    }
    let mut body = Map::from_iter([
        ("email".to_owned(), json!(email.written())),
        ("login".to_owned(), json!(email.written())),
        ("group".to_owned(), json!(group.as_str())),
        ("password".to_owned(), json!(password.expose_secret())),
    ]);
    for (field, value) in fields {
        let name = their_name(field);
        let name = name.ok_or_else(|| rejected(tried, Some(field), format!("a user has no `{field}`")))?;
        body.insert(name.to_owned(), json!(value.to_string()));
    }
    check_login(body.get("login").and_then(Value::as_str).unwrap_or_default(), tried)?;
    let call = Call::post(&["v2", "users"], tried).body(Value::Object(body)).secret(password.clone());
    let answer = api.send(call).await?;
    if matches!(answer.status(), 400 | 409) {
        let field = answer.said().field.clone();
        return Err(answer
            .error(ErrorKind::Rejected { field })
            .hint("a person who was deleted before can't be made again: PacketFabric's support must help."));
    }
    let user: User = accepted(answer)?.json()?;
    Ok(member(&user))
}

pub(crate) async fn set_group(
    api: &Api,
    person: &PersonId,
    from: &BTreeSet<RoleId>,
    roles: &BTreeSet<RoleId>,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let group = only(roles, tried)?;
    let user = find(api, person, tried).await?.ok_or_else(|| gone(tried))?;
    if groups(&user) == *roles {
        return Ok(member(&user));
    }
    as_planned(&user, from, tried)?;
    let now = write(api, &user, json!({ "group": group.as_str() }), tried).await?;
    if groups(&now) != *roles {
        let said = format!("answered with success but kept the group at {}", shown(&groups(&now)));
        return Err(ProviderError::new(ErrorKind::Protocol, tried, said).maybe_sent());
    }
    Ok(member(&now))
}

/// What no answer shows (section 4), so that the call itself must do as evidence.
pub(crate) async fn set_disabled(
    api: &Api,
    person: &PersonId,
    disabled: bool,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let user = find(api, person, tried).await?.ok_or_else(|| gone(tried))?;
    Ok(member(&write(api, &user, json!({ "disabled": disabled }), tried).await?))
}

pub(crate) async fn update(
    api: &Api,
    person: &PersonId,
    changes: &[FieldChange],
    tried: &str,
) -> Result<Applied, ProviderError> {
    let user = find(api, person, tried).await?.ok_or_else(|| gone(tried))?;
    let wanted = pending(changes, &person_fields(&user), tried)?;
    if !wanted.is_empty() {
        let mut body = Map::new();
        for (field, value) in &wanted {
            let name = their_name(field);
            let name =
                name.ok_or_else(|| rejected(tried, Some(field), format!("a user has no `{field}`")))?;
            if name == "login" {
                check_login(value, tried)?;
            }
            body.insert(name.to_owned(), json!(value));
        }
        let now = write(api, &user, Value::Object(body), tried).await?;
        kept(&wanted, &person_fields(&now), tried)?;
    }
    Ok(Applied::Person { person: person.clone() })
}

/// Deletes a user, for ever.
pub(crate) async fn delete(
    api: &Api,
    person: &PersonId,
    from: &BTreeSet<RoleId>,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let Some(user) = find(api, person, tried).await? else { return Ok(Applied::Gone) };
    as_planned(&user, from, tried)?;
    let path = path_of(&user.login, tried)?;
    let answer = api.send(Call::delete(&path.each_ref().map(String::as_str), tried)).await?;
    if answer.status() != 404 {
        accepted(answer)?;
    }
    Ok(Applied::Gone)
}

/// Who has this uuid now. On this path a login that looks like it would be found too (section 4).
async fn find(api: &Api, person: &PersonId, tried: &str) -> Result<Option<User>, ProviderError> {
    let user: Option<User> = api.find(&["v2", "users", person.as_str()], tried).await?;
    Ok(user.filter(|user| user.uuid == person.as_str()))
}

async fn write(api: &Api, user: &User, body: Value, tried: &str) -> Result<User, ProviderError> {
    let path = path_of(&user.login, tried)?;
    let now: User = api.patch(&path.each_ref().map(String::as_str), body, tried).await?;
    if now.uuid != user.uuid {
        let said = "answered about another user than the one who was asked for";
        return Err(ProviderError::new(ErrorKind::Protocol, tried, said).maybe_sent());
    }
    Ok(now)
}

fn as_planned(user: &User, from: &BTreeSet<RoleId>, tried: &str) -> Result<(), ProviderError> {
    match groups(user) == *from {
        true => Ok(()),
        false => Err(stale(tried, format!("the group changed meanwhile, to {}", shown(&groups(user))))),
    }
}

fn member(user: &User) -> Applied {
    Applied::Member { person: PersonId::from(user.uuid.as_str()), roles: groups(user) }
}

fn gone(tried: &str) -> ProviderError {
    stale(tried, "the person is not there any more")
}

/// A user has exactly one group (section 5).
pub(crate) fn only<'r>(roles: &'r BTreeSet<RoleId>, tried: &str) -> Result<&'r RoleId, ProviderError> {
    match roles.first() {
        Some(group) if roles.len() == 1 => Ok(group),
        _ => Err(rejected(tried, Some("roles"), "a user of PacketFabric has exactly one group")),
    }
}

fn check_login(login: &str, tried: &str) -> Result<(), ProviderError> {
    if is_uuid(login) {
        return Err(rejected(tried, Some("login"), "a login must not look like a uuid"));
    }
    path_of(login, tried).map(drop)
}

pub(crate) fn shown(groups: &BTreeSet<RoleId>) -> String {
    if groups.is_empty() {
        return "none".to_owned();
    }
    groups.iter().map(RoleId::as_str).collect::<Vec<_>>().join(" and ")
}
