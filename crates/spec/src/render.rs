//! Shows findings to people: the place, the line, what is underlined, a hint, and how many there are.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use orgform_model::{Finding, Place, Severity};

use crate::names::is_hidden;
use crate::read::Documents;
use crate::source::File;

/// Lines wider than this are cut around what is underlined.
const WIDTH: usize = 140;
/// Lines of more bytes than this are not shown at all.
const LONGEST_LINE: usize = 10_000;

/// Findings in the order of files and lines, then a line that counts them. With `color` for terminals.
pub fn render(findings: &[Finding], files: &Documents, color: bool) -> String {
    let sources: BTreeMap<&str, &File> = files.files.iter().map(|file| (&*file.path, &**file)).collect();
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|one, other| one.places.cmp(&other.places));
    let hidden = hidden_lines(findings);
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut text = String::new();
    for finding in sorted {
        render_one(&mut text, finding, &sources, &hidden, &renderer, color);
        text.push('\n');
    }
    text.push_str(&summary(findings, files));
    text.push('\n');
    text
}

/// Lines that may hold a secret: a finding there says its line but no column.
fn hidden_lines(findings: &[Finding]) -> BTreeSet<(&str, u32)> {
    let places = findings.iter().flat_map(|finding| &finding.places);
    places.filter(|place| place.column == 0).map(|place| (&*place.file, place.line)).collect()
}

fn render_one(
    text: &mut String,
    finding: &Finding,
    sources: &BTreeMap<&str, &File>,
    hidden: &BTreeSet<(&str, u32)>,
    renderer: &Renderer,
    color: bool,
) {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(visible(&finding.message));
    let place = match finding.places.as_slice() {
        [place] if !hidden.contains(&(&*place.file, place.line)) => Some(place),
        _ => None,
    };
    let line = place.and_then(|place| sources.get(&*place.file)?.line(place.line));
    if let Some((place, line)) = place.zip(line).filter(|(_, line)| line.len() <= LONGEST_LINE) {
        let line = visible(line);
        let label = finding.label.as_deref().map(visible);
        let annotation = AnnotationKind::Primary.span(underlined(&line, place)).label(label);
        let snippet = Snippet::source(line)
            .path(visible(&place.file))
            .line_start(place.line as usize)
            .annotation(annotation);
        text.push_str(&renderer.render(&[title.element(snippet)]));
        text.push('\n');
    } else {
        text.push_str(&renderer.render(&[Group::with_title(title)]));
        text.push('\n');
        for place in &finding.places {
            text.push_str(&visible(&format!("  --> {place}")));
            text.push('\n');
        }
        if let Some(label) = &finding.label {
            text.push_str(&format!("   {}\n", visible(label)));
        }
    }
    if let Some(hint) = &finding.hint {
        let word = if color { "\u{1b}[1m\u{1b}[96mhint\u{1b}[0m" } else { "hint" };
        text.push_str(&format!("{word}: {}\n", visible(hint)));
    }
}

/// A text in which nothing steers the terminal: one character stands for another, so that columns stay.
fn visible(text: &str) -> Cow<'_, str> {
    let steers = |character: char| is_hidden(character) && character != '\t';
    if text.contains(steers) {
        Cow::Owned(
            text.chars().map(|one| if steers(one) { char::REPLACEMENT_CHARACTER } else { one }).collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// What is underlined, in bytes of the line.
fn underlined(line: &str, place: &Place) -> std::ops::Range<usize> {
    let at = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let column = (place.column as usize).saturating_sub(1);
    at(column)..at(column + place.length as usize)
}

/// `2 errors in 2 of 14 files.`
fn summary(findings: &[Finding], documents: &Documents) -> String {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let mut counts = Vec::new();
    for (count, word) in [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")] {
        if count > 0 {
            counts.push(count_of(count, word));
        }
    }
    if counts.is_empty() {
        return format!("{}, nothing wrong.", count_of(documents.files.len(), "file"));
    }
    let places = findings.iter().flat_map(|finding| &finding.places);
    let with: BTreeSet<&str> = places.map(|place| &*place.file).collect();
    // A file that could not be read at all, or is too large, is not among those that were.
    let all = documents.files.iter().map(|file| &*file.path).chain(with.iter().copied());
    let all = all.collect::<BTreeSet<&str>>().len();
    format!("{} in {} of {}.", counts.join(" and "), with.len(), count_of(all, "file"))
}

fn count_of(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
