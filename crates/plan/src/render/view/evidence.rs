//! Evidence in words.

use jiff::Timestamp;
use serde::Serialize;

use super::super::words;
use super::{UnseenView, sections};
use crate::evidence::{Absence, Evidence, Place};

/// What is known of people who are declared absent, at one provider.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    /// The provider's name.
    pub provider: String,
    /// When the last look was.
    pub at: Timestamp,
    /// Accounts that it looked into.
    pub accounts: usize,
    /// Calls that it made.
    pub calls: u32,
    /// Whether everybody is certainly gone everywhere.
    pub complete: bool,
    /// The people.
    pub people: Vec<AbsenceView>,
    /// What it could not look at.
    pub unseen: Vec<UnseenView>,
    /// The command that looks again, where nobody could look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// The last line: `pureport shows ken@acme.example in none of its 3 accounts …`.
    pub summary: String,
}

/// One person who should be nowhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AbsenceView {
    /// Who.
    pub email: String,
    /// Whether the last look found them nowhere.
    pub gone: bool,
    /// Where they were, or still are.
    pub places: Vec<PlaceView>,
}

/// Where somebody was.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    /// The account.
    pub account: String,
    /// What was there before: `member, Admin`.
    pub was: String,
    /// What is there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub still: Option<String>,
    /// When it was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// The result as shown.
    pub says: String,
}

/// The view of evidence.
pub(in super::super) fn evidence(evidence: &Evidence) -> EvidenceView {
    let Evidence { provider, at, accounts, calls, people, unseen, unreadable: _, again } = evidence;
    EvidenceView {
        provider: provider.to_string(),
        at: *at,
        accounts: *accounts,
        calls: *calls,
        complete: evidence.is_complete(),
        people: people.iter().map(absence).collect(),
        unseen: unseen.iter().map(sections::unseen).collect(),
        again: again.clone(),
        summary: summary(evidence),
    }
}

fn absence(one: &Absence) -> AbsenceView {
    AbsenceView {
        email: one.email.to_string(),
        gone: one.is_gone(),
        places: one.places.iter().map(place).collect(),
    }
}

fn place(place: &Place) -> PlaceView {
    let Place { account, was, still, locked_out, removed_at, because } = place;
    let still = still.as_ref().filter(|_| !locked_out);
    let says = match (still, removed_at, because) {
        (None, Some(at), _) if *locked_out => format!("locked out {}, not removed", minute(*at)),
        (None, None, _) if *locked_out => "locked out, not removed".to_owned(),
        (None, Some(at), _) => format!("gone, removed {}", minute(*at)),
        (None, None, _) => "gone".to_owned(),
        (Some(_), _, Some(because)) => format!("still there; {because}"),
        (Some(_), _, None) => "still there".to_owned(),
    };
    PlaceView {
        account: account.to_string(),
        was: was.clone(),
        still: still.cloned(),
        removed_at: *removed_at,
        says,
    }
}

fn summary(evidence: &Evidence) -> String {
    let Evidence { provider, at, accounts, calls, people, unseen, unreadable, again } = evidence;
    if let Some(again) = again {
        return format!("{provider} was not looked at; they may still be there; run again: {again}");
    }
    let names: Vec<&str> = people.iter().map(|one| one.email.as_str()).collect();
    let read = format!("read {} in {}", minute(*at), words::count(*calls as usize, "call", "calls"));
    let places = || people.iter().flat_map(|one| &one.places);
    let still = places().filter(|one| one.still.is_some() && !one.locked_out).count();
    let locked_out = places().filter(|one| one.locked_out).count();
    let mut text = if still == 0 && locked_out > 0 {
        let places = words::count(locked_out, "account", "accounts");
        format!("{provider} has {} locked out of {places}, and in no other; {read}.", names.join(", "))
    } else if still == 0 {
        let all = words::accounts(*accounts);
        format!("{provider} shows {} in none of {all}, as member or invited; {read}.", names.join(", "))
    } else {
        format!("Still there in {}; {read}.", words::count(still, "place", "places"))
    };
    if !unseen.is_empty() {
        text.push_str(&format!(" {} could not be looked at: nothing is proved there.", unseen.len()));
    }
    for (account, number) in unreadable {
        let members = words::count(*number, "member", "members");
        text.push_str(&format!(" In {account} the e-mail of {members} can't be read."));
    }
    text
}

/// In a form that sorts, and that no line breaks.
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}
