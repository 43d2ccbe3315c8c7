//! The commands, a file each: its arguments, and `run`.

pub(crate) mod act;
pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod drift;
pub(crate) mod forget;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod invites;
pub(crate) mod keys;
pub(crate) mod man;
pub(crate) mod offboard;
pub(crate) mod plan;
pub(crate) mod reference;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod sim;
pub(crate) mod validate;

use std::future::Future;

use std::io::ErrorKind;

use anyhow::{Context, Result};

use crate::args::{Cli, Command};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli, console: &Console) -> Result<Exit> {
    if let Some(folder) = &cli.global.directory {
        std::env::set_current_dir(folder).map_err(|error| {
            let failure = Failure::new(format!("could not change to {}", folder.display()));
            let failure = match error.kind() {
                ErrorKind::NotFound => failure.hint("-C takes a folder that is there; make it first."),
                _ => failure,
            };
            failure.nothing_read().because(error)
        })?;
    }
    match &cli.command {
        Command::Init(arguments) => init::run(arguments, console),
        Command::Validate(arguments) => validate::run(arguments, console),
        Command::Plan(arguments) => wait_for(plan::run(arguments, console)),
        Command::Apply(arguments) => wait_for(apply::run(arguments, console)),
        Command::Drift(arguments) => wait_for(drift::run(arguments, console)),
        Command::Offboard(arguments) => wait_for(offboard::run(arguments, console)),
        Command::Show(arguments) => wait_for(show::run(arguments, console)),
        Command::Invites(arguments) => wait_for(invites::run(arguments, console)),
        Command::Import(arguments) => wait_for(import::run(arguments, console)),
        Command::Keys(arguments) => wait_for(keys::run(arguments, console)),
        Command::Forget(arguments) => wait_for(forget::run(arguments, console)),
        Command::Schema(arguments) => schema::run(arguments, console),
        Command::Completions(arguments) => completions::run(arguments, console),
        Command::Man(arguments) => man::run(arguments, console),
        Command::Reference(arguments) => reference::run(arguments, console),
        Command::Sim(arguments) => wait_for(sim::run(arguments, console)),
        Command::Act(arguments) => wait_for(act::run(arguments, console)),
    }
}

fn wait_for(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("could not start")?;
    let ended = runtime.block_on(command);
    // A question that nobody answered must not keep the process.
    runtime.shutdown_background();
    ended
}
