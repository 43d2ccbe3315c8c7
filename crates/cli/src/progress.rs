//! Shows what a run is doing: one bar on stderr, and only on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use orgform_engine::{Event, Progress};
use orgform_plan::Fate;

use crate::console::Console;

/// A wait that is shorter than this is not worth a line in a log.
const WORTH_A_LINE: Duration = Duration::from_secs(1);

/// The bar of one run.
#[derive(Debug)]
pub(crate) struct Bar<'a> {
    bar: ProgressBar,
    console: &'a Console,
    who: String,
}

impl<'a> Bar<'a> {
    /// A bar for the provider of this name.
    pub(crate) fn new(console: &'a Console, who: impl Into<String>) -> Self {
        let target =
            if console.draws() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        bar.set_style(style("{spinner} {msg}"));
        Self { bar, console, who: who.into() }
    }

    /// Takes the bar off the terminal.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self, message: String) {
        self.bar.set_message(self.console.shown(&message).into_owned());
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Progress for Bar<'_> {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Observing { scopes } => {
                self.bar.set_style(style("{spinner} {msg} {pos} of {len}"));
                self.bar.inc_length(scopes as u64);
                self.show(format!("{}: looking at", self.who));
            }
            Event::Observed { .. } => self.bar.inc(1),
            Event::ReadingLogs { accounts } => {
                self.bar.set_style(style("{spinner} {msg}"));
                self.show(format!("{}: reading {accounts} audit logs", self.who));
            }
            Event::Planning => {
                self.bar.set_style(style("{spinner} {msg}"));
                self.show(format!("{}: planning", self.who));
            }
            Event::Waiting { span, what_for } => {
                let line = format!("{}: waiting {} s {what_for}", self.who, span.as_secs_f32().ceil());
                if span >= WORTH_A_LINE && !self.console.draws() {
                    self.console.tell(&format!("{line}."));
                }
                self.show(line);
            }
            Event::Applying { changes } => {
                self.bar.reset();
                self.bar.set_length(changes as u64);
                self.bar.set_style(style("{spinner} [{bar:24}] {pos} of {len}  {msg}"));
                self.show(String::new());
            }
            Event::Started { title, .. } => self.show(title.to_owned()),
            Event::Finished { title, fate, .. } => {
                if let Fate::Failed { said, unknown, .. } = fate {
                    let verb = if *unknown { "not known whether it is done" } else { "failed" };
                    let line = format!("{title}: {verb}: {said}");
                    self.bar.println(self.console.shown(&line));
                }
                self.bar.inc(1);
            }
            Event::CheckingRemovals { changes } => {
                self.show(format!("reading once more what {changes} changes take away"));
            }
            Event::Verifying => {
                self.bar.set_style(style("{spinner} {msg}"));
                self.show(format!("{}: verifying", self.who));
            }
            _ => {}
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
