//! What is there, as the judge asks about it.

use std::collections::BTreeSet;

use orgform_sim::pureport::{TrueAccount, TrueInvite, Truth};

use super::Key;

pub(super) fn admin_of(account: &TrueAccount) -> Option<String> {
    account.roles.iter().find(|(_, role)| role.predefined).map(|(id, _)| id.clone())
}

/// Ids of all accounts and roles.
pub(super) fn things(truth: &Truth) -> BTreeSet<String> {
    let roles = truth.accounts.values().flat_map(|account| account.roles.keys());
    truth.accounts.keys().chain(roles).cloned().collect()
}

/// Ids of accounts and roles that were changed themselves, or are gone.
pub(super) fn changed(before: &Truth, after: &Truth) -> BTreeSet<String> {
    let mut changed = BTreeSet::new();
    for (id, was) in &before.accounts {
        let is = after.accounts.get(id);
        if is.is_none_or(|is| (&is.name, &is.description) != (&was.name, &was.description)) {
            changed.insert(id.clone());
        }
        // The roles of an account go with it.
        let Some(is) = is else { continue };
        let roles = was.roles.iter().filter(|(role, one)| is.roles.get(*role) != Some(one));
        changed.extend(roles.map(|(role, _)| role.clone()));
    }
    changed
}

/// Everybody who is a member or invited.
pub(super) fn keys(truth: &Truth) -> BTreeSet<Key> {
    let of = |(id, account): (&String, &TrueAccount)| {
        let emails = account.members.keys().chain(account.invites.values().map(|invite| &invite.email));
        emails.map(|email| (id.clone(), email.clone())).collect::<Vec<_>>()
    };
    truth.accounts.iter().flat_map(of).collect()
}

/// Who others had a hand in.
pub(super) fn touched(meanwhile: &[(Truth, Truth)]) -> BTreeSet<Key> {
    let of = |(before, after): &(Truth, Truth)| {
        let all: Vec<Key> = keys(before).union(&keys(after)).cloned().collect();
        let differs =
            |key: &Key| held(before, key) != held(after, key) || live(before, key) != live(after, key);
        all.into_iter().filter(differs).collect::<Vec<_>>()
    };
    meanwhile.iter().flat_map(of).collect()
}

/// Roles of a person in an account, those of invites included.
pub(super) fn held(truth: &Truth, (account, email): &Key) -> BTreeSet<String> {
    let Some(account) = truth.accounts.get(account) else { return BTreeSet::new() };
    let invites =
        account.invites.values().filter(|invite| invite.email == *email).flat_map(|invite| &invite.roles);
    account.members.get(email).into_iter().flatten().chain(invites).cloned().collect()
}

/// What shows of a person: an invite beside a membership does not.
pub(super) fn shown(truth: &Truth, key: &Key) -> BTreeSet<String> {
    let member = truth.accounts.get(&key.0).and_then(|account| account.members.get(&key.1));
    member.cloned().unwrap_or_else(|| held(truth, key))
}

/// A member, or invited, expired or not.
pub(super) fn present(truth: &Truth, (account, email): &Key) -> bool {
    truth.accounts.get(account).is_some_and(|account| {
        account.members.contains_key(email) || account.invites.values().any(|invite| invite.email == *email)
    })
}

/// A member, or with an invite that can be accepted.
pub(super) fn live(truth: &Truth, (account, email): &Key) -> bool {
    truth.accounts.get(account).is_some_and(|account| {
        let pending = |invite: &TrueInvite| invite.email == *email && !invite.expired;
        account.members.contains_key(email) || account.invites.values().any(pending)
    })
}

pub(super) fn title(truth: &Truth, role: &str) -> String {
    let found = truth.accounts.values().find_map(|account| account.roles.get(role));
    found.map_or_else(|| role.to_owned(), |one| one.name.clone())
}

/// Roles as a declaration tells them apart: every role that an account was born with is `admin`.
pub(super) fn told_apart(truth: &Truth, roles: &BTreeSet<String>) -> BTreeSet<String> {
    let predefined: BTreeSet<&String> = truth
        .accounts
        .values()
        .flat_map(|account| account.roles.iter().filter(|(_, role)| role.predefined).map(|(id, _)| id))
        .collect();
    roles.iter().map(|id| if predefined.contains(id) { "admin".to_owned() } else { id.clone() }).collect()
}
