//! Simulates Pureport's control plane: accounts, roles, members, invites, API keys.
//!
//! Start with [`start`]; the result, a [`Sim`], is also the handle by which a test looks inside and lets other
//! people act. A fresh world has one top-level account with consent accepted, its founder as Admin
//! ([`Sim::founder`]), and two API keys: [`Sim::admin_key`] and [`Sim::reader_key`]. Where the contract leaves
//! something open there is a switch ([`Switches`]). For a request's way see `exchange`, then `routes`.

mod access;
mod accounts;
mod act;
mod answer;
mod audit;
mod body;
mod exchange;
mod genesis;
mod invites;
mod keys;
mod members;
mod messy;
mod perform;
mod records;
mod roles;
mod routes;
mod switches;
mod token;
mod truth;
mod unlisted;
mod users;
mod view;
mod world;

use std::io;

pub use self::act::Act;
pub use self::switches::*;
pub use self::truth::{TrueAccount, TrueInvite, TrueRole, Truth};
use self::world::World;
pub use crate::faults::{Effect, Fault, When};
pub use crate::frame::{ActError, ActResult, Mail};
pub use crate::halt::{Halt, Moment};
pub use crate::log::{Kind, LoggedRequest, Stats};

/// What the simulator is started with.
pub type Options = crate::Options<Switches>;

/// A running simulator of Pureport.
pub type Sim = crate::Simulator<World>;

/// Loads or founds the world and starts serving it.
///
/// # Errors
///
/// When the address can't be bound, or the state file can't be read or written. A state file that isn't one is
/// `InvalidData` with its line; it is left as it is.
pub async fn start(options: Options) -> io::Result<Sim> {
    Sim::start(options).await
}

impl Sim {
    /// Key and secret of an API key with the role Admin on the top-level account.
    #[must_use]
    pub fn admin_key() -> (&'static str, &'static str) {
        genesis::ADMIN_KEY
    }

    /// Key and secret of an API key that may read all and write nothing.
    #[must_use]
    pub fn reader_key() -> (&'static str, &'static str) {
        genesis::READER_KEY
    }

    /// The e-mail of the founding user: `founder@` and the top-level account's name as a domain below `example`.
    #[must_use]
    pub fn founder(&self) -> String {
        self.look(|world| {
            world.users.get(&world.origin.founder).map(|user| user.email.clone()).unwrap_or_default()
        })
    }

    /// The world as it is, whatever switches and faults make of it.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.look(truth::of)
    }

    /// The id of the founding user's top-level account.
    #[must_use]
    pub fn root_id(&self) -> String {
        self.look(|world| {
            world.keys.get(genesis::ADMIN_KEY.0).map(|key| key.account.clone()).unwrap_or_default()
        })
    }
}
