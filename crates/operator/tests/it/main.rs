//! The operator on a real control plane, with a simulator behind it.
//!
//! Each story has a namespace, a simulator and an operator of its own. Waiting is by watches, by what the operator
//! logs and by what the simulator sees, never by the clock.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod bed;
mod breaker;
mod chart;
mod copies;
mod crash;
mod first;
mod gone;
mod groups;
mod keys;
mod lives;
mod modes;
mod proxy;
mod reads;
mod shards;
mod tenancy;
mod trouble;
mod undeclared;
