//! The operator: the same manifests as custom resources, the same plan, the same safety.
//!
//! `orgform-operator` waits for its lease, watches the kinds, and keeps each Provider as its objects declare.
//! One pass is in `pass`; what wakes one is in `queue`. [`run`] is the program; [`Looked`] is for whoever only reads
//! what a cluster declares.

mod annotations;
mod args;
mod board;
mod calling;
mod cluster;
mod conditions;
mod declared;
mod elsewhere;
mod events;
mod finalizers;
mod keys;
mod leadership;
mod look;
mod memory;
mod metrics;
mod object;
mod operator;
mod orphans;
mod owners;
mod pass;
mod picture;
mod queue;
mod seen;
mod serve;
mod shard;
mod status;
mod tenants;
mod tokens;
mod undeclared;
mod watching;

pub use annotations::command_for;
pub use args::{Args, LogFormat};
pub use look::{Looked, NotConnected};
pub use operator::run;
