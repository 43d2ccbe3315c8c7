//! Reads typed values out of a tree, tells all that is wrong, and where.
//!
//! A [`Walk`] knows the path it is at (`spec.memberships[0].roles`) for its messages. Whatever is wrong becomes
//! a finding and the reading goes on; the caller gets what could be read.

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use orgform_model::{Email, Finding, Place, Severity};

use crate::names::{email_fault, is_read_otherwise, quoted};
use crate::near::{any_of, did_you_mean};
use crate::source::File;
use crate::span_of_time;
use crate::yaml::{Entry, Node, Span, Value};

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// Reads one document.
pub(crate) struct Walk<'a> {
    pub(crate) file: &'a File,
    pub(crate) findings: Vec<Finding>,
    path: Vec<Step>,
    /// Whether the lines read now may hold a secret and must not be shown.
    secret: bool,
}

enum Step {
    Key(&'static str),
    Index(usize),
}

/// A mapping whose keys are all known.
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
    known: &'static [&'static str],
    pub(crate) span: Span,
}

impl<'n> Fields<'n> {
    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        debug_assert!(self.known.contains(&name), "{name} is not among the known fields");
        self.entry(name).map(|entry| &entry.value)
    }

    /// The field with its key.
    pub(crate) fn entry(&self, name: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| &*entry.key == name)
    }

    /// Where the key is written, else where the mapping is.
    pub(crate) fn key_span(&self, name: &str) -> Span {
        self.entry(name).map_or(self.span, |entry| entry.span)
    }
}

impl<'a> Walk<'a> {
    pub(crate) fn new(file: &'a File) -> Self {
        Self { file, findings: Vec::new(), path: Vec::new(), secret: false }
    }

    /// Reads a value that belongs to no file; its findings are not told.
    pub(crate) fn new_unheard() -> Walk<'static> {
        static NOWHERE: std::sync::OnceLock<File> = std::sync::OnceLock::new();
        Walk::new(NOWHERE.get_or_init(|| File::new("", std::sync::Arc::from(""), false)))
    }

    /// Reads something whose lines may hold a secret: findings tell them by number only.
    pub(crate) fn secretly<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.secret, true);
        let value = read(self);
        self.secret = before;
        value
    }

    /// Whether an error was found so far.
    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Adds an error, to be completed.
    pub(crate) fn error(&mut self, span: Span, said: impl Into<String>) -> &mut Finding {
        let place = self.place(span);
        self.add(Finding::error(said, place))
    }

    /// Adds a warning, to be completed.
    pub(crate) fn warning(&mut self, span: Span, said: impl Into<String>) -> &mut Finding {
        let place = self.place(span);
        self.add(Finding::warning(said, place))
    }

    fn place(&self, span: Span) -> Place {
        let place = self.file.place(span);
        if self.secret { Place { column: 0, length: 0, ..place } } else { place }
    }

    fn add(&mut self, finding: Finding) -> &mut Finding {
        let index = self.findings.len();
        self.findings.push(finding);
        &mut self.findings[index]
    }

    /// The path, in backticks.
    pub(crate) fn here(&self) -> String {
        let mut text = String::from("`");
        for step in &self.path {
            match step {
                Step::Key(name) if text.len() == 1 => text.push_str(name),
                Step::Key(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                // Writing to a String does not fail.
                Step::Index(index) => drop(write!(text, "[{index}]")),
            }
        }
        if text.len() == 1 { "the document".to_owned() } else { text + "`" }
    }

    /// A mapping; every key that is not known is an error with the nearest names.
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node,
        known: &'static [&'static str],
    ) -> Option<Fields<'n>> {
        let Value::Map(entries) = &node.value else {
            self.wrong_type(node, "a mapping");
            return None;
        };
        for entry in entries {
            if !known.contains(&&*entry.key) {
                let said = format!("{} has no field {}", self.here(), quoted(&entry.key));
                let hint = did_you_mean(&entry.key, known.iter().copied())
                    .unwrap_or_else(|| format!("known here: {}.", known.join(", ")));
                self.error(entry.span, said).hint = Some(hint);
            }
        }
        Some(Fields { entries, known, span: node.span })
    }

    /// A field that may be absent.
    pub(crate) fn opt<'n, T>(
        &mut self,
        fields: &Fields<'n>,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<T> {
        let node = fields.get(name)?;
        self.field(fields, name, node, "leave the key out if it is not to be managed.", read)
    }

    fn field<'n, T>(
        &mut self,
        fields: &Fields<'n>,
        name: &'static str,
        node: &'n Node,
        if_blank: &str,
        read: impl FnOnce(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<T> {
        self.path.push(Step::Key(name));
        let value = if node.is_null() {
            let said = format!("{} has no value", self.here());
            self.error(fields.key_span(name), said).hint = Some(if_blank.to_owned());
            None
        } else {
            read(self, node)
        };
        self.path.pop();
        value
    }

    /// A field that must be there.
    pub(crate) fn need<'n, T>(
        &mut self,
        fields: &Fields<'n>,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<T> {
        let Some(node) = fields.get(name) else {
            let said = format!("{} needs `{name}`", self.here());
            self.error(fields.span, said);
            return None;
        };
        self.field(fields, name, node, "it is needed.", read)
    }

    /// A list; items that can't be read are left out.
    pub(crate) fn list<'n, T>(
        &mut self,
        node: &'n Node,
        mut read: impl FnMut(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::List(items) = &node.value else {
            self.wrong_type(node, "a list");
            return None;
        };
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Index(index));
            values.extend(read(self, item));
            self.path.pop();
        }
        Some(values)
    }

    /// A text. Unquoted ones that other readers take for something else are warned of.
    pub(crate) fn text(&mut self, node: &Node) -> Option<At<String>> {
        self.str(node).map(|text| At { value: text.to_owned(), span: node.span })
    }

    /// A text, borrowed.
    pub(crate) fn str<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let Value::Scalar { text, plain } = &node.value else {
            self.wrong_type(node, "a text");
            return None;
        };
        if node.is_null() {
            self.wrong_type(node, "a text");
            return None;
        }
        if *plain && is_read_otherwise(text) {
            let said = format!(
                "{} is taken for a text here, but for something else by other YAML readers",
                quoted(text)
            );
            self.warning(node.span, said).hint = Some(format!("put it in quotes: \"{text}\"."));
        }
        Some(text)
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Scalar { text, plain: true } if &**text == "true" => Some(true),
            Value::Scalar { text, plain: true } if &**text == "false" => Some(false),
            _ => {
                self.wrong_type(node, "`true` or `false`").hint = Some(match &node.value {
                    Value::Scalar { text, plain: false } if matches!(&**text, "true" | "false") => {
                        format!("write {text} without quotes.")
                    }
                    _ => "write true or false.".to_owned(),
                });
                None
            }
        }
    }

    /// A whole number from 0 to `most`.
    pub(crate) fn count(&mut self, node: &Node, most: u32) -> Option<u32> {
        let number = match &node.value {
            Value::Scalar { text, plain: true } if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok().filter(|number| *number <= most)
            }
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(node, &format!("a whole number from 0 to {most}"));
        }
        number
    }

    /// A duration such as `7d`.
    pub(crate) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = self.scalar(node);
        let duration = text.and_then(span_of_time::parse);
        if duration.is_none() {
            let said = format!("{} is not a duration", self.here());
            self.error(node.span, said).hint = Some("write it like 30s, 10m, 24h or 7d.".to_owned());
        }
        duration
    }

    /// A time with its zone (RFC 3339).
    pub(crate) fn timestamp(&mut self, node: &Node) -> Option<Timestamp> {
        let time = self.scalar(node).and_then(|text| text.parse().ok());
        if time.is_none() {
            let said = format!("{} is not a time", self.here());
            self.error(node.span, said).hint =
                Some("write it with date, time and zone, like 2026-12-31T00:00:00Z.".to_owned());
        }
        time
    }

    /// An e-mail address.
    pub(crate) fn email(&mut self, node: &Node) -> Option<At<Email>> {
        let text = self.str(node)?;
        match email_fault(text) {
            None => {
                self.warn_of_lookalikes(node, text);
                Some(At { value: Email::new(text), span: node.span })
            }
            Some(fault) => {
                let said = format!("{} does not look like an e-mail address", quoted(text));
                self.error(node.span, said).label = Some(fault.to_owned());
                None
            }
        }
    }

    /// Warns of a letter that may only look like the one that is meant: the address is then somebody else's.
    fn warn_of_lookalikes(&mut self, node: &Node, email: &str) {
        let Some((at, (byte, letter))) =
            email.char_indices().enumerate().find(|(_, (_, letter))| !letter.is_ascii())
        else {
            return;
        };
        let said = format!(
            "character {} of {} is `{letter}` (U+{:04X}), not an ASCII letter",
            at + 1,
            quoted(email),
            u32::from(letter)
        );
        let more = email[byte..].chars().filter(|other| !other.is_ascii()).count() - 1;
        let finding = self.warning(node.span, said);
        finding.label = (more > 0).then(|| format!("and {more} more after it"));
        finding.hint = Some(
            "letters of other alphabets can look the same; type it again unless it is meant.".to_owned(),
        );
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&mut self, node: &Node, choices: &[(&'static str, T)]) -> Option<T> {
        let Some(text) = self.scalar(node) else {
            self.wrong_type(node, "a word");
            return None;
        };
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let said = format!("{} is not one of {}", quoted(text), any_of(&names));
        let hint = did_you_mean(text, names);
        self.error(node.span, said).hint = hint;
        None
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, wanted: &str) -> &mut Finding {
        let said = format!("{} must be {wanted}, not {}", self.here(), node.describe());
        self.error(node.span, said)
    }

    fn scalar<'n>(&self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Scalar { text, .. } if !node.is_null() => Some(text),
            _ => None,
        }
    }
}
