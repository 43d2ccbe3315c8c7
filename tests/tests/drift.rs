//! Drift: what the provider changed behind us, by whom, and what happens next.

use orgform_tests::{Simulator, Story};
use serde_json::json;

#[test]
fn drift_tells_who_did_it_and_what_happens_next() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    assert!(story.run("drift --detailed-exitcode").stdout.starts_with("pureport: nothing changed behind us"));
    story.done("act edit Acme ceo@acme.example Admin");
    story.done("act edit Lab tim@acme.example Experimenter Admin");
    story.done("act rename-role Acme 'Billing reader' 'Bill reader'");
    story.done("act add Lab guest@partner.example Experimenter");
    story.done("act remove Finance joan@acme.example");
    // What the files changed is none of the provider's doing.
    story.replace("accounts/lab.yaml", "displayName: Lab", "displayName: Laboratory");
    story.run("drift --detailed-exitcode");
    story.run("drift --format markdown");
    let json = story.done("drift --format json").json();
    let drift = &json["drift"][0];
    let gone = drift["changes"].as_array().unwrap().iter().find(|one| one["difference"] == "gone").unwrap();
    assert_eq!((&gone["then"], &gone["record"]["who"]), (&"refused".into(), &"founder@acme.example".into()));
    assert_eq!((&gone["record"]["via"], &gone["record"]["exact"]), (&"console".into(), &true.into()));
    story.replace("provider.yaml", "  safety:\n", "  drift: Report\n  safety:\n");
    story.run("drift");
    story.assert_is("drift_by_whom");
}

#[test]
fn drift_in_a_log_that_may_not_be_read_has_no_record() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    story.done(&format!("act --url {} accept-all", simulator.url()));
    story.done("apply --yes");
    story.done(&format!("act --url {} edit Lab tim@acme.example Admin", simulator.url()));
    simulator.set_faults(&json!([{
        "method": "GET", "path": "/accounts/*/auditLog", "effect": { "status": { "code": 403 } }
    }]));
    let before = simulator.stats()["writes"].clone();
    story.run("drift --detailed-exitcode");
    assert_eq!(simulator.stats()["writes"], before, "it only reads");
    story.assert_is("drift_without_a_record");
}
