//! Breaks what is said on stderr at the width of the terminal. Pure.
//!
//! Commands and whatever stands in backticks stay whole, so that they can be copied; lines of a manifest stay as
//! they are, since something is underlined in them.

use anstream::adapter::strip_str;
use unicode_width::UnicodeWidthStr;

/// Each line broken at spaces, what is left of it indented below.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if columns(line) <= width || is_of_a_manifest(line) {
            wrapped.push_str(line);
        } else {
            break_up(line, width, &mut wrapped);
        }
        wrapped.push_str(end);
    }
    wrapped
}

fn break_up(line: &str, width: usize, wrapped: &mut String) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let below = " ".repeat(indent + 2);
    let mut column = 0;
    for (index, word) in words(line).into_iter().enumerate() {
        let room = columns(&word);
        if index > 0 && column + 1 + room > width && column > below.len() {
            wrapped.push('\n');
            wrapped.push_str(&below);
            column = below.len();
        } else if index > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(&word);
        column += room;
    }
}

/// What can't be broken: words, and what is to be copied.
fn words(line: &str) -> Vec<String> {
    // A command that ends a line goes to its end.
    let (said, command) = match line.find(": orgform ") {
        Some(at) => line.split_at(at + 1),
        None => (line, ""),
    };
    let mut words: Vec<String> = Vec::new();
    let mut quoted = false;
    for part in said.split(' ') {
        match words.last_mut().filter(|_| quoted) {
            Some(last) => {
                last.push(' ');
                last.push_str(part);
            }
            None => words.push(part.to_owned()),
        }
        quoted ^= part.matches('`').count() % 2 == 1;
    }
    words.extend((!command.is_empty()).then(|| command.trim_start().to_owned()));
    words
}

/// A line that shows a part of a file, or where it is: `9 | memberships:`, `--> people/ada.yaml:9:38`.
fn is_of_a_manifest(line: &str) -> bool {
    let text = strip_str(line).to_string();
    let text = text.trim_start();
    text.starts_with("-->")
        || text.trim_start_matches(|digit: char| digit.is_ascii_digit()).trim_start().starts_with('|')
}

fn columns(text: &str) -> usize {
    strip_str(text).to_string().width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_hint_goes_on_below_itself() {
        assert_eq!(wrap("hint: one two three four\nshort\n", 12), "hint: one\n  two three\n  four\nshort\n");
        assert_eq!(wrap("  cause: one two three", 14), "  cause: one\n    two three");
    }

    #[test]
    fn what_is_to_be_copied_stays_whole() {
        assert_eq!(
            wrap("hint: run `orgform plan --out plan.json` now", 20),
            "hint: run\n  `orgform plan --out plan.json`\n  now"
        );
        assert_eq!(
            wrap("Saved. To do exactly this: orgform -C here apply plan.json", 30),
            "Saved. To do exactly this:\n  orgform -C here apply plan.json"
        );
    }

    #[test]
    fn lines_of_a_manifest_are_not_broken() {
        let shown = "  --> people/ada.yaml:9:38\n9 |     - one two three four\n  |       ^^^ not here, and not there\n";
        assert_eq!(wrap(shown, 12), shown);
    }

    #[test]
    fn colours_take_no_room() {
        let red = "\u{1b}[1;31merror\u{1b}[0m: one two";
        assert_eq!(wrap(red, 14), red);
    }
}
