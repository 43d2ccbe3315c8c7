//! Judges that are not ours: they hold simulator and client to the vendor's OpenAPI description, joined with our
//! overlay (`crates/sim/contracts`).
//!
//! Prism stands between the two while a story is told; Schemathesis asks the simulator whatever the description
//! allows, and what it forbids. Both are programs of other ecosystems, so these tests are ignored until
//! `cargo xtask judges` has installed them and says where they are. A provider is a module of its name.
#![allow(clippy::print_stdout, reason = "a judge tells its verdict")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the judges share is test code too"
)]

mod packetfabric;
mod prism;
mod pureport;
mod schemathesis;
mod verdict;

use std::path::PathBuf;

/// The folder that the judges are installed in.
pub(crate) fn installed() -> PathBuf {
    let folder = std::env::var_os("ORGFORM_JUDGES").expect("no judges are named: run `cargo xtask judges`");
    PathBuf::from(folder)
}

/// The joined description of a provider.
pub(crate) fn description(provider: &str) -> PathBuf {
    let contracts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/sim/contracts");
    contracts.join(format!("{provider}.joined.json")).canonicalize().unwrap()
}
