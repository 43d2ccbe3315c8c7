//! Looking at Pureport: what it shows, what it costs, what is missing when something is refused.

// The lints spare tests only, not what they share.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use orgform_model::invite::InviteStatus;
use orgform_model::world::{AccountContent, Completeness, Directory, Identity, PersonSeen, Seen};
use orgform_model::{AccountId, Observation, RoleId, Scope, Value};
use orgform_provider::{ErrorKind, ProviderError};
use serde_json::json;
use support::*;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn account_scope(fields: &[&'static str]) -> Scope {
    Scope::Account { id: "ac-1".into(), fields: fields.iter().copied().collect() }
}

fn content(seen: Result<Observation, ProviderError>) -> AccountContent {
    match seen.unwrap().seen {
        Seen::Account(content) => content,
        other => panic!("{other:?}"),
    }
}

fn directory(seen: Result<Observation, ProviderError>) -> (Directory, u32) {
    let Observation { at: _, calls, seen } = seen.unwrap();
    match seen {
        Seen::Directory(directory) => (directory, calls),
        other => panic!("{other:?}"),
    }
}

/// An account with one of each.
async fn acme() -> MockServer {
    let server = pureport().await;
    let operator = role("ac-1", "role-2", "Operator", json!({ "networks": { "read": true, "all": false } }));
    has(&server, "/accounts/ac-1/roles", json!([admin("ac-1", "role-1"), operator])).await;
    let ada =
        member("ac-1", "user-1", "Ada Lovelace", &[role_link("ac-1", "role-1"), role_link("ac-0", "role-9")]);
    has(&server, "/accounts/ac-1/members", json!([ada])).await;
    let waits = invite("ac-1", "invite-1", "Joan@acme.example", &[role_link("ac-1", "role-2")]);
    let mut expired = invite("ac-1", "invite-2", "tim@acme.example", &[]);
    expired["expired"] = json!(true);
    has(&server, "/accounts/ac-1/invites", json!([waits, expired])).await;
    server
}

#[tokio::test]
async fn the_directory_costs_a_log_in_and_one_list() {
    let server = pureport().await;
    let child = json!({ "id": "ac-2", "name": "Finance", "parent": account_link("ac-1"), "tags": { "a": "b" },
                        "technicalContactEmails": ["n2@acme.example", "n1@acme.example"] });
    let lost = json!({ "id": "ac-3", "name": "Lab", "parent": { "href": "/accounts/ac-unseen" } });
    has(&server, "/accounts", json!([child, lost, { "id": "ac-1", "name": "Acme" }])).await;
    let (directory, calls) = directory(observe(&server, Scope::Directory).await);
    assert_eq!(calls, 2);
    let Directory { accounts, below: _, completeness, identity, own_keys: _ } = directory;
    assert_eq!(completeness, Completeness::Complete);
    let name = "the API key from env PUREPORT_API_KEY".to_owned();
    assert_eq!(identity, Some(Identity::Machine { name, roles: None }));
    let parents: Vec<_> =
        accounts.values().map(|account| account.parent.as_ref().map(AccountId::as_str)).collect();
    assert_eq!(parents, [None, Some("ac-1"), Some("ac-unseen")]);
    let fields = &accounts[&AccountId::from("ac-2")].fields;
    assert_eq!(fields["technicalContacts"], Value::set(["n1@acme.example", "n2@acme.example"]));
    assert_eq!(fields["description"], Value::text(""));
    assert!(!fields.contains_key("consent"));
}

#[tokio::test]
async fn trap_10_two_accounts_of_one_name_are_both_seen() {
    let server = pureport().await;
    let named = |id: &str| json!({ "id": id, "name": "Finance", "parent": account_link("ac-1") });
    has(&server, "/accounts", json!([named("ac-2"), named("ac-3")])).await;
    let (directory, _) = directory(observe(&server, Scope::Directory).await);
    assert_eq!(directory.accounts.len(), 2);
    assert!(!orgform_pureport::SEMANTICS.accounts.natural_key_unique);
}

#[tokio::test]
async fn an_account_costs_three_calls_besides_the_log_in() {
    let server = acme().await;
    let observation = observe(&server, account_scope(&[])).await.unwrap();
    assert_eq!(observation.calls, 4);
    let content = content(Ok(observation));
    let fixed: Vec<_> = content.roles.values().map(|role| role.fixed).collect();
    assert_eq!(fixed, [Some("admin"), None]);
    assert_eq!(content.roles[&RoleId::from("role-2")].fields["permissions"], Value::set(["networks:read"]));
    assert_eq!(
        (&content.roles_complete, &content.people_complete),
        (&Completeness::Complete, &Completeness::Complete)
    );
    assert!(content.fields.is_empty());
}

#[tokio::test]
async fn a_second_look_needs_no_second_log_in() {
    use orgform_provider::Observe;
    let server = acme().await;
    let writer = writer(&server);
    let first = writer.observe(&account_scope(&[])).await.unwrap();
    let second = writer.observe(&account_scope(&[])).await.unwrap();
    assert_eq!((first.calls, second.calls), (4, 3));
    assert_eq!(first.seen, second.seen);
}

#[tokio::test]
async fn trap_02_a_member_is_known_by_id_and_its_email_costs_a_call() {
    let server = acme().await;
    let content = content(observe(&server, account_scope(&[])).await);
    let (id, ada) = content.members.first_key_value().unwrap();
    assert_eq!((id.as_str(), &ada.email, ada.hint.as_deref()), ("user-1", &None, Some("Ada Lovelace")));
    assert_eq!(ada.roles, ids(&["role-1", "role-9"]));

    has(&server, "/users/user-1", user("user-1", "Ada@acme.example")).await;
    answers(&server, "GET", "/users/user-2", refusal(403, "FORBIDDEN")).await;
    answers(&server, "GET", "/users/user-3", refusal(404, "NOT_FOUND")).await;
    let mut seen = Vec::new();
    for id in ["user-1", "user-2", "user-3"] {
        let observation = observe(&server, Scope::Person(id.into())).await.unwrap();
        assert_eq!(observation.calls, 2);
        seen.push(observation.seen);
    }
    let because = "reading the person was refused (403 FORBIDDEN, \"no\")".to_owned();
    assert_eq!(
        seen,
        [
            Seen::Person(PersonSeen::Email("ada@acme.example".into())),
            Seen::Person(PersonSeen::Unreadable { because }),
            Seen::Person(PersonSeen::Gone),
        ]
    );
}

#[tokio::test]
async fn trap_03_an_invite_is_seen_as_waiting_or_expired() {
    let server = acme().await;
    let content = content(observe(&server, account_scope(&[])).await);
    let seen: Vec<_> =
        content.invites.iter().map(|one| (one.id.as_str(), one.email.as_str(), one.status)).collect();
    assert_eq!(
        seen,
        [
            ("invite-1", "joan@acme.example", InviteStatus::Pending),
            ("invite-2", "tim@acme.example", InviteStatus::Expired),
        ]
    );
    assert_eq!(content.invites[0].roles, ids(&["role-2"]));
    assert_eq!(content.invites[0].invited_at, Some("2026-11-20T08:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn trap_07_what_is_inherited_is_not_the_childs_own() {
    let server = pureport().await;
    has(&server, "/accounts/ac-1/roles", json!([admin("ac-0", "role-0"), admin("ac-1", "role-1")])).await;
    has(&server, "/accounts/ac-1/members", json!([member("ac-0", "user-1", "Ada", &[])])).await;
    has(&server, "/accounts/ac-1/invites", json!([])).await;
    let content = content(observe(&server, account_scope(&[])).await);
    assert_eq!(content.roles.keys().map(RoleId::as_str).collect::<Vec<_>>(), ["role-1"]);
    assert!(content.members.is_empty() && content.people_complete.is_complete());
    assert!(orgform_pureport::SEMANTICS.roles.inherited);
}

#[tokio::test]
async fn trap_11_no_consent_is_a_value() {
    let server = acme().await;
    answers(&server, "GET", "/accounts/ac-1/consent", refusal(404, "NOT_FOUND")).await;
    let observation = observe(&server, account_scope(&["consent"])).await.unwrap();
    assert_eq!(observation.calls, 5);
    assert_eq!(content(Ok(observation)).fields["consent"], Value::text("Open"));

    let server = acme().await;
    has(&server, "/accounts/ac-1/consent", json!({ "consentAt": "2026-11-20T08:00:00.000Z" })).await;
    let content = content(observe(&server, account_scope(&["consent"])).await);
    assert_eq!(content.fields["consent"], Value::text("Accepted"));
}

#[tokio::test]
async fn a_refused_list_leaves_the_rest_and_says_what_is_missing() {
    let server = pureport().await;
    has(&server, "/accounts/ac-1/roles", json!([])).await;
    has(&server, "/accounts/ac-1/members", json!([member("ac-1", "user-1", "Ada", &[])])).await;
    answers(&server, "GET", "/accounts/ac-1/invites", refusal(403, "FORBIDDEN")).await;
    let content = content(observe(&server, account_scope(&[])).await);
    assert_eq!((content.members.len(), content.roles_complete.is_complete()), (1, true));
    let because = "the list of invites was refused (403 FORBIDDEN, \"no\")".to_owned();
    assert_eq!(content.people_complete, Completeness::Partial { because });
}

#[tokio::test]
async fn an_account_of_which_nothing_can_be_seen_is_an_error_and_not_empty() {
    let server = pureport().await;
    answers(&server, "GET", "/accounts/ac-1/roles", refusal(404, "NOT_FOUND")).await;
    answers(&server, "GET", "/accounts/ac-1/members", refusal(404, "NOT_FOUND")).await;
    answers(&server, "GET", "/accounts/ac-1/invites", refusal(404, "NOT_FOUND")).await;
    assert_eq!(observe(&server, account_scope(&[])).await.unwrap_err().kind, ErrorKind::Stale);
}

#[tokio::test]
async fn a_page_instead_of_a_list_is_not_taken_for_an_empty_one() {
    let server = pureport().await;
    has(&server, "/accounts/ac-1/roles", json!([])).await;
    has(&server, "/accounts/ac-1/invites", json!([])).await;
    has(&server, "/accounts/ac-1/members", json!({ "content": [], "totalElements": 40 })).await;
    let error = observe(&server, account_scope(&[])).await.unwrap_err();
    assert_eq!((error.kind, error.tried.as_str()), (ErrorKind::Protocol, "list the members"));
}

#[tokio::test]
async fn a_list_that_comes_at_the_third_try_is_complete_and_every_try_counts() {
    let server = pureport().await;
    let list = || Mock::given(method("GET")).and(path("/accounts"));
    list().respond_with(ResponseTemplate::new(429)).up_to_n_times(1).mount(&server).await;
    let half = ResponseTemplate::new(200).set_body_string("[{\"id\": \"ac-1\",");
    list().respond_with(half).up_to_n_times(1).mount(&server).await;
    has(&server, "/accounts", json!([{ "id": "ac-1", "name": "Acme" }])).await;
    let (directory, calls) = directory(observe(&server, Scope::Directory).await);
    assert_eq!((directory.accounts.len(), calls), (1, 4));
}
