//! `orgform show`: what is remembered, and plans that were saved.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use orgform_engine::state;
use orgform_model::invite::MailOutcome;
use orgform_model::state::{MailRecord, SecretFate};
use orgform_model::{Address, Fields, ProviderName, ProviderState, Timestamp};
use serde_json::{Value, json};

use crate::carry_out::Format;
use crate::commands::apply::read_plan;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::people::People;
use crate::remembered::{Ours, granted, is_within, ours, path_of};
use crate::root::{OpenRoot, counted};
use crate::store;
use crate::words::{age, day};

/// Show what orgform remembers: accounts, roles, memberships, writes without an outcome, recent losses.
///
/// No call is made. With an address, everything about that one thing.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// One thing, such as pureport/acme or pureport:person/ada@acme.example.
    #[arg(value_name = "ADDRESS")]
    address: Option<Address>,
    /// Show a plan that was saved instead, as it was shown then.
    #[arg(long, value_name = "PLANFILE", conflicts_with = "address")]
    file: Option<PathBuf>,
    /// One table of people and accounts, over all providers.
    #[arg(long, conflicts_with_all = ["address", "file"])]
    people: bool,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    if let Some(path) = &arguments.file {
        let file = read_plan(path)?;
        match arguments.format {
            Format::Json => console.print_json(&serde_json::to_value(&file)?)?,
            Format::Text => {
                for saved in file.providers.values() {
                    console.print(&saved.shown)?;
                }
                console.tell(&format!(
                    "Made on {}, good until {}.",
                    day(file.made_at),
                    day(file.lapses_at())
                ));
            }
        }
        return Ok(Exit::Clean);
    }
    let root = OpenRoot::open(&[], console)?; // I/O
    let store = store::of(&root)?;
    let remembered = state::read(store.as_ref(), &root.settings.id).await.map_err(failure::of_state)?; // I/O
    let Some(remembered) = remembered else {
        console.tell(&format!("Nothing is remembered yet in {}.", store.place()));
        return Ok(Exit::Clean);
    };
    if arguments.people {
        let people = People::of(&remembered);
        match arguments.format {
            Format::Json => console.print_json(&json!({ "format": 1, "people": people.json() }))?,
            Format::Text => console.print(&format!("{}\n", console.table(&people.rows()).trim_end()))?,
        }
        return Ok(Exit::Clean);
    }
    let now = Timestamp::now();
    let shown: Vec<Shown<'_>> = remembered
        .providers
        .iter()
        .map(|(name, state)| Shown { name, state, address: arguments.address.as_ref(), now, console })
        .filter(|shown| arguments.address.is_none() || !shown.things().is_empty())
        .collect();
    if let Some(address) = arguments.address.as_ref().filter(|_| shown.is_empty()) {
        return Err(Failure::new(format!("nothing is remembered at {address}"))
            .hint("`orgform show` lists what is.")
            .into());
    }
    match arguments.format {
        Format::Json => {
            let providers: serde_json::Map<String, Value> =
                shown.iter().map(|shown| (shown.name.to_string(), shown.as_json())).collect();
            let value = json!({ "format": 1, "root": root.settings.id, "providers": providers });
            console.print_json(&value)?;
        }
        Format::Text => {
            let texts: Vec<String> = shown.iter().map(Shown::as_text).collect();
            console.print(&texts.join("\n"))?;
        }
    }
    Ok(Exit::Clean)
}

/// What is shown of one provider.
struct Shown<'a> {
    name: &'a ProviderName,
    state: &'a ProviderState,
    address: Option<&'a Address>,
    now: Timestamp,
    console: &'a Console,
}

impl Shown<'_> {
    fn asked_for(&self, address: &Address) -> bool {
        self.address.is_none_or(|asked| is_within(address, asked))
    }

    fn things(&self) -> Vec<(Address, Ours<'_>)> {
        let mut things: Vec<_> =
            ours(self.name, self.state).into_iter().filter(|(address, _)| self.asked_for(address)).collect();
        // Account by account, what is in it below it.
        things.sort_by(|(a, _), (b, _)| a.account_path().cmp(&b.account_path()).then_with(|| a.cmp(b)));
        things
    }

    fn as_text(&self) -> String {
        let things = self.things();
        let accounts = things.iter().filter(|(_, thing)| matches!(thing, Ours::Account(..))).count();
        let roles = things.iter().filter(|(_, thing)| matches!(thing, Ours::Role(..))).count();
        let keys = things.iter().filter(|(_, thing)| matches!(thing, Ours::ApiKey(..))).count();
        let memberships = things.len() - accounts - roles - keys;
        let counts = [(accounts, "account"), (roles, "role"), (memberships, "membership"), (keys, "API key")];
        let counts =
            counts.iter().filter(|(number, _)| *number > 0).map(|(number, one)| counted(*number, one));
        let mut text = format!("{}: {} remembered.\n", self.name, joined(counts));
        if let Some(connection) = &self.state.connection {
            text.push_str(&format!("  at {connection}\n"));
        }
        let mut heading = None;
        let mut rows = Vec::new();
        for (address, thing) in &things {
            let path = address.account_path().map(ToString::to_string).unwrap_or_default();
            if heading.as_ref() != Some(&path) {
                text.push_str(&self.console.table(&std::mem::take(&mut rows)));
                text.push_str(&format!("\n  {path}\n"));
                heading = Some(path);
            }
            rows.push(self.row(address, *thing));
        }
        text.push_str(&self.console.table(&rows));
        text.push_str(&self.rest());
        text
    }

    fn row(&self, address: &Address, thing: Ours<'_>) -> Vec<String> {
        match thing {
            Ours::Account(id, record) => {
                vec!["account".to_owned(), id.to_string(), self.applied(&record.applied)]
            }
            Ours::Role(id, record) => {
                vec![format!("role {}", record.key.name), id.to_string(), self.applied(&record.applied)]
            }
            Ours::ApiKey(id, record) => {
                let secret = match &record.secret {
                    SecretFate::Stored(place) => format!("secret put at {place}"),
                    SecretFate::Elsewhere => "taken over: its secret is elsewhere".to_owned(),
                    SecretFate::Lost => "its secret was not stored: it will be removed".to_owned(),
                };
                vec![format!("API key {}", record.label.name), id.to_string(), secret]
            }
            Ours::Membership(_, email, record) => {
                let grants = granted(self.state, record).into_iter().map(|(role, ends)| match ends {
                    Some(at) => format!("{role} until {}", day(at)),
                    None => role,
                });
                let mut notes = Vec::new();
                if record.mail.attempts > 0 {
                    notes.push(mails(&record.mail));
                    notes.extend(record.mail.last.map(|last| format!("last {}", ago(last, self.now))));
                }
                if record.leaving {
                    notes.push("leaves on joining".to_owned());
                }
                if record.disabled {
                    notes.push("disabled".to_owned());
                }
                let who = address.email().unwrap_or(email).to_string();
                vec![who, joined(grants), notes.join(", ")]
            }
        }
    }

    /// All fields of one thing that is asked for; in a list its name is enough.
    fn applied(&self, fields: &Fields) -> String {
        match (self.address, fields.get("displayName")) {
            (None, Some(name)) => name.to_string(),
            _ => joined(fields.iter().map(|(name, value)| format!("{name}: {value}"))),
        }
    }

    fn rest(&self) -> String {
        let mut text = String::new();
        for (address, intent) in self.state.intents.iter().filter(|(address, _)| self.asked_for(address)) {
            text.push_str(&format!(
                "\nBegun    {address}, {}: its outcome is not known; the next plan finds out.\n",
                ago(intent.at, self.now)
            ));
        }
        if self.address.is_none() && !self.state.losses.is_empty() {
            text.push_str("\nLost access in the last 24 h\n");
            let rows: Vec<_> = self
                .state
                .losses
                .iter()
                .map(|loss| {
                    let consented = if loss.consented { "released" } else { "" };
                    vec![
                        loss.person.clone(),
                        path_of(self.state, &loss.account).to_string(),
                        ago(loss.at, self.now),
                        consented.to_owned(),
                    ]
                })
                .collect();
            text.push_str(&self.console.table(&rows));
        }
        text
    }

    fn as_json(&self) -> Value {
        let mut value = json!({
            "connection": self.state.connection,
            "accounts": [], "roles": [], "memberships": [], "apiKeys": [],
            "begun": self.state.intents.iter()
                .filter(|(address, _)| self.asked_for(address))
                .map(|(address, intent)| json!({ "address": address, "at": intent.at }))
                .collect::<Vec<_>>(),
            "losses": self.state.losses,
        });
        for (address, thing) in self.things() {
            let (list, one) = match thing {
                Ours::Account(id, record) => {
                    ("accounts", json!({ "address": address, "id": id, "record": record }))
                }
                Ours::Role(id, record) => {
                    ("roles", json!({ "address": address, "id": id, "record": record }))
                }
                Ours::ApiKey(id, record) => {
                    ("apiKeys", json!({ "address": address, "id": id, "record": record }))
                }
                Ours::Membership(account, _, record) => {
                    let grants: Vec<Value> = granted(self.state, record)
                        .into_iter()
                        .map(|(role, until)| json!({ "role": role, "until": until }))
                        .collect();
                    (
                        "memberships",
                        json!({
                            "address": address, "account": account, "grants": grants, "record": record,
                        }),
                    )
                }
            };
            if let Some(list) = value[list].as_array_mut() {
                list.push(one);
            }
        }
        value
    }
}

/// How many mails went out: `1 mail`, or `1 mail at most` where the last one's outcome is not known.
pub(super) fn mails(mail: &MailRecord) -> String {
    let number = counted(mail.attempts as usize, "mail");
    match mail.outcome {
        Some(MailOutcome::Unknown) => format!("{number} at most"),
        Some(MailOutcome::Failed) => format!("{number}, failed"),
        Some(MailOutcome::Sent) | None => number,
    }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    match age(at, now).as_str() {
        "just now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}
