//! The log-in: one key, one token for an hour, and what is said when the key is wrong.

mod support;

use orgform_model::Scope;
use orgform_provider::{ErrorKind, Observe, ProviderError};
use orgform_pureport::PROVIDER;
use serde_json::{Value, json};
use support::*;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer};

fn token(access: &str, lasts: u32, refresh: Option<&str>) -> Value {
    let mut token = json!({ "access_token": access, "token_type": "bearer", "expires_in": lasts });
    if let Some(refresh) = refresh {
        token["refresh_token"] = json!(refresh);
    }
    token
}

/// The log-in with the key, once for each token.
async fn logs_in(server: &MockServer, tokens: &[Value]) {
    let key = json!({ "key": KEY, "secret": SECRET });
    for token in tokens {
        let login = Mock::given(method("POST")).and(path("/login")).and(body_json(&key));
        login.respond_with(ok(token.clone())).up_to_n_times(1).expect(1).mount(server).await;
    }
}

/// The refresh, once, with this refresh token.
async fn refreshes(server: &MockServer, with: &str, token: Value) {
    let refresh = Mock::given(path("/login/refresh")).and(body_json(json!({ "refreshToken": with })));
    refresh.respond_with(ok(token)).up_to_n_times(1).expect(1).mount(server).await;
}

/// The list of accounts answers this bearer so many times, then refuses it.
async fn takes(server: &MockServer, bearer: &str, times: u64) {
    let list = || Mock::given(path("/accounts")).and(header("authorization", format!("Bearer {bearer}")));
    list().respond_with(ok(json!([]))).up_to_n_times(times).mount(server).await;
    list().respond_with(refusal(401, "ACCESS_TOKEN_EXPIRED")).mount(server).await;
}

async fn look(writer: &impl Observe) -> Result<u32, ProviderError> {
    writer.observe(&Scope::Directory).await.map(|observation| observation.calls)
}

#[tokio::test]
async fn a_wrong_key_is_told_with_its_source_and_no_secret() {
    let server = MockServer::start().await;
    let echo = format!("no key {KEY} with secret {SECRET}");
    let body = json!({ "status": 401, "code": "API_KEY_NOT_FOUND", "message": echo });
    answers(&server, "POST", "/login", wiremock::ResponseTemplate::new(401).set_body_json(body)).await;
    let error = observe(&server, Scope::Directory).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    let uri = server.uri();
    assert_eq!(
        error.to_string(),
        format!(
            "could not log in: pureport refused our log-in (401 API_KEY_NOT_FOUND, \"no key [secret] with secret \
             [secret]\") at {uri}/login, key from env PUREPORT_API_KEY, secret from env PUREPORT_API_SECRET"
        )
    );
    assert!(error.hint.as_ref().unwrap().contains("Account → API keys"));
    assert!(!format!("{error:?}").contains(SECRET));
}

#[tokio::test]
async fn a_refusal_that_comes_as_a_success_is_a_refusal() {
    let server = MockServer::start().await;
    answers(&server, "POST", "/login", ok(json!({ "status": 401, "code": "API_KEY_NOT_FOUND" }))).await;
    assert_eq!(observe(&server, Scope::Directory).await.unwrap_err().kind, ErrorKind::Denied);
}

#[tokio::test]
async fn another_server_at_the_endpoint_is_told_as_that() {
    let server = MockServer::start().await;
    let error = observe(&server, Scope::Directory).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected { field: Some("endpoint".into()) });
    assert_eq!(error.said, format!("{}/login answered 404 and is no Pureport log-in", server.uri()));
}

#[tokio::test]
async fn a_credential_without_its_secret_is_told_before_anything_is_sent() {
    let server = MockServer::start().await;
    let mut connection = connection(&server);
    connection.credentials.pop();
    let error = (PROVIDER.reader)(&connection).err().unwrap();
    assert_eq!(error.said, "the credential has no `secret`");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn trap_09_a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    let server = MockServer::start().await;
    logs_in(&server, &[token("t-1", 3600, Some("r-1"))]).await;
    refreshes(&server, "r-1", token("t-2", 3600, None)).await;
    refreshes(&server, "r-1", token("t-3", 3600, None)).await;
    takes(&server, "t-1", 1).await;
    takes(&server, "t-2", 1).await;
    takes(&server, "t-3", 1).await;
    let writer = writer(&server);
    // Log-in and list; refused list, refresh and list; the same again.
    assert_eq!(look(&writer).await, Ok(2));
    assert_eq!(look(&writer).await, Ok(3));
    assert_eq!(look(&writer).await, Ok(3));
}

#[tokio::test]
async fn a_refused_refresh_is_a_new_log_in() {
    let server = MockServer::start().await;
    logs_in(&server, &[token("t-1", 3600, Some("r-1")), token("t-2", 3600, Some("r-2"))]).await;
    answers(&server, "POST", "/login/refresh", refusal(401, "UNAUTHORIZED")).await;
    takes(&server, "t-1", 1).await;
    takes(&server, "t-2", 1).await;
    let writer = writer(&server);
    assert_eq!(look(&writer).await, Ok(2));
    assert_eq!(look(&writer).await, Ok(4));
}

#[tokio::test]
async fn a_token_that_runs_out_is_renewed_before_it_is_refused() {
    let server = MockServer::start().await;
    logs_in(&server, &[token("t-1", 0, Some("r-1"))]).await;
    refreshes(&server, "r-1", token("t-2", 3600, Some("r-2"))).await;
    takes(&server, "t-1", 1).await;
    takes(&server, "t-2", 2).await;
    let writer = writer(&server);
    assert_eq!(look(&writer).await, Ok(2));
    assert_eq!(look(&writer).await, Ok(2));
    assert_eq!(look(&writer).await, Ok(1));
}
