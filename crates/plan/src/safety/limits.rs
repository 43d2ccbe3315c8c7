//! Limits on how many people lose access, over 24 hours, per account and in total.
//!
//! A group that is over its limit waits whole: it is never trimmed to fit. Losses that somebody released, or
//! whose end was declared while it was still ahead, don't count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use orgform_model::AccountId;
use orgform_model::change::Action;

use crate::digest::held_digest;
use crate::ground::Ground;
use crate::plan::{Cause, Held, Plan, PlannedChange};
use crate::safety::needs_consent;

/// Holds removals by authority and by `--base`: each needs somebody's consent.
pub(super) fn hold_what_needs_consent(ground: &Ground<'_>, plan: &mut Plan) {
    let (held, rest): (Vec<_>, Vec<_>) =
        std::mem::take(&mut plan.changes).into_iter().partition(needs_consent);
    plan.changes = rest;
    let mut groups: BTreeMap<(Option<_>, Cause), Vec<PlannedChange>> = BTreeMap::new();
    for change in held {
        groups.entry((change.address.account_path().cloned(), change.cause)).or_default().push(change);
    }
    for ((account, cause), changes) in groups {
        let title = ground.input.semantics.title;
        let because = match cause {
            Cause::Authority => format!(
                "{} not declared here, and the account is authoritative; {title} can't show who else manages it",
                people(changes.len())
            ),
            _ => format!(
                "{} declared at the base and not any more; no state tells more",
                people(changes.len())
            ),
        };
        hold(account, because, changes, plan);
    }
}

/// Holds every account, or the whole provider, whose losses are over the limit.
pub(super) fn hold_what_is_over(ground: &Ground<'_>, plan: &mut Plan) {
    let losing: BTreeSet<(&AccountId, &str)> = plan
        .changes
        .iter()
        .flat_map(|change| &change.losers)
        .filter(|loser| !loser.foreseen)
        .map(|loser| (&loser.account, loser.person.as_str()))
        .collect();
    if losing.is_empty() {
        return;
    }
    let recent = recent_losses(ground);
    let safety = &ground.input.desired.policy.safety;

    let everyone: BTreeSet<String> =
        ground.input.world.contents.keys().flat_map(|id| present(id, ground)).collect();
    let total = Count::of(
        losing.iter().map(|(_, person)| *person),
        recent.iter().map(|(_, person)| person.as_str()),
        &everyone,
    );
    if total.losers > safety.total.of(total.base) {
        let (held, rest) = split(std::mem::take(&mut plan.changes), |_| true);
        plan.changes = rest;
        hold(None, total.sentence(safety.total.of(total.base)), held, plan);
        return;
    }
    let accounts: BTreeSet<AccountId> = losing.iter().map(|(account, _)| (*account).clone()).collect();
    let counts: Vec<(AccountId, Count)> = accounts
        .into_iter()
        .map(|account| {
            let here = |id: &AccountId| *id == account;
            let count = Count::of(
                losing.iter().filter(|(id, _)| here(id)).map(|(_, person)| *person),
                recent.iter().filter(|(id, _)| here(id)).map(|(_, person)| person.as_str()),
                &present(&account, ground),
            );
            (account, count)
        })
        .collect();
    for (account, count) in counts {
        let limit = safety.per_account.of(count.base);
        if count.losers <= limit {
            continue;
        }
        let (held, rest) = split(std::mem::take(&mut plan.changes), |id| *id == account);
        plan.changes = rest;
        if !held.is_empty() {
            hold(Some(ground.accounts.label(&account)), count.sentence(limit), held, plan);
        }
    }
}

fn people(count: usize) -> String {
    if count == 1 { "1 person is".into() } else { format!("{count} people are") }
}

/// How many people lose access, of how many.
struct Count {
    losers: usize,
    already: usize,
    base: usize,
}

impl Count {
    fn of<'a>(
        losing: impl Iterator<Item = &'a str>,
        recent: impl Iterator<Item = &'a str>,
        present: &BTreeSet<String>,
    ) -> Self {
        let losing: BTreeSet<&str> = losing.collect();
        let recent: BTreeSet<&str> = recent.collect();
        let gone = recent.iter().filter(|person| !present.contains(**person)).count();
        Self {
            losers: losing.union(&recent).count(),
            already: recent.difference(&losing).count(),
            base: present.len() + gone,
        }
    }

    fn sentence(&self, limit: usize) -> String {
        let Self { losers, already, base } = self;
        let would = match (losers - already, already) {
            (_, 0) => format!("{losers} of {base} people would lose access"),
            (1, _) => {
                format!("1 person would lose access, after {already} in the last 24 h: {losers} of {base}")
            }
            (more, _) => {
                format!(
                    "{more} people would lose access, after {already} in the last 24 h: {losers} of {base}"
                )
            }
        };
        format!("{would}; the limit is {limit} in 24 h")
    }
}

fn present(account: &AccountId, ground: &Ground<'_>) -> BTreeSet<String> {
    let Some(content) = ground.input.world.content(account) else { return BTreeSet::new() };
    let members = content.members.iter().map(|(person, member)| ground.people.shown(person, member));
    members.chain(content.invites.iter().map(|invite| invite.email.to_string())).collect()
}

fn recent_losses(ground: &Ground<'_>) -> BTreeSet<(AccountId, String)> {
    let day = SignedDuration::from_hours(24);
    ground
        .input
        .state
        .into_iter()
        .flat_map(|state| &state.losses)
        .filter(|loss| !loss.consented && ground.input.now.duration_since(loss.at) < day)
        .map(|loss| (loss.account.clone(), loss.person.clone()))
        .collect()
}

/// Splits off every change by which somebody loses access in such an account, and every API key that would go
/// there: what takes an account's people along by mistake takes its keys along, and no secret comes back.
fn split(
    changes: Vec<PlannedChange>,
    belongs: impl Fn(&AccountId) -> bool,
) -> (Vec<PlannedChange>, Vec<PlannedChange>) {
    changes.into_iter().partition(|change| match &change.change.action {
        Action::RemoveApiKey { account, .. } => change.cause != Cause::SecretLost && belongs(account),
        _ => change.losers.iter().any(|loser| !loser.foreseen && belongs(&loser.account)),
    })
}

fn hold(
    account: Option<orgform_model::AccountPath>,
    because: String,
    changes: Vec<PlannedChange>,
    plan: &mut Plan,
) {
    plan.held.push(Held { account, because, digest: held_digest(&changes), changes });
}
