//! The lists below the changes: a label, a number, what it is about.

use std::collections::BTreeMap;

use super::super::paper::{Ink, Mark, Paper, Row, Span};
use super::super::view::{ItemView, PlanView, RefusedView, UnseenView};
use super::super::words;
use super::changes::{NAMED, lose_by_it};

const LABEL: usize = 11;
const BODY: usize = LABEL + 16;
/// How many lines a list has at most, where each item has its own.
const LINES: usize = 20;

/// What needs nobody: it is remembered, waits or stays.
pub(in super::super) fn quiet(paper: &mut Paper, view: &PlanView) {
    adopts(paper, &view.adopted);
    by_reason(paper, "Forgets", "let go", &view.forgotten);
    let waiting: Vec<&str> = view.waiting.iter().map(|one| one.says.as_str()).collect();
    list(paper, "Waiting", &words::count(waiting.len(), "invite", "invites"), &waiting);
    by_reason(paper, "Kept", "kept", &view.kept);
    let ending: Vec<&str> = view.ending.iter().map(|one| one.says.as_str()).collect();
    lines(paper, "Ends soon", &words::count(ending.len(), "grant", "grants"), &ending);
    deferred(paper, view);
    missing_secrets(paper, view);
}

/// Whom somebody asked for by name, and what stays of them all the same: why. What is just unmanaged is a number.
pub(super) fn kept_for_a_reason(paper: &mut Paper, view: &PlanView) {
    let explained = |item: &&ItemView| item.because.as_ref().is_some_and(|because| because.contains(' '));
    let kept: Vec<ItemView> = view.kept.iter().filter(explained).cloned().collect();
    if !kept.is_empty() {
        paper.gap();
    }
    by_reason(paper, "Kept", "kept", &kept);
}

/// API keys whose secret is not where it was put: where it should be, and how to have another one.
pub(in super::super) fn missing_secrets(paper: &mut Paper, view: &PlanView) {
    let count = words::count(view.missing_secrets.len(), "secret", "secrets");
    let mut section = Section::new(paper, "Not here", Ink::Bold);
    for (index, one) in view.missing_secrets.iter().enumerate() {
        section.entry(&on_first(index, count.clone()), &one.says);
        section.more(vec![Span::plain("to make it again, with a new secret: "), Span::command(&one.next)]);
    }
}

/// What ends before the later time that a look ahead is for.
pub(in super::super) fn till_then(paper: &mut Paper, view: &PlanView) {
    let Some(ahead) = &view.ahead else { return };
    let ending: Vec<&str> = ahead.ending.iter().map(|one| one.says.as_str()).collect();
    lines(paper, "Till then", &words::count(ending.len(), "grant ends", "grants end"), &ending);
}

/// What can't be done yet: who, what it waits for, until when.
pub(super) fn deferred(paper: &mut Paper, view: &PlanView) {
    let deferred: Vec<&str> = view.deferred.iter().map(|one| one.says.as_str()).collect();
    lines(paper, "Deferred", &words::count(deferred.len(), "change", "changes"), &deferred);
}

/// What somebody must look at, the most urgent last.
pub(in super::super) fn loud(paper: &mut Paper, view: &PlanView) {
    drift(paper, view);
    renamed(paper, view);
    unseen(paper, &view.unseen);
    released(paper, view);
    refused(paper, view);
    held(paper, view);
}

/// What is taken over, by kind of thing.
fn adopts(paper: &mut Paper, adopted: &[ItemView]) {
    let kinds = [
        ("account", "account", "accounts"),
        ("role", "role", "roles"),
        ("member", "membership", "memberships"),
        ("person", "person", "people"),
        ("key", "API key", "API keys"),
    ];
    let mut label = "Adopts";
    for (thing, one, many) in kinds {
        let items = adopted.iter().filter(|item| item.thing == thing);
        let items: Vec<&str> = items.map(|item| item.says.as_str()).collect();
        if !items.is_empty() {
            list(paper, label, &words::count(items.len(), one, many), &items);
            label = "";
        }
    }
}

/// A list whose items have a reason, one line per reason.
fn by_reason(paper: &mut Paper, label: &str, verb: &str, items: &[ItemView]) {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for item in items {
        groups.entry(item.because.as_deref().unwrap_or_default()).or_default().push(&item.says);
    }
    let mut section = Section::new(paper, label, Ink::Bold);
    for (because, items) in groups {
        // One word, such as `unmanaged`, says it together with the number.
        let (count, reason) = match because.contains(' ') {
            true => (words::count(items.len(), verb, verb), Some(format!("{because}: "))),
            false => (words::count(items.len(), because, because), None),
        };
        section.entry_of(&count, reason.map(Span::plain).into_iter().chain(some_of(&items)).collect());
    }
}

/// Items one after another.
fn list(paper: &mut Paper, label: &str, count: &str, items: &[&str]) {
    if !items.is_empty() {
        Section::new(paper, label, Ink::Bold).entry_of(count, some_of(items));
    }
}

/// Items below each other.
fn lines(paper: &mut Paper, label: &str, count: &str, items: &[&str]) {
    let shown = if items.len() <= LINES + 1 { items.len() } else { LINES };
    let mut section = Section::new(paper, label, Ink::Bold);
    for (index, item) in items.iter().take(shown).enumerate() {
        section.entry(&on_first(index, count.to_owned()), item);
    }
    if shown < items.len() {
        section.more(vec![Span::plain(and_more(items.len() - shown))]);
    }
}

/// The first few, each kept together, and how many more there are.
fn some_of(items: &[&str]) -> Vec<Span> {
    let shown = if items.len() <= NAMED + 1 { items.len() } else { NAMED };
    let has_commas = items.iter().any(|item| item.contains(", "));
    let joint = if has_commas { ";" } else { "," };
    let mut spans = Vec::new();
    for (index, item) in items[..shown].iter().enumerate() {
        let joint = if index + 1 == shown { "" } else { joint };
        spans.push(Span::item(format!("{item}{joint}")));
        spans.push(Span::plain(if index + 1 == shown { "" } else { " " }));
    }
    if shown < items.len() {
        spans.push(Span::plain(format!(" {}", and_more(items.len() - shown))));
    }
    spans
}

/// What a text leaves out, and where it is.
fn and_more(number: usize) -> String {
    format!("and {number} more; `--format json` has them all")
}

fn drift(paper: &mut Paper, view: &PlanView) {
    let mut section = Section::new(paper, "Drift", Ink::Change);
    for (index, one) in view.drift.iter().enumerate() {
        let because = one.because.as_deref().unwrap_or_default();
        let count = words::count(view.drift.len(), "reported", "reported");
        section.entry(&on_first(index, count), &format!("{}: {because}", one.says));
    }
}

fn renamed(paper: &mut Paper, view: &PlanView) {
    let mut section = Section::new(paper, "Renamed", Ink::Change);
    for (index, one) in view.renamed.iter().enumerate() {
        section.entry(&on_first(index, words::people(view.renamed.len())), &one.says);
        match one.edited {
            true => section.more(vec![Span::plain(format!("edited: {}", one.place))]),
            false => section.next(&format!("edit {}; `orgform plan --write` does it", one.place)),
        }
        let [old, new] = &one.patch;
        section.signed(Mark::Lose, old);
        section.signed(Mark::Gain, new);
    }
}

/// What could not be looked at.
pub(in super::super) fn unseen(paper: &mut Paper, unseen: &[UnseenView]) {
    let mut section = Section::new(paper, "Unseen", Ink::Lose);
    for one in unseen {
        section.entry(one.account.as_deref().unwrap_or("everything"), &one.because);
        section.more(vec![Span::plain("What was not seen is left as it is.")]);
        section.next(one.hint.as_deref().unwrap_or_default());
    }
}

fn refused(paper: &mut Paper, view: &PlanView) {
    let mut section = Section::new(paper, "Refused", Ink::Lose);
    for (index, group) in alike(&view.refused).iter().enumerate() {
        let count = words::count(view.refused.len(), "change", "changes");
        let shown = if group.of.len() <= LINES + 1 { group.of.len() } else { LINES };
        for (line, one) in group.of[..shown].iter().enumerate() {
            section.entry(&on_first(index + line, count.clone()), &one.says);
        }
        if shown < group.of.len() {
            section.entry("", &format!("and {} more", group.of.len() - shown));
        }
        let Some(first) = group.of.first() else { continue };
        section.more(vec![Span::plain(&first.because)]);
        let mut places: Vec<&str> = group.of.iter().filter_map(|one| one.place.as_deref()).collect();
        places.dedup();
        if !places.is_empty() {
            places.truncate(LINES);
            section.more(vec![Span::dim(format!("declared at {}", places.join(", ")))]);
        }
        section.next(&group.next());
    }
}

/// Refusals for one reason, with one thing to do about all of them.
struct Alike<'v> {
    of: Vec<&'v RefusedView>,
    /// What to do, in pieces between which the addresses go.
    next: Vec<&'v str>,
}

impl Alike<'_> {
    /// What to do: a command is given once, with every address.
    fn next(&self) -> String {
        let addresses: Vec<&str> = self.of.iter().map(|one| one.address.as_str()).collect();
        self.next.join(&addresses.join(" "))
    }
}

/// Refusals that say the same of different things, in the order of the first of each.
fn alike(refused: &[RefusedView]) -> Vec<Alike<'_>> {
    let mut groups: Vec<Alike<'_>> = Vec::new();
    let mut by_text: BTreeMap<(&str, Vec<&str>), usize> = BTreeMap::new();
    for one in refused {
        let next: Vec<&str> = one.next.split(one.address.as_str()).collect();
        let group = *by_text.entry((one.because.as_str(), next.clone())).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.of.push(one),
            None => groups.push(Alike { of: vec![one], next }),
        }
    }
    groups
}

/// What somebody lets go: it is among the changes, so only how much it is and why it was held.
fn released(paper: &mut Paper, view: &PlanView) {
    let mut section = Section::new(paper, "Released", Ink::Lose);
    for one in &view.released {
        let (number, removals) = (one.changes.len(), one.changes.iter().all(|change| change.sign == "-"));
        let what = match removals {
            true => words::count(number, "removal", "removals"),
            false => words::count(number, "change", "changes"),
        };
        section.entry(one.account.as_deref().unwrap_or("in total"), &format!("{what} will be carried out."));
        section.more(vec![Span::plain(format!("without the release: {}", one.because))]);
        if !one.losers.is_empty() {
            section.signed(Mark::Lose, &lose_by_it(&one.losers));
        }
    }
}

fn held(paper: &mut Paper, view: &PlanView) {
    let mut section = Section::new(paper, "Held", Ink::Lose);
    for one in &view.held {
        section.entry(one.account.as_deref().unwrap_or("in total"), &one.because);
        section.more(vec![Span::plain(&one.says)]);
        if !one.losers.is_empty() {
            section.signed(Mark::Lose, &lose_by_it(&one.losers));
        }
        if !one.release.is_empty() {
            section.more(vec![Span::plain("to let exactly this go: "), Span::command(&one.release)]);
        }
    }
}

fn on_first(index: usize, text: String) -> String {
    if index == 0 { text } else { String::new() }
}

/// Lines that share a label, which stands in front of the first.
struct Section<'a> {
    paper: &'a mut Paper,
    label: &'a str,
    ink: Ink,
}

impl<'a> Section<'a> {
    fn new(paper: &'a mut Paper, label: &'a str, ink: Ink) -> Self {
        Self { paper, label, ink }
    }

    /// The first line of an entry: label, number or account, what it is about.
    fn entry(&mut self, count: &str, text: &str) {
        self.entry_of(count, vec![Span::plain(text)]);
    }

    fn entry_of(&mut self, count: &str, body: Vec<Span>) {
        let label = std::mem::take(&mut self.label);
        let gap = " ".repeat(LABEL.saturating_sub(label.len()));
        let lead = vec![Span::new(self.ink, label), Span::plain(gap), Span::plain(count)];
        self.paper.row(Row { lead, column: BODY, body, ..Row::default() });
    }

    /// A further line of an entry.
    fn more(&mut self, body: Vec<Span>) {
        self.paper.row(Row { column: BODY + 2, body, ..Row::default() });
    }

    /// What to do about it.
    fn next(&mut self, next: &str) {
        if !next.is_empty() {
            let label = Span::new(Ink::Bold, "next: ");
            self.more(std::iter::once(label).chain(Span::advice(next)).collect());
        }
    }

    /// A further line with a sign in front.
    fn signed(&mut self, mark: Mark, text: &str) {
        let body = vec![Span::new(mark.ink(), text)];
        self.paper.row(Row { indent: BODY + 2, mark: Some(mark), column: BODY + 4, body, ..Row::default() });
    }
}
