//! Fields of accounts, roles and people, in one form for every provider.
//!
//! A provider's semantics say which fields exist and how each is compared ([`crate::semantics::FieldRule`]).
//! An absent key means "not managed" on the desired side and "not known" on the actual side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
    /// A set: order and repetition mean nothing. Permissions are the set of true cells, `networks:read`.
    Set(BTreeSet<String>),
    /// A map of texts, such as tags.
    Map(BTreeMap<String, String>),
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A set value.
    pub fn set<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Set(items.into_iter().map(Into::into).collect())
    }

    /// Whether there is nothing in it. An absent field and an empty one are the same thing.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Flag(_) => false,
            Self::Text(text) => text.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::Map(map) => map.is_empty(),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The set, if it is one.
    pub fn as_set(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Set(set) => Some(set),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => f.write_str(text),
            Self::Set(set) => f.write_str(&set.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
            Self::Map(map) => {
                let pairs: Vec<_> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
                f.write_str(&pairs.join(", "))
            }
        }
    }
}

/// Fields by name, sorted.
pub type Fields = BTreeMap<String, Value>;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The field's name, as written in a manifest.
    pub field: String,
    /// What the provider has; none if it has nothing there.
    pub from: Option<Value>,
    /// What is declared.
    pub to: Option<Value>,
}

impl FieldChange {
    /// The items of a set that go away.
    pub fn lost(&self) -> BTreeSet<&str> {
        set_difference(self.from.as_ref(), self.to.as_ref())
    }

    /// The items of a set that come.
    pub fn gained(&self) -> BTreeSet<&str> {
        set_difference(self.to.as_ref(), self.from.as_ref())
    }
}

fn set_difference<'a>(of: Option<&'a Value>, without: Option<&Value>) -> BTreeSet<&'a str> {
    let Some(of) = of.and_then(Value::as_set) else { return BTreeSet::new() };
    let without = without.and_then(Value::as_set);
    of.iter().filter(|item| without.is_none_or(|set| !set.contains(*item))).map(String::as_str).collect()
}
