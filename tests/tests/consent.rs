//! Who agrees to what: saved plans, held groups, approvals, narrowed plans.

use orgform_tests::{Ran, Simulator, Story};

#[test]
fn a_saved_plan_does_what_is_in_it_tells_what_is_so_and_refuses_the_rest() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    story.replace("people/netops.yaml", "[network-operator, billing-reader]", "[network-operator]");
    story.replace("accounts/finance.yaml", "trading floor", "trading floors");
    story.done("plan --out plan.json");
    story.remark("meanwhile somebody declares more");
    story.replace(
        "people/lab.yaml",
        "name: lab }, roles: [experimenter]",
        "name: lab }, roles: [experimenter, admin]",
    );
    let applied = story.run("apply plan.json");
    assert_eq!(applied.code, Some(3));
    story.remark("what was in it is so now; what was not is still to do");
    let again = story.run("apply plan.json");
    assert_eq!(again.code, Some(3));
    story.run("plan --detailed-exitcode");
    story.run("show --file plan.json");
    story.assert_is("saved_plan");
}

#[test]
fn a_saved_plan_that_was_touched_or_is_another_roots_is_refused() {
    let mut story = Story::acme();
    story.done("plan --out plan.json");
    let good = story.read("plan.json");
    story.write("plan.json", &good.replace("acme-3f9c2d71", "other"));
    assert_eq!(story.run("apply plan.json").code, Some(1));
    story.write("notes.json", "{\"a\": 1}");
    assert_eq!(story.run("apply notes.json").code, Some(1));
    assert_eq!(story.run("apply nofile.plan").code, Some(1));
    story.write("plan.json", &good);
    story.replace("orgform.yaml", "acme-3f9c2d71", "another-root");
    assert_eq!(story.run("apply plan.json").code, Some(1));
    story.assert_is("unusable_plan");
}

#[test]
fn a_held_group_goes_only_with_its_own_digest() {
    let mut story = Story::acme();
    story.replace(
        "provider.yaml",
        "perAccount: { percent: 20, floor: 3 }",
        "perAccount: { percent: 10, floor: 1 }",
    );
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.write("people/lab.yaml", "# Nobody is in the lab any more.\n");
    let planned = story.run("plan");
    assert_eq!(planned.code, Some(3));
    assert_eq!(story.run("apply --yes").code, Some(3));
    let digest =
        story.run("plan --format json").json()["plans"][0]["held"][0]["digest"].as_str().unwrap().to_owned();
    let wrong = story.run("apply --yes --release sha256:000000000000");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""), "the plan is not shown first");
    let held = format!("held: {}  acme/lab: 2 of 4 people", &digest[..19]);
    assert!(wrong.stderr.contains(&held), "{}", wrong.stderr);
    let mut story = story.anew();
    assert_eq!(story.run(&format!("apply --yes --release {digest}")).code, Some(0));
    assert_eq!(story.run(&format!("apply --yes --release {digest}")).code, Some(1));
    story.run("plan");
    story.assert_is("held_and_released");
}

#[test]
fn a_provider_that_wants_approval_takes_a_saved_plan_and_no_flag() {
    let mut story = Story::acme();
    story.replace("provider.yaml", "  safety:\n", "  approval: Required\n  safety:\n");
    let refused = story.run("apply --yes");
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("--yes approves nothing"), "{}", refused.stderr);
    story.done("plan --out plan.json");
    assert_eq!(story.run("apply plan.json").code, Some(0));
}

#[test]
fn without_a_terminal_nobody_is_asked_and_nothing_is_done() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    let asked = story.run("apply");
    assert_eq!(asked.code, Some(1));
    assert!(asked.stderr.contains("--yes"), "{}", asked.stderr);
    assert_eq!(simulator.stats()["writes"], 0);
}

#[test]
fn at_a_terminal_only_a_typed_yes_agrees() {
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    for typed in ["y\n", "no\n", "\n", "YES\n"] {
        let asked = story.at_terminal("apply", typed);
        assert_eq!(asked.code, Some(1), "{typed:?}: {}", asked.stdout);
        assert!(asked.stdout.contains("Apply these 22 changes? Only 'yes' is accepted:"), "{}", asked.stdout);
    }
    assert_eq!(simulator.stats()["writes"], 0);
    let agreed = story.at_terminal("apply", "yes\n");
    assert_eq!(agreed.code, Some(0), "{}", agreed.stdout);
    assert!(agreed.stdout.contains("22 changes done"), "{}", agreed.stdout);
}

#[test]
fn a_mode_that_does_not_apply_is_heeded() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.replace("provider.yaml", "  safety:\n", "  mode: Plan\n  safety:\n");
    assert_eq!(story.run("apply --yes").code, Some(1));
    assert_eq!(simulator.stats()["writes"], 0);
}

#[test]
fn a_target_narrows_the_plan_to_its_object() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.without("people/netops.yaml", "radia");
    story.replace(
        "people/leadership.yaml",
        "roles: [billing-reader, network-viewer]",
        "roles: [network-viewer]",
    );
    story.run("plan --target pureport/acme:member/ceo@acme.example");
    story.remark("what is no longer declared is named as it was remembered");
    story.run("plan --target pureport:person/radia@acme.example");
    story.run("plan --target pureport/acme:member/nobody@acme.example");
    story.remark("a narrower path never removes what it does not speak for");
    story.run("plan people/leadership.yaml");
    story.assert_is("narrowed");
}

#[test]
fn a_base_commit_proves_what_was_declared_where_no_state_does() {
    let mut story = Story::acme();
    story.write(".gitignore", ".orgform/\n");
    for arguments in [
        ["init", "--quiet"].as_slice(),
        &["add", "."],
        &["-c", "user.name=t", "-c", "user.email=t@acme.example", "commit", "--quiet", "-m", "all"],
    ] {
        story.program("git", arguments);
    }
    story.done("apply --yes");
    story.done("act accept-all");
    story.remove(".orgform/state.json");
    story.without("people/netops.yaml", "radia");
    let without = story.run("plan");
    assert!(!without.stdout.contains("- radia@acme.example"), "{}", without.stdout);
    let with = story.run("plan --base HEAD");
    assert!(with.stdout.contains("radia@acme.example"), "{}", with.stdout);
    assert_eq!(story.run("plan --base no-such-commit").code, Some(1));
    story.assert_is("base");
}

#[test]
fn what_a_plan_with_a_base_holds_is_released_by_an_apply_with_the_same_base() {
    let mut story = declared_and_gone();
    let digest = held(&story.done_with("plan --base HEAD --format json", 3));
    let without = story.run(&format!("apply --yes --release {digest}"));
    assert_eq!(without.code, Some(1), "{}", without.all());
    let applied = story.run(&format!("apply --yes --base HEAD --release {digest}"));
    assert_eq!(applied.code, Some(0), "{}", applied.all());
    assert!(applied.stdout.contains("1 change done"), "{}", applied.stdout);
    let after = story.done("plan --base HEAD");
    assert!(after.stdout.contains("nothing to do"), "{}", after.stdout);
}

#[test]
fn a_saved_plan_remembers_its_base_even_when_the_branch_moves_on() {
    let mut story = declared_and_gone();
    let planned = story.done_with("plan --base HEAD --out plan.json", 3);
    assert!(planned.stdout.contains("orgform apply --base HEAD --release"), "{}", planned.stdout);
    let digest = held(&story.done_with("plan --base HEAD --format json", 3));
    commit(&story);
    let applied = story.run(&format!("apply plan.json --release {digest}"));
    assert_eq!(applied.code, Some(0), "{}", applied.all());
    assert!(applied.stdout.contains("1 change done"), "{}", applied.stdout);
}

/// A world where a person is a member, was declared at HEAD, is declared no more, and no state is left.
fn declared_and_gone() -> Story {
    let story = Story::acme();
    story.write(".gitignore", ".orgform/\n");
    story.program("git", ["init", "--quiet"]);
    commit(&story);
    story.done("apply --yes");
    story.done("act accept-all");
    story.remove(".orgform/state.json");
    story.without("people/netops.yaml", "radia");
    story
}

fn commit(story: &Story) {
    story.program("git", ["add", "."]);
    let who = ["-c", "user.name=t", "-c", "user.email=t@acme.example"];
    story.program("git", who.into_iter().chain(["commit", "--quiet", "-m", "all"]));
}

fn held(planned: &Ran) -> String {
    let plan = planned.json();
    let digest = plan.pointer("/plans/0/held/0/digest").and_then(serde_json::Value::as_str);
    assert!(digest.is_some(), "nothing is held: {plan:#}");
    digest.unwrap_or_default().to_owned()
}
