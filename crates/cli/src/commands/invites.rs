//! `orgform invites`: who was invited, and has joined or not; and sending a mail again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::{Args, Subcommand};
use orgform_engine::{Planned, state};
use orgform_model::change::Action;
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::state::MembershipRecord;
use orgform_model::{Address, ProviderState, RoleId, Semantics, State, Timestamp, World};
use serde::Serialize;
use serde_json::json;

use crate::carry_out::{Beforehand, Format, Order, carry_out};
use crate::commands::plan::plan_one;
use crate::commands::show::mails;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure;
use crate::remembered::{granted, path_of};
use crate::root::{OpenRoot, counted};
use crate::run::{self, Question, Turn};
use crate::store;
use crate::words::age;

/// List invites that wait for their person: since when, and how often they were mailed.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Also invites that wait for nobody any more, where the provider goes on listing them.
    #[arg(long)]
    all: bool,
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
        None => list(arguments, console).await,
        Some(Subcommands::Resend(Resend { addresses, beforehand, format })) => {
            let resend = addresses.iter().cloned().collect();
            let question = Question { resend, ..Question::default() };
            carry_out(Order { question, format: (*format).into(), ..Order::default() }, beforehand, console)
                .await
        }
    }
}

async fn list(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let root = OpenRoot::open(&[], console)?; // I/O
    let mut exit = root.tell_findings(console);
    let store = store::of(&root)?;
    let remembered = state::read(store.as_ref(), &root.settings.id).await.map_err(failure::of_state)?; // I/O
    let turns = run::turns(&root, &Question::default(), remembered.as_ref(), console)?;
    let mut invites = Vec::new();
    // What nobody could look at: a provider, or an account of one.
    let mut unseen: Vec<String> = Vec::new();
    let mut unread = 0;
    for turn in &turns {
        match plan_one(&root, turn, remembered.as_ref(), console).await {
            Ok(look) => {
                let scopes = &look.planned.plan.unseen;
                if !scopes.is_empty() {
                    exit = exit.and(Exit::Partial);
                }
                unseen.extend(scopes.iter().map(|scope| match &scope.account {
                    Some(path) => Address::account(turn.name(), path).to_string(),
                    None => turn.name().to_string(),
                }));
                invites.extend(waiting(turn, &look.planned, remembered.as_ref()));
                if arguments.all {
                    invites.extend(past(turn, &look.planned, remembered.as_ref()));
                }
            }
            Err(error) => {
                exit = exit.and(console.fail(&failure::among(turns.len(), turn.name(), error)));
                unread += 1;
                unseen.push(turn.name().to_string());
            }
        }
    }
    // One provider that can't be reached makes a whole of several partial, not wrong.
    if unread > 0 && unread < turns.len() && root.exit() != Exit::Error {
        exit = Exit::Partial;
    }
    invites.sort_by(|a, b| (&a.address, a.since).cmp(&(&b.address, b.since)));
    match arguments.format {
        Format::Json => console.print_json(&json!({ "format": 1, "invites": invites, "unseen": unseen }))?,
        Format::Text if invites.is_empty() && unseen.is_empty() => {
            console.tell(if arguments.all { "There is no invite." } else { "No invite waits." });
        }
        Format::Text if invites.is_empty() => {}
        Format::Text => console.print(&as_text(&invites, console))?,
    }
    if !unseen.is_empty() {
        console.tell(&format!("There may be more: {} could not be looked at.", unseen.join(" and ")));
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
    /// `pending`, `expired`, `failed`, or `unknown` where nobody knows whether the mail was sent; of one that waits
    /// for nobody `accepted`, or `superseded` where its person came another way.
    state: &'static str,
    since: Option<Timestamp>,
    /// Mails that orgform sent, or may have sent; none where the invite is not ours.
    mails: Option<u32>,
    /// The same in words, and how long ago it was.
    #[serde(skip)]
    said: (String, String),
}

/// Invites that the provider shows, and writes of ours that may have sent one. Pure.
fn waiting(turn: &Turn, planned: &Planned, remembered: Option<&State>) -> Vec<Listed> {
    let Planned { world, at: now, .. } = planned;
    let ago = |since: Option<Timestamp>| since.map(|since| age(since, *now)).unwrap_or_default();
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
                said: (
                    record.map_or_else(|| "not ours".to_owned(), |record| mails(&record.mail)),
                    ago(invite.invited_at),
                ),
                address: address.clone(),
            });
            seen.insert(address);
        }
    }
    for (address, intent) in &known.intents {
        let sends = matches!(intent.change.action, Action::Invite { .. } | Action::Resend { .. });
        if let (true, false, Some(email), Some(path)) =
            (sends, seen.contains(address), address.email(), address.account_path())
        {
            listed.push(Listed {
                person: email.to_string(),
                account: path.to_string(),
                roles: BTreeSet::new(),
                state: "unknown",
                since: Some(intent.at),
                mails: None,
                said: ("a mail may have been sent".to_owned(), ago(Some(intent.at))),
                address: address.clone(),
            });
        }
    }
    listed.extend(lost(turn, planned, known).map(|(address, record)| Listed {
        person: address.email().map(ToString::to_string).unwrap_or_default(),
        account: address.account_path().map(ToString::to_string).unwrap_or_default(),
        roles: granted(known, record).into_keys().collect(),
        state: "unknown",
        since: record.mail.last,
        mails: Some(record.mail.attempts),
        said: (mails(&record.mail), ago(record.mail.last)),
        address,
    }));
    listed
}

/// Invites that wait for nobody any more. Pure.
fn past(turn: &Turn, planned: &Planned, remembered: Option<&State>) -> Vec<Listed> {
    let Planned { world, at: now, .. } = planned;
    let nothing = ProviderState::default();
    let known = remembered.and_then(|state| state.providers.get(turn.name())).unwrap_or(&nothing);
    let titles = titles(world, turn.provider.semantics);
    let title = |role: &RoleId| titles.get(role).cloned().unwrap_or_else(|| role.to_string());
    let mut listed = Vec::new();
    for (account, content) in &world.contents {
        let Ok(content) = content else { continue };
        let path = path_of(known, account);
        listed.extend(content.past_invites.iter().map(|invite| Listed {
            address: Address::member(turn.name(), &path, &invite.email),
            person: invite.email.to_string(),
            account: path.to_string(),
            roles: invite.roles.iter().map(title).collect(),
            state: if invite.accepted { "accepted" } else { "superseded" },
            since: invite.invited_at,
            mails: None,
            said: (String::new(), invite.invited_at.map(|since| age(since, *now)).unwrap_or_default()),
        }));
    }
    listed
}

/// Invites of which nothing is there, and nobody knows whether a mail went out: a person decides.
fn lost<'a>(
    turn: &'a Turn,
    planned: &'a Planned,
    known: &'a ProviderState,
) -> impl Iterator<Item = (Address, &'a MembershipRecord)> {
    let waits = |address: &Address| planned.plan.refused.iter().any(|refused| refused.address == *address);
    let records = known
        .memberships
        .iter()
        .flat_map(|(account, people)| people.iter().map(move |(email, record)| (account, email, record)));
    records
        .filter(|(_, _, record)| record.mail.outcome == Some(MailOutcome::Unknown))
        .map(|(account, email, record)| {
            (Address::member(turn.name(), &path_of(known, account), email), record)
        })
        .filter(move |(address, _)| waits(address))
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

/// The names of all roles that were seen, and of those that are the same everywhere.
fn titles(world: &World, semantics: &Semantics) -> BTreeMap<RoleId, String> {
    let everywhere = semantics.roles.fixed.iter();
    let everywhere = everywhere.filter_map(|role| Some((RoleId::from(role.id?), role.title.to_owned())));
    let contents = world.contents.values().filter_map(|content| content.as_ref().ok());
    let seen = contents.flat_map(|content| &content.roles).map(|(id, role)| {
        let fixed = role.fixed.and_then(|name| semantics.roles.fixed_role(name));
        let title = fixed
            .map(|role| role.title.to_owned())
            .or_else(|| role.fields.get(semantics.roles.natural_key)?.as_text().map(str::to_owned));
        (id.clone(), title.unwrap_or_else(|| id.to_string()))
    });
    everywhere.chain(seen).collect()
}

fn as_text(invites: &[Listed], console: &Console) -> String {
    let rows: Vec<Vec<String>> = invites
        .iter()
        .map(|one| {
            let (mails, since) = &one.said;
            vec![
                one.person.clone(),
                one.account.clone(),
                one.roles.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
                one.state.to_owned(),
                since.clone(),
                mails.clone(),
            ]
        })
        .collect();
    format!("{}\n{}.\n", console.table(&rows).trim_end_matches('\n'), counted(invites.len(), "invite"))
}
