//! From a plan to the status of its Provider: the whole picture. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use orgform_model::{Desired, Email};
use orgform_plan::{ChangeKind, Plan, PlannedChange, Report};
use orgform_spec::crd::{
    Changed, Cost, Counts, Deferred, Ending, HeldGroup, Kept, Offer, Pass, ProviderStatus, Refused, Unseen,
    Waiting, WaitingInvites,
};

use crate::conditions::{Standing, cut};
use crate::object::Object;

/// What a pass knows of its Provider.
pub(crate) struct Known<'a> {
    /// The server.
    pub(crate) connection: &'a str,
    /// The provider's id of the topmost account.
    pub(crate) root: Option<String>,
    /// What is declared.
    pub(crate) desired: &'a Desired,
    /// People of memberships that nobody declares any more and that are still there, once for each.
    pub(crate) left: &'a [Email],
    /// Of the memberships, those whose person has accepted.
    pub(crate) active: u32,
    /// The plan, as it is now.
    pub(crate) plan: &'a Plan,
    /// What was carried out.
    pub(crate) report: Option<&'a Report>,
    /// What can be agreed to.
    pub(crate) offers: Vec<Offer>,
    /// When.
    pub(crate) now: Timestamp,
}

/// The status of a Provider without its memory.
pub(crate) fn picture(object: &Object, standing: &Standing, known: &Known<'_>) -> ProviderStatus {
    let Known { connection, root, desired, left, active, plan, report, offers, now } = known;
    let before: ProviderStatus = before(object);
    let since = |digest: &str| before.held.iter().find(|one| one.digest == digest).and_then(|one| one.since);
    let held = plan.held.iter().take(64).map(|group| HeldGroup {
        digest: group.digest.as_str().to_owned(),
        account: group.account.as_ref().map(ToString::to_string),
        because: cut(&group.because, 4000),
        since: since(group.digest.as_str()).or(Some(*now)),
        people: group.losers().into_iter().map(str::to_owned).collect(),
        changes: group.changes.iter().map(changed).collect(),
    });
    let mut oldest: Vec<_> = plan.waiting.iter().collect();
    oldest.sort_by_key(|one| one.since);
    let waiting = (!oldest.is_empty()).then(|| WaitingInvites {
        total: count(oldest.len()),
        oldest: oldest.iter().find_map(|one| one.since),
        first: oldest
            .iter()
            .take(50)
            .map(|one| Waiting { address: one.address.to_string(), since: one.since, mails: one.attempts })
            .collect(),
    });
    let kept = |one: &orgform_plan::Kept| Kept {
        address: one.address.to_string(),
        what: cut(&one.what, 4000),
        because: cut(&one.because, 4000),
    };
    let mut picture = ProviderStatus {
        conditions: standing.conditions(object, *now),
        observed_generation: Some(object.generation),
        connection: Some((*connection).to_owned()),
        external_id: root.clone(),
        counts: Some(Counts {
            accounts: count(desired.accounts.len()),
            roles: count(desired.roles.len()),
            people: count(desired.people.keys().chain(*left).collect::<BTreeSet<_>>().len()),
            memberships: count(desired.all_memberships().count() + left.len()),
            api_keys: count(desired.api_keys.len()),
            active: *active,
        }),
        changes: plan.changes.iter().map(changed).collect(),
        waiting,
        drift: plan.drift.iter().map(kept).collect(),
        kept: plan.kept.iter().map(kept).collect(),
        refused: plan
            .refused
            .iter()
            .map(|one| Refused {
                address: one.address.to_string(),
                what: cut(&one.what, 4000),
                because: cut(&one.because, 4000),
                next: cut(&one.next, 4000),
            })
            .collect(),
        held: held.collect(),
        held_people: (!plan.held.is_empty()).then(|| {
            let people: BTreeSet<&str> = plan.held.iter().flat_map(|group| group.losers()).collect();
            count(people.len())
        }),
        deferred: plan
            .deferred
            .iter()
            .map(|one| Deferred {
                address: one.address.to_string(),
                what: cut(&one.what, 4000),
                because: cut(&one.because, 4000),
                until: one.until,
            })
            .collect(),
        ending: plan
            .ending
            .iter()
            .map(|one| Ending { address: one.address.to_string(), role: cut(&one.grant, 250), at: one.at })
            .collect(),
        unseen: plan
            .unseen
            .iter()
            .map(|one| Unseen {
                account: one.account.as_ref().map(ToString::to_string),
                because: cut(&one.because, 4000),
                hint: one.hint.as_ref().map(|hint| cut(hint, 4000)),
            })
            .collect(),
        cost: (plan.cost.writes > 0).then(|| Cost {
            writes: plan.cost.writes,
            mails: plan.cost.mails,
            per_second: plan.cost.per_second,
            seconds: plan.cost.seconds.ceil() as u32,
        }),
        digest: (!plan.changes.is_empty()).then(|| plan.digest.as_str().to_owned()),
        last_pass: before.last_pass.clone(),
        offers: offers.clone(),
        ..ProviderStatus::default()
    };
    if report.is_some() || differs(&picture, &before) {
        let outcomes = report.map_or(&[][..], |report| &report.outcomes);
        let written = outcomes.iter().filter(|outcome| outcome.result.is_done()).count();
        picture.last_pass = Some(Pass {
            at: *now,
            reads: plan.seen.calls,
            written: count(written),
            failed: count(outcomes.len() - written),
            said: standing.message.clone(),
        });
    }
    picture
}

/// What was offered before and has not lapsed.
pub(crate) fn offers(object: &Object) -> Vec<Offer> {
    before(object).offers
}

/// The status as it is in the cluster.
pub(crate) fn before(object: &Object) -> ProviderStatus {
    object.status.read().unwrap_or_default()
}

/// Whether a picture says something else, its memory and the last pass aside.
fn differs(picture: &ProviderStatus, before: &ProviderStatus) -> bool {
    let before = ProviderStatus {
        last_pass: picture.last_pass.clone(),
        losses: vec![],
        spent: vec![],
        retained: vec![],
        unverified: None,
        remembered: vec![],
        ..before.clone()
    };
    *picture != before
}

/// A change in words.
pub(crate) fn in_words(change: &PlannedChange) -> String {
    let mut words = Vec::new();
    if !change.gains.is_empty() {
        words.push(format!("gains {}", change.gains.join(", ")));
    }
    if !change.loses.is_empty() {
        words.push(format!("loses {}", change.loses.join(", ")));
    }
    if !change.fields.is_empty() {
        let fields: Vec<String> = change.fields.iter().map(|one| one.field.to_string()).collect();
        words.push(format!("differs in {}", fields.join(", ")));
    }
    words.extend(change.notes.iter().cloned());
    words.join("; ")
}

/// The name of a kind of change.
pub(crate) fn kind_of(kind: ChangeKind) -> String {
    format!("{kind:?}").to_lowercase()
}

fn changed(change: &PlannedChange) -> Changed {
    Changed {
        address: change.address.to_string(),
        kind: kind_of(change.kind),
        what: cut(&in_words(change), 4000),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
