//! Compares desired with actual and decides.
//!
//! Pure: everything known about the world is in the arguments, so the same arguments give the same plan. The
//! order of reading: [`plan()`] lists the steps; each step is a file. Called by `engine` after observing;
//! [`approve`] comes before applying. The rules are those of `docs/safety.md`.

mod accounts;
mod api_keys;
mod bind;
pub mod consent;
pub mod digest;
pub mod drift;
pub mod evidence;
mod fields;
pub mod file;
mod ground;
mod inherited;
mod members;
mod order;
mod people;
pub mod plan;
mod profiles;
mod reach;
mod recall;
mod recognize;
pub mod record;
pub mod render;
pub mod report;
mod roles;
mod safety;
mod scopes;
mod settle;

pub use consent::{ApprovedPlan, Consent, NotApproved, approve};
pub use digest::{Digest, fingerprints};
pub use file::PlanFile;
pub use order::shares_calls;
pub use plan::{Ahead, Cause, ChangeKind, Held, Kept, Plan, PlannedChange};
pub use recognize::{Recognized, recognize};
pub use record::{Bindings, RecordDraft};
pub use report::{Fate, Left, Outcome, Report, Verified};

pub use api_keys::secret_places;
pub use recall::recall;
pub use scopes::{admins, below, below_all, people_to_look_up, scopes};
pub use settle::{Settled, settle};

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use jiff::Timestamp;
use orgform_model::capabilities::Rate;
use orgform_model::state::Entry;
use orgform_model::world::Completeness;
use orgform_model::{AccountPath, Address, Capabilities, Desired, ProviderState, Semantics, Thing, World};

use crate::ground::Ground;
use crate::people::Roster;
use crate::plan::{Cost, Seen, UnseenScope};

/// Everything that planning knows.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What is declared, in normal form.
    pub desired: &'a Desired,
    /// What there is, in normal form.
    pub world: &'a World,
    /// What we remember, after [`settle`]; none if there is no state.
    pub state: Option<&'a ProviderState>,
    /// What was declared at the last applied commit, where the state can't tell.
    pub base: Option<&'a Desired>,
    /// How the provider behaves.
    pub semantics: &'a Semantics,
    /// What it can do.
    pub capabilities: &'a Capabilities,
    /// What somebody asked for by address.
    pub requests: &'a Requests,
    /// The time.
    pub now: Timestamp,
}

/// What somebody asked for by address, over what is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Invites to send again, whatever the policy says.
    pub resend: BTreeSet<Address>,
    /// API keys to make again, with a new secret.
    pub remake: BTreeSet<Address>,
}

/// Plans: compares what is declared with what there is, and judges the difference.
pub fn plan(input: &Input<'_>) -> Plan {
    inherited::on_own_ground(input, decide)
}

fn decide(ground: &Ground<'_>) -> Plan {
    let mut plan = blank(&ground.input);

    accounts::plan(ground, &mut plan);
    roles::plan(ground, &mut plan);
    members::plan(ground, &mut plan);
    api_keys::plan(ground, &mut plan);
    profiles::plan(ground, &mut plan);
    order::connect(ground, &mut plan);
    reach::attach(ground, &mut plan);
    safety::judge(ground, &mut plan);
    order::defer_dependants(&mut plan);
    accounts::let_go(ground, &mut plan);

    roles::remember_fixed(ground, &mut plan);
    sort(&mut plan);
    plan.seen = seen(ground);
    plan.cost = cost(&ground.input, &plan);
    plan.digest = digest::digest(&plan.changes);
    plan
}

/// Plans for a later time, as if nothing else happened until then; `from` is the time now.
pub fn plan_ahead(input: &Input<'_>, from: Timestamp) -> Plan {
    let mut plan = plan(input);
    let mut ending = members::endings(&Ground::new(input), from, input.now);
    ending.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.address.cmp(&b.address)));
    plan.ahead = Some(Ahead { at: input.now, ending });
    plan
}

fn blank(input: &Input<'_>) -> Plan {
    let directory = &input.world.directory.completeness;
    let unseen = match directory {
        Completeness::Complete => vec![],
        Completeness::Partial { because } => {
            vec![UnseenScope { account: None, because: because.clone(), hint: None }]
        }
    };
    Plan {
        provider: input.desired.provider.clone(),
        subject: input.desired.subject.clone(),
        seen: Seen::default(),
        adopted: vec![],
        forgotten: vec![],
        changes: vec![],
        waiting: vec![],
        kept: vec![],
        drift: vec![],
        refused: vec![],
        held: vec![],
        released: vec![],
        deferred: vec![],
        renamed: vec![],
        ending: vec![],
        missing_secrets: vec![],
        ahead: None,
        unseen,
        cost: Cost::default(),
        digest: Digest::of(""),
        remember: vec![],
        needs: BTreeSet::new(),
    }
}

fn sort(plan: &mut Plan) {
    plan.adopted.sort_by(|a, b| a.address.cmp(&b.address));
    plan.forgotten.sort_by(|a, b| a.address.cmp(&b.address));
    plan.changes.sort_by(|a, b| a.address.cmp(&b.address));
    plan.waiting.sort_by(|a, b| a.address.cmp(&b.address));
    plan.kept.sort_by(|a, b| as_told(a).cmp(&as_told(b)));
    plan.drift.sort_by(|a, b| a.address.cmp(&b.address));
    plan.refused.sort_by(|a, b| a.address.cmp(&b.address));
    plan.held.sort_by(|a, b| a.account.cmp(&b.account));
    plan.unseen.sort_by(|a, b| a.account.cmp(&b.account));
    plan.deferred.sort_by(|a, b| a.address.cmp(&b.address));
    plan.missing_secrets.sort_by(|a, b| a.address.cmp(&b.address));
    plan.renamed.sort_by(|a, b| a.address.cmp(&b.address));
    plan.ending.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.address.cmp(&b.address)));
    // Two people who swap e-mails, or pass them on: what is let go of under an e-mail comes before what is
    // remembered under it.
    plan.remember.sort_by_key(|entry| !matches!(entry, Entry::DropMembership { .. }));
}

/// What is kept in the order of its names: the ids of roles and keys that nobody declares say nothing to a reader.
fn as_told(kept: &Kept) -> (u8, Option<&AccountPath>, &str, &Address) {
    let (kind, name) = match &kept.address.thing {
        Thing::Account(_) => (0, ""),
        Thing::Role(_) => (1, kept.what.as_str()),
        Thing::Member(..) => (2, ""),
        Thing::Person(_) => (3, ""),
        Thing::ApiKey(_) => (4, kept.what.as_str()),
    };
    (kind, kept.address.account_path(), name, &kept.address)
}

fn seen(ground: &Ground<'_>) -> Seen {
    let world = ground.input.world;
    let mut people: HashSet<&str> = HashSet::with_capacity(ground.people.remembered());
    for seat in ground.rosters.values().flat_map(Roster::seats) {
        people.insert(seat.email.map_or(seat.id.as_str(), |email| email.as_str()));
    }
    for content in world.contents.values().flatten() {
        people.extend(content.invites.iter().map(|invite| invite.email.as_str()));
    }
    Seen {
        accounts: world.contents.values().flatten().count(),
        people: people.len(),
        calls: world.calls,
        with_state: ground.input.state.is_some_and(|state| !state.is_empty()),
    }
}

/// How many calls the changes take.
fn calls(input: &Input<'_>, plan: &Plan) -> usize {
    let mut groups: HashMap<_, (usize, usize)> = HashMap::new();
    for change in &plan.changes {
        let most = input.capabilities.batch_of(&change.change.action);
        groups.entry(shares_calls(change)).or_insert((0, most)).0 += 1;
    }
    groups.into_values().map(|(changes, most)| changes.div_ceil(most)).sum()
}

fn cost(input: &Input<'_>, plan: &Plan) -> Cost {
    let writes = u32::try_from(calls(input, plan)).unwrap_or(u32::MAX);
    /// What a write takes at a provider across a network, in seconds; measured nowhere, said as "about".
    const A_WRITE: f64 = 0.1;
    let Rate { concurrency, per_second } = input.capabilities.rate;
    let slots = f64::from(u32::try_from(concurrency.max(1)).unwrap_or(u32::MAX));
    Cost {
        reads: input.world.calls,
        writes,
        mails: plan.changes.iter().map(|change| change.mails).sum(),
        per_second,
        seconds: f64::from(writes) * (1.0 / f64::from(per_second.max(1))).max(A_WRITE / slots),
    }
}
