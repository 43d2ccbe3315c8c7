//! Ages and days in words, where a command lists something itself.

use orgform_model::Timestamp;
use unicode_width::UnicodeWidthStr;

/// How long ago: `3 days`.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    match now.as_second().saturating_sub(since.as_second()) {
        ..60 => "just now".to_owned(),
        seconds => span(seconds),
    }
}

/// A span of time in its largest unit: `3 days`.
pub(crate) fn span(seconds: i64) -> String {
    let (number, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A day: `31 December 2026`.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

/// Rows with aligned columns, indented; the last column is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let padded = |(cell, width): (&String, &usize)| {
            format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
        };
        let cells: Vec<String> = row.iter().zip(&widths).map(padded).collect();
        text.push_str(&format!("  {}", cells.join("  ")).trim_end().replace('\n', " "));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_the_largest_unit() {
        let then = Timestamp::UNIX_EPOCH;
        let said = |seconds| age(then, Timestamp::from_second(seconds).unwrap());
        assert_eq!([5, 60, 7200, 86_400 * 3].map(said), ["just now", "1 minute", "2 hours", "3 days"]);
    }

    #[test]
    fn columns_are_aligned_and_no_line_ends_in_spaces() {
        let rows = [vec!["a".to_owned(), "x".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(table(&rows), "  a     x\n  long\n");
    }
}
