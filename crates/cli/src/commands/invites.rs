//! `orgform invites`: who was invited and has not joined; and sending a mail again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::{Args, Subcommand};
use orgform_engine::state;
use orgform_model::change::Action;
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::state::MembershipRecord;
use orgform_model::{Address, ProviderState, RoleId, Semantics, State, Timestamp, World};
use serde::Serialize;
use serde_json::json;

use crate::carry_out::{Beforehand, Format, Order, carry_out};
use crate::commands::plan::plan_one;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure;
use crate::remembered::path_of;
use crate::root::{OpenRoot, counted};
use crate::run::{self, Question, Turn};
use crate::store;
use crate::words::{age, table};

/// List invites that wait for their person: since when, and how often they were mailed.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(subcommand)]
    action: Option<Subcommands>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    Resend(Resend),
}

/// Mail invites again, whatever the policy says.
#[derive(Args, Debug)]
struct Resend {
    /// Whose, such as pureport/acme:member/ada@acme.example.
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<Address>,
    #[command(flatten)]
    beforehand: Beforehand,
    /// The form of the result.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    match &arguments.action {
        None => list(arguments.format, console).await,
        Some(Subcommands::Resend(Resend { addresses, beforehand, format })) => {
            let resend = addresses.iter().cloned().collect();
            let question = Question { resend, ..Question::default() };
            carry_out(Order { question, format: *format, ..Order::default() }, beforehand, console).await
        }
    }
}

async fn list(format: Format, console: &Console) -> Result<Exit> {
    let root = OpenRoot::open(&[], console)?; // I/O
    let mut exit = root.tell_findings(console);
    let store = store::of(&root)?;
    let remembered = state::read(store.as_ref(), &root.settings.id).await.map_err(failure::of_state)?; // I/O
    let turns = run::turns(&root, &Question::default(), remembered.as_ref(), console)?;
    let mut invites = Vec::new();
    for turn in &turns {
        match plan_one(&root, turn, remembered.as_ref(), console).await {
            Ok(look) => {
                if !look.planned.plan.unseen.is_empty() {
                    exit = exit.and(Exit::Partial);
                }
                invites.extend(waiting(turn, &look.planned.world, remembered.as_ref()));
            }
            Err(error) => exit = exit.and(console.fail(&error)),
        }
    }
    match format {
        Format::Json => console.print_json(&json!({ "format": 1, "invites": invites }))?,
        Format::Text if invites.is_empty() => console.tell("No invite waits."),
        Format::Text => console.print(&as_text(&invites, Timestamp::now()))?,
    }
    Ok(exit)
}

/// One invite, as listed.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    address: Address,
    person: String,
    account: String,
    roles: BTreeSet<String>,
    /// `pending`, `expired`, `failed`, or `unknown` where nobody knows whether the mail was sent.
    state: &'static str,
    since: Option<Timestamp>,
    /// Mails that orgform sent; none where the invite is not ours.
    mails: Option<u32>,
}

/// Invites that the provider shows, and writes of ours that may have sent one. Pure.
fn waiting(turn: &Turn, world: &World, remembered: Option<&State>) -> Vec<Listed> {
    let name = turn.name();
    let nothing = ProviderState::default();
    let known = remembered.and_then(|state| state.providers.get(name)).unwrap_or(&nothing);
    let titles = titles(world, turn.provider.semantics);
    let mut listed = Vec::new();
    let mut seen = BTreeSet::new();
    for (account, content) in &world.contents {
        let Ok(content) = content else { continue };
        let path = path_of(known, account);
        for invite in &content.invites {
            let address = Address::member(name, &path, &invite.email);
            let record = known.membership(account, &invite.email);
            let title = |role: &RoleId| titles.get(role).cloned().unwrap_or_else(|| role.to_string());
            let roles: BTreeSet<String> = invite.roles.iter().map(title).collect();
            listed.push(Listed {
                person: invite.email.to_string(),
                account: path.to_string(),
                roles,
                state: said(invite.status, record),
                since: invite.invited_at,
                mails: record.map(|record| record.mail.attempts),
                address: address.clone(),
            });
            seen.insert(address);
        }
    }
    for (address, intent) in &known.intents {
        let mails = matches!(intent.change.action, Action::Invite { .. } | Action::Resend { .. });
        if let (true, false, Some(email), Some(path)) =
            (mails, seen.contains(address), address.email(), address.account_path())
        {
            listed.push(Listed {
                person: email.to_string(),
                account: path.to_string(),
                roles: BTreeSet::new(),
                state: "unknown",
                since: Some(intent.at),
                mails: None,
                address: address.clone(),
            });
        }
    }
    listed.sort_by(|a, b| a.address.cmp(&b.address));
    listed
}

fn said(status: InviteStatus, record: Option<&MembershipRecord>) -> &'static str {
    let outcome = record.and_then(|record| record.mail.outcome);
    match (status, outcome) {
        (InviteStatus::Expired, _) => "expired",
        (InviteStatus::Failed, _) | (_, Some(MailOutcome::Failed)) => "failed",
        (InviteStatus::Pending, Some(MailOutcome::Unknown)) => "unknown",
        (InviteStatus::Pending, _) => "pending",
    }
}

/// The names of all roles that were seen.
fn titles(world: &World, semantics: &Semantics) -> BTreeMap<RoleId, String> {
    let contents = world.contents.values().filter_map(|content| content.as_ref().ok());
    contents
        .flat_map(|content| &content.roles)
        .map(|(id, role)| {
            let fixed = role.fixed.and_then(|name| semantics.roles.fixed_role(name));
            let title = fixed
                .map(|role| role.title.to_owned())
                .or_else(|| role.fields.get(semantics.roles.natural_key)?.as_text().map(str::to_owned));
            (id.clone(), title.unwrap_or_else(|| id.to_string()))
        })
        .collect()
}

fn as_text(invites: &[Listed], now: Timestamp) -> String {
    let rows: Vec<Vec<String>> = invites
        .iter()
        .map(|one| {
            let mails = match one.mails {
                Some(mails) => counted(mails as usize, "mail"),
                None if one.state == "unknown" => "a mail may have been sent".to_owned(),
                None => "not ours".to_owned(),
            };
            let since = one.since.map(|since| age(since, now)).unwrap_or_default();
            vec![
                one.person.clone(),
                one.account.clone(),
                one.roles.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
                one.state.to_owned(),
                since,
                mails,
            ]
        })
        .collect();
    format!("{}\n{}.\n", table(&rows).trim_end_matches('\n'), counted(invites.len(), "invite"))
}
