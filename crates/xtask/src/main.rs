//! Chores of the repository; `cargo xtask --help` lists them.
//!
//! Each chore is a file. They call the same programs that a person would, so that what they show is what a
//! person sees.

mod arrows;
mod cluster;
mod cluster_try;
mod contracts;
mod generate;
mod judges;
mod new_provider;
mod real_org;
mod run;
mod test;
mod weather;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the repository")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that must hold before a change lands: format, lints, tests, docs, arrows, generated files,
    /// licences.
    Test(test::Options),
    /// Checks the arrows between crates, the places of a new provider, and the generated files.
    Check,
    /// Writes the generated files.
    Generate,
    /// Runs the benchmarks and prints their figures.
    Bench {
        /// Names of benchmarks; all but `operator` if none is given.
        names: Vec<String>,
    },
    /// Builds a Kubernetes control plane and runs the tests that need one.
    Cluster(cluster::Options),
    /// Lets programs that are not ours hold simulators and clients to the vendors' descriptions.
    Judges(judges::Options),
    /// Lays out the crate of a new provider and tells what is left to do.
    NewProvider(new_provider::Options),
    /// Runs the whole job on the structure of a real organization.
    RealOrg(real_org::Options),
    /// Plays random worlds, manifests, faults and kills, and judges each run by the rules alone.
    Weather(weather::Options),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Test(options) => test::run(&options),
        Chore::Check => check(),
        Chore::Generate => generate::write(),
        Chore::Bench { names } => bench(&names),
        Chore::Cluster(options) => cluster::run(&options),
        Chore::Judges(options) => judges::run(&options),
        Chore::NewProvider(options) => new_provider::run(&options),
        Chore::RealOrg(options) => real_org::run(&options),
        Chore::Weather(options) => weather::run(&options),
    }
}

fn check() -> anyhow::Result<()> {
    arrows::check()?;
    new_provider::check()?;
    generate::check()
}

fn bench(names: &[String]) -> anyhow::Result<()> {
    run::cargo(&["build", "--release", "--package", "orgform"])?;
    if names.iter().any(|name| name == "operator") {
        cluster::build_programs()?;
        run::cargo(&["build", "--release", "--package", "orgform-operator"])?;
    }
    let mut arguments =
        vec!["run", "--release", "--quiet", "--package", "orgform-tests", "--bin", "bench", "--"];
    arguments.extend(names.iter().map(String::as_str));
    run::cargo(&arguments)
}
