//! `orgform keys`: makes API keys again.

use anyhow::Result;
use clap::{Args, Subcommand};
use orgform_model::Address;

use crate::carry_out::{Beforehand, Format, Order, carry_out};
use crate::console::Console;
use crate::exit::Exit;
use crate::run::Question;

/// Make API keys again, with a new secret.
///
/// `orgform show` lists the keys that orgform made or took over, with their ids and where their secrets are.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    Remake(Remake),
}

/// Make keys again: a new key first, its secret put where `writeSecretTo` says, then the old key is removed.
///
/// Whoever still uses the old secret is locked out. The key that orgform runs with is refused.
#[derive(Args, Debug)]
struct Remake {
    /// Which, such as pureport/acme:key/ci.
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<Address>,
    #[command(flatten)]
    beforehand: Beforehand,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let Subcommands::Remake(Remake { addresses, beforehand, format }) = &arguments.action;
    let question = Question { remake: addresses.iter().cloned().collect(), ..Question::default() };
    carry_out(Order { question, format: (*format).into(), ..Order::default() }, beforehand, console).await
}
