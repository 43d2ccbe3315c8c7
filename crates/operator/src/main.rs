//! The program: reads its arguments and runs.

use clap::Parser;

/// Gives back what a pass needed and nobody needs any more. Set up in `.cargo/config.toml`; why, in
/// `docs/decisions/0020-allocator.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The first caller decides, and all of orgform decides alike.
    let _ = rustls::crypto::ring::default_provider().install_default();
    orgform_operator::run(orgform_operator::Args::parse()).await
}
