//! Runs that end early, and runs that meet: nothing is lost, nobody is mailed twice.

use orgform_tests::{Running, Simulator, Story};

/// Everybody who is invited by `examples/acme`, and how often.
const INVITED: &[(&str, u64)] = &[
    ("ada@acme.example", 2),
    ("ceo@acme.example", 1),
    ("grace@acme.example", 2),
    ("joan@acme.example", 1),
    ("ken@acme.example", 2),
    ("linus@acme.example", 1),
    ("radia@acme.example", 1),
    ("rosa@partner.example", 2),
    ("tim@acme.example", 1),
];

fn mails(simulator: &Simulator) -> Vec<(&'static str, u64)> {
    INVITED.iter().map(|(email, _)| (*email, simulator.mails_to(email))).collect()
}

/// An apply that has sent so many changes and is not done.
fn begun(story: &Story, simulator: &Simulator, writes: u64) -> Running {
    let mut running = story.start("apply --yes");
    simulator.wait_for_writes(writes);
    assert!(running.is_running(), "it should not be done yet");
    running
}

#[test]
fn ctrl_c_finishes_what_runs_and_the_next_run_does_the_rest() {
    let simulator = Simulator::start(&["--latency", "100ms"]);
    let mut story = Story::acme_at(simulator.url());
    let running = begun(&story, &simulator, 4);
    running.interrupt();
    let stopped = running.end();
    assert_eq!(stopped.code, Some(4), "{}", stopped.all());
    assert!(stopped.stderr.contains("Stopping: nothing more starts"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("Run apply again: it goes on from here."), "{}", stopped.stderr);
    assert!(stopped.stdout.contains("stopped"), "{}", stopped.stdout);
    assert!(simulator.stats()["writes"].as_u64().unwrap() < 21);

    story.done("apply --yes");
    assert_eq!(story.run("plan --detailed-exitcode").code, Some(0));
    assert_eq!(mails(&simulator), INVITED);
}

#[test]
fn ctrl_c_after_the_last_change_has_begun_stops_nothing() {
    let simulator = Simulator::start(&["--latency", "300ms"]);
    let story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    let writes = simulator.stats()["writes"].as_u64().unwrap();
    story.replace("accounts/finance.yaml", "trading floor", "trading floors");
    let running = begun(&story, &simulator, writes + 1);
    running.interrupt();
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.all());
    assert!(!ended.stderr.contains("Stopped:"), "{}", ended.stderr);
    assert!(ended.stdout.contains("1 change done.  Verified"), "{}", ended.stdout);
}

#[test]
fn a_killed_run_leaves_intents_and_the_next_run_mails_nobody_twice() {
    let simulator = Simulator::start(&["--latency", "100ms"]);
    let mut story = Story::acme_at(simulator.url());
    // Deep enough in that invites are on their way.
    let mut running = begun(&story, &simulator, 11);
    running.kill();
    assert_eq!(running.end().code, None);

    let next = story.run("apply --yes --format json");
    assert!([Some(0), Some(3)].contains(&next.code), "{}", next.all());
    // Where nobody can know whether a mail went out, a person decides.
    for refused in next.json()["plans"][0]["refused"].as_array().unwrap() {
        let address = refused["address"].as_str().unwrap();
        assert_eq!(refused["next"], format!("orgform invites resend {address}"));
        story.done(&format!("invites resend {address} --yes"));
    }
    assert_eq!(story.run("plan --detailed-exitcode").code, Some(0));
    assert_eq!(mails(&simulator), INVITED);
    let accounts = &simulator.stats()["requests"]["POST /accounts"];
    assert_eq!(accounts["201"], 2, "no account was made twice");
}

#[test]
fn of_two_applies_at_once_the_second_says_who_is_writing() {
    let simulator = Simulator::start(&["--latency", "50ms"]);
    let mut story = Story::acme_at(simulator.url());
    let first = begun(&story, &simulator, 1);
    let second = story.run("apply --yes");
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("tester on "), "{}", second.stderr);
    let third = story.start("apply --yes --wait 5m");
    assert_eq!(first.end().code, Some(0));
    let third = third.end();
    assert_eq!(third.code, Some(0), "{}", third.all());
    assert!(third.stdout.contains("nothing to do"), "{}", third.stdout);
    assert_eq!(mails(&simulator), INVITED);
    story.assert_is("two_applies");
}

#[test]
fn a_write_whose_answer_was_lost_is_found_out_by_the_next_run() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    simulator.set_faults(&serde_json::json!([
        { "method": "POST", "path": "/accounts/*/invites", "when": { "nth": 3 }, "effect": "hangup-after" },
        { "method": "POST", "path": "/accounts/*/invites", "when": { "nth": 5 },
          "effect": { "status": { "code": 503 } } },
    ]));
    assert_eq!(story.run("apply --yes").code, Some(4));
    simulator.set_faults(&serde_json::json!([]));
    story.remark("the one that arrived is found, the other is nobody's to guess");
    assert_eq!(story.run("apply --yes").code, Some(3));
    let refused = story.run("plan --format json").json()["plans"][0]["refused"][0]["address"].clone();
    let mut story = story.anew();
    assert_eq!(story.run(&format!("invites resend {} --yes", refused.as_str().unwrap())).code, Some(0));
    assert_eq!(story.run("plan --detailed-exitcode").code, Some(0));
    assert_eq!(mails(&simulator), INVITED);
}

#[test]
fn a_person_who_could_not_be_read_for_a_moment_is_read_by_the_next_run() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    simulator.set_faults(&serde_json::json!([{ "path": "/users/*", "effect": "garble" }]));
    story.run("apply --yes");
    assert_ne!(mails(&simulator), INVITED, "who may be a member already is not invited");
    simulator.set_faults(&serde_json::json!([]));
    assert_eq!(story.run("apply --yes").code, Some(0));
    assert_eq!(story.run("plan --detailed-exitcode").code, Some(0));
    assert_eq!(mails(&simulator), INVITED);
}

#[test]
fn a_plan_waits_for_the_world_of_an_apply_that_is_running() {
    // Both play in the in-process simulator of one root, which is one file.
    let mut story = Story::acme();
    let first = story.start("apply --yes");
    let second = story.run("plan");
    assert_eq!(first.end().code, Some(0));
    assert_eq!(second.code, Some(0), "{}", second.all());
    assert_eq!(story.run("plan --detailed-exitcode").code, Some(0));
}
