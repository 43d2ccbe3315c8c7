//! `orgform act`: plays other people at a simulator, such as somebody who accepts an invite.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use orgform_sim::{packetfabric, pureport, xarios};
use serde_json::{Value, json};

use crate::args::duration;
use crate::connect::Simulator;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::{Kind, kind, names};
use crate::root::OpenRoot;
use crate::words::span;

/// Play other people at a simulator: accept invites, edit by hand, let time pass.
///
/// Accounts are named by id, by the names from the top (`Acme/Finance`), or by a name that is unique; roles by id
/// or name; people by e-mail.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// A running simulator, as printed by `orgform sim`; else the one of the root.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A root whose Provider has `simulator: {}`; the root of the current folder if not given.
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    root: Option<PathBuf>,
    /// Which Provider of the root, if several have a simulator.
    #[arg(long, value_name = "NAME", conflicts_with = "url")]
    provider: Option<String>,
    /// Which kind of provider runs at that URL.
    #[arg(long, value_name = "KIND", default_value = "pureport", requires = "url")]
    kind: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Action {
    /// A person accepts their invites; somebody unknown signs up first.
    Accept {
        /// The invited e-mail.
        email: String,
        /// Only in this account.
        #[arg(long)]
        account: Option<String>,
    },
    /// Everybody accepts, but for a share of people.
    AcceptAll {
        /// The share of people who don't, such as 10%.
        #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = share)]
        except: f64,
        /// Another seed draws others.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// An admin adds a member by hand.
    Add {
        /// Where.
        account: String,
        /// Whom.
        email: String,
        /// With which roles.
        roles: Vec<String>,
    },
    /// An admin replaces a member's roles by hand.
    Edit {
        /// Where.
        account: String,
        /// Whose.
        email: String,
        /// By which roles.
        roles: Vec<String>,
    },
    /// An admin removes a member by hand.
    Remove {
        /// Where.
        account: String,
        /// Whom.
        email: String,
    },
    /// An admin invites somebody by hand.
    Invite {
        /// Where.
        account: String,
        /// Whom.
        email: String,
        /// With which roles.
        roles: Vec<String>,
    },
    /// An admin withdraws an invite by hand.
    Withdraw {
        /// Where.
        account: String,
        /// Whose.
        email: String,
    },
    /// An invite expires.
    Expire {
        /// Where.
        account: String,
        /// Whose.
        email: String,
    },
    /// A person changes their e-mail.
    ChangeEmail {
        /// From.
        email: String,
        /// To.
        to: String,
    },
    /// An admin renames an account by hand.
    RenameAccount {
        /// Which.
        account: String,
        /// Its new name.
        name: String,
    },
    /// An admin renames a role by hand.
    RenameRole {
        /// Where.
        account: String,
        /// Which.
        role: String,
        /// Its new name.
        name: String,
    },
    /// Time passes at the simulator, and for orgform wherever it plays in that world.
    ///
    /// With --url the simulator alone moves on: what orgform measures itself, such as `resendAfter`, `expiresAt` and
    /// the 24 h of the limits, goes by its own clock.
    Advance {
        /// How much, such as 8d.
        #[arg(value_name = "SPAN", value_parser = duration)]
        by: Duration,
    },
    /// Any act, as the simulator's own JSON.
    Json {
        /// Such as {"act":"set_ports","account":"Lab","ports":2}.
        #[arg(value_parser = json_act)]
        act: Value,
    },
}

/// What is sent to the simulator.
enum Sent {
    Act(Value),
    Advance(Duration),
}

pub(crate) async fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let said = match &arguments.url {
        Some(url) => {
            let kind = kind(&arguments.kind).ok_or_else(|| {
                Failure::new(format!("there is no simulator of {}", arguments.kind))
                    .hint(format!("there is {}.", names().join(", ")))
            })?;
            post(url, sent(&arguments.action, kind)?).await?
        }
        None => play(arguments, console).await?,
    };
    console.tell(&said);
    Ok(Exit::Clean)
}

fn sent(action: &Action, kind: &Kind) -> Result<Sent> {
    let act = match action {
        Action::Advance { by } => return Ok(Sent::Advance(*by)),
        Action::Json { act } => act.clone(),
        _ => (kind.act)(action)
            .map_err(|because| Failure::new(because).hint("`orgform act json` takes any act."))?,
    };
    Ok(Sent::Act(act))
}

/// An act in the words of Pureport's simulator.
pub(crate) fn at_pureport(action: &Action) -> Result<Value, String> {
    use Action as A;
    use pureport::Act;
    let act = match action.clone() {
        A::Accept { email, account } => Act::Accept { email, account },
        A::AcceptAll { except, seed } => Act::AcceptAll { except, seed },
        A::Add { account, email, roles } => Act::AddMember { account, email, roles },
        A::Edit { account, email, roles } => Act::SetMemberRoles { account, email, roles },
        A::Remove { account, email } => Act::RemoveMember { account, email },
        A::Invite { account, email, roles } => Act::Invite { account, email, roles },
        A::Withdraw { account, email } => Act::WithdrawInvite { account, email },
        A::Expire { account, email } => Act::ExpireInvite { account, email },
        A::ChangeEmail { email, to } => Act::ChangeEmail { email, to },
        A::RenameAccount { account, name } => Act::RenameAccount { account, name },
        A::RenameRole { account, role, name } => Act::RenameRole { account, role, name },
        A::Json { act } => return Ok(act),
        A::Advance { .. } => return Err("time is no act".to_owned()),
    };
    serde_json::to_value(act).map_err(|error| error.to_string())
}

/// An act in the words of PacketFabric's simulator, which has one account and fixed groups.
pub(crate) fn at_packetfabric(action: &Action) -> Result<Value, String> {
    use Action as A;
    use packetfabric::Act;
    let one = |roles: Vec<String>| match <[String; 1]>::try_from(roles) {
        Ok([group]) => Ok(group),
        Err(_) => Err("a user of PacketFabric has exactly one group".to_owned()),
    };
    let act = match action.clone() {
        A::Accept { email, account: _ } => Act::Accept { email, group: None },
        A::AcceptAll { except, seed } => Act::AcceptAll { except, seed },
        A::Add { account: _, email, roles } => Act::AddUser { email, group: one(roles)? },
        // Several stand for a user from before there was one.
        A::Edit { account: _, email, roles } if roles.len() > 1 => {
            Act::SetLegacyGroups { email, groups: roles }
        }
        A::Edit { account: _, email, roles } => Act::SetGroup { email, group: one(roles)? },
        A::Remove { account: _, email } => Act::DeleteUser { email },
        A::Invite { account: _, email, roles } => Act::Invite { email, group: one(roles)? },
        A::ChangeEmail { email, to } => Act::ChangeEmail { email, to },
        A::RenameAccount { account: _, name } => Act::RenameCustomer { name },
        A::Json { act } => return Ok(act),
        A::Withdraw { .. } | A::Expire { .. } | A::RenameRole { .. } | A::Advance { .. } => {
            return Err("nobody can do that at PacketFabric".to_owned());
        }
    };
    serde_json::to_value(act).map_err(|error| error.to_string())
}

/// An act in the words of Xarios' simulator, where people are made at once.
pub(crate) fn at_xarios(action: &Action) -> Result<Value, String> {
    use Action as A;
    use xarios::Act;
    let act = match action.clone() {
        A::Accept { email, account: _ } => Act::Activate { email },
        A::AcceptAll { except, seed } => Act::ActivateAll { except, seed },
        A::Add { account, email, roles } => Act::AddUser { tenant: account, email, roles },
        A::Edit { account, email, roles } => Act::SetRoles { tenant: account, email, roles },
        A::Remove { account, email } => Act::RemoveUser { tenant: account, email },
        A::ChangeEmail { email, to } => Act::ChangeEmail { email, to },
        A::RenameAccount { account, name } => Act::RenameTenant { tenant: account, name },
        A::Json { act } => return Ok(act),
        A::Invite { .. }
        | A::Withdraw { .. }
        | A::Expire { .. }
        | A::RenameRole { .. }
        | A::Advance { .. } => {
            return Err("nobody can do that at Xarios".to_owned());
        }
    };
    serde_json::to_value(act).map_err(|error| error.to_string())
}

/// Plays in the world of a root, with the simulator started for just that.
async fn play(arguments: &Arguments, console: &Console) -> Result<String> {
    let paths: Vec<PathBuf> = arguments.root.iter().cloned().collect();
    let root = OpenRoot::open(&paths, console)?;
    let mut simulated = root.declared.iter().filter_map(|declared| {
        let wanted = arguments.provider.as_deref().is_none_or(|name| name == declared.settings.name.as_str());
        declared.settings.simulator.as_ref().filter(|_| wanted).map(|one| (&declared.settings, one))
    });
    let (provider, settings) = match (simulated.next(), simulated.next()) {
        (Some(one), None) => one,
        (None, _) => {
            return Err(Failure::new("no Provider here has `simulator: {}`")
                .hint("--url URL plays at a running `orgform sim`.")
                .into());
        }
        (Some(_), Some(_)) => {
            return Err(Failure::new("several Providers here have a simulator")
                .hint("say which one with --provider NAME.")
                .into());
        }
    };
    let simulator = Simulator::start(&root.folder, provider, settings).await?;
    let said = match sent(&arguments.action, simulator.kind())? {
        Sent::Advance(by) => {
            simulator.sim().advance(by);
            Ok(format!("Done: it is {} later at the simulator, and for orgform with it.", later(by)))
        }
        Sent::Act(act) => simulator.sim().act(act).map(|result| done(result.count, result.id.as_deref())),
    };
    simulator.stop().await;
    said.map_err(|refused| Failure::new("the simulator did not do that").because(refused).into())
}

/// Plays at a running simulator, through its control endpoints.
async fn post(url: &str, sent: Sent) -> Result<String> {
    let url = url.trim_end_matches('/');
    let (path, body) = match &sent {
        Sent::Act(act) => ("__act", act.clone()),
        Sent::Advance(by) => ("__advance", json!({ "seconds": by.as_secs() })),
    };
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()?
        .post(format!("{url}/{path}"))
        .json(&body)
        .send()
        .await
        .map_err(|error| {
            Failure::new(format!("no simulator answers at {url}"))
                .hint("`orgform sim pureport` starts one and prints its URL.")
                .because(error)
        })?;
    let accepted = answer.status().is_success();
    let text = answer.text().await.context("could not read the simulator's answer")?;
    if !accepted {
        return Err(Failure::new("the simulator did not do that").line(text).into());
    }
    let said: Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(match sent {
        Sent::Advance(by) => format!(
            "Done: it is {} later at the simulator. orgform's own clock did not move: `resendAfter`, `expiresAt` and \
             the 24 h of the limits go by that.",
            later(by)
        ),
        Sent::Act(_) => {
            let count = said["count"].as_u64().and_then(|count| usize::try_from(count).ok());
            done(count.unwrap_or_default(), said["id"].as_str())
        }
    })
}

fn done(count: usize, id: Option<&str>) -> String {
    let things = if count == 1 { "thing" } else { "things" };
    match id {
        Some(id) => format!("Done: {count} {things} changed, {id}"),
        None => format!("Done: {count} {things} changed."),
    }
}

fn later(by: Duration) -> String {
    span(i64::try_from(by.as_secs()).unwrap_or(i64::MAX))
}

fn share(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a share; write it like 10%");
    let percent = text.strip_suffix('%').ok_or_else(wrong)?;
    let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
    if (0.0..=100.0).contains(&percent) { Ok(percent / 100.0) } else { Err(wrong()) }
}

fn json_act(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
