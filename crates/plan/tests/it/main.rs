//! The planner, tested: stories in folders, properties of small worlds, and consent.

mod apply;
mod capability;
mod consent;
mod lookups;
mod observe;
mod properties;
mod settle;
mod state_file;
mod stories;
mod story;
mod world_file;
mod yaml;
