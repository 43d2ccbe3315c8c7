//! Bad weather, as somebody at the command line sees it: a clear message, the right exit code, nothing lost.

use orgform_tests::{Simulator, Story};
use serde_json::{Value, json};

/// `examples/acme`, applied and accepted, at a simulator that then commits these faults.
fn settled_under(faults: Value) -> (Simulator, Story) {
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    story.done(&format!("act --url {} accept-all", simulator.url()));
    story.done("apply --yes");
    simulator.set_faults(&faults);
    (simulator, story)
}

#[test]
fn a_server_that_asks_for_patience_gets_it_and_one_that_asks_for_too_much_is_named() {
    let (simulator, story) = settled_under(json!([
        { "method": "PUT", "path": "/accounts/*", "when": { "nth": 1 }, "effect": { "status": { "code": 429 } } },
        { "method": "PUT", "path": "/accounts/*", "when": { "nth": 2 },
          "effect": { "status": { "code": 429, "retryAfter": 1 } } },
    ]));
    story.replace("accounts/finance.yaml", "trading floor", "trading floors");
    assert!(story.done("apply --yes").stdout.contains("1 change done"));
    simulator.set_faults(&json!([
        { "path": "/accounts", "effect": { "status": { "code": 429, "retryAfter": 300 } } },
    ]));
    let refused = story.done_with("plan", 1);
    assert!(refused.stderr.contains("asks to be left alone for 5 minutes"), "{}", refused.stderr);
}

#[test]
fn a_token_refused_in_mid_run_is_replaced_and_nobody_notices() {
    let (_simulator, story) = settled_under(json!([
        { "method": "GET", "path": "/accounts/*/roles", "when": { "nth": 2 },
          "effect": { "status": { "code": 401 } } },
    ]));
    assert!(story.done("plan --detailed-exitcode").stdout.contains("nothing to do"));
}

#[test]
fn a_server_in_trouble_is_told_and_nothing_is_taken_for_gone() {
    let (simulator, story) = settled_under(json!([
        { "path": "/accounts", "effect": { "status": { "code": 503 } } },
    ]));
    story.without("people/netops.yaml", "radia");
    let dead = story.done_with("apply --yes", 1);
    assert!(dead.stderr.contains("run it again later"), "{}", dead.stderr);
    for effect in [json!({ "status": { "code": 500 } }), json!("truncate"), json!("garble")] {
        for list in ["members", "invites", "roles"] {
            let path = format!("/accounts/*/{list}");
            simulator.set_faults(&json!([{ "method": "GET", "path": path, "effect": effect }]));
            let planned = story.done_with("plan", 4);
            let shown = &planned.stdout;
            assert!(shown.contains("What was not seen is left as it is."), "{effect} {list}: {shown}");
            assert!(!shown.contains("- radia@acme.example") || list == "roles", "{effect} {list}: {shown}");
            assert!(!shown.contains("not listed any more"), "{effect} {list}: {shown}");
        }
    }
    simulator.set_faults(&json!([]));
    assert!(story.done("apply --yes").stdout.contains("1 change done"));
}

#[test]
fn a_list_that_shrank_with_no_sign_of_it_mails_and_makes_nothing() {
    let (simulator, story) = settled_under(json!([
        { "method": "GET", "path": "/accounts/*/members", "effect": { "shrink": { "lose": 2 } } },
    ]));
    let (writes, mails) = (simulator.stats()["writes"].clone(), simulator.stats()["mails"].clone());
    story.done_with("apply --yes", 3);
    simulator.set_faults(
        &json!([{ "method": "GET", "path": "/accounts", "effect": { "shrink": { "lose": 1 } } }]),
    );
    story.done_with("apply --yes", 3);
    simulator.set_faults(&json!([]));
    assert!(story.done("apply --yes").stdout.contains("nothing to do"));
    assert_eq!((simulator.stats()["writes"].clone(), simulator.stats()["mails"].clone()), (writes, mails));
}

#[test]
fn a_change_that_was_made_without_an_answer_is_found_done() {
    let (_simulator, story) =
        settled_under(json!([{ "method": "PUT", "path": "/accounts/*", "effect": "hangup-after" }]));
    story.replace("accounts/finance.yaml", "trading floor", "trading floors");
    let applied = story.done("apply --yes");
    assert!(applied.stdout.contains("1 change done.  Verified"), "{}", applied.stdout);
    assert!(!applied.all().contains("failed"), "{}", applied.all());
    assert!(story.done("apply --yes").stdout.contains("nothing to do"));
}

#[test]
fn a_state_that_cannot_be_written_is_told_before_anything_is_read() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.write(".orgform", "a file, where a folder should be\n");
    story.run("plan");
    story.run("apply --yes");
    assert_eq!(simulator.stats()["reads"], 0);
    story.assert_is("no_place_for_state");
}

#[test]
fn a_disk_that_fills_up_stops_the_run_and_nobody_is_mailed_twice() {
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    // No file may grow beyond this, and to hear of it is no reason to die.
    let applied = story.after("trap '' XFSZ; ulimit -f 8", "apply --yes");
    assert_eq!(applied.code, Some(1), "{}", applied.all());
    assert!(applied.stderr.contains("what it does could not be remembered any more"), "{}", applied.stderr);
    assert!(applied.stdout.contains("not begun: the run was stopped"), "{}", applied.stdout);
    assert!(story.done_with("apply --yes", 0).stdout.contains("Verified"));
    let stats = simulator.stats();
    assert_eq!((&stats["mails"], &stats["requests"]["POST /accounts"]["201"]), (&json!(13), &json!(2)));
}

#[test]
fn a_plan_that_cannot_be_saved_or_printed_is_an_error() {
    let story = Story::acme();
    let unsaved = story.done_with("plan --out /dev/full", 1);
    assert!(unsaved.stderr.contains("could not write /dev/full"), "{}", unsaved.stderr);
    let unsaved = story.done_with("plan --out nowhere/plan.json", 1);
    assert!(unsaved.stderr.contains("could not write nowhere/plan.json"), "{}", unsaved.stderr);
}
