//! `orgform import`: writes declarations of what there is, and proves that they change nothing.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use orgform_engine::{Case, EngineError, SystemClock, observe_everything, state};
use orgform_model::world::{Completeness, PersonSeen};
use orgform_model::{Desired, World};
use orgform_plan::Requests;
use orgform_spec::export::Export;
use serde_json::json;

use crate::carry_out::Format;
use crate::connect::{Link, Purpose};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::import::{Imported, Surroundings, declare};
use crate::progress::Bar;
use crate::root::{Declared, OpenRoot, counted};
use crate::store;
use crate::words::table;

/// Write declarations of what there is at a provider: accounts, roles, people and their memberships.
///
/// It only reads at the provider, with the read-only credential if there is one. The files are planned in memory before
/// anything is written: they change nothing there, or none is written and what stands in the way is told. What is
/// declared already is left alone, and no file is overwritten. Invites that wait become memberships; expired ones become
/// comments.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The name of a Provider that the root declares.
    #[arg(value_name = "PROVIDER")]
    provider: String,
    /// A folder of the root to write to; it is made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let root = OpenRoot::open(&[], console)?; // I/O
    if root.tell_findings(console) == Exit::Error {
        return Err(Failure::new("the root has errors, so what it declares can't be told")
            .hint("correct the errors above first.")
            .nothing_read()
            .into());
    }
    let declared = declared(&root, &arguments.provider)?;
    let folder = folder(&root, &arguments.into)?;
    let store = store::of(&root)?;
    let remembered = state::read(store.as_ref(), &root.settings.id).await.map_err(failure::of_state)?; // I/O
    let known = remembered.as_ref().and_then(|state| state.providers.get(&declared.settings.name));
    let begun = Instant::now();
    let world = look(&root, declared, console).await?; // I/O
    let took = begun.elapsed();
    refuse_partial_sight(&world)?;
    let surroundings =
        Surroundings { root: &root, declared, world: &world, state: known, folder: &folder, at: world.at };
    let imported = declare(&surroundings)?;
    write(&root.folder, &imported.export.files)?; // I/O
    match arguments.format {
        Format::Text => {
            console.print(&as_text(declared, &world, &imported, took))?;
            console.tell(next(&imported.export));
        }
        Format::Json => console.print_json(&as_json(declared, &imported.export))?,
    }
    Ok(Exit::Clean)
}

fn declared<'r>(root: &'r OpenRoot, name: &str) -> Result<&'r Declared> {
    if let Some(declared) = root.declared.iter().find(|one| one.settings.name.as_str() == name) {
        return Ok(declared);
    }
    let names: Vec<&str> = root.declared.iter().map(|one| one.settings.name.as_str()).collect();
    let hint = match names.as_slice() {
        [] => "a `kind: Provider` says which API to speak to; `orgform init --bare` writes one.".to_owned(),
        names => format!("declared are: {}.", names.join(", ")),
    };
    let what = format!("no Provider {name} is declared in {}", root.folder.display());
    Err(Failure::new(what).hint(hint).nothing_read().into())
}

/// The folder to write to, relative to the root, with `/` between segments.
fn folder(root: &OpenRoot, into: &Path) -> Result<String> {
    // It may not be there yet: what is there of it tells where it is.
    let asked = std::path::absolute(into)?;
    let there = asked.ancestors().find(|folder| folder.exists()).unwrap_or(&asked);
    let rest = asked.strip_prefix(there).unwrap_or(Path::new(""));
    let folder = there.canonicalize().with_context(|| format!("could not open {}", there.display()))?;
    // Without this, a file in the place of a folder would be told only after everything was read.
    let usable =
        folder.is_dir() && rest.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let top = root.folder.canonicalize()?;
    // Named from a folder within the root, `.` still means all of it.
    if into == Path::new(".") {
        return Ok(String::new());
    }
    let segments: Option<Vec<String>> =
        folder.join(rest).strip_prefix(&top).ok().filter(|_| usable).map(|inner| {
            inner.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
        });
    match segments {
        Some(segments) if segments.iter().all(|segment| !segment.starts_with('.')) => Ok(segments.join("/")),
        Some(_) => Err(Failure::new(format!("{} is hidden, and would not be read", into.display()))
            .hint("name a folder without a `.` in front.")
            .nothing_read()
            .into()),
        None => Err(Failure::new(format!("{} is no folder of the root {}", into.display(), top.display()))
            .hint("the files name the Provider, so they belong to its root; `orgform init --bare DIR` makes another.")
            .nothing_read()
            .into()),
    }
}

/// Looks at everything, with a reader. I/O.
async fn look(root: &OpenRoot, declared: &Declared, console: &Console) -> Result<World> {
    let name = &declared.settings.name;
    let link = Link::open(&root.folder, &declared.settings, Purpose::Look, console).await?;
    link.tell(name, console);
    let desired: &Desired = &declared.desired;
    let case = Case {
        desired,
        base: None,
        semantics: declared.provider.semantics,
        capabilities: declared.provider.capabilities,
        requests: &Requests::default(),
        connection: &link.label,
        secrets: &*link.secrets,
    };
    let bar = Bar::new(console, name.as_str());
    let looked = match (declared.provider.reader)(&link.connection) {
        Ok(reader) => observe_everything(reader.as_ref(), &case, &SystemClock, &bar).await,
        Err(error) => Err(error),
    };
    bar.clear();
    link.close().await;
    looked.map_err(|error| failure::of_provider(name, EngineError::Unobservable(error)))
}

/// What was half seen would be declared half, and look whole.
fn refuse_partial_sight(world: &World) -> Result<()> {
    let mut unseen = Vec::new();
    if !world.directory.completeness.is_complete() {
        unseen.push("the list of accounts".to_owned());
    }
    for (id, content) in &world.contents {
        let partial = |part: &Completeness| match part {
            Completeness::Complete => None,
            Completeness::Partial { because } => Some(because.clone()),
        };
        match content {
            Ok(content) => {
                let parts = [&content.roles_complete, &content.people_complete];
                unseen
                    .extend(parts.into_iter().filter_map(partial).map(|because| format!("{id}: {because}")));
            }
            Err(missing) => unseen.push(format!("{id}: {}", missing.because)),
        }
    }
    unseen.extend(world.people.iter().filter_map(|(id, seen)| match seen {
        PersonSeen::NotRead { because } => Some(format!("{id}: {because}")),
        PersonSeen::Email(_) | PersonSeen::Unreadable { .. } | PersonSeen::Gone => None,
    }));
    if unseen.is_empty() {
        return Ok(());
    }
    let failure = Failure::new("not everything could be seen, so not everything could be declared");
    Err(unseen
        .into_iter()
        .fold(failure, Failure::line)
        .hint("try again later, or use a credential that may read all of it.")
        .nothing_changed()
        .into())
}

/// Writes files that are not there. I/O.
fn write(root: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    for (name, text) in files {
        let path = root.join(name);
        let write = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(text.as_bytes())
        };
        write().with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

fn as_text(declared: &Declared, world: &World, imported: &Imported, took: Duration) -> String {
    let Export { files, accounts, roles, people, memberships, invites, unreadable, left_out } =
        &imported.export;
    let name = &declared.settings.name;
    let calls = counted(world.calls as usize, "call");
    let mut text = format!(
        "{name}: {}, read in {calls} ({:.1} s)\n",
        counted(world.directory.accounts.len(), "account"),
        took.as_secs_f64()
    );
    let mut rows = Vec::new();
    let mut row = |folder: &str, what: String| {
        let inside = format!("{folder}/");
        let number =
            files.keys().filter(|path| path.starts_with(&inside) || path.contains(&format!("/{inside}")));
        rows.push(vec![inside.clone(), counted(number.count(), "file"), what]);
    };
    if !accounts.is_empty() {
        row("accounts", counted(accounts.len(), "account"));
    }
    if !roles.is_empty() {
        row("roles", counted(roles.len(), "role"));
    }
    if *people > 0 {
        let persons = if *people == 1 { "1 person".to_owned() } else { format!("{people} people") };
        let mut what = format!("{persons}, {}", counted(*memberships, "membership"));
        if *invites > 0 {
            what.push_str(&format!(", {invites} of them invited"));
        }
        if *unreadable > 0 {
            what.push_str(&format!("; {unreadable} told by id only"));
        }
        row("people", what);
    }
    if rows.is_empty() {
        text.push_str("\nNothing to write: everything there is declared, or can't be.\n");
    } else {
        text.push_str(&format!("\n{}", table(&rows)));
    }
    if !left_out.is_empty() {
        text.push_str("\nStays as it is, and is not declared\n");
        let rows: Vec<_> = left_out.iter().map(|one| vec![one.what.clone(), one.because.clone()]).collect();
        text.push_str(&table(&rows));
    }
    text
}

fn next(export: &Export) -> &'static str {
    if export.files.is_empty() {
        return "Nothing was written.";
    }
    "\nPlanned in memory: these files change nothing at the provider. They are yours to edit.\n\nNext:\n  \
     orgform plan     shows what will be taken over\n  orgform apply    remembers it, without a write\n"
}

fn as_json(declared: &Declared, export: &Export) -> serde_json::Value {
    let Export { files, accounts, roles, people, memberships, invites, unreadable, left_out } = export;
    let left_out: Vec<_> =
        left_out.iter().map(|one| json!({ "what": one.what, "because": one.because })).collect();
    json!({
        "format": 1,
        "provider": declared.settings.name,
        "files": files.keys().collect::<Vec<_>>(),
        "accounts": accounts.len(),
        "roles": roles.len(),
        "people": people,
        "memberships": memberships,
        "invites": invites,
        "unreadable": unreadable,
        "leftOut": left_out,
    })
}
