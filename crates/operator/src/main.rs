//! The program: reads its arguments and runs.

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The first caller decides, and all of orgform decides alike.
    let _ = rustls::crypto::ring::default_provider().install_default();
    orgform_operator::run(orgform_operator::Args::parse()).await
}
