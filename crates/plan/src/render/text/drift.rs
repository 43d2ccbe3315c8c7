//! What changed behind us, for a terminal.

use super::super::Style;
use super::super::paper::{Ink, Mark, Paper, Row, Span};
use super::super::view::{DriftView, DriftedView};
use super::super::words;
use super::sections::unseen;

const BELOW: usize = 6;

/// What one provider changed behind us; each line ends with a line end.
pub(in super::super) fn drift(view: &DriftView, style: &Style) -> String {
    let mut paper = Paper::new(style);
    paper.line(vec![
        Span::new(Ink::Bold, format!("{}:", view.provider)),
        Span::plain(format!(" {}.", view.headline)),
    ]);
    drift_remarks(&mut paper, view);
    paper.gap();
    drifted(&mut paper, &view.changes);
    paper.gap();
    drift_unmanaged(&mut paper, view);
    if !view.unseen.is_empty() {
        paper.gap();
        unseen(&mut paper, &view.unseen);
    }
    if !view.changes.is_empty() || !view.unseen.is_empty() {
        paper.gap();
        paper.line(vec![Span::new(Ink::Bold, &view.summary)]);
    }
    paper.into_text()
}

/// What a reader must know before the rest.
pub(in super::super) fn drift_remarks(paper: &mut Paper, view: &DriftView) {
    for remark in &view.remarks {
        paper.line(vec![Span::new(Ink::Change, remark)]);
    }
}

/// The differences under their accounts; of one thing, one below the other.
pub(in super::super) fn drifted(paper: &mut Paper, changes: &[DriftedView]) {
    let mut account = None;
    let mut address = None;
    for (index, change) in changes.iter().enumerate() {
        if account != Some(&change.account) {
            paper.heading(change.account.as_deref().unwrap_or("(people)"));
            account = Some(&change.account);
        }
        let is_gone = change.difference == "gone";
        if address != Some(&change.address) {
            let mark = if is_gone { Mark::Lose } else { Mark::Change };
            let lead = vec![Span::new(mark.ink(), &change.name)];
            paper.row(Row { indent: 2, mark: Some(mark), lead, ..Row::default() });
            address = Some(&change.address);
        }
        difference(paper, change);
        // Of several that one hand did to one thing, it is said once.
        let same = |other: &DriftedView| {
            other.address == change.address && other.by == change.by && other.next == change.next
        };
        if !changes.get(index + 1).is_some_and(same) {
            who_and_next(paper, change);
        }
    }
}

/// What is there and not ours.
pub(in super::super) fn drift_unmanaged(paper: &mut Paper, view: &DriftView) {
    if view.unmanaged.is_empty() {
        return;
    }
    let number = words::count(view.unmanaged.len(), "thing is", "things are");
    paper.line(vec![
        Span::new(Ink::Bold, "Unmanaged"),
        Span::plain(format!("  {number} there and not ours, which is no drift.")),
    ]);
    for one in &view.unmanaged {
        let place = one.account.as_deref().map(|account| format!(" in {account}")).unwrap_or_default();
        let what = if one.says == one.name { String::new() } else { format!(" ({})", one.says) };
        let next = if one.then == "kept" { String::new() } else { format!("; {}", one.next) };
        let lead = vec![Span::plain(format!("{}{place}{what}", one.name))];
        paper.row(Row { indent: 2, lead, ..Row::default() });
        paper.row(Row {
            column: BELOW,
            body: vec![Span::dim(format!("{}{next}", one.by))],
            ..Row::default()
        });
    }
}

fn difference(paper: &mut Paper, change: &DriftedView) {
    let DriftedView { sign, says, field, .. } = change;
    let mark = Mark::of(sign);
    match field {
        Some(field) if !field.gains.is_empty() || !field.loses.is_empty() => {
            let gains = field.gains.iter().map(|text| (Mark::Gain, text));
            for (mark, text) in gains.chain(field.loses.iter().map(|text| (Mark::Lose, text))) {
                signed(paper, mark, text);
            }
        }
        _ => signed(paper, mark, says),
    }
}

fn who_and_next(paper: &mut Paper, change: &DriftedView) {
    let (indent, column) = (BELOW + 4, BELOW + 4);
    for line in [&change.by, &change.next] {
        paper.row(Row { indent, column, body: vec![Span::dim(line)], ..Row::default() });
    }
}

fn signed(paper: &mut Paper, mark: Mark, text: &str) {
    let body = vec![Span::new(mark.ink(), text)];
    paper.row(Row { indent: BELOW, mark: Some(mark), column: BELOW + 2, body, ..Row::default() });
}
