//! What became of a plan, for a terminal.

use super::super::Style;
use super::super::paper::{Ink, Mark, Paper, Row, Span, width};
use super::super::view::{OutcomeView, ReportView};
use super::{changes, is_loud, loud};

/// A report as text; each line ends with a line end.
pub(in super::super) fn report(view: &ReportView, style: &Style) -> String {
    let mut paper = Paper::new(style);
    outcomes(&mut paper, &view.outcomes);
    if !view.extra.is_empty() {
        paper.gap();
        paper.line(vec![Span::new(Ink::Lose, "Refused: these were not in the plan that was agreed to.")]);
        changes(&mut paper, &view.extra);
    }
    paper.gap();
    paper.line(vec![
        Span::new(Ink::Bold, format!("{}: {}", view.provider, view.summary)),
        Span::plain(format!("  {}", view.verified.says)),
    ]);
    if let Some(left) = &view.verified.plan {
        paper.gap();
        changes(&mut paper, &left.changes);
        if is_loud(left) {
            paper.gap();
            loud(&mut paper, left);
        }
    }
    paper.into_text()
}

/// A line per change: account, what it was, what became of it.
pub(in super::super) fn outcomes(paper: &mut Paper, outcomes: &[OutcomeView]) {
    let widest = |of: fn(&OutcomeView) -> &str| outcomes.iter().map(|one| width(of(one)).min(44)).max();
    let name = 2 + widest(|one| &one.account).unwrap_or(0) + 2;
    let fate = name + 2 + widest(|one| &one.name).unwrap_or(0) + 2;
    let following = outcomes.iter().skip(1).map(|one| one.next.as_deref()).chain([None]);
    for (outcome, following) in outcomes.iter().zip(following) {
        let OutcomeView { address: _, account, sign, name: title, kind: _, is, says, next, unknown: _ } =
            outcome;
        let ink = match is.as_str() {
            "done" | "invited" | "joined" | "stored" => Ink::Gain,
            "failed" => Ink::Lose,
            _ => Ink::Change,
        };
        let gap = " ".repeat(name.saturating_sub(2 + width(account)).max(2));
        let mark = Mark::of(sign);
        let lead =
            vec![Span::plain(account), Span::plain(gap), Span::new(mark.ink(), format!("{sign} {title}"))];
        paper.row(Row { indent: 2, lead, column: fate, body: vec![Span::new(ink, says)], ..Row::default() });
        // What to do about several in a row is told once, after the last of them.
        if let Some(next) = next.as_deref().filter(|next| following != Some(*next)) {
            let label = Span::new(Ink::Bold, "next: ");
            let body = std::iter::once(label).chain(Span::advice(next)).collect();
            paper.row(Row { column: fate, body, ..Row::default() });
        }
    }
}
