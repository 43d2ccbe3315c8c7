//! What can be said on the command line. Each command's own arguments are in its file.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::commands::{
    act, apply, completions, drift, forget, import, init, invites, keys, man, offboard, plan, reference,
    schema, show, sim, validate,
};

/// Keeps the accounts, roles and members at a provider equal to what a Git repository declares.
#[derive(Debug, Parser)]
#[command(name = "orgform", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 nothing to do, 1 error, 2 changes or drift (--detailed-exitcode), \
                        3 refused or held, 4 partial.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Run as if started in this folder.
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// When to use colours; NO_COLOR is honoured.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// Say only what was asked for, and errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log to stderr; twice for more, with e-mails in it.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The form of the log.
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Show e-mails in a short form that tells people apart and names nobody.
    #[arg(long, global = true)]
    pub(crate) redact: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Arguments),
    Import(import::Arguments),
    Validate(validate::Arguments),
    Plan(plan::Arguments),
    Apply(apply::Arguments),
    Drift(drift::Arguments),
    Offboard(offboard::Arguments),
    Show(show::Arguments),
    Invites(invites::Arguments),
    Keys(keys::Arguments),
    Forget(forget::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    #[command(hide = true)]
    Reference(reference::Arguments),
    Sim(sim::Arguments),
    Act(act::Arguments),
}

/// Reads a span of time as people write it: `20ms`, `5m`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a span of time; write it like 20ms, 5m or 7d");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(signed).map_err(|_| wrong())
}

/// Reads a time as people write it: a day stands for its end, in UTC.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let wrong =
        || format!("`{text}` is neither a day, like 2026-12-31, nor a time, like 2026-12-31T12:00:00Z");
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if text.len() != "2026-12-31".len() {
        return Err(wrong());
    }
    let day: Date = text.parse().map_err(|_| wrong())?;
    let end = day.at(23, 59, 59, 0).to_zoned(TimeZone::UTC).map_err(|_| wrong())?;
    Ok(end.timestamp())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_day_stands_for_its_end() {
        let at = |text| moment(text).map(|at| at.to_string());
        assert_eq!(at("2026-12-31"), Ok("2026-12-31T23:59:59Z".to_owned()));
        assert_eq!(at("2026-12-31T12:00:00+01:00"), Ok("2026-12-31T11:00:00Z".to_owned()));
        for wrong in ["", "tomorrow", "2026-13-01", "31.12.2026", "2026-12-31T12:00:00"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_of_time_are_read_as_people_write_them() {
        assert_eq!(duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for wrong in ["", "7", "-5m", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
