//! Changes, under the path of their account.
//!
//! None is ever left out; only the names of the people whom one reaches are cut after ten.

use orgform_model::Value;

use super::super::paper::{Ink, Mark, Paper, Row, Span, width};
use super::super::view::{ChangeView, FieldView};
use super::super::words;
use super::super::words_diff::words_diff;

/// How many people are named in a line.
pub(super) const NAMED: usize = 10;

const INDENT: usize = 2;
const BELOW: usize = 6;
/// A longer name does not push everything else to the right.
const WIDEST_NAME: usize = 44;
const WIDEST_BODY: usize = 60;

/// All changes; a heading where the account changes.
pub(in super::super) fn changes(paper: &mut Paper, changes: &[ChangeView]) {
    let columns = Columns::of(changes);
    let mut account = None;
    for change in changes {
        let this = change.account.as_deref().unwrap_or("(people)");
        if account != Some(this) {
            paper.heading(this);
            account = Some(this);
        }
        one(paper, change, columns);
    }
}

#[derive(Clone, Copy)]
struct Columns {
    body: usize,
    mail: usize,
}

impl Columns {
    fn of(changes: &[ChangeView]) -> Self {
        let names = changes.iter().map(|change| width(&change.name)).filter(|width| *width <= WIDEST_NAME);
        let body = INDENT + 2 + names.max().unwrap_or(0) + 2;
        let bodies = changes.iter().filter(|change| change.mails > 0).map(|change| width(&change.says));
        let mail = body + bodies.filter(|width| *width <= WIDEST_BODY).max().unwrap_or(0) + 2;
        Self { body, mail }
    }
}

fn one(paper: &mut Paper, change: &ChangeView, columns: Columns) {
    let below = below(change, paper);
    let notes = change.notes.join("; ");
    // A note is about what is lost, if anything is: that is where the eye goes.
    let note_line = below.iter().rposition(|line| line.mark == Some(Mark::Lose));
    let mut body = vec![];
    if !change.says.is_empty() {
        body.push(Span::plain(&change.says));
    }
    if note_line.is_none() && !notes.is_empty() {
        let joint = if body.is_empty() { "" } else { "; " };
        body.push(Span::dim(format!("{joint}{notes}")));
    }
    let tail = (change.mails > 0).then(|| {
        let text = if change.mails == 1 { "mail".to_owned() } else { format!("{} mails", change.mails) };
        (columns.mail, Span::new(Ink::Change, text))
    });
    let mark = Mark::of(&change.sign);
    let lead = vec![Span::new(mark.ink(), &change.name)];
    paper.row(Row { indent: INDENT, mark: Some(mark), lead, column: columns.body, body, tail });
    for (index, mut line) in below.into_iter().enumerate() {
        if note_line == Some(index) && !notes.is_empty() {
            // What stood in the body moves to the front, so that the note has its column.
            line.lead.append(&mut line.body);
            line.body = vec![Span::dim(&notes)];
            line.column = columns.body;
        }
        paper.row(line);
    }
}

/// The lines below a change: what comes, what goes, whom it reaches.
fn below(change: &ChangeView, paper: &Paper) -> Vec<Row> {
    let mut rows = Vec::new();
    for FieldView { field, from, to, gains, loses } in &change.fields {
        let both = match (from, to) {
            (Some(Value::Text(from)), Some(Value::Text(to))) => Some((from.clone(), to.clone())),
            (Some(Value::Flag(from)), Some(Value::Flag(to))) => Some((from.to_string(), to.to_string())),
            _ => None,
        };
        if let Some((from, to)) = both {
            let mut body = vec![Span::plain(format!("{field}: "))];
            body.extend(words_diff(&from, &to, paper.is_colored()));
            rows.push(line(Some(Mark::Change), body));
        }
        rows.extend(gains.iter().map(|text| signed(Mark::Gain, text)));
        rows.extend(loses.iter().map(|text| signed(Mark::Lose, text)));
    }
    if !change.tells_grants() {
        rows.extend(change.gains.iter().map(|text| signed(Mark::Gain, text)));
        rows.extend(change.loses.iter().map(|text| signed(Mark::Lose, text)));
    }
    let reached = change.reach.as_ref().map(|reach| reach.people.as_slice()).unwrap_or_default();
    let mut losers: Vec<&str> = change.losers.iter().map(|loser| loser.person.as_str()).collect();
    losers.sort_unstable();
    losers.dedup();
    if !reached.is_empty() && losers != reached {
        rows.push(line(None, vec![Span::dim(format!("for {}", words::some_of(reached, NAMED)))]));
    }
    // Of a person's own change the name says who loses.
    if !losers.is_empty() && losers != [change.name.as_str()] {
        rows.push(signed(Mark::Lose, &lose_by_it(&losers)));
    }
    rows
}

/// `17 people lose by it: ada@acme.example, … and 7 more`.
pub(super) fn lose_by_it<T: AsRef<str>>(losers: &[T]) -> String {
    let verb = if losers.len() == 1 { "loses" } else { "lose" };
    format!("{} {verb} by it: {}", words::people(losers.len()), words::some_of(losers, NAMED))
}

fn signed(mark: Mark, text: &str) -> Row {
    line(Some(mark), vec![Span::new(mark.ink(), text)])
}

fn line(mark: Option<Mark>, body: Vec<Span>) -> Row {
    Row { indent: BELOW, mark, column: BELOW + 2, body, ..Row::default() }
}
