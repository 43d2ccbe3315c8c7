//! Simulators of providers: strict, stateful HTTP servers with declared faults.
//!
//! Each simulator is written from its provider's contract alone and shares no code with the crates that speak
//! to that provider, so that two readings of one API catch each other's mistakes. [`pureport`] is the first;
//! [`Server`], [`Fault`] and [`Stats`] are what every simulator has in common. Used in-process by tests and by
//! the CLI, which also runs a simulator as a server of its own.

mod faults;
mod ids;
mod log;
pub mod pureport;
mod server;
mod state_file;

pub use faults::{Effect, Fault, When};
pub use log::{Kind, LoggedRequest, Stats};
pub use server::Server;
