//! The vocabulary of orgform.
//!
//! Everything here is data that the other crates exchange: what is [desired], what was [observed](world),
//! what we [remember](state), what a provider is asked to [change], and what pure code must know of a
//! provider ([semantics], [capabilities]). No async, no I/O, no clock: time comes in as an argument.

pub mod address;
pub mod api_key;
pub mod capabilities;
pub mod change;
pub mod desired;
pub mod fields;
pub mod finding;
pub mod grants;
pub mod history;
pub mod ids;
pub mod invite;
pub mod policy;
pub mod secret;
pub mod semantics;
pub mod state;
pub mod world;

pub use address::{AccountPath, Address, ApiKeyLabel, RoleKey, Thing};
pub use api_key::{SecretPlace, ShownOnce};
pub use capabilities::Capabilities;
pub use change::{Action, Applied, Change, Ref};
pub use desired::{Desired, Grant};
pub use fields::{FieldChange, Fields, Value};
pub use finding::{Finding, Place, Severity};
pub use grants::Grants;
pub use ids::{
    AccountId, ApiKeyId, Email, InviteId, ObjectKind, ObjectRef, PersonId, ProviderName, RoleId, RootId,
};
pub use jiff::{SignedDuration, Timestamp};
pub use policy::Policy;
pub use secret::SecretRef;
pub use semantics::Semantics;
pub use state::{ProviderState, State};
pub use world::{Observation, Scope, World};
