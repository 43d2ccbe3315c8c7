//! Making, changing and removing accounts and roles at Pureport.

mod support;

use std::collections::BTreeMap;

use orgform_model::{Action, Applied, FieldChange, Fields, Ref, Value};
use orgform_provider::{ErrorKind, Sent};
use serde_json::json;
use support::*;
use wiremock::ResponseTemplate;

const FINANCE: &str = "pureport/acme/finance";
const OPERATOR: &str = "pureport/acme:role/operator";
const ACCOUNT: &str = "/accounts/ac-2";
const ROLE: &str = "/accounts/ac-1/roles/role-2";

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn change(field: &str, from: Value, to: Value) -> FieldChange {
    FieldChange { field: field.into(), from: Some(from), to: Some(to) }
}

fn creating(fields: Fields) -> Action {
    Action::CreateAccount { parent: Some(Ref::Known("ac-1".into())), fields }
}

fn updating(changes: Vec<FieldChange>) -> Action {
    Action::UpdateAccount { account: "ac-2".into(), changes }
}

fn updating_role(changes: Vec<FieldChange>) -> Action {
    Action::UpdateRole { account: "ac-1".into(), role: "role-2".into(), changes }
}

fn removing_role() -> Action {
    Action::RemoveRole { account: "ac-1".into(), role: "role-2".into() }
}

fn renamed(from: &str, to: &str) -> FieldChange {
    change("displayName", Value::text(from), Value::text(to))
}

#[tokio::test]
async fn a_child_account_is_made_and_tells_its_admin_role() {
    let server = pureport().await;
    let made = json!({ "id": "ac-2", "name": "Finance", "parent": account_link("ac-1") });
    answers(&server, "POST", "/accounts", ResponseTemplate::new(201).set_body_json(made)).await;
    has(&server, "/accounts/ac-2/roles", json!([admin("ac-2", "role-7")])).await;
    let outcome = apply(&server, FINANCE, creating(fields([("displayName", Value::text("Finance"))]))).await;
    let fixed_roles = BTreeMap::from([("admin".to_owned(), "role-7".into())]);
    assert_eq!(outcome, Ok(Applied::Account { id: "ac-2".into(), fixed_roles }));
    assert_eq!(sent(&server, "POST").await, json!({ "name": "Finance", "parent": account_link("ac-1") }));
}

#[tokio::test]
async fn the_id_may_come_from_the_location_alone() {
    let server = pureport().await;
    let made = ResponseTemplate::new(201).insert_header("location", "https://x.example/accounts/ac-2");
    answers(&server, "POST", "/accounts", made).await;
    has(&server, "/accounts/ac-2/roles", json!([admin("ac-2", "role-7")])).await;
    let outcome = apply(&server, FINANCE, creating(fields([("displayName", Value::text("Finance"))]))).await;
    assert!(matches!(outcome, Ok(Applied::Account { id, .. }) if id.as_str() == "ac-2"));
}

#[tokio::test]
async fn a_top_level_account_can_not_be_made() {
    let server = pureport().await;
    let fields = fields([("displayName", Value::text("Acme"))]);
    let error =
        apply(&server, "pureport/acme", Action::CreateAccount { parent: None, fields }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected { field: Some("parentRef".into()) });
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn consent_is_given_to_a_new_account_that_declares_it_and_to_no_other() {
    for (consent, posts) in [("Accepted", 2), ("LeftToAdmin", 1)] {
        let server = pureport().await;
        let made = json!({ "id": "ac-2", "name": "Finance" });
        answers(&server, "POST", "/accounts", ok(made)).await;
        answers(&server, "POST", "/accounts/ac-2/consent", refusal(409, "ACCOUNT_ALREADY_CONSENTED")).await;
        has(&server, "/accounts/ac-2/roles", json!([admin("ac-2", "role-7")])).await;
        let fields = fields([("displayName", Value::text("Finance")), ("consent", Value::text(consent))]);
        apply(&server, FINANCE, creating(fields)).await.unwrap();
        assert_eq!(calls(&server, "POST").await.len(), posts);
    }
}

#[tokio::test]
async fn a_new_account_whose_consent_fails_is_not_made_again() {
    let server = pureport().await;
    answers(&server, "POST", "/accounts", ok(json!({ "id": "ac-2", "name": "Finance" }))).await;
    answers(&server, "POST", "/accounts/ac-2/consent", refusal(403, "FORBIDDEN")).await;
    let fields = fields([("displayName", Value::text("Finance")), ("consent", Value::text("Accepted"))]);
    let error = apply(&server, FINANCE, creating(fields)).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Denied, Sent::Unknown));
    assert_eq!(error.tried, "accept the agreements of ac-2");
}

#[tokio::test]
async fn an_account_keeps_what_is_not_managed() {
    let server = pureport().await;
    let before = json!({ "id": "ac-2", "href": ACCOUNT, "name": "Finance", "parent": account_link("ac-1"),
        "demo": false, "hasChildren": true, "showChildAccountPricing": true,
        "technicalContactEmails": ["b@acme.example", "a@acme.example"] });
    has(&server, ACCOUNT, before.clone()).await;
    let mut after = before.clone();
    after["description"] = json!("Money");
    answers(&server, "PUT", ACCOUNT, ok(after.clone())).await;
    let changes = vec![
        change("description", Value::text(""), Value::text("Money")),
        change("technicalContacts", Value::set([""; 0]), Value::set(["a@acme.example", "b@acme.example"])),
    ];
    let outcome = apply(&server, FINANCE, updating(changes)).await;
    assert_eq!(outcome, Ok(Applied::Account { id: "ac-2".into(), fixed_roles: BTreeMap::new() }));
    let body = after.as_object_mut().unwrap();
    body.remove("href");
    body.remove("hasChildren");
    assert_eq!(sent(&server, "PUT").await, after);
}

#[tokio::test]
async fn a_field_that_somebody_else_changed_is_stale_and_one_that_is_so_already_is_done() {
    let server = pureport().await;
    has(&server, ACCOUNT, json!({ "id": "ac-2", "name": "Treasury" })).await;
    let error = apply(&server, FINANCE, updating(vec![renamed("Finance", "Money")])).await.unwrap_err();
    assert_eq!(
        (error.kind, error.said.as_str()),
        (ErrorKind::Stale, "its name changed meanwhile, to \"Treasury\"")
    );
    apply(&server, FINANCE, updating(vec![renamed("Finance", "Treasury")])).await.unwrap();
    assert!(calls(&server, "PUT").await.is_empty());
}

#[tokio::test]
async fn a_field_that_the_server_silently_kept_is_told() {
    let server = pureport().await;
    let account = json!({ "id": "ac-2", "name": "Finance" });
    has(&server, ACCOUNT, account.clone()).await;
    answers(&server, "PUT", ACCOUNT, ok(account)).await;
    let tags = Value::Map(BTreeMap::from([("team".into(), "net".into())]));
    let wanted = change("tags", Value::Map(BTreeMap::new()), tags);
    let error = apply(&server, FINANCE, updating(vec![wanted])).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Protocol, Sent::Unknown));
    assert_eq!(error.said, "answered with success but kept its tags at nothing");
}

#[tokio::test]
async fn an_answer_without_a_body_is_read_instead() {
    let server = pureport().await;
    let read =
        || wiremock::Mock::given(wiremock::matchers::method("GET")).and(wiremock::matchers::path(ACCOUNT));
    let account = |name: &str| ok(json!({ "id": "ac-2", "name": name }));
    read().respond_with(account("Finance")).up_to_n_times(1).mount(&server).await;
    read().respond_with(account("Money")).mount(&server).await;
    answers(&server, "PUT", ACCOUNT, ResponseTemplate::new(204)).await;
    apply(&server, FINANCE, updating(vec![renamed("Finance", "Money")])).await.unwrap();
    assert_eq!(calls(&server, "GET").await.len(), 2);
}

#[tokio::test]
async fn consent_goes_one_way() {
    let server = pureport().await;
    answers(&server, "POST", "/accounts/ac-2/consent", ResponseTemplate::new(201)).await;
    let open = || Value::text("Open");
    let accepted = || Value::text("Accepted");
    apply(&server, FINANCE, updating(vec![change("consent", open(), accepted())])).await.unwrap();
    assert_eq!(calls(&server, "POST").await, ["/accounts/ac-2/consent"]);
    let error =
        apply(&server, FINANCE, updating(vec![change("consent", accepted(), open())])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected { field: Some("consent".into()) });
}

#[tokio::test]
async fn trap_08_an_account_with_children_or_ports_says_what_goes_first() {
    let removal = || Action::RemoveAccount { account: "ac-2".into() };
    for (code, hint) in [
        ("ACCOUNT_HAS_CHILD_ACCOUNTS", "remove its child accounts first, or keep it."),
        (
            "ACCOUNT_DELETE_NON_DELETED_PORT_STATE_CONFLICT",
            "delete its ports and networks in Pureport first, or keep it.",
        ),
    ] {
        let server = pureport().await;
        answers(&server, "DELETE", ACCOUNT, refusal(409, code)).await;
        let error = apply(&server, FINANCE, removal()).await.unwrap_err();
        assert_eq!((error.kind, error.hint.as_deref()), (ErrorKind::Rejected { field: None }, Some(hint)));
    }
    assert_eq!(apply(&pureport().await, FINANCE, removal()).await, Ok(Applied::Gone));
}

#[tokio::test]
async fn a_role_is_made_with_every_cell_written_out() {
    let server = pureport().await;
    let permissions = json!({ "networks": { "read": true, "update": true } });
    let made = ResponseTemplate::new(201).set_body_json(role("ac-1", "role-2", "Operator", permissions));
    answers(&server, "POST", "/accounts/ac-1/roles", made).await;
    let fields = fields([
        ("displayName", Value::text("Operator")),
        ("permissions", Value::set(["networks:read", "networks:update"])),
    ]);
    let action = Action::CreateRole { account: Ref::Known("ac-1".into()), fields };
    assert_eq!(apply(&server, OPERATOR, action).await, Ok(Applied::Role { id: "role-2".into() }));
    let body = sent(&server, "POST").await;
    assert_eq!((&body["account"], &body["name"]), (&account_link("ac-1"), &json!("Operator")));
    let cells: Vec<_> =
        body["permissions"].as_object().unwrap().values().flat_map(|row| row.as_object().unwrap()).collect();
    assert_eq!((cells.len(), cells.iter().filter(|(_, yes)| **yes == json!(true)).count()), (45, 2));
}

#[tokio::test]
async fn trap_01_a_role_that_comes_back_dense_is_taken_as_it_was_sent() {
    let server = pureport().await;
    let before = role("ac-1", "role-2", "Operator", json!({ "networks": { "read": true } }));
    has(&server, ROLE, before.clone()).await;
    let mut after = before;
    for action in ["all", "create", "read", "update", "delete"] {
        after["permissions"]["networks"][action] = json!(true);
        after["permissions"]["ports"][action] = json!(false);
    }
    answers(&server, "PUT", ROLE, ok(after)).await;
    let wanted = change("permissions", Value::set(["networks:read"]), Value::set(["networks:all"]));
    let outcome = apply(&server, OPERATOR, updating_role(vec![wanted])).await;
    assert_eq!(outcome, Ok(Applied::Role { id: "role-2".into() }));
}

#[tokio::test]
async fn the_predefined_admin_is_never_written() {
    let server = pureport().await;
    has(&server, ROLE, admin("ac-1", "role-2")).await;
    for action in [updating_role(vec![renamed("Admin", "Boss")]), removing_role()] {
        let error = apply(&server, OPERATOR, action).await.unwrap_err();
        assert_eq!(error.said, "it is Pureport's own Admin role");
    }
    let named = fields([("displayName", Value::text("Admin"))]);
    let create = Action::CreateRole { account: Ref::Known("ac-1".into()), fields: named };
    let error = apply(&server, OPERATOR, create).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected { field: Some("displayName".into()) });
    let requests = server.received_requests().await.unwrap();
    assert!(
        requests.iter().all(|request| request.method.as_str() == "GET" || request.url.path() == "/login")
    );
}

#[tokio::test]
async fn a_role_is_removed_unless_somebody_holds_it() {
    let server = pureport().await;
    has(&server, ROLE, role("ac-1", "role-2", "Operator", json!({}))).await;
    answers(&server, "DELETE", ROLE, refusal(409, "CONFLICT")).await;
    let error = apply(&server, OPERATOR, removing_role()).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Stale, Sent::No));

    let server = pureport().await;
    has(&server, ROLE, role("ac-1", "role-2", "Operator", json!({}))).await;
    answers(&server, "DELETE", ROLE, ResponseTemplate::new(204)).await;
    assert_eq!(apply(&server, OPERATOR, removing_role()).await, Ok(Applied::Gone));
    assert_eq!(apply(&pureport().await, OPERATOR, removing_role()).await, Ok(Applied::Gone));
}

#[tokio::test]
async fn a_role_edit_dropped_after_commit_is_unknown_and_then_found_done() {
    let server = pureport().await;
    let operator = |name: &str| role("ac-1", "role-2", name, json!({}));
    has(&server, ROLE, operator("Operator")).await;
    wiremock::Mock::given(wiremock::matchers::method("PUT"))
        .respond_with_err(|_: &wiremock::Request| std::io::Error::other("gone"))
        .mount(&server)
        .await;
    let rename = || updating_role(vec![renamed("Operator", "Network operator")]);
    let error = apply(&server, OPERATOR, rename()).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Unavailable, Sent::Unknown));
    assert_eq!(calls(&server, "PUT").await.len(), 1);

    let server = pureport().await;
    has(&server, ROLE, operator("Network operator")).await;
    assert_eq!(apply(&server, OPERATOR, rename()).await, Ok(Applied::Role { id: "role-2".into() }));
    assert!(calls(&server, "PUT").await.is_empty());
}
