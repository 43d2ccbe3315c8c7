//! Stories of planning, applying and looking again, with a small provider in memory.

// Clippy's leave for tests does not reach what they share.
#![allow(clippy::unwrap_used, clippy::panic)]

mod again;
mod audits;
mod consent;
mod keys;
mod order;
mod scene;
mod secrets;
mod server;
mod weather;
