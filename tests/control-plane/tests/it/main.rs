//! What a real API server makes of our definitions, examples and chart.
//!
//! `cargo xtask cluster` builds the control plane and runs these; plain `cargo test` leaves them out.

#![allow(clippy::unwrap_used)]

mod alerts;
mod argo;
mod bed;
mod chart;
mod definitions;
mod example;
mod rules;
mod status;
