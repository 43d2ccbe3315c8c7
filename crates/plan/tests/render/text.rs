//! What a person sees in a terminal.

use std::time::Duration;

use insta::assert_snapshot;
use orgform_model::desired::Subject;
use orgform_plan::plan::{Cause, Reached, Seen};
use orgform_plan::render::{Style, text};
use orgform_plan::{ChangeKind, Plan, PlannedChange};

use crate::plans::{
    change, converged, every_change, every_section, invite, kept, member, now, ordinary, removal, role,
    strings, texts, waiting, with_changes,
};

fn plain() -> Style {
    Style { elapsed: Some(Duration::from_millis(410)), ..Style::default() }
}

fn shown(plan: &Plan) -> String {
    text(plan, now(), &plain())
}

fn all() -> Vec<Plan> {
    vec![converged(), ordinary(), every_change(), every_section(), with_changes(Vec::new())]
}

#[test]
fn a_quiet_run_prints_one_line() {
    let plan = converged();
    assert_snapshot!(
        text(&plan, now(), &Style { elapsed: Some(Duration::from_millis(110)), ..Style::default() }),
        @"pureport: nothing to do. 3 accounts, 11 people, 2 invites waiting; read in 10 calls (0.1 s)."
    );
}

#[test]
fn what_stays_or_ends_does_not_make_a_quiet_run_noisy() {
    let all = every_section();
    let plan = Plan { kept: all.kept, ending: all.ending, deferred: all.deferred, ..converged() };
    assert_snapshot!(
        shown(&plan),
        @"
    pureport: nothing to do. 3 accounts, 11 people, 2 invites waiting, 3 kept, 1 deferred, 2 grants end soon; read in 10 calls (0.4 s).

    Deferred   1 change        ken@acme.example in acme: revoke Admin, until joan@acme.example accepts,
                               tomorrow
    "
    );
}

#[test]
fn a_secret_that_is_not_here_shows_although_nothing_is_to_do() {
    let plan = Plan { missing_secrets: every_section().missing_secrets, ..converged() };
    assert_snapshot!(
        shown(&plan),
        @"
    pureport: nothing to do. 3 accounts, 11 people, 2 invites waiting, 1 secret not here; read in 10 calls (0.4 s).

    Not here   1 secret        API key ci in acme: its secret is not at .orgform/keys/ci any more
                                 to make it again, with a new secret:
                                 orgform keys remake pureport/acme:key/ci
    "
    );
}

#[test]
fn what_needs_a_person_shows_although_nothing_is_to_do() {
    let all = every_section();
    let plan = Plan { refused: all.refused, drift: all.drift, renamed: all.renamed, ..converged() };
    assert_snapshot!(shown(&plan));
}

#[test]
fn an_ordinary_day() {
    assert_snapshot!(shown(&ordinary()));
}

#[test]
fn an_ordinary_day_in_colour() {
    let style = Style { color: true, ..plain() };
    assert_snapshot!(text(&ordinary(), now(), &style).replace('\u{1b}', "ESC"));
}

#[test]
fn every_kind_of_change() {
    assert_snapshot!(shown(&every_change()));
}

#[test]
fn every_section_is_there() {
    assert_snapshot!(shown(&every_section()));
}

#[test]
fn a_narrow_terminal_wraps_and_breaks_no_email() {
    let narrow = text(&every_section(), now(), &Style { width: Some(60), ..plain() });
    for email in
        ["grace@acme.example", "person10@acme.example", "linus@acme.example", "guest@partner.example"]
    {
        assert!(narrow.contains(email), "{email}");
    }
    assert_snapshot!(narrow);
}

#[test]
fn without_state_the_second_line_says_what_is_off() {
    let seen = Seen { accounts: 4, people: 41, calls: 13, with_state: false };
    let shown = shown(&Plan { seen, ..ordinary() });
    assert_eq!(
        shown.lines().nth(1),
        Some("No state yet: nothing here counts as ours, so removals and second mails are off.")
    );
}

#[test]
fn a_narrowed_plan_says_so_at_the_top_even_if_nothing_is_to_do() {
    let subject =
        Subject::Some { objects: [].into(), because: "only people/ was asked for".to_owned(), gap: false };
    assert_snapshot!(shown(&Plan { subject, ..converged() }), @r"
    pureport: nothing to do. 3 accounts, 11 people, 2 invites waiting; read in 10 calls (0.4 s).
    Only people/ was asked for, which names no object; everything stays as it is.
    ");
}

#[test]
fn no_line_has_spaces_at_its_end() {
    for plan in all() {
        for color in [false, true] {
            for width in [None, Some(40), Some(72), Some(200)] {
                let shown = text(&plan, now(), &Style { color, width, ..plain() });
                assert!(shown.lines().all(|line| line.trim_end() == line), "{shown}");
                assert!(shown.ends_with('\n') && !shown.ends_with("\n\n"), "{shown}");
            }
        }
    }
}

#[test]
fn the_same_plan_reads_the_same_in_every_run() {
    for plan in all() {
        assert_eq!(shown(&plan), shown(&plan.clone()));
    }
    let mut reversed = every_change();
    reversed.changes.reverse();
    assert_eq!(shown(&reversed), shown(&every_change()));
}

#[test]
fn the_digest_stays_the_same_when_only_words_change() {
    let mut reworded = ordinary();
    reworded.changes[0].reach = Some(Reached::default());
    reworded.changes[2].notes = strings(&["another note"]);
    assert_eq!(orgform_plan::digest::digest(&reworded.changes), ordinary().digest);
    let last = shown(&ordinary());
    assert!(last.trim_end().ends_with(ordinary().digest.short()), "{last}");
}

#[test]
fn no_change_is_left_out_however_many_there_are() {
    let changes =
        (0..200).map(|number| invite("acme", &format!("p{number:03}@acme.example"), "Admin")).collect();
    let shown = shown(&with_changes(changes));
    assert_eq!(shown.lines().filter(|line| line.starts_with("  + p")).count(), 200);
    assert!(shown.contains("200 changes, 200 mails, 200 writes, about 60 s."), "{shown}");
}

#[test]
fn long_lists_of_people_are_cut_and_counted() {
    let emails: Vec<String> = (1..=40).map(|number| format!("p{number:02}@acme.example")).collect();
    let people: Vec<&str> = emails.iter().map(String::as_str).collect();
    let edit = PlannedChange {
        reach: Some(crate::plans::reach(&[("acme", &people)])),
        ..change(ChangeKind::Update, role("acme", "operator"), "role Operator")
    };
    let mut plan = with_changes(vec![edit]);
    plan.waiting = people.iter().map(|email| waiting("acme", email, "2026-11-20T10:00:00Z", 1)).collect();
    plan.kept = people.iter().map(|email| kept(member("acme", email), "member", "unmanaged")).collect();
    let shown = shown(&plan);
    assert!(shown.contains("reaches 40 people in 1 account"), "{shown}");
    assert!(shown.contains("p10@acme.example and 30 more\n"), "{shown}");
    assert_eq!(shown.matches("p11@").count(), 0, "{shown}");
    assert_eq!(shown.matches("30 more").count(), 3, "{shown}");
}

#[test]
fn parents_come_before_their_children_and_siblings_do_not_come_between() {
    let changes =
        ["acme-lab", "acme/finance", "acme"].map(|path| removal(path, "ken@acme.example", "Admin")).to_vec();
    let shown = shown(&with_changes(changes));
    let headings: Vec<&str> =
        shown.lines().filter(|line| line.trim_start().starts_with("acme")).map(str::trim).collect();
    assert_eq!(headings, ["acme", "acme/finance", "acme-lab"]);
}

#[test]
fn a_text_shows_what_differs_in_it() {
    let of = |from: &str, to: &str, color: bool| {
        let edit = PlannedChange {
            fields: vec![texts("description", from, to)],
            ..change(ChangeKind::Update, role("acme", "operator"), "role Operator")
        };
        let shown = text(&with_changes(vec![edit]), now(), &Style { color, ..plain() });
        let line = shown.lines().find(|line| line.contains("description")).unwrap().trim().to_owned();
        line.replace('\u{1b}', "ESC")
    };
    assert_eq!(
        of("Runs the network", "Runs the whole network", false),
        "~ description: Runs the {+whole +}network"
    );
    assert_eq!(
        of("Runs the small network now", "Runs the big network now", false),
        "~ description: Runs the [-small-]{+big+} network now"
    );
    assert_eq!(
        of("Runs the network of all our customers", "Reads a network of all our customers", false),
        "~ description: [-Runs the-]{+Reads a+} network of all our customers"
    );
    assert_eq!(of("Finance", "Legal", false), "~ description: Finance → Legal");
    assert_eq!(of("", "Legal", false), "~ description: \"\" → Legal");
    assert_eq!(of("Legal ", "Legal", false), "~ description: \"Legal \" → Legal");
    assert_eq!(of("one  two three", "one two three", false), "~ description: one[-␣␣-]{+␣+}two three");
    assert_eq!(
        of("Runs the small network now", "Runs the big network now", true),
        "ESC[33m~ESC[0m description: Runs the ESC[31;9msmallESC[0mESC[32mbigESC[0m network now"
    );
}

#[test]
fn a_name_from_a_provider_can_not_forge_a_line() {
    let forged = PlannedChange {
        loses: strings(&["Admin\n\n0 changes.\u{1b}[2J", "\u{202e}nimdA"]),
        cause: Cause::Undeclared,
        ..change(ChangeKind::Remove, role("acme", "x"), "role x\r\n  + nobody@acme.example\u{7}")
    };
    let shown = shown(&with_changes(vec![forged]));
    assert!(!shown.contains(['\u{1b}', '\r', '\u{7}', '\u{202e}']), "{shown}");
    assert!(
        !shown.lines().any(|line| line.trim_start().starts_with("+ nobody") || line.starts_with("0 changes"))
    );
}

#[test]
fn what_is_released_is_among_the_changes_and_not_held() {
    let all = every_section();
    let digest = all.held[0].digest.to_string();
    let held = Plan { held: all.held, ..converged() };
    let plan = held.clone().releasing(std::slice::from_ref(&digest));
    assert_eq!((&plan.digest, plan.exit_code(), held.exit_code()), (&held.digest, 2, 3));
    let shown = shown(&plan);
    for said in
        ["\nReleased   acme/lab        17 removals will be carried out.", "\n17 changes, no mail, 17 writes"]
    {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    for unsaid in ["Nothing to do", "Held ", "orgform apply --release"] {
        assert!(!shown.contains(unsaid), "{unsaid}: {shown}");
    }
    let json = orgform_plan::render::json(std::slice::from_ref(&plan), now(), &plain());
    let view = &json["plans"][0];
    assert_eq!(view["released"][0]["changes"].as_array().map(Vec::len), Some(17));
    assert_eq!((&view["held"], &view["nothingToDo"]), (&serde_json::json!([]), &false.into()));
    let comment = orgform_plan::render::markdown(&[plan], now(), &plain());
    assert!(
        comment.contains("### orgform plan: 17 changes") && comment.contains("will be carried out"),
        "{comment}"
    );
}
