//! Plans and reports for a terminal.
//!
//! From quiet to loud: header, changes, what is only remembered or stays, then what somebody must look at, and
//! the total as the last line, where a tired eye lands.

mod changes;
mod drift;
mod evidence;
mod report;
mod sections;

use super::Style;
use super::paper::{Ink, Paper, Span};
use super::view::PlanView;
use sections::{deferred, kept_for_a_reason};

pub(super) use sections::till_then;

pub(super) use changes::changes;
pub(super) use drift::{drift, drift_remarks, drift_unmanaged, drifted};
pub(super) use evidence::{absence, evidence};
pub(super) use report::{outcomes, report};
pub(super) use sections::{loud, missing_secrets, quiet, unseen};

/// A plan as text; each line ends with a line end.
pub(super) fn plan(view: &PlanView, style: &Style) -> String {
    let mut paper = Paper::new(style);
    header(&mut paper, view);
    if view.nothing_to_do && !is_loud(view) {
        let ends = view.ahead.as_ref().is_some_and(|ahead| !ahead.ending.is_empty());
        // A number alone would not tell who waits, and for what.
        if ends || !view.deferred.is_empty() {
            paper.gap();
            till_then(&mut paper, view);
            deferred(&mut paper, view);
        }
        if !view.subject.everything {
            kept_for_a_reason(&mut paper, view);
        }
        if !view.missing_secrets.is_empty() {
            paper.gap();
            missing_secrets(&mut paper, view);
        }
        return paper.into_text();
    }
    paper.gap();
    changes(&mut paper, &view.carried_out());
    paper.gap();
    till_then(&mut paper, view);
    if view.nothing_to_do {
        deferred(&mut paper, view);
        missing_secrets(&mut paper, view);
    } else {
        quiet(&mut paper, view);
    }
    paper.gap();
    loud(&mut paper, view);
    paper.gap();
    summary(&mut paper, view);
    paper.into_text()
}

/// Whether something must be looked at by somebody, even where nothing is to do.
pub(super) fn is_loud(view: &PlanView) -> bool {
    let lists =
        [view.drift.len(), view.renamed.len(), view.unseen.len(), view.refused.len(), view.held.len()];
    lists.iter().any(|number| *number > 0)
}

/// The first line as it is shown.
pub(super) fn first_line(view: &PlanView) -> String {
    let when = view.ahead.as_ref().map(|ahead| format!("{}: ", ahead.says)).unwrap_or_default();
    if view.nothing_to_do && !is_loud(view) {
        format!("{when}nothing to do. {}.", view.headline)
    } else {
        format!("{when}{}", view.headline)
    }
}

fn header(paper: &mut Paper, view: &PlanView) {
    paper.line(vec![
        Span::new(Ink::Bold, format!("{}:", view.provider)),
        Span::plain(format!(" {}", first_line(view))),
    ]);
    remarks(paper, view);
}

/// What a reader must know before the rest.
pub(super) fn remarks(paper: &mut Paper, view: &PlanView) {
    for remark in &view.remarks {
        paper.line(vec![Span::new(Ink::Change, remark)]);
    }
}

fn summary(paper: &mut Paper, view: &PlanView) {
    let mut line = vec![Span::new(Ink::Bold, &view.summary)];
    if !view.changes.is_empty() && view.ahead.is_none() {
        line.push(Span::dim(format!("  {}", short(&view.digest))));
    }
    paper.line(line);
}

/// Enough of a digest to name it.
fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}
