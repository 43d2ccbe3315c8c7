//! The order of carrying out: what may start now, and what a failure takes along.
//!
//! Pure. Changes are nodes, `requires` are edges; there are no phases but one: whatever takes something away
//! from somebody waits until everything else that can be done is done, and the removals were read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use orgform_model::{Action, Address};
use orgform_plan::{ChangeKind, Fate, Outcome, PlannedChange, shares_calls};

/// Which of the changes: its index in the plan.
pub(super) type Index = usize;

pub(super) struct Schedule {
    nodes: Vec<Node>,
    /// May start, and takes nothing away.
    ready: BTreeSet<Index>,
    /// May start once the removals were read again.
    ready_removals: BTreeSet<Index>,
    removals_checked: bool,
}

struct Node {
    planned: PlannedChange,
    /// How many changes it still waits for.
    waits_for: usize,
    dependants: Vec<Index>,
    /// It was taken out to be sent.
    taken: bool,
    fate: Option<Fate>,
}

impl Schedule {
    /// A schedule of these changes, and the fate of those that can't start at all.
    pub(super) fn new(changes: &[PlannedChange]) -> Self {
        let by_address: BTreeMap<&Address, Index> =
            changes.iter().enumerate().map(|(index, change)| (&change.address, index)).collect();
        let mut nodes: Vec<Node> = changes
            .iter()
            .map(|planned| Node {
                planned: planned.clone(),
                waits_for: 0,
                dependants: vec![],
                taken: false,
                fate: None,
            })
            .collect();
        let mut outside = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            for required in &change.requires {
                match by_address.get(required) {
                    Some(first) => {
                        nodes[*first].dependants.push(index);
                        nodes[index].waits_for += 1;
                    }
                    None => outside.push((index, format!("{required} is not part of this run"))),
                }
            }
        }
        let mut schedule =
            Self { nodes, ready: BTreeSet::new(), ready_removals: BTreeSet::new(), removals_checked: false };
        for index in 0..changes.len() {
            if schedule.nodes[index].waits_for == 0 {
                schedule.make_ready(index);
            }
        }
        for (index, because) in outside {
            schedule.end(index, Fate::Skipped { because });
        }
        schedule
    }

    pub(super) fn change(&self, index: Index) -> &PlannedChange {
        &self.nodes[index].planned
    }

    /// Takes out changes that may start: about `limit` of them, in groups that may share a call, as many in one
    /// as `batch` says of their action.
    pub(super) fn take_ready(&mut self, limit: usize, batch: impl Fn(&Action) -> usize) -> Vec<Vec<Index>> {
        if self.removals_checked {
            self.ready.append(&mut self.ready_removals);
        }
        let mut groups: Vec<Vec<Index>> = Vec::new();
        let mut open = HashMap::new();
        for index in std::mem::take(&mut self.ready) {
            let alike = shares_calls(&self.nodes[index].planned);
            let most = batch(&self.nodes[index].planned.change.action);
            let joins = open.get(&alike).copied().filter(|group: &usize| groups[*group].len() < most);
            match joins {
                Some(group) => groups[group].push(index),
                None if groups.len() < limit => {
                    open.insert(alike, groups.len());
                    groups.push(vec![index]);
                }
                None => {
                    self.ready.insert(index);
                }
            }
        }
        for index in groups.iter().flatten() {
            self.nodes[*index].taken = true;
        }
        groups
    }

    /// Whether something could start, or could once the removals were read again.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || (self.removals_checked && !self.ready_removals.is_empty())
    }

    /// Changes that take something away and have no fate yet, if they are what is to do next.
    pub(super) fn removals_to_check(&self) -> Vec<Index> {
        if self.removals_checked || self.ready_removals.is_empty() {
            return Vec::new();
        }
        (0..self.nodes.len())
            .filter(|index| self.nodes[*index].fate.is_none() && takes_away(&self.nodes[*index].planned))
            .collect()
    }

    /// The removals were read again: those that still stand may start, as they are planned now.
    pub(super) fn removals_checked(&mut self, checked: Vec<(Index, Result<PlannedChange, Fate>)>) {
        self.removals_checked = true;
        for (index, result) in checked {
            match result {
                Ok(planned) => self.nodes[index].planned = planned,
                Err(fate) => self.end(index, fate),
            }
        }
    }

    /// Gives a change its fate. What depends on it may start, or is skipped.
    pub(super) fn end(&mut self, index: Index, fate: Fate) {
        if self.nodes[index].fate.is_some() {
            return;
        }
        let done = fate.is_done();
        let stopped = fate == Fate::Stopped;
        self.ready.remove(&index);
        self.ready_removals.remove(&index);
        self.nodes[index].fate = Some(fate);
        for dependant in std::mem::take(&mut self.nodes[index].dependants) {
            if done {
                self.nodes[dependant].waits_for -= 1;
                if self.nodes[dependant].waits_for == 0 && self.nodes[dependant].fate.is_none() {
                    self.make_ready(dependant);
                }
            } else if stopped {
                self.end(dependant, Fate::Stopped);
            } else {
                let because = format!("{} was not carried out", self.nodes[index].planned.address);
                self.end(dependant, Fate::Skipped { because });
            }
        }
    }

    /// Whether the change at this address was carried out.
    pub(super) fn is_done(&self, address: &Address) -> bool {
        self.nodes
            .iter()
            .any(|node| node.planned.address == *address && node.fate.as_ref().is_some_and(Fate::is_done))
    }

    /// Changes that were carried out, or may have been.
    pub(super) fn touched(&self) -> impl Iterator<Item = &PlannedChange> {
        self.nodes
            .iter()
            .filter(|node| match &node.fate {
                Some(Fate::Failed { unknown, .. }) => *unknown,
                Some(fate) => fate.is_done(),
                None => false,
            })
            .map(|node| &node.planned)
    }

    /// Stops everything that was not taken out yet.
    pub(super) fn stop_waiting(&mut self) {
        for index in 0..self.nodes.len() {
            if !self.nodes[index].taken {
                self.end(index, Fate::Stopped);
            }
        }
    }

    /// What became of each change. What could never start waits for itself.
    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        self.nodes
            .into_iter()
            .map(|Node { planned, waits_for: _, dependants: _, taken: _, fate }| Outcome {
                address: planned.address,
                title: planned.title,
                kind: planned.kind,
                result: fate.unwrap_or_else(|| Fate::Skipped {
                    because: "it waits for a change that waits for it".to_owned(),
                }),
            })
            .collect()
    }

    fn make_ready(&mut self, index: Index) {
        let ready =
            if takes_away(&self.nodes[index].planned) { &mut self.ready_removals } else { &mut self.ready };
        ready.insert(index);
    }
}

/// Whether somebody may lose something by it.
fn takes_away(change: &PlannedChange) -> bool {
    let key_loses = matches!(change.change.action, Action::UpdateApiKey { .. }) && !change.loses.is_empty();
    !change.losers.is_empty()
        || key_loses
        || matches!(change.kind, ChangeKind::Remove | ChangeKind::Withdraw | ChangeKind::Disable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgform_model::{Change, Fields};
    use orgform_plan::RecordDraft;
    use orgform_plan::plan::Cause;

    #[test]
    fn changes_that_wait_for_each_other_are_told_and_do_not_hang() {
        let changes = [account("a", &["b"]), account("b", &["a"]), account("c", &[])];
        let mut schedule = Schedule::new(&changes);
        assert_eq!(schedule.take_ready(9, |_| 1), [[2]]);
        schedule.end(2, Fate::Done);
        assert!(!schedule.has_ready());
        let fates: Vec<bool> = schedule.into_outcomes().iter().map(|one| one.result.is_done()).collect();
        assert_eq!(fates, [false, false, true]);
    }

    #[test]
    fn what_needs_something_that_was_not_approved_is_skipped_with_its_dependants() {
        let changes = [account("a", &["elsewhere"]), account("b", &["a"])];
        let mut schedule = Schedule::new(&changes);
        assert!(schedule.take_ready(9, |_| 1).is_empty());
        let because: Vec<Fate> = schedule.into_outcomes().into_iter().map(|one| one.result).collect();
        let skipped = |because: &str| Fate::Skipped { because: because.to_owned() };
        assert_eq!(
            because,
            [skipped("p/elsewhere is not part of this run"), skipped("p/a was not carried out")]
        );
    }

    #[test]
    fn only_changes_of_a_kind_in_one_account_share_a_call() {
        let changes = [account("x/a", &[]), account("x/b", &[]), account("y/c", &[]), account("x/d", &[])];
        assert_eq!(Schedule::new(&changes).take_ready(9, |_| 2), [vec![0, 1], vec![2], vec![3]]);
        assert_eq!(Schedule::new(&changes).take_ready(1, |_| 9), [vec![0, 1, 3]]);
    }

    fn account(path: &str, requires: &[&str]) -> PlannedChange {
        let address = |path: &str| Address::account(&"p".into(), &path.into());
        let action = Action::CreateAccount { parent: None, fields: Fields::new() };
        PlannedChange {
            address: address(path),
            title: path.to_owned(),
            kind: ChangeKind::Create,
            cause: Cause::Declared,
            gains: vec![],
            loses: vec![],
            fields: vec![],
            notes: vec![],
            reach: None,
            mails: 0,
            place: None,
            requires: requires.iter().map(|path| address(path)).collect(),
            losers: BTreeSet::new(),
            change: Change { address: address(path), action },
            record: RecordDraft::NOTHING,
        }
    }
}
