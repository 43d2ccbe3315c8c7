//! What state knows, by address. Pure; `show`, `invites` and `forget` read it.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::state::{AccountRecord, ApiKeyRecord, Entry, MembershipRecord, RoleRecord, SecretFate};
use orgform_model::{
    AccountId, AccountPath, Address, ApiKeyId, ApiKeyLabel, Email, ProviderName, ProviderState, RoleId,
    RoleKey, Timestamp,
};

/// One thing of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ours<'a> {
    /// An account.
    Account(&'a AccountId, &'a AccountRecord),
    /// A custom role.
    Role(&'a RoleId, &'a RoleRecord),
    /// A membership.
    Membership(&'a AccountId, &'a Email, &'a MembershipRecord),
    /// An API key.
    ApiKey(&'a ApiKeyId, &'a ApiKeyRecord),
}

/// Everything of ours at one provider, by address.
pub(crate) fn ours<'a>(provider: &ProviderName, state: &'a ProviderState) -> BTreeMap<Address, Ours<'a>> {
    let accounts = state
        .accounts
        .iter()
        .map(|(id, record)| (Address::account(provider, &record.path), Ours::Account(id, record)));
    let roles = state.roles.iter().map(|(id, record)| {
        // What the account is called now: a role that is gone is not remembered anew when its account is.
        let path = state.accounts.get(&record.account).map_or(&record.key.account, |account| &account.path);
        let key = RoleKey::new(path.clone(), record.key.name.clone());
        (Address::role(provider, &key), Ours::Role(id, record))
    });
    let memberships = state.memberships.iter().flat_map(|(account, people)| {
        let path = path_of(state, account);
        people.iter().map(move |(email, record)| {
            (Address::member(provider, &path, email), Ours::Membership(account, email, record))
        })
    });
    let keys = state.api_keys.iter().map(|(id, record)| {
        let address = Address::api_key(provider, &label_of(state, id, record));
        (address, Ours::ApiKey(id, record))
    });
    accounts.chain(roles).chain(memberships).chain(keys).collect()
}

/// The label of a key; one that is on its way out is named by its id, since another has its name.
fn label_of(state: &ProviderState, id: &ApiKeyId, record: &ApiKeyRecord) -> ApiKeyLabel {
    let replaced = state.api_keys.values().any(|other| other.replaces.as_ref() == Some(id));
    match replaced || record.secret == SecretFate::Lost {
        true => ApiKeyLabel::undeclared(record.label.account.clone(), id),
        false => record.label.clone(),
    }
}

/// The label of an account: its path where we know it, else its id in braces.
pub(crate) fn path_of(state: &ProviderState, account: &AccountId) -> AccountPath {
    match state.accounts.get(account) {
        Some(record) => record.path.clone(),
        None => AccountPath::undeclared(None, account),
    }
}

/// The names of granted roles, each with its end.
pub(crate) fn granted(
    state: &ProviderState,
    record: &MembershipRecord,
) -> BTreeMap<String, Option<Timestamp>> {
    record.granted.iter().map(|(role, ends)| (role_name(state, role), *ends)).collect()
}

/// What people write for a role, custom or fixed; its id where neither is remembered.
pub(crate) fn role_name(state: &ProviderState, role: &RoleId) -> String {
    let custom = state.roles.get(role).map(|role| role.key.name.to_string());
    custom.or_else(|| state.fixed_roles.get(role).cloned()).unwrap_or_else(|| role.to_string())
}

/// Whether an address is, or lies in, what was asked for: an account has its roles and memberships in it, a
/// person all memberships.
pub(crate) fn is_within(address: &Address, asked: &Address) -> bool {
    use orgform_model::Thing;
    address.provider == asked.provider
        && match &asked.thing {
            Thing::Account(path) => address.account_path() == Some(path),
            Thing::Person(email) => address.email() == Some(email),
            Thing::Role(_) | Thing::Member(..) | Thing::ApiKey(_) => address == asked,
        }
}

/// What to record to let go of one address without a call; empty when nothing of it is remembered.
///
/// A membership that is let go of is kept from then on: authority does not remove it.
pub(crate) fn letting_go(provider: &ProviderName, state: &ProviderState, asked: &Address) -> Vec<Entry> {
    let known = ours(provider, state);
    let begun: BTreeSet<&Address> =
        state.intents.keys().filter(|address| is_within(address, asked)).collect();
    let settled = begun.into_iter().map(|address| Entry::Settled { address: address.clone() });
    let dropped =
        known.iter().filter(|(address, _)| is_within(address, asked)).map(|(_, thing)| match thing {
            Ours::Account(id, _) => Entry::DropAccount { id: (*id).clone() },
            Ours::Role(id, _) => Entry::DropRole { id: (*id).clone() },
            Ours::ApiKey(id, _) => Entry::DropApiKey { id: (*id).clone() },
            Ours::Membership(account, email, _) => {
                Entry::Retain { account: (*account).clone(), email: (*email).clone() }
            }
        });
    // An account goes last: dropping it first would keep no member of it from authority.
    let (accounts, within): (Vec<_>, Vec<_>) =
        dropped.partition(|entry| matches!(entry, Entry::DropAccount { .. }));
    within.into_iter().chain(accounts).chain(settled).collect()
}

#[cfg(test)]
mod tests {
    use orgform_model::policy::Removal;
    use orgform_model::state::MailRecord;
    use orgform_model::{Fields, ObjectKind, ObjectRef};

    use super::*;

    fn remembered() -> ProviderState {
        let mut state = ProviderState::default();
        let path = AccountPath::from("acme/finance");
        state.record(Entry::Account {
            id: "ac-1".into(),
            record: Box::new(AccountRecord {
                object: ObjectRef::of_file(ObjectKind::Account, "finance"),
                path: path.clone(),
                applied: Fields::new(),
                removal: Removal::Retain,
            }),
        });
        state.record(Entry::Role {
            id: "role-1".into(),
            record: Box::new(RoleRecord {
                object: ObjectRef::of_file(ObjectKind::Role, "auditor"),
                account: "ac-1".into(),
                key: RoleKey::new(path, "auditor"),
                applied: Fields::new(),
                removal: Removal::Remove,
            }),
        });
        for account in ["ac-1", "ac-9"] {
            state.record(Entry::Membership {
                account: account.into(),
                email: "ada@acme.example".into(),
                record: Box::new(MembershipRecord {
                    object: ObjectRef::of_file(ObjectKind::Member, "ada"),
                    person: None,
                    granted: [("role-1".into(), None)].into(),
                    kept: BTreeSet::new(),
                    removal: Removal::Remove,
                    mail: MailRecord::default(),
                    leaving: false,
                    disabled: false,
                }),
            });
        }
        state
    }

    fn forget(address: &str) -> (ProviderState, usize) {
        let mut state = remembered();
        let entries = letting_go(&"pureport".into(), &state, &address.parse().unwrap());
        let count = entries.len();
        entries.into_iter().for_each(|entry| state.record(entry));
        (state, count)
    }

    #[test]
    fn an_account_lets_go_of_what_is_in_it() {
        let (state, _) = forget("pureport/acme/finance");
        assert!(state.accounts.is_empty() && state.roles.is_empty());
        assert_eq!(state.memberships.len(), 1, "the other account's membership stays");
    }

    #[test]
    fn a_person_is_let_go_of_everywhere_and_kept_from_authority() {
        let (state, count) = forget("pureport:person/ada@acme.example");
        assert_eq!(count, 2);
        assert!(state.memberships.is_empty());
        assert_eq!(state.retained.len(), 2);
    }

    #[test]
    fn a_role_is_named_by_what_its_account_is_called_now() {
        let mut state = remembered();
        let mut account = state.accounts[&"ac-1".into()].clone();
        account.path = AccountPath::from("acme/money");
        state.record(Entry::Account { id: "ac-1".into(), record: Box::new(account) });
        let of = |address: &str| letting_go(&"pureport".into(), &state, &address.parse().unwrap());
        let role = Entry::DropRole { id: "role-1".into() };
        assert_eq!(of("pureport/acme/money:role/auditor"), [role]);
        assert!(of("pureport/acme/finance:role/auditor").is_empty());
    }

    #[test]
    fn an_account_without_a_record_is_named_by_its_id() {
        let (state, count) = forget("pureport/{ac-9}:member/ada@acme.example");
        assert_eq!((count, state.memberships.len()), (1, 1));
    }

    #[test]
    fn a_fixed_role_is_named_like_any_other() {
        let mut state = remembered();
        state.fixed_roles.insert("role-2".into(), "admin".to_owned());
        let mut record = state.memberships[&"ac-1".into()][&"ada@acme.example".into()].clone();
        record.granted.insert("role-2".into(), None);
        record.granted.insert("role-3".into(), None);
        let names: Vec<String> = granted(&state, &record).into_keys().collect();
        assert_eq!(names, ["admin", "auditor", "role-3"]);
    }

    #[test]
    fn what_nobody_remembers_changes_nothing() {
        for address in ["pureport/acme", "other/acme/finance", "pureport/acme/finance:role/x"] {
            assert_eq!(forget(address).1, 0, "{address}");
        }
    }
}
