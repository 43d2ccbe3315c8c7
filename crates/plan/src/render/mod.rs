//! Shows plans and reports to people and programs.
//!
//! ```text
//! Plan, Report ──► view ──► redact (if asked for) ──► text | markdown | JSON
//! ```
//!
//! [`view`] has every word once, so the three forms say the same; it is the shape of the JSON too. E-mails are
//! hidden at one seam, on the finished view. Text and Markdown are laid out on one kind of paper, which shows
//! control characters as escapes. The same arguments give the same output.

mod markdown;
mod paper;
mod redact;
mod text;
pub mod view;
mod words;
mod words_diff;

pub use redact::redact_text;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::drift::Drift;
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::report::Report;

/// How to render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether text has colours, as ANSI codes. Nothing is said by colour alone.
    pub color: bool,
    /// The width of a terminal in columns. Without one, lists break at 100 and sentences do not. E-mails, ids and
    /// commands are never broken.
    pub width: Option<usize>,
    /// Whether e-mails are replaced by a short form, such as `a…7be4@acme.example`: for logs that strangers
    /// read. It is a hash, not a secret: who guesses an e-mail can check the guess.
    pub redact: bool,
    /// How long looking took, for the first line.
    pub elapsed: Option<Duration>,
}

/// A plan for a terminal: from one line, if nothing is to do, to everything that somebody must know before
/// saying yes. Each line ends with a line end.
pub fn text(plan: &Plan, now: Timestamp, style: &Style) -> String {
    text::plan(&plan_view(plan, now, style), style)
}

/// What became of a plan, for a terminal.
pub fn report_text(report: &Report, now: Timestamp, style: &Style) -> String {
    text::report(&report_view(report, now, style), style)
}

/// Plans for programs: `{"format": 1, "plans": […]}`, each a [`view::PlanView`].
pub fn json(plans: &[Plan], now: Timestamp, style: &Style) -> Value {
    let plans: Vec<_> = plans.iter().map(|plan| plan_view(plan, now, style)).collect();
    json!({ "format": view::FORMAT, "plans": plans })
}

/// What became of plans, for programs: `{"format": 1, "reports": […]}`, each a [`view::ReportView`].
pub fn report_json(reports: &[Report], now: Timestamp, style: &Style) -> Value {
    let reports: Vec<_> = reports.iter().map(|report| report_view(report, now, style)).collect();
    json!({ "format": view::FORMAT, "reports": reports })
}

/// Plans for a comment on a pull request: at most [`MARKDOWN_LIMIT`] bytes; what is cut is told.
///
/// Whatever comes from a manifest or a provider stands in code, so no name can become markup, a mention or a
/// line of its own.
pub fn markdown(plans: &[Plan], now: Timestamp, style: &Style) -> String {
    let plans: Vec<_> = plans.iter().map(|plan| plan_view(plan, now, style)).collect();
    markdown::plans(&plans)
}

/// What became of plans, for a comment on a pull request; see [`markdown`](fn@markdown).
pub fn report_markdown(reports: &[Report], now: Timestamp, style: &Style) -> String {
    let reports: Vec<_> = reports.iter().map(|report| report_view(report, now, style)).collect();
    markdown::reports(&reports)
}

/// What a provider changed behind us, for a terminal.
pub fn drift_text(drift: &Drift, style: &Style) -> String {
    text::drift(&drift_view(drift, style), style)
}

/// What providers changed behind us, for programs: `{"format": 1, "drift": […]}`, each a [`view::DriftView`].
pub fn drift_json(drifts: &[Drift], style: &Style) -> Value {
    let drifts: Vec<_> = drifts.iter().map(|drift| drift_view(drift, style)).collect();
    json!({ "format": view::FORMAT, "drift": drifts })
}

/// What providers changed behind us, for a comment or a ticket; see [`markdown`](fn@markdown).
pub fn drift_markdown(drifts: &[Drift], style: &Style) -> String {
    let drifts: Vec<_> = drifts.iter().map(|drift| drift_view(drift, style)).collect();
    markdown::drifts(&drifts)
}

/// Evidence of absence, for a terminal.
pub fn evidence_text(evidence: &Evidence, style: &Style) -> String {
    text::evidence(&evidence_view(evidence, style), style)
}

/// Evidence of absence, for programs: a list of [`view::EvidenceView`]s.
pub fn evidence_json(evidence: &[Evidence], style: &Style) -> Value {
    let evidence: Vec<_> = evidence.iter().map(|one| evidence_view(one, style)).collect();
    json!(evidence)
}

/// Evidence of absence, for a ticket; see [`markdown`](fn@markdown).
pub fn evidence_markdown(evidence: &[Evidence], style: &Style) -> String {
    let evidence: Vec<_> = evidence.iter().map(|one| evidence_view(one, style)).collect();
    markdown::evidence(&evidence)
}

/// The most bytes that Markdown has: a comment on GitHub takes 65,536 characters, other forges take more.
pub const MARKDOWN_LIMIT: usize = 60_000;

fn plan_view(plan: &Plan, now: Timestamp, style: &Style) -> view::PlanView {
    let mut view = view::plan(plan, now, style);
    if style.redact {
        redact::redact(&mut view);
    }
    view
}

fn evidence_view(evidence: &Evidence, style: &Style) -> view::EvidenceView {
    let mut view = view::evidence(evidence);
    if style.redact {
        redact::redact(&mut view);
    }
    view
}

fn drift_view(drift: &Drift, style: &Style) -> view::DriftView {
    let mut view = view::drift(drift, style);
    if style.redact {
        redact::redact(&mut view);
    }
    view
}

fn report_view(report: &Report, now: Timestamp, style: &Style) -> view::ReportView {
    let mut view = view::report(report, now, style);
    if style.redact {
        redact::redact(&mut view);
    }
    view
}
