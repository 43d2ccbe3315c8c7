//! Generated files: written by one chore, compared by another.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{contracts, run};

/// Every generated file and the arguments of `orgform` that print it.
const FILES: &[(&str, &[&str])] = &[
    ("docs/schema.json", &["schema"]),
    ("docs/cli.md", &["reference", "cli"]),
    ("docs/capabilities.md", &["reference", "capabilities"]),
];

/// Writes all of them.
pub(crate) fn write() -> anyhow::Result<()> {
    for (path, content) in contents()? {
        std::fs::write(&path, content).with_context(|| format!("could not write {}", path.display()))?;
        run::say(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Fails if one of them is not what would be written now.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut stale = vec![];
    for (path, content) in contents()? {
        if std::fs::read_to_string(&path).unwrap_or_default() != content {
            stale.push(path.display().to_string());
        }
    }
    if !stale.is_empty() {
        bail!("not up to date: {}; run `cargo xtask generate`", stale.join(", "));
    }
    run::say("generated files: up to date");
    Ok(())
}

fn contents() -> anyhow::Result<Vec<(PathBuf, String)>> {
    run::cargo(&["build", "--quiet", "--package", "orgform"])?;
    let binary = binary("debug");
    let mut contents = FILES
        .iter()
        .map(|(path, arguments)| {
            let output = Command::new(&binary).args(*arguments).output();
            let output = output.with_context(|| format!("could not start {}", binary.display()))?;
            if !output.status.success() {
                bail!("`orgform {}` failed", arguments.join(" "));
            }
            Ok((run::root().join(path), String::from_utf8(output.stdout)?))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    for provider in contracts::providers()? {
        contents.push((contracts::joined_path(&provider), contracts::joined(&provider)?));
    }
    Ok(contents)
}

/// Where cargo puts the binary.
pub(crate) fn binary(profile: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| run::root().join("target"), PathBuf::from);
    target.join(profile).join("orgform")
}
