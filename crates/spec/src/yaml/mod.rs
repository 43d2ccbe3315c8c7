//! YAML as a tree with positions.
//!
//! [`load`] builds the tree from the events of a YAML 1.2 parser: it refuses duplicate keys naming both
//! places, bounds depth, nodes and what aliases expand to, applies merge keys, and goes on with the next
//! document after a syntax error. Nothing outside this module knows which parser it is.

mod load;
mod parallel;

pub(crate) use parallel::{Loaded, load_files};

/// A part of a file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Where it starts.
    pub start: u32,
    /// Where it ends, exclusive.
    pub end: u32,
}

/// One value of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it is written; of an alias, where its anchor is.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A scalar; which type it has is decided by who reads it.
    Scalar {
        /// The text after escapes.
        text: Box<str>,
        /// Whether it has no quotes, so that it may be a number, a flag or nothing.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order written; keys are unique.
    Map(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Box<str>,
    /// Where the key is written.
    pub span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Whether nothing is written: blank, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value),
            Value::Scalar { .. } | Value::List(_) => None,
        }
    }

    /// What it is, in a sentence.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.value {
            _ if self.is_null() => "empty",
            Value::Scalar { plain: true, text } if crate::names::is_number(text) => "a number",
            Value::Scalar { plain: true, text } if matches!(&**text, "true" | "false") => "true or false",
            Value::Scalar { .. } => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// How many values it is made of, itself included, and how deep they are nested.
    fn size(&self) -> (usize, usize) {
        let inner = |sizes: &mut dyn Iterator<Item = (usize, usize)>| {
            sizes.fold((1, 1), |(count, depth), one| (count + one.0, depth.max(one.1 + 1)))
        };
        match &self.value {
            Value::Scalar { .. } => (1, 1),
            Value::List(items) => inner(&mut items.iter().map(Self::size)),
            Value::Map(entries) => inner(&mut entries.iter().map(|entry| entry.value.size())),
        }
    }
}
