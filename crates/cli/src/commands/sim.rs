//! `orgform sim`: a simulator as a server of its own.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use orgform_sim::{Fault, History, Options};

use crate::args::duration;
use crate::connect::{Purpose, lock_world};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::{Kind, kind};

/// Run a simulator of a provider until ctrl-C.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    provider: Provider,
}

#[derive(Debug, Subcommand)]
enum Provider {
    Pureport(Pureport),
    Packetfabric(PacketFabric),
    Xarios(Xarios),
}

/// A strict, stateful server that answers like Pureport.
///
/// The first account and its founder exist from the start, as after a sign-up. `GET /__stats` tells requests per
/// endpoint and mails; `orgform act --url URL` plays other people.
#[derive(Args, Debug)]
struct Pureport {
    #[command(flatten)]
    settings: Settings,
}

/// A strict, stateful server that answers like PacketFabric.
///
/// The customer, an admin and a user who may only read exist from the start. `GET /__stats` tells requests per
/// endpoint and mails; `orgform act --url URL --kind packetfabric` plays other people.
#[derive(Args, Debug)]
struct PacketFabric {
    #[command(flatten)]
    settings: Settings,
}

/// A strict, stateful server that answers like Xarios Dimensions, and its log-in service.
///
/// An enterprise with one reseller account exists from the start, and two approvals of a client. `GET /__stats` tells
/// requests per endpoint and mails; `orgform act --url URL --kind xarios` plays other people.
#[derive(Args, Debug)]
struct Xarios {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args, Debug)]
struct Settings {
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
    world: Past,
    /// Faults to commit, as a JSON list.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// A behaviour that the contract leaves open, as name=value; `help` lists them.
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Past {
    /// One account and its founder.
    Fresh,
    /// Accounts, roles, people and invites that were made by hand.
    Messy,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let (name, arguments) = match &arguments.provider {
        Provider::Pureport(Pureport { settings }) => ("pureport", settings),
        Provider::Packetfabric(PacketFabric { settings }) => ("packetfabric", settings),
        Provider::Xarios(Xarios { settings }) => ("xarios", settings),
    };
    let Some(kind) = kind(name) else { return Err(Failure::new(format!("{name} has no simulator")).into()) };
    if arguments.switches.iter().any(|switch| switch == "help") {
        console.print(&known_switches(kind, console))?;
        return Ok(Exit::Clean);
    }
    // Held until the end.
    let _lock = match &arguments.state {
        Some(world) => Some(lock_world(world).await?),
        None => None,
    };
    let options = Options {
        state_file: arguments.state.clone(),
        bind: arguments.listen,
        seed: arguments.seed,
        root_account: arguments.root_account.clone(),
        latency: arguments.latency,
        history: match arguments.world {
            Past::Fresh => History::None,
            Past::Messy => History::Messy,
        },
        switches: arguments.switches.clone(),
        faults: faults(arguments)?,
    };
    let sim = match (kind.simulate)(options).await {
        Err(error) if error.kind() == ErrorKind::InvalidInput && !arguments.switches.is_empty() => {
            return Err(Failure::new("could not set a switch").because(error).into());
        }
        started => {
            started.with_context(|| format!("could not start the simulator on {}", arguments.listen))?
        }
    };
    console.print(&greeting(kind, &sim.url()))?;
    console.tell("Running until ctrl-C.");
    tokio::signal::ctrl_c().await.context("could not wait for ctrl-C")?;
    sim.stop().await;
    console.tell("Stopped.");
    Ok(Exit::Clean)
}

/// Each switch with its values, the default first.
fn known_switches(kind: &Kind, console: &Console) -> String {
    let rows: Vec<Vec<String>> = (kind.switches)()
        .into_iter()
        .map(|(name, values)| vec![name.to_owned(), values.join(", ")])
        .collect();
    format!("Switches and their values, the default first:\n{}", console.table(&rows))
}

fn faults(arguments: &Settings) -> Result<Vec<Fault>> {
    let Some(path) = &arguments.faults else { return Ok(Vec::new()) };
    let text = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not a list of faults", path.display()))
}

/// Lines that a shell can evaluate.
fn greeting(kind: &Kind, url: &str) -> String {
    let mut lines = format!("# in the Provider, under `{}`:  endpoint: {url}\n", kind.name);
    for (_, variable, value) in (kind.credentials)(Purpose::Write) {
        lines += &format!("export {variable}={value}\n");
    }
    let reader = (kind.credentials)(Purpose::Look).into_iter();
    let reader: Vec<String> = reader.map(|(_, variable, value)| format!("{variable}={value}")).collect();
    lines + &format!("# read only: {}\n", reader.join(" "))
}
