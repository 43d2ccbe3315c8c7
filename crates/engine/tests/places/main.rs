//! The three kinds of places where a state is kept, one suite for all.

// Clippy's leave for tests does not reach what they share.
#![allow(clippy::unwrap_used, clippy::panic)]

mod every;
mod file;
mod places;
mod shared;
