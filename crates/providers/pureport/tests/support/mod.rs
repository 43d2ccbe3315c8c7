//! What the stories share: a mocked Pureport with a log-in, and short forms of its objects.

// Each story uses a part of this, and the lint on unwrap spares tests only.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub, missing_docs)]

use std::collections::BTreeSet;

use orgform_http::{Options, RetryPolicy};
use orgform_model::{Action, Address, Applied, Change, Observation, Ref, RoleId, Scope};
use orgform_provider::{Connection, Credential, Observe, Provider, ProviderError};
use orgform_pureport::Writer;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub const KEY: &str = "key-of-the-api";
pub const SECRET: &str = "secret-of-the-api";

/// A server that knows the key and nothing else.
pub async fn pureport() -> MockServer {
    let server = MockServer::start().await;
    let login = json!({ "access_token": "t-1", "token_type": "bearer", "expires_in": 3600 });
    Mock::given(method("POST")).and(path("/login")).respond_with(ok(login)).mount(&server).await;
    server
}

pub fn connection(server: &MockServer) -> Connection {
    let credential = |field: &str, secret: &str| Credential {
        field: field.into(),
        source: format!("env PUREPORT_API_{}", field.to_uppercase()),
        secret: SecretString::from(secret),
    };
    Connection {
        endpoint: server.uri().parse().unwrap(),
        credentials: vec![credential("key", KEY), credential("secret", SECRET)],
        user_agent: "orgform-test".into(),
        other_credentials: vec![],
        secrets: std::sync::Arc::new(orgform_provider::NoSecrets),
        login: None,
        agreed: Default::default(),
        tokens: std::sync::Arc::new(orgform_provider::TokensInMemory::default()),
        calls: std::sync::Arc::new(orgform_provider::NoCalls),
    }
}

pub fn writer(server: &MockServer) -> Writer {
    let options = Options { retry: RetryPolicy::default().fast(), ..orgform_pureport::options() };
    Writer::connect(&connection(server), options).unwrap()
}

pub async fn observe(server: &MockServer, scope: Scope) -> Result<Observation, ProviderError> {
    writer(server).observe(&scope).await
}

pub async fn apply(server: &MockServer, address: &str, action: Action) -> Result<Applied, ProviderError> {
    apply_with(&writer(server), address, action).await
}

pub async fn apply_with(writer: &Writer, address: &str, action: Action) -> Result<Applied, ProviderError> {
    let address: Address = address.parse().unwrap();
    writer.apply(&[Change { address, action }]).await.remove(0)
}

pub fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub fn refusal(status: u16, code: &str) -> ResponseTemplate {
    let body = json!({ "status": status, "code": code, "message": "no" });
    ResponseTemplate::new(status).set_body_json(body)
}

/// Answers every GET of a path.
pub async fn has(server: &MockServer, at: &str, body: Value) {
    Mock::given(method("GET")).and(path(at)).respond_with(ok(body)).mount(server).await;
}

/// Answers every call of a path in one way.
pub async fn answers(server: &MockServer, how: &str, at: &str, answer: ResponseTemplate) {
    Mock::given(method(how)).and(path(at)).respond_with(answer).mount(server).await;
}

/// Calls of a method so far, log-ins aside, as `path?query`.
pub async fn calls(server: &MockServer, how: &str) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let called =
        requests.iter().filter(|request| request.method.as_str() == how && request.url.path() != "/login");
    called
        .map(|request| match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        })
        .collect()
}

/// The body of the one write of this method.
pub async fn sent(server: &MockServer, how: &str) -> Value {
    let requests = server.received_requests().await.unwrap();
    let mut writes = requests.iter().filter(|one| one.method.as_str() == how && one.url.path() != "/login");
    let write = writes.next().unwrap();
    assert_eq!(writes.count(), 0);
    write.body_json().unwrap()
}

pub fn account_link(id: &str) -> Value {
    json!({ "id": id, "href": format!("/accounts/{id}") })
}

pub fn role_link(owner: &str, id: &str) -> Value {
    json!({ "id": id, "href": format!("/accounts/{owner}/roles/{id}") })
}

pub fn role(owner: &str, id: &str, name: &str, permissions: Value) -> Value {
    json!({ "id": id, "href": format!("/accounts/{owner}/roles/{id}"), "account": account_link(owner), "name": name,
            "permissions": permissions })
}

pub fn admin(owner: &str, id: &str) -> Value {
    role(owner, id, "Admin", json!({ "all": { "all": true } }))
}

pub fn member(account: &str, user: &str, title: &str, roles: &[Value]) -> Value {
    json!({ "account": account_link(account), "roles": roles, "href": format!("/accounts/{account}/members/{user}"),
            "user": { "id": user, "href": format!("/users/{user}"), "title": title } })
}

pub fn invite(account: &str, id: &str, email: &str, roles: &[Value]) -> Value {
    json!({ "id": id, "href": format!("/accounts/{account}/invites/{id}"), "account": account_link(account),
            "email": email, "roles": roles, "invitedAt": "2026-11-20T08:00:00.000Z", "expired": false,
            "invitedBy": { "href": "/users/user-9" } })
}

pub fn user(id: &str, email: &str) -> Value {
    json!({ "id": id, "email": email, "firstName": "A", "lastName": "B", "username": email })
}

pub fn ids<T: for<'a> From<&'a str> + Ord>(ids: &[&str]) -> BTreeSet<T> {
    ids.iter().map(|&id| T::from(id)).collect()
}

pub fn refs(roles: &[&str]) -> BTreeSet<Ref<RoleId>> {
    roles.iter().map(|&id| Ref::Known(RoleId::from(id))).collect()
}
