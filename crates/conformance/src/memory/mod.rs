//! A provider in memory: a whole world behind the same traits as a real one.
//!
//! [`Memory`] is the world and the handle by which a test looks inside and lets other people act. It behaves as
//! the [`Kind`] says that it is founded with: [`Kind::flat`] is the opposite of Pureport. Rules are in `world`,
//! looking in `observe`, writing in `apply`, what others do in `acts`.

mod acts;
mod apply;
mod kinds;
mod observe;
mod subject;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use kinds::Kind;
use world::World;

/// The e-mail of the person who founded the world, and whom the credential speaks for.
pub const FOUNDER: &str = "founder@acme.example";

/// The name of the account that exists from the start.
pub const FOUNDING_ACCOUNT: &str = "Acme";

/// The API key that the connections run with.
const OWN_KEY: &str = "key-0";

/// A world in memory, and a connection to it. Clones share the world.
#[derive(Clone, Debug)]
pub struct Memory {
    kind: Kind,
    world: Arc<Mutex<World>>,
}

impl Memory {
    /// Founds a world: one account, with its founder as admin.
    pub fn found(kind: Kind) -> Self {
        let world = World::found(&kind);
        Self { kind, world: Arc::new(Mutex::new(world)) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
