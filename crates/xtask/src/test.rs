//! The one command that must pass before a change lands.

use clap::Args;

use crate::run::{cargo, cargo_with};
use crate::{arrows, cluster, generate, judges, new_provider, real_org, run, weather};

/// The version of cargo-deny that the project is checked with.
const CARGO_DENY: &str = "0.20.2";

#[derive(Args)]
pub(crate) struct Options {
    /// Leave out what needs a tool to be installed first.
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    let lints = ["--workspace", "--all-targets", "--features", "orgform/cluster", "--locked"];
    cargo(&[&["clippy"], &lints[..], &["--", "--deny", "warnings"]].concat())?;
    cargo(&["build", "--package", "orgform", "--locked"])?;
    cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])?;
    cargo_with(
        &["doc", "--workspace", "--no-deps", "--locked", "--quiet"],
        &[("RUSTDOCFLAGS", "--deny warnings")],
    )?;
    arrows::check()?;
    new_provider::check()?;
    generate::check()?;
    real_org::run(&real_org::Options::short())?;
    weather::Options::short().iter().try_for_each(weather::run)?;
    if !options.quick {
        judges::run(&judges::Options::default())?;
        cluster::run(&cluster::Options::default())?;
        deny()?;
    }
    run::say("all checks passed");
    Ok(())
}

/// Bans, licences and sources. Advisories need a database that is not part of the repository.
fn deny() -> anyhow::Result<()> {
    let tools = run::root().join("target/tools");
    let binary = tools.join("bin/cargo-deny");
    if !binary.exists() {
        let tools = tools.display().to_string();
        let version = format!("cargo-deny@{CARGO_DENY}");
        cargo(&["install", &version, "--locked", "--debug", "--no-default-features", "--root", &tools])?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", tools.join("bin").display());
    cargo_with(&["deny", "check", "bans", "licenses", "sources"], &[("PATH", &path)])
}
