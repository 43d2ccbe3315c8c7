//! Where output goes: stdout is what was asked for, stderr is talk.
//!
//! Everything that a command shows passes here, so that colour, width, quiet and redaction are decided once.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anstream::ColorChoice;
use anyhow::{Context, Result};
use orgform_plan::render::Style;
use terminal_size::{Height, Width, terminal_size_of};

use crate::args::{Global, When};
use crate::exit::Exit;
use crate::wrap::wrap;
use crate::{failure, words};

/// A narrower terminal breaks lines by itself; longer lines are hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

/// The two streams and how to use them.
#[derive(Debug)]
pub(crate) struct Console {
    print_color: bool,
    talk_color: bool,
    /// The widths of the terminals; none where there is no terminal.
    print_width: Option<usize>,
    talk_width: Option<usize>,
    quiet: bool,
    redact: AtomicBool,
    /// What a suggested command needs after `orgform` to mean the same folder.
    folder: Option<String>,
}

impl Console {
    /// Decides once for the whole process.
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            print_color: colors(global.color, &io::stdout()),
            talk_color: colors(global.color, &io::stderr()),
            print_width: columns(terminal_size_of(io::stdout())),
            talk_width: columns(terminal_size_of(io::stderr())),
            quiet: global.quiet,
            redact: AtomicBool::new(global.redact),
            folder: global
                .directory
                .as_deref()
                .map(|folder| format!("-C {}", in_shell(&folder.to_string_lossy()))),
        }
    }

    /// Shows e-mails in their short form from here on.
    pub(crate) fn redact(&self) {
        self.redact.store(true, Ordering::Relaxed);
    }

    /// Whether stderr takes colours.
    pub(crate) fn colors_talk(&self) -> bool {
        self.talk_color
    }

    /// Whether bars may be drawn.
    pub(crate) fn draws(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// How to render for stdout.
    pub(crate) fn style(&self, elapsed: Option<Duration>) -> Style {
        Style { color: self.print_color, width: self.print_width, redact: self.redacts(), elapsed }
    }

    /// Prints what was asked for. A reader that went away is no error.
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        print_to(&mut io::stdout().lock(), &self.suggesting(&self.shown(text)))
    }

    /// Rows in columns, as they may be shown.
    pub(crate) fn table(&self, rows: &[Vec<String>]) -> String {
        let shown = |row: &Vec<String>| row.iter().map(|cell| self.shown(cell).into_owned()).collect();
        words::table(&rows.iter().map(shown).collect::<Vec<_>>())
    }

    /// Prints a value as indented JSON.
    pub(crate) fn print_json(&self, value: &serde_json::Value) -> Result<()> {
        print_to(&mut io::stdout().lock(), &self.shown(&format!("{value:#}\n")))
    }

    /// Says something on stderr, unless quiet.
    pub(crate) fn tell(&self, text: &str) {
        if !self.quiet {
            self.talk(text);
        }
    }

    /// Says something on stderr that matters even when quiet.
    pub(crate) fn warn(&self, text: &str) {
        self.talk(&format!("{}: {text}", self.mark("warning", "33")));
    }

    /// Says something on stderr as it is, even when quiet.
    pub(crate) fn insist(&self, text: &str) {
        self.talk(text);
    }

    /// Tells an error with its causes and hints.
    pub(crate) fn fail(&self, error: &anyhow::Error) -> Exit {
        self.talk(&failure::render(error, &self.mark("error", "31"), &self.mark("hint", "36")));
        Exit::Error
    }

    fn mark(&self, word: &str, code: &str) -> String {
        if self.talk_color { format!("\u{1b}[1;{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    fn talk(&self, text: &str) {
        let mut text = self.suggesting(&self.shown(text));
        // A log, or whoever searches in it, is better off with whole lines.
        if let Some(width) = self.talk_width {
            text = wrap(&text, width);
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        // There is nobody left to tell when stderr is closed.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// The text as it may be shown: without e-mails, if that is asked for.
    pub(crate) fn shown<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        if self.redacts() { orgform_plan::render::redact_text(text).into() } else { text.into() }
    }

    /// The text with suggested commands that work where this one was typed.
    fn suggesting(&self, text: &str) -> String {
        match &self.folder {
            None => text.to_owned(),
            Some(folder) => text
                .replace("`orgform ", &format!("`orgform {folder} "))
                .replace(": orgform apply ", &format!(": orgform {folder} apply "))
                .replace("orgform keys remake ", &format!("orgform {folder} keys remake ")),
        }
    }

    fn redacts(&self) -> bool {
        self.redact.load(Ordering::Relaxed)
    }
}

/// A word as a shell reads it back.
fn in_shell(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-+@,:~".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn print_to(stream: &mut impl Write, text: &str) -> Result<()> {
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        ended => ended.context("could not print to stdout"),
    }
}

/// The width to write in, at a terminal.
fn columns(terminal: Option<(Width, Height)>) -> Option<usize> {
    let (Width(columns), _) = terminal?;
    Some(usize::from(columns).clamp(*WIDTHS.start(), *WIDTHS.end()))
}

fn colors(when: When, stream: &impl anstream::stream::RawStream) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => anstream::AutoStream::choice(stream) != ColorChoice::Never,
    }
}
