//! The planner, tested: stories in folders, properties of small worlds, and consent.

mod capability;
mod observe;
mod state_file;
mod stories;
mod story;
mod world_file;
mod yaml;
