//! Weather at the providers that differ from Pureport in almost everything: no custom roles, lists without roles,
//! mails on creation, removal for ever.
//!
//! Their organizations are simpler, so are their rules; [`Elsewhere`] is what a provider needs to have weather.
//! A run is told in `story`, and judged in `judge` by what is declared and what is there.

mod advice;
mod judge;
mod packetfabric;
mod seats;
mod seen;
mod storm;
mod story;
mod xarios;

pub(crate) use packetfabric::PacketFabric;
pub(crate) use story::play;
pub(crate) use xarios::Xarios;

use std::collections::BTreeSet;

use orgform_sim::{Simulator, Switching, World};

use self::seen::Seen;
use crate::dice::Dice;

/// Something that somebody else does.
#[derive(Clone, Debug)]
pub(crate) enum Theirs {
    /// Whoever is invited or mailed comes in.
    Come(String),
    /// An admin adds somebody by hand.
    Add { account: String, email: String, role: String },
    /// An admin gives somebody other roles by hand.
    Regrant { account: String, email: String, role: String },
    /// An admin removes somebody by hand.
    Remove { account: String, email: String },
}

/// A call that a fault may strike: the method, if any, and the path.
pub(crate) type Struck = (&'static str, &'static str);

/// A provider that has weather.
pub(crate) trait Elsewhere: 'static {
    /// Its world.
    type World: World;
    /// Its kind, as `--provider` names it.
    const KIND: &'static str;
    /// Labels of the accounts that are declared; the first one exists from the start.
    const ACCOUNTS: &'static [&'static str];
    /// Somebody who is an admin of the first account for good.
    const ADMIN: &'static str;
    /// Settings that a run can't end well under; each has its reason where it is listed.
    const LEFT_OUT: &'static [(&'static str, &'static str)];
    /// Lists that may lack something.
    const LISTS: &'static [Struck];
    /// Writes that may go wrong.
    const WRITES: &'static [Struck];

    /// About how many writes and requests a run makes: where a kill is worth the while.
    const WRITES_OF_A_RUN: u64;
    /// The same of all requests.
    const REQUESTS_OF_A_RUN: u64;

    /// What exists before anything is declared.
    fn settle(sim: &Simulator<Self::World>, dice: &mut Dice);

    /// The Provider and its Accounts, as YAML. Who leaves is removed, or else disabled.
    fn manifest(url: &str, removes: bool) -> String;

    /// What may be granted in an account.
    fn grants(account: &str, dice: &mut Dice) -> BTreeSet<String>;

    /// The act in the words of the simulator.
    fn act(theirs: &Theirs) -> <Self::World as World>::Act;

    /// What there is.
    fn seen(sim: &Simulator<Self::World>) -> Seen;

    /// Names and values of the credentials.
    fn environment() -> Vec<(&'static str, String)>;

    /// Gives the credential anew, where it can be lost on the way; the name and the value of what changed.
    fn renew(_sim: &Simulator<Self::World>) -> Option<(&'static str, String)> {
        None
    }
}

/// Draws the switches of a world.
pub(crate) fn switches<E: Elsewhere>(dice: &mut Dice) -> anyhow::Result<<E::World as World>::Switches> {
    let mut switches = <E::World as World>::Switches::default();
    for (name, values) in <E::World as World>::Switches::known() {
        let Some(value) = dice.pick(values).filter(|_| dice.chance(40)) else { continue };
        if !E::LEFT_OUT.contains(&(name, value)) {
            switches.set(&format!("{name}={}", value.replace('N', "3")))?;
        }
    }
    Ok(switches)
}
