//! Which accounts an edit of the declarations touches. Pure.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::{AccountId, AccountPath, Desired, ProviderState};

/// The accounts that two versions of what is declared differ in; none if they may differ in everything.
pub(crate) fn edited(
    before: &Desired,
    after: &Desired,
    state: &ProviderState,
) -> Option<BTreeSet<AccountId>> {
    let Desired { provider, policy, accounts, roles, memberships, people, api_keys, frozen, subject } =
        before;
    if *provider != after.provider
        || *policy != after.policy
        || *frozen != after.frozen
        || *subject != after.subject
    {
        return None;
    }
    let mut paths: BTreeSet<&AccountPath> = BTreeSet::new();
    paths.extend(differing(accounts, &after.accounts));
    paths.extend(differing(roles, &after.roles).map(|key| &key.account));
    paths.extend(differing(memberships, &after.memberships));
    paths.extend(differing(api_keys, &after.api_keys).map(|label| &label.account));
    for email in differing(people, &after.people) {
        let said = [people.get(email), after.people.get(email)];
        // What is said of a person holds wherever the person is.
        if said.iter().all(Option::is_some) || said.iter().flatten().any(|person| person.offboarded) {
            return None;
        }
    }
    let known = state.accounts.iter().filter(|(_, record)| paths.contains(&record.path));
    Some(known.map(|(id, _)| id.clone()).collect())
}

/// The keys of what is in one map only, or not the same in both.
fn differing<'m, K: Ord, V: PartialEq>(
    before: &'m BTreeMap<K, V>,
    after: &'m BTreeMap<K, V>,
) -> impl Iterator<Item = &'m K> {
    let gone = before.iter().filter(|(key, value)| after.get(key) != Some(value));
    let new = after.iter().filter(|(key, _)| !before.contains_key(key));
    gone.chain(new).map(|(key, _)| key)
}
