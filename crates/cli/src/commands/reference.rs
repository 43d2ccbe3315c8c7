//! `orgform reference`: pages of the documentation that are made from the code. Hidden: for the repository's chores.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Arg, Args, CommandFactory, ValueEnum};
use orgform_model::Capabilities;
use orgform_model::semantics::PersonSemantics;

use crate::args::Cli;
use crate::connect::PROVIDERS;
use crate::console::Console;
use crate::exit::Exit;

/// Print a page of the documentation.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    page: Page,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Page {
    /// Every command and flag.
    Cli,
    /// What each provider can do.
    Capabilities,
}

pub(crate) fn run(arguments: &Arguments, console: &Console) -> Result<Exit> {
    console.print(&match arguments.page {
        Page::Cli => commands(),
        Page::Capabilities => capabilities(),
    })?;
    Ok(Exit::Clean)
}

const GENERATED: &str = "<!-- Made by `cargo xtask generate`. -->\n";

fn commands() -> String {
    let mut text = format!("# Commands\n\n{GENERATED}\n");
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let _ = writeln!(text, "{}.\n", cli.get_about().map(ToString::to_string).unwrap_or_default());
    if let Some(codes) = cli.get_after_help() {
        let _ = writeln!(text, "{codes}\n");
    }
    text += "## Everywhere\n\n";
    for argument in cli.get_arguments().filter(|one| one.is_global_set()) {
        text += &described(argument);
    }
    for command in cli.get_subcommands().filter(|one| !one.is_hide_set()) {
        describe(command, "orgform", &mut text);
    }
    text
}

fn describe(command: &clap::Command, above: &str, text: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string);
    let _ = writeln!(text, "\n## {name}\n\n{}\n", about.unwrap_or_default());
    for argument in command.get_arguments().filter(|one| !one.is_global_set() && !one.is_hide_set()) {
        *text += &described(argument);
    }
    for child in command.get_subcommands().filter(|one| !one.is_hide_set() && one.get_name() != "help") {
        describe(child, &name, text);
    }
}

fn described(argument: &Arg) -> String {
    if argument.get_id() == "help" || argument.get_id() == "version" {
        return String::new();
    }
    let help = argument.get_help().map(|help| help.to_string().replace('\n', " "));
    format!("- `{argument}`: {}\n", help.unwrap_or_default())
}

/// One capability: what it is called, and whether a provider has it.
type Row = (&'static str, fn(&Capabilities) -> bool);

/// The same of what people are like there.
type PersonRow = (&'static str, fn(&PersonSemantics) -> bool);

const PEOPLE: &[PersonRow] = &[
    ("make a person without an invite", |one| one.creatable),
    ("people come by invite", |one| one.invited),
    ("an account out of which removing goes everywhere", |one| one.home.is_some()),
    ("fields of people", |one| !one.fields.is_empty()),
    ("somebody who was removed can come back", |one| one.returns),
    ("tell who is disabled", |one| one.disabled_shown),
];

const ROWS: &[Row] = &[
    ("make accounts", |one| one.create_account),
    ("change accounts", |one| one.update_account),
    ("remove accounts", |one| one.remove_account),
    ("custom roles", |one| one.write_roles),
    ("change the grants of a pending invite", |one| one.update_invite),
    ("grants before acceptance", |one| one.grants_before_acceptance),
    ("withdraw an invite", |one| one.withdraw_invite),
    ("send an invite again", |one| one.resend_invite),
    ("tell which invites have expired", |one| one.invites_expire),
    ("remove a member from one account", |one| one.remove_member),
    ("disable a person", |one| one.disable),
    ("list API keys", |one| one.list_api_keys),
    ("make API keys", |one| one.create_api_key),
    ("change API keys", |one| one.update_api_key),
    ("remove API keys", |one| one.remove_api_key),
    ("e-mails in the list of members", |one| one.email_in_list),
    ("mark who has authority", |one| one.claim_mark),
    ("tell who changed what, by an audit log", |one| one.audit_log),
    ("many invites in one call", |one| one.bulk_invite > 1),
    ("mail a member again", |one| one.mail_member),
    ("inviting sends a mail", |one| one.mails.on_invite),
    ("making a person sends a mail", |one| one.mails.on_create),
    ("removing sends a mail", |one| one.mails.on_remove),
];

fn capabilities() -> String {
    let titles: Vec<_> = PROVIDERS.iter().map(|one| one.semantics.title).collect();
    let mut text = format!("# Capabilities\n\n{GENERATED}\n| | {} |\n| --- |", titles.join(" | "));
    text += &" --- |".repeat(titles.len());
    text.push('\n');
    for (what, has) in ROWS {
        let marks = PROVIDERS.iter().map(|one| if has(one.capabilities) { "yes" } else { "no" });
        let _ = writeln!(text, "| {what} | {} |", marks.collect::<Vec<_>>().join(" | "));
    }
    for (what, has) in PEOPLE {
        let marks = PROVIDERS.iter().map(|one| if has(&one.semantics.people) { "yes" } else { "no" });
        let _ = writeln!(text, "| {what} | {} |", marks.collect::<Vec<_>>().join(" | "));
    }
    text
}
