//! Reads Pureport's audit log (pureport contract, section 10).
//!
//! An account's log has what was done to it and in it; that an account was removed is in its parent's. Entries
//! that are not about accounts, roles, members, API keys or people are not asked for.

use std::collections::BTreeSet;

use orgform_http::Call;
use orgform_model::history::{About, Actor, Deed, Event, GrantsChange, History, Via};
use orgform_model::semantics::FieldRule;
use orgform_model::world::Completeness;
use orgform_model::{AccountId, ApiKeyId, Email, FieldChange, InviteId, PersonId, RoleId, Timestamp, Value};
use orgform_provider::ProviderError;
use serde_json::Value as Json;

use crate::client::Api;
use crate::convert;
use crate::semantics::SEMANTICS;
use crate::wire::{AuditChange, AuditEntry, AuditPage, Link, Permissions};

/// What is asked for: all that can explain what an observation shows.
const EVENT_TYPES: [&str; 17] = [
    "ACCOUNT_CREATE",
    "ACCOUNT_UPDATE",
    "ACCOUNT_DELETE",
    "ROLE_CREATE",
    "ROLE_UPDATE",
    "ROLE_DELETE",
    "MEMBER_INVITE_CREATE",
    "MEMBER_INVITE_ACCEPT",
    "MEMBER_INVITE_UPDATE",
    "MEMBER_INVITE_DELETE",
    "ACCOUNT_MEMBER_CREATE",
    "ACCOUNT_MEMBER_UPDATE",
    "ACCOUNT_MEMBER_DELETE",
    "USER_UPDATE",
    "API_KEY_CREATE",
    "API_KEY_UPDATE",
    "API_KEY_DELETE",
];

const PAGE_SIZE: usize = 100;
/// Further back, a page costs more than it explains.
const PAGES: usize = 10;

/// The log of one account. The calls are for the caller to count.
pub(crate) async fn of_account(
    api: &Api,
    account: &AccountId,
    since: Timestamp,
) -> Result<History, ProviderError> {
    let mut history = History::default();
    let mut read = 0;
    for number in 0..PAGES {
        let AuditPage { content, total_elements } = api.ask(page(account, since, number)).await?;
        read += content.len();
        let last = content.len() < PAGE_SIZE || total_elements.is_some_and(|total| read >= total);
        history.events.extend(content.into_iter().filter_map(|entry| event(account, entry)));
        if last {
            return Ok(history);
        }
    }
    let because = format!("only the newest {read} entries were read");
    Ok(History { completeness: Completeness::Partial { because }, ..history })
}

fn page(account: &AccountId, since: Timestamp, number: usize) -> Call {
    let call = Call::get(&["accounts", account.as_str(), "auditLog"], "read the audit log")
        .query("pageNumber", number.to_string())
        .query("pageSize", PAGE_SIZE.to_string())
        .query("sort", "timestamp")
        .query("sortDirection", "DESC")
        .query("result", "SUCCESS")
        .query("startTime", format!("{since:.3}"));
    EVENT_TYPES.iter().fold(call, |call, kind| call.query("eventTypes", *kind))
}

/// An entry in our words; none where it does not say what it is about.
fn event(account: &AccountId, entry: AuditEntry) -> Option<Event> {
    let AuditEntry { timestamp, event_type, account: filed, subject, principal, source, ip_address, changes } =
        entry;
    let subject = subject?;
    let filed = filed.map_or_else(|| account.clone(), |link| AccountId::from(link.id()));
    let (kind, verb) = event_type.as_deref()?.rsplit_once('_')?;
    let deed = match verb {
        "CREATE" => Deed::Made,
        "UPDATE" => Deed::Changed,
        "DELETE" => Deed::Removed,
        "ACCEPT" => Deed::Accepted,
        _ => return None,
    };
    let about = match kind {
        "ACCOUNT" => About::Account(AccountId::from(subject.id())),
        "ROLE" => About::Role(RoleId::from(subject.id())),
        "ACCOUNT_MEMBER" => About::Member(filed, PersonId::from(subject.id())),
        "MEMBER_INVITE" => {
            let email = invited(&subject, &changes);
            About::Invite(filed, InviteId::from(subject.id()), email)
        }
        "API_KEY" => About::ApiKey(ApiKeyId::from(subject.id())),
        "USER" => About::Person(PersonId::from(subject.id())),
        _ => return None,
    };
    let grants = changes.iter().find(|change| change.property == "roles").map(|change| GrantsChange {
        from: roles(change.previous.as_ref()),
        to: roles(change.current.as_ref()),
    });
    Some(Event {
        at: timestamp?,
        fields: fields(&about, &changes),
        about,
        deed,
        by: actor(principal),
        from: ip_address,
        via: match source.as_deref() {
            Some("CONSOLE") => Some(Via::Console),
            Some("API") => Some(Via::Api),
            Some("SYSTEM") => Some(Via::System),
            _ => None,
        },
        grants,
    })
}

/// Whom an invite is for: told by its properties, else by the title of its link.
fn invited(subject: &Link, changes: &[AuditChange]) -> Option<Email> {
    let told = changes.iter().find(|change| change.property == "email");
    let told = told.and_then(|change| change.current.as_ref().or(change.previous.as_ref()));
    let email = told.and_then(Json::as_str).or(subject.title.as_deref())?;
    email.contains('@').then(|| Email::new(email))
}

fn actor(principal: Option<Link>) -> Actor {
    let Some(link) = principal else { return Actor::Unknown };
    let title = link.title.clone().filter(|title| !title.trim().is_empty());
    if link.is_of("users") {
        return Actor::Person(PersonId::from(link.id()), title);
    }
    // Without a name only that it was a key is told: the id of a key is one half of a credential.
    let name = title.map_or_else(|| "an API key".to_owned(), |title| format!("API key {title}"));
    Actor::Machine(name)
}

fn roles(value: Option<&Json>) -> BTreeSet<RoleId> {
    let links = value.and_then(Json::as_array).into_iter().flatten();
    links
        .filter_map(|link| serde_json::from_value::<Link>(link.clone()).ok())
        .map(|link| RoleId::from(link.id()))
        .collect()
}

/// The properties that are fields of ours, in the form in which they are observed.
fn fields(about: &About, changes: &[AuditChange]) -> Vec<FieldChange> {
    let rules: &[FieldRule] = match about {
        About::Account(_) => SEMANTICS.accounts.fields,
        About::Role(_) => SEMANTICS.roles.fields,
        About::ApiKey(_) => SEMANTICS.api_keys.as_ref().map_or(&[], |keys| keys.fields),
        About::Member(..) | About::Invite(..) => &[],
        About::Person(_) => return changes.iter().filter_map(email).collect(),
    };
    let ours = |change: &AuditChange| {
        let field = match change.property.as_str() {
            "name" => "displayName",
            "technicalContactEmails" => "technicalContacts",
            same => same,
        };
        let rule = rules.iter().find(|rule| rule.name == field)?;
        let value =
            |json: &Option<Json>| Some(convert::settled(rule, field_value(field, json.as_ref()?).as_ref()));
        Some(FieldChange {
            field: field.to_owned(),
            from: value(&change.previous),
            to: value(&change.current),
        })
    };
    changes.iter().filter_map(ours).collect()
}

fn email(change: &AuditChange) -> Option<FieldChange> {
    let text = |json: &Option<Json>| json.as_ref().and_then(Json::as_str).map(Value::text);
    (change.property == "email").then(|| FieldChange {
        field: "email".to_owned(),
        from: text(&change.previous),
        to: text(&change.current),
    })
}

fn field_value(field: &str, json: &Json) -> Option<Value> {
    match (field, json) {
        ("permissions", json) => {
            let permissions: Permissions = serde_json::from_value(json.clone()).ok()?;
            Some(Value::set(
                convert::true_cells(&permissions).map(|(resource, action)| format!("{resource}:{action}")),
            ))
        }
        (_, Json::String(text)) => Some(Value::text(text)),
        (_, Json::Array(items)) => Some(Value::set(items.iter().filter_map(Json::as_str).map(str::to_owned))),
        (_, Json::Object(_)) => serde_json::from_value(json.clone()).ok().map(Value::Map),
        _ => None,
    }
}
