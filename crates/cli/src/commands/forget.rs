//! `orgform forget`: lets go of something without a call.

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;
use orgform_model::state::Entry;
use orgform_model::{Address, State, Thing};

use crate::ask::{Answer, ask};
use crate::carry_out::Beforehand;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::remembered::{is_within, letting_go, ours};
use crate::root::{OpenRoot, counted};
use crate::{interrupt, store};

/// Let go of something: orgform no longer counts it as its own. No call is made.
///
/// An account lets go of what is in it, a person of all memberships. What is let go of stays at the provider, and
/// an account under authority keeps it. Take its declaration out as well, or the next apply adopts it again.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// What, such as pureport/acme:member/ada@acme.example.
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<Address>,
    #[command(flatten)]
    beforehand: Beforehand,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let root = OpenRoot::open(&[], console)?; // I/O
    let mut state = store::open(&root, arguments.beforehand.wait, console).await?; // I/O
    let ended = forget(arguments, &root, &mut state, console).await;
    let closed = state.close().await; // I/O
    ended?;
    closed.map_err(failure::of_closing)?;
    Ok(Exit::Clean)
}

async fn forget(
    arguments: &Arguments,
    root: &OpenRoot,
    state: &mut orgform_engine::OpenState,
    console: &Console,
) -> Result<()> {
    let mut all = Vec::new();
    for address in &arguments.addresses {
        let entries = entries(address, state.state())?;
        console.print(&shown(address, state.state()))?;
        all.push((address.provider.clone(), entries));
    }
    let declared = still_declared(arguments, root, state.state());
    if declared > 0 {
        let (are, them) = if declared == 1 { ("is", "it") } else { ("are", "them") };
        console.warn(&format!(
            "{declared} of these {are} still declared: the next apply adopts {them} again, or invites again, with a \
             mail. Take the declaration out first."
        ));
    }
    let things: usize = all.iter().map(|(_, entries)| entries.len()).sum();
    let question = format!("Let go of {}?", counted(things, "thing"));
    match ask(&question, arguments.beforehand.yes, &interrupt::listen()).await? {
        Answer::No => Err(Failure::new("not done: the answer was not \"yes\"").nothing_changed().into()),
        Answer::Yes => {
            for (provider, entries) in all {
                state.record(&provider, entries).await?; // I/O
            }
            console.tell(&format!(
                "Let go of {}. Nothing was changed at the provider.",
                counted(things, "thing")
            ));
            Ok(())
        }
    }
}

fn entries(address: &Address, state: &State) -> Result<Vec<Entry>> {
    let entries = state
        .providers
        .get(&address.provider)
        .map(|known| letting_go(&address.provider, known, address))
        .unwrap_or_default();
    if entries.is_empty() {
        return Err(Failure::new(format!("nothing is remembered at {address}"))
            .hint("`orgform show` lists what is.")
            .nothing_changed()
            .into());
    }
    Ok(entries)
}

/// How much of what is let go of is declared, and so does not stay let go of.
fn still_declared(arguments: &Arguments, root: &OpenRoot, state: &State) -> usize {
    let mut declared = BTreeSet::new();
    for asked in &arguments.addresses {
        let of_provider = root.declared.iter().find(|one| one.settings.name == asked.provider);
        let (Some(here), Some(known)) = (of_provider, state.providers.get(&asked.provider)) else { continue };
        let desired = &here.desired;
        let within = ours(&asked.provider, known).into_keys().filter(|one| is_within(one, asked));
        declared.extend(within.filter(|one| match &one.thing {
            Thing::Account(path) => desired.accounts.contains_key(path),
            Thing::Role(key) => desired.roles.contains_key(key),
            Thing::Member(path, email) => desired.membership(path, email).is_some(),
            Thing::ApiKey(label) => desired.api_keys.contains_key(label),
            Thing::Person(_) => false,
        }));
    }
    declared.len()
}

fn shown(address: &Address, state: &State) -> String {
    let Some(known) = state.providers.get(&address.provider) else { return String::new() };
    let mine = ours(&address.provider, known);
    let begun = known.intents.keys().filter(|begun| !mine.contains_key(begun));
    let all = mine.keys().chain(begun).filter(|one| is_within(one, address));
    all.map(|one| format!("  {one}\n")).collect()
}
