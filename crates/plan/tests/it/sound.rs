//! What holds of every plan by itself: no two changes at one address, and an order that can be followed.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::Address;
use orgform_plan::Plan;

/// What holds of every plan, whatever the story.
pub(crate) fn check(plan: &Plan) {
    let mut by_address = BTreeMap::new();
    for change in &plan.changes {
        assert!(by_address.insert(&change.address, change).is_none(), "two changes at {}", change.address);
    }
    let held: BTreeSet<&Address> =
        plan.held.iter().flat_map(|group| &group.changes).map(|change| &change.address).collect();
    for change in &plan.changes {
        assert!(!held.contains(&change.address), "{} is planned and held", change.address);
        for first in &change.requires {
            assert!(
                by_address.contains_key(first),
                "{} requires {first}, which is not planned",
                change.address
            );
        }
    }
    let mut left: BTreeSet<&Address> = by_address.keys().copied().collect();
    while !left.is_empty() {
        let before = left.len();
        let ready: Vec<&Address> = left
            .iter()
            .copied()
            .filter(|address| by_address[address].requires.iter().all(|first| !left.contains(first)))
            .collect();
        for address in ready {
            left.remove(address);
        }
        assert!(left.len() < before, "a cycle in `requires`: {left:?}");
    }
}
