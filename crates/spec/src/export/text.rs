//! YAML as a person writes it: plain where that is safe, in quotes where not; short lists on one line.

use std::collections::{BTreeMap, BTreeSet};

use crate::API_VERSION;
use crate::names::{is_hidden, is_read_otherwise};

/// One document.
pub(crate) struct Document(String);

impl Document {
    /// Begins with remarks, kind and name.
    pub(crate) fn new(kind: &str, name: &str, remarks: &[String]) -> Self {
        let mut document = Self(String::new());
        for remark in remarks {
            document.line(&format!("# {}", as_remark(remark)));
        }
        document.line(&format!("apiVersion: {API_VERSION}"));
        document.line(&format!("kind: {kind}"));
        document.line(&format!("metadata: {}", named(name)));
        document.line("spec:");
        document
    }

    /// Adds a line as it is.
    pub(crate) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Adds a field of `spec`; its value is YAML.
    pub(crate) fn field(&mut self, name: &str, value: &str) {
        self.line(&format!("  {name}: {value}"));
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// `{ name: finance }`.
pub(crate) fn named(name: &str) -> String {
    format!("{{ name: {} }}", scalar(name))
}

/// `[a, b]`.
pub(crate) fn list<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    format!("[{}]", items.into_iter().map(scalar).collect::<Vec<_>>().join(", "))
}

/// `[a, b]` of a set.
pub(crate) fn set(items: &BTreeSet<String>) -> String {
    list(items.iter().map(String::as_str))
}

/// `{ a: b }`.
pub(crate) fn map(items: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> =
        items.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// A text that every YAML reader takes for that text, also within `[]` and `{}`.
pub(crate) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { in_quotes(text) }
}

fn is_plain(text: &str) -> bool {
    let safe = |character: char| character.is_alphanumeric() || " _-.@/+'()".contains(character);
    text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && text.chars().all(|character| safe(character) && !is_hidden(character))
        && !is_read_otherwise(text)
        && !text.eq_ignore_ascii_case("null")
}

/// A text in double quotes.
pub(crate) fn in_quotes(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if is_hidden(character) || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// A text that stays on its line of comment and hides nothing.
pub(crate) fn as_remark(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_to_everybody_has_no_quotes() {
        for text in ["Acme", "Network operator", "ada.l+x@acme.example", "Müller", "R-D (old)", "o'neil"] {
            assert_eq!(scalar(text), text);
        }
    }

    #[test]
    fn what_some_reader_would_misread_is_in_quotes() {
        for text in [
            "",
            " a",
            "a ",
            "yes",
            "No",
            "null",
            "007",
            "1e3",
            "a: b",
            "a #b",
            "- a",
            "[a]",
            "{a",
            "a,b",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "a\"b",
            "=",
            "~",
            "?",
            "2026-01-01",
            "x\ny",
            "\u{7f}",
            "a\\b",
        ] {
            let quoted = scalar(text);
            assert!(quoted.starts_with('"') && quoted.ends_with('"'), "{text:?} became {quoted}");
            let read = crate::read_texts(vec![("a.yaml".into(), format!("a: {quoted}\n").into())], true);
            assert!(read.findings.is_empty(), "{:?}", read.findings);
            let value = read.documents[0].node.get("a").unwrap();
            assert_eq!(value.value, crate::Value::Scalar { text: text.into(), plain: false });
        }
    }

    #[test]
    fn a_remark_stays_on_its_line() {
        assert_eq!(as_remark("a\nb"), "a\\u{a}b");
    }
}
