//! The tree of accounts: parents, providers, paths.

use std::collections::HashMap;

use orgform_model::desired::DesiredAccount;
use orgform_model::semantics::FieldRule;
use orgform_model::{AccountId, AccountPath, Fields, Finding, Place, Value};

use super::Run;
use super::names::Index;
use crate::manifest::{Account, Object};
use crate::names::quoted;
use crate::near::did_you_mean;
use crate::yaml::Span;

/// Where each account stands.
pub(super) struct Accounts<'m> {
    pub(super) index: Index<'m>,
    /// By position; none where the account, or one above it, has an error.
    pub(super) seats: Vec<Option<Seat>>,
    /// By position, also of erroneous ones where it can be told: what names them is still checked.
    pub(super) spots: Vec<Option<Seat>>,
}

/// Where one account stands.
#[derive(Clone)]
pub(super) struct Seat {
    pub(super) target: usize,
    pub(super) path: AccountPath,
}

/// How far an account is.
#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Not,
    Now,
    Done,
}

pub(super) fn place_accounts<'m>(run: &mut Run<'m>) -> Accounts<'m> {
    let objects: &'m [Object<Account>] = &run.manifest.accounts;
    let nowhere = vec![None; objects.len()];
    let mut accounts = Accounts { index: Index::new(objects), seats: nowhere.clone(), spots: nowhere };
    let mut visits = vec![Visit::Not; objects.len()];
    for start in 0..objects.len() {
        // Up to an account that is placed, to the top, or around a loop; then down again.
        let mut chain = Vec::new();
        let mut next = Some(start);
        while let Some(at) = next.filter(|at| visits[*at] == Visit::Not) {
            visits[at] = Visit::Now;
            chain.push(at);
            next = parent_of(run, &accounts, &objects[at]);
        }
        if let Some(at) = next.filter(|at| visits[*at] == Visit::Now) {
            tell_loop(run, &chain, at);
        }
        for at in chain.into_iter().rev() {
            visits[at] = Visit::Done;
            if let Some((spot, right)) = spot(run, &accounts, at) {
                accounts.seats[at] = right.then(|| spot.clone());
                accounts.spots[at] = Some(spot);
            }
        }
    }
    tell_same_accounts(run, &mut accounts);
    for (at, object) in objects.iter().enumerate() {
        match accounts.seats[at].clone() {
            Some(seat) => add_account(run, object, &seat),
            None => run.freeze(object.object()),
        }
    }
    accounts
}

/// The position of the parent; an unknown one is told.
fn parent_of(run: &mut Run<'_>, accounts: &Accounts<'_>, object: &Object<Account>) -> Option<usize> {
    let parent = object.spec.parent.as_ref()?;
    let found = accounts.index.find(&parent.value);
    if found.is_none() {
        tell_unknown_account(run, accounts, object.place_of(parent.span), &parent.value);
    }
    found
}

pub(super) fn tell_unknown_account(run: &mut Run<'_>, accounts: &Accounts<'_>, place: Place, name: &str) {
    let near = || did_you_mean(name, accounts.index.names());
    // One slip in a name is often everywhere; looking for what is near is the costly part.
    let hint = run.near_accounts.entry(name.to_owned()).or_insert_with(near).clone();
    let said = format!("no Account {} here", quoted(name));
    run.findings.push(Finding { hint, ..Finding::error(said, place).label("not declared in this root") });
}

fn tell_loop(run: &mut Run<'_>, chain: &[usize], at: usize) {
    let objects = &run.manifest.accounts;
    let from = chain.iter().position(|one| *one == at).unwrap_or(0);
    let around = &chain[from..];
    let names: Vec<_> = around.iter().chain([&at]).map(|one| &*objects[*one].name.value).collect();
    let place = |one: &usize| {
        let object = &objects[*one];
        object.place_of(object.spec.parent.as_ref().map_or(object.name.span, |parent| parent.span))
    };
    let (said, hint) = match around {
        [_] => (format!("the account {} is its own parent", quoted(names[0])), "name another, or none."),
        _ => {
            let said = format!("accounts are each other's parents: {}", names.join(" → "));
            (said, "one of them has no `parentRef`, or another one.")
        }
    };
    let mut finding = Finding::error(said, place(&at)).hint(hint);
    finding.places = around.iter().map(place).collect();
    run.findings.push(finding);
}

/// Where an account stands, as far as that can be told, and whether it and all above it are right.
fn spot(run: &mut Run<'_>, accounts: &Accounts<'_>, at: usize) -> Option<(Seat, bool)> {
    let object = &run.manifest.accounts[at];
    let mut right = !object.broken;
    let own = match &object.spec.provider {
        Some(provider) => {
            let own = run.target(&provider.value, || object.place_of(provider.span));
            right &= own.is_some();
            own
        }
        None => None,
    };
    let seat = match &object.spec.parent {
        None => Seat { target: own?, path: AccountPath::new(object.name.value.clone()) },
        Some(parent) => {
            // In a loop, the parent has no spot yet: so none of the loop has.
            let parent_at = accounts.index.find(&parent.value)?;
            let above = accounts.spots[parent_at].clone()?;
            right &= accounts.seats[parent_at].is_some();
            if own.is_some_and(|own| own != above.target) {
                let above = &run.targets[above.target].object.name.value;
                let said = format!("the parent {} is at another provider", quoted(&parent.value));
                run.findings.push(
                    Finding::error(said, object.place_of(parent.span)).label(format!("it is at {above}")),
                );
                return None;
            }
            if !run.targets[above.target].semantics.accounts.tree {
                let title = run.targets[above.target].semantics.title;
                let said = format!("{title} accounts have no parents");
                run.findings.push(Finding::error(said, object.place_of(parent.span)));
                right = false;
            }
            Seat { target: above.target, path: above.path.child(&object.name.value) }
        }
    };
    let semantics = run.targets[seat.target].semantics;
    let findings = unknown_fields(
        object,
        &object.spec.field_spans,
        semantics.accounts.fields,
        &format!("{} accounts", semantics.kind),
    );
    right &= findings.is_empty();
    run.findings.extend(findings);
    // A parent that could not be read would look like none; of two objects of one name either may be meant.
    let certain = accounts.index.is_unique(at) && (!object.broken || object.spec.parent.is_some());
    certain.then_some((seat, right))
}

/// Fields that the provider does not have.
pub(super) fn unknown_fields<T>(
    object: &Object<T>,
    written: &[(&'static str, Span)],
    rules: &[FieldRule],
    whose: &str,
) -> Vec<Finding> {
    let unknown = written.iter().filter(|(name, _)| !rules.iter().any(|rule| rule.name == *name));
    unknown
        .map(|(name, span)| Finding::error(format!("{whose} have no `{name}`"), object.place_of(*span)))
        .collect()
}

/// The declared fields; the natural key is the object's name unless something else is said.
pub(super) fn with_natural_key(fields: &Fields, key: &str, name: &str, has_id: bool) -> Fields {
    let mut fields = fields.clone();
    // An id tells which one it is: then a name that nobody wrote would be a rename that nobody asked for.
    if !has_id && !fields.contains_key(key) {
        fields.insert(key.to_owned(), Value::text(name));
    }
    fields
}

/// Two declarations of one account: the same id, or the same natural key under one parent.
fn tell_same_accounts(run: &mut Run<'_>, accounts: &mut Accounts<'_>) {
    let objects = &run.manifest.accounts;
    let mut by_id: HashMap<(usize, &str), usize> = HashMap::new();
    let mut by_key: HashMap<(usize, Option<AccountPath>, String), usize> = HashMap::new();
    let mut same = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let Some(seat) = &accounts.spots[at] else { continue };
        let first = match &object.spec.external_id {
            Some(id) => *by_id.entry((seat.target, &id.value)).or_insert(at),
            None => {
                let key = run.targets[seat.target].semantics.accounts.natural_key;
                if object.broken && !object.spec.fields.contains_key(key) {
                    // Its name may be what could not be read.
                    continue;
                }
                let name = object.spec.fields.get(key).and_then(Value::as_text).unwrap_or(&object.name.value);
                *by_key.entry((seat.target, seat.path.parent(), name.to_owned())).or_insert(at)
            }
        };
        if first != at {
            same.push((first, at));
        }
    }
    for (first, second) in same {
        let (one, other) = (&objects[first], &objects[second]);
        let finding = match &other.spec.external_id {
            Some(id) => {
                let one_span = one.spec.external_id.as_ref().map_or(one.name.span, |id| id.span);
                Finding::error(
                    format!("two accounts have the id {}", quoted(&id.value)),
                    other.place_of(id.span),
                )
                .also_at(one.place_of(one_span))
                .hint("keep one.")
            }
            None => {
                let key = accounts.spots[second].as_ref().map(|seat| run.targets[seat.target].semantics);
                let name = key
                    .and_then(|semantics| other.spec.fields.get(semantics.accounts.natural_key)?.as_text());
                let name = name.unwrap_or(&other.name.value);
                let said = format!("two accounts with the same parent are named {}", quoted(name));
                Finding::error(said, other.place())
                    .also_at(one.place())
                    .hint("give one another `displayName`, or tell them apart by `externalId`.")
            }
        };
        run.findings.push(finding);
        accounts.unseat(first);
        accounts.unseat(second);
    }
}

impl Accounts<'_> {
    /// Takes an account and all below it out.
    fn unseat(&mut self, at: usize) {
        let Some(top) = self.seats[at].take() else { return };
        let below = format!("{}/", top.path);
        for seat in &mut self.seats {
            let within = |seat: &Seat| seat.target == top.target && seat.path.as_str().starts_with(&below);
            if seat.as_ref().is_some_and(within) {
                *seat = None;
            }
        }
    }
}

fn add_account(run: &mut Run<'_>, object: &Object<Account>, seat: &Seat) {
    let target = &mut run.targets[seat.target];
    let Account {
        provider: _,
        parent: _,
        fields,
        field_spans: _,
        authoritative_members,
        manage,
        external_id,
        adoption,
    } = &object.spec;
    let natural_key = target.semantics.accounts.natural_key;
    let account = DesiredAccount {
        object: object.object(),
        place: object.place(),
        parent: seat.path.parent(),
        manage: *manage,
        external_id: external_id.as_ref().map(|id| AccountId::from(id.value.as_str())),
        fields: with_natural_key(fields, natural_key, &object.name.value, external_id.is_some()),
        authoritative_members: *authoritative_members,
        adoption: *adoption,
        removal: target.desired.policy.removal.accounts,
    };
    target.desired.accounts.insert(seat.path.clone(), account);
}
