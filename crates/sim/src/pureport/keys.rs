//! API keys of an account (pureport contract, section 9).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Link, Query};
use super::routes::Call;
use super::world::{Key, Principal, Record, World};
use super::{access, roles, view};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    account: Option<Link>,
    name: Option<String>,
    description: Option<String>,
    roles: Option<Vec<Link>>,
    #[serde(rename = "key")]
    _key: Option<String>,
    #[serde(rename = "secret")]
    _secret: Option<String>,
    #[serde(rename = "href")]
    _href: Option<String>,
}

/// A body that has been checked against the account in its path.
struct Checked {
    name: String,
    description: Option<String>,
    roles: BTreeSet<String>,
}

impl Checked {
    fn read(world: &World, call: &Call) -> Result<Self, Refusal> {
        let body: Body = body::read_json(&call.headers, &call.body)?;
        if let Some(account) = &body.account {
            account.is_account(call.param(0))?;
        }
        let name = body::required(body.name, "name")?;
        body::sized(Some(&name), "name", 1, 255)?;
        body::sized(body.description.as_deref(), "description", 0, 1024)?;
        let links = body::required(body.roles, "roles")?;
        body::unique(&links, "roles")?;
        if links.is_empty() || links.len() > 100 {
            return Err(Refusal::invalid("roles must have 1 to 100 items"));
        }
        Ok(Checked {
            name,
            description: body.description,
            roles: roles::linked(world, call.param(0), &links)?,
        })
    }
}

/// `GET /accounts/{accountId}/apikeys`.
pub(crate) fn list(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "apikeys", "read")?;
    Query::read(call.query.as_deref(), &[])?;
    let keys = world.keys_of(call.param(0));
    Ok(Answer::List(keys.map(|key| (key.key.clone(), view::key(world, key))).collect()))
}

/// `POST /accounts/{accountId}/apikeys`: the one answer that holds the secret.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let account = call.param(0);
    access::require(world, caller, account, "apikeys", "create")?;
    let Checked { name, description, roles } = Checked::read(world, call)?;
    let key = Key {
        key: world.new_id(""),
        secret: world.new_secret("secret"),
        account: account.to_owned(),
        name,
        description,
        roles,
    };
    world.put(Record::Key(key.clone()));
    let mut body = view::key(world, &key);
    note(world, "API_KEY_CREATE", &key, None, Some(body.clone()));
    body["secret"] = json!(key.secret);
    Ok(Answer::Created { location: view::key_href(account, &key.key), body })
}

/// `GET /accounts/{accountId}/apikeys/{key}`.
pub(crate) fn get(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "apikeys", "read")?;
    let key = find(world, call.param(0), call.param(1))?;
    Ok(Answer::Value(view::key(world, key)))
}

/// `PUT /accounts/{accountId}/apikeys/{key}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "apikeys", "update")?;
    let mut key = find(world, call.param(0), call.param(1))?.clone();
    let Checked { name, description, roles } = Checked::read(world, call)?;
    let before = view::key(world, &key);
    key.name = name;
    key.description = call.omitted(world, description, key.description);
    key.roles = roles;
    world.put(Record::Key(key.clone()));
    let after = view::key(world, &key);
    note(world, "API_KEY_UPDATE", &key, Some(before), Some(after.clone()));
    Ok(Answer::Value(after))
}

/// `DELETE /accounts/{accountId}/apikeys/{key}`.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "apikeys", "delete")?;
    let key = find(world, call.param(0), call.param(1))?.clone();
    let before = view::key(world, &key);
    world.put(Record::KeyGone(key.key.clone()));
    note(world, "API_KEY_DELETE", &key, Some(before), None);
    Ok(Answer::Gone)
}

fn find<'a>(world: &'a World, account: &str, key: &str) -> Result<&'a Key, Refusal> {
    let found = world.keys.get(key).filter(|found| found.account == account);
    found.ok_or_else(|| Refusal::not_found("API key", key))
}

fn note(world: &mut World, kind: &str, key: &Key, before: Option<Value>, after: Option<Value>) {
    let subject = view::link(view::key_href(&key.account, &key.key), &key.name);
    world.note(kind, &key.account, "API_KEY", subject, before, after);
}
