//! Stories that the Xarios simulator must tell as the contract does, over real HTTP.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a story fails by panicking")]

mod accounts;
mod client;
mod customers;
mod login;
mod users;
