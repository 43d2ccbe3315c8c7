//! Simulators of providers: strict, stateful HTTP servers with declared faults.
//!
//! Each simulator is written from its provider's contract alone and shares no code with the crates that speak
//! to that provider, so that two readings of one API catch each other's mistakes. What they have in common is in
//! `frame`: a simulator is a [`World`] behind a [`Simulator`], with declared [`Fault`]s and [`Stats`]. Used
//! in-process by tests and by the CLI, which also runs a simulator as a server of its own.

mod faults;
mod frame;
mod halt;
mod ids;
mod log;
pub mod packetfabric;
pub mod pureport;
mod server;
mod state_file;
pub mod xarios;

pub use faults::{Effect, Fault, When};
pub use frame::{ActError, ActResult, History, Mail, Options, Simulator, SwitchError, Switching, World};
pub use halt::{Halt, Moment};
pub use log::{Kind, LoggedRequest, Stats};
pub use server::Server;
