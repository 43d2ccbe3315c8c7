//! Who is where, over all providers of a root: one row for each person. Pure; `show --people` prints it.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::state::MembershipRecord;
use orgform_model::{Email, ProviderState, State};
use serde_json::{Value, json};

use crate::remembered::{path_of, role_name};

/// Where each person is, by e-mail: an account as `provider/account`, and what is held there.
pub(crate) struct People<'a>(BTreeMap<&'a Email, BTreeMap<String, Held<'a>>>);

struct Held<'a> {
    roles: Vec<String>,
    record: &'a MembershipRecord,
}

impl<'a> People<'a> {
    /// What is remembered.
    pub(crate) fn of(state: &'a State) -> Self {
        let mut people: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (provider, state) in &state.providers {
            for (account, members) in &state.memberships {
                let place = format!("{provider}/{}", path_of(state, account));
                for (email, record) in members {
                    let held = Held { roles: roles(state, record), record };
                    people.entry(email).or_default().insert(place.clone(), held);
                }
            }
        }
        Self(people)
    }

    /// A table: people down, accounts across.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let places: BTreeSet<&String> = self.0.values().flat_map(BTreeMap::keys).collect();
        let first = std::iter::once("person".to_owned()).chain(places.iter().map(|place| (*place).clone()));
        let mut rows = vec![first.collect()];
        for (email, held) in &self.0 {
            let cells = places.iter().map(|place| held.get(*place).map(cell).unwrap_or_default());
            rows.push(std::iter::once(email.to_string()).chain(cells).collect());
        }
        rows
    }

    /// The same as JSON.
    pub(crate) fn json(&self) -> Value {
        let people = self.0.iter().map(|(email, held)| {
            let accounts = held.iter().map(|(place, held)| {
                let (joined, disabled) = (held.record.person.is_some(), held.record.disabled);
                json!({ "account": place, "roles": held.roles, "joined": joined, "disabled": disabled })
            });
            json!({ "email": email, "accounts": accounts.collect::<Vec<_>>() })
        });
        people.collect()
    }
}

fn cell(held: &Held<'_>) -> String {
    let state = match (held.record.disabled, held.record.person.is_some()) {
        (true, _) => Some("disabled".to_owned()),
        (false, true) => None,
        (false, false) => Some("invited".to_owned()),
    };
    let roles = if held.roles.is_empty() { vec!["member".to_owned()] } else { held.roles.clone() };
    roles.into_iter().chain(state).collect::<Vec<_>>().join(", ")
}

fn roles(state: &ProviderState, record: &MembershipRecord) -> Vec<String> {
    let mut names: Vec<String> =
        record.granted.keys().chain(&record.kept).map(|role| role_name(state, role)).collect();
    names.sort();
    names
}
