//! What is declared: who has which roles in which account; and what people edit from day to day.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Elsewhere;
use crate::dice::Dice;
use crate::edits::{PEOPLE, email};

/// Label of an account, and e-mail.
pub(crate) type Key = (String, String);

/// Who has which roles where.
pub(crate) type Seats = BTreeMap<Key, BTreeSet<String>>;

/// The first declaration.
pub(crate) fn first<E: Elsewhere>(dice: &mut Dice) -> Seats {
    let mut seats = Seats::new();
    for _ in 0..dice.between(3, 8) {
        join::<E>(&mut seats, dice);
    }
    seats
}

/// One edit; says what it was.
pub(crate) fn edit<E: Elsewhere>(seats: &mut Seats, dice: &mut Dice) -> Option<String> {
    let key = dice.pick(&seats.keys().cloned().collect::<Vec<_>>());
    match dice.roll(8) {
        0..=2 => join::<E>(seats, dice),
        3 | 4 => {
            let (account, email) = key?;
            seats.remove(&(account.clone(), email.clone()));
            Some(format!("{email} leaves {account}"))
        }
        5 => {
            let (_, email) = key?;
            seats.retain(|(_, one), _| *one != email);
            Some(format!("{email} leaves"))
        }
        _ => {
            let (account, email) = key?;
            let roles = E::grants(&account, dice);
            let said = format!("{email} has {roles:?} in {account}");
            seats.insert((account, email), roles);
            Some(said)
        }
    }
}

fn join<E: Elsewhere>(seats: &mut Seats, dice: &mut Dice) -> Option<String> {
    let account = dice.pick(E::ACCOUNTS)?.to_owned();
    let email = email(dice.roll(PEOPLE));
    let roles = E::grants(&account, dice);
    let said = format!("{email} joins {account} with {roles:?}");
    seats.entry((account, email)).or_insert(roles);
    Some(said)
}

/// The members as YAML; whoever stays for good is among them.
pub(crate) fn manifest<E: Elsewhere>(seats: &Seats) -> String {
    let mut people: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    people.insert(E::ADMIN, Vec::new());
    for ((account, email), roles) in seats {
        let roles = roles.iter().cloned().collect::<Vec<_>>().join(", ");
        people.entry(email).or_default().push((account, roles));
    }
    let mut text = String::new();
    for (email, memberships) in people.iter().filter(|(_, memberships)| !memberships.is_empty()) {
        let name = email.split('@').next().unwrap_or(email);
        let memberships = memberships.iter().map(|(account, roles)| {
            format!("    - {{ accountRef: {{ name: {account} }}, roles: [{roles}] }}\n")
        });
        let _ = write!(
            text,
            "---\napiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: {email}\n  \
             memberships:\n{}",
            memberships.collect::<String>()
        );
    }
    text
}
