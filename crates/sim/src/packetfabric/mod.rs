//! Simulates PacketFabric's API v2: users, groups, invites, contacts, API keys, one customer.
//!
//! Start with [`start`]; the result, a [`Sim`], is also the handle by which a test looks inside and lets other
//! people act. A fresh world has one customer, an admin ([`Sim::founder`]) with two API keys ([`Sim::admin_key`],
//! [`Sim::looking_key`]), and a user who may only read with one ([`Sim::reader_key`]). Where the contract leaves
//! something open there is a switch ([`Switches`]). For a request's way see `exchange`, then `routes`.

mod act;
mod activity;
mod answer;
mod body;
mod contacts;
mod customers;
mod exchange;
mod genesis;
mod groups;
mod invites;
mod keys;
mod perform;
mod records;
mod routes;
mod sessions;
mod switches;
mod truth;
mod users;
mod view;
mod world;

use std::io;

pub use self::act::Act;
pub use self::switches::*;
pub use self::truth::*;
pub use self::world::World;

/// What the simulator is started with.
pub type Options = crate::Options<Switches>;

/// A running simulator of PacketFabric.
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
    /// The token of an API key of the founder, who is in the group admin.
    #[must_use]
    pub fn admin_key() -> &'static str {
        genesis::ADMIN_KEY
    }

    /// The uuid of that key.
    #[must_use]
    pub fn admin_key_id() -> &'static str {
        genesis::ADMIN_KEY_ID
    }

    /// The token of another key of the founder, and its uuid.
    #[must_use]
    pub fn looking_key() -> (&'static str, &'static str) {
        (genesis::LOOKING_KEY, genesis::LOOKING_KEY_ID)
    }

    /// The token of an API key of a user who may read all and write nothing.
    #[must_use]
    pub fn reader_key() -> &'static str {
        genesis::READER_KEY
    }

    /// Login, which is the e-mail too, and password of the founder.
    #[must_use]
    pub fn founder(&self) -> (String, &'static str) {
        (self.look(genesis::founder), genesis::FOUNDER_PASSWORD)
    }

    /// The uuid of the customer.
    #[must_use]
    pub fn customer(&self) -> String {
        self.look(|world| world.customer.uuid.clone())
    }

    /// Everything as it is: nothing hidden, late or spoilt.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.look(truth::of)
    }
}
