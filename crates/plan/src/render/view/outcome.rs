//! What became of a plan, in words.

use jiff::Timestamp;
use orgform_model::ProviderName;
use serde::Serialize;

use super::super::{Style, words};
use super::change::{change, name, sign};
use super::{ChangeView, PlanView, plan};
use crate::plan::ChangeKind;
use crate::report::{Fate, Left, Outcome, Report, Verified};

/// What became of one plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
    /// The provider's name.
    pub provider: String,
    /// One per change.
    pub outcomes: Vec<OutcomeView>,
    /// Changes that nobody agreed to: refused, shown.
    pub extra: Vec<ChangeView>,
    /// Effects that were agreed to and were already so.
    pub already: usize,
    /// Things taken over.
    pub adopted: usize,
    /// Things let go of.
    pub forgotten: usize,
    /// Mails sent, or that may have been sent.
    pub mails: u32,
    /// Whether every change was carried out.
    pub complete: bool,
    /// The last line: `3 of 4 changes done, 1 failed, 1 mail sent.`
    pub summary: String,
    /// What a last look showed.
    pub verified: VerifiedView,
    /// What was left as it is, in numbers.
    pub left: Left,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeView {
    /// What it was about.
    pub address: String,
    /// The account, or `(people)`.
    pub account: String,
    /// `+`, `~` or `-`.
    pub sign: String,
    /// The name as shown.
    pub name: String,
    /// What kind of change.
    pub kind: ChangeKind,
    /// `done`, `invited`, `joined`, `stored`, `failed`, `stale`, `skipped` or `stopped`.
    pub is: String,
    /// As shown: `failed: pureport answered 409 CONFLICT`.
    pub says: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether it may have been carried out although it failed.
    pub unknown: bool,
}

/// What a last look showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedView {
    /// `converged`, `differs` or `notChecked`.
    pub is: String,
    /// As shown: `Verified: what is done is as declared.`
    pub says: String,
    /// What is still to do, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Box<PlanView>>,
}

/// The view of a report.
pub(in super::super) fn report(report: &Report, now: Timestamp, style: &Style) -> ReportView {
    let Report { provider, outcomes, extra, already, adopted, forgotten, mails, verified, left } = report;
    ReportView {
        provider: provider.to_string(),
        outcomes: outcomes.iter().map(|one| outcome(one, provider)).collect(),
        extra: extra.iter().map(change).collect(),
        already: *already,
        adopted: *adopted,
        forgotten: *forgotten,
        mails: *mails,
        complete: report.is_complete(),
        summary: summary(report),
        verified: verified_view(verified, report, now, style),
        left: *left,
    }
}

fn outcome(outcome: &Outcome, provider: &ProviderName) -> OutcomeView {
    let Outcome { address, title, kind, result } = outcome;
    let (is, says, next, unknown) = match result {
        Fate::Done => ("done", "done".to_owned(), None, false),
        Fate::Invited => ("invited", "invited".to_owned(), None, false),
        Fate::Joined => ("joined", format!("joined: {provider} knew the person already"), None, false),
        Fate::Stored { key, place } => {
            ("stored", format!("done: key {key}, its secret is in {place}"), None, false)
        }
        Fate::Failed { said, next, unknown } => {
            let verb = if *unknown { "failed, but may be done" } else { "failed" };
            ("failed", format!("{verb}: {said}"), Some(next.clone()), *unknown)
        }
        Fate::Stale { said } => (
            "stale",
            format!("not written: {said}"),
            Some("plan again; something changed since this plan was made".to_owned()),
            false,
        ),
        Fate::Skipped { because } => ("skipped", format!("skipped: {because}"), None, false),
        Fate::Stopped => ("stopped", "not begun: the run was stopped".to_owned(), None, false),
    };
    OutcomeView {
        address: address.to_string(),
        account: address.account_path().map_or_else(|| "(people)".to_owned(), ToString::to_string),
        sign: sign(*kind).to_owned(),
        name: name(address, title),
        kind: *kind,
        is: is.to_owned(),
        says,
        next: next.filter(|next| !next.is_empty()),
        unknown,
    }
}

fn summary(report: &Report) -> String {
    let Report { provider: _, outcomes, extra, already, adopted, forgotten, mails, verified: _, left: _ } =
        report;
    let mut parts = Vec::new();
    let done = outcomes.iter().filter(|outcome| outcome.result.is_done()).count();
    match outcomes.len() {
        0 => {}
        all if done == all => parts.push(format!("{} done", words::count(all, "change", "changes"))),
        all => parts.push(format!("{done} of {} done", words::count(all, "change", "changes"))),
    }
    let number = |is: fn(&Fate) -> bool| outcomes.iter().filter(|outcome| is(&outcome.result)).count();
    let fates = [
        (number(|fate| matches!(fate, Fate::Failed { .. })), "failed"),
        (number(|fate| matches!(fate, Fate::Stale { .. })), "not written"),
        (number(|fate| matches!(fate, Fate::Skipped { .. })), "skipped"),
        (number(|fate| matches!(fate, Fate::Stopped)), "not begun"),
    ];
    parts.extend(fates.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
    let rest = [
        (*adopted, "taken over"),
        (*forgotten, "let go"),
        (*already, "already so"),
        (extra.len(), "not agreed to"),
    ];
    parts.extend(rest.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
    let unsure = outcomes.iter().any(|outcome| matches!(outcome.result, Fate::Failed { unknown: true, .. }));
    let sent = if unsure { "sent at most" } else { "sent" };
    parts.extend((*mails > 0).then(|| format!("{} {sent}", words::count(*mails as usize, "mail", "mails"))));
    if parts.is_empty() { "Nothing to do.".to_owned() } else { format!("{}.", parts.join(", ")) }
}

fn verified_view(verified: &Verified, report: &Report, now: Timestamp, style: &Style) -> VerifiedView {
    let view = |is: &str, says: String| VerifiedView { is: is.to_owned(), says, plan: None };
    match verified {
        Verified::Converged => {
            let says = match (report.is_complete(), but_for(&report.left)) {
                (false, left) => {
                    let left = left.map(|left| format!("; {left}")).unwrap_or_default();
                    format!("Verified: what is done is as declared{left}.")
                }
                (true, None) => format!("Verified: {} shows what is declared.", report.provider),
                (true, Some(left)) => format!("Verified, but for {left}."),
            };
            view("converged", format!("{says}{}", errors(report.left.errors)))
        }
        Verified::Differs { plan: left } => {
            // The time that the first look took says nothing about this one.
            let left = plan(left, now, &Style { elapsed: None, ..*style });
            let says = format!("Looked again: {}", still_to_do(&left));
            VerifiedView { plan: Some(Box::new(left)), ..view("differs", says) }
        }
        Verified::NotChecked { because } => {
            let left = but_for(&report.left).map(|left| format!("; {left}")).unwrap_or_default();
            if report.outcomes.is_empty() {
                let says = format!("Nothing was written, so there is nothing to verify{left}.");
                return view("notChecked", says);
            }
            view("notChecked", format!("Not verified: {}", words::sentence(&format!("{because}{left}"))))
        }
    }
}

/// `5 changes are still to do; 1 held.`
fn still_to_do(left: &PlanView) -> String {
    let number = left.changes.len() + left.adopted.len() + left.forgotten.len();
    let things = match left.changes.len() {
        0 => words::count(number, "thing is", "things are"),
        number => words::count(number, "change is", "changes are"),
    };
    let verb = if left.changes.is_empty() { "remember" } else { "do" };
    // What the summary says of the open ends, after its `;`.
    match left.summary.split_once("; ") {
        _ if number == 0 => left.summary.clone(),
        Some((_, open)) => format!("{things} still to {verb}; {open}"),
        None => format!("{things} still to {verb}."),
    }
}

/// `2 refused, 1 held`; none where nothing of that kind was left.
fn but_for(left: &Left) -> Option<String> {
    let Left { refused, held, deferred, reported, errors: _ } = *left;
    let numbers = [(refused, "refused"), (held, "held"), (deferred, "deferred"), (reported, "reported")];
    let left: Vec<String> = numbers
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    (!left.is_empty()).then(|| left.join(", "))
}

fn errors(number: usize) -> String {
    if number == 0 {
        return String::new();
    }
    let errors = words::count(number, "error", "errors");
    let they = if number == 1 { "it names" } else { "they name" };
    format!(" {errors} in the manifests: what {they} was left as it is.")
}
