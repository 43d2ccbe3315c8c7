//! Generated files: written by one chore, compared by another.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::{contracts, run};

/// Every generated file and the arguments of `orgform` that print it.
const FILES: &[(&str, &[&str])] = &[
    ("docs/schema.json", &["schema"]),
    ("docs/cli.md", &["reference", "cli"]),
    ("docs/capabilities.md", &["reference", "capabilities"]),
];

/// The kinds by their plurals, and the folders that hold their definitions. Helm takes them only from the chart.
const KINDS: &[&str] = &["providers", "accounts", "roles", "members", "apikeys"];
const DEFINITIONS: &[&str] = &["crds", "charts/orgform/crds"];

/// Writes all of them.
pub(crate) fn write() -> anyhow::Result<()> {
    for (path, content) in contents()? {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
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
    let orgform = binary("debug");
    let mut contents = FILES
        .iter()
        .map(|(path, arguments)| Ok((run::root().join(path), printed(&orgform, arguments)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    contents.extend(definitions()?);
    for provider in contracts::providers()? {
        contents.push((contracts::joined_path(&provider), contracts::joined(&provider)?));
    }
    Ok(contents)
}

/// The definitions of the kinds for a cluster.
fn definitions() -> anyhow::Result<Vec<(PathBuf, String)>> {
    let example = ["--quiet", "--package", "orgform-spec", "--features", "crd", "--example", "crds"];
    run::cargo(&[&["build"], &example[..]].concat())?;
    let program = binary("debug").with_file_name("examples").join("crds");
    let mut contents = vec![];
    for kind in KINDS {
        let text = printed(&program, &[kind])?;
        let files = DEFINITIONS.iter().map(|folder| run::root().join(folder).join(format!("{kind}.yaml")));
        contents.extend(files.map(|path| (path, text.clone())));
    }
    Ok(contents)
}

fn printed(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("could not start {}", program.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{} {}` failed: {said}", program.display(), arguments.join(" "));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Where cargo puts the binary.
pub(crate) fn binary(profile: &str) -> PathBuf {
    run::target().join(profile).join("orgform")
}
