//! Halts: everything stands still at one request, and goes on or breaks off as its owner says.

use orgform_sim::pureport::{Halt, Kind, Moment, Sim};
use reqwest::Method;
use serde_json::json;

use crate::client::{Caller, account, world};

/// Creates a child account; none if no answer came.
async fn child(caller: &Caller, root: &str, name: &str) -> Option<u16> {
    let body = json!({ "name": name, "parent": account(root) }).to_string();
    let answer = caller.raw(Method::POST, "/accounts", "application/json", Some(body)).await;
    answer.ok().map(|answer| answer.status)
}

fn names(sim: &Sim) -> Vec<String> {
    let mut names: Vec<_> = sim.truth().accounts.into_values().map(|account| account.name).collect();
    names.sort();
    names
}

async fn end(halt: Halt, hang_up: bool) {
    if hang_up { halt.hang_up() } else { halt.go_on() }
}

#[tokio::test]
async fn a_request_that_is_held_before_is_carried_out_only_if_it_may_go_on() {
    for hang_up in [false, true] {
        let (sim, admin, root) = world().await;
        let mut halt = sim.halt(Some(Kind::Write), 1, Moment::Before);
        let (answered, ()) = tokio::join!(child(&admin, &root, "Lab"), async {
            halt.reached().await;
            assert_eq!(names(&sim), ["Acme"]);
            end(halt, hang_up).await;
        });
        assert_eq!(answered, (!hang_up).then_some(201));
        assert_eq!(names(&sim).len(), if hang_up { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_request_that_is_held_after_was_carried_out_whether_or_not_it_is_answered() {
    for hang_up in [false, true] {
        let (sim, admin, root) = world().await;
        let mut halt = sim.halt(Some(Kind::Write), 1, Moment::After);
        let (answered, ()) = tokio::join!(child(&admin, &root, "Lab"), async {
            halt.reached().await;
            assert_eq!(names(&sim), ["Acme", "Lab"]);
            end(halt, hang_up).await;
        });
        assert_eq!(answered, (!hang_up).then_some(201));
        assert_eq!(names(&sim).len(), 2);
    }
}

#[tokio::test]
async fn nothing_else_is_handled_while_the_traffic_stands_still() {
    let (sim, admin, root) = world().await;
    let mut halt = sim.halt(Some(Kind::Write), 2, Moment::After);
    let (one, two, three, ()) = tokio::join!(
        child(&admin, &root, "One"),
        child(&admin, &root, "Two"),
        child(&admin, &root, "Three"),
        async {
            halt.reached().await;
            assert_eq!(names(&sim).len(), 3, "the root and two children");
            halt.hang_up();
        }
    );
    let answered = [one, two, three].iter().flatten().count();
    assert!((1..=2).contains(&answered), "one was held after, one may have come only then: {answered}");
}

#[tokio::test]
async fn a_halt_that_nobody_owns_any_more_holds_nobody() {
    let (sim, admin, root) = world().await;
    drop(sim.halt(None, 1, Moment::Before));
    assert_eq!(child(&admin, &root, "Lab").await, Some(201));
    let mut halt = sim.halt(None, 1, Moment::Before);
    let (answered, ()) = tokio::join!(child(&admin, &root, "Lab"), async {
        halt.reached().await;
        drop(halt);
    });
    assert_eq!(answered, Some(201));
}
