//! Plans accounts: create, update, remove or let go of.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::{DesiredAccount, Manage};
use orgform_model::policy::{DriftPolicy, Removal};
use orgform_model::state::{AccountRecord, Entry, Record};
use orgform_model::{AccountId, AccountPath, Address, ApiKeyId, Email, FieldChange, Fields, RoleId, Value};

use crate::bind::Bound;
use crate::fields::compare;
use crate::ground::Ground;
use crate::plan::{
    Adopted, Cause, ChangeKind, Deferred, Forgotten, Kept, Plan, PlannedChange, Reached, Refused,
};
use crate::record::RecordDraft;
use crate::roles::unchanged;

/// Plans every declared account, then those that are ours and no longer declared.
pub(crate) fn plan(ground: &Ground<'_>, plan: &mut Plan) {
    for (path, account) in &ground.input.desired.accounts {
        if ground.input.desired.subject.asks_for(&account.object) {
            declared(path, account, ground, plan);
        }
    }
    for (id, record) in ground.undeclared_accounts() {
        undeclared(id, record, ground, plan);
    }
}

fn declared(path: &AccountPath, account: &DesiredAccount, ground: &Ground<'_>, plan: &mut Plan) {
    let address = Address::account(&ground.input.desired.provider, path);
    match ground.accounts.bound(path) {
        None => {}
        Some(Bound::Blocked { because, next, passing }) => {
            let what = "find".to_owned();
            if *passing {
                plan.deferred.push(Deferred { address, what, because: because.clone(), until: None });
            } else {
                let (because, next) = (because.clone(), next.clone());
                plan.refused.push(Refused {
                    address,
                    what,
                    because,
                    next,
                    place: Some(account.place.clone()),
                });
            }
        }
        Some(Bound::Create) if ground.is_pending(&address) => ground.defer_pending(address, "create", plan),
        Some(Bound::Create) if !ground.input.capabilities.create_account => {
            refuse_writing(address, "create", "make", account, ground, plan);
        }
        Some(Bound::Create) => create(address, path, account, ground, plan),
        Some(Bound::Known(id)) => compare_one(address, path, id, account, ground, plan),
    }
}

fn refuse_writing(
    address: Address,
    what: &str,
    verb: &str,
    account: &DesiredAccount,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    plan.refused.push(Refused {
        address,
        what: what.into(),
        because: format!("{} can't {verb} accounts", ground.input.semantics.title),
        next: "do it by hand at the provider, or declare the account with `manage: Reference`".into(),
        place: Some(account.place.clone()),
    });
}

fn title(account: &DesiredAccount, path: &AccountPath, ground: &Ground<'_>) -> String {
    let name = account.fields.get(ground.input.semantics.accounts.natural_key).and_then(Value::as_text);
    format!("account {}", name.unwrap_or(path.as_str()))
}

fn record(path: &AccountPath, account: &DesiredAccount, applied: Fields) -> AccountRecord {
    AccountRecord { object: account.object.clone(), path: path.clone(), applied, removal: account.removal }
}

fn create(
    address: Address,
    path: &AccountPath,
    account: &DesiredAccount,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    let provider = &ground.input.desired.provider;
    let parent = account.parent.as_ref().map(|parent| match ground.accounts.id(parent) {
        Some(id) => Ref::Known(id.clone()),
        None => Ref::Created(Address::account(provider, parent)),
    });
    let fields = account
        .fields
        .iter()
        .map(|(field, value)| FieldChange { field: field.clone(), from: None, to: Some(value.clone()) })
        .collect();
    plan.changes.push(PlannedChange {
        title: title(account, path, ground),
        fields,
        place: Some(account.place.clone()),
        ..PlannedChange::new(
            ChangeKind::Create,
            Cause::Declared,
            Change {
                address: address.clone(),
                action: Action::CreateAccount { parent, fields: account.fields.clone() },
            },
            RecordDraft::Known(Record::Account(Box::new(record(path, account, account.fields.clone())))),
        )
    });
}

fn compare_one(
    address: Address,
    path: &AccountPath,
    id: &AccountId,
    account: &DesiredAccount,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    if account.manage == Manage::Reference {
        // Not ours any more, so that it is not removed with its declaration.
        if ground.input.state.is_some_and(|state| state.accounts.contains_key(id)) {
            plan.remember.push(Entry::ForgetAccount { id: id.clone() });
        }
        return;
    }
    let Some(actual) = ground.input.world.directory.accounts.get(id) else { return };
    let mut shown = actual.fields.clone();
    match ground.input.world.content(id) {
        Some(content) => shown.extend(content.fields.clone()),
        None => return,
    }
    let remembered = ground.input.state.and_then(|state| state.accounts.get(id));
    let mut compared = compare(
        &account.fields,
        &shown,
        remembered.map(|record| &record.applied),
        ground.input.semantics.accounts.fields,
    );
    for (change, because) in std::mem::take(&mut compared.fixed) {
        plan.refused.push(Refused {
            address: address.clone(),
            what: format!("change {}", change.field),
            because,
            next: "declare it as it is".into(),
            place: Some(account.place.clone()),
        });
    }
    if ground.input.desired.policy.drift == DriftPolicy::Report {
        for change in std::mem::take(&mut compared.drift) {
            plan.drift.push(Kept {
                address: address.clone(),
                what: change.field,
                because: "changed at the provider; the drift policy is Report".into(),
            });
        }
    }
    let fields = compared.all();
    let current = record(path, account, account.fields.clone());
    match remembered {
        None => plan.adopted.push(Adopted {
            address: address.clone(),
            what: title(account, path, ground),
            entries: vec![Entry::Account {
                id: id.clone(),
                record: Box::new(record(path, account, unchanged(&account.fields, &fields))),
            }],
        }),
        Some(remembered) if fields.is_empty() && *remembered != current => {
            plan.remember.push(Entry::Account { id: id.clone(), record: Box::new(current.clone()) });
        }
        Some(_) => {}
    }
    if fields.is_empty() {
        return;
    }
    if !ground.input.capabilities.update_account {
        refuse_writing(address, "update", "change", account, ground, plan);
        return;
    }
    let mut mailed = 0;
    if fields.iter().any(|field| mails_everyone(field, ground)) {
        if !ground.input.world.people_seen(id) {
            ground.defer_unseen(address, "update, which mails everybody in it", plan);
            return;
        }
        let members = ground.input.world.content(id).into_iter().flat_map(|content| content.members.values());
        mailed = members.filter(|member| !member.disabled).count();
    }
    let people = if mailed == 1 { "1 person" } else { &format!("{mailed} people") };
    let cause = if compared.edits.is_empty() { Cause::Drift } else { Cause::Declared };
    plan.changes.push(PlannedChange {
        title: title(account, path, ground),
        notes: (mailed > 0)
            .then(|| format!("mails everybody who can log in: {people}"))
            .into_iter()
            .collect(),
        mails: u32::try_from(mailed).unwrap_or(u32::MAX),
        fields: fields.clone(),
        place: Some(account.place.clone()),
        ..PlannedChange::new(
            ChangeKind::Update,
            cause,
            Change {
                address: address.clone(),
                action: Action::UpdateAccount { account: id.clone(), changes: fields },
            },
            RecordDraft::Known(Record::Account(Box::new(current))),
        )
    });
}

/// Whether a change of an account mails everybody who can log in to it.
pub(crate) fn mails_everyone(change: &FieldChange, ground: &Ground<'_>) -> bool {
    let flag = ground.input.semantics.accounts.mails_everyone;
    flag == Some(change.field.as_str()) && change.to == Some(Value::Flag(true))
}

fn undeclared(id: &AccountId, record: &AccountRecord, ground: &Ground<'_>, plan: &mut Plan) {
    let address = Address::account(&ground.input.desired.provider, &ground.accounts.label(id));
    if ground.is_gone(id) {
        plan.forgotten.push(Forgotten {
            address,
            because: "it is no longer declared, and gone at the provider".into(),
            entries: vec![Entry::DropAccount { id: id.clone() }],
        });
        return;
    }
    if !ground.input.world.directory.accounts.contains_key(id) {
        ground.defer_unseen(address, "let go of", plan);
        return;
    }
    match record.removal {
        Removal::Remove => remove(address, id, ground, plan),
        Removal::Retain | Removal::Disable => {}
    }
}

/// Lets go of accounts that are no longer declared and stay, once nothing of ours is left in them.
pub(crate) fn let_go(ground: &Ground<'_>, plan: &mut Plan) {
    let staying = ground.undeclared_accounts().filter(|(id, record)| {
        record.removal != Removal::Remove && ground.input.world.directory.accounts.contains_key(*id)
    });
    for (id, _) in staying {
        let address = Address::account(&ground.input.desired.provider, &ground.accounts.label(id));
        if holds_ours(id, ground, plan) {
            plan.kept.push(Kept {
                address,
                what: "account".into(),
                because: "no longer declared; let go of once nothing of ours is left in it".into(),
            });
        } else {
            plan.forgotten.push(Forgotten {
                address,
                because: "it is no longer declared and its removal is Retain".into(),
                entries: vec![Entry::ForgetAccount { id: id.clone() }],
            });
        }
    }
}

/// Whether we remember anything in an account that is not let go of now.
fn holds_ours(account: &AccountId, ground: &Ground<'_>, plan: &Plan) -> bool {
    let Some(state) = ground.input.state else { return false };
    let mut members: BTreeSet<&Email> =
        state.memberships.get(account).into_iter().flat_map(BTreeMap::keys).collect();
    let mut roles: BTreeSet<&RoleId> =
        state.roles.iter().filter(|(_, role)| role.account == *account).map(|(id, _)| id).collect();
    let mut keys: BTreeSet<&ApiKeyId> =
        state.api_keys.iter().filter(|(_, key)| key.account == *account).map(|(id, _)| id).collect();
    for entry in plan.forgotten.iter().flat_map(|one| &one.entries).chain(&plan.remember) {
        match entry {
            Entry::DropMembership { account: of, email } | Entry::Retain { account: of, email }
                if of == account =>
            {
                members.remove(email);
            }
            Entry::DropRole { id } => {
                roles.remove(id);
            }
            Entry::DropApiKey { id } => {
                keys.remove(id);
            }
            _ => {}
        }
    }
    !members.is_empty() || !roles.is_empty() || !keys.is_empty()
}

fn remove(address: Address, id: &AccountId, ground: &Ground<'_>, plan: &mut Plan) {
    let refuse = |plan: &mut Plan, because: String, next: String| {
        let (address, what) = (address.clone(), "remove".into());
        plan.refused.push(Refused { address, what, because, next, place: None });
    };
    if !ground.input.capabilities.remove_account {
        refuse(
            plan,
            format!("{} can't remove accounts", ground.input.semantics.title),
            format!("remove it by hand at the provider, or run `orgform forget {address}`"),
        );
        return;
    }
    let staying: Vec<String> = ground
        .accounts
        .children(id)
        .filter(|child| !ground.going.contains(*child))
        .map(|child| ground.accounts.label(child).to_string())
        .collect();
    if !staying.is_empty() {
        refuse(
            plan,
            format!("it has accounts below it: {}", staying.join(", ")),
            "remove those first".into(),
        );
        return;
    }
    if !ground.input.world.people_seen(id) {
        ground.defer_unseen(address, "remove", plan);
        return;
    }
    let mut reach = Reached::default();
    if let Some(content) = ground.input.world.content(id) {
        let frozen = &ground.input.desired.frozen.people;
        let members = ground.rosters.get(id).into_iter().flat_map(|roster| roster.emails());
        let mut named = members.chain(content.invites.iter().map(|one| &one.email));
        if let Some(email) = named.find(|email| frozen.contains(*email)) {
            let because = format!("{email} is in it, and a declaration of that person has an error");
            refuse(plan, because, "correct the declaration first".into());
            return;
        }
        let members = content.members.iter().map(|(person, member)| ground.people.shown(person, member));
        let invited = content.invites.iter().map(|invite| invite.email.to_string());
        reach.people.insert(ground.accounts.label(id), members.chain(invited).collect());
    }
    let name = ground
        .input
        .world
        .directory
        .accounts
        .get(id)
        .and_then(|account| account.fields.get(ground.input.semantics.accounts.natural_key))
        .map_or_else(|| id.to_string(), ToString::to_string);
    plan.changes.push(PlannedChange {
        title: format!("account {name}"),
        reach: Some(reach),
        notes: ground.input.semantics.accounts.removal.map(str::to_owned).into_iter().collect(),
        ..PlannedChange::new(
            ChangeKind::Remove,
            Cause::Undeclared,
            Change { address, action: Action::RemoveAccount { account: id.clone() } },
            RecordDraft::Known(Record::DropAccount(id.clone())),
        )
    });
}
