//! Consent: which effects of a plan somebody has agreed to.
//!
//! A consent is the *set* behind a digest. What is in it is done, what is already so is told, and what is not
//! in it is refused with its dependants and shown.

use std::collections::BTreeSet;

use jiff::Timestamp;
use orgform_model::Address;

use crate::digest::{Digest, fingerprints};
use crate::plan::{Plan, PlannedChange};

/// What somebody has agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Fingerprints of effects; none stands for "everything that this very plan shows".
    pub effects: Option<BTreeSet<Digest>>,
    /// Digests of held groups that may go, as typed: whole or shortened.
    pub releases: BTreeSet<String>,
}

/// A plan that somebody has agreed to: the only thing that can be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovedPlan {
    plan: Plan,
    released: BTreeSet<Address>,
    releases: BTreeSet<Digest>,
    /// Changes that the consent does not cover, and those that depend on them.
    pub extra: Vec<PlannedChange>,
    /// Fingerprints that the consent covers and that are already so.
    pub already: usize,
}

impl ApprovedPlan {
    /// The plan, reduced to what may be done.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether a change was released by a person: its losses then don't count any more.
    pub fn is_released(&self, address: &Address) -> bool {
        self.released.contains(address)
    }

    /// Digests of the groups that go.
    pub fn releases(&self) -> &BTreeSet<Digest> {
        &self.releases
    }
}

/// A plan can't be agreed to like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// A release names no held group.
    #[error("no held group has the digest {named}")]
    NoSuchGroup {
        /// What was named.
        named: String,
        /// The digests that could have been.
        held: Vec<Digest>,
    },
    /// The plan is for a later time.
    #[error("a look ahead to {at} can't be applied")]
    Ahead {
        /// Which.
        at: Timestamp,
    },
}

/// Reduces a plan to what a consent covers.
///
/// # Errors
/// When a release names no held group of this plan: the group has changed since it was shown. When the plan is a
/// look ahead.
pub fn approve(mut plan: Plan, consent: &Consent) -> Result<ApprovedPlan, NotApproved> {
    if let Some(ahead) = &plan.ahead {
        return Err(NotApproved::Ahead { at: ahead.at });
    }
    let mut released = BTreeSet::new();
    let mut releases = BTreeSet::new();
    for named in &consent.releases {
        let Some(index) = plan.held.iter().position(|group| group.digest.is_named(named)) else {
            let held = plan.held.iter().map(|group| group.digest.clone()).collect();
            return Err(NotApproved::NoSuchGroup { named: named.clone(), held });
        };
        let group = plan.held.remove(index);
        released.extend(group.changes.iter().map(|change| change.address.clone()));
        releases.insert(group.digest);
        plan.changes.extend(group.changes);
    }
    plan.changes.sort_by(|a, b| a.address.cmp(&b.address));
    let (extra, already) = match &consent.effects {
        None => (Vec::new(), 0),
        Some(effects) => split_off_extra(&mut plan, effects, &released),
    };
    Ok(ApprovedPlan { plan, released, releases, extra, already })
}

fn split_off_extra(
    plan: &mut Plan,
    effects: &BTreeSet<Digest>,
    released: &BTreeSet<Address>,
) -> (Vec<PlannedChange>, usize) {
    let mut found = BTreeSet::new();
    let mut outside = BTreeSet::new();
    for change in &plan.changes {
        let prints = fingerprints(change);
        if !released.contains(&change.address) && !prints.is_subset(effects) {
            outside.insert(change.address.clone());
        }
        found.extend(prints);
    }
    // A change that depends on one that is refused is refused too.
    loop {
        let more: Vec<Address> = plan
            .changes
            .iter()
            .filter(|change| !outside.contains(&change.address))
            .filter(|change| change.requires.iter().any(|address| outside.contains(address)))
            .map(|change| change.address.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        outside.extend(more);
    }
    let (extra, inside) =
        std::mem::take(&mut plan.changes).into_iter().partition(|change| outside.contains(&change.address));
    plan.changes = inside;
    found.extend(plan.held.iter().flat_map(|group| &group.changes).flat_map(fingerprints));
    (extra, effects.difference(&found).count())
}
