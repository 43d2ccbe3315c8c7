//! Lays out the crate of a new provider and enters it where that needs no thought.
//!
//! What is laid out compiles, can do nothing, and says so: each look and each change is refused as not written yet,
//! and the conformance suite runs and breaks off story by story. What is left is told in order; each step is a section of
//! `docs/writing-a-provider.md`.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::run::{self, cargo_at, say};

#[derive(Args)]
pub(crate) struct Options {
    /// The name of its crate and of its block in manifests: lower-case letters and digits.
    name: String,
    /// Its name in sentences; the same with a capital, if none is given.
    #[arg(long)]
    title: Option<String>,
}

/// Where each file goes, and what is in it. `{name}`, `{title}` and `{Kind}` stand for the provider's names.
const FILES: &[(&str, &str)] = &[
    ("crates/providers/{name}/Cargo.toml", include_str!("../templates/provider/Cargo.toml.in")),
    ("crates/providers/{name}/src/lib.rs", include_str!("../templates/provider/src/lib.rs.in")),
    ("crates/providers/{name}/src/semantics.rs", include_str!("../templates/provider/src/semantics.rs.in")),
    ("crates/providers/{name}/src/client.rs", include_str!("../templates/provider/src/client.rs.in")),
    ("crates/providers/{name}/src/provider.rs", include_str!("../templates/provider/src/provider.rs.in")),
    ("crates/providers/{name}/tests/traps.rs", include_str!("../templates/provider/tests/traps.rs.in")),
    ("crates/conformance/tests/{name}/main.rs", include_str!("../templates/provider/suite/main.rs.in")),
    ("crates/conformance/tests/{name}/subject.rs", include_str!("../templates/provider/suite/subject.rs.in")),
];

/// What goes into files that exist: a line before the only one that starts so.
const ENTRIES: &[(&str, &str, &str)] = &[
    ("Cargo.toml", "orgform-providers = ", "orgform-{name} = { path = \"crates/providers/{name}\" }"),
    ("crates/providers/all/Cargo.toml", "orgform-provider.", "orgform-{name}.workspace = true"),
    ("crates/providers/all/src/lib.rs", "];", "&orgform_{name}::PROVIDER,"),
    ("crates/conformance/Cargo.toml", "orgform-sim.", "orgform-{name}.workspace = true"),
];

/// What a person does then: the section of `docs/writing-a-provider.md`, what, and where it is seen done.
const LEFT: &[(u8, &str, &[&str])] = &[
    (
        1,
        "Write the contract down: what removing somebody does, what sends mails, what a short list may mean.",
        &[],
    ),
    (2, "Write its simulator, and stories of it over HTTP.", &["crates/sim/src/lib.rs", "crates/sim/tests"]),
    (
        3,
        "Fill in `semantics`, then `client` and the looks, then one write after another, each with its traps.",
        &["crates/providers/packetfabric/src", "crates/providers/xarios/src"],
    ),
    (
        4,
        "Give it a block in manifests.",
        &[
            "crates/spec/src/kinds/connection.rs",
            "crates/spec/src/schema.rs",
            "crates/spec/src/crd/rules.rs",
            "crates/spec/src/validate/fields.rs",
            "crates/spec/src/validate/provider.rs",
            "tests/control-plane/tests/it/rules.rs",
        ],
    ),
    (
        4,
        "Tell the command of its simulator.",
        &[
            "crates/cli/src/kinds.rs",
            "crates/cli/src/commands/sim.rs",
            "crates/cli/src/commands/act.rs",
            "crates/cli/src/logging.rs",
        ],
    ),
    (
        5,
        "Put its simulator under the suite's subject, and give each switch its tests.",
        &["crates/conformance/tests"],
    ),
    (
        6,
        "Write its transcripts and its weather.",
        &["tests/tests", "tests/src/bin/weather/elsewhere/mod.rs", "crates/xtask/src/weather.rs"],
    ),
    (
        6,
        "Write its page and its example, then run `cargo xtask generate`.",
        &["docs/providers", "examples", "docs/limitations.md", "README.md", "CHANGELOG.md"],
    ),
];

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let Options { name, title } = options;
    let title = title.clone().unwrap_or_else(|| capital(name));
    let root = run::root();
    lay_out(&root, name, &title)?;
    cargo_at(&root, &["check", "--package", &package(name), "--all-targets"], &[])?;
    say(&format!(
        "\n{title} is in crates/providers/{name} and in the list of providers, and can do nothing yet."
    ));
    say(&format!("See which stories break off: cargo test --package orgform-conformance --test {name}"));
    say("\nWhat is left, by the sections of docs/writing-a-provider.md:\n");
    for (section, what, places) in LEFT {
        say(&format!("  {section}. {what}"));
        if !places.is_empty() {
            say(&format!("     {}", places.join(", ")));
        }
    }
    Ok(())
}

/// Fails unless each place that a provider is entered in, or a person is sent to, is there.
pub(crate) fn check() -> anyhow::Result<()> {
    for (path, before, _) in ENTRIES {
        place_in(&std::fs::read_to_string(run::root().join(path))?, before).context(*path)?;
    }
    for place in LEFT.iter().flat_map(|(_, _, places)| *places) {
        ensure!(
            run::root().join(place).exists(),
            "a new provider would be sent to {place}, which is not there"
        );
    }
    say("new provider: every place is there");
    Ok(())
}

/// Writes the files of a new provider under the root of a repository.
fn lay_out(root: &Path, name: &str, title: &str) -> anyhow::Result<()> {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let first = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    ensure!(first && name.chars().all(plain), "`{name}` is no name: use lower-case letters and digits");
    let folder = root.join("crates/providers").join(name);
    ensure!(!folder.exists(), "{} is there already", folder.display());
    let kind: String = title.chars().filter(char::is_ascii_alphanumeric).collect();
    ensure!(kind.starts_with(|letter: char| letter.is_ascii_uppercase()), "`{title}` starts with no capital");
    let filled = |text: &str| text.replace("{name}", name).replace("{title}", title).replace("{Kind}", &kind);
    for (path, text) in FILES {
        let path = root.join(filled(path));
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        std::fs::write(path, filled(text))?;
    }
    for (path, before, entry) in ENTRIES {
        let file = root.join(path);
        let text = std::fs::read_to_string(&file)?;
        let (above, below) = text.split_at(place_in(&text, before).context(*path)?);
        std::fs::write(file, format!("{above}{}\n{below}", filled(entry)))?;
    }
    let package = package(name);
    let formatted =
        ["--package", &package, "--package", "orgform-providers", "--package", "orgform-conformance"];
    cargo_at(root, &[&["fmt"], &formatted[..]].concat(), &[])
}

/// Where the only line begins that starts so.
fn place_in(text: &str, before: &str) -> anyhow::Result<usize> {
    let lines = text.match_indices(before).map(|(place, _)| place);
    let mut places = lines.filter(|place| text[..*place].ends_with('\n'));
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        _ => bail!("there is not one line that starts with `{before}`"),
    }
}

fn package(name: &str) -> String {
    format!("orgform-{name}")
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::{Command, Output};

    use super::*;
    use crate::run::cargo_ended;

    #[test]
    fn what_is_laid_out_compiles_and_the_suite_tells_what_it_lacks() -> anyhow::Result<()> {
        let copy = copied_sources()?;
        lay_out(&copy, "probe", "Probe")?;
        let target = run::target().display().to_string();
        // What the copy has in common with us is built once. That needs the same features: those of the whole workspace.
        let cargo = |arguments: &str| -> anyhow::Result<(bool, String)> {
            let arguments: Vec<&str> = arguments.split(' ').collect();
            let Output { status, stdout, stderr } =
                cargo_ended(&copy, &arguments, &[("CARGO_TARGET_DIR", &target)])?;
            Ok((status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned()))
        };
        let (held, said) = cargo("check --offline --workspace --lib --test traps --test probe")?;
        ensure!(held && !said.contains("warning"), "{said}");
        let (held, said) = cargo("test --offline --workspace --test traps -- what_is_not_written_yet")?;
        ensure!(held && said.contains("1 passed"), "{said}");
        let (held, said) = cargo("test --offline --workspace --test probe")?;
        ensure!(
            !held && said.contains("could not list the accounts: orgform can't do that at Probe yet"),
            "{said}"
        );
        Ok(())
    }

    /// A copy of what cargo reads, with the times of its files: what did not change is not built again.
    fn copied_sources() -> anyhow::Result<PathBuf> {
        let copy = run::target().join("new-provider");
        if copy.exists() {
            std::fs::remove_dir_all(&copy)?;
        }
        std::fs::create_dir_all(&copy)?;
        let sources = ["Cargo.toml", "Cargo.lock", "clippy.toml", "rustfmt.toml", "crates", "tests"];
        let copied =
            Command::new("cp").arg("-pR").args(sources).arg(&copy).current_dir(run::root()).status()?;
        ensure!(copied.success(), "could not copy the sources to {}", copy.display());
        Ok(copy)
    }
}
