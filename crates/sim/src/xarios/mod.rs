//! Simulates the Enterprise Portal API of Xarios Dimensions: reseller accounts, customers, users, activation mail.
//!
//! Start with [`start`]; the result, a [`Sim`], is also the handle by which a test looks inside and lets other
//! people act. A fresh world has one enterprise with one reseller account in it, and two approvals of an OAuth
//! client: [`Sim::admin`] and [`Sim::reader`]. Where the contract leaves something open there is a switch
//! ([`Switches`]). For a request's way see `exchange`, then `routes`. The log-in service answers at
//! `/connect/...` of the same address.

mod act;
mod answer;
mod exchange;
mod genesis;
mod oauth;
mod patch;
mod perform;
mod records;
mod routes;
mod switches;
mod tenants;
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

/// A running simulator of Xarios Dimensions.
pub type Sim = crate::Simulator<World>;

/// An OAuth client, and a refresh token that somebody's approval gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The client's id.
    pub client_id: &'static str,
    /// The client's secret.
    pub client_secret: &'static str,
    /// The first refresh token; with the switch `refresh=rotates` it is good for one use.
    pub refresh_token: &'static str,
}

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
    /// The approval of somebody with the right `onboarding.admin`.
    #[must_use]
    pub fn admin() -> Approval {
        genesis::ADMIN
    }

    /// The approval of somebody who may read all and write nothing.
    #[must_use]
    pub fn reader() -> Approval {
        genesis::READER
    }

    /// The tenant id of the enterprise.
    #[must_use]
    pub fn enterprise(&self) -> String {
        self.look(|world| world.origin.enterprise.clone())
    }

    /// The tenant id of the reseller account that exists from the start.
    #[must_use]
    pub fn first_account(&self) -> String {
        self.look(|world| world.origin.first_account.clone())
    }

    /// Which people have activated their log-in: the API never tells.
    #[must_use]
    pub fn activated(&self) -> Vec<String> {
        self.look(|world| {
            world.users.values().filter(|user| user.activated).map(|user| user.email.clone()).collect()
        })
    }

    /// Everything as it is: nothing hidden, late or spoilt.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.look(truth::of)
    }
}
