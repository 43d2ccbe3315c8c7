//! Plans fields that are a person's own, whatever the account: names, phone, log-in.
//!
//! They are compared three ways, as fields of accounts are, and only where the person was seen as a member of an
//! account that is declared for them: somebody who is invited has nothing to compare yet.

use std::collections::BTreeSet;

use orgform_model::change::{Action, Change};
use orgform_model::desired::DesiredPerson;
use orgform_model::policy::DriftPolicy;
use orgform_model::state::{Entry, ProfileRecord, Record};
use orgform_model::{AccountId, Address, Email, Fields, ObjectRef, PersonId};

use crate::fields::{Compared, compare};
use crate::ground::Ground;
use crate::plan::{Cause, ChangeKind, Kept, Plan, PlannedChange, Refused};
use crate::record::RecordDraft;

/// Plans the fields of every declared person.
pub(crate) fn plan(ground: &Ground<'_>, plan: &mut Plan) {
    let desired = ground.input.desired;
    forget_undeclared(ground, plan);
    if ground.input.semantics.people.fields.is_empty() {
        return;
    }
    for (email, person) in &desired.people {
        let asked = desired.subject.asks_for(&person.object) && !desired.frozen.people.contains(email);
        if person.fields.is_empty() || person.offboarded || !asked {
            continue;
        }
        if let Some(found) = find(email, person, ground) {
            decide(email, person, &found, ground, plan);
        }
    }
}

/// Where a person was seen, and what with.
struct Found<'a> {
    account: &'a AccountId,
    person: &'a PersonId,
    fields: &'a Fields,
}

fn find<'a>(email: &Email, person: &DesiredPerson, ground: &Ground<'a>) -> Option<Found<'a>> {
    let declared = ground.input.desired.memberships.iter().filter(|(_, people)| people.contains_key(email));
    declared.into_iter().find_map(|(path, _)| {
        let account = ground.accounts.id(path)?;
        let (account, roster) = ground.rosters.get_key_value(account)?;
        let record = ground.input.state.and_then(|state| state.membership(account, email));
        let bound = person.identity.as_ref().or_else(|| record.and_then(|one| one.person.as_ref()));
        let seat = match bound {
            Some(bound) => roster.by_id(bound)?,
            None => roster.by_email(email)?,
        };
        let fields = ground.input.world.content(account)?.person_fields.get(seat.id)?;
        Some(Found { account, person: seat.id, fields })
    })
}

fn decide(email: &Email, person: &DesiredPerson, found: &Found<'_>, ground: &Ground<'_>, plan: &mut Plan) {
    let address = Address::person(&ground.input.desired.provider, email);
    let remembered = ground.input.state.and_then(|state| state.profiles.get(found.person));
    let Compared { edits, mut drift, fixed } = compare(
        &person.fields,
        found.fields,
        remembered.map(|record| &record.applied),
        ground.input.semantics.people.fields,
    );
    for (change, because) in fixed {
        plan.refused.push(Refused {
            address: address.clone(),
            what: format!("change {}", change.field),
            because,
            next: "declare it as it is".into(),
            place: Some(person.place.clone()),
        });
    }
    if ground.input.desired.policy.drift == DriftPolicy::Report {
        plan.drift.extend(std::mem::take(&mut drift).into_iter().map(|change| Kept {
            address: address.clone(),
            what: change.field,
            because: "changed at the provider; the drift policy is Report".into(),
        }));
    }
    let cause = if edits.is_empty() { Cause::Drift } else { Cause::Declared };
    let fields = Compared { edits, drift, fixed: vec![] }.all();
    let record = ProfileRecord { object: person.object.clone(), applied: person.fields.clone() };
    if fields.is_empty() {
        if remembered != Some(&record) {
            let (id, record) = (found.person.clone(), Box::new(record));
            plan.remember.push(Entry::Profile { id, record });
        }
        return;
    }
    plan.changes.push(PlannedChange {
        title: email.to_string(),
        fields: fields.clone(),
        place: Some(person.place.clone()),
        ..PlannedChange::new(
            ChangeKind::Update,
            cause,
            Change {
                address: address.clone(),
                action: Action::UpdatePerson {
                    account: found.account.clone(),
                    person: found.person.clone(),
                    changes: fields,
                },
            },
            RecordDraft::Known(Record::Profile { person: found.person.clone(), record: Box::new(record) }),
        )
    });
}

/// Lets go of fields that nobody declares any more, and of people who were gone for ever and are there.
fn forget_undeclared(ground: &Ground<'_>, plan: &mut Plan) {
    let Some(state) = ground.input.state else { return };
    let desired = ground.input.desired;
    if !state.profiles.is_empty() {
        let with_fields = desired.people.values().filter(|person| !person.fields.is_empty());
        let declared: BTreeSet<&ObjectRef> = with_fields.map(|person| &person.object).collect();
        let undeclared = state.profiles.iter().filter(|(_, record)| {
            !declared.contains(&record.object)
                && !desired.frozen.objects.contains(&record.object)
                && desired.subject.speaks_for(&record.object)
        });
        plan.remember.extend(undeclared.map(|(id, _)| Entry::DropProfile { id: id.clone() }));
    }
    for email in state.gone.keys() {
        if ground.rosters.values().any(|roster| roster.by_email(email).is_some()) {
            plan.remember.push(Entry::CameBack { email: email.clone() });
        }
    }
}
