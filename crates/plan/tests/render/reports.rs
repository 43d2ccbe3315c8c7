//! What became of a plan.

use insta::{assert_json_snapshot, assert_snapshot};
use orgform_model::Address;
use orgform_plan::render::{Style, report_json, report_markdown, report_text};
use orgform_plan::{ChangeKind, Fate, Left, Outcome, Plan, Report, Verified};

use crate::plans::{every_section, invite, member, now, pureport, removal, role, with_changes};

pub(crate) fn outcome(address: Address, title: &str, kind: ChangeKind, result: Fate) -> Outcome {
    Outcome { address, title: title.to_owned(), kind, result }
}

/// A run in which much went well.
pub(crate) fn complete() -> Report {
    Report {
        provider: pureport(),
        outcomes: vec![
            outcome(
                role("acme", "network-operator"),
                "role Network operator",
                ChangeKind::Update,
                Fate::Done,
            ),
            outcome(member("acme", "ada@acme.example"), "", ChangeKind::Invite, Fate::Invited),
            outcome(member("acme/finance", "grace@acme.example"), "", ChangeKind::Invite, Fate::Joined),
        ],
        extra: Vec::new(),
        already: 0,
        adopted: 2,
        forgotten: 0,
        mails: 1,
        verified: Verified::Converged,
        left: Left::default(),
    }
}

/// A run in which everything that can go wrong did.
pub(crate) fn failed() -> Report {
    let fate = |said: &str, next: &str, unknown| Fate::Failed {
        said: said.to_owned(),
        next: next.to_owned(),
        unknown,
    };
    let mut report = complete();
    report.outcomes.extend([
        outcome(
            member("acme/finance", "ken@acme.example"),
            "",
            ChangeKind::Remove,
            fate(
                "pureport answered 409 CONFLICT, \"ken@acme.example is being updated\"",
                "run apply again; nothing else depends on it",
                false,
            ),
        ),
        outcome(
            member("acme/finance", "lou@acme.example"),
            "",
            ChangeKind::Invite,
            fate(
                "the connection broke before the answer",
                "run plan: it looks whether the invite is there",
                true,
            ),
        ),
        outcome(
            member("acme/lab", "max@acme.example"),
            "",
            ChangeKind::Remove,
            Fate::Stale { said: "max@acme.example has Admin by now".to_owned() },
        ),
        outcome(
            member("acme/lab", "ned@acme.example"),
            "",
            ChangeKind::Invite,
            Fate::Skipped { because: "it needs role Operator, which failed".to_owned() },
        ),
        outcome(member("acme/lab", "oda@acme.example"), "", ChangeKind::Invite, Fate::Stopped),
    ]);
    let left: Plan = Plan {
        held: every_section().held,
        ..with_changes(vec![invite("acme/lab", "oda@acme.example", "Admin")])
    };
    Report {
        extra: vec![removal("acme", "pia@acme.example", "Admin")],
        already: 3,
        forgotten: 1,
        mails: 2,
        verified: Verified::Differs { plan: Box::new(left) },
        ..report
    }
}

#[test]
fn a_run_that_went_well() {
    assert_snapshot!(report_text(&complete(), now(), &Style::default()));
}

#[test]
fn a_run_that_went_badly() {
    assert_snapshot!(report_text(&failed(), now(), &Style::default()));
}

#[test]
fn the_last_line_names_what_was_left_as_it_is() {
    let last = |left| report_text(&Report { left, ..complete() }, now(), &Style::default());
    let some = last(Left { refused: 2, held: 1, ..Left::default() });
    assert!(some.ends_with("Verified, but for 2 refused, 1 held.\n"), "{some}");
    let reported = last(Left { reported: 2, ..Left::default() });
    assert!(reported.ends_with("Verified, but for 2 reported.\n"), "{reported}");
    let errors = last(Left { errors: 2, ..Left::default() });
    let flat = errors.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.ends_with("2 errors in the manifests: what they name was left as it is."), "{errors}");
}

#[test]
fn a_run_that_is_not_done_says_what_else_was_left() {
    let left = Left { refused: 2, held: 1, ..Left::default() };
    let last =
        |report: Report| report_text(&report, now(), &Style::default()).lines().last().unwrap().to_owned();
    let badly = Report { verified: Verified::Converged, left, ..failed() };
    assert!(last(badly.clone()).ends_with("Verified: what is done is as declared; 2 refused, 1 held."));
    let verified = Verified::NotChecked { because: "the run was stopped".to_owned() };
    assert!(
        last(Report { verified, ..badly }).ends_with("Not verified: the run was stopped; 2 refused, 1 held.")
    );
}

#[test]
fn a_run_that_wrote_nothing() {
    let verified = Verified::NotChecked { because: "the run was stopped".to_owned() };
    assert_snapshot!(
        report_text(&Report { outcomes: Vec::new(), adopted: 0, mails: 0, verified, ..complete() }, now(), &Style::default()),
        @"pureport: Nothing to do.  Nothing was written, so there is nothing to verify."
    );
}

#[test]
fn a_comment_on_a_run() {
    assert_snapshot!(report_markdown(&[failed()], now(), &Style::default()));
}

#[test]
fn json_of_a_run() {
    assert_json_snapshot!(report_json(&[complete()], now(), &Style::default()));
}

#[test]
fn no_line_of_a_report_has_spaces_at_its_end() {
    for report in [complete(), failed()] {
        let shown = report_text(&report, now(), &Style { color: true, ..Style::default() });
        assert!(shown.lines().all(|line| line.trim_end() == line), "{shown}");
    }
}
