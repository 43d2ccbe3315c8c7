//! The other commands: show, invites, forget, act, and what is made for shells and editors.

use orgform_tests::{Ran, Simulator, Story};

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
fn text_takes_the_width_of_the_terminal_and_a_log_keeps_its_lines() {
    let story = Story::acme();
    story.done("apply --yes");
    story.without("people/lab.yaml", "tim");
    let widest = |ran: &Ran| ran.all().lines().map(|line| line.chars().count()).max().unwrap_or(0);
    for columns in [72, 110] {
        let planned = story.at_terminal_of(columns, "plan people/lab.yaml --color never --quiet", "");
        assert!(planned.stdout.contains("Only people/lab.yaml was read"), "{}", planned.stdout);
        assert!(widest(&planned) <= columns.into(), "{}", planned.stdout);
        let refused = story.at_terminal_of(columns, "plan people/gone.yaml --color never", "");
        assert!(refused.stdout.contains("spoken for by"), "{}", refused.stdout);
        assert!(widest(&refused) <= columns.into(), "{}", refused.stdout);
    }
    let logged = story.done_with("plan people/gone.yaml", 1);
    assert!(logged.stderr.lines().any(|line| line.chars().count() > 80), "{}", logged.stderr);
}

#[test]
fn what_is_redacted_stays_in_its_columns() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.run("show --redact pureport:person/rosa@partner.example");
    story.run("invites --redact");
    story.assert_is("redacted");
}

#[test]
fn time_that_passes_at_the_simulator_of_a_root_passes_for_orgform_too() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.run("act advance 15d");
    story.remark("invites expired, and are mailed again");
    assert!(story.run("plan").stdout.contains("13 mails"));
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.run("act advance 3000d");
    story.remark("what was granted until 2031 is over");
    let applied = story.run("apply --yes");
    assert!(applied.stdout.contains("loses Auditor; its time is over"), "{}", applied.stdout);
    story.assert_is("time_passes");
}

#[test]
fn time_that_passes_at_a_running_simulator_is_its_own() {
    let simulator = Simulator::start(&[]);
    let said = Story::new().done(&format!("act --url {} advance 8d", simulator.url())).stderr;
    assert!(said.contains("8 days later") && said.contains("orgform's own clock did not move"), "{said}");
}

#[test]
fn an_invite_that_nobody_knows_of_is_listed_and_counted_as_perhaps() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    let invite = "/accounts/*/invites";
    simulator.set_faults(&serde_json::json!([
        { "method": "POST", "path": invite, "when": { "nth": 1 }, "effect": { "status": { "code": 503 } } },
    ]));
    let applied = story.run("apply --yes");
    assert_eq!(applied.code, Some(4));
    assert!(applied.stdout.contains("mails sent at most"), "{}", applied.stdout);
    let shown = story.done("show").stdout;
    assert_eq!(shown.matches("1 mail at most").count(), 1, "{shown}");
    let listed = story.done("invites --format json").json();
    let states = listed["invites"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap());
    assert_eq!(states.filter(|state| *state == "unknown").count(), 1, "{listed:#}");
}

#[test]
fn mailing_again_where_nothing_can_be_seen_is_not_done() {
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    story.done(&format!("act --url {} expire Lab tim@acme.example", simulator.url()));
    simulator.set_faults(&serde_json::json!([
        { "method": "GET", "path": "/accounts/*/invites", "effect": { "status": { "code": 403 } } },
    ]));
    story.done_with("invites resend pureport/acme/lab:member/tim@acme.example --yes", 4);
    assert_eq!(simulator.mails_to("tim@acme.example"), 1);
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
fn nothing_that_is_logged_or_kept_holds_a_link_of_an_invite_or_a_secret() {
    let world = Story::new();
    let file = world.path().join("world.json").display().to_string();
    let simulator = Simulator::start(&["--state", &file]);
    let story = Story::acme_at(simulator.url());
    let mut said = story.done("-vvv --log-format json apply --yes").all();
    story.replace("accounts/finance.yaml", "trading floor", "trading floors");
    said += &story.done("-vvv plan --out plan.json").all();
    said += &story.done("invites --format json").all();
    said += &story.read("plan.json");
    said += &story.read(".orgform/state.json");
    let kept = world.read("world.json");
    let of = |key: &str| kept.split(&format!("\"{key}\":\"")).skip(1).collect::<Vec<_>>();
    let (links, secrets) = (of("link"), of("secret"));
    assert_eq!((links.len(), secrets.len()), (13, 3), "as many as were mailed, and three API keys");
    for secret in links.into_iter().chain(secrets).filter_map(|rest| rest.split('"').next()) {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
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
