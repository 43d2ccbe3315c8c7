//! The audit log: who did what, in our words (pureport contract, section 10).

// The lints spare tests only, not what they share.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use orgform_model::history::{About, Actor, Deed, Event, History, Via};
use orgform_model::world::Completeness;
use orgform_model::{Email, Timestamp, Value};
use orgform_provider::{ErrorKind, Observe, ProviderError};
use serde_json::{Value as Json, json};
use support::*;
use wiremock::MockServer;

const LOG: &str = "/accounts/ac-1/auditLog";

fn entry(kind: &str, subject: &str, changes: Json) -> Json {
    json!({
        "timestamp": "2026-11-20T10:00:00.000Z", "eventType": kind, "result": "SUCCESS", "source": "CONSOLE",
        "ipAddress": "192.0.2.1", "account": account_link("ac-1"), "subject": { "href": subject, "title": "x" },
        "principal": { "href": "/users/user-7", "id": "user-7", "title": "Eve Adams" }, "changes": changes,
    })
}

fn page(entries: &[Json]) -> Json {
    json!({ "content": entries, "pageNumber": 0, "pageSize": 100, "totalElements": entries.len() })
}

async fn history(server: &MockServer) -> Result<History, ProviderError> {
    writer(server).history(&"ac-1".into(), "2026-09-01T00:00:00Z".parse::<Timestamp>().unwrap()).await
}

async fn events(entries: &[Json]) -> Vec<Event> {
    let server = pureport().await;
    has(&server, LOG, page(entries)).await;
    history(&server).await.unwrap().events
}

#[tokio::test]
async fn an_entry_tells_who_when_from_where_and_what_changed() {
    let roles = json!([{ "property": "roles",
        "previous": [role_link("ac-1", "role-1")], "current": [role_link("ac-1", "role-1"), role_link("ac-1", "role-2")] }]);
    let found = events(&[entry("ACCOUNT_MEMBER_UPDATE", "/accounts/ac-1/members/user-1", roles)]).await;
    let [Event { at, about, deed, by, from, via, fields, grants }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(at.to_string(), "2026-11-20T10:00:00Z");
    assert_eq!((about, *deed), (&About::Member("ac-1".into(), "user-1".into()), Deed::Changed));
    assert_eq!(by, &Actor::Person("user-7".into(), Some("Eve Adams".to_owned())));
    assert_eq!((from.as_deref(), *via), (Some("192.0.2.1"), Some(Via::Console)));
    assert!(fields.is_empty());
    let grants = grants.as_ref().unwrap();
    assert_eq!((grants.from.len(), grants.to.contains(&"role-2".into())), (1, true));
}

#[tokio::test]
async fn properties_are_fields_in_the_form_in_which_they_are_observed() {
    let changes = json!([
        { "property": "name", "previous": "Operator", "current": "Boss" },
        { "property": "permissions", "previous": {}, "current": { "networks": { "all": true, "read": false } } },
        { "property": "href", "previous": "a", "current": "b" },
    ]);
    let found = events(&[entry("ROLE_UPDATE", "/accounts/ac-1/roles/role-2", changes)]).await;
    let fields: Vec<&str> = found[0].fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(fields, ["displayName", "permissions"]);
    assert_eq!(found[0].fields[0].to, Some(Value::text("Boss")));
    // `all` of a resource stands for every action.
    assert_eq!(found[0].fields[1].to.as_ref().unwrap().as_set().unwrap().len(), 5);
}

#[tokio::test]
async fn invites_people_and_keys_are_told_apart() {
    let mut invited = entry("MEMBER_INVITE_DELETE", "/accounts/ac-1/invites/invite-1", json!([]));
    invited["subject"]["title"] = json!("Joan@acme.example");
    invited["principal"] = json!({ "href": "/accounts/ac-1/apikeys/secretive", "title": "Administration" });
    let mut nameless = entry("ACCOUNT_DELETE", "/accounts/ac-2", json!([]));
    nameless["principal"] = json!({ "href": "/accounts/ac-1/apikeys/secretive" });
    let renamed = json!([{ "property": "email", "previous": "a@acme.example", "current": "b@acme.example" }]);
    let person = entry("USER_UPDATE", "/users/user-1", renamed);
    let other = entry("NETWORK_CREATE", "/networks/network-1", json!([]));
    let found = events(&[invited, nameless, person, other]).await;
    assert_eq!(found.len(), 3);
    let email = Some(Email::new("joan@acme.example"));
    assert_eq!(found[0].about, About::Invite("ac-1".into(), "invite-1".into(), email));
    assert_eq!(found[0].by, Actor::Machine("API key Administration".to_owned()));
    assert_eq!(found[1].about, About::Account("ac-2".into()));
    // The id of a key is one half of a credential.
    assert_eq!(found[1].by, Actor::Machine("an API key".to_owned()));
    assert_eq!(found[2].fields[0].to, Some(Value::text("b@acme.example")));
}

#[tokio::test]
async fn the_log_is_read_page_by_page_and_no_further_than_is_reasonable() {
    let server = pureport().await;
    let many: Vec<Json> = (0..100).map(|_| entry("ACCOUNT_UPDATE", "/accounts/ac-1", json!([]))).collect();
    has(&server, LOG, json!({ "content": many, "totalElements": 5_000 })).await;
    let History { events, completeness, calls } = history(&server).await.unwrap();
    assert_eq!((events.len(), calls), (1_000, 11));
    let because = "only the newest 1000 entries were read".to_owned();
    assert_eq!(completeness, Completeness::Partial { because });
    let asked = support::calls(&server, "GET").await;
    assert!(asked[9].contains("pageNumber=9"), "{}", asked[9]);
    for part in ["startTime=2026-09-01T00", "sortDirection=DESC", "result=SUCCESS", "eventTypes=USER_UPDATE"]
    {
        assert!(asked[0].contains(part), "{}", asked[0]);
    }
}

#[tokio::test]
async fn a_log_that_may_not_be_read_is_an_error_of_its_own() {
    let server = pureport().await;
    answers(&server, "GET", LOG, refusal(403, "FORBIDDEN")).await;
    let error = history(&server).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.to_string().starts_with("could not read the audit log"), "{error}");
}
