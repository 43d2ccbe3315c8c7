//! API keys: what was applied, what is there, and those that nobody declared.

use std::collections::BTreeSet;

use orgform_model::desired::Manage;
use orgform_model::history::About;
use orgform_model::state::{ApiKeyRecord, Entry, SecretFate};
use orgform_model::{Address, ApiKeyId, ApiKeyLabel};

use super::compare::{Found, Ours, name, not_asked};
use super::{Difference, Drifted};
use crate::api_keys::{actual_keys, is_own, shown};

impl Found<'_, '_> {
    /// A key of ours. One whose secret nobody has is removed whatever it looks like.
    pub(super) fn api_key(&mut self, id: &ApiKeyId, record: &ApiKeyRecord) {
        let ground = self.ground;
        let Some(keys) = ground.input.world.api_keys(&record.account) else { return };
        let label = ApiKeyLabel::new(ground.accounts.label(&record.account), record.label.name.clone());
        let address = Address::api_key(&self.plan.provider, &label);
        if record.secret == SecretFate::Lost || ground.is_pending(&address) {
            return;
        }
        let semantics = ground.input.semantics.api_keys.as_ref();
        let natural_key = semantics.map_or("", |keys| keys.natural_key);
        let ours = Ours {
            address,
            title: format!("API key {}", name(&record.applied, natural_key, &record.label.name)),
            object: &record.object,
            log: record.account.clone(),
            traces: vec![About::ApiKey(id.clone())],
        };
        let Some(actual) = keys.get(id) else {
            self.push(&ours, Difference::Gone("API key"));
            return;
        };
        self.fields(&ours, &record.applied, &actual.fields, semantics.map_or(&[], |keys| keys.fields));
        let Some(applied) = &record.roles else { return };
        let gained =
            actual.roles.iter().filter(|role| !applied.contains(role) && !record.kept.contains(role));
        self.roles(&ours, gained, applied.difference(&actual.roles));
    }

    /// Keys that are neither ours nor declared, but for those that orgform runs with.
    pub(super) fn unmanaged_keys(&mut self) {
        let ground = self.ground;
        let taken: BTreeSet<&ApiKeyId> = self
            .plan
            .adopted
            .iter()
            .flat_map(|one| &one.entries)
            .filter_map(|entry| match entry {
                Entry::ApiKey { id, record: _ } => Some(id),
                _ => None,
            })
            .collect();
        for (account, id, _) in actual_keys(ground) {
            let ours = ground.input.state.is_some_and(|state| state.api_keys.contains_key(id));
            let managed = ground.declared_account(account).is_some_and(|one| one.manage == Manage::Full);
            if ours || taken.contains(id) || is_own(id, ground) || !managed {
                continue;
            }
            let label = ApiKeyLabel::undeclared(ground.accounts.label(account), id);
            let address = Address::api_key(&self.plan.provider, &label);
            let what = format!("API key {}", shown(id, ground));
            self.unmanaged.push(Drifted {
                title: what.clone(),
                then: self.then_unmanaged(&address),
                address,
                difference: Difference::Unmanaged(what),
                by: not_asked(),
                log: account.clone(),
                traces: vec![About::ApiKey(id.clone())],
            });
        }
    }
}
