//! What labels mean: which account and which role at the provider.

use std::collections::BTreeSet;

use orgform_sim::pureport::Truth;

use super::Judge;
use crate::org::{Label, Org};

impl Judge {
    /// Finds out what labels mean. What orgform surely remembers stays the one; else it is the one of the declared
    /// name at its place that orgform made, then one that others made, then what it was before.
    pub(crate) fn bind(&mut self, org: &Org, truth: &Truth) {
        self.accounts.retain(|label, id| org.accounts.contains_key(label) && truth.accounts.contains_key(id));
        let mut labels: Vec<&Label> = org.accounts.keys().collect();
        labels.sort_by_key(|label| org.lineage(label).len());
        for label in labels {
            self.bind_account(label, org, truth);
        }
        let there: BTreeSet<&String> =
            truth.accounts.values().flat_map(|account| account.roles.keys()).collect();
        self.roles.retain(|label, id| org.roles.contains_key(label) && there.contains(id));
        for label in org.roles.keys() {
            self.bind_role(label, org, truth);
        }
        self.ever_accounts.extend(self.accounts.values().cloned());
        self.ever_roles.extend(self.roles.values().cloned());
    }

    fn bind_account(&mut self, label: &Label, org: &Org, truth: &Truth) {
        let Some(account) = org.accounts.get(label) else { return };
        let bound = self.accounts.get(label);
        if bound.is_some_and(|id| self.known.contains(id)) {
            return;
        }
        let parent = account.parent.as_ref().map(|parent| self.accounts.get(parent).cloned());
        let taken: BTreeSet<&String> = self.accounts.values().collect();
        let found = truth.accounts.iter().filter(|(id, one)| {
            let here = match &parent {
                None => one.parent.is_none(),
                Some(parent) => parent.is_some() && one.parent == *parent,
            };
            here && one.name == account.name && !taken.contains(id)
        });
        let found = found.min_by_key(|(id, _)| self.theirs.contains(*id));
        if let Some((id, _)) = found.filter(|(id, _)| bound.is_none() || !self.theirs.contains(*id)) {
            self.accounts.insert(label.clone(), id.clone());
        }
    }

    fn bind_role(&mut self, label: &Label, org: &Org, truth: &Truth) {
        let Some(role) = org.roles.get(label) else { return };
        let owner = self.accounts.get(&role.account).and_then(|id| truth.accounts.get(id));
        let Some(owner) = owner else { return };
        let bound = self.roles.get(label);
        if bound.is_some_and(|id| self.known.contains(id)) {
            return;
        }
        let taken: BTreeSet<&String> = self.roles.values().collect();
        let found = owner.roles.iter().filter(|(id, one)| one.name == role.name && !taken.contains(id));
        let found = found.min_by_key(|(id, _)| self.theirs.contains(*id));
        if let Some((id, _)) = found.filter(|(id, _)| bound.is_none() || !self.theirs.contains(*id)) {
            self.roles.insert(label.clone(), id.clone());
        }
    }
}
