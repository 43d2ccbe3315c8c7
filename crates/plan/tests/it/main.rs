//! The planner, tested: stories in folders, properties of small worlds, and consent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the stories share is test code too"
)]

mod apply;
mod capability;
mod consent;
mod corpus;
mod drift;
mod from_bytes;
mod holds;
mod joined;
mod lookups;
mod observe;
mod properties;
mod settle;
mod short_lists;
mod small;
mod sound;
mod state_file;
mod stories;
mod story;
mod world_file;
mod yaml;
