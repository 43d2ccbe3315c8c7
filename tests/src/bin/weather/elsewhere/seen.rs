//! What there is at a provider, in one form for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::seats::Key;

/// What there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Roles of those who can log in, without the one that everybody has.
    pub(crate) members: BTreeMap<Key, BTreeSet<String>>,
    /// Who is there and can't log in.
    pub(crate) locked: BTreeSet<Key>,
    /// How many invites wait for somebody.
    pub(crate) waiting: BTreeMap<Key, usize>,
    /// People and accounts by what they are called, and how often each is there.
    pub(crate) counts: BTreeMap<String, usize>,
}

impl Seen {
    /// Whether somebody is there, can log in or not.
    pub(crate) fn is_there(&self, key: &Key) -> bool {
        self.members.contains_key(key) || self.locked.contains(key)
    }

    /// Whether somebody is there in any account.
    pub(crate) fn is_known(&self, email: &str) -> bool {
        self.members.keys().chain(&self.locked).any(|(_, one)| one == email)
    }

    /// What is not the same in both.
    pub(crate) fn changed(&self, other: &Self) -> BTreeSet<Key> {
        let keys = [self, other].into_iter().flat_map(|seen| {
            seen.members.keys().chain(&seen.locked).chain(seen.waiting.keys()).cloned().collect::<Vec<_>>()
        });
        let same = |key: &Key| {
            self.members.get(key) == other.members.get(key)
                && self.locked.contains(key) == other.locked.contains(key)
                && self.waiting.get(key) == other.waiting.get(key)
        };
        keys.filter(|key| !same(key)).collect()
    }
}
