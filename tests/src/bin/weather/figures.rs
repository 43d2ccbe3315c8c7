//! Plays the runs, several at once, and adds them up.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use futures::stream::{self, StreamExt};

use crate::elsewhere::{self, PacketFabric, Xarios};
use crate::story::{self, Told};

/// What to play.
struct Wanted {
    runs: u64,
    seed: u64,
    /// The number of the first run.
    first: u64,
    at_once: usize,
    release: bool,
    provider: String,
}

impl Wanted {
    /// Reads `--runs N --seed S --from I --at-once N --provider KIND`, which `cargo xtask weather` hands on.
    fn read(arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let release = !cfg!(debug_assertions);
        let mut wanted =
            Self { runs: 30, seed: 1, first: 0, at_once: 24, release, provider: "pureport".to_owned() };
        let mut arguments = arguments;
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
            if name == "--provider" {
                wanted.provider = value;
                continue;
            }
            let number = value.parse().with_context(|| format!("{name} {value} is no number"))?;
            match name.as_str() {
                "--runs" => wanted.runs = number,
                "--seed" => wanted.seed = number,
                "--from" => wanted.first = number,
                "--at-once" => wanted.at_once = usize::try_from(number)?.max(1),
                _ => bail!("there is no {name}"),
            }
        }
        Ok(wanted)
    }

    fn repeat(&self, index: u64) -> String {
        let release = if self.release { " --release" } else { "" };
        let provider = &self.provider;
        format!(
            "cargo xtask weather{release} --provider {provider} --runs 1 --seed {} --from {index}",
            self.seed
        )
    }

    async fn play(&self, index: u64, keep: &Path) -> anyhow::Result<Told> {
        let (seed, repeat) = (self.seed, &self.repeat(index));
        match self.provider.as_str() {
            "pureport" => story::play(seed, index, keep, repeat).await,
            "packetfabric" => elsewhere::play::<PacketFabric>(seed, index, keep, repeat).await,
            "xarios" => elsewhere::play::<Xarios>(seed, index, keep, repeat).await,
            other => bail!("there is no weather at {other}"),
        }
    }
}

pub(crate) fn main() -> anyhow::Result<()> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    let keep = keep()?;
    let runtime = tokio::runtime::Runtime::new()?;
    if runtime.block_on(all(&wanted, &keep)) {
        return Ok(());
    }
    std::process::exit(1)
}

/// Where runs that failed are kept: beside the build.
fn keep() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).context("a build folder")?;
    Ok(target.join("weather"))
}

/// Says whether every run was right.
async fn all(wanted: &Wanted, keep: &Path) -> bool {
    let begun = Instant::now();
    let numbers = wanted.first..wanted.first + wanted.runs;
    let mut runs = stream::iter(numbers)
        .map(|index| async move { (index, wanted.play(index, keep).await) })
        .buffer_unordered(wanted.at_once);
    let mut sum = Sum::default();
    while let Some((index, told)) = runs.next().await {
        sum.add(index, told, wanted, keep);
    }
    sum.tell(begun.elapsed().as_secs_f64());
    sum.failed == 0
}

#[derive(Default)]
struct Sum {
    runs: u64,
    failed: u64,
    all: Told,
    second_mails: usize,
    wrong_removals: usize,
    lost: usize,
    other: usize,
}

impl Sum {
    fn add(&mut self, index: u64, told: anyhow::Result<Told>, wanted: &Wanted, keep: &Path) {
        self.runs += 1;
        let Told { broken, processes, cuts, requests, mails, losses, decisions } = match told {
            Ok(told) => told,
            Err(error) => {
                self.failed += 1;
                self.other += 1;
                say(&format!("run {index}: {error:#}"));
                return;
            }
        };
        self.all.processes += processes;
        self.all.cuts += cuts;
        self.all.requests += requests;
        self.all.mails += mails;
        self.all.losses += losses;
        self.all.decisions += decisions;
        self.second_mails += broken.second_mails.len();
        self.wrong_removals += broken.wrong_removals.len();
        self.lost += broken.lost.len();
        self.other += broken.other.len();
        if broken.is_empty() {
            return;
        }
        self.failed += 1;
        say(&format!(
            "run {index} failed; its story is in {}",
            keep.join(folder(&wanted.provider, wanted.seed, index)).display()
        ));
        for (kind, what) in broken.all() {
            say(&format!("  {kind}: {what}"));
        }
        say(&format!("  repeat: {}", wanted.repeat(index)));
    }

    fn tell(&self, seconds: f64) {
        let Told { processes, cuts, requests, mails, losses, decisions, broken: _ } = &self.all;
        say(&format!(
            "{} runs in {seconds:.0} s: {processes} processes, {cuts} of them killed, {requests} requests, {mails} mails, \
             {losses} losses of access, {decisions} decisions of a person",
            self.runs
        ));
        say(&format!(
            "{} second mails, {} wrong removals, {} lost, {} ended otherwise",
            self.second_mails, self.wrong_removals, self.lost, self.other
        ));
    }
}

/// Where the story of a run that failed is kept.
pub(crate) fn folder(provider: &str, seed: u64, index: u64) -> String {
    format!("{provider}-{seed}-{index}")
}

#[allow(clippy::print_stdout, reason = "the figures are the output")]
fn say(text: &str) {
    println!("{text}");
}
