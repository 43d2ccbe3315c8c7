//! `orgform offboard`: declares people absent, plans that over every account, carries it out and proves it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::Args;
use orgform_engine::state;
use orgform_model::{Address, Email, Severity, State, Timestamp};
use orgform_plan::{Plan, render};

use crate::absence::{FileEdit, declare};
use crate::carry_out::{Beforehand, Order, carry_out_in};
use crate::commands::plan::{Format, of_plan, plan_one};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::prove::tell_nowhere;
use crate::root::{OpenRoot, counted};
use crate::run::{self, Look, Question};
use crate::store;

/// Take people out of everything: every account that the provider shows, unmanaged ones and pending invites too.
///
/// Writes `offboarded: true` into the person's declaration, comments kept, or a new file where there is none; shows
/// what that takes away, asks, does it, and reads everything again as evidence. Nothing is written before the
/// answer. Only these people are planned for. Interrupted, it goes on when it is run again. The limits and admin
/// rules hold as ever.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Whom.
    #[arg(value_name = "EMAIL", required = true, value_parser = email)]
    emails: Vec<Email>,
    #[command(flatten)]
    beforehand: Beforehand,
    /// Show what would be written and done, and do neither.
    #[arg(long)]
    dry_run: bool,
    /// Only write the declaration and show what it does, for a pull request; apply does the rest.
    #[arg(long, conflicts_with = "dry_run")]
    declare_only: bool,
    /// Let exactly this held group go, as its digest is shown; may be given several times.
    #[arg(long, value_name = "DIGEST")]
    release: Vec<String>,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let people: BTreeSet<Email> = arguments.emails.iter().cloned().collect();
    let edits = edits(&people, console)?; // I/O
    let root = root_with(&edits, &people, console)?; // I/O
    if arguments.dry_run || arguments.declare_only {
        return show(arguments, &root, &edits, &people, console).await;
    }
    if arguments.format == Format::Text {
        console.print(&shown(&edits))?;
    }
    let order = Order {
        question: question(&root, &people),
        releases: arguments.release.clone(),
        format: arguments.format,
        again: format!("orgform offboard {}", joined(&people, " ")),
        edits,
        absent: people,
        ..Order::default()
    };
    carry_out_in(&root, order, &arguments.beforehand, console).await
}

/// What is to be written, on top of what the root says now.
fn edits(people: &BTreeSet<Email>, console: &Console) -> Result<Vec<FileEdit>> {
    let root = OpenRoot::open(&[], console)?; // I/O
    let manifest = orgform_spec::validate(&root.documents).value;
    declare(&root.documents, &manifest, people).map_err(|findings| {
        console.insist(&orgform_spec::render(&findings, &root.documents, console.colors_talk()));
        Failure::new("a declaration can't be edited in place")
            .hint("write `offboarded: true` there by hand, then run the same command again.")
            .nothing_read()
            .into()
    })
}

/// The root as it will be. Warnings are those of any other day; an error about these people ends it.
fn root_with(edits: &[FileEdit], people: &BTreeSet<Email>, console: &Console) -> Result<OpenRoot> {
    let over: BTreeMap<String, String> =
        edits.iter().map(|edit| (edit.path.clone(), edit.text.clone())).collect();
    let mut root = OpenRoot::open_over(&over, console)?; // I/O
    root.findings.retain(|finding| finding.severity == Severity::Error);
    root.tell_findings(console);
    let frozen = root.declared.iter().flat_map(|one| &one.desired.frozen.people);
    let frozen: BTreeSet<&Email> = frozen.filter(|email| people.contains(*email)).collect();
    if frozen.is_empty() {
        return Ok(root);
    }
    let names: Vec<&str> = frozen.iter().map(|email| email.as_str()).collect();
    Err(Failure::new(format!("a declaration of {} has an error, so it would do nothing", names.join(", ")))
        .hint("correct it first.")
        .nothing_read()
        .into())
}

/// Shows what would happen; with `--declare-only` writes the declaration.
async fn show(
    arguments: &Arguments,
    root: &OpenRoot,
    edits: &[FileEdit],
    people: &BTreeSet<Email>,
    console: &Console,
) -> Result<Exit> {
    let store = store::of(root)?;
    let remembered = state::read(store.as_ref(), &root.settings.id).await.map_err(failure::of_state)?; // I/O
    let (looks, seen) = look_all(root, people, remembered.as_ref(), console).await?; // I/O
    let plans: Vec<Plan> = looks.iter().map(|look| look.planned.plan.clone()).collect();
    let now = Timestamp::now();
    tell_nowhere(&plans.iter().collect::<Vec<_>>(), edits, console);
    let plans: Vec<Plan> = plans.into_iter().map(|plan| plan.releasing(&arguments.release)).collect();
    match arguments.format {
        Format::Text => {
            console.print(&shown(edits))?;
            run::print_plans_for(&looks.iter().collect::<Vec<_>>(), "", &arguments.release, console)?;
        }
        Format::Json => {
            let mut value = render::json(&plans, now, &console.style(None));
            let files: Vec<&str> = edits.iter().map(|edit| edit.path.as_str()).collect();
            value["files"] = files.into();
            console.print_json(&value)?;
        }
        Format::Markdown => console.print(&render::markdown(&plans, now, &console.style(None)))?,
    }
    if arguments.declare_only {
        for edit in edits {
            edit.write(&root.folder)?; // I/O
        }
        let files = counted(edits.len(), "file");
        console.tell(&format!("Wrote {files}. `orgform apply` does the rest."));
    } else {
        console.tell("Nothing was written and nothing was changed.");
    }
    Ok(plans.iter().map(|plan| of_plan(plan, false)).fold(root.exit().and(seen), Exit::and))
}

/// Looks at every provider. One that can't be reached is told, and the others go on; it ends the run only where it is
/// the only one.
async fn look_all(
    root: &OpenRoot,
    people: &BTreeSet<Email>,
    remembered: Option<&State>,
    console: &Console,
) -> Result<(Vec<Look>, Exit)> {
    let turns = run::turns(root, &question(root, people), remembered, console)?;
    let (mut looks, mut exit) = (Vec::new(), Exit::Clean);
    for turn in &turns {
        match plan_one(root, turn, remembered, console).await {
            Ok(look) => looks.push(look),
            Err(error) if turns.len() > 1 => {
                console.fail(&failure::among(turns.len(), turn.name(), error));
                exit = Exit::Partial;
            }
            Err(error) => return Err(error),
        }
    }
    Ok((looks, exit))
}

/// Only these people, at every provider.
fn question(root: &OpenRoot, people: &BTreeSet<Email>) -> Question {
    let providers = root.declared.iter().map(|declared| &declared.settings.name);
    let targets = providers.flat_map(|name| people.iter().map(move |email| Address::person(name, email)));
    Question { targets: targets.collect(), ..Question::default() }
}

fn shown(edits: &[FileEdit]) -> String {
    if edits.is_empty() {
        return "Declared absent already; no file is edited.\n\n".to_owned();
    }
    let patches: String = edits.iter().map(FileEdit::patch).collect();
    format!("files: {} to write.\n{patches}\n", edits.len())
}

fn joined(people: &BTreeSet<Email>, joint: &str) -> String {
    people.iter().map(Email::as_str).collect::<Vec<_>>().join(joint)
}

fn email(text: &str) -> Result<Email, String> {
    match orgform_spec::email_fault(text) {
        None => Ok(Email::new(text)),
        Some(fault) => Err(format!("`{text}` is not an e-mail address: {fault}")),
    }
}
