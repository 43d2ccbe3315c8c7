//! Weather at length: builds the command and its judge, and lets them play.

use clap::Args;

use crate::run;

#[derive(Args)]
pub(crate) struct Options {
    /// At which provider: pureport, packetfabric or xarios.
    #[arg(long, default_value = "pureport")]
    provider: String,
    /// How many runs.
    #[arg(long, default_value_t = 30)]
    runs: u64,
    /// Seeds worlds, manifests, edits, faults and kills.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first run, to repeat one.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many runs at once; they wait much more than they work.
    #[arg(long, default_value_t = 24)]
    at_once: usize,
    /// Use the release build.
    #[arg(long)]
    release: bool,
}

impl Options {
    /// A few runs at each provider, for every change that lands.
    pub(crate) fn short() -> [Self; 3] {
        [("pureport", 30), ("packetfabric", 10), ("xarios", 10)].map(|(provider, runs)| Self {
            provider: provider.to_owned(),
            runs,
            seed: 1,
            from: 0,
            at_once: 30,
            release: false,
        })
    }
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let Options { provider, runs, seed, from, at_once, release } = options;
    let release = release.then_some("--release");
    let mut build = vec!["build", "--quiet", "--package", "orgform"];
    build.extend(release);
    run::cargo(&build)?;
    let settings = [
        ("--provider", provider.clone()),
        ("--runs", runs.to_string()),
        ("--seed", seed.to_string()),
        ("--from", from.to_string()),
        ("--at-once", at_once.to_string()),
    ];
    let mut play = vec!["run", "--quiet", "--package", "orgform-tests", "--bin", "weather"];
    play.extend(release);
    play.push("--");
    play.extend(settings.iter().flat_map(|(name, value)| [*name, value.as_str()]));
    run::cargo(&play)
}
