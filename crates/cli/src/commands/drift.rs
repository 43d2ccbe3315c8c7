//! `orgform drift`: what the provider changed behind us, and who did it.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use orgform_engine::{Clock, EngineError, state};
use orgform_model::{SignedDuration, State, Timestamp};
use orgform_plan::drift::Drift;
use orgform_plan::render;

use crate::args::duration;
use crate::commands::plan::Format;
use crate::connect::{Link, Purpose};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure;
use crate::progress::Bar;
use crate::root::OpenRoot;
use crate::run::{self, Question, Turn};
use crate::store;

/// Show what changed at the provider since the last apply, who did it, and what happens next.
///
/// Compared is what was last applied with what is there; a change of the files is none here. The provider's audit
/// log says who, when and from where, else "no record" stands with the reason. It only reads, with the read-only
/// credential if the Provider has one. Exit code 0 without drift, 1 on an error, 4 when something could not be
/// looked at.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// End with 2 when there is drift.
    #[arg(long)]
    detailed_exitcode: bool,
    /// How far back to read the audit log.
    #[arg(long, value_name = "SPAN", default_value = "90d", value_parser = duration)]
    since: Duration,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let root = OpenRoot::open(&[], console)?; // I/O
    let mut exit = root.tell_findings(console);
    let store = store::of(&root)?;
    let remembered = state::read(store.as_ref(), &root.settings.id).await.map_err(failure::of_state)?; // I/O
    let turns = run::turns(&root, &Question::default(), remembered.as_ref(), console)?;
    let mut drifts = Vec::new();
    for turn in &turns {
        match look(&root, turn, remembered.as_ref(), arguments.since, console).await {
            Ok(found) => drifts.push(found),
            Err(error) => {
                exit = exit.and(console.fail(&failure::among(turns.len(), turn.name(), error)));
            }
        }
    }
    // One provider that can't be reached makes a whole of several partial, not wrong.
    if !drifts.is_empty() && drifts.len() < turns.len() && root.exit() != Exit::Error {
        exit = Exit::Partial;
    }
    print(arguments.format, &drifts, console)?;
    Ok(drifts.iter().map(|(drift, _)| of_drift(drift, arguments.detailed_exitcode)).fold(exit, Exit::and))
}

/// Looks at one provider with a reader.
async fn look(
    root: &OpenRoot,
    turn: &Turn,
    remembered: Option<&State>,
    since: Duration,
    console: &Console,
) -> Result<(Drift, Duration)> {
    let link = Link::open(&root.folder, &turn.settings, Purpose::Look, console).await?;
    link.tell(turn.name(), console);
    let begun = Instant::now();
    let looked = match (turn.provider.reader)(&link.connection) {
        Ok(reader) => {
            let known = remembered.and_then(|state| state.providers.get(turn.name()));
            let bar = Bar::new(console, turn.name().as_str());
            let case = turn.case(&link);
            let since = back(link.clock().now(), since);
            orgform_engine::drift(reader.as_ref(), &case, known, since, link.clock(), &bar).await // I/O
        }
        Err(error) => Err(EngineError::Unobservable(error)),
    };
    link.close().await;
    let (_, drift) = looked.map_err(|error| failure::of_provider(turn.name(), error))?;
    Ok((drift, begun.elapsed()))
}

fn back(now: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn print(format: Format, drifts: &[(Drift, Duration)], console: &Console) -> Result<()> {
    let all = || drifts.iter().map(|(drift, _)| drift.clone()).collect::<Vec<_>>();
    match format {
        Format::Text => {
            for (index, (drift, took)) in drifts.iter().enumerate() {
                let gap = if index > 0 { "\n" } else { "" };
                let text = render::drift_text(drift, &console.style(Some(*took)));
                console.print(&format!("{gap}{text}"))?;
            }
        }
        Format::Json => console.print_json(&render::drift_json(&all(), &console.style(None)))?,
        Format::Markdown => console.print(&render::drift_markdown(&all(), &console.style(None)))?,
    }
    Ok(())
}

fn of_drift(drift: &Drift, detailed: bool) -> Exit {
    match Exit::of_code(drift.exit_code()) {
        Exit::Changes if !detailed => Exit::Clean,
        exit => exit,
    }
}
