//! Plans custom roles: create, update, remove or let go of.

mod counting;
mod index;

use std::collections::BTreeSet;

use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::{DesiredRole, Manage};
use orgform_model::policy::{DriftPolicy, Removal};
use orgform_model::state::{Entry, Record, RoleRecord};
use orgform_model::{AccountId, Address, FieldChange, Fields, Grant, ObjectRef, RoleId, RoleKey};

use crate::bind::Bound;
use crate::fields::compare;
use crate::ground::Ground;
use crate::plan::{Adopted, Cause, ChangeKind, Deferred, Forgotten, Kept, Plan, PlannedChange, Refused};
use crate::record::RecordDraft;
use index::{Finder, Found, actual_roles, title_of};

pub(crate) use counting::{counting, tell_counting};
pub(crate) use index::{Roles, index};

/// Plans every declared role, then those that are ours and no longer declared.
pub(crate) fn plan(ground: &Ground<'_>, plan: &mut Plan) {
    let finder = Finder::new(ground);
    for (key, role) in &ground.input.desired.roles {
        if ground.input.desired.subject.asks_for(&role.object) {
            declared(key, role, &finder, ground, plan);
        }
    }
    let wanted: BTreeSet<&RoleId> = ground.roles.declared.values().filter_map(Ref::known).collect();
    // Declared, but nobody can tell which role is meant: it may well be one that we remember.
    let unbound: BTreeSet<&ObjectRef> = ground
        .input
        .desired
        .roles
        .iter()
        .filter(|(key, _)| !ground.roles.declared.contains_key(*key))
        .map(|(_, role)| &role.object)
        .collect();
    for (id, record) in ground.input.state.into_iter().flat_map(|state| &state.roles) {
        let may_be_declared = wanted.contains(id) || unbound.contains(&record.object);
        if !may_be_declared && !ground.going.contains(&record.account) {
            undeclared(id, record, ground, plan);
        }
    }
    report_unmanaged(&wanted, ground, plan);
}

fn declared(
    key: &RoleKey,
    role: &DesiredRole,
    finder: &Finder<'_, '_>,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    let address = Address::role(&ground.input.desired.provider, key);
    let title = format!("role {}", title_of(&role.fields, ground).unwrap_or_else(|| key.name.to_string()));
    let account = match ground.accounts.bound(&key.account) {
        Some(Bound::Create) if !ground.input.capabilities.write_roles => {
            refuse_writing(address, "create", role, ground, plan);
            return;
        }
        Some(Bound::Create) => {
            let account = Ref::Created(Address::account(&ground.input.desired.provider, &key.account));
            create(address, title, account, key, role, plan);
            return;
        }
        Some(Bound::Known(id)) => id,
        Some(Bound::Blocked { .. }) | None => {
            plan.deferred.push(Deferred {
                address,
                what: "create".into(),
                because: "its account can't be told yet".into(),
                until: None,
            });
            return;
        }
    };
    match finder.find(role, account) {
        Found::One(id) => compare_one(address, title, account, &id, key, role, ground, plan),
        Found::None if role.manage == Manage::Full && role.external_id.is_none() => {
            if ground.is_pending(&address) {
                ground.defer_pending(address, "create", plan);
            } else if !ground.input.capabilities.write_roles {
                refuse_writing(address, "create", role, ground, plan);
            } else {
                create(address, title, Ref::Known(account.clone()), key, role, plan);
            }
        }
        Found::None => plan.refused.push(Refused {
            address,
            what: "use".into(),
            because: "no such role is there, and it is not made by this declaration".into(),
            next: "correct its name or `externalId`, or drop `manage: Reference`".into(),
            place: Some(role.place.clone()),
        }),
        Found::Vanished => plan.refused.push(Refused {
            next: format!(
                "the list may have been short: plan again; if it stays gone and was removed by hand, run `orgform forget \
                 {address}`: then it is made anew"
            ),
            address,
            what: "compare".into(),
            because: "it was here and is not listed any more".into(),
            place: Some(role.place.clone()),
        }),
        Found::Several(count) => plan.refused.push(Refused {
            address,
            what: "adopt".into(),
            because: format!("{count} roles have this name here"),
            next: "set `externalId` to the one that is meant".into(),
            place: Some(role.place.clone()),
        }),
        Found::Unseen => plan.deferred.push(Deferred {
            address,
            what: "compare".into(),
            because: "the roles of its account could not be seen".into(),
            until: None,
        }),
    }
}

fn refuse_writing(address: Address, what: &str, role: &DesiredRole, ground: &Ground<'_>, plan: &mut Plan) {
    plan.refused.push(Refused {
        address,
        what: what.into(),
        because: format!("{} can't write roles", ground.input.semantics.title),
        next: "make it by hand at the provider, and declare it with `manage: Reference`".into(),
        place: Some(role.place.clone()),
    });
}

fn create(
    address: Address,
    title: String,
    account: Ref<AccountId>,
    key: &RoleKey,
    role: &DesiredRole,
    plan: &mut Plan,
) {
    let fields = role
        .fields
        .iter()
        .map(|(field, value)| FieldChange { field: field.clone(), from: None, to: Some(value.clone()) })
        .collect();
    plan.changes.push(PlannedChange {
        title,
        fields,
        place: Some(role.place.clone()),
        ..PlannedChange::new(
            ChangeKind::Create,
            Cause::Declared,
            Change {
                address: address.clone(),
                action: Action::CreateRole { account: account.clone(), fields: role.fields.clone() },
            },
            draft(account, key, role),
        )
    });
}

fn draft(account: Ref<AccountId>, key: &RoleKey, role: &DesiredRole) -> RecordDraft {
    RecordDraft::Role {
        account,
        key: key.clone(),
        object: role.object.clone(),
        applied: role.fields.clone(),
        removal: role.removal,
    }
}

fn compare_one(
    address: Address,
    title: String,
    account: &AccountId,
    id: &RoleId,
    key: &RoleKey,
    role: &DesiredRole,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    let Some(actual) = ground.input.world.content(account).and_then(|content| content.roles.get(id)) else {
        return;
    };
    if role.manage == Manage::Reference {
        // Not ours any more, so that it is not removed with its declaration.
        if ground.input.state.is_some_and(|state| state.roles.contains_key(id)) {
            plan.remember.push(Entry::DropRole { id: id.clone() });
        }
        return;
    }
    let record = ground.input.state.and_then(|state| state.roles.get(id));
    let mut compared = compare(
        &role.fields,
        &actual.fields,
        record.map(|record| &record.applied),
        ground.input.semantics.roles.fields,
    );
    for (change, because) in std::mem::take(&mut compared.fixed) {
        plan.refused.push(Refused {
            address: address.clone(),
            what: format!("change {}", change.field),
            because,
            next: "declare it as it is, or make a new role under another name".into(),
            place: Some(role.place.clone()),
        });
    }
    if ground.input.desired.policy.drift == DriftPolicy::Report {
        for change in std::mem::take(&mut compared.drift) {
            plan.drift.push(Kept {
                address: address.clone(),
                what: change.field.clone(),
                because: "changed at the provider; the drift policy is Report".into(),
            });
        }
    }
    let fields = compared.all();
    let current = RoleRecord {
        object: role.object.clone(),
        account: account.clone(),
        key: key.clone(),
        applied: role.fields.clone(),
        removal: role.removal,
    };
    match record {
        None => plan.adopted.push(Adopted {
            address: address.clone(),
            what: title.clone(),
            entries: vec![Entry::Role {
                id: id.clone(),
                record: Box::new(RoleRecord { applied: unchanged(&role.fields, &fields), ..current }),
            }],
        }),
        Some(record) if fields.is_empty() && *record != current => {
            plan.remember.push(Entry::Role { id: id.clone(), record: Box::new(current) });
        }
        Some(_) => {}
    }
    if fields.is_empty() {
        return;
    }
    if !ground.input.capabilities.write_roles {
        refuse_writing(address, "update", role, ground, plan);
        return;
    }
    let cause = if compared.edits.is_empty() { Cause::Drift } else { Cause::Declared };
    plan.changes.push(PlannedChange {
        title,
        fields: fields.clone(),
        place: Some(role.place.clone()),
        ..PlannedChange::new(
            ChangeKind::Update,
            cause,
            Change {
                address: address.clone(),
                action: Action::UpdateRole { account: account.clone(), role: id.clone(), changes: fields },
            },
            draft(Ref::Known(account.clone()), key, role),
        )
    });
}

/// The declared fields that are already so.
pub(crate) fn unchanged(declared: &Fields, changes: &[FieldChange]) -> Fields {
    let changed: BTreeSet<&str> = changes.iter().map(|change| change.field.as_str()).collect();
    declared
        .iter()
        .filter(|(field, _)| !changed.contains(field.as_str()))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect()
}

fn undeclared(id: &RoleId, record: &RoleRecord, ground: &Ground<'_>, plan: &mut Plan) {
    let desired = ground.input.desired;
    if desired.frozen.objects.contains(&record.object) || !desired.subject.speaks_for(&record.object) {
        return;
    }
    let key = RoleKey::new(ground.accounts.label(&record.account), record.key.name.clone());
    let address = Address::role(&desired.provider, &key);
    let drop = vec![Entry::DropRole { id: id.clone() }];
    let Some(content) = ground.input.world.content(&record.account) else {
        if ground.is_gone(&record.account) {
            plan.remember.extend(drop);
        } else {
            ground.defer_unseen(address, "remove", plan);
        }
        return;
    };
    if !content.roles.contains_key(id) {
        if content.roles_complete.is_complete() {
            plan.remember.extend(drop);
        }
        return;
    }
    if let Some(because) = ground.accounts.unsettled(&record.account) {
        ground.defer_unsettled(address, "remove", because, plan);
        return;
    }
    let title = format!("role {}", ground.roles.title(id));
    if record.removal != Removal::Remove {
        plan.forgotten.push(Forgotten {
            address,
            because: format!("it is no longer declared and its removal is {:?}", record.removal),
            entries: drop,
        });
        return;
    }
    if !ground.input.capabilities.write_roles {
        plan.refused.push(Refused {
            next: format!("remove it by hand at the provider, or run `orgform forget {address}`"),
            address,
            what: "remove".into(),
            because: format!("{} can't write roles", ground.input.semantics.title),
            place: None,
        });
        return;
    }
    plan.changes.push(PlannedChange {
        title,
        ..PlannedChange::new(
            ChangeKind::Remove,
            Cause::Undeclared,
            Change {
                address: address.clone(),
                action: Action::RemoveRole { account: record.account.clone(), role: id.clone() },
            },
            RecordDraft::Known(Record::DropRole(id.clone())),
        )
    });
}

/// Remembers what a fixed role is called, so that it can be shown without looking.
pub(crate) fn remember_fixed(ground: &Ground<'_>, plan: &mut Plan) {
    let Some(state) = ground.input.state else { return };
    for (_, id, role) in actual_roles(ground) {
        let Some(name) = role.fixed.filter(|_| !state.fixed_roles.contains_key(id)) else { continue };
        plan.remember.push(Entry::FixedRole { id: id.clone(), name: name.to_owned() });
    }
}

fn report_unmanaged(wanted: &BTreeSet<&RoleId>, ground: &Ground<'_>, plan: &mut Plan) {
    for (account, id, role) in actual_roles(ground) {
        let path = ground.accounts.label(account);
        let ours = ground.input.state.is_some_and(|state| state.roles.contains_key(id));
        if role.fixed.is_some() || ours || wanted.contains(id) || ground.accounts.bound(&path).is_none() {
            continue;
        }
        let Grant::Role(key) = ground.roles.grant(id) else { continue };
        plan.kept.push(Kept {
            address: Address::role(&ground.input.desired.provider, &key),
            what: format!("role {}", ground.roles.title(id)),
            because: "unmanaged".into(),
        });
    }
}
