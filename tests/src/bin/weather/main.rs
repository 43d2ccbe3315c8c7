//! Weather at length: random worlds, manifests, edits, faults and kills, each run judged by the rules alone.
//!
//! `cargo xtask weather` builds what is needed and starts this. A run is a simulator in this process and a row
//! of real `orgform` processes, some of them killed at a request that the simulator holds for it. Runs differ
//! only by seed and number; the order in which up to eight calls at once arrive is the machine's, so a run that
//! failed may need to be repeated a few times.

#[cfg(unix)]
mod decide;
#[cfg(unix)]
mod dice;
#[cfg(unix)]
mod edits;
#[cfg(unix)]
mod elsewhere;
#[cfg(unix)]
mod figures;
#[cfg(unix)]
mod git;
#[cfg(unix)]
mod judge;
#[cfg(unix)]
mod org;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod record;
#[cfg(unix)]
mod story;
#[cfg(unix)]
mod weather;

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    figures::main()
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("weather needs signals and limits of Unix")
}
