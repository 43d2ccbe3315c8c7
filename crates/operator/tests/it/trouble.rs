//! Trouble with the API server and with providers: it is told, and it heals by itself.

use std::time::{Duration, Instant};

use orgform_sim::Moment;

use crate::bed::{ACCOUNT, Bed, ROLE, member, path, plane, plane_to_hurt, reason};
use crate::proxy::{Proxy, Then};

/// Nobody got more than one mail.
fn assert_mailed_once(bed: &Bed, people: &[&str]) {
    let mails = bed.sim.stats().mails_by_recipient;
    for name in people {
        assert_eq!(mails.get(&format!("{name}@acme.example")), Some(&1), "{mails:?}");
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn refusals_and_conflicts_of_the_api_server_are_tried_again() {
    let bed = Bed::new();
    let proxy = Proxy::before(bed.kubeconfig(), &bed.runtime);
    bed.secret();
    // Too many requests while it lists, then while it writes; conflicts on what it remembers and tells.
    proxy.commit("GET", "/members?", 0, 2, Then::Answer(429));
    proxy.commit("GET", "/secrets/pureport", 0, 1, Then::Answer(429));
    proxy.commit("PATCH", "/finalizers", 0, 0, Then::Answer(429));
    proxy.commit("PATCH", "/members/ada", 0, 1, Then::Answer(429));
    proxy.commit("PATCH", "/members/ada/status", 1, 2, Then::Answer(409));
    proxy.commit("PATCH", "/providers/pureport/status", 1, 2, Then::Answer(409));
    proxy.commit("PATCH", "/providers/pureport/status", 1, 2, Then::Answer(429));
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "acme") + &member("tim", "acme")));
    let operator = bed.operator_as(proxy.kubeconfig(), &[]);
    bed.kubectl(&["wait", "--for=condition=Ready", "omem,oacc,orole,oprov", "--all", "--timeout=180s"]);
    assert_eq!(proxy.open_faults(), 0, "all of it has happened");
    assert_mailed_once(&bed, &["ada", "tim"]);
    let failed = operator.metric(&format!(
        "orgform_passes_total{{namespace=\"{}\",provider=\"pureport\",outcome=\"failed\"}}",
        bed.namespace
    ));
    assert!(failed >= 1.0);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_watch_that_is_dropped_or_too_old_misses_nothing() {
    let bed = Bed::new();
    let proxy = Proxy::before(bed.kubeconfig(), &bed.runtime);
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "acme") + &member("tim", "acme")));
    let operator = bed.operator_as(proxy.kubeconfig(), &[]);
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);

    // Nothing is told any more; what happens meanwhile is found by the list that follows.
    proxy.commit("GET", "/members?&watch=true", 0, 1, Then::Answer(410));
    proxy.commit("GET", "/members?", 0, 2, Then::Answer(500));
    proxy.cut();
    bed.kubectl(&["delete", "omem/tim", "--wait=false"]);
    bed.apply(&member("joan", "acme"));
    bed.wait("omem/joan", &reason("Invited"));
    bed.wait("omem/tim", "delete");
    assert!(operator.metric("orgform_watch_errors_total") >= 1.0);
    assert_mailed_once(&bed, &["ada", "joan"]);
    assert_eq!(bed.people("Acme"), (1, 2));
    assert!(operator.page("/healthz").starts_with("HTTP/1.1 200"));
}

/// While it fails, more may be declared than is known, so nobody is removed; of a kind that there is nothing of, no event
/// would ever tell that it is back.
#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_watch_of_nothing_that_failed_is_back_once_it_can_be_listed() {
    let bed = Bed::new();
    let proxy = Proxy::before(bed.kubeconfig(), &bed.runtime);
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "acme") + &member("tim", "acme")));
    proxy.commit("GET", "/apikeys?&watch=true", 0, 1, Then::Answer(429));
    let mut operator = bed.operator_as(proxy.kubeconfig(), &[]);
    operator.wait_for("a watch failed");
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    bed.kubectl(&["delete", "omem/tim", "--wait=false"]);
    bed.wait("omem/tim", "delete");
    assert_eq!(bed.people("Acme"), (1, 1));
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn an_api_server_that_is_killed_and_comes_back_finds_the_operator_at_work() {
    let mut plane = plane_to_hurt();
    let bed = Bed::on(&plane);
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "acme")));
    // It outlives the API server by its lease.
    let mut operator = bed.operator_as(bed.kubeconfig(), &["--lease-seconds=300"]);
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    operator.hush();
    plane.kill_api_server().unwrap();
    operator.wait_for("a watch failed");
    plane.start_api_server().unwrap();
    bed.apply(&member("tim", "acme"));
    bed.wait("omem/tim", &reason("Invited"));
    assert_mailed_once(&bed, &["ada", "tim"]);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn rights_that_are_taken_away_are_named_and_what_waited_goes_on_when_they_are_back() {
    let bed = Bed::new();
    let chart = path("charts/orgform");
    let watch = format!("watch.namespaces={{{}}}", bed.namespace);
    let install = ["install", "orgform", &chart, "--namespace", &bed.namespace, "--set", &watch];
    plane().kubectl().helm(&install).unwrap().ok().unwrap();
    let account = bed.get("serviceaccount", "{.items[?(@.metadata.name!=\"default\")].metadata.name}");
    let kubeconfig = plane().kubeconfig_of(&bed.namespace, &account).unwrap();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "acme")));
    let mut operator = bed.operator_as(&kubeconfig, &[]);
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    let (writes, binding) = (bed.sim.stats().writes, "rolebinding/orgform");
    let saved = bed.kubectl(&["get", binding, "-o", "yaml"]);
    operator.hush();
    bed.kubectl(&["delete", binding]);
    bed.apply(&member("tim", "acme"));
    operator.wait_for("\"outcome\":\"failed\"");
    assert_eq!(bed.sim.stats().writes, writes, "what can't be remembered is not done");
    let rights = bed.kubectl(&["get", "role/orgform", "-o", "name"]);
    assert!(!rights.is_empty());

    bed.apply(&saved);
    bed.wait("omem/tim", &reason("Invited"));
    assert_mailed_once(&bed, &["ada", "tim"]);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_provider_that_does_not_answer_delays_no_other() {
    let bed = Bed::new();
    let other = Bed::new();
    bed.secret();
    other.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "acme")));
    other.apply(&(other.provider("") + ROLE + ACCOUNT + &member("tim", "acme")));
    let mut halt = bed.sim.halt(None, 1, Moment::Before);
    let _operator = bed.operator_as(bed.kubeconfig(), &[&format!("--namespace={}", other.namespace)]);
    bed.runtime.block_on(halt.reached());
    other.wait("omem/tim", &reason("Invited"));
    assert_eq!(bed.get("oprov/pureport", "{.status}"), "", "nothing was heard of the first one yet");
    assert_eq!(bed.sim.stats().mails, 0);
    halt.go_on();
    bed.wait("omem/ada", &reason("Invited"));
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_copy_that_dies_is_replaced_within_fifteen_seconds() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "acme")));
    let mut first = bed.operator_as(bed.kubeconfig(), &["--lease-seconds=10"]);
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    let mut second = bed.operator_as(bed.kubeconfig(), &["--lease-seconds=10"]);
    second.wait_for("another copy works");
    first.kill();
    let begun = Instant::now();
    second.wait_for("this copy works");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let log = second.wait_for("\"outcome\":\"well\"");
    assert!(!log.is_empty());
    assert_mailed_once(&bed, &["ada"]);
}
