//! Stories that the PacketFabric simulator must tell as the contract does, over real HTTP.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a story fails by panicking")]

mod client;
mod invites;
mod keys;
mod login;
mod strictness;
mod users;
