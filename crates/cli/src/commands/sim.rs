//! `orgform sim`: a simulator as a server of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use orgform_sim::pureport::{self, Sim, Switches};
use orgform_sim::{Fault, History, Switching as _};

use crate::args::duration;
use crate::connect::lock_world;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;

/// Run a simulator of a provider until ctrl-C.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    provider: Provider,
}

#[derive(Debug, Subcommand)]
enum Provider {
    Pureport(Pureport),
}

/// A strict, stateful server that answers like Pureport.
///
/// The first account and its founder exist from the start, as after a sign-up. `GET /__stats` tells requests per
/// endpoint and mails; `orgform act --url URL` plays other people.
#[derive(Args, Debug)]
struct Pureport {
    /// Where the simulated world is kept; without it, it is gone at the end.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The name of the account that exists from the start.
    #[arg(long, value_name = "NAME", default_value = "Acme")]
    root_account: String,
    /// Another seed makes other ids.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How long each answer takes, such as 20ms.
    #[arg(long, value_name = "SPAN", default_value = "0ms", value_parser = duration)]
    latency: Duration,
    /// What a fresh world is like; `messy` is what years of work by hand leave.
    #[arg(long, value_name = "KIND", default_value = "fresh")]
    world: Kind,
    /// Faults to commit, as a JSON list.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// A behaviour that the contract leaves open, as name=value; `help` lists them.
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One account and its founder.
    Fresh,
    /// Accounts, roles, people and invites that were made by hand.
    Messy,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let Provider::Pureport(arguments) = &arguments.provider;
    if arguments.switches.iter().any(|switch| switch == "help") {
        console.print(&known_switches(console))?;
        return Ok(Exit::Clean);
    }
    // Held until the end.
    let _lock = match &arguments.state {
        Some(world) => Some(lock_world(world).await?),
        None => None,
    };
    let options = pureport::Options {
        state_file: arguments.state.clone(),
        bind: arguments.listen,
        seed: arguments.seed,
        root_account: arguments.root_account.clone(),
        latency: arguments.latency,
        history: match arguments.world {
            Kind::Fresh => History::None,
            Kind::Messy => History::Messy,
        },
        switches: switches(&arguments.switches)?,
        faults: faults(arguments)?,
    };
    let sim = pureport::start(options)
        .await
        .with_context(|| format!("could not start the simulator on {}", arguments.listen))?;
    console.print(&greeting(&sim.url()))?;
    console.tell("Running until ctrl-C.");
    tokio::signal::ctrl_c().await.context("could not wait for ctrl-C")?;
    sim.stop().await;
    console.tell("Stopped.");
    Ok(Exit::Clean)
}

/// Each switch with its values, the default first.
fn known_switches(console: &Console) -> String {
    let rows: Vec<Vec<String>> = Switches::known()
        .into_iter()
        .map(|(name, values)| vec![name.to_owned(), values.join(", ")])
        .collect();
    format!("Switches and their values, the default first:\n{}", console.table(&rows))
}

fn switches(texts: &[String]) -> Result<Switches> {
    let mut switches = Switches::default();
    for text in texts {
        switches.set(text).map_err(|error| Failure::new("could not set a switch").because(error))?;
    }
    Ok(switches)
}

fn faults(arguments: &Pureport) -> Result<Vec<Fault>> {
    let Some(path) = &arguments.faults else { return Ok(Vec::new()) };
    let text = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not a list of faults", path.display()))
}

/// Lines that a shell can evaluate.
fn greeting(url: &str) -> String {
    let ((key, secret), (reader_key, reader_secret)) = (Sim::admin_key(), Sim::reader_key());
    format!(
        "export PUREPORT_ENDPOINT={url}\n\
         export PUREPORT_API_KEY={key}\n\
         export PUREPORT_API_SECRET={secret}\n\
         # read only: PUREPORT_API_KEY={reader_key} PUREPORT_API_SECRET={reader_secret}\n"
    )
}
