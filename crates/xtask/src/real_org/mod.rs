//! The whole job on the structure of a real organization: generate manifests, plan, apply over HTTP, let people
//! accept, plan again, then commit after commit, each ending in an empty plan.
//!
//! It drives the same `orgform` binary that a person uses, against `orgform sim pureport` in its own process.

mod commits;
mod org;
mod story;

use clap::Args;

#[derive(Args)]
pub(crate) struct Options {
    /// Use the release build.
    #[arg(long)]
    release: bool,
    /// How many commits follow the first apply.
    #[arg(long, default_value_t = 30)]
    commits: usize,
    /// Seeds who accepts, and what the commits do.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the manifests; a temporary folder if not given.
    #[arg(long)]
    root: Option<std::path::PathBuf>,
}

impl Options {
    /// A story of a few commits, for every change that lands.
    pub(crate) fn short() -> Self {
        Self { release: false, commits: 4, seed: 1, root: None }
    }
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    story::run(options)
}

/// A small generator of numbers (splitmix64), so that a seed always tells the same story.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^= number >> 31;
        usize::try_from(number % (sides.max(1) as u64)).unwrap_or(0)
    }
}
