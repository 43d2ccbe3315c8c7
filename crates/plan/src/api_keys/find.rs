//! Which actual key a declaration means.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::desired::DesiredApiKey;
use orgform_model::state::{ApiKeyRecord, SecretFate};
use orgform_model::{AccountId, ApiKeyId, ApiKeyLabel, ObjectRef};

use super::{actual_keys, natural_key};
use crate::ground::Ground;

#[derive(Clone)]
pub(super) enum Found {
    One(ApiKeyId),
    None,
    Several(usize),
    /// It is ours, and the list lacks it: somebody removed it, or the list is short.
    Vanished,
    Unseen,
}

/// Finds keys by id, as remembered for an object, or by name.
pub(super) struct Finder<'a> {
    found: BTreeMap<&'a ApiKeyLabel, Found>,
    superseded: BTreeSet<&'a ApiKeyId>,
    records: Vec<(&'a ApiKeyId, &'a ApiKeyRecord)>,
    /// Objects whose key can't be told: it may well be one that we remember.
    unbound: BTreeSet<&'a ObjectRef>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(ground: &Ground<'a>) -> Self {
        let records: Vec<_> = ground.input.state.into_iter().flat_map(|state| &state.api_keys).collect();
        let superseded = records.iter().filter_map(|(_, record)| record.replaces.as_ref()).collect();
        let mut finder = Self { found: BTreeMap::new(), superseded, records, unbound: BTreeSet::new() };
        for (label, key) in &ground.input.desired.api_keys {
            let account = ground.accounts.id(&label.account);
            let found = account.map_or(Found::Unseen, |account| finder.look(key, account, ground));
            if !matches!(found, Found::One(_)) {
                finder.unbound.insert(&key.object);
            }
            finder.found.insert(label, found);
        }
        finder
    }

    /// The key that a declaration means, in an account that exists.
    pub(super) fn find(&self, label: &ApiKeyLabel) -> Found {
        self.found.get(label).cloned().unwrap_or(Found::Unseen)
    }

    /// Whether a declaration means this key.
    pub(super) fn is_wanted(&self, id: &ApiKeyId) -> bool {
        self.found.values().any(|found| matches!(found, Found::One(one) if one == id))
    }

    /// Whether another key took its place.
    pub(super) fn is_superseded(&self, id: &ApiKeyId) -> bool {
        self.superseded.contains(id)
    }

    /// Whether an object is declared, and which key it means can't be told.
    pub(super) fn is_unbound(&self, object: &ObjectRef) -> bool {
        self.unbound.contains(object)
    }

    /// Keys of an object whose secret was lost.
    pub(super) fn lost_of(&self, object: &ObjectRef) -> impl Iterator<Item = &'a ApiKeyId> {
        let object = object.clone();
        self.records
            .iter()
            .filter(move |(_, record)| record.object == object && record.secret == SecretFate::Lost)
            .map(|(id, _)| *id)
    }

    fn look(&self, key: &'a DesiredApiKey, account: &AccountId, ground: &Ground<'a>) -> Found {
        let Some(keys) = ground.input.world.api_keys(account) else { return Found::Unseen };
        if let Some(id) = &key.external_id {
            return if keys.contains_key(id) { Found::One(id.clone()) } else { Found::None };
        }
        // One whose secret was lost, or whose place another took, is on its way out.
        let ours = self.records.iter().filter(|(id, record)| {
            record.object == key.object
                && record.account == *account
                && record.secret != SecretFate::Lost
                && !self.superseded.contains(id)
        });
        let ours: Vec<_> = ours.collect();
        if let Some((id, _)) = ours.first() {
            return if keys.contains_key(*id) { Found::One((*id).clone()) } else { Found::Vanished };
        }
        let Some(name) = natural_key(&key.fields, ground) else { return Found::None };
        let taken: BTreeSet<&ApiKeyId> = self.records.iter().map(|(id, _)| *id).collect();
        let named = actual_keys(ground).filter(|(at, id, actual)| {
            *at == account && !taken.contains(id) && natural_key(&actual.fields, ground) == Some(name)
        });
        let declared = ground.input.desired.api_keys.values().filter_map(|one| one.external_id.as_ref());
        let declared: BTreeSet<&ApiKeyId> = declared.collect();
        let named: Vec<_> = named.filter(|(_, id, _)| !declared.contains(id)).collect();
        match named.as_slice() {
            [] => Found::None,
            [(_, id, _)] => Found::One((*id).clone()),
            several => Found::Several(several.len()),
        }
    }
}
