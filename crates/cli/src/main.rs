//! The command line of orgform: parses, sets up, calls one command and turns its result into an exit code.

mod absence;
mod agreed;
mod args;
mod ask;
mod carry_out;
#[cfg_attr(not(feature = "cluster"), path = "without_cluster.rs")]
mod cluster;
mod commands;
mod connect;
mod console;
mod exit;
mod failure;
mod git;
mod import;
mod interrupt;
mod kinds;
mod logging;
mod people;
mod progress;
mod prove;
mod remembered;
mod rename;
mod root;
mod run;
mod secrets;
mod store;
mod tokens;
mod words;
mod wrap;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return misread(&said),
    };
    let console = Console::new(&cli.global);
    logging::start(&cli.global, &console);
    // Fails only when a provider is already installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match commands::run(cli, &console) {
        Ok(exit) => exit.into(),
        Err(error) => console.fail(&error).into(),
    }
}

/// Help and version are answers; anything else is an error of ours, with our code: 2 means changes.
fn misread(said: &clap::Error) -> ExitCode {
    // Nobody is left to tell when the stream is closed.
    let _ = said.print();
    if said.use_stderr() { Exit::Error.into() } else { Exit::Clean.into() }
}
