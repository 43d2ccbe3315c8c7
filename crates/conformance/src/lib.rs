//! The suite that every provider passes, and the in-memory provider.
//!
//! [`suite`] tells stories through the engine, exactly as the CLI and the operator use it, and filters them by
//! declared capabilities and semantics only. [`memory`] is a provider without a network whose capabilities are
//! the opposite of Pureport's, so that the seams are never shaped by one API.

pub mod memory;
pub mod suite;
