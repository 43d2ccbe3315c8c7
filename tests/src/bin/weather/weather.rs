//! The weather: what the provider is like, what goes wrong on the way, and what others do meanwhile.

use std::collections::BTreeMap;

use orgform_sim::Switching;
use orgform_sim::pureport::{Act, DuplicateInvites, Effect, Fault, Sim, Switches, Truth, When};

use crate::dice::Dice;
use crate::edits::{ACCOUNTS, CELLS, PEOPLE, ROLES, email};
use crate::org::{ADMINS, ROOT};

/// Settings that a run can't end well under, and why.
const LEFT_OUT: [(&str, &str); 3] = [
    // What somebody holds above can't be told from what they hold below (limitations).
    ("inherited-membership", "shown"),
    // Nobody is invited into an account whose members can't be told apart (design, section 5).
    ("other-users", "forbidden"),
    // A lag that is counted in looks never passes by waiting, and after a kill nobody has looked.
    ("list-lag", "reads:N"),
];

/// Seconds after which every list shows what was made: well below what the provider is given for it.
pub(crate) const LAG: u64 = 2;

/// Draws a provider: each switch both ways.
pub(crate) fn switches(dice: &mut Dice) -> anyhow::Result<Switches> {
    let mut switches = Switches::default();
    for (name, values) in Switches::known() {
        let Some(value) = dice.pick(values).filter(|_| dice.chance(40)) else { continue };
        if !LEFT_OUT.contains(&(name, value)) {
            // Seconds that a list may lag by are well below what the provider is given to show what was written.
            let number = if name == "list-lag" { dice.between(1, 2) } else { 30 };
            switches.set(&format!("{name}={}", value.replace('N', &number.to_string())))?;
        }
    }
    Ok(switches)
}

/// What exists before anything is declared.
pub(crate) fn settle(sim: &Sim, dice: &mut Dice) -> Vec<Act> {
    let mut acts = vec![Act::AddMember {
        account: ROOT.1.to_owned(),
        email: ADMINS[1].to_owned(),
        roles: vec!["Admin".to_owned()],
    }];
    for name in ACCOUNTS.into_iter().take(dice.roll(4)) {
        acts.push(Act::CreateAccount { parent: ROOT.1.to_owned(), name: name.to_owned() });
    }
    for name in ROLES.into_iter().take(dice.roll(3)) {
        acts.push(Act::CreateRole {
            account: ROOT.1.to_owned(),
            name: name.to_owned(),
            permissions: cells(dice),
        });
    }
    acts.retain(|act| sim.act(act.clone()).is_ok());
    for _ in 0..dice.roll(9) {
        let truth = sim.truth();
        acts.extend(newcomer(&truth, dice).filter(|act| sim.act(act.clone()).is_ok()));
    }
    acts
}

/// Something that somebody else does.
pub(crate) fn act(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    match dice.roll(24) {
        0..=6 => accept(truth, dice),
        7..=9 => expire(truth, dice),
        10 | 11 => newcomer(truth, dice),
        12..=14 => set_roles(truth, dice),
        15 | 16 => remove(truth, dice),
        17 => withdraw(truth, dice),
        18 => rename_account(truth, dice),
        19 => role_edit(truth, dice),
        20 => new_account(truth, dice),
        21 => new_role(truth, dice),
        22 => delete_account(truth, dice),
        _ => delete_role(truth, dice),
    }
}

fn account(truth: &Truth, dice: &mut Dice) -> Option<String> {
    dice.pick(&truth.accounts.keys().cloned().collect::<Vec<_>>())
}

/// A role by its id, of the account or of one above.
fn role(truth: &Truth, account: &str, dice: &mut Dice) -> Option<String> {
    let mut roles = vec![];
    let mut at = truth.accounts.get(account);
    while let Some(here) = at {
        roles.extend(here.roles.keys().cloned());
        at = here.parent.as_ref().and_then(|parent| truth.accounts.get(parent));
    }
    dice.pick(&roles)
}

fn cells(dice: &mut Dice) -> BTreeMap<String, Vec<String>> {
    let mut cells: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..dice.between(1, 3) {
        let Some((resource, action)) = dice.pick(&CELLS) else { continue };
        let actions = cells.entry(resource.to_owned()).or_default();
        if !actions.iter().any(|one| one == action) {
            actions.push(action.to_owned());
        }
    }
    cells
}

fn newcomer(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let account = account(truth, dice)?;
    let roles = vec![role(truth, &account, dice)?];
    let email =
        if dice.chance(60) { email(dice.roll(PEOPLE)) } else { format!("s{}@else.example", dice.roll(9)) };
    Some(if dice.chance(50) {
        Act::AddMember { account, email, roles }
    } else {
        Act::Invite { account, email, roles }
    })
}

fn invites(truth: &Truth) -> Vec<(String, String)> {
    let all = truth.accounts.iter();
    all.flat_map(|(id, account)| account.invites.values().map(move |one| (id.clone(), one.email.clone())))
        .collect()
}

fn members(truth: &Truth) -> Vec<(String, String)> {
    let all = truth.accounts.iter();
    let all = all.flat_map(|(id, account)| account.members.keys().map(move |one| (id.clone(), one.clone())));
    all.filter(|(_, email)| !ADMINS.contains(&email.as_str())).collect()
}

fn accept(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, email) = dice.pick(&invites(truth))?;
    Some(Act::Accept { email, account: dice.chance(60).then_some(account) })
}

fn expire(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, email) = dice.pick(&invites(truth))?;
    Some(Act::ExpireInvite { account, email })
}

fn set_roles(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, email) = dice.pick(&members(truth))?;
    let mut roles = truth.accounts.get(&account)?.members.get(&email)?.clone();
    if let Some(less) = dice.pick(&roles.iter().cloned().collect::<Vec<_>>()).filter(|_| dice.chance(50)) {
        roles.remove(&less);
    }
    roles.extend(role(truth, &account, dice).filter(|_| dice.chance(60)));
    Some(Act::SetMemberRoles { account, email, roles: roles.into_iter().collect() })
}

fn remove(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, email) = dice.pick(&members(truth))?;
    Some(Act::RemoveMember { account, email })
}

fn withdraw(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, email) = dice.pick(&invites(truth))?;
    Some(Act::WithdrawInvite { account, email })
}

fn children(truth: &Truth) -> Vec<String> {
    truth.accounts.iter().filter(|(_, account)| account.parent.is_some()).map(|(id, _)| id.clone()).collect()
}

fn rename_account(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    Some(Act::RenameAccount {
        account: dice.pick(&children(truth))?,
        name: format!("Renamed {}", dice.roll(1000)),
    })
}

fn role_edit(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, role) = custom_role(truth, dice)?;
    Some(if dice.chance(60) {
        Act::SetRolePermissions { account, role, permissions: cells(dice) }
    } else {
        Act::RenameRole { account, role, name: format!("Renamed role {}", dice.roll(1000)) }
    })
}

/// A role that nobody was born with. The key that only reads holds one; that stays as it is.
fn custom_role(truth: &Truth, dice: &mut Dice) -> Option<(String, String)> {
    let all = truth.accounts.iter().flat_map(|(id, account)| {
        let custom = account.roles.iter().filter(|(_, role)| !role.predefined && role.name != "Read only");
        custom.map(move |(role, _)| (id.clone(), role.clone()))
    });
    dice.pick(&all.collect::<Vec<_>>())
}

fn new_account(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    Some(Act::CreateAccount { parent: account(truth, dice)?, name: format!("Theirs {}", dice.roll(1000)) })
}

fn new_role(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, name) = (account(truth, dice)?, format!("Their role {}", dice.roll(1000)));
    Some(Act::CreateRole { account, name, permissions: cells(dice) })
}

fn delete_account(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    Some(Act::DeleteAccount { account: dice.pick(&children(truth))? })
}

fn delete_role(truth: &Truth, dice: &mut Dice) -> Option<Act> {
    let (account, role) = custom_role(truth, dice)?;
    Some(Act::DeleteRole { account, role })
}

/// What goes wrong on the way, in one run of orgform.
///
/// Lists may only lie where no killed run has left something that nobody surely remembers: what it made and what is
/// not listed would be made again, which nobody can prevent (limitations).
pub(crate) fn faults(switches: &Switches, may_lie: bool, dice: &mut Dice) -> Vec<Fault> {
    if dice.chance(35) {
        return vec![];
    }
    let faults: Vec<Fault> = (0..dice.between(1, 3)).map(|_| fault(switches, dice)).collect();
    faults.into_iter().filter(|fault| may_lie || !is_lie(fault)).collect()
}

/// Whether a list lacks something, with no sign of it.
pub(crate) fn is_lie(fault: &Fault) -> bool {
    matches!(fault.effect, Effect::Shrink { .. })
}

fn fault(switches: &Switches, dice: &mut Dice) -> Fault {
    let status = |code, retry_after, after| Effect::Status { code, retry_after, body: None, after };
    let effect = match dice.roll(14) {
        0 => status(429, None, false),
        1 => status(429, Some(1), false),
        2 => status(500, None, false),
        3 => status(503, None, false),
        4 => status(503, Some(1), false),
        5 => status(502, None, true),
        6 | 7 => Effect::HangupAfter,
        8 => Effect::HangupBefore,
        9 => Effect::Truncate,
        10 => Effect::Garble,
        11 => Effect::Delay { millis: dice.next() % 300 },
        // Where a second invite stands beside the first, a short list leaves nobody to say that one is there.
        _ if switches.duplicate_invites == DuplicateInvites::Allowed => Effect::HangupAfter,
        _ => Effect::Shrink { lose: dice.between(1, 3) },
    };
    let (path, method) = match (&effect, dice.roll(8)) {
        (Effect::Shrink { .. }, 0) => ("/accounts", "GET"),
        (Effect::Shrink { .. }, 1) => ("/accounts/*/roles", "GET"),
        (Effect::Shrink { .. }, 2..=4) => ("/accounts/*/members", "GET"),
        (Effect::Shrink { .. }, _) => ("/accounts/*/invites", "GET"),
        (_, 0) => ("/accounts/*/invites", "POST"),
        (_, 1) => ("/accounts/*/members/*", "PUT"),
        (_, 2) => ("/accounts/*/members/*", "DELETE"),
        (_, 3) => ("/accounts/*/invites/*", ""),
        (_, 4) => ("/accounts/*/roles", "POST"),
        (_, 5) => ("/accounts", "POST"),
        (_, 6) => ("/accounts/*/roles/*", "PUT"),
        _ => ("/**", ""),
    };
    let seldom = When::Chance { p: 0.15, seed: dice.next() };
    let when = match dice.roll(4) {
        0 => When::Nth(dice.next() % 4 + 1),
        1 if path != "/**" => When::Always,
        _ => seldom,
    };
    let fault = Fault::new(path, effect).when(when).times(dice.next() % 4 + 1);
    if method.is_empty() { fault } else { fault.method(method) }
}
