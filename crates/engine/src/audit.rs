//! What a provider can't do of what is declared: told, and frozen like any other error. Pure.
//!
//! The last step of reading, for every front end: after `spec::resolve`, before anything is observed.
//!
//! A finding of an audit names the place of a declaration. That declaration, and what depends on it, is left
//! out of what is desired and stays at the provider as it is.

use std::collections::BTreeSet;

use orgform_model::{AccountPath, Desired, Finding, Grant, Place, RoleKey, Severity};
use orgform_provider::ProviderType;

/// Brings what is declared into normal form, audits it, and freezes what has an error.
pub fn audit(provider: &ProviderType, desired: Desired) -> (Desired, Vec<Finding>) {
    let findings = (provider.audit)(&desired);
    let bad: BTreeSet<Place> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .flat_map(|finding| finding.places.iter().cloned())
        .collect();
    let mut desired = (provider.normal)(desired);
    if !bad.is_empty() {
        freeze(&mut desired, &bad);
    }
    (desired, findings)
}

fn freeze(desired: &mut Desired, bad: &BTreeSet<Place>) {
    let at_bad = |place: &Place| bad.iter().any(|bad| bad.file == place.file && bad.line == place.line);
    let mut accounts: BTreeSet<AccountPath> = desired
        .accounts
        .iter()
        .filter(|(_, account)| at_bad(&account.place))
        .map(|(path, _)| path.clone())
        .collect();
    // A child of an account that is left out can't be placed.
    let below: Vec<AccountPath> = desired
        .accounts
        .keys()
        .filter(|path| path.self_and_ancestors().any(|above| accounts.contains(&above)))
        .cloned()
        .collect();
    accounts.extend(below);
    let roles: BTreeSet<RoleKey> = desired
        .roles
        .iter()
        .filter(|(key, role)| at_bad(&role.place) || accounts.contains(&key.account))
        .map(|(key, _)| key.clone())
        .collect();
    let frozen = &mut desired.frozen;
    desired.accounts.retain(|path, account| {
        let goes = accounts.contains(path);
        if goes {
            frozen.objects.insert(account.object.clone());
        }
        !goes
    });
    desired.roles.retain(|key, role| {
        let goes = roles.contains(key);
        if goes {
            frozen.objects.insert(role.object.clone());
        }
        !goes
    });
    for (email, person) in &desired.people {
        if at_bad(&person.place) {
            frozen.objects.insert(person.object.clone());
            frozen.people.insert(email.clone());
        }
    }
    desired.memberships.retain(|path, people| {
        people.retain(|email, one| {
            let uses_bad_role =
                one.grants.keys().any(|grant| matches!(grant, Grant::Role(key) if roles.contains(key)));
            let goes = accounts.contains(path)
                || uses_bad_role
                || at_bad(&one.place)
                || frozen.people.contains(email);
            if goes {
                frozen.objects.insert(one.object.clone());
                frozen.people.insert(email.clone());
            }
            !goes
        });
        !people.is_empty()
    });
}
