//! `plan --write`: follows people whom a provider knows by another e-mail now, in the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use orgform_model::{Email, Place};
use orgform_spec::{Edited, Renaming, rename_people};

use crate::console::Console;
use crate::failure::Failure;
use crate::root::OpenRoot;
use crate::run::Look;

const MARK: &str = "\u{feff}";

/// What was written, to be told below the plan.
#[must_use]
pub(crate) struct Written(pub(crate) String);

/// Edits what plans say of people with another e-mail, and says in them that it is done. I/O.
///
/// # Errors
/// When an e-mail can't be edited in place, or a file changed since it was read; then nothing is edited.
pub(crate) fn write(root: &OpenRoot, looks: &mut [Look], console: &Console) -> Result<Written> {
    let renamings = renamings(root, looks, console);
    if renamings.is_empty() {
        return Ok(Written("Nothing to edit: everybody has the e-mail that is declared.".to_owned()));
    }
    let Edited { texts, places } = rename_people(&root.documents, &renamings).map_err(|error| {
        Failure::new("the manifests were not edited").because(error).hint("edit them by hand.")
    })?;
    let mut files = Vec::new();
    for (label, text) in &texts {
        // A link is followed: what it leads to is the file.
        let path = root.folder.join(&**label);
        let path = path.canonicalize().with_context(|| format!("could not open {}", path.display()))?;
        let now = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        let mark = if now.starts_with(MARK) { MARK } else { "" };
        let before = root.documents.files.iter().find(|file| file.path == *label);
        if before.is_none_or(|file| *file.text != *now.trim_start_matches(MARK)) {
            return Err(Failure::new(format!("{label} changed since it was read; nothing was edited"))
                .hint("run the plan again.")
                .into());
        }
        files.push((path, format!("{mark}{text}")));
    }
    for (path, text) in &files {
        replace(path, text).with_context(|| format!("could not write {}", path.display()))?;
    }
    for plan in looks.iter_mut().map(|look| &mut look.planned.plan) {
        for one in &mut plan.renamed {
            one.edited = renamings.iter().any(|renaming| {
                renaming.provider == plan.provider && renaming.from == one.from && renaming.to == one.to
            });
        }
    }
    Ok(Written(told(&places)))
}

/// Who is to be renamed. Somebody whom another provider still knows by the declared e-mail, is told and left.
fn renamings(root: &OpenRoot, looks: &[Look], console: &Console) -> BTreeSet<Renaming> {
    let mut wanted: BTreeMap<&Email, BTreeSet<Renaming>> = BTreeMap::new();
    for plan in looks.iter().map(|look| &look.planned.plan) {
        for one in &plan.renamed {
            wanted.entry(&one.from).or_default().insert(Renaming {
                provider: plan.provider.clone(),
                from: one.from.clone(),
                to: one.to.clone(),
            });
        }
    }
    let mut renamings = BTreeSet::new();
    for (from, all) in wanted {
        let declared_at = root.declared.iter().filter(|one| one.desired.people.contains_key(from));
        let elsewhere: Vec<String> = declared_at
            .filter(|one| !all.iter().any(|renaming| renaming.provider == one.settings.name))
            .map(|one| one.settings.name.to_string())
            .collect();
        let agreed = all.iter().map(|one| &one.to).collect::<BTreeSet<_>>().len() == 1;
        if elsewhere.is_empty() && agreed {
            renamings.extend(all);
        } else {
            let at = if agreed { elsewhere.join(" and ") } else { "each provider".to_owned() };
            console.warn(&format!(
                "{from} was not edited, since {at} knows the person by another e-mail: write an object for each."
            ));
        }
    }
    renamings
}

/// Puts a text in the place of a file, so that whoever reads it sees the old or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::set_permissions(&fresh, fs::metadata(path)?.permissions())?;
        fs::rename(&fresh, path)
    };
    write().inspect_err(|_| {
        // What can't be tidied up is told by the error above it.
        let _ = fs::remove_file(&fresh);
    })
}

fn told(places: &[Place]) -> String {
    let places: Vec<String> = places.iter().map(|place| format!("  {place}\n")).collect();
    format!("Edited, and nothing else:\n{}", places.concat())
}
