//! The client against servers in every kind of weather.

// The lint spares tests only, not what they share.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use orgform_http::{Auth, Call, Client, Exchange, Options, RetryPolicy, Said, Token};
use orgform_model::capabilities::Rate;
use orgform_provider::{CallMade, Calls, Connection, Credential, ErrorKind, ProviderError, Sent};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SECRET: &str = "correct-horse-battery";

/// Logs in at `POST /login`, which answers the bearer as a JSON text.
struct Login;

#[async_trait]
impl Auth for Login {
    async fn token(
        &self,
        exchange: &Exchange<'_>,
        _previous: Option<&Token>,
    ) -> Result<Token, ProviderError> {
        let answer = exchange.send(Call::post(&["login"], "log in")).await?.success()?;
        Ok(Token { bearer: SecretString::from(answer.json::<String>()?), refresh: None, lasts: None })
    }
}

/// Needs no log-in.
struct Open;

#[async_trait]
impl Auth for Open {
    async fn token(
        &self,
        _exchange: &Exchange<'_>,
        _previous: Option<&Token>,
    ) -> Result<Token, ProviderError> {
        Ok(Token { bearer: SecretString::from("open-sesame"), refresh: None, lasts: None })
    }
}

fn said(body: &[u8]) -> Said {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Said { code: text("code"), message: text("message"), field: None }
}

fn options() -> Options {
    let rate = Rate { concurrency: 8, per_second: 10_000 };
    Options { retry: RetryPolicy::default().fast(), ..Options::new(rate, said) }
}

fn client_with(endpoint: &str, options: Options, auth: impl Auth + 'static) -> Client {
    client_telling(endpoint, options, auth, Arc::new(orgform_provider::NoCalls))
}

fn client_telling(
    endpoint: &str,
    options: Options,
    auth: impl Auth + 'static,
    calls: Arc<dyn Calls>,
) -> Client {
    let secret = SecretString::from(SECRET);
    let connection = Connection {
        endpoint: endpoint.parse().unwrap(),
        credentials: vec![Credential { field: "key".into(), source: "env KEY".into(), secret }],
        user_agent: "orgform-test".into(),
        other_credentials: vec![],
        secrets: std::sync::Arc::new(orgform_provider::NoSecrets),
        login: None,
        agreed: Default::default(),
        tokens: Arc::new(orgform_provider::TokensInMemory::default()),
        calls,
    };
    Client::new(&connection, options, Arc::new(auth)).unwrap()
}

fn client(endpoint: &str) -> Client {
    client_with(endpoint, options(), Open)
}

async fn answers(server: &MockServer, status: u16, times: u64) {
    let template = ResponseTemplate::new(status).set_body_json(json!({ "code": "BUSY", "message": "later" }));
    Mock::given(any()).respond_with(template).up_to_n_times(times).mount(server).await;
}

async fn then_succeeds(server: &MockServer) {
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(json!([1]))).mount(server).await;
}

/// A server that answers each connection with the next of these bytes and hangs up; the last one repeats.
async fn hangs_up_after(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut next = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answers[next].as_bytes()).await;
            next = (next + 1).min(answers.len() - 1);
        }
    });
    endpoint
}

const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\n[1]";
const TRUNCATED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 30\r\nconnection: close\r\n\r\n[1,2,";
const NOTHING: &str = "";

#[tokio::test]
async fn a_read_is_tried_again_and_every_attempt_counts() {
    let server = MockServer::start().await;
    answers(&server, 503, 2).await;
    then_succeeds(&server).await;
    let client = client(&server.uri());
    let answer = client.send(Call::get(&["things"], "list the things")).await.unwrap();
    assert_eq!(answer.json::<Vec<u8>>().unwrap(), [1]);
    assert_eq!(client.calls(), 3);
    assert_eq!(client.counted().calls(), 0);
}

/// Everything that was told of calls.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Calls for Told {
    fn made(&self, call: &CallMade<'_>) {
        self.0.lock().unwrap().push(format!("{} {:?}", call.endpoint, call.status));
    }
}

#[tokio::test]
async fn every_attempt_is_told_by_its_endpoint_and_nobody_is_named() {
    let server = MockServer::start().await;
    answers(&server, 503, 1).await;
    then_succeeds(&server).await;
    let told = Arc::new(Told::default());
    let options = Options { words: &["users", "roles"], ..options() };
    let client = client_telling(&server.uri(), options.clone(), Open, told.clone());
    client.send(Call::get(&["users", "ada@acme.example", "roles"], "look")).await.unwrap();
    let nobody = client_telling(&hangs_up_after(&[NOTHING]).await, options, Open, told.clone());
    nobody.send(Call::post(&["users", "ada"], "look")).await.unwrap_err();
    let expected = ["GET /users/{}/roles Some(503)", "GET /users/{}/roles Some(200)", "POST /users/{} None"];
    assert_eq!(*told.0.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_read_gives_up_after_five_tries() {
    let server = MockServer::start().await;
    answers(&server, 502, 100).await;
    let client = client(&server.uri());
    let error = client.send(Call::get(&["things"], "list the things")).await.unwrap_err();
    assert_eq!(error.to_string(), "could not list the things: 502 BUSY, \"later\" (5 tries)");
    assert_eq!((error.kind, error.sent, client.calls()), (ErrorKind::Unavailable, Sent::No, 5));
}

#[tokio::test]
async fn a_throttled_write_goes_again() {
    let server = MockServer::start().await;
    let throttled = ResponseTemplate::new(429).insert_header("retry-after", "0");
    Mock::given(any()).respond_with(throttled).up_to_n_times(1).mount(&server).await;
    then_succeeds(&server).await;
    let client = client(&server.uri());
    assert!(client.send(Call::post(&["things"], "make a thing")).await.unwrap().is_success());
    assert_eq!(client.calls(), 2);
}

#[tokio::test]
async fn a_server_that_asks_for_more_than_a_minute_is_told_to_the_caller() {
    let server = MockServer::start().await;
    let throttled = ResponseTemplate::new(429).insert_header("retry-after", "90");
    Mock::given(any()).respond_with(throttled).mount(&server).await;
    let client = client(&server.uri());
    let error = client.send(Call::get(&["things"], "list the things")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled { after: Some(Duration::from_secs(90)) });
    assert_eq!(client.calls(), 1);
}

#[tokio::test]
async fn a_write_that_meets_a_server_error_is_not_repeated() {
    let server = MockServer::start().await;
    answers(&server, 500, 100).await;
    for call in
        [Call::post(&["x"], "make it"), Call::put(&["x"], "set it"), Call::delete(&["x"], "remove it")]
    {
        let client = client(&server.uri());
        let error = client.send(call).await.unwrap_err();
        assert_eq!((error.kind, error.sent, client.calls()), (ErrorKind::Unavailable, Sent::Unknown, 1));
    }
}

#[tokio::test]
async fn only_a_write_that_leaves_the_same_behind_goes_again_when_asked_to_wait() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "0");
    Mock::given(any()).respond_with(busy).mount(&server).await;
    let (sets, once) = (client(&server.uri()), client(&server.uri()));
    sets.send(Call::put(&["x"], "set it")).await.unwrap_err();
    let error = once.send(Call::post(&["x"], "make it")).await.unwrap_err();
    assert_eq!((sets.calls(), once.calls(), error.sent), (5, 1, Sent::Unknown));
}

#[tokio::test]
async fn a_connection_dropped_after_sending_leaves_a_write_unknown_and_a_read_repeated() {
    let endpoint = hangs_up_after(&[NOTHING]).await;
    let writer = client(&endpoint);
    let error = writer.send(Call::post(&["x"], "make it")).await.unwrap_err();
    assert_eq!((error.kind, error.sent, writer.calls()), (ErrorKind::Unavailable, Sent::Unknown, 1));

    let reader = client(&hangs_up_after(&[NOTHING, WHOLE]).await);
    assert!(reader.send(Call::get(&["x"], "read it")).await.unwrap().is_success());
    assert_eq!(reader.calls(), 2);
}

#[tokio::test]
async fn a_truncated_body_is_read_again_and_never_taken_for_the_whole() {
    let reader = client(&hangs_up_after(&[TRUNCATED, WHOLE]).await);
    let answer = reader.send(Call::get(&["x"], "read it")).await.unwrap();
    assert_eq!((answer.json::<Vec<u8>>().unwrap(), reader.calls()), (vec![1], 2));

    let writer = client(&hangs_up_after(&[TRUNCATED]).await);
    let error = writer.send(Call::put(&["x"], "set it")).await.unwrap_err();
    assert_eq!((error.kind, error.sent, writer.calls()), (ErrorKind::Unavailable, Sent::Unknown, 1));
}

#[tokio::test]
async fn half_a_document_of_the_right_length_is_truncated_too() {
    let server = MockServer::start().await;
    let half = ResponseTemplate::new(200).set_body_string("[{\"id\":");
    Mock::given(any()).respond_with(half).mount(&server).await;
    let client = client(&server.uri());
    let error = client.send(Call::get(&["x"], "read it")).await.unwrap_err();
    assert_eq!(error.said, "the answer (200) was cut short (5 tries)");
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_dead_network_names_the_endpoint_and_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client(&endpoint);
    let error = client.send(Call::post(&["x"], "make it")).await.unwrap_err();
    assert_eq!(error.said, format!("could not connect to {endpoint} (connection refused) (5 tries)"));
    assert_eq!(error.hint.unwrap(), format!("check that {endpoint} can be reached from here."));
    assert_eq!((error.kind, error.sent, client.calls()), (ErrorKind::Unavailable, Sent::No, 5));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_asked_again() {
    let endpoint = hangs_up_after(&["HTTP/1.1 400 Bad Request\r\n\r\n"]).await.replace("http:", "https:");
    let client = client(&endpoint);
    let error = client.send(Call::get(&["x"], "read it")).await.unwrap_err();
    assert!(error.said.starts_with(&format!("TLS with {endpoint} failed")), "{}", error.said);
    assert_eq!(client.calls(), 1);
}

#[tokio::test]
async fn a_slow_server_leaves_a_write_unknown() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(20));
    Mock::given(any()).respond_with(slow).mount(&server).await;
    let options = Options { timeout: Duration::from_millis(50), ..options() };
    let error =
        client_with(&server.uri(), options, Open).send(Call::post(&["x"], "make it")).await.unwrap_err();
    assert_eq!((error.said.as_str(), error.sent), ("no whole answer within 0.05 s", Sent::Unknown));
}

#[tokio::test]
async fn fifty_callers_cause_one_log_in() {
    let server = MockServer::start().await;
    let token = ResponseTemplate::new(200).set_body_json("t-1");
    Mock::given(path("/login")).respond_with(token).expect(1).mount(&server).await;
    Mock::given(header("authorization", "Bearer t-1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .expect(50)
        .mount(&server)
        .await;
    let client = client_with(&server.uri(), options(), Login);
    let calls = (0..50).map(|_| client.send(Call::get(&["things"], "list the things")));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(client.calls(), 51);
}

#[tokio::test]
async fn fifty_callers_hear_of_one_refused_log_in() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(401).set_body_json(json!({ "code": "API_KEY_NOT_FOUND" }));
    Mock::given(path("/login")).respond_with(refusal).expect(1).mount(&server).await;
    let client = client_with(&server.uri(), options(), Login);
    let calls = (0..50).map(|_| client.send(Call::get(&["things"], "list the things")));
    for answer in futures::future::join_all(calls).await {
        let error = answer.unwrap_err();
        assert_eq!((error.kind, error.said.as_str()), (ErrorKind::Denied, "401 API_KEY_NOT_FOUND"));
    }
}

#[tokio::test]
async fn a_token_refused_in_mid_run_is_replaced_once_and_the_write_goes_again() {
    let server = MockServer::start().await;
    for token in ["t-1", "t-2"] {
        let answer = ResponseTemplate::new(200).set_body_json(token);
        Mock::given(path("/login")).respond_with(answer).up_to_n_times(1).expect(1).mount(&server).await;
    }
    let write = || Mock::given(method("POST")).and(path("/things"));
    let refusal = ResponseTemplate::new(401).set_body_json(json!({ "code": "ACCESS_TOKEN_EXPIRED" }));
    write().and(header("authorization", "Bearer t-1")).respond_with(refusal).expect(1).mount(&server).await;
    let done = ResponseTemplate::new(201);
    write().and(header("authorization", "Bearer t-2")).respond_with(done).expect(1).mount(&server).await;
    let client = client_with(&server.uri(), options(), Login);
    assert_eq!(client.send(Call::post(&["things"], "make a thing")).await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_ends_it() {
    let server = MockServer::start().await;
    Mock::given(path("/login"))
        .respond_with(ResponseTemplate::new(200).set_body_json("t"))
        .mount(&server)
        .await;
    Mock::given(path("/things")).respond_with(ResponseTemplate::new(401)).expect(2).mount(&server).await;
    let client = client_with(&server.uri(), options(), Login);
    let error = client.send(Call::get(&["things"], "list the things")).await.unwrap_err();
    assert_eq!((error.kind, error.said.as_str()), (ErrorKind::Denied, "401 Unauthorized"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    let away = ResponseTemplate::new(302).insert_header("location", "/elsewhere?token=x");
    Mock::given(path("/x")).respond_with(away).expect(1).mount(&server).await;
    let error = client(&server.uri()).send(Call::get(&["x"], "read it")).await.unwrap_err();
    assert_eq!(
        (error.kind, error.said.as_str()),
        (ErrorKind::Protocol, "answered 302, which its contract does not foresee")
    );
}

#[tokio::test]
async fn a_body_beyond_all_measure_is_refused() {
    let server = MockServer::start().await;
    then_succeeds(&server).await;
    let options = Options { max_body: 2, ..options() };
    let error =
        client_with(&server.uri(), options, Open).send(Call::get(&["x"], "read it")).await.unwrap_err();
    assert_eq!(
        (error.kind, error.said.as_str()),
        (ErrorKind::Protocol, "answered 200 with more than 2 bytes")
    );
}

#[tokio::test]
async fn a_refusal_that_echoes_secrets_is_shown_without_them() {
    let server = MockServer::start().await;
    let echo = format!("key {SECRET}, token open-sesame, join at https://x.example/i/9");
    let refusal = ResponseTemplate::new(403).set_body_json(json!({ "code": "FORBIDDEN", "message": echo }));
    Mock::given(any()).respond_with(refusal).mount(&server).await;
    let answer = client(&server.uri()).send(Call::get(&["x"], "read it")).await.unwrap();
    assert_eq!(answer.to_string(), "403 FORBIDDEN, \"key [secret], token [secret], join at [link]\"");
    assert_eq!(answer.success().unwrap_err().kind, ErrorKind::Denied);
}

#[tokio::test]
async fn a_body_of_another_shape_is_told_without_quoting_it() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).set_body_json(json!({ "content": ["ada@acme.example"] }));
    Mock::given(any()).respond_with(page).mount(&server).await;
    let answer = client(&server.uri()).send(Call::get(&["x"], "read it")).await.unwrap();
    let error = answer.json::<Vec<String>>().unwrap_err();
    assert_eq!(error.said, "answered 200 with a body of another shape than its contract (line 1, column 0)");
    assert_eq!((error.kind, error.sent), (ErrorKind::Protocol, Sent::No));
}

#[tokio::test]
async fn ids_can_not_leave_their_segment() {
    let server = MockServer::start().await;
    Mock::given(path("/things/a%2Fb%3Fc"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    client(&server.uri()).send(Call::delete(&["things", "a/b?c"], "remove it")).await.unwrap();
}
