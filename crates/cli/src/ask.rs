//! Asks before something is written.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use anyhow::Result;
use orgform_engine::Stop;

use crate::failure::Failure;

/// Who agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// `yes` was typed, or given by a flag.
    Yes,
    /// Anything else.
    No,
}

/// Asks on the terminal; only the whole word `yes` agrees. A stop while it waits is a no.
///
/// # Errors
/// When there is no terminal to ask on: the flag that answers beforehand is named.
pub(crate) async fn ask(question: &str, already: bool, stop: &Stop) -> Result<Answer> {
    if already {
        return Ok(Answer::Yes);
    }
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Failure::new("there is no terminal to ask on")
            .hint("read what is shown above, then run the same command with --yes.")
            .nothing_changed()
            .into());
    }
    write!(stderr(), "\n{question} Only 'yes' is accepted: ")?;
    stderr().flush()?;
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        line = line => Ok(if line??.trim() == "yes" { Answer::Yes } else { Answer::No }),
        () = stop.asked() => {
            writeln!(stderr())?;
            Ok(Answer::No)
        }
    }
}
