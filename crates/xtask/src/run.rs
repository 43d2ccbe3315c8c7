//! Runs programs, and says which one failed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    // The path itself, and not one with `..` in it: others are compared with it.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(2).map(PathBuf::from).next().unwrap_or_default()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs cargo at the root of the repository.
pub(crate) fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    cargo_with(arguments, &[])
}

/// Runs cargo with more in its environment.
pub(crate) fn cargo_with(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    cargo_at(&root(), arguments, environment)
}

/// Runs cargo at the root of a repository, this one or a copy of it, with more in its environment.
pub(crate) fn cargo_at(root: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let shown = format!("cargo {}", arguments.join(" "));
    say(&format!("$ {shown}"));
    let status = program(root)
        .args(arguments)
        .envs(environment.iter().copied())
        .status()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed");
    }
    Ok(())
}

/// Runs cargo and returns what it printed.
pub(crate) fn cargo_output(arguments: &[&str]) -> anyhow::Result<String> {
    let output = cargo_ended(&root(), arguments, &[])?;
    if !output.status.success() {
        bail!("`cargo {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs cargo and returns how it ended, well or not, and what it printed.
pub(crate) fn cargo_ended(
    root: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<Output> {
    let mut command = program(root);
    command.args(arguments).envs(environment.iter().copied());
    command.output().with_context(|| format!("could not start `cargo {}`", arguments.join(" ")))
}

/// Cargo at the root of a repository, as a person would start it: what the outer cargo says about this very package
/// would make build scripts of others run again.
fn program(root: &Path) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let own = name.to_string_lossy();
        if own.starts_with("CARGO_PKG_") || own.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Tells what is going on.
#[allow(clippy::print_stdout, reason = "a chore talks to the person who runs it")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
