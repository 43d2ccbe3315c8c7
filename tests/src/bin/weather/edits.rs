//! What people write into the manifests: the first declaration, and what changes from day to day.

use std::collections::{BTreeMap, BTreeSet};

use orgform_sim::pureport::{ParentRole, Switches};

use crate::dice::Dice;
use crate::org::{ADMINS, Account, Ends, Label, Org, Person, ROOT, Role, Seat, Settings};

/// Names of accounts; some may exist before anything is declared.
pub(crate) const ACCOUNTS: [&str; 6] = ["Finance", "Lab", "Sales", "Field", "Support", "Archive"];

/// Names of roles.
pub(crate) const ROLES: [&str; 4] = ["Operator", "Auditor", "Engineer", "Clerk"];

/// What a role may be about.
pub(crate) const CELLS: [(&str, &str); 6] = [
    ("networks", "read"),
    ("networks", "update"),
    ("ports", "read"),
    ("ports", "create"),
    ("billing", "read"),
    ("members", "read"),
];

/// How many people there may be.
pub(crate) const PEOPLE: usize = 12;

/// The e-mail of somebody who may be declared.
pub(crate) fn email(number: usize) -> String {
    format!("p{number}@acme.example")
}

/// What may be granted where, besides the roles themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    /// Whether a role may be granted below the account that owns it.
    pub(crate) inherits: bool,
}

impl Ground {
    pub(crate) fn of(switches: &Switches) -> Self {
        Self { inherits: switches.parent_role == ParentRole::Allowed }
    }
}

/// The first declaration.
pub(crate) fn first(settings: Settings, ground: Ground, dice: &mut Dice) -> Org {
    let root = Account { parent: None, name: ROOT.1.to_owned(), description: None };
    let mut org = Org {
        settings,
        accounts: BTreeMap::from([(ROOT.0.to_owned(), root)]),
        roles: BTreeMap::new(),
        people: BTreeMap::new(),
    };
    let admin = Seat { roles: BTreeSet::from(["admin".to_owned()]), ends: Ends::Never };
    for email in ADMINS {
        let label = email.split('@').next().unwrap_or(email).to_owned();
        let seats = BTreeMap::from([(ROOT.0.to_owned(), admin.clone())]);
        org.people.insert(label, Person { email: email.to_owned(), seats, offboarded: false });
    }
    for _ in 0..dice.between(1, 4) {
        new_account(&mut org, dice);
    }
    for _ in 0..dice.between(1, 3) {
        new_role(&mut org, dice);
    }
    for _ in 0..dice.between(2, 7) {
        join(&mut org, ground, dice);
    }
    org
}

/// One edit; says what it was, or none if there was nothing to edit.
pub(crate) fn edit(org: &mut Org, ground: Ground, dice: &mut Dice) -> Option<String> {
    match dice.roll(20) {
        0..=2 => join(org, ground, dice),
        3 | 4 => leave(org, dice),
        5 | 6 => regrant(org, ground, dice),
        7 | 8 => move_seat(org, ground, dice),
        9 => drop_seat(org, dice),
        10 => end(org, dice),
        11 => offboard(org, dice),
        12 => edit_role(org, dice),
        13 => rename_role(org, dice),
        14 => new_role(org, dice),
        15 => drop_role(org, dice),
        16 => new_account(org, dice),
        17 => drop_account(org, dice),
        18 => rename_account(org, dice),
        _ => relabel_account(org, dice),
    }
}

fn accounts(org: &Org) -> Vec<Label> {
    org.accounts.keys().cloned().collect()
}

fn children(org: &Org) -> Vec<Label> {
    org.accounts.keys().filter(|label| *label != ROOT.0).cloned().collect()
}

/// People who may be edited.
fn people(org: &Org) -> Vec<Label> {
    let fixed = |person: &Person| ADMINS.contains(&person.email.as_str());
    org.people.iter().filter(|(_, person)| !fixed(person)).map(|(label, _)| label.clone()).collect()
}

fn seated(org: &Org, dice: &mut Dice) -> Option<(Label, Label)> {
    let seats: Vec<_> = people(org)
        .into_iter()
        .filter(|label| !org.people[label].offboarded)
        .flat_map(|label| {
            org.people[&label]
                .seats
                .keys()
                .map(|account| (label.clone(), account.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    dice.pick(&seats)
}

/// One or two roles that may be granted in an account.
fn grants(org: &Org, account: &str, ground: Ground, dice: &mut Dice) -> BTreeSet<Label> {
    let above = if ground.inherits { org.lineage(account) } else { vec![account.to_owned()] };
    let custom =
        org.roles.iter().filter(|(_, role)| above.contains(&role.account)).map(|(label, _)| label.clone());
    let custom: Vec<_> = custom.collect();
    let mut grants = BTreeSet::new();
    for _ in 0..dice.between(1, 2) {
        grants.insert(dice.pick(&custom).filter(|_| !dice.chance(15)).unwrap_or_else(|| "admin".to_owned()));
    }
    grants
}

fn seat(org: &Org, account: &str, ground: Ground, dice: &mut Dice) -> Seat {
    let ends = match dice.roll(12) {
        0 => Ends::FarAhead,
        1 => Ends::LongAgo,
        _ => Ends::Never,
    };
    Seat { roles: grants(org, account, ground, dice), ends }
}

fn join(org: &mut Org, ground: Ground, dice: &mut Dice) -> Option<String> {
    let label = format!("p{}", dice.roll(PEOPLE));
    if org.people.contains_key(&label) {
        return None;
    }
    let email = format!("{label}@acme.example");
    let mut seats = BTreeMap::new();
    for _ in 0..dice.between(1, 3) {
        let account = dice.pick(&accounts(org))?;
        seats.insert(account.clone(), seat(org, &account, ground, dice));
    }
    org.people.insert(label.clone(), Person { email, seats, offboarded: false });
    Some(format!("{label} joins"))
}

fn leave(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&people(org))?;
    org.people.remove(&label);
    Some(format!("{label} leaves"))
}

fn regrant(org: &mut Org, ground: Ground, dice: &mut Dice) -> Option<String> {
    let (label, account) = seated(org, dice)?;
    let roles = grants(org, &account, ground, dice);
    org.people.get_mut(&label)?.seats.get_mut(&account)?.roles = roles;
    Some(format!("{label} has other roles in {account}"))
}

fn move_seat(org: &mut Org, ground: Ground, dice: &mut Dice) -> Option<String> {
    let (label, from) = seated(org, dice)?;
    let to = dice.pick(&accounts(org)).filter(|to| *to != from)?;
    let seat = seat(org, &to, ground, dice);
    let seats = &mut org.people.get_mut(&label)?.seats;
    seats.remove(&from);
    seats.insert(to.clone(), seat);
    Some(format!("{label} moves from {from} to {to}"))
}

fn drop_seat(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let (label, account) = seated(org, dice)?;
    let person = org.people.get_mut(&label)?;
    person.seats.remove(&account);
    if person.seats.is_empty() {
        org.people.remove(&label);
    }
    Some(format!("{label} leaves {account}"))
}

fn end(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let (label, account) = seated(org, dice)?;
    let seat = org.people.get_mut(&label)?.seats.get_mut(&account)?;
    seat.ends = if seat.ends == Ends::LongAgo { Ends::Never } else { Ends::LongAgo };
    Some(format!("the end of {label} in {account} is {:?} now", seat.ends))
}

fn offboard(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&people(org))?;
    let person = org.people.get_mut(&label)?;
    person.offboarded = true;
    Some(format!("{label} is offboarded"))
}

fn edit_role(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&org.roles.keys().cloned().collect::<Vec<_>>())?;
    org.roles.get_mut(&label)?.cells = cells(dice);
    Some(format!("{label} allows something else"))
}

fn cells(dice: &mut Dice) -> BTreeSet<(&'static str, &'static str)> {
    (0..dice.between(1, 3)).filter_map(|_| dice.pick(&CELLS)).collect()
}

fn rename_role(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&org.roles.keys().cloned().collect::<Vec<_>>())?;
    // Not the name of one that others made: where names are unique that can't be done.
    let name = format!("Role {}", dice.between(1000, 9999));
    org.roles.get_mut(&label)?.name.clone_from(&name);
    Some(format!("{label} is called {name} now"))
}

fn free_role_name(org: &Org, dice: &mut Dice) -> Option<String> {
    let name =
        if dice.chance(60) { dice.pick(&ROLES)?.to_owned() } else { format!("Role {}", dice.roll(1000)) };
    (!org.roles.values().any(|role| role.name == name)).then_some(name)
}

fn new_role(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let name = free_role_name(org, dice)?;
    let account = if dice.chance(60) { ROOT.0.to_owned() } else { dice.pick(&accounts(org))? };
    let label = format!("role-{}", dice.roll(1000));
    org.roles.insert(label.clone(), Role { account, name, cells: cells(dice) });
    Some(format!("{label} is new"))
}

fn drop_role(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&org.roles.keys().cloned().collect::<Vec<_>>())?;
    drop_roles(org, &BTreeSet::from([label.clone()]));
    Some(format!("{label} goes"))
}

/// Takes roles out, from every seat too; a seat without roles goes with them.
fn drop_roles(org: &mut Org, gone: &BTreeSet<Label>) {
    org.roles.retain(|label, _| !gone.contains(label));
    for person in org.people.values_mut() {
        for seat in person.seats.values_mut() {
            seat.roles.retain(|role| !gone.contains(role));
        }
        person.seats.retain(|_, seat| !seat.roles.is_empty());
    }
    org.people.retain(|_, person| person.offboarded || !person.seats.is_empty());
}

fn new_account(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let name = free_account_name(org, dice)?;
    let label = name.to_lowercase().replace(' ', "-");
    let shallow: Vec<_> = accounts(org).into_iter().filter(|one| org.lineage(one).len() < 3).collect();
    let parent = if dice.chance(60) { Some(ROOT.0.to_owned()) } else { dice.pick(&shallow) };
    if org.accounts.contains_key(&label) {
        return None;
    }
    let description = dice.chance(40).then(|| format!("number {}", dice.roll(100)));
    org.accounts.insert(label.clone(), Account { parent, name, description });
    Some(format!("account {label} is new"))
}

fn free_account_name(org: &Org, dice: &mut Dice) -> Option<String> {
    let name =
        if dice.chance(70) { dice.pick(&ACCOUNTS)?.to_owned() } else { format!("Unit {}", dice.roll(1000)) };
    (!org.accounts.values().any(|account| account.name == name)).then_some(name)
}

fn drop_account(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&children(org))?;
    take_account(org, &label);
    Some(format!("account {label} goes, with what is below it"))
}

/// Takes an account out, with what is below it, its roles, and everybody's seats there.
pub(crate) fn take_account(org: &mut Org, label: &str) {
    let gone: BTreeSet<Label> = org.below(label).into_iter().collect();
    let roles =
        org.roles.iter().filter(|(_, role)| gone.contains(&role.account)).map(|(label, _)| label.clone());
    let roles = roles.collect();
    org.accounts.retain(|label, _| !gone.contains(label));
    for person in org.people.values_mut() {
        person.seats.retain(|account, _| !gone.contains(account));
    }
    drop_roles(org, &roles);
}

fn rename_account(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&children(org))?;
    // Not the name of one that others made: before a run remembers it, either could be meant.
    let name = format!("Unit {}", dice.between(1000, 9999));
    org.accounts.get_mut(&label)?.name.clone_from(&name);
    Some(format!("account {label} is called {name} now"))
}

/// The same account under another `metadata.name`.
fn relabel_account(org: &mut Org, dice: &mut Dice) -> Option<String> {
    let label = dice.pick(&children(org))?;
    let new = format!("{label}-{}", dice.roll(100));
    if new.len() > 40 {
        return None;
    }
    let account = org.accounts.remove(&label)?;
    org.accounts.insert(new.clone(), account);
    for account in org.accounts.values_mut() {
        if account.parent.as_ref() == Some(&label) {
            account.parent = Some(new.clone());
        }
    }
    for role in org.roles.values_mut() {
        if role.account == label {
            role.account.clone_from(&new);
        }
    }
    for person in org.people.values_mut() {
        if let Some(seat) = person.seats.remove(&label) {
            person.seats.insert(new.clone(), seat);
        }
    }
    Some(format!("account {label} is labelled {new} now"))
}
