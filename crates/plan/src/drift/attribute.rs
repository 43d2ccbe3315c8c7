//! Says who did what, from audit logs. Pure.
//!
//! The newest entry that tells of this very difference counts: that a role came, that a field has its value since.
//! Our own writes made it as applied, so they never tell of a difference. Where a log does not tell what an entry
//! changed, the newest one about the same thing is the likely one, and is marked so.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::history::{About, Actor, Deed, Event, History};
use orgform_model::world::Completeness;
use orgform_model::{AccountId, Email, PersonId, Timestamp, Value};

use super::{Attribution, Difference, Drift, Drifted, Recorded};
use crate::fields::same;

/// The log of one account, or why it could not be read, as a clause.
pub type Log = Result<History, String>;

/// What is known of the provider's audit logs.
#[derive(Clone, Copy, Debug)]
pub enum Logs<'a> {
    /// The provider keeps none; its title.
    None(&'a str),
    /// Those that were asked, back to this time.
    Read {
        /// By account.
        by_account: &'a BTreeMap<AccountId, Log>,
        /// How far back.
        since: Timestamp,
    },
}

/// The people who did something that explains a difference: to be looked up where their e-mail is not known.
pub fn actors(drift: &Drift, logs: Logs<'_>) -> BTreeSet<PersonId> {
    let explained = drift.changes.iter().chain(&drift.unmanaged).filter_map(|one| explain(one, logs).ok());
    let people = explained.filter_map(|(event, _)| match &event.by {
        Actor::Person(id, _) => Some(id.clone()),
        Actor::Machine(_) | Actor::Unknown => None,
    });
    people.collect()
}

/// Adds who did it to each difference.
pub fn attribute(mut drift: Drift, logs: Logs<'_>, people: &BTreeMap<PersonId, Email>) -> Drift {
    if let Logs::Read { by_account, since: _ } = logs {
        drift.log_calls += by_account.values().flatten().map(|history| history.calls).sum::<u32>();
    }
    for one in drift.changes.iter_mut().chain(&mut drift.unmanaged) {
        one.by = match explain(one, logs) {
            Ok((event, exact)) => {
                Attribution::Recorded(Box::new(Recorded::of(event, shown(&event.by, people), exact)))
            }
            Err(because) => Attribution::NoRecord { because },
        };
    }
    drift
}

fn shown(actor: &Actor, people: &BTreeMap<PersonId, Email>) -> Option<String> {
    match actor {
        Actor::Person(id, title) => Some(match (people.get(id), title) {
            (Some(email), _) => email.to_string(),
            (None, Some(title)) => format!("{title} ({id})"),
            (None, None) => id.to_string(),
        }),
        Actor::Machine(name) => Some(name.clone()),
        Actor::Unknown => None,
    }
}

/// The entry that tells of a difference, and whether it names that very difference.
fn explain<'l>(one: &Drifted, logs: Logs<'l>) -> Result<(&'l Event, bool), String> {
    let (by_account, since) = match logs {
        Logs::None(title) => return Err(format!("{title} keeps no audit log that can be read")),
        Logs::Read { by_account, since } => (by_account, since),
    };
    let history = match by_account.get(&one.log) {
        Some(Ok(history)) => history,
        Some(Err(because)) => return Err(because.clone()),
        None => return Err("its audit log was not asked".to_owned()),
    };
    let about = |event: &&Event| one.traces.iter().any(|trace| is_same(trace, &event.about));
    let mut likely = None;
    for event in history.events.iter().filter(about) {
        match tells_of(event, &one.difference) {
            Some(true) => return Ok((event, true)),
            Some(false) => likely = likely.or(Some(event)),
            None => {}
        }
    }
    likely.map(|event| (event, false)).ok_or_else(|| match &history.completeness {
        Completeness::Complete => {
            format!("nothing in the audit log since {}", since.strftime("%-d %B %Y"))
        }
        Completeness::Partial { because } => format!("nothing in the audit log: {because}"),
    })
}

/// Whether a log speaks of the same thing. Of an invite that is gone only the e-mail may be known.
fn is_same(trace: &About, about: &About) -> bool {
    match (trace, about) {
        (About::Invite(here, id, email), About::Invite(there, other, other_email)) => {
            here == there && (id == other || email.is_some() && email == other_email)
        }
        (trace, about) => trace == about,
    }
}

/// Whether an entry made this difference: certainly, perhaps, or not.
fn tells_of(event: &Event, difference: &Difference) -> Option<bool> {
    let Event { deed, about, fields, grants, .. } = event;
    let certainly = |is: bool| is.then_some(true);
    match difference {
        Difference::Gone("invite") => certainly(*deed == Deed::Removed && matches!(about, About::Invite(..))),
        Difference::Gone(_) => certainly(*deed == Deed::Removed && !matches!(about, About::Invite(..))),
        Difference::Field(_) if *deed != Deed::Changed => None,
        Difference::Field(_) if fields.is_empty() => Some(false),
        Difference::Field(change) => certainly(
            fields.iter().any(|one| one.field == change.field && same(one.to.as_ref(), change.to.as_ref())),
        ),
        Difference::Gained { role, .. } => match (deed, grants) {
            (Deed::Removed, _) => None,
            (_, Some(grants)) => certainly(grants.to.contains(role) && !grants.from.contains(role)),
            (_, None) => Some(false),
        },
        Difference::Lost { role, .. } => match (deed, about, grants) {
            (Deed::Removed, About::Role(gone), _) => certainly(gone == role),
            (_, About::Role(_), _) => None,
            (Deed::Made, _, _) => None,
            // Accepting takes the invite away, and its roles go on in the membership.
            (Deed::Accepted, _, _) => None,
            (_, _, Some(grants)) => certainly(grants.from.contains(role) && !grants.to.contains(role)),
            (_, _, None) => Some(false),
        },
        Difference::Renamed { to } => match (deed, fields.as_slice()) {
            (Deed::Changed, []) => Some(false),
            (Deed::Changed, fields) => certainly(fields.iter().any(|one| {
                one.field == "email"
                    && one.to.as_ref().and_then(Value::as_text).is_some_and(|text| Email::new(text) == *to)
            })),
            _ => None,
        },
        Difference::Disabled => (*deed == Deed::Changed).then_some(false),
        Difference::Unmanaged(_) => certainly(*deed == Deed::Made),
    }
}
