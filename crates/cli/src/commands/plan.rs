//! `orgform plan`: what would change, without a way to change it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use orgform_engine::state;
use orgform_model::{Address, State, Timestamp};
use orgform_plan::file::PlanFile;
use orgform_plan::{Plan, render};
use tokio::task;

use crate::args::moment;
use crate::connect::{Link, Purpose};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::root::OpenRoot;
use crate::run::{self, Look, Question, Turn};
use crate::{git, rename, root, store};

/// Show what would change: who gains and loses what, where, and why.
///
/// It only reads, with the read-only credential if the Provider has one, and holds no way to write. Exit code 0
/// when it could be planned, 1 on an error, 3 when something is refused or held, 4 when something could not be
/// looked at.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Files or folders of one root: narrows what the plan speaks for.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Save the plan: `orgform apply FILE` then does exactly what is in it, and no more.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with 2 when there are changes, or adoptions to remember.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Only what is declared, or was, by the object at this address, such as
    /// pureport/acme:member/ada@acme.example; may be given several times.
    #[arg(long, value_name = "ADDRESS")]
    target: Vec<Address>,
    /// The commit that was applied last: proves, without a state, what was declared and is gone.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Edit the manifests where the provider knows people by another e-mail now; nothing else in them changes.
    #[arg(long)]
    write: bool,
    /// Plan as if it were this later day, such as 2026-12-31 (its end, in UTC), or time (RFC 3339), and nothing
    /// else happened until then; can be neither saved nor applied.
    #[arg(long, value_name = "DATE", value_parser = moment, conflicts_with_all = ["out", "write"])]
    at: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) place: crate::cluster::Place,
}

/// The form of what is printed by commands that only look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    if let Some(at) = arguments.at.filter(|at| *at <= Timestamp::now()) {
        return Err(Failure::new(format!("{at} is over"))
            .hint("--at takes a day or time that is still ahead; leave it out to plan for now.")
            .nothing_read()
            .into());
    }
    if arguments.place.cluster {
        return crate::cluster::plan(arguments, console).await;
    }
    let (root, remembered) = read(&arguments.paths, console).await?; // I/O
    let mut exit = root.tell_findings(console);
    let remembered = remembered?;
    let turns = run::turns(&root, &question(arguments), remembered.as_ref(), console)?;
    let mut looks = Vec::new();
    for turn in &turns {
        match plan_one(&root, turn, remembered.as_ref(), console).await {
            Ok(look) => looks.push(look),
            Err(error) => {
                exit = exit.and(console.fail(&failure::among(turns.len(), turn.name(), error)));
            }
        }
    }
    // Before the plan is shown: it says what is left to edit.
    let written = match arguments.write {
        true => Some(rename::write(&root, &mut looks, console)), // I/O
        false => None,
    };
    print(arguments.format, &looks, console)?;
    if let Some(path) = &arguments.out {
        save(path, &root, arguments, &looks, console)?;
    }
    if let Some(written) = written {
        console.tell(&written?.0);
    }
    Ok(sum_up(&root, arguments, turns.len(), &looks, exit))
}

/// How it all ends, with what came of so many providers.
pub(crate) fn sum_up(
    root: &OpenRoot,
    arguments: &Arguments,
    turns: usize,
    looks: &[Look],
    exit: Exit,
) -> Exit {
    // One provider that can't be reached makes a whole of several partial, not wrong.
    let is_partial = !looks.is_empty() && looks.len() < turns && root.exit() != Exit::Error;
    let exit = if is_partial { Exit::Partial } else { exit };
    let of_plans = looks.iter().map(|look| of_plan(&look.planned.plan, arguments.detailed_exitcode));
    of_plans.fold(exit, Exit::and)
}

/// Reads the manifests and the state, which don't need each other, at the same time. What is wrong with the state is
/// for after what is wrong with the manifests.
async fn read(paths: &[PathBuf], console: &Console) -> Result<(OpenRoot, Result<Option<State>>)> {
    let folder = root::find(paths)?;
    let settings = root::settings(&folder, console)?;
    let (store, id, paths) = (store::named(&folder, &settings), settings.id.clone(), paths.to_vec());
    let manifests = task::spawn_blocking(move || OpenRoot::read(folder, settings, &paths));
    let remembered = match store {
        Ok(store) => state::read(store.as_ref(), &id).await.map_err(failure::of_state),
        Err(error) => Err(error),
    };
    Ok((manifests.await??, remembered))
}

/// The exit code that a plan ends with by itself.
pub(crate) fn of_plan(plan: &Plan, detailed: bool) -> Exit {
    match Exit::of_code(plan.exit_code()) {
        Exit::Changes if !detailed => Exit::Clean,
        exit => exit,
    }
}

/// What is asked for by these arguments.
pub(crate) fn question(arguments: &Arguments) -> Question {
    let Arguments { target, base, at, .. } = arguments;
    Question { targets: target.clone(), base: base.clone(), at: *at, ..Question::default() }
}

/// Looks at one provider with a reader, and plans.
pub(crate) async fn plan_one(
    root: &OpenRoot,
    turn: &Turn,
    remembered: Option<&State>,
    console: &Console,
) -> Result<Look> {
    let link = Link::open(&root.folder, &turn.settings, Purpose::Look, console).await?;
    look_over(link, turn, remembered, console).await
}

/// Looks over a link, and plans.
pub(crate) async fn look_over(
    link: Link,
    turn: &Turn,
    remembered: Option<&State>,
    console: &Console,
) -> Result<Look> {
    link.tell(turn.name(), console);
    let looked = match (turn.provider.reader)(&link.connection) {
        Ok(reader) => {
            let known = remembered.and_then(|state| state.providers.get(turn.name()));
            run::look(turn, &link, reader.as_ref(), known, console).await // I/O
        }
        Err(error) => Err(orgform_engine::EngineError::Unobservable(error)),
    };
    link.close().await;
    looked.map_err(|error| failure::of_provider(turn.name(), error))
}

/// Prints plans in a form.
pub(crate) fn print(format: Format, looks: &[Look], console: &Console) -> Result<()> {
    let now = now(looks.iter());
    match format {
        Format::Text => run::print_plans(&looks.iter().collect::<Vec<_>>(), console)?,
        Format::Json => console.print_json(&render::json(&plans(looks), now, &console.style(None)))?,
        Format::Markdown => console.print(&render::markdown(&plans(looks), now, &console.style(None)))?,
    }
    Ok(())
}

/// The latest of the times at which was looked; clocks of simulators may be ahead.
pub(crate) fn now<'a>(looks: impl Iterator<Item = &'a Look>) -> Timestamp {
    looks.map(|look| look.planned.at).max().unwrap_or_else(Timestamp::now)
}

fn plans(looks: &[Look]) -> Vec<Plan> {
    looks.iter().map(|look| look.planned.plan.clone()).collect()
}

/// Saves what somebody who reads the plan agrees to.
fn save(
    path: &Path,
    root: &OpenRoot,
    arguments: &Arguments,
    looks: &[Look],
    console: &Console,
) -> Result<()> {
    let mut question = question(arguments);
    // A branch may have moved on when the plan is applied.
    question.base = question.base.map(|revision| git::resolve(&root.folder, &revision)).transpose()?;
    let asked_for = question.words(&root.documents.asked);
    let style = console.style(None);
    let file = PlanFile::new(root.settings.id.clone(), asked_for, &plans(looks), Timestamp::now(), &style);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // People's e-mails are in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut opened| opened.write_all(file.to_json()?.as_bytes()))
        .with_context(|| format!("could not write {}", path.display()))?;
    console.tell(&format!("Saved. To do exactly this: orgform apply {}", path.display()));
    Ok(())
}
