//! Evidence, for a terminal.

use super::super::Style;
use super::super::paper::{Ink, Mark, Paper, Row, Span, width};
use super::super::view::{AbsenceView, EvidenceView, PlaceView};
use super::sections::unseen;

/// Evidence as text; each line ends with a line end.
pub(in super::super) fn evidence(view: &EvidenceView, style: &Style) -> String {
    let mut paper = Paper::new(style);
    if let Some(said) = view.again.as_ref().and_then(|again| view.summary.strip_suffix(again)) {
        let command = view.again.iter().map(Span::command);
        let body = std::iter::once(Span::new(Mark::Alarm.ink(), said)).chain(command).collect();
        paper.row(Row { indent: 2, mark: Some(Mark::Alarm), column: 4, body, ..Row::default() });
        return paper.into_text();
    }
    for person in &view.people {
        absence(&mut paper, person);
    }
    if !view.unseen.is_empty() {
        paper.gap();
        unseen(&mut paper, &view.unseen);
    }
    paper.gap();
    let ink = if view.complete { Ink::Gain } else { Ink::Lose };
    paper.row(Row { body: vec![Span::new(ink, &view.summary)], ..Row::default() });
    paper.into_text()
}

/// Where one person was, and what became of it.
pub(in super::super) fn absence(paper: &mut Paper, person: &AbsenceView) {
    let AbsenceView { email, gone: _, places } = person;
    let title = if places.is_empty() { format!("{email}  was in no account.") } else { email.clone() };
    paper.row(Row { indent: 2, lead: vec![Span::new(Ink::Bold, title)], ..Row::default() });
    let widest = |of: fn(&PlaceView) -> &str| places.iter().map(|one| width(of(one)).min(44)).max();
    let account = 6 + widest(|one| &one.account).unwrap_or(0) + 2;
    let says = account + widest(|one| &one.was).unwrap_or(0) + 2;
    for PlaceView { account: path, was, still, removed_at: _, says: result } in places {
        let mark = if still.is_some() { Mark::Alarm } else { Mark::Lose };
        let gap = " ".repeat(account.saturating_sub(6 + width(path)).max(2));
        let lead = vec![Span::plain(path), Span::plain(gap), Span::plain(was)];
        let body = vec![Span::new(mark.ink(), result)];
        paper.row(Row { indent: 4, mark: Some(mark), lead, column: says, body, ..Row::default() });
    }
}
