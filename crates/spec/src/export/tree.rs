//! The accounts as a tree, in the order in which a person would list them.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::world::ActualAccount;
use orgform_model::{AccountId, Semantics, Value, World};

/// All accounts that hang together from the top.
pub(super) struct Tree<'a> {
    nodes: BTreeMap<&'a AccountId, Node<'a>>,
    order: Vec<&'a AccountId>,
    /// Accounts that are each other's parents.
    pub(super) loops: BTreeSet<&'a AccountId>,
}

/// One account and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) account: &'a ActualAccount,
    /// The parent, if it can be seen.
    pub(super) parent: Option<&'a AccountId>,
    pub(super) depth: usize,
    /// What it is called; empty if it has no name.
    pub(super) called: &'a str,
    /// Whether another one below the same parent is called the same.
    pub(super) ambiguous: bool,
}

impl<'a> Tree<'a> {
    pub(super) fn new(world: &'a World, semantics: &Semantics) -> Self {
        let accounts = &world.directory.accounts;
        let called = |account: &'a ActualAccount| {
            account.fields.get(semantics.accounts.natural_key).and_then(Value::as_text).unwrap_or_default()
        };
        let mut children: BTreeMap<Option<&AccountId>, Vec<&AccountId>> = BTreeMap::new();
        let mut namesakes: BTreeMap<(Option<&AccountId>, &str), usize> = BTreeMap::new();
        for (id, account) in accounts {
            let seen = |parent: &&AccountId| semantics.accounts.tree && accounts.contains_key(*parent);
            let parent = account.parent.as_ref().filter(seen);
            children.entry(parent).or_default().push(id);
            *namesakes.entry((parent, called(account))).or_default() += 1;
        }
        for siblings in children.values_mut() {
            siblings
                .sort_by_key(|id| (accounts.get(*id).map(called).unwrap_or_default().to_lowercase(), *id));
        }
        let mut tree = Self { nodes: BTreeMap::new(), order: Vec::new(), loops: accounts.keys().collect() };
        let mut open: Vec<(&AccountId, Option<&AccountId>, usize)> = Vec::new();
        open.extend(children.get(&None).into_iter().flatten().rev().map(|id| (*id, None, 0)));
        while let Some((id, parent, depth)) = open.pop() {
            let Some(account) = accounts.get(id) else { continue };
            let called = called(account);
            let ambiguous = namesakes.get(&(parent, called)).is_some_and(|count| *count > 1);
            tree.loops.remove(id);
            tree.order.push(id);
            tree.nodes.insert(id, Node { account, parent, depth, called, ambiguous });
            let below = children.get(&Some(id)).into_iter().flatten().rev();
            open.extend(below.map(|child| (*child, Some(id), depth + 1)));
        }
        tree
    }

    /// All of them, each below its parent.
    pub(super) fn order(&self) -> Vec<&'a AccountId> {
        self.order.clone()
    }

    pub(super) fn node(&self, id: &AccountId) -> Option<Node<'a>> {
        self.nodes.get(id).copied()
    }

    /// The account itself, its parent, and so on up to the top.
    pub(super) fn lineage<'s>(&'s self, id: &AccountId) -> impl Iterator<Item = &'a AccountId> + 's {
        let start = self.nodes.get_key_value(id).map(|(id, _)| *id);
        std::iter::successors(start, |id| self.nodes.get(*id).and_then(|node| node.parent))
    }

    /// Whether there is any account below it.
    pub(super) fn has_children(&self, id: &AccountId) -> bool {
        self.nodes.values().any(|node| node.parent == Some(id))
    }
}
