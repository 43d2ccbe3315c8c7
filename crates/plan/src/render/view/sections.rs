//! The lists of a plan in words: what is taken over, waits, stays, is refused or held.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::{Address, Email, Place, ProviderName, Thing};

use super::super::words;
use super::change::{change, name};
use super::{
    DeferredView, EndingView, HeldView, ItemView, MissingSecretView, RefusedView, RenamedView, UnseenView,
    WaitingView,
};
use crate::plan::{
    Adopted, ChangeKind, Deferred, Ending, Forgotten, Held, Kept, MissingSecret, PlannedChange, Refused,
    Renamed, UnseenScope, Waiting,
};

pub(super) fn adopted(adopted: &Adopted) -> ItemView {
    let Adopted { address, what, entries: _ } = adopted;
    item(address, what, None)
}

pub(super) fn forgotten(forgotten: &Forgotten) -> ItemView {
    let Forgotten { address, because, entries: _ } = forgotten;
    item(address, "", Some(because))
}

pub(super) fn kept(kept: &Kept) -> ItemView {
    let Kept { address, what, because } = kept;
    item(address, what, Some(because))
}

pub(super) fn waiting(waiting: &[Waiting], now: Timestamp) -> Vec<WaitingView> {
    let mut oldest_first: Vec<&Waiting> = waiting.iter().collect();
    oldest_first.sort_by_key(|waiting| (waiting.since.is_none(), waiting.since, &waiting.address));
    oldest_first
        .into_iter()
        .map(|Waiting { address, since, attempts, note }| {
            let mut known: Vec<String> = Vec::new();
            known.extend(since.map(|since| words::age(since, now)));
            known.extend((*attempts > 1).then(|| words::count(*attempts as usize, "mail", "mails")));
            known.extend(note.clone());
            let thing = says(address, "");
            WaitingView {
                address: address.to_string(),
                says: if known.is_empty() { thing } else { format!("{thing} ({})", known.join(", ")) },
                since: *since,
                attempts: *attempts,
                note: note.clone(),
            }
        })
        .collect()
}

pub(super) fn refused(refused: &Refused) -> RefusedView {
    let Refused { address, what, because, next, place } = refused;
    RefusedView {
        address: address.to_string(),
        says: format!("{}: {what}", says(address, "")),
        what: what.clone(),
        because: words::sentence(because),
        next: next.clone(),
        place: place.as_ref().map(Place::to_string),
    }
}

pub(super) fn held(held: &Held) -> HeldView {
    let Held { account, because, digest, changes } = held;
    HeldView {
        account: account.as_ref().map(ToString::to_string),
        because: words::sentence(because),
        losers: held.losers().into_iter().map(str::to_owned).collect(),
        says: in_short(changes),
        release: format!("orgform apply --release {}", digest.short()),
        digest: digest.to_string(),
        changes: changes.iter().map(change).collect(),
    }
}

pub(super) fn deferred(deferred: &Deferred, now: Timestamp) -> DeferredView {
    let Deferred { address, what, because, until } = deferred;
    let mut text = format!("{}: {what}, {because}", says(address, ""));
    if let Some(until) = until {
        text.push_str(&format!(", {}", words::day(*until, now)));
    }
    DeferredView {
        address: address.to_string(),
        says: text,
        what: what.clone(),
        because: because.clone(),
        until: *until,
    }
}

/// One per person and place, however many memberships the person has.
pub(super) fn renamed(renamed: &[Renamed], provider: &ProviderName) -> Vec<RenamedView> {
    let mut edits: BTreeMap<(&Place, &Email, &Email), (Vec<String>, bool)> = BTreeMap::new();
    for Renamed { address, from, to, place, edited } in renamed {
        let (addresses, is_edited) = edits.entry((place, from, to)).or_default();
        addresses.push(address.to_string());
        *is_edited |= edited;
    }
    edits
        .into_iter()
        .map(|((place, from, to), (addresses, edited))| RenamedView {
            from: from.to_string(),
            to: to.to_string(),
            addresses,
            says: format!("{from} is {to} at {provider} now"),
            place: place.to_string(),
            patch: [format!("email: {}", from.written()), format!("email: {}", to.written())],
            edited,
        })
        .collect()
}

pub(super) fn ending(ending: &[Ending], now: Timestamp) -> Vec<EndingView> {
    let mut soonest_first: Vec<&Ending> = ending.iter().collect();
    soonest_first.sort_by_key(|ending| (ending.at, &ending.address, &ending.grant));
    soonest_first
        .into_iter()
        .map(|Ending { address, grant, at }| {
            let place = address.account_path().map(|path| format!(" in {path}")).unwrap_or_default();
            EndingView {
                address: address.to_string(),
                says: format!("{}, {grant}{place}, {}", name(address, ""), words::day(*at, now)),
                grant: grant.clone(),
                at: *at,
            }
        })
        .collect()
}

pub(super) fn missing_secret(missing: &MissingSecret) -> MissingSecretView {
    let MissingSecret { address, because, next } = missing;
    MissingSecretView {
        address: address.to_string(),
        says: format!("{}: {because}", says(address, "")),
        next: next.clone(),
    }
}

pub(super) fn unseen(unseen: &UnseenScope) -> UnseenView {
    let UnseenScope { account, because, hint } = unseen;
    UnseenView {
        account: account.as_ref().map(ToString::to_string),
        because: words::sentence(because),
        hint: hint.clone(),
    }
}

fn item(address: &Address, what: &str, because: Option<&String>) -> ItemView {
    let thing = match &address.thing {
        Thing::Account(_) => "account",
        Thing::Role(_) => "role",
        Thing::Member(..) => "member",
        Thing::Person(_) => "person",
        Thing::ApiKey(_) => "key",
    };
    ItemView {
        address: address.to_string(),
        thing: thing.to_owned(),
        says: says(address, what),
        what: what.to_owned(),
        because: because.cloned(),
    }
}

/// A thing outside of its account's heading: `guest@partner.example in acme/lab (member, Admin)`.
fn says(address: &Address, what: &str) -> String {
    let detail = if what.is_empty() { String::new() } else { format!(" ({what})") };
    match &address.thing {
        Thing::Account(path) if what.is_empty() => format!("account {path}"),
        Thing::Account(path) => format!("{what} at {path}"),
        Thing::Role(key) if what.is_empty() => format!("role {} in {}", key.name, key.account),
        Thing::Role(key) => format!("{what} in {}", key.account),
        Thing::Member(path, email) => format!("{email} in {path}{detail}"),
        Thing::Person(email) => format!("{email}{detail}"),
        Thing::ApiKey(label) if what.is_empty() => format!("API key {} in {}", label.name, label.account),
        Thing::ApiKey(label) => format!("{what} in {}", label.account),
    }
}

/// Changes in one clause: `remove 11 memberships, update role Operator`.
fn in_short(changes: &[PlannedChange]) -> String {
    let mut people: BTreeMap<ChangeKind, usize> = BTreeMap::new();
    let mut things: BTreeSet<String> = BTreeSet::new();
    for PlannedChange { address, title, kind, .. } in changes {
        match address.thing {
            Thing::Member(..) | Thing::Person(_) => *people.entry(*kind).or_default() += 1,
            Thing::Account(_) | Thing::Role(_) | Thing::ApiKey(_) => {
                things.insert(format!("{} {}", verb(*kind), name(address, title)));
            }
        }
    }
    let people = people.into_iter().map(|(kind, number)| {
        let object = match kind {
            ChangeKind::Update | ChangeKind::Remove => words::count(number, "membership", "memberships"),
            ChangeKind::Withdraw => words::count(number, "invite", "invites"),
            ChangeKind::Create
            | ChangeKind::Invite
            | ChangeKind::Resend
            | ChangeKind::Disable
            | ChangeKind::Enable => words::people(number),
        };
        format!("{} {object}", verb(kind))
    });
    people.chain(things).collect::<Vec<_>>().join(", ")
}

fn verb(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "add",
        ChangeKind::Update => "update",
        ChangeKind::Remove => "remove",
        ChangeKind::Invite => "invite",
        ChangeKind::Resend => "invite again",
        ChangeKind::Withdraw => "withdraw",
        ChangeKind::Disable => "lock out",
        ChangeKind::Enable => "let in again",
    }
}
