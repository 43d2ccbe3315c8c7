//! What goes wrong on the way, and what others do.

use orgform_sim::{Effect, Fault, Simulator, When};

use super::seen::Seen;
use super::{Elsewhere, Theirs};
use crate::dice::Dice;
use crate::edits::{PEOPLE, email};

/// Lets somebody else do something; what it was, if it was possible.
pub(super) fn theirs<E: Elsewhere>(
    sim: &Simulator<E::World>,
    seen: &Seen,
    dice: &mut Dice,
) -> Option<Theirs> {
    let person = |dice: &mut Dice| {
        let there = seen.members.keys().filter(|(_, email)| email != E::ADMIN);
        dice.pick(&there.cloned().collect::<Vec<_>>())
    };
    let role = |account: &str, dice: &mut Dice| E::grants(account, dice).into_iter().next();
    let act = match dice.roll(10) {
        0..=4 => {
            let (_, email) = dice.pick(&seen.waiting.keys().cloned().collect::<Vec<_>>())?;
            Theirs::Come(email)
        }
        5 => {
            let account = dice.pick(E::ACCOUNTS)?.to_owned();
            let role = role(&account, dice)?;
            Theirs::Add { account, email: email(dice.roll(PEOPLE)), role }
        }
        6 | 7 => {
            let (account, email) = person(dice)?;
            let role = role(&account, dice)?;
            Theirs::Regrant { account, email, role }
        }
        8 => {
            let (account, email) = person(dice)?;
            Theirs::Remove { account, email }
        }
        _ => return None,
    };
    sim.act(E::act(&act)).ok().map(|_| act)
}

/// What goes wrong on the way, in one run of orgform. Lists may only lie where nothing is begun and not remembered.
pub(super) fn faults<E: Elsewhere>(may_lie: bool, dice: &mut Dice) -> Vec<Fault> {
    if dice.chance(30) {
        return vec![];
    }
    let faults: Vec<Fault> = (0..dice.between(1, 3)).filter_map(|_| fault::<E>(dice)).collect();
    faults.into_iter().filter(|fault| may_lie || !is_lie(fault)).collect()
}

/// Whether a list lacks something, with no sign of it.
pub(super) fn is_lie(fault: &Fault) -> bool {
    matches!(fault.effect, Effect::Shrink { .. })
}

fn fault<E: Elsewhere>(dice: &mut Dice) -> Option<Fault> {
    let status = |code, retry_after, after| Effect::Status { code, retry_after, body: None, after };
    let effect = match dice.roll(14) {
        0 => status(429, None, false),
        1 => status(429, Some(1), false),
        2 => status(500, None, false),
        3 => status(503, None, false),
        4 => status(502, None, true),
        5..=7 => Effect::HangupAfter,
        8 => Effect::HangupBefore,
        9 => Effect::Truncate,
        10 => Effect::Garble,
        11 => Effect::Delay { millis: dice.next() % 300 },
        _ => Effect::Shrink { lose: dice.between(1, 3) },
    };
    let calls = match (&effect, dice.roll(3)) {
        (Effect::Shrink { .. }, _) => E::LISTS,
        (_, 0) => &[("", "/**")],
        _ => E::WRITES,
    };
    let (method, path) = dice.pick(calls)?;
    let when = match dice.roll(4) {
        0 => When::Nth(dice.next() % 4 + 1),
        1 if path != "/**" => When::Always,
        _ => When::Chance { p: 0.15, seed: dice.next() },
    };
    let fault = Fault::new(path, effect).when(when).times(dice.next() % 4 + 1);
    Some(if method.is_empty() { fault } else { fault.method(method) })
}
