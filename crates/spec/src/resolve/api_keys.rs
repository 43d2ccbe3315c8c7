//! API keys: whose they are, which roles they have, and where their secrets go.

use std::collections::{BTreeSet, HashMap};

use orgform_model::desired::DesiredApiKey;
use orgform_model::{ApiKeyId, ApiKeyLabel, Finding, Grant, SecretPlace, Value};

use super::Run;
use super::accounts::{Accounts, Seat, tell_unknown_account, unknown_fields, with_natural_key};
use super::names::Index;
use super::roles::{Meaning, Roles};
use crate::manifest::{ApiKey, Object};
use crate::names::quoted;

/// The account of a key, and its roles if they are declared.
type Placed = (Seat, Option<BTreeSet<Grant>>);

pub(super) fn place_api_keys<'m>(run: &mut Run<'m>, accounts: &Accounts<'m>, roles: &Roles<'m>) {
    let objects: &'m [Object<ApiKey>] = &run.manifest.api_keys;
    let index = Index::new(objects);
    let mut placed: Vec<Option<Placed>> = Vec::with_capacity(objects.len());
    for (at, object) in objects.iter().enumerate() {
        let found = place(run, accounts, roles, object);
        placed.push(found.filter(|_| index.is_unique(at)));
    }
    for at in same_names(run, objects, &placed).into_iter().chain(same_places(run, objects)) {
        placed[at] = None;
    }
    for (object, placed) in objects.iter().zip(placed) {
        match placed {
            Some((seat, roles)) => add_api_key(run, object, &seat, roles),
            None => run.freeze(object.object()),
        }
    }
}

/// The account and the roles of a key, if all that it names is right.
fn place(
    run: &mut Run<'_>,
    accounts: &Accounts<'_>,
    roles: &Roles<'_>,
    object: &Object<ApiKey>,
) -> Option<Placed> {
    let account = object.spec.account.as_ref()?;
    let Some(at) = accounts.index.find(&account.value) else {
        tell_unknown_account(run, accounts, object.place_of(account.span), &account.value);
        return None;
    };
    let seat = accounts.spots[at].clone()?;
    let semantics = run.targets[seat.target].semantics;
    let before = run.findings.len();
    let Some(keys) = &semantics.api_keys else {
        let said = format!("{} has no API keys that can be declared", semantics.title);
        run.findings.push(Finding::error(said, object.place()));
        return None;
    };
    let whose = format!("{} API keys", semantics.kind);
    run.findings.extend(unknown_fields(object, &object.spec.field_spans, keys.fields, &whose));
    let mut frozen = false;
    let mut grants = BTreeSet::new();
    for name in object.spec.roles.iter().flatten() {
        match roles.meaning(run, &seat, name) {
            Meaning::Grant(grant) => drop(grants.insert(grant)),
            Meaning::Frozen => frozen = true,
            Meaning::Unknown(finding) => {
                run.findings.push(Finding { places: vec![object.place_of(name.span)], ..*finding });
            }
        }
    }
    if let (false, Some(first)) = (keys.roles, object.spec.roles.iter().flatten().next()) {
        let said = format!("API keys of {} have no roles", semantics.title);
        let place = object.place_of(first.span);
        run.findings.push(Finding::error(said, place).hint("leave `roles` out."));
    }
    let right = run.findings.len() == before && !frozen && !object.broken && accounts.seats[at].is_some();
    right.then(|| (seat, object.spec.roles.is_some().then_some(grants)))
}

/// Two keys of one name in one account could not be told apart.
fn same_names(run: &mut Run<'_>, objects: &[Object<ApiKey>], placed: &[Option<Placed>]) -> Vec<usize> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut same = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let Some((seat, _)) = &placed[at] else { continue };
        let what = match &object.spec.external_id {
            Some(id) => (true, id.value.as_str()),
            None => {
                let key = run.targets[seat.target].semantics.api_keys.as_ref().map(|keys| keys.natural_key);
                let name = key.and_then(|key| object.spec.fields.get(key)).and_then(Value::as_text);
                (false, name.unwrap_or(&object.name.value))
            }
        };
        let first = *seen.entry((seat.target, seat.path.clone(), what)).or_insert(at);
        if first != at {
            let said = format!("two API keys of one account are {}", quoted(what.1));
            run.findings.push(
                Finding::error(said, object.place())
                    .also_at(objects[first].place())
                    .hint("keep one, or give one another `displayName`."),
            );
            same.extend([first, at]);
        }
    }
    same
}

/// Two secrets in one place: one of them would be lost.
fn same_places(run: &mut Run<'_>, objects: &[Object<ApiKey>]) -> Vec<usize> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut same = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let Some(place) = &object.spec.secret_to else { continue };
        let texts = match &place.value {
            // Beside a secret is the id of its key.
            SecretPlace::File { path } => vec![path.clone(), format!("{path}.id")],
            SecretPlace::SecretKeyRef { .. } => vec![place.value.to_string()],
        };
        let clash = texts.iter().find_map(|text| seen.get(text).copied());
        seen.extend(texts.into_iter().map(|text| (text, at)));
        if let Some(first) = clash {
            let said = format!("the secrets of two API keys go to {}", quoted(&place.value.to_string()));
            let other = objects[first].spec.secret_to.as_ref();
            let other = other.map_or_else(|| objects[first].place(), |one| objects[first].place_of(one.span));
            let finding = Finding::error(said, object.place_of(place.span)).also_at(other);
            run.findings.push(finding.hint("give each key a place of its own."));
            same.extend([first, at]);
        }
    }
    same
}

fn add_api_key(run: &mut Run<'_>, object: &Object<ApiKey>, seat: &Seat, roles: Option<BTreeSet<Grant>>) {
    let target = &mut run.targets[seat.target];
    let ApiKey { account: _, fields, field_spans: _, roles: _, secret_to, removal, external_id } =
        &object.spec;
    let Some(keys) = &target.semantics.api_keys else { return };
    let key = DesiredApiKey {
        object: object.object(),
        place: object.place(),
        external_id: external_id.as_ref().map(|id| ApiKeyId::from(id.value.as_str())),
        fields: with_natural_key(fields, keys.natural_key, &object.name.value, external_id.is_some()),
        roles,
        secret_to: secret_to.as_ref().map(|place| place.value.clone()),
        removal: removal.unwrap_or(target.desired.policy.removal.api_keys),
    };
    let label = ApiKeyLabel::new(seat.path.clone(), object.name.value.clone());
    target.desired.api_keys.insert(label, key);
}
