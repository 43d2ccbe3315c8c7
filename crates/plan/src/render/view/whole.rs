//! A whole plan in words.

use jiff::Timestamp;
use orgform_model::desired::Subject;
use orgform_model::{AccountPath, ObjectRef};

use super::super::{Style, words};
use super::{AheadView, CostView, HeldView, PlanView, SeenView, SubjectView, change, sections};
use crate::plan::{Ahead, Cost, Held, Plan, PlannedChange, Seen};

/// The view of a plan.
pub(in super::super) fn plan(plan: &Plan, now: Timestamp, style: &Style) -> PlanView {
    let Plan {
        provider,
        subject,
        seen,
        adopted,
        forgotten,
        changes,
        waiting,
        kept,
        drift,
        refused,
        held,
        released,
        deferred,
        renamed,
        ending,
        missing_secrets,
        ahead,
        unseen,
        cost,
        digest,
        remember: _,
        needs: _,
    } = plan;
    PlanView {
        provider: provider.to_string(),
        headline: headline(plan, style),
        remarks: remarks(seen, subject, ahead.is_some()),
        nothing_to_do: plan.is_empty(),
        seen: seen_view(seen, style),
        subject: subject_view(subject),
        changes: in_tree_order(changes).into_iter().map(change::change).collect(),
        adopted: adopted.iter().map(sections::adopted).collect(),
        forgotten: forgotten.iter().map(sections::forgotten).collect(),
        waiting: sections::waiting(waiting, now),
        kept: kept.iter().map(sections::kept).collect(),
        drift: drift.iter().map(sections::kept).collect(),
        refused: refused.iter().map(sections::refused).collect(),
        held: held.iter().map(|group| held_view(group, ahead.is_some())).collect(),
        released: released.iter().map(|group| held_view(group, true)).collect(),
        deferred: deferred.iter().map(|one| sections::deferred(one, now)).collect(),
        renamed: sections::renamed(renamed, provider),
        ending: sections::ending(ending, now),
        missing_secrets: missing_secrets.iter().map(sections::missing_secret).collect(),
        ahead: ahead.as_ref().map(ahead_view),
        unseen: unseen.iter().map(sections::unseen).collect(),
        cost: cost_view(cost),
        summary: summary(plan),
        digest: digest.to_string(),
        exit_code: plan.exit_code(),
    }
}

fn headline(plan: &Plan, style: &Style) -> String {
    let Seen { accounts, people, calls, with_state: _ } = plan.seen;
    let mut parts = vec![words::accounts(accounts), words::people(people)];
    let took = style.elapsed.and_then(words::measured).map(|took| format!(" ({took})")).unwrap_or_default();
    let read = format!("read in {}{took}", words::count(calls as usize, "call", "calls"));
    if !plan.is_empty() {
        parts.push(read);
        return parts.join(", ");
    }
    // What would be a section of its own is a number here: a quiet run has one line.
    let quiet = [
        (plan.waiting.len(), "invite waiting", "invites waiting"),
        (plan.kept.len(), "kept", "kept"),
        (plan.deferred.len(), "deferred", "deferred"),
        (plan.ending.len(), "grant ends soon", "grants end soon"),
        (plan.missing_secrets.len(), "secret not here", "secrets not here"),
    ];
    parts.extend(quiet.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| words::count(*n, one, many)));
    format!("{}; {read}", parts.join(", "))
}

fn ahead_view(ahead: &Ahead) -> AheadView {
    let Ahead { at, ending } = ahead;
    let says = format!("on {}, if nothing else changes", at.strftime("%-d %B %Y at %H:%M UTC"));
    // Seen from far away, a day is told with its year.
    AheadView { at: *at, says, ending: sections::ending(ending, Timestamp::UNIX_EPOCH) }
}

/// What is held on a later day can't be released today, and what is released needs no release.
fn held_view(group: &Held, needs_none: bool) -> HeldView {
    let view = sections::held(group);
    if needs_none { HeldView { release: String::new(), ..view } } else { view }
}

/// What a gap in what was read means.
const UNDECLARED: &str = "Nothing undeclared is removed.";

fn remarks(seen: &Seen, subject: &Subject, is_ahead: bool) -> Vec<String> {
    let mut remarks = Vec::new();
    if is_ahead {
        remarks.push("This is a look ahead: it can be neither saved nor applied.".to_owned());
    }
    if !seen.with_state {
        remarks.push(
            "No state yet: nothing here counts as ours, so removals and second mails are off.".to_owned(),
        );
    }
    if let Subject::Some { objects, because, gap } = subject {
        remarks.push(match (objects.len(), *gap) {
            (0, false) => {
                format!("{}, which names no object; everything stays as it is.", words::capital(because))
            }
            (_, false) => format!("{}; everything else stays as it is.", words::capital(because)),
            (0, true) => format!("This plan speaks for no object: {} {UNDECLARED}", words::sentence(because)),
            (number, true) => {
                let objects = words::count(number, "object", "objects");
                format!("This plan speaks for {objects} only: {} {UNDECLARED}", words::sentence(because))
            }
        });
    }
    remarks
}

fn seen_view(seen: &Seen, style: &Style) -> SeenView {
    let Seen { accounts, people, calls, with_state } = *seen;
    let seconds = style.elapsed.map(|took| took.as_secs_f64());
    SeenView { accounts, people, calls, seconds, with_state }
}

fn subject_view(subject: &Subject) -> SubjectView {
    match subject {
        Subject::Everything => {
            SubjectView { everything: true, objects: Vec::new(), because: None, gap: false }
        }
        Subject::Some { objects, because, gap } => SubjectView {
            everything: false,
            objects: objects.iter().map(ObjectRef::to_string).collect(),
            because: Some(because.clone()),
            gap: *gap,
        },
    }
}

/// Changes by account, parents before children; each account's own change first, then its roles and people.
fn in_tree_order(changes: &[PlannedChange]) -> Vec<&PlannedChange> {
    let mut ordered: Vec<&PlannedChange> = changes.iter().collect();
    ordered.sort_by_cached_key(|change| {
        let path = change.address.account_path().map(AccountPath::as_str);
        // By segment: as plain text, `acme-lab` would come between `acme` and `acme/finance`.
        let segments: Vec<String> = path.unwrap_or_default().split('/').map(str::to_owned).collect();
        (path.is_none(), segments, change.address.clone(), change.kind)
    });
    ordered
}

fn cost_view(cost: &Cost) -> CostView {
    let Cost { reads, writes, mails, per_second, seconds } = *cost;
    CostView { reads, writes, mails, per_second, seconds }
}

fn summary(plan: &Plan) -> String {
    let Cost { reads: _, writes, mails, per_second: _, seconds } = plan.cost;
    let mut parts = Vec::new();
    let changes = plan.to_carry_out();
    if changes > 0 {
        parts.push(words::count(changes, "change", "changes"));
    }
    if !plan.adopted.is_empty() {
        parts.push(words::count(plan.adopted.len(), "adoption", "adoptions"));
    }
    if !plan.forgotten.is_empty() {
        parts.push(format!("{} let go", plan.forgotten.len()));
    }
    if parts.is_empty() {
        parts.push("Nothing to do".to_owned());
    } else if writes == 0 {
        parts.push("nothing to write".to_owned());
    } else {
        parts.push(if mails == 0 {
            "no mail".to_owned()
        } else {
            words::count(mails as usize, "mail", "mails")
        });
        parts.push(words::count(writes as usize, "write", "writes"));
        parts.push(words::estimated(seconds));
    }
    let held: usize = plan.held.iter().map(|group| group.changes.len()).sum();
    let open = [
        (plan.refused.len(), "refused"),
        (held, "held"),
        (plan.deferred.len(), "deferred"),
        (plan.unseen.len(), "unseen"),
    ];
    let open: Vec<String> = open
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let open = if open.is_empty() { String::new() } else { format!("; {}", open.join(", ")) };
    format!("{}{open}.", parts.join(", "))
}
