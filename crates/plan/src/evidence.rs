//! Evidence that somebody is gone: where they were, what was done about it, and what a last look showed.
//!
//! Pure. The same question is asked of the world before and after; what still stands there says why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::{AccountId, AccountPath, Address, Email, ProviderName, RoleId};

use crate::Input;
use crate::ground::Ground;
use crate::plan::{Plan, UnseenScope};
use crate::report::{Fate, Report};

/// What is known of people who are declared absent, at one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The provider.
    pub provider: ProviderName,
    /// When the last look was.
    pub at: Timestamp,
    /// Accounts that it looked into.
    pub accounts: usize,
    /// Calls that it made.
    pub calls: u32,
    /// The people.
    pub people: Vec<Absence>,
    /// What it could not look at: nothing is proved about that.
    pub unseen: Vec<UnseenScope>,
    /// Members whose e-mail can't be read, by account: one of them may be anybody.
    pub unreadable: BTreeMap<AccountPath, usize>,
    /// The command that looks again, where nobody could look: nothing at all is proved then.
    pub again: Option<String>,
}

impl Evidence {
    /// What is known of a provider at which nobody could look: nothing.
    pub fn not_looked(provider: ProviderName, at: Timestamp, again: String) -> Self {
        Self {
            provider,
            at,
            accounts: 0,
            calls: 0,
            people: Vec::new(),
            unseen: Vec::new(),
            unreadable: BTreeMap::new(),
            again: Some(again),
        }
    }

    /// Whether everybody is certainly gone everywhere.
    pub fn is_complete(&self) -> bool {
        self.again.is_none()
            && self.unseen.is_empty()
            && self.unreadable.is_empty()
            && self.people.iter().all(Absence::is_gone)
    }
}

/// One person who should be nowhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Absence {
    /// Who.
    pub email: Email,
    /// Where they were, or still are.
    pub places: Vec<Place>,
}

impl Absence {
    /// Whether the last look found them nowhere, or locked out where nobody is removed.
    pub fn is_gone(&self) -> bool {
        self.places.iter().all(|place| place.still.is_none() || place.locked_out)
    }
}

/// Where somebody was.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The account.
    pub account: AccountPath,
    /// What was there before: `member, Admin`; empty if nothing was.
    pub was: String,
    /// What is there now.
    pub still: Option<String>,
    /// Whether the person is there and disabled, so that it gives nothing.
    pub locked_out: bool,
    /// When it was taken away, if that was now.
    pub removed_at: Option<Timestamp>,
    /// Why it still stands there, as a clause.
    pub because: Option<String>,
}

/// Compares where people were with where they are; the plan and the report are those of the run in between.
pub fn evidence(
    people: &BTreeSet<Email>,
    before: &Input<'_>,
    plan: &Plan,
    report: &Report,
    after: &Input<'_>,
) -> Evidence {
    let (was, is) = (Ground::new(before), Ground::new(after));
    let look = crate::plan(after);
    let absence = |email: &Email| {
        let (was, is_there) = (whereabouts(&was, email), whereabouts(&is, email));
        let accounts: BTreeSet<&AccountId> = was.keys().chain(is_there.keys()).copied().collect();
        let mut places: Vec<Place> = accounts
            .into_iter()
            .map(|id| {
                let account = is.accounts.label(id);
                let still = is_there.get(id).cloned();
                let address = Address::member(&plan.provider, &account, email);
                let seat = is.rosters.get(id).and_then(|roster| roster.by_email(email));
                let locked_out = seat.is_some_and(|seat| seat.member.disabled);
                let ended = still.is_none() || locked_out;
                Place {
                    because: still.is_some().then(|| reason(&address, plan, report)).flatten(),
                    removed_at: ended.then(|| lost_at(after, id, email)).flatten(),
                    was: was.get(id).cloned().unwrap_or_default(),
                    account,
                    still,
                    locked_out,
                }
            })
            .collect();
        places.sort_by(|a, b| a.account.cmp(&b.account));
        Absence { email: email.clone(), places }
    };
    let unreadable = is.rosters.iter().filter(|(_, roster)| !roster.unreadable.is_empty());
    Evidence {
        provider: plan.provider.clone(),
        at: after.now,
        accounts: after.world.contents.values().flatten().count(),
        calls: after.world.calls,
        people: people.iter().map(absence).collect(),
        unseen: look.unseen,
        unreadable: unreadable.map(|(id, roster)| (is.accounts.label(id), roster.unreadable.len())).collect(),
        again: None,
    }
}

/// What somebody has, by account.
fn whereabouts<'a>(ground: &Ground<'a>, email: &Email) -> BTreeMap<&'a AccountId, String> {
    let world = ground.input.world;
    let mut found = BTreeMap::new();
    for (id, content) in &world.contents {
        let Ok(content) = content else { continue };
        let mut parts = Vec::new();
        if let Some(seat) = ground.rosters.get(id).and_then(|roster| roster.by_email(email)) {
            parts.push(titled("member", &seat.member.roles, ground));
        }
        let invites = content.invites.iter().filter(|invite| invite.email == *email);
        parts.extend(invites.map(|invite| titled("invite", &invite.roles, ground)));
        if !parts.is_empty() {
            found.insert(id, parts.join("; "));
        }
    }
    found
}

fn titled(what: &str, roles: &BTreeSet<RoleId>, ground: &Ground<'_>) -> String {
    let mut titles: Vec<String> = roles.iter().map(|id| ground.roles.title(id)).collect();
    titles.sort();
    std::iter::once(what.to_owned()).chain(titles).collect::<Vec<_>>().join(", ")
}

fn lost_at(after: &Input<'_>, account: &AccountId, email: &Email) -> Option<Timestamp> {
    let losses = &after.state?.losses;
    let mine = losses.iter().filter(|loss| loss.account == *account && loss.person == email.as_str());
    mine.map(|loss| loss.at).max()
}

fn reason(address: &Address, plan: &Plan, report: &Report) -> Option<String> {
    let refused = plan.refused.iter().find(|one| one.address == *address);
    let held = plan.held.iter().find(|group| group.changes.iter().any(|one| one.address == *address));
    let deferred = plan.deferred.iter().find(|one| one.address == *address);
    let kept = plan.kept.iter().find(|one| one.address == *address);
    let outcome = report.outcomes.iter().find(|one| one.address == *address);
    let failed = outcome.and_then(|outcome| match &outcome.result {
        Fate::Failed { said, .. } | Fate::Stale { said } => Some(said.clone()),
        Fate::Skipped { because } => Some(because.clone()),
        Fate::Stopped => Some("the run was stopped before it".to_owned()),
        Fate::Done | Fate::Invited | Fate::Joined | Fate::Stored { .. } => None,
    });
    failed
        .or_else(|| refused.map(|one| format!("refused: {}", one.because)))
        .or_else(|| held.map(|group| format!("held: {}", group.because)))
        .or_else(|| deferred.map(|one| format!("later: {}", one.because)))
        .or_else(|| kept.map(|one| one.because.clone()))
}
