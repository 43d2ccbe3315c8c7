//! What changed behind us in words.

use jiff::Timestamp;
use orgform_model::history::Via;
use orgform_model::{Address, Thing};
use serde::Serialize;

use super::super::{Style, words};
use super::change::{FieldView, field, name};
use super::{UnseenView, sections};
use crate::drift::{Attribution, Difference, Drift, Drifted, Recorded, Then};
use crate::plan::Seen;

/// What one provider changed behind us.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftView {
    /// The provider's name.
    pub provider: String,
    /// The first line, without the provider: `2 changes behind us; 3 accounts, 10 people, read in 11 calls`.
    pub headline: String,
    /// What a reader must know before the rest, as sentences.
    pub remarks: Vec<String>,
    /// What was ours and as applied, and is not any more.
    pub changes: Vec<DriftedView>,
    /// What is there, is not ours and is not declared. No drift: it has no state that it could differ from.
    pub unmanaged: Vec<DriftedView>,
    /// What could not be looked at.
    pub unseen: Vec<UnseenView>,
    /// The last line.
    pub summary: String,
    /// 0 no drift, 2 drift, 4 partial.
    pub exit_code: u8,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftedView {
    /// What it is about.
    pub address: String,
    /// The account that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The name as shown.
    pub name: String,
    /// `gone`, `field`, `gained`, `lost`, `disabled`, `renamed` or `unmanaged`.
    pub difference: String,
    /// `+`, `~` or `-`: what came, differs or went.
    pub sign: String,
    /// The difference as shown: `Admin`, `displayName: Billing reader → Bill reader`.
    pub says: String,
    /// The field that differs: from what was applied, to what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldView>,
    /// `corrected`, `reported`, `refused`, `held`, `deferred`, `declared`, `undeclared`, `frozen` or `kept`.
    pub then: String,
    /// What happens next, as a sentence.
    pub next: String,
    /// Who did it, as shown; or why nobody can tell.
    pub by: String,
    /// What the audit log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordView>,
}

/// What the audit log tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// When.
    pub at: Timestamp,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// `console`, `api` or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// From which address of the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whether the record names this very difference, and not only something done to the same thing.
    pub exact: bool,
}

/// The view of what one provider changed behind us.
pub(in super::super) fn drift(drift: &Drift, style: &Style) -> DriftView {
    let Drift { provider, seen, changes, unmanaged, unseen, log_calls } = drift;
    DriftView {
        provider: provider.to_string(),
        headline: headline(changes.len(), seen, *log_calls, style),
        remarks: match seen.with_state {
            true => vec![],
            false => vec!["No state yet: nothing was applied that could have changed.".to_owned()],
        },
        changes: changes.iter().map(drifted).collect(),
        unmanaged: unmanaged.iter().map(drifted).collect(),
        unseen: unseen.iter().map(sections::unseen).collect(),
        summary: summary(changes, unseen.len()),
        exit_code: drift.exit_code(),
    }
}

fn headline(changes: usize, seen: &Seen, log_calls: u32, style: &Style) -> String {
    let Seen { accounts, people, calls, with_state: _ } = seen;
    let took = style.elapsed.and_then(words::measured).map(|took| format!(" ({took})")).unwrap_or_default();
    let log = match log_calls {
        0 => String::new(),
        calls => format!(", {calls} more for the audit log"),
    };
    format!(
        "{}; {}, {}, read in {}{log}{took}",
        behind_us(changes),
        words::accounts(*accounts),
        words::people(*people),
        words::count(*calls as usize, "call", "calls")
    )
}

fn behind_us(changes: usize) -> String {
    if changes == 0 {
        "nothing changed behind us".to_owned()
    } else {
        format!("{} behind us", words::count(changes, "change", "changes"))
    }
}

fn summary(changes: &[Drifted], unseen: usize) -> String {
    let of = |word: &str| changes.iter().filter(|one| then_word(&one.then) == word).count();
    let numbers = [
        ("corrected", "undone by the next apply"),
        ("held", "held until released"),
        ("refused", "left until somebody decides"),
        ("deferred", "deferred"),
        ("reported", "only reported"),
        ("declared", "as the files say now"),
        ("undeclared", "not declared any more"),
        ("frozen", "left because of an error in its declaration"),
    ];
    let parts: Vec<String> = numbers
        .iter()
        .map(|(word, says)| (of(word), says))
        .filter(|(number, _)| *number > 0)
        .map(|(number, says)| format!("{number} {says}"))
        .collect();
    let mut text = behind_us(changes.len());
    if let Some(first) = text.get(..1) {
        text = first.to_uppercase() + &text[1..];
    }
    if !parts.is_empty() {
        text = format!("{text}: {}", parts.join(", "));
    }
    if unseen > 0 {
        text = format!("{text}; {unseen} unseen");
    }
    format!("{text}.")
}

fn drifted(one: &Drifted) -> DriftedView {
    let Drifted { address, title, difference, then, by, log: _, traces: _ } = one;
    let (word, sign, says, field_view) = match difference {
        Difference::Gone(what) => ("gone", "-", format!("gone: no such {what} any more"), None),
        Difference::Field(change) => {
            let view = field(change);
            let shown = |value: &Option<orgform_model::Value>| {
                value.as_ref().map(ToString::to_string).filter(|text| !text.is_empty())
            };
            let (from, to) = (shown(&change.from), shown(&change.to));
            let nothing = || "nothing".to_owned();
            let says = if view.gains.is_empty() && view.loses.is_empty() {
                let (from, to) = (from.unwrap_or_else(nothing), to.unwrap_or_else(nothing));
                format!("{}: {from} → {to}", change.field)
            } else {
                let loses = view.loses.iter().map(|text| format!("- {text}"));
                let gains = view.gains.iter().map(|text| format!("+ {text}"));
                gains.chain(loses).collect::<Vec<_>>().join("; ")
            };
            ("field", "~", says, Some(view))
        }
        Difference::Gained { role: _, title } => ("gained", "+", title.clone(), None),
        Difference::Lost { role: _, title } => ("lost", "-", title.clone(), None),
        Difference::Disabled => ("disabled", "-", "locked out".to_owned(), None),
        Difference::Renamed { to } => ("renamed", "~", format!("e-mail is {to} now"), None),
        Difference::Unmanaged(what) => ("unmanaged", "+", what.clone(), None),
    };
    let (says_by, record) = by_view(by);
    DriftedView {
        address: address.to_string(),
        account: place(address),
        name: name(address, title),
        difference: word.to_owned(),
        sign: sign.to_owned(),
        says,
        field: field_view,
        then: then_word(then).to_owned(),
        next: next(then, difference),
        by: says_by,
        record,
    }
}

/// The heading that it stands under: an account that is gone stands under its parent.
fn place(address: &Address) -> Option<String> {
    match &address.thing {
        Thing::Person(_) => None,
        _ => address.account_path().map(ToString::to_string),
    }
}

fn then_word(then: &Then) -> &'static str {
    match then {
        Then::Corrected => "corrected",
        Then::Reported => "reported",
        Then::Refused { .. } => "refused",
        Then::Held { .. } => "held",
        Then::Deferred { .. } => "deferred",
        Then::Declared => "declared",
        Then::Undeclared => "undeclared",
        Then::Frozen => "frozen",
        Then::Kept => "kept",
    }
}

fn next(then: &Then, difference: &Difference) -> String {
    match then {
        Then::Corrected => match difference {
            Difference::Gone(_) => "the next apply makes it again.",
            Difference::Field(_) => "the next apply sets it back.",
            Difference::Gained { .. } => "the next apply revokes it.",
            Difference::Lost { .. } => "the next apply grants it again.",
            Difference::Disabled => "the next apply lets the person in again.",
            Difference::Renamed { .. } => "the next apply changes it back.",
            Difference::Unmanaged(_) => "the next apply removes it.",
        }
        .to_owned(),
        Then::Reported => "it stays: the drift policy is Report.".to_owned(),
        Then::Refused { because, next } => {
            format!("it stays until somebody decides: {} To do: {}", words::sentence(because), next)
        }
        Then::Held { release } => format!("it waits for a release: `{release}`"),
        Then::Deferred { because } => format!("later: {}", words::sentence(because)),
        Then::Declared => "the files say the same now.".to_owned(),
        Then::Undeclared => "it is not declared any more.".to_owned(),
        Then::Frozen => "it stays: its declaration has an error.".to_owned(),
        Then::Kept => "it stays: it is not ours.".to_owned(),
    }
}

fn by_view(by: &Attribution) -> (String, Option<RecordView>) {
    let recorded = match by {
        Attribution::NoRecord { because } => return (format!("no record: {because}"), None),
        Attribution::Recorded(recorded) => recorded,
    };
    let Recorded { at, who, person: _, via, from, exact } = recorded.as_ref();
    let mut text = if *exact { String::from("by ") } else { String::from("probably by ") };
    text.push_str(who.as_deref().unwrap_or("somebody whom the log does not name"));
    match via {
        Some(Via::Console) => text.push_str(" at the console"),
        Some(Via::Api) => text.push_str(" through the API"),
        Some(Via::System) => text.push_str(", the provider itself"),
        None => {}
    }
    if let Some(from) = from {
        text.push_str(&format!(" from {from}"));
    }
    text.push_str(&format!(", {}", at.strftime("%-d %B %Y %H:%M UTC")));
    let via = via.map(|via| match via {
        Via::Console => "console".to_owned(),
        Via::Api => "api".to_owned(),
        Via::System => "system".to_owned(),
    });
    let record = RecordView { at: *at, who: who.clone(), via, from: from.clone(), exact: *exact };
    (text, Some(record))
}
