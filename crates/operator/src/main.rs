//! The operator: the same manifests as custom resources, the same plan, the same safety.
//!
//! `orgform-operator` waits for its lease, watches the kinds, and keeps each Provider as its objects declare.
//! One pass is in [`pass`]; what wakes one is in [`queue`].

use clap::Parser;

mod annotations;
mod args;
mod board;
mod calling;
mod cluster;
mod conditions;
mod declared;
mod events;
mod finalizers;
mod keys;
mod leadership;
mod memory;
mod metrics;
mod object;
mod operator;
mod orphans;
mod owners;
mod pass;
mod picture;
mod queue;
mod seen;
mod serve;
mod tenants;
mod tokens;
mod watching;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The first caller decides, and all of orgform decides alike.
    let _ = rustls::crypto::ring::default_provider().install_default();
    operator::run(args::Args::parse()).await
}
