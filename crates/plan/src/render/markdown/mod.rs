//! Plans and reports for a comment on a pull request.
//!
//! The same lines as in a terminal, in `diff` fences: signs stand in the first column, where they get their
//! colour. Outside of fences there are only fixed words, numbers and code.

mod blocks;

use std::collections::BTreeMap;

use super::paper::Paper;
use super::text;
use super::view::{ChangeView, DriftView, EvidenceView, PlanView, ReportView};
use super::words;
use blocks::{Block, Worth, code, document};

/// So that a bot finds its own comment and writes over it.
const PLAN_MARK: &str = "<!-- orgform: plan -->";
const REPORT_MARK: &str = "<!-- orgform: report -->";
const EVIDENCE_MARK: &str = "<!-- orgform: offboard -->";
const DRIFT_MARK: &str = "<!-- orgform: drift -->";
/// More lines of changes than this are folded away, under a table.
const OPEN_LINES: usize = 60;

/// Plans as one document.
pub(super) fn plans(views: &[PlanView]) -> String {
    let mut blocks = vec![Block::prose(format!("{PLAN_MARK}\n### orgform plan: {}", plans_in_short(views)))];
    for view in views {
        plan(&mut blocks, view);
    }
    document(blocks, |lines| {
        format!(
            "> **Cut to fit into a comment: {lines} lines are missing.** `orgform plan` shows all of them.\n\n"
        )
    })
}

/// Reports as one document.
pub(super) fn reports(views: &[ReportView]) -> String {
    let complete = views.iter().all(|view| view.complete);
    let headline = if complete { "done" } else { "not everything is done" };
    let mut blocks = vec![Block::prose(format!("{REPORT_MARK}\n### orgform apply: {headline}"))];
    for view in views {
        report(&mut blocks, view);
    }
    document(blocks, |lines| {
        format!(
            "> **Cut to fit into a comment: {lines} lines are missing.** The log of the run has all of them.\n\n"
        )
    })
}

/// What providers changed behind us as one document.
pub(super) fn drifts(views: &[DriftView]) -> String {
    let changes: usize = views.iter().map(|view| view.changes.len()).sum();
    let unseen: usize = views.iter().map(|view| view.unseen.len()).sum();
    let mut headline = match changes {
        0 => "nothing changed behind us".to_owned(),
        number => format!("{} behind us", words::count(number, "change", "changes")),
    };
    if unseen > 0 {
        headline.push_str(&format!(", {unseen} unseen"));
    }
    let mut blocks = vec![Block::prose(format!("{DRIFT_MARK}\n### orgform drift: {headline}"))];
    for view in views {
        drift(&mut blocks, view);
    }
    document(blocks, |lines| {
        format!(
            "> **Cut to fit into a comment: {lines} lines are missing.** `orgform drift` shows all of them.\n\n"
        )
    })
}

/// Evidence of absence as one document.
pub(super) fn evidence(views: &[EvidenceView]) -> String {
    let complete = views.iter().all(|view| view.complete);
    let headline = if complete { "gone everywhere" } else { "not gone everywhere" };
    let mut blocks = vec![Block::prose(format!("{EVIDENCE_MARK}\n### orgform offboard: {headline}"))];
    for view in views {
        blocks.push(Block::prose(format!("**{}**", code(&view.provider))));
        let text = lines(|paper| {
            view.people.iter().for_each(|person| text::absence(paper, person));
            text::unseen(paper, &view.unseen);
        });
        if !text.is_empty() {
            blocks.push(Block::fenced("diff", &text, Worth::Changes));
        }
        // It names people: never as Markdown.
        blocks.push(Block::fenced("text", &view.summary, Worth::Loud));
    }
    document(blocks, |lines| {
        format!(
            "> **Cut to fit into a comment: {lines} lines are missing.** The log of the run has all of them.\n\n"
        )
    })
}

fn drift(blocks: &mut Vec<Block>, view: &DriftView) {
    blocks.push(Block::prose(format!("**{}**: {}.", code(&view.provider), view.headline)));
    let text = lines(|paper| {
        text::drift_remarks(paper, view);
        text::unseen(paper, &view.unseen);
    });
    if !text.is_empty() {
        blocks.push(Block::fenced("text", &text, Worth::Loud));
    }
    if !view.changes.is_empty() {
        blocks.push(Block::fenced(
            "diff",
            &lines(|paper| text::drifted(paper, &view.changes)),
            Worth::Changes,
        ));
        blocks.push(Block::prose(view.summary.clone()));
    }
    if !view.unmanaged.is_empty() {
        let summary = format!("{} unmanaged", view.unmanaged.len());
        let text = lines(|paper| text::drift_unmanaged(paper, view));
        blocks.push(Block::fenced("text", &text, Worth::Quiet).folded(&summary));
    }
}

fn plans_in_short(views: &[PlanView]) -> String {
    let sum = |of: fn(&PlanView) -> usize| views.iter().map(of).sum::<usize>();
    let mut parts = Vec::new();
    let numbers = [
        (sum(|view| view.carried_out().len()), "change", "changes"),
        (sum(|view| view.adopted.len()), "adoption", "adoptions"),
        (sum(|view| view.cost.mails as usize), "mail", "mails"),
        (sum(|view| view.refused.len()), "refused", "refused"),
        (sum(|view| view.held.iter().map(|group| group.changes.len()).sum()), "held", "held"),
        (sum(|view| view.unseen.len()), "unseen", "unseen"),
    ];
    for (number, one, many) in numbers {
        parts.extend((number > 0).then(|| words::count(number, one, many)));
    }
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

fn plan(blocks: &mut Vec<Block>, view: &PlanView) {
    blocks.push(Block::prose(format!("**{}**: {}", code(&view.provider), text::first_line(view))));
    if !view.remarks.is_empty() {
        // A remark quotes why something was not read: never as Markdown.
        blocks.push(Block::fenced("text", &lines(|paper| text::remarks(paper, view)), Worth::Loud));
    }
    let loud = lines(|paper| text::loud(paper, view));
    if !loud.is_empty() {
        blocks.push(Block::prose("**Somebody must look at this:**".to_owned()));
        blocks.push(Block::fenced("diff", &loud, Worth::Loud));
    }
    for group in &view.held {
        let held = lines(|paper| text::changes(paper, &group.changes));
        let summary = format!("{} held", words::count(group.changes.len(), "change", "changes"));
        blocks.push(Block::fenced("diff", &held, Worth::Quiet).folded(&summary));
    }
    let carried_out = view.carried_out();
    if !carried_out.is_empty() {
        changes(blocks, &carried_out);
    }
    let ended = lines(|paper| text::till_then(paper, view));
    if !ended.is_empty() {
        blocks.push(Block::fenced("text", &ended, Worth::Loud));
    }
    if view.nothing_to_do {
        let missing = lines(|paper| text::missing_secrets(paper, view));
        if !missing.is_empty() {
            blocks.push(Block::fenced("text", &missing, Worth::Quiet));
        }
        return;
    }
    let quiet = lines(|paper| text::quiet(paper, view));
    if !quiet.is_empty() {
        let summary = "What is only remembered, waits or stays";
        blocks.push(Block::fenced("text", &quiet, Worth::Quiet).folded(summary));
    }
    let digest = if view.changes.is_empty() || view.ahead.is_some() {
        String::new()
    } else {
        format!(" {}", code(&view.digest))
    };
    blocks.push(Block::prose(format!("{}{digest}", view.summary)));
}

fn changes(blocks: &mut Vec<Block>, changes: &[ChangeView]) {
    let shown = lines(|paper| text::changes(paper, changes));
    let number = shown.lines().count();
    let block = Block::fenced("diff", &shown, Worth::Changes);
    if number <= OPEN_LINES {
        blocks.push(block);
        return;
    }
    blocks.push(Block::prose(table(changes)));
    blocks.push(block.folded(&words::count(changes.len(), "change", "changes")));
}

/// Changes by account, in numbers; the largest accounts if there are many.
fn table(changes: &[ChangeView]) -> String {
    const ROWS: usize = 30;
    let mut accounts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for change in changes {
        let counts = accounts.entry(change.account.as_deref().unwrap_or("(people)")).or_default();
        counts[match change.sign.as_str() {
            "+" => 0,
            "-" => 2,
            _ => 1,
        }] += 1;
    }
    let mut largest: Vec<_> = accounts.into_iter().collect();
    largest.sort_by_key(|(account, counts)| (std::cmp::Reverse(counts.iter().sum::<usize>()), *account));
    let mut out = "| account | + | ~ | - |\n| --- | ---: | ---: | ---: |".to_owned();
    let all = largest.len();
    for (account, [gains, updates, losses]) in largest.into_iter().take(ROWS) {
        // Even within code, a bar would end the cell.
        let account = code(account).replace('|', "\\|");
        out.push_str(&format!("\n| {account} | {gains} | {updates} | {losses} |"));
    }
    if all > ROWS {
        out.push_str(&format!("\n| and {} more | | | |", words::accounts(all - ROWS)));
    }
    out
}

fn report(blocks: &mut Vec<Block>, view: &ReportView) {
    blocks.push(Block::prose(format!("**{}**: {}", code(&view.provider), view.summary)));
    blocks.push(Block::fenced("text", &view.verified.says, Worth::Loud));
    let (done, open): (Vec<_>, Vec<_>) = view
        .outcomes
        .iter()
        .cloned()
        .partition(|one| matches!(one.is.as_str(), "done" | "invited" | "joined" | "stored"));
    if !open.is_empty() {
        let text = lines(|paper| text::outcomes(paper, &open));
        blocks.push(Block::fenced("text", &text, Worth::Loud));
    }
    if !view.extra.is_empty() {
        blocks.push(Block::prose("**Refused: these were not in the plan that was agreed to.**".to_owned()));
        let text = lines(|paper| text::changes(paper, &view.extra));
        blocks.push(Block::fenced("diff", &text, Worth::Loud));
    }
    if let Some(left) = &view.verified.plan {
        let text = lines(|paper| {
            text::changes(paper, &left.changes);
            text::loud(paper, left);
        });
        if !text.is_empty() {
            blocks.push(Block::prose("**Still to do:**".to_owned()));
            blocks.push(Block::fenced("diff", &text, Worth::Changes));
        }
    }
    if !done.is_empty() {
        let text = lines(|paper| text::outcomes(paper, &done));
        let summary = format!("{} done", words::count(done.len(), "change", "changes"));
        blocks.push(Block::fenced("text", &text, Worth::Quiet).folded(&summary));
    }
}

fn lines(write: impl FnOnce(&mut Paper)) -> String {
    let mut paper = Paper::diff();
    write(&mut paper);
    paper.into_text()
}
