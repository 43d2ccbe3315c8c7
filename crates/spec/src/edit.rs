//! Edits of a file in place: a scalar is replaced, a key is added, everything else stays byte by byte.
//!
//! Pure; [`crate::write()`] puts the result on disk. Comments, order, quotes and line ends are a
//! person's, so nothing is written out from a tree. What comes out is read again and compared with what was
//! meant: an edit that would say anything else (an alias, a merged key, a value that reads otherwise) is refused.

use std::sync::Arc;

use orgform_model::{Finding, Place};

use crate::export::text::{in_quotes, scalar};
use crate::names::is_hidden;
use crate::read::Limits;
use crate::source::File;
use crate::yaml::{Entry, Loaded, Node, Span, Value, load_files};

/// One edit of a file. Spans are those of the file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Writes another value where a scalar stands, in the quotes that are there.
    Replace {
        /// Where the scalar is written.
        at: Span,
        /// What it becomes.
        value: Scalar,
    },
    /// Adds a key to a mapping, on a line of its own below another key.
    Insert {
        /// Where the key above it, or that key's value, is written.
        after: Span,
        /// The new key.
        key: String,
        /// Its value.
        value: Scalar,
    },
}

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A text, in quotes where it would otherwise be read as something else.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
}

/// The text of the file after the edits, without a byte order mark.
///
/// # Errors
/// When an edit can't be made without touching anything else. The place is where it was meant; nothing is edited
/// then.
pub fn edit(file: &File, edits: &[Edit]) -> Result<String, Box<Finding>> {
    let before = trees(file.text.clone());
    let mut meant = before.nodes.clone();
    let mut patches = Vec::new();
    for edit in edits {
        patches.push(match edit {
            Edit::Replace { at, value } => {
                let old = one(&scalars_at(&before.nodes, *at), file, *at)?;
                expect(&mut meant, &mut |node| {
                    if node.span == *at && old == &*node {
                        node.value = value.node().value;
                    }
                });
                Patch { span: *at, text: value.written(covered(file, *at).chars().next()) }
            }
            Edit::Insert { after, key, value } => {
                let (map, index) = one(&entries_at(&before.nodes, *after), file, *after)?;
                if map.get(key).is_some() {
                    let said = format!("`{key}` is written here already");
                    return Err(Box::new(Finding::error(said, file.place(map.span))));
                }
                let entries = entries(map).unwrap_or_default().to_vec();
                let new = Entry { key: key.as_str().into(), span: Span::default(), value: value.node() };
                expect(&mut meant, &mut |node| {
                    let same = entries.get(index).is_some_and(|above| holds(node, above, map.span));
                    if let (true, Value::Map(entries)) = (same, &mut node.value) {
                        entries.insert((index + 1).min(entries.len()), new.clone());
                    }
                });
                added(file, map, &entries[index], key, value)
            }
        });
    }
    let text = patched(&file.text, patches);
    let after = trees(Arc::from(text.as_str()));
    if after.faults == before.faults && alike(&meant, &after.nodes) {
        return Ok(text);
    }
    let at = edits.first().map_or_else(Span::default, |edit| match edit {
        Edit::Replace { at, .. } => *at,
        Edit::Insert { after, .. } => *after,
    });
    Err(refused(file.place(at), "this can't be edited in place: the file would say something else"))
}

/// A part of the text and what is written instead.
struct Patch {
    span: Span,
    text: String,
}

/// What a text says, and how much of it can't be read.
struct Trees {
    nodes: Vec<Node>,
    faults: usize,
}

fn trees(text: Arc<str>) -> Trees {
    let file = Arc::new(File::new("", text, true));
    let Loaded { documents, findings, unreadable: _ } = load_files(&[file], &Limits::default());
    Trees { nodes: documents.into_iter().map(|document| document.node).collect(), faults: findings.len() }
}

/// The only thing that is written there.
fn one<T: Copy>(found: &[T], file: &File, span: Span) -> Result<T, Box<Finding>> {
    match found {
        [one] => Ok(*one),
        [] => Err(refused(file.place(span), "there is nothing to edit here")),
        _ => Err(refused(file.place(span), "this is written once and used in several places, by an alias")),
    }
}

fn refused(place: Place, said: &str) -> Box<Finding> {
    Box::new(Finding::error(said, place).hint("edit it by hand."))
}

fn scalars_at(nodes: &[Node], at: Span) -> Vec<&Node> {
    let mut found = Vec::new();
    for node in nodes {
        visit(node, &mut |node| {
            if node.span == at && matches!(node.value, Value::Scalar { .. }) && at.end > at.start {
                found.push(node);
            }
        });
    }
    found
}

/// Mappings with a key that is written there, or whose value is, and which of its keys that is.
fn entries_at(nodes: &[Node], at: Span) -> Vec<(&Node, usize)> {
    let mut found = Vec::new();
    for node in nodes {
        visit(node, &mut |node| {
            let here = |entry: &Entry| entry.span == at || entry.value.span == at;
            found.extend(entries(node).and_then(|all| all.iter().position(here)).map(|index| (node, index)));
        });
    }
    found
}

fn visit<'n>(node: &'n Node, see: &mut dyn FnMut(&'n Node)) {
    see(node);
    match &node.value {
        Value::Scalar { .. } => {}
        Value::List(items) => items.iter().for_each(|item| visit(item, see)),
        Value::Map(entries) => entries.iter().for_each(|entry| visit(&entry.value, see)),
    }
}

fn expect(nodes: &mut [Node], change: &mut dyn FnMut(&mut Node)) {
    for node in nodes {
        match &mut node.value {
            Value::Scalar { .. } => {}
            Value::List(items) => expect(items, change),
            Value::Map(entries) => {
                entries.iter_mut().for_each(|entry| expect(std::slice::from_mut(&mut entry.value), change));
            }
        }
        change(node);
    }
}

fn entries(node: &Node) -> Option<&[Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Scalar { .. } | Value::List(_) => None,
    }
}

fn holds(node: &Node, entry: &Entry, span: Span) -> bool {
    node.span == span && entries(node).is_some_and(|all| all.iter().any(|other| other.span == entry.span))
}

/// A new key below another one.
fn added(file: &File, map: &Node, above: &Entry, key: &str, value: &Scalar) -> Patch {
    let text = &*file.text;
    // An alias as a value is placed where its anchor is; the line that counts is the key's.
    let written =
        if above.value.span.start >= above.span.end { above.value.span.end } else { above.span.end };
    let written = text.get(..written as usize).unwrap_or(text).trim_end().len();
    let value = value.written(None);
    if covered(file, map.span).starts_with('{') {
        return Patch { span: point(written), text: format!(", {key}: {value}") };
    }
    let line = text[..(above.span.start as usize).min(text.len())].rfind('\n').map_or(0, |end| end + 1);
    let indent = text[line..above.span.start as usize].chars().count();
    let rest = &text[written..];
    let length = rest.find('\n').unwrap_or(rest.len());
    let (length, end) = match rest[..length].strip_suffix('\r') {
        Some(rest) => (rest.len(), "\r\n"),
        None => (length, "\n"),
    };
    Patch { span: point(written + length), text: format!("{end}{:indent$}{key}: {value}", "") }
}

fn point(at: usize) -> Span {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    Span { start: at, end: at }
}

fn covered(file: &File, span: Span) -> &str {
    file.text.get(span.start as usize..span.end as usize).unwrap_or("")
}

fn patched(text: &str, mut patches: Vec<Patch>) -> String {
    patches.sort_by_key(|patch| patch.span.start);
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for Patch { span, text: new } in patches {
        out.push_str(text.get(at..span.start as usize).unwrap_or(""));
        out.push_str(&new);
        at = span.end as usize;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

/// Whether trees say the same, wherever it is written.
fn alike(some: &[Node], others: &[Node]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| alike_one(one, other))
}

fn alike_one(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Scalar { text, plain: _ }, Value::Scalar { text: other_text, plain: _ }) => {
            text == other_text && one.is_null() == other.is_null()
        }
        (Value::List(items), Value::List(others)) => alike(items, others),
        (Value::Map(entries), Value::Map(others)) => {
            entries.len() == others.len()
                && entries
                    .iter()
                    .zip(others)
                    .all(|(one, other)| one.key == other.key && alike_one(&one.value, &other.value))
        }
        _ => false,
    }
}

impl Scalar {
    fn node(&self) -> Node {
        let (text, plain) = match self {
            Self::Text(text) => (text.as_str(), false),
            Self::Flag(flag) => (if *flag { "true" } else { "false" }, true),
        };
        Node { span: Span::default(), value: Value::Scalar { text: text.into(), plain } }
    }

    /// As YAML, in the quotes that the old value started with, if it had any.
    fn written(&self, quote: Option<char>) -> String {
        match (self, quote) {
            (Self::Flag(flag), _) => flag.to_string(),
            (Self::Text(text), Some('\'')) if !text.chars().any(is_hidden) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            (Self::Text(text), Some('"')) => in_quotes(text),
            (Self::Text(text), _) => scalar(text),
        }
    }
}
