//! The way that a newcomer goes: see, apply, see that nothing is left to do.

use orgform_tests::{Simulator, Story};

#[test]
fn acme_is_planned_applied_accepted_and_then_nothing_is_left_to_do() {
    let mut story = Story::acme();
    story.run("validate");
    story.run("plan");
    story.run("apply --yes");
    story.run("plan");
    story.run("invites");
    story.run("act accept-all");
    story.run("plan --detailed-exitcode");
    story.run("apply --yes");
    story.assert_is("quick_start");
}

#[test]
fn a_fresh_root_plans_and_applies_straight_away() {
    let mut story = Story::new();
    story.run("init");
    story.run("validate");
    story.run("plan --detailed-exitcode");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.remark("init overwrites nothing, and makes no root within a root");
    story.run("init");
    story.run("init inner");
    story.assert_is("init");
}

#[test]
fn plan_and_validate_have_forms_for_programs() {
    let mut story = Story::acme();
    let plan = story.run("plan --format json").json();
    assert_eq!(plan["format"], 1);
    assert_eq!(plan["plans"][0]["provider"], "pureport");
    assert_eq!(plan["plans"][0]["changes"].as_array().unwrap().len(), 22);
    let markdown = story.run("plan --format markdown");
    assert!(markdown.stdout.contains("22 changes"), "{}", markdown.stdout);
    let valid = story.run("validate --format json").json();
    assert_eq!((&valid["errors"], &valid["objects"]), (&0.into(), &20.into()));
    let applied = story.run("apply --yes --format json").json();
    assert_eq!(applied["reports"][0]["outcomes"].as_array().unwrap().len(), 22);
    assert_eq!(applied["reports"][0]["verified"]["is"], "converged");
}

#[test]
fn a_plan_writes_nothing_at_the_provider_nor_in_the_state() {
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    story.done("plan");
    assert_eq!(simulator.stats()["writes"], 0);
    assert!(!story.path().join(".orgform").exists());
}

#[test]
fn what_was_redacted_names_nobody() {
    let mut story = Story::acme();
    story.replace("orgform.yaml", "emails: false", "emails: true");
    story.replace("people/netops.yaml", "roles: [network-operator] }", "roles: [netwrok-operator] }");
    let said = [
        story.run("validate").all(),
        story.run("plan").all(),
        story.run("plan --format json").all(),
        story.run("plan --format markdown").all(),
        story.run("apply --yes").all(),
        story.run("invites").all(),
        story.run("show").all(),
        story.run("show --format json").all(),
    ];
    for text in said {
        for name in ["ada@", "founder@", "grace@", "rosa@", "ceo@"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
}
