//! Looking at, making, changing and removing API keys at Pureport.

mod support;

use std::collections::BTreeSet;

use orgform_model::world::Seen;
use orgform_model::{Action, ApiKeyId, Applied, FieldChange, Fields, Ref, RoleId, Scope, SecretPlace, Value};
use orgform_provider::{ErrorKind, Sent};
use serde_json::json;
use support::*;
use wiremock::ResponseTemplate;

const CI: &str = "pureport/acme:key/ci";
const KEYS: &str = "/accounts/ac-1/apikeys";
const KEY_1: &str = "/accounts/ac-1/apikeys/k-1";

fn key(id: &str, name: &str, roles: &[serde_json::Value]) -> serde_json::Value {
    json!({ "key": id, "href": format!("/accounts/ac-1/apikeys/{id}"), "account": account_link("ac-1"),
            "name": name, "description": "For CI", "roles": roles, "lastUsed": "2026-11-20" })
}

fn named(name: &str) -> Fields {
    Fields::from([("displayName".to_owned(), Value::text(name))])
}

fn creating(fields: Fields, roles: &[&str]) -> Action {
    Action::CreateApiKey {
        account: Ref::Known("ac-1".into()),
        fields,
        roles: Some(refs(roles)),
        secret_to: SecretPlace::File { path: "keys/ci".to_owned() },
    }
}

fn updating(changes: Vec<FieldChange>, from: &[&str], roles: Option<&[&str]>) -> Action {
    Action::UpdateApiKey {
        account: "ac-1".into(),
        key: "k-1".into(),
        changes,
        from: ids::<RoleId>(from),
        roles: roles.map(refs),
    }
}

fn renamed(from: &str, to: &str) -> FieldChange {
    FieldChange { field: "displayName".into(), from: Some(Value::text(from)), to: Some(Value::text(to)) }
}

#[tokio::test]
async fn the_keys_of_an_account_cost_one_call_and_show_no_secret() {
    let server = pureport().await;
    let other = json!({ "key": "k-9", "name": "Above", "account": account_link("ac-0"), "roles": [] });
    has(&server, KEYS, json!([key("k-1", "CI", &[role_link("ac-0", "role-2")]), other])).await;
    let observation = observe(&server, Scope::ApiKeys("ac-1".into())).await.unwrap();
    assert_eq!(observation.calls, 2, "the log-in and one list");
    let Seen::ApiKeys(keys) = observation.seen else { panic!("{:?}", observation.seen) };
    assert_eq!(keys.keys().collect::<Vec<_>>(), [&ApiKeyId::from("k-1")], "what is inherited does not count");
    let one = &keys[&ApiKeyId::from("k-1")];
    assert_eq!(one.roles, ids::<RoleId>(&["role-2"]));
    assert_eq!(one.fields["displayName"], Value::text("CI"));
}

#[tokio::test]
async fn a_list_of_keys_that_is_refused_says_which_right_is_missing() {
    let server = pureport().await;
    answers(&server, "GET", KEYS, refusal(403, "FORBIDDEN")).await;
    let error = observe(&server, Scope::ApiKeys("ac-1".into())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.hint.unwrap().contains("`apikeys`"));
}

#[tokio::test]
async fn we_know_which_key_we_are() {
    let server = pureport().await;
    has(&server, "/accounts", json!([])).await;
    let Seen::Directory(directory) = observe(&server, Scope::Directory).await.unwrap().seen else { panic!() };
    assert_eq!(directory.own_keys, Some(BTreeSet::from([ApiKeyId::from(KEY)])));
}

#[tokio::test]
async fn a_key_is_made_with_its_roles_and_gives_its_secret_once() {
    let server = pureport().await;
    has(&server, "/accounts/ac-1/roles", json!([role("ac-1", "role-2", "Builder", json!({}))])).await;
    let mut made = key("k-1", "CI", &[role_link("ac-1", "role-2")]);
    made["secret"] = json!("hunter2");
    answers(&server, "POST", KEYS, ResponseTemplate::new(201).set_body_json(made)).await;
    let applied = apply(&server, CI, creating(named("CI"), &["role-2"])).await.unwrap();
    assert!(!format!("{applied:?}").contains("hunter2"));
    let Applied::ApiKey { id, secret } = applied else { panic!("{applied:?}") };
    assert_eq!((id, secret.unwrap().expose()), ("k-1".into(), "hunter2"));
    let body =
        json!({ "name": "CI", "account": account_link("ac-1"), "roles": [role_link("ac-1", "role-2")] });
    assert_eq!(sent(&server, "POST").await, body);
}

#[tokio::test]
async fn a_key_without_its_secret_is_told_by_its_id_so_that_it_can_be_deleted() {
    let server = pureport().await;
    has(&server, "/accounts/ac-1/roles", json!([role("ac-1", "role-2", "Builder", json!({}))])).await;
    let answer = ResponseTemplate::new(201).insert_header("Location", KEY_1);
    answers(&server, "POST", KEYS, answer).await;
    let applied = apply(&server, CI, creating(named("CI"), &["role-2"])).await;
    assert_eq!(applied, Ok(Applied::ApiKey { id: "k-1".into(), secret: None }));
}

#[tokio::test]
async fn an_answer_that_names_no_key_leaves_open_whether_there_is_one() {
    let server = pureport().await;
    has(&server, "/accounts/ac-1/roles", json!([role("ac-1", "role-2", "Builder", json!({}))])).await;
    answers(&server, "POST", KEYS, ok(json!({ "secret": "hunter2" }))).await;
    let error = apply(&server, CI, creating(named("CI"), &["role-2"])).await.unwrap_err();
    assert_eq!((&error.kind, error.sent), (&ErrorKind::Protocol, Sent::Unknown));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_key_needs_a_name_and_a_role() {
    let server = pureport().await;
    for action in [creating(named("CI"), &[]), creating(Fields::new(), &["role-2"])] {
        has(&server, "/accounts/ac-1/roles", json!([role("ac-1", "role-2", "Builder", json!({}))])).await;
        let error = apply(&server, CI, action).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Rejected { .. }), "{error:?}");
    }
    assert!(calls(&server, "POST").await.is_empty());
}

#[tokio::test]
async fn a_key_is_written_whole_without_what_is_read_only() {
    let server = pureport().await;
    let (one, two) = (role_link("ac-1", "role-1"), role_link("ac-1", "role-2"));
    has(&server, KEY_1, key("k-1", "CI", std::slice::from_ref(&one))).await;
    has(&server, "/accounts/ac-1/roles", json!([role("ac-1", "role-2", "Builder", json!({}))])).await;
    answers(&server, "PUT", KEY_1, ok(key("k-1", "Pipeline", std::slice::from_ref(&two)))).await;
    let change = updating(vec![renamed("CI", "Pipeline")], &["role-1"], Some(&["role-2"]));
    let applied = apply(&server, CI, change).await;
    assert_eq!(applied, Ok(Applied::ApiKey { id: "k-1".into(), secret: None }));
    let body = json!({ "name": "Pipeline", "description": "For CI", "account": account_link("ac-1"),
                       "roles": [two], "lastUsed": "2026-11-20" });
    assert_eq!(sent(&server, "PUT").await, body);
}

#[tokio::test]
async fn a_key_whose_roles_moved_is_stale_and_one_that_is_so_already_is_done() {
    let server = pureport().await;
    has(&server, KEY_1, key("k-1", "CI", &[role_link("ac-1", "role-3")])).await;
    let moved = apply(&server, CI, updating(vec![], &["role-1"], Some(&["role-2"]))).await;
    assert_eq!(moved.unwrap_err().kind, ErrorKind::Stale);
    let so = apply(&server, CI, updating(vec![], &["role-1"], Some(&["role-3"]))).await;
    assert_eq!(so, Ok(Applied::ApiKey { id: "k-1".into(), secret: None }));
    assert!(calls(&server, "PUT").await.is_empty());
}

#[tokio::test]
async fn a_key_is_removed_and_one_that_is_gone_is_as_good() {
    let server = pureport().await;
    for status in [204, 404] {
        server.reset().await;
        let login = json!({ "access_token": "t-1", "token_type": "bearer", "expires_in": 3600 });
        answers(&server, "POST", "/login", ok(login)).await;
        answers(&server, "DELETE", KEY_1, ResponseTemplate::new(status)).await;
        let removing = Action::RemoveApiKey { account: "ac-1".into(), key: "k-1".into() };
        assert_eq!(apply(&server, CI, removing).await, Ok(Applied::Gone), "{status}");
    }
}
