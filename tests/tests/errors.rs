//! What goes wrong, and what is said then: each with the right exit code, nothing read or changed in silence.

use std::net::TcpListener;

use orgform_tests::{Simulator, Story};

#[test]
fn an_empty_folder_is_told_how_to_begin() {
    let mut story = Story::new();
    for command in ["plan", "apply --yes", "validate", "show", "validate nowhere", "-C nowhere plan"] {
        assert_eq!(story.run(command).code, Some(1));
    }
    story.assert_is("empty_folder");
}

#[test]
fn a_command_that_was_misspelt_does_not_look_like_changes() {
    let mut story = Story::new();
    assert_eq!(story.run("plan --no-such-flag").code, Some(1));
    assert_eq!(story.run("paln").code, Some(1));
    assert_eq!(story.run("--help").code, Some(0));
    assert_eq!(story.run("--version").code, Some(0));
}

#[test]
fn everything_wrong_in_manifests_is_told_at_once_and_the_rest_is_planned() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.replace(
        "people/netops.yaml",
        "name: finance }, roles: [network-operator]",
        "name: finance }, roles: [netwrok-operator]",
    );
    story.replace("people/lab.yaml", "email: tim@acme.example", "email: Joan@acme.example");
    story.replace(
        "people/lab.yaml",
        "name: lab }, roles: [experimenter]",
        "name: finance }, roles: [auditor]",
    );
    story.replace("people/finance.yaml", "email: grace@", "emial: grace@");
    story.replace(
        "roles/billing.yaml",
        "resources: [billing], actions: [read]",
        "resources: [billing], actions: [red]",
    );
    story.replace(
        "people/leadership.yaml",
        "roles: [billing-reader, network-viewer]",
        "roles: [network-viewer]",
    );
    story.run("validate");
    story.run("validate --format github");
    story.run("plan");
    story.assert_is("errors_in_manifests");
}

#[test]
fn a_missing_credential_is_named_before_anything_is_read() {
    let mut story = Story::acme_at("http://127.0.0.1:1");
    story.set("PUREPORT_API_SECRET", "");
    story.run("plan");
    story.replace("provider.yaml", "secret: { env: PUREPORT_API_SECRET }", "secret: { file: secret.txt }");
    story.run("apply --yes");
    story.assert_is("missing_credential");
}

#[test]
fn a_wrong_token_is_refused_and_says_which_one() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.set("PUREPORT_API_SECRET", "not-the-secret");
    let planned = story.run("plan");
    let applied = story.run("apply --yes");
    assert_eq!((planned.code, applied.code), (Some(1), Some(1)));
    assert!(!format!("{}{}", planned.all(), applied.all()).contains("not-the-secret"));
    assert_eq!(simulator.stats()["reads"], 0);
    story.assert_is("wrong_token");
}

#[test]
fn a_dead_network_is_told_with_its_address() {
    // The port was free a moment ago and nobody listens on it now.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut story = Story::acme_at(&format!("http://127.0.0.1:{port}"));
    assert_eq!(story.run("plan").code, Some(1));
    assert_eq!(story.run("invites").code, Some(1));
    story.assert_is("dead_network");
}

#[test]
fn a_simulator_that_can_not_keep_its_world_says_what_to_do() {
    let mut story = Story::acme();
    // Stands for a folder that can't be written: who runs tests as root may write everywhere.
    story.write(".orgform/simulator-pureport.lock/in-the-way", "");
    let planned = story.run("plan");
    assert_eq!(planned.code, Some(1));
    assert!(planned.stderr.contains("a simulator keeps its world there"), "{}", planned.stderr);
}

#[test]
fn a_credential_file_that_everybody_can_read_is_warned_of() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.replace("provider.yaml", "secret: { env: PUREPORT_API_SECRET }", "secret: { file: secret.txt }");
    story.write("secret.txt", "sim-admin-secret-not-for-production-use\n");
    story.program("chmod", ["644", "secret.txt"]);
    let warned = story.run("plan");
    assert_eq!(warned.code, Some(0));
    assert!(warned.stderr.contains("everybody on this machine can read"), "{}", warned.stderr);
    story.program("chmod", ["600", "secret.txt"]);
    assert!(!story.run("plan").stderr.contains("everybody"));
}

#[test]
fn a_state_that_is_damaged_or_of_another_root_is_left_as_it_is() {
    let mut story = Story::acme();
    story.done("apply --yes");
    let good = story.read(".orgform/state.json");
    story.write(".orgform/state.json", &good.replacen('{', "{ oops", 1));
    assert_eq!(story.run("plan").code, Some(1));
    assert_eq!(story.run("apply --yes").code, Some(1));
    story.write(".orgform/state.json", &good.replace("acme-3f9c2d71", "another-root"));
    assert_eq!(story.run("apply --yes").code, Some(1));
    assert!(story.read(".orgform/state.json").contains("another-root"));
    story.assert_is("unusable_state");
}

#[test]
fn a_scope_that_cannot_be_seen_ends_with_4_and_keeps_what_is_there() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    story.without("people/netops.yaml", "radia");
    simulator.set_faults(&serde_json::json!([
        { "method": "GET", "path": "/accounts/*/members", "effect": { "status": { "code": 403 } } },
    ]));
    let planned = story.run("plan");
    assert_eq!(planned.code, Some(4));
    assert!(planned.stdout.contains("the list of members was refused (403"), "{}", planned.stdout);
    assert!(!planned.stdout.contains("- radia@acme.example"), "{}", planned.stdout);
    let listed = story.run("invites");
    assert_eq!(listed.code, Some(4));
    assert!(listed.stderr.contains("There may be more: pureport/acme and "), "{}", listed.stderr);
    assert!(!listed.stderr.contains("No invite waits"), "{}", listed.stderr);
}
