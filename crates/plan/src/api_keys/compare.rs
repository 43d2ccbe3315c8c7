//! Compares a declared key with an actual one, three-way with what was last applied.

use std::collections::BTreeSet;

use orgform_model::change::{Action, Change, Ref};
use orgform_model::policy::{Adoption, DriftPolicy};
use orgform_model::state::{ApiKeyRecord, Entry};
use orgform_model::world::ActualApiKey;
use orgform_model::{AccountId, ApiKeyId, RoleId};

use super::{Case, actual_key, semantics};
use crate::fields::compare;
use crate::plan::{Adopted, Cause, ChangeKind, Kept, Plan, PlannedChange};
use crate::record::{ApiKeyDraft, RecordDraft};
use crate::roles::unchanged;

/// How the roles of a key differ.
#[derive(Default)]
struct Roles {
    /// Everything that should be there afterwards.
    all: BTreeSet<Ref<RoleId>>,
    /// Of that, what was there before us and stays.
    kept: BTreeSet<RoleId>,
    gains: Vec<String>,
    loses: Vec<String>,
    /// Whether something differs that nobody edited here.
    drift: bool,
    /// Whether something differs because it was edited here.
    edited: bool,
    /// Drift that is only reported.
    reported: Vec<String>,
}

impl Case<'_, '_> {
    pub(super) fn compare_one(&self, account: &AccountId, id: &ApiKeyId, plan: &mut Plan) {
        let Some(actual) = actual_key(account, id, self.ground) else { return };
        let Some(wanted) = self.roles() else {
            return self.defer("compare", "a role of it can't be told yet", plan);
        };
        let record = self.ground.input.state.and_then(|state| state.api_keys.get(id));
        self.tell_missing_secret(id, record, plan);
        let rules = semantics(self.ground).map_or(&[][..], |keys| keys.fields);
        let applied = record.map(|record| &record.applied);
        let mut compared = compare(&self.key.fields, &actual.fields, applied, rules);
        for (change, because) in std::mem::take(&mut compared.fixed) {
            self.refuse(&format!("change {}", change.field), &because, self.remake_hint(), plan);
        }
        let mut reported: Vec<String> = Vec::new();
        if self.ground.input.desired.policy.drift == DriftPolicy::Report {
            reported.extend(
                std::mem::take(&mut compared.drift).into_iter().map(|change| format!("its {}", change.field)),
            );
        }
        let roles = wanted.as_ref().map(|wanted| self.compare_roles(wanted, record, actual));
        reported.extend(roles.iter().flat_map(|roles| roles.reported.iter().cloned()));
        plan.drift.extend(reported.into_iter().map(|what| Kept {
            address: self.address.clone(),
            what: format!("{}, {what}", self.title()),
            because: "changed at the provider; the drift policy is Report".into(),
        }));
        for id in roles.iter().flat_map(|roles| &roles.kept) {
            plan.kept.push(Kept {
                address: self.address.clone(),
                what: format!("{}, {}", self.title(), self.ground.roles.title(id)),
                because: "unmanaged".into(),
            });
        }
        let fields = compared.all();
        let roles_differ = roles.as_ref().is_some_and(|one| one.drift || one.edited);
        let draft = ApiKeyDraft {
            kept: roles.as_ref().map(|one| one.kept.clone()).unwrap_or_default(),
            secret: self.secret_fate(id, record),
            replaces: record.and_then(|record| self.still_there(record)),
            ..self.draft(Ref::Known(account.clone()), wanted)
        };
        self.remember(id, record, actual, &draft, &fields, roles_differ, plan);
        if fields.is_empty() && !roles_differ {
            return;
        }
        if !self.ground.input.capabilities.update_api_key {
            return self.cannot("update", "change", self.remake_hint(), plan);
        }
        let drift_only = compared.edits.is_empty() && roles.as_ref().is_none_or(|roles| !roles.edited);
        let cause = if drift_only { Cause::Drift } else { Cause::Declared };
        let roles = roles.filter(|_| roles_differ);
        plan.changes.push(PlannedChange {
            title: self.title(),
            gains: roles.as_ref().map(|roles| roles.gains.clone()).unwrap_or_default(),
            loses: roles.as_ref().map(|roles| roles.loses.clone()).unwrap_or_default(),
            fields: fields.clone(),
            place: Some(self.key.place.clone()),
            ..PlannedChange::new(
                ChangeKind::Update,
                cause,
                Change {
                    address: self.address.clone(),
                    action: Action::UpdateApiKey {
                        account: account.clone(),
                        key: id.clone(),
                        changes: fields,
                        from: actual.roles.clone(),
                        roles: roles.map(|roles| roles.all),
                    },
                },
                RecordDraft::ApiKey(draft),
            )
        });
    }

    /// Takes a key over, or brings what is remembered of it up to date.
    fn remember(
        &self,
        id: &ApiKeyId,
        record: Option<&ApiKeyRecord>,
        actual: &ActualApiKey,
        draft: &ApiKeyDraft,
        fields: &[orgform_model::FieldChange],
        roles_differ: bool,
        plan: &mut Plan,
    ) {
        let known = draft.roles.iter().flatten().filter_map(Ref::known);
        let roles: Option<BTreeSet<RoleId>> = draft.roles.is_some().then(|| known.cloned().collect());
        let current = ApiKeyRecord {
            object: draft.object.clone(),
            account: match &draft.account {
                Ref::Known(account) => account.clone(),
                Ref::Created(_) => return,
            },
            label: draft.label.clone(),
            applied: draft.applied.clone(),
            roles,
            kept: draft.kept.clone(),
            removal: draft.removal,
            secret: draft.secret.clone(),
            replaces: draft.replaces.clone(),
        };
        match record {
            None => {
                let taken = current.roles.as_ref().map(|roles| roles & &actual.roles);
                let record =
                    ApiKeyRecord { applied: unchanged(&self.key.fields, fields), roles: taken, ..current };
                plan.adopted.push(Adopted {
                    address: self.address.clone(),
                    what: self.title(),
                    entries: vec![Entry::ApiKey { id: id.clone(), record: Box::new(record) }],
                });
            }
            Some(record) if fields.is_empty() && !roles_differ && *record != current => {
                plan.remember.push(Entry::ApiKey { id: id.clone(), record: Box::new(current) });
            }
            Some(_) => {}
        }
    }

    fn compare_roles(
        &self,
        wanted: &BTreeSet<Ref<RoleId>>,
        record: Option<&ApiKeyRecord>,
        actual: &ActualApiKey,
    ) -> Roles {
        let (ground, policy) = (self.ground, &self.ground.input.desired.policy);
        let account = ground.input.desired.accounts.get(&self.label.account);
        let take = account.and_then(|one| one.adoption).unwrap_or(policy.adoption) == Adoption::Take;
        let report = policy.drift == DriftPolicy::Report;
        let applied = |id: &RoleId| {
            record.is_some_and(|record| record.roles.as_ref().is_some_and(|roles| roles.contains(id)))
        };
        let mut roles = Roles::default();
        for id in &actual.roles {
            let was_there = record.is_none_or(|record| record.kept.contains(id));
            if wanted.contains(&Ref::Known(id.clone())) {
                roles.all.insert(Ref::Known(id.clone()));
            } else if ground.roles.known(id).is_none() {
                // What can't be named is not taken away.
                roles.all.insert(Ref::Known(id.clone()));
            } else if was_there && !take {
                roles.all.insert(Ref::Known(id.clone()));
                roles.kept.insert(id.clone());
            } else if was_there || applied(id) {
                roles.edited = true;
                roles.loses.push(ground.roles.title(id));
            } else if report {
                roles.all.insert(Ref::Known(id.clone()));
                roles.reported.push(format!("which has {} too", ground.roles.title(id)));
            } else {
                roles.drift = true;
                roles.loses.push(ground.roles.title(id));
            }
        }
        for (grant, role) in self
            .key
            .roles
            .iter()
            .flatten()
            .filter_map(|grant| Some((grant, ground.roles.resolve(grant, &self.label.account, ground)?)))
        {
            let id = role.known();
            if id.is_some_and(|id| actual.roles.contains(id)) {
                continue;
            }
            let title = ground.roles.grant_title(grant, ground);
            match id.is_some_and(applied) {
                true if report => {
                    roles.reported.push(format!("which lacks {title}"));
                    continue;
                }
                true => roles.drift = true,
                false => roles.edited = true,
            }
            roles.gains.push(title);
            roles.all.insert(role);
        }
        roles.gains.sort();
        roles.loses.sort();
        roles
    }

    /// The key whose place this one takes, as long as it is still to be removed.
    fn still_there(&self, record: &ApiKeyRecord) -> Option<ApiKeyId> {
        let state = self.ground.input.state?;
        record.replaces.clone().filter(|old| state.api_keys.contains_key(old))
    }

    fn remake_hint(&self) -> String {
        format!("`orgform keys remake {}` makes it again as declared, with a new secret", self.address)
    }
}
