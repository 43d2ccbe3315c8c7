//! How things look in answers: the shapes of the API's description, built from the world.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access;
use super::switches::PermissionAll;
use super::world::{Account, Invite, Key, Member, Principal, Role, User, World};

/// RFC 3339, UTC, with milliseconds (pureport contract, section 4).
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

pub(crate) fn link(href: String, title: &str) -> Value {
    let id = href.rsplit('/').next().unwrap_or("");
    json!({ "href": href, "id": id, "title": title })
}

pub(crate) fn account_link(world: &World, id: &str) -> Value {
    let title = world.accounts.get(id).map_or("", |account| &account.name);
    link(account_href(id), title)
}

pub(crate) fn role_link(world: &World, id: &str) -> Value {
    let (href, title) = world.roles.get(id).map_or((String::new(), ""), |role| (role_href(role), &role.name));
    link(href, title)
}

pub(crate) fn user_link(world: &World, id: &str) -> Value {
    let title =
        world.users.get(id).map_or(String::new(), |user| format!("{} {}", user.first_name, user.last_name));
    link(user_href(id), &title)
}

pub(crate) fn principal_link(world: &World, principal: &Principal) -> Value {
    match principal {
        Principal::User(user) => user_link(world, user),
        Principal::Key(key) => {
            let found = world.keys.get(key);
            let account = found.map_or("", |key| &key.account);
            link(key_href(account, key), found.map_or("", |key| &key.name))
        }
    }
}

pub(crate) fn account_href(id: &str) -> String {
    format!("/accounts/{id}")
}

pub(crate) fn role_href(role: &Role) -> String {
    format!("/accounts/{}/roles/{}", role.account, role.id)
}

pub(crate) fn member_href(account: &str, user: &str) -> String {
    format!("/accounts/{account}/members/{user}")
}

pub(crate) fn invite_href(account: &str, id: &str) -> String {
    format!("/accounts/{account}/invites/{id}")
}

pub(crate) fn key_href(account: &str, key: &str) -> String {
    format!("/accounts/{account}/apikeys/{key}")
}

pub(crate) fn user_href(id: &str) -> String {
    format!("/users/{id}")
}

pub(crate) fn account(world: &World, account: &Account) -> Value {
    let Account {
        id,
        name,
        description,
        parent,
        tags,
        technical_contacts,
        show_child_pricing,
        connection_groups,
        consent: _,
        ports: _,
    } = account;
    let groups =
        connection_groups.iter().map(|id| link(format!("/supportedConnectionGroups/{id}"), "Standard"));
    let mut fields = object(json!({
        "id": id,
        "href": account_href(id),
        "name": name,
        "hasChildren": world.children_of(id).next().is_some(),
        "pricingHidden": false,
        "demo": false,
        "verified": true,
        "supportedConnectionGroups": groups.collect::<Vec<_>>(),
    }));
    put(&mut fields, "description", description);
    put(&mut fields, "tags", tags);
    put(&mut fields, "technicalContactEmails", technical_contacts);
    put(&mut fields, "showChildAccountPricing", show_child_pricing);
    put(&mut fields, "parent", &parent.as_deref().map(|parent| account_link(world, parent)));
    Value::Object(fields)
}

pub(crate) fn role(world: &World, role: &Role) -> Value {
    let Role { id, account, name, description, permissions, predefined: _ } = role;
    let expand = world.switches.permission_all == PermissionAll::Expanded;
    let mut fields = object(json!({
        "id": id,
        "href": role_href(role),
        "account": account_link(world, account),
        "name": name,
        "permissions": access::dense(permissions, expand),
    }));
    put(&mut fields, "description", description);
    Value::Object(fields)
}

pub(crate) fn member(world: &World, member: &Member) -> Value {
    let Member { account, user, roles } = member;
    json!({
        "href": member_href(account, user),
        "account": account_link(world, account),
        "user": user_link(world, user),
        "roles": roles.iter().map(|role| role_link(world, role)).collect::<Vec<_>>(),
    })
}

pub(crate) fn invite(world: &World, invite: &Invite) -> Value {
    let Invite { id, account, email, roles, invited_at, invited_by, expired: _, link: _ } = invite;
    json!({
        "id": id,
        "href": invite_href(account, id),
        "account": account_link(world, account),
        "email": email,
        "roles": roles.iter().map(|role| role_link(world, role)).collect::<Vec<_>>(),
        "invitedAt": time(*invited_at),
        "invitedBy": principal_link(world, invited_by),
        "expired": world.is_expired(invite),
    })
}

/// Without the secret, which is shown once, by the create (pureport contract, section 9).
pub(crate) fn key(world: &World, key: &Key) -> Value {
    let Key { key, secret: _, account, name, description, roles } = key;
    let mut fields = object(json!({
        "key": key,
        "href": key_href(account, key),
        "account": account_link(world, account),
        "name": name,
        "roles": roles.iter().map(|role| role_link(world, role)).collect::<Vec<_>>(),
    }));
    put(&mut fields, "description", description);
    Value::Object(fields)
}

pub(crate) fn user(user: &User) -> Value {
    let User { id, email, first_name, last_name, username, company, phone, hidden: _ } = user;
    let mut fields = object(json!({
        "id": id,
        "href": user_href(id),
        "email": email,
        "firstName": first_name,
        "lastName": last_name,
        "username": username,
    }));
    put(&mut fields, "company", company);
    put(&mut fields, "phoneNumber", phone);
    Value::Object(fields)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Adds a field that has a value; one without is left out.
fn put<T: serde::Serialize>(fields: &mut Map<String, Value>, name: &str, value: &Option<T>) {
    if let Some(value) = value {
        fields.insert(name.to_owned(), json!(value));
    }
}
