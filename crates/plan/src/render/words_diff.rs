//! What differs within a text field.

use similar::{ChangeTag, TextDiff};

use super::paper::{Ink, Span};

/// The share of a text that must stay for its differences to be worth marking word by word.
const ALIKE: f32 = 0.5;
/// How much of a long unchanged run is shown at each end.
const CONTEXT: usize = 24;

/// Two versions of a text as one: in colour struck and green, without colour `[-old-]{+new+}`; as `old → new`
/// where a text is short or the two have little in common.
pub(super) fn words_diff(from: &str, to: &str, color: bool) -> Vec<Span> {
    let diff = TextDiff::from_unicode_words(from, to);
    if is_short(from)
        || is_short(to)
        || diff.ratio() < ALIKE
        || from.trim() != from
        || to.trim() != to
        || from.is_empty()
        || to.is_empty()
    {
        return vec![
            Span::new(Ink::Lose, quoted(from)),
            Span::plain(" → "),
            Span::new(Ink::Gain, quoted(to)),
        ];
    }
    let runs =
        joined(diff.iter_all_changes().map(|change| (change.tag(), change.value().to_owned())).collect());
    let last = runs.len().saturating_sub(1);
    runs.iter()
        .enumerate()
        .map(|(index, run)| match run {
            Run::Same(text) => Span::plain(shortened(text, index == 0, index == last)),
            Run::Old(text) if color => Span::new(Ink::Struck, seen(text)),
            Run::Old(text) => Span::new(Ink::Lose, format!("[-{}-]", seen(text))),
            Run::New(text) if color => Span::new(Ink::Gain, seen(text)),
            Run::New(text) => Span::new(Ink::Gain, format!("{{+{}+}}", seen(text))),
        })
        .collect()
}

fn is_short(text: &str) -> bool {
    text.split_whitespace().count() < 3
}

enum Run {
    Same(String),
    Old(String),
    New(String),
}

/// Neighbours of one kind become one run, and spaces between changed words belong to the change.
fn joined(changes: Vec<(ChangeTag, String)>) -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut old, mut new) = (String::new(), String::new());
    let mut rest = changes.into_iter().peekable();
    while let Some((tag, text)) = rest.next() {
        match tag {
            ChangeTag::Delete => old.push_str(&text),
            ChangeTag::Insert => new.push_str(&text),
            ChangeTag::Equal => {
                let goes_on = rest.peek().is_some_and(|(tag, _)| *tag != ChangeTag::Equal);
                if text.trim().is_empty() && goes_on && !old.is_empty() && !new.is_empty() {
                    old.push_str(&text);
                    new.push_str(&text);
                    continue;
                }
                close(&mut runs, &mut old, &mut new);
                match runs.last_mut() {
                    Some(Run::Same(so_far)) => so_far.push_str(&text),
                    _ => runs.push(Run::Same(text)),
                }
            }
        }
    }
    close(&mut runs, &mut old, &mut new);
    runs
}

fn close(runs: &mut Vec<Run>, old: &mut String, new: &mut String) {
    if !old.is_empty() {
        runs.push(Run::Old(std::mem::take(old)));
    }
    if !new.is_empty() {
        runs.push(Run::New(std::mem::take(new)));
    }
}

fn shortened(text: &str, first: bool, last: bool) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= 3 * CONTEXT {
        return text.to_owned();
    }
    let head: String = characters[..CONTEXT].iter().collect();
    let tail: String = characters[characters.len() - CONTEXT..].iter().collect();
    match (first, last) {
        (true, _) => format!("…{tail}"),
        (_, true) => format!("{head}…"),
        _ => format!("{head}…{tail}"),
    }
}

/// A change of spaces alone would not be seen.
fn seen(text: &str) -> String {
    if text.trim().is_empty() { text.replace(' ', "␣") } else { text.to_owned() }
}

fn quoted(text: &str) -> String {
    if text.trim() == text && !text.is_empty() { text.to_owned() } else { format!("\"{text}\"") }
}
