//! Grants, and when each ends: a small sorted map.
//!
//! Nearly everybody has one or two. A `BTreeMap` keeps room for eleven, which at a hundred thousand memberships
//! is most of the memory of a plan; this keeps what there is.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Grants by what is granted, sorted, each with its end if it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grants<K>(Vec<(K, Option<Timestamp>)>);

impl<K> Default for Grants<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord> Grants<K> {
    /// No grants.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a grant; one that is there gets the new end, and the old one is given back.
    pub fn insert(&mut self, key: K, ends: Option<Timestamp>) -> Option<Option<Timestamp>> {
        match self.0.binary_search_by(|(one, _)| one.cmp(&key)) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| std::mem::replace(old, ends)),
            Err(at) => {
                self.0.insert(at, (key, ends));
                None
            }
        }
    }

    /// When a grant ends; none if it is not there.
    pub fn get(&self, key: &K) -> Option<&Option<Timestamp>> {
        self.get_key_value(key).map(|(_, ends)| ends)
    }

    /// A grant as it is kept, and its end.
    pub fn get_key_value(&self, key: &K) -> Option<(&K, &Option<Timestamp>)> {
        let at = self.0.binary_search_by(|(one, _)| one.cmp(key)).ok()?;
        self.0.get(at).map(|(key, ends)| (key, ends))
    }

    /// Whether something is granted.
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }
}

impl<K> Grants<K> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is granted and when it ends, sorted.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &Option<Timestamp>)> + Clone {
        self.0.iter().map(|(key, ends)| (key, ends))
    }

    /// What is granted, sorted.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// The ends.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Option<Timestamp>> + Clone {
        self.0.iter().map(|(_, ends)| ends)
    }
}

impl<K: Ord> FromIterator<(K, Option<Timestamp>)> for Grants<K> {
    fn from_iter<I: IntoIterator<Item = (K, Option<Timestamp>)>>(items: I) -> Self {
        let mut grants = Self::new();
        grants.extend(items);
        grants.0.shrink_to_fit();
        grants
    }
}

impl<K: Ord> Extend<(K, Option<Timestamp>)> for Grants<K> {
    fn extend<I: IntoIterator<Item = (K, Option<Timestamp>)>>(&mut self, items: I) {
        for (key, ends) in items {
            self.insert(key, ends);
        }
    }
}

impl<K: Ord, const N: usize> From<[(K, Option<Timestamp>); N]> for Grants<K> {
    fn from(items: [(K, Option<Timestamp>); N]) -> Self {
        items.into_iter().collect()
    }
}

impl<K> IntoIterator for Grants<K> {
    type Item = (K, Option<Timestamp>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K> IntoIterator for &'a Grants<K> {
    type Item = (&'a K, &'a Option<Timestamp>);
    type IntoIter = std::iter::Map<
        std::slice::Iter<'a, (K, Option<Timestamp>)>,
        fn(&'a (K, Option<Timestamp>)) -> (&'a K, &'a Option<Timestamp>),
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(key, ends)| (key, ends))
    }
}

impl<K: Serialize> Serialize for Grants<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, K: Ord + Deserialize<'de>> Deserialize<'de> for Grants<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<K>(PhantomData<K>);

        impl<'de, K: Ord + Deserialize<'de>> Visitor<'de> for Map<K> {
            type Value = Grants<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("grants, each with its end or null")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut grants = Grants::new();
                while let Some((key, ends)) = map.next_entry()? {
                    grants.insert(key, ends);
                }
                Ok(grants)
            }
        }

        deserializer.deserialize_map(Map(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_map_in_order_that_reads_back_as_it_was_written() {
        let grants: Grants<String> =
            [("b".to_owned(), None), ("a".to_owned(), Some(Timestamp::UNIX_EPOCH)), ("b".to_owned(), None)]
                .into();
        assert_eq!(grants.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(grants.get(&"a".to_owned()), Some(&Some(Timestamp::UNIX_EPOCH)));
        let text = serde_json::to_string(&grants).unwrap();
        assert_eq!(text, r#"{"a":"1970-01-01T00:00:00Z","b":null}"#);
        assert_eq!(serde_json::from_str::<Grants<String>>(&text).unwrap(), grants);
    }
}
