//! What happens to an organization over a month: small edits of the manifests, one at a time.

use super::Dice;
use super::org::{Account, Org};

/// One edit, and what is expected of the run that follows.
pub(crate) struct Commit {
    /// Like the subject of a commit.
    pub(crate) subject: String,
    /// Whether the limits are expected to hold it until somebody releases it.
    pub(crate) held: bool,
}

/// Makes the edit number `index`.
pub(crate) fn edit(index: usize, org: &mut Org, dice: &mut Dice) -> Commit {
    match index % 10 {
        0 | 4 | 7 => moves(org, dice),
        1 | 6 => departs(org, dice),
        2 => joins(org, index),
        3 => edits_role(org, index),
        5 => renames_account(org, dice, index),
        8 => changes_role_of_one(org, dice),
        _ => adds_team(org, dice, index),
    }
}

fn commit(subject: String) -> Commit {
    Commit { subject, held: false }
}

/// Somebody who is no admin anywhere, and is in a team.
fn somebody(org: &Org, dice: &mut Dice) -> (String, String) {
    let admins = org.admins();
    let candidates: Vec<(&String, &String)> = org
        .people
        .iter()
        .filter(|(person, _)| !admins.contains(*person))
        .flat_map(|(person, seats)| {
            seats.keys().filter(|name| name.contains('.')).map(move |name| (person, name))
        })
        .collect();
    let (person, account) = candidates[dice.roll(candidates.len())];
    (person.clone(), account.clone())
}

fn moves(org: &mut Org, dice: &mut Dice) -> Commit {
    let (person, from) = somebody(org, dice);
    let seats = org.people.get(&person).cloned().unwrap_or_default();
    let teams: Vec<&String> =
        org.accounts.keys().filter(|name| name.contains('.') && !seats.contains_key(*name)).collect();
    let to = teams[dice.roll(teams.len())].clone();
    let seats = org.people.entry(person.clone()).or_default();
    seats.remove(&from);
    seats.insert(to.clone(), "member".into());
    commit(format!("{person} moves from {from} to {to}"))
}

fn departs(org: &mut Org, dice: &mut Dice) -> Commit {
    let (person, _) = somebody(org, dice);
    let seats = org.people.remove(&person).unwrap_or_default().len();
    commit(format!("{person} leaves, and {seats} seats"))
}

fn joins(org: &mut Org, index: usize) -> Commit {
    let person = format!("newcomer-{index:02}");
    let seats = org.people.entry(person.clone()).or_default();
    seats.insert("kubernetes".into(), "member".into());
    commit(format!("{person} joins"))
}

/// Every other time the role loses something: that reaches too many people, and waits for a release.
fn edits_role(org: &mut Org, index: usize) -> Commit {
    let reached = org.holders("member");
    let narrow = index % 20 == 13;
    if let Some(role) = org.roles.get_mut("member") {
        role.permissions = match narrow {
            true => vec![("networks", &["read"])],
            false => vec![("networks", &["read"]), ("ports", &["read"]), ("audit", &["read"])],
        };
        if index >= 20 {
            role.display_name = "Contributor".into();
        }
    }
    let what = if narrow { "loses ports and audit" } else { "gains ports and audit" };
    Commit { subject: format!("role member {what}: {reached} people"), held: narrow }
}

fn renames_account(org: &mut Org, dice: &mut Dice, index: usize) -> Commit {
    let teams: Vec<String> = org.accounts.keys().filter(|name| name.contains('.')).cloned().collect();
    let name = &teams[dice.roll(teams.len())];
    let display_name = format!("Team {index}");
    if let Some(account) = org.accounts.get_mut(name) {
        account.display_name.clone_from(&display_name);
    }
    commit(format!("{name} is called {display_name} now"))
}

fn changes_role_of_one(org: &mut Org, dice: &mut Dice) -> Commit {
    let (person, account) = somebody(org, dice);
    let seats = org.people.entry(person.clone()).or_default();
    let role = if seats.get(&account).is_some_and(|role| role == "member") { "maintainer" } else { "member" };
    seats.insert(account.clone(), role.into());
    commit(format!("{person} is a {role} of {account} now"))
}

fn adds_team(org: &mut Org, dice: &mut Dice, index: usize) -> Commit {
    let account = Account { parent: "kubernetes".into(), display_name: format!("New team {index}") };
    let name = format!("kubernetes.new-team-{index}");
    org.accounts.insert(name.clone(), account);
    for _ in 0..3 {
        let (person, _) = somebody(org, dice);
        org.people.entry(person).or_default().insert(name.clone(), "member".into());
    }
    commit(format!("{name} is new, with {} people", org.members_of(&name).len()))
}
