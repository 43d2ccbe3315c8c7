//! Judges that are not ours: installs Prism and Schemathesis, and lets them judge simulators and clients.
//!
//! Their versions are pinned by the lock files in `tests/judges`; what is installed stays in `target/judges`
//! until a lock file changes. What they judge, and how, is the test `judges` in `tests/`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::{contracts, run};

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Providers to judge; all that have an overlay if none is given.
    providers: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let known = contracts::providers()?;
    if let Some(unknown) = options.providers.iter().find(|provider| !known.contains(provider)) {
        bail!("no overlay for `{unknown}` in crates/sim/contracts; there are {}", known.join(", "));
    }
    let chosen = if options.providers.is_empty() { &known } else { &options.providers };
    let folder = run::root().join("target/judges");
    std::fs::create_dir_all(&folder).context("could not create target/judges")?;
    install_prism(&folder)?;
    install_schemathesis(&folder)?;
    chosen.iter().try_for_each(|provider| judge(provider, &folder))
}

fn install_prism(folder: &Path) -> anyhow::Result<()> {
    install(folder, "package-lock.json", || {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(lock_file(file), folder.join(file))
                .with_context(|| format!("could not copy {file}"))?;
        }
        // None of the packages needs to run anything of its own.
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
        start(npm.current_dir(folder), "install Node.js 18.20 or newer, which brings npm")
    })
}

fn install_schemathesis(folder: &Path) -> anyhow::Result<()> {
    install(folder, "requirements.txt", || {
        let hint = "install Python 3.10 or newer with its module venv";
        let venv = folder.join("venv");
        start(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv), hint)?;
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement"]);
        start(pip.arg(lock_file("requirements.txt")), hint)
    })
}

/// Installs unless it was done for this very lock file.
fn install(folder: &Path, lock: &str, install: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let stamp = folder.join(format!("{lock}.installed"));
    let text = std::fs::read_to_string(lock_file(lock)).with_context(|| format!("could not read {lock}"))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == text) {
        return Ok(());
    }
    install()?;
    std::fs::write(&stamp, text).with_context(|| format!("could not write {}", stamp.display()))
}

fn lock_file(name: &str) -> std::path::PathBuf {
    run::root().join("tests/judges").join(name)
}

fn start(command: &mut Command, hint: &str) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    run::say(&format!("$ {name} …"));
    let status = command.status().with_context(|| format!("could not start `{name}`; {hint}"))?;
    ensure!(status.success(), "`{name}` failed; {hint}");
    Ok(())
}

fn judge(provider: &str, folder: &Path) -> anyhow::Result<()> {
    let filter = format!("{provider}::");
    let test =
        ["test", "--quiet", "--package", "orgform-tests", "--test", "judges", "--locked", "--", "--ignored"];
    let listed = run::cargo_output(&[&test[..], &["--list", &filter]].concat())?;
    ensure!(listed.contains(": test"), "nothing in tests/tests/judges is about {provider}");
    let folder = folder.display().to_string();
    // One after the other, so that what they say stays apart.
    let arguments = [&test[..], &["--nocapture", "--test-threads", "1", &filter]].concat();
    run::cargo_with(&arguments, &[("ORGFORM_JUDGES", &folder)])
}
