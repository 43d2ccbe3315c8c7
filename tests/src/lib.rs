//! Stories of the command line: what a person types, and everything that comes back.
//!
//! A [`Story`] has a folder of its own and runs the real binary in it; what it printed becomes a transcript, which
//! is compared with a snapshot. A [`Simulator`] is `orgform sim` as a process of its own, for stories that need
//! latency, faults or somebody else's hands. For tests only: what can't happen panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod binary;
mod simulator;
mod story;

pub use simulator::Simulator;
pub use story::{Ran, Running, Story};
