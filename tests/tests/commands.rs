//! The other commands: show, invites, forget, act, and what is made for shells and editors.

use orgform_tests::{Simulator, Story};

#[test]
fn what_is_remembered_can_be_shown_and_let_go_of() {
    let mut story = Story::acme();
    story.run("show");
    story.done("apply --yes");
    story.run("show");
    story.run("show pureport/acme/lab:role/experimenter");
    story.run("show pureport:person/rosa@partner.example");
    story.run("show pureport/acme:member/nobody@acme.example");
    story.run("forget pureport:person/rosa@partner.example");
    story.run("forget pureport:person/rosa@partner.example --yes");
    story.run("forget pureport:person/rosa@partner.example --yes");
    story.remark("what is let go of and still declared is taken over again");
    story.run("plan");
    story.assert_is("remembered");
}

#[test]
fn an_invite_is_mailed_again_when_somebody_says_so() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    story.done(&format!("act --url {} expire Lab tim@acme.example", simulator.url()));
    story.run("invites");
    story.run("invites resend pureport/acme/lab:member/tim@acme.example --yes");
    story.run("invites resend pureport/acme/lab:member/nobody@acme.example --yes");
    assert_eq!(simulator.mails_to("tim@acme.example"), 2);
    let listed = story.done("invites --format json").json();
    let tim = listed["invites"].as_array().unwrap().iter().find(|one| one["person"] == "tim@acme.example");
    assert_eq!(tim.unwrap()["mails"], 2);
    story.assert_is("invites");
}

#[test]
fn other_people_can_be_played_in_the_world_of_a_root() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.run("act accept ada@acme.example");
    story.run("act accept nobody@acme.example");
    story.run("act accept-all --except 50% --seed 7");
    story.run("act remove Acme linus@acme.example");
    story.run("act add Lab guest@partner.example Experimenter");
    story.run("act advance 8d");
    story.run("act json '{\"act\":\"set_ports\",\"account\":\"Lab\",\"ports\":2}'");
    story.run("plan");
    story.assert_is("act");
}

#[test]
fn drift_is_shown_and_restored() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.done("act edit Acme ceo@acme.example Admin");
    story.done("act rename-role Acme 'Billing reader' 'Bill reader'");
    story.run("plan");
    story.run("apply --yes");
    story.run("plan");
    story.assert_is("drift");
}

#[test]
fn shells_and_editors_get_what_they_need() {
    let story = Story::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(story.done(&format!("completions {shell}")).stdout.contains("invites"), "{shell}");
    }
    assert!(story.done("man").stdout.contains(".TH orgform 1"));
    story.done("man --out pages");
    let page = story.read("pages/orgform-invites-resend.1");
    assert!(page.contains("ADDRESS"), "{page}");
    let schema = story.done("schema").json();
    assert_eq!(schema["title"], "orgform manifest");
}

#[test]
fn colours_come_only_when_asked_for() {
    let mut story = Story::acme();
    assert!(!story.run("plan").all().contains('\u{1b}'));
    assert!(story.run("plan --color always").stdout.contains('\u{1b}'));
    story.replace("people/lab.yaml", "experimenter", "experimentor");
    assert!(story.run("validate --color always").stderr.contains('\u{1b}'));
    assert!(!story.run("validate").stderr.contains('\u{1b}'));
}

#[test]
fn logs_hold_no_secret_and_no_person_below_debug() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    let quiet = story.run("-q apply --yes");
    assert_eq!(quiet.stderr, "");
    let logged = story.run("plan -vvv --log-format json").stderr;
    assert!(logged.contains("\"level\""), "{logged}");
    assert!(!logged.contains("sim-admin-secret"), "{logged}");
    assert!(!logged.to_lowercase().contains("bearer ey"), "{logged}");
    let info = story.run("plan -v").stderr;
    assert!(!info.contains('@'), "{info}");
}

#[test]
fn a_suggested_command_names_the_folder_that_was_named() {
    let story = Story::acme();
    let root = story.path().display().to_string();
    let planned = story.done(&format!("-C {root} plan --out plan.json"));
    let suggested = format!("orgform -C {root} apply plan.json");
    assert!(planned.stderr.contains(&suggested), "{}", planned.stderr);
}

#[test]
fn a_path_that_is_not_there_is_told_with_what_to_name_instead() {
    let story = Story::acme();
    let gone = story.done_with("plan people/gone.yaml", 1);
    assert!(gone.stderr.contains("name its folder instead"), "{}", gone.stderr);
    let nowhere = story.done_with("-C nowhere plan", 1);
    assert!(nowhere.stderr.contains("hint: -C takes a folder that is there"), "{}", nowhere.stderr);
}

#[test]
fn the_simulator_lists_its_switches() {
    let listed = Story::new().done("sim pureport --switch help").stdout;
    assert!(listed.contains("invite-life") && listed.contains("days:14"), "{listed}");
}
