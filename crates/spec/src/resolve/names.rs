//! Objects of one kind by name.

use std::collections::HashMap;

use crate::manifest::Object;

/// Finds objects of one kind by name, and those that share one.
pub(super) struct Index<'m> {
    by_name: HashMap<&'m str, usize>,
    /// Pairs of the first and a later object of one name, by position.
    clones: Vec<(usize, usize)>,
    shared: Vec<bool>,
}

impl<'m> Index<'m> {
    pub(super) fn new<T>(objects: &'m [Object<T>]) -> Self {
        let mut by_name = HashMap::with_capacity(objects.len());
        // In a cluster a name is unique in its namespace.
        let mut by_full_name = HashMap::with_capacity(objects.len());
        let mut clones = Vec::new();
        let mut shared = vec![false; objects.len()];
        for (index, object) in objects.iter().enumerate() {
            by_name.entry(&*object.name.value).or_insert(index);
            let full_name = (object.file.namespace.as_deref(), &*object.name.value);
            let first = *by_full_name.entry(full_name).or_insert(index);
            if first != index {
                clones.push((first, index));
                shared[first] = true;
                shared[index] = true;
            }
        }
        Self { by_name, clones, shared }
    }

    pub(super) fn clones(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.clones.iter().copied()
    }

    pub(super) fn is_unique(&self, index: usize) -> bool {
        self.shared.get(index) == Some(&false)
    }

    /// The first object of that name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'m str> + '_ {
        self.by_name.keys().copied()
    }
}
