//! `orgform init`: a root to start from, that plans against the simulator straight away.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use orgform_model::RootId;
use orgform_spec::root::{Redact, Root, StateLocation};
use uuid::Uuid;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::root;

const PROVIDER: &str = include_str!("../../templates/provider.yaml");
const EXAMPLE: &str = include_str!("../../templates/example.yaml");

/// Write a root to start from: orgform.yaml, a Provider and a commented example.
///
/// Nothing is ever overwritten. The Provider is a simulator at first, so `orgform plan` and
/// `orgform apply` work at once, without an account anywhere.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The folder; it is made if it is not there.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// Leave the example out, such as before `orgform import`.
    #[arg(long)]
    bare: bool,
}

pub(crate) fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let folder = &arguments.folder;
    let mut texts = vec![
        (orgform_spec::root::FILE_NAME, orgform_spec::root::write(&fresh())),
        ("provider.yaml", PROVIDER.to_owned()),
    ];
    if !arguments.bare {
        texts.push(("example.yaml", EXAMPLE.to_owned()));
    }
    let names: Vec<&str> = texts.iter().map(|(name, _)| *name).collect();
    refuse_what_is_there(folder, &names)?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make the folder {}", folder.display()))?;
    for (name, text) in &texts {
        write_new(&folder.join(name), text)?;
    }
    let ignored = ignore_simulators(folder)?;
    console.tell(&told(folder, &names, ignored, arguments.bare));
    Ok(Exit::Clean)
}

fn fresh() -> Root {
    Root {
        id: RootId::new(Uuid::new_v4().to_string()),
        state: StateLocation::default(),
        redact: Redact::default(),
    }
}

fn refuse_what_is_there(folder: &Path, names: &[&str]) -> Result<()> {
    if let Some(outer) = root::above(folder) {
        return Err(Failure::new(format!("{} is within the root {}", folder.display(), outer.display()))
            .hint("a root holds no other root; declare more in that one, or choose a folder beside it.")
            .nothing_changed()
            .into());
    }
    let there: Vec<_> = names.iter().filter(|name| folder.join(name).exists()).copied().collect();
    if there.is_empty() {
        return Ok(());
    }
    let what = format!("there is {} in {} already", there.join(", "), std::path::absolute(folder)?.display());
    Err(Failure::new(what)
        .hint("init overwrites nothing; choose another folder, or go on with `orgform validate`.")
        .nothing_changed()
        .into())
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let write = || OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes());
    write().with_context(|| format!("could not write {}", path.display()))
}

/// What the simulator and a running apply leave does not belong in Git. An existing `.gitignore` is not touched.
fn ignore_simulators(folder: &Path) -> Result<bool> {
    let path = folder.join(".gitignore");
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            file.write_all(b".orgform/\n").with_context(|| format!("could not write {}", path.display()))?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("could not write {}", path.display())),
    }
}

fn told(folder: &Path, names: &[&str], ignored: bool, bare: bool) -> String {
    let at = if folder == Path::new(".") { String::new() } else { format!(" -C {}", folder.display()) };
    let mut text = format!("{} written.\n", names.join(", "));
    if !ignored {
        text.push_str("Add `.orgform/` to your .gitignore: it is the simulator's, not yours.\n");
    }
    if bare {
        text.push_str(&format!(
            "\nNext:\n  edit provider.yaml         says how to reach the provider; it is a simulator for now\n  \
             orgform{at} import pureport    writes declarations of what is there\n"
        ));
        return text;
    }
    text.push_str(&format!(
        "\nNext:\n  orgform{at} plan     shows what would change; the provider is a simulator for now\n  \
         orgform{at} apply    carries it out\n"
    ));
    text
}
