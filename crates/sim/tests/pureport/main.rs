//! Stories that the Pureport simulator must tell as the contract does, over real HTTP.
//!
//! Every answer that any story gets is checked against the published description of the API (see `contract`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a story fails by panicking")]

mod accounts;
mod audit;
mod client;
mod contract;
mod control;
mod faults;
mod halts;
mod invites;
mod keys;
mod login;
mod members;
mod roles;
mod state;
mod strictness;
