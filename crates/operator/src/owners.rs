//! Which object each part of a state belongs to. Pure.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::state::{Entry, Intent, Record};
use orgform_model::{AccountPath, Address, Desired, ObjectRef, ProviderState, RoleKey, Thing};

/// The entries that make up what is remembered of one object.
pub(crate) fn entries_of(state: &ProviderState, object: &ObjectRef) -> Vec<Entry> {
    let only = BTreeSet::from([object.clone()]);
    entries_by_object(state, &only).remove(object).unwrap_or_default()
}

/// The entries that make up what is remembered of each of these objects; none where that is nothing.
pub(crate) fn entries_by_object(
    state: &ProviderState,
    objects: &BTreeSet<ObjectRef>,
) -> BTreeMap<ObjectRef, Vec<Entry>> {
    let ProviderState { accounts, roles, memberships, api_keys, profiles, .. } = state;
    let mut all: BTreeMap<ObjectRef, Vec<Entry>> = BTreeMap::new();
    let mut add = |object: &ObjectRef, entry: Entry| all.entry(object.clone()).or_default().push(entry);
    for (id, record) in accounts.iter().filter(|(_, record)| objects.contains(&record.object)) {
        add(&record.object, Entry::Account { id: id.clone(), record: Box::new(record.clone()) });
    }
    for (id, record) in roles.iter().filter(|(_, record)| objects.contains(&record.object)) {
        add(&record.object, Entry::Role { id: id.clone(), record: Box::new(record.clone()) });
    }
    for (account, people) in memberships {
        for (email, record) in people.iter().filter(|(_, record)| objects.contains(&record.object)) {
            let (account, email, one) = (account.clone(), email.clone(), Box::new(record.clone()));
            add(&record.object, Entry::Membership { account, email, record: one });
        }
    }
    for (id, record) in api_keys.iter().filter(|(_, record)| objects.contains(&record.object)) {
        add(&record.object, Entry::ApiKey { id: id.clone(), record: Box::new(record.clone()) });
    }
    for (id, record) in profiles.iter().filter(|(_, record)| objects.contains(&record.object)) {
        add(&record.object, Entry::Profile { id: id.clone(), record: Box::new(record.clone()) });
    }
    all
}

/// The objects that something at the provider is remembered of. Fields of a person are none: they stay as they are.
pub(crate) fn owners(state: &ProviderState) -> BTreeSet<ObjectRef> {
    let ProviderState { accounts, roles, memberships, api_keys, intents, .. } = state;
    accounts
        .values()
        .map(|record| &record.object)
        .chain(roles.values().map(|record| &record.object))
        .chain(memberships.values().flat_map(BTreeMap::values).map(|record| &record.object))
        .chain(api_keys.values().map(|record| &record.object))
        .cloned()
        .chain(intents.values().filter_map(|intent| owner_of_intent(state, intent)))
        .collect()
}

/// The objects whose memory an entry changes.
pub(crate) fn changed_by(state: &ProviderState, entry: &Entry) -> BTreeSet<ObjectRef> {
    let mut changed = BTreeSet::new();
    match entry {
        Entry::Account { id, record } => {
            changed.insert(record.object.clone());
            changed.extend(state.accounts.get(id).map(|one| one.object.clone()));
        }
        Entry::Role { id, record } => {
            changed.insert(record.object.clone());
            changed.extend(state.roles.get(id).map(|one| one.object.clone()));
        }
        Entry::ApiKey { id, record } => {
            changed.insert(record.object.clone());
            changed.extend(state.api_keys.get(id).map(|one| one.object.clone()));
        }
        Entry::Membership { account, email, record } => {
            changed.insert(record.object.clone());
            changed.extend(state.membership(account, email).map(|one| one.object.clone()));
        }
        Entry::DropMembership { account, email } | Entry::Retain { account, email } => {
            changed.extend(state.membership(account, email).map(|one| one.object.clone()));
        }
        Entry::DropRole { id } => changed.extend(state.roles.get(id).map(|one| one.object.clone())),
        Entry::DropApiKey { id } => changed.extend(state.api_keys.get(id).map(|one| one.object.clone())),
        Entry::Profile { id, record } => {
            changed.insert(record.object.clone());
            changed.extend(state.profiles.get(id).map(|one| one.object.clone()));
        }
        Entry::DropProfile { id } => changed.extend(state.profiles.get(id).map(|one| one.object.clone())),
        Entry::ForgetAccount { id } => changed.extend(state.accounts.get(id).map(|one| one.object.clone())),
        Entry::DropAccount { id } => {
            changed.extend(state.accounts.get(id).map(|one| one.object.clone()));
            let people = state.memberships.get(id).into_iter().flat_map(BTreeMap::values);
            changed.extend(people.map(|one| one.object.clone()));
            let roles = state.roles.values().filter(|one| one.account == *id);
            changed.extend(roles.map(|one| one.object.clone()));
            let keys = state.api_keys.values().filter(|one| one.account == *id);
            changed.extend(keys.map(|one| one.object.clone()));
        }
        Entry::Connected { .. }
        | Entry::Intend { .. }
        | Entry::Settled { .. }
        | Entry::Verified
        | Entry::GoneForEver { .. }
        | Entry::CameBack { .. }
        | Entry::Person { .. }
        | Entry::DropPerson { .. }
        | Entry::FixedRole { .. }
        | Entry::Lost(_)
        | Entry::Spent { .. }
        | Entry::Expire { .. } => {}
    }
    changed
}

/// What to record to let go of everything that is remembered of an object. People are kept from authority.
pub(crate) fn letting_go(state: &ProviderState, object: &ObjectRef) -> Vec<Entry> {
    let intents =
        state.intents.iter().filter(|(_, intent)| owner_of_intent(state, intent).as_ref() == Some(object));
    let settled = intents.map(|(address, _)| Entry::Settled { address: address.clone() });
    let dropped = entries_of(state, object).into_iter().filter_map(|entry| match entry {
        // What is in an account is of other objects, and stays ours until it is dealt with.
        Entry::Account { id, .. } => Some(Entry::ForgetAccount { id }),
        Entry::Role { id, .. } => Some(Entry::DropRole { id }),
        Entry::ApiKey { id, .. } => Some(Entry::DropApiKey { id }),
        Entry::Membership { account, email, .. } => Some(Entry::Retain { account, email }),
        Entry::Profile { id, .. } => Some(Entry::DropProfile { id }),
        _ => None,
    });
    settled.chain(dropped).collect()
}

/// The object that an address is about: the one that declares it, else the one that did.
pub(crate) fn object_of(
    address: &Address,
    desired: &Desired,
    state: Option<&ProviderState>,
) -> Option<ObjectRef> {
    declared(address, desired).or_else(|| remembered(address, state?))
}

fn declared(address: &Address, desired: &Desired) -> Option<ObjectRef> {
    match &address.thing {
        Thing::Account(path) => desired.accounts.get(path).map(|one| one.object.clone()),
        Thing::Role(key) => desired.roles.get(key).map(|one| one.object.clone()),
        Thing::Member(path, email) => desired.membership(path, email).map(|one| one.object.clone()),
        Thing::Person(email) => desired.people.get(email).map(|one| one.object.clone()),
        Thing::ApiKey(label) => desired.api_keys.get(label).map(|one| one.object.clone()),
    }
}

fn remembered(address: &Address, state: &ProviderState) -> Option<ObjectRef> {
    let account = |path: &AccountPath| {
        let known = state.accounts.iter().find(|(_, record)| record.path == *path).map(|(id, _)| id.clone());
        known.or_else(|| {
            let named = |id: &&orgform_model::AccountId| AccountPath::undeclared(None, id) == *path;
            state.memberships.keys().find(named).cloned()
        })
    };
    match &address.thing {
        Thing::Account(path) => {
            state.accounts.values().find(|record| record.path == *path).map(|one| one.object.clone())
        }
        Thing::Role(RoleKey { name, .. }) => {
            state.roles.values().find(|record| record.key.name == *name).map(|one| one.object.clone())
        }
        Thing::Member(path, email) => {
            let of_account = account(path).and_then(|id| state.membership(&id, email));
            let anywhere = || state.memberships.values().find_map(|people| people.get(email));
            of_account.or_else(anywhere).map(|one| one.object.clone())
        }
        Thing::Person(email) => {
            state.memberships.values().find_map(|people| people.get(email)).map(|one| one.object.clone())
        }
        Thing::ApiKey(label) => {
            state.api_keys.values().find(|record| record.label == *label).map(|one| one.object.clone())
        }
    }
}

fn owner_of_intent(state: &ProviderState, intent: &Intent) -> Option<ObjectRef> {
    match &intent.then.record {
        Record::Account(record) => Some(record.object.clone()),
        Record::Role(record) => Some(record.object.clone()),
        Record::Membership { record, .. } => Some(record.object.clone()),
        Record::ApiKey(record) => Some(record.object.clone()),
        Record::DropAccount(id) => state.accounts.get(id).map(|one| one.object.clone()),
        Record::DropRole(id) => state.roles.get(id).map(|one| one.object.clone()),
        Record::DropApiKey(id) => state.api_keys.get(id).map(|one| one.object.clone()),
        Record::Profile { record, .. } => Some(record.object.clone()),
        Record::DropMembership { account, email } | Record::GoneForEver { account, email, .. } => {
            state.membership(account, email).map(|one| one.object.clone())
        }
        Record::Nothing => None,
    }
}
