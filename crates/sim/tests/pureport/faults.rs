//! Declared faults: what the client sees, and what was carried out all the same.

use std::time::{Duration, Instant};

use orgform_sim::pureport::{Effect, Fault, Options, Sim, When};
use reqwest::Method;
use serde_json::json;

use crate::client::{Caller, account, world, world_with};

fn status(code: u16) -> Effect {
    Effect::Status { code, retry_after: None, body: None, after: false }
}

/// Creates a child account, whatever happens to the answer.
async fn try_child(caller: &Caller, parent: &str) -> reqwest::Result<u16> {
    let body = json!({ "name": "Lab", "parent": account(parent) }).to_string();
    caller.raw(Method::POST, "/accounts", "application/json", Some(body)).await.map(|answer| answer.status)
}

fn on_create(sim: &Sim, effect: Effect) {
    sim.set_faults(vec![Fault::new("/accounts", effect).method("POST")]);
}

#[tokio::test]
async fn a_throttle_answers_with_or_without_retry_after_and_changes_nothing() {
    let (sim, admin, root) = world().await;
    let throttle = Effect::Status { code: 429, retry_after: Some(7), body: None, after: false };
    let nth = |n, effect: &Effect| Fault::new("/accounts/**", effect.clone()).when(When::Nth(n));
    sim.set_faults(vec![nth(1, &throttle), nth(2, &status(429))]);
    let path = format!("/accounts/{root}/roles");
    let first = admin.get(&path).await;
    assert_eq!((first.status, first.retry_after.as_deref(), first.text.as_str()), (429, Some("7"), ""));
    let second = admin.get(&path).await;
    assert_eq!((second.status, second.retry_after), (429, None));
    admin.get(&path).await.is(200);
    on_create(&sim, throttle);
    assert_eq!(try_child(&admin, &root).await.unwrap(), 429);
    assert_eq!(admin.count("/accounts").await, 1);
}

#[tokio::test]
async fn gateway_errors_carry_a_body_only_if_told_to() {
    let (sim, admin, root) = world().await;
    let path = format!("/accounts/{root}");
    let fault =
        |code, body| Fault::new("/**", Effect::Status { code, retry_after: None, body, after: false });
    for code in [500, 502, 503] {
        sim.set_faults(vec![fault(code, None)]);
        let answer = admin.raw(Method::GET, &path, "", None).await.unwrap();
        assert_eq!((answer.status, answer.text.as_str()), (code, ""));
        sim.set_faults(vec![fault(code, Some(true))]);
        let answer = admin.raw(Method::GET, &path, "", None).await.unwrap();
        assert_eq!(answer.is(code)["status"], code);
    }
    sim.set_faults(vec![fault(503, None)]);
    sim.set_switches("gateway-body=present".parse().unwrap());
    admin.get(&path).await.fails(503, "SERVICE_UNAVAILABLE");
}

#[tokio::test]
async fn a_connection_dropped_before_handling_leaves_no_trace_and_after_commit_it_does() {
    let (sim, admin, root) = world().await;
    on_create(&sim, Effect::HangupBefore);
    try_child(&admin, &root).await.unwrap_err();
    assert_eq!(admin.count("/accounts").await, 1);
    on_create(&sim, Effect::HangupAfter);
    try_child(&admin, &root).await.unwrap_err();
    assert_eq!(admin.count("/accounts").await, 2);
    let log = sim.request_log();
    let creates: Vec<_> =
        log.iter().filter(|request| request.path == "/accounts" && request.method == "POST").collect();
    assert_eq!(
        creates.iter().map(|request| (request.status, request.changed)).collect::<Vec<_>>(),
        [(None, false), (None, true)]
    );
    assert_eq!(sim.stats().requests["POST /accounts"][&0], 2);
}

#[tokio::test]
async fn a_request_may_be_carried_out_and_answered_with_an_error() {
    let (sim, admin, root) = world().await;
    on_create(&sim, Effect::Status { code: 502, retry_after: None, body: None, after: true });
    assert_eq!(try_child(&admin, &root).await.unwrap(), 502);
    assert_eq!(admin.count("/accounts").await, 2);
}

#[tokio::test]
async fn a_truncated_answer_has_its_head_and_breaks_off() {
    let (sim, admin, root) = world().await;
    sim.set_faults(vec![Fault::new("/accounts", Effect::Truncate).times(1)]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/accounts", admin.url);
    let response = http.get(url).bearer_auth(admin.token.as_deref().unwrap()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 100);
    response.text().await.unwrap_err();
    admin.get(&format!("/accounts/{root}")).await.is(200);
}

#[tokio::test]
async fn an_answer_may_not_be_json() {
    let (sim, admin, root) = world().await;
    on_create(&sim, Effect::Garble);
    assert_eq!(try_child(&admin, &root).await.unwrap(), 200);
    assert_eq!(admin.count("/accounts").await, 2);
    sim.set_faults(vec![Fault::new("/accounts/**", Effect::Garble)]);
    let answer = admin.raw(Method::GET, &format!("/accounts/{root}"), "", None).await.unwrap();
    assert!(answer.text.starts_with("<html>"));
}

#[tokio::test]
async fn a_list_may_lack_items_without_a_sign() {
    let (sim, admin, root) = world().await;
    admin.child(&root, "Lab").await;
    sim.set_faults(vec![Fault::new("/accounts", Effect::Shrink { lose: 1 }).times(1)]);
    assert_eq!([admin.count("/accounts").await, admin.count("/accounts").await], [1, 2]);
    sim.set_faults(vec![Fault::new("/accounts", Effect::Shrink { lose: 9 })]);
    assert_eq!(admin.count("/accounts").await, 0);
}

#[tokio::test]
async fn latency_and_delays_make_answers_late() {
    let options = Options { latency: Duration::from_millis(20), ..Options::default() };
    let (sim, admin, root) = world_with(options).await;
    let started = Instant::now();
    admin.get(&format!("/accounts/{root}")).await.is(200);
    assert!(started.elapsed() >= Duration::from_millis(20));
    sim.set_faults(vec![
        Fault::new("/**", Effect::Delay { millis: 80 }),
        Fault::new("/**", status(500)).when(When::Nth(2)),
    ]);
    let started = Instant::now();
    admin.get(&format!("/accounts/{root}")).await.is(200);
    assert!(started.elapsed() >= Duration::from_millis(100));
    admin.get(&format!("/accounts/{root}")).await.is(500);
}

#[tokio::test]
async fn faults_are_declared_from_the_start_or_through_the_control_call() {
    let faults = vec![Fault::new("/accounts", status(500)).when(When::Every(2))];
    let (_sim, admin, _root) = world_with(Options { faults, ..Options::default() }).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(admin.get("/accounts").await.status);
    }
    assert_eq!(seen, [200, 500, 200, 500]);
    let text =
        json!([{ "path": "/accounts", "when": { "from": 2 }, "effect": { "status": { "code": 503 } } }]);
    admin.put("/__faults", text).await.is(200);
    assert_eq!([admin.get("/accounts").await.status, admin.get("/accounts").await.status], [200, 503]);
    admin.put("/__faults", json!([{ "path": "/", "effect": "explode" }])).await.is(400);
    admin.put("/__faults", json!([])).await.is(200);
    admin.get("/accounts").await.is(200);
}
