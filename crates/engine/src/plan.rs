//! Looks and decides: what there is, what an interrupted run left, and what is to do.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use orgform_model::change::Applied;
use orgform_model::state::{Entry, KnownPerson};
use orgform_model::world::{Directory, PersonSeen};
use orgform_model::{AccountId, Address, Desired, ProviderState, Scope, Thing, World};
use orgform_plan::{ChangeKind, Input, Plan, PlannedChange, Settled};
use orgform_provider::Observe;

use crate::apply::touched_by;
use crate::case::Case;
use crate::clock::{Clock, later, until};
use crate::edited::edited;
use crate::error::EngineError;
use crate::observe::{Touched, look_into, look_people_up, observe, observe_again};
use crate::progress::{Event, Progress};
use crate::stop::Stop;

/// How often a plan may ask for more to be looked at.
const ROUNDS: usize = 3;

/// A plan and what it was made from.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What was looked at.
    pub world: World,
    /// What was found out on the way: outcomes of writes that an interrupted run left, people looked up.
    /// [`apply()`](crate::apply()) remembers it.
    pub found_out: Vec<Entry>,
    /// Interrupted writes that were carried out, as the look shows, with the answer that they would have had.
    pub carried_out: BTreeMap<Address, Applied>,
    /// When it was made.
    pub at: Timestamp,
}

/// Looks at a provider and decides. Changes nothing, at the provider or in the state.
///
/// # Errors
/// When the list of accounts can't be read, or the state was made with another server.
pub async fn plan(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Planned, EngineError> {
    case.check_server(state)?;
    let world = observe(observer, case, state, clock, progress).await.map_err(EngineError::Unobservable)?; // I/O
    Ok(decide(observer, case, state, world, clock, progress).await)
}

/// An earlier look of the same run, and what was declared then.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// What was seen. Its time is that of the oldest part: how long it may be used is the caller's to say.
    pub world: World,
    /// What was declared.
    pub desired: Arc<Desired>,
}

/// Looks at what may have changed since an earlier look, and decides: the list of accounts, what was edited, and what
/// there is to do in. All is looked at again where a membership or anything else may go, could not be seen, or is not known
/// to have ended; where only roles of somebody do, the account and those above it. So nobody ever loses anything by an old look.
///
/// # Errors
/// As of [`plan()`].
pub async fn plan_again(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    earlier: &Earlier,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Planned, EngineError> {
    case.check_server(state)?;
    let Some(touched) = touched_since(case, state, earlier, clock) else {
        return plan(observer, case, state, clock, progress).await;
    };
    let before = &earlier.world;
    let world = observe_again(observer, case, state, before, &touched, clock, progress).await; // I/O
    let world = world.map_err(EngineError::Unobservable)?;
    let calls = world.calls;
    let planned = decide(observer, case, state, world, clock, progress).await;
    if !needs_all(&planned) && at_stake(&planned.plan, &planned.world.directory).is_subset(&touched.accounts)
    {
        return Ok(planned);
    }
    let mut planned = plan(observer, case, state, clock, progress).await?;
    planned.world.calls += calls;
    planned.plan.seen.calls += calls;
    Ok(planned)
}

/// Decides by what was seen a moment ago.
pub async fn plan_by(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    seen: &World,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Planned {
    let world = World { calls: 0, ..seen.clone() };
    decide(observer, case, state, world, clock, progress).await
}

/// What has to be looked at again; none where that is everything.
fn touched_since(
    case: &Case<'_>,
    state: Option<&ProviderState>,
    earlier: &Earlier,
    clock: &dyn Clock,
) -> Option<Touched> {
    let edited = edited(&earlier.desired, case.desired, state?)?;
    let mut world = earlier.world.clone();
    orgform_plan::recall(&mut world, state, case.semantics);
    let draft = decide_once(case, state, &world, clock.now());
    if needs_all(&draft) {
        return None;
    }
    let mut touched = touched_by(&draft);
    touched.accounts.extend(edited);
    touched.accounts.extend(at_stake(&draft.plan, &world.directory));
    Some(touched)
}

/// The accounts in which somebody loses something, and those above: who is left to do it is decided there too.
fn at_stake(plan: &Plan, directory: &Directory) -> BTreeSet<AccountId> {
    let accounts = &directory.accounts;
    let parent = |id: &&AccountId| accounts.get(*id)?.parent.as_ref();
    let losing = plan.changes.iter().flat_map(|change| &change.losers).map(|loser| &loser.account);
    // What a server says may be a loop.
    let with_above =
        losing.flat_map(|account| std::iter::successors(Some(account), parent).take(accounts.len()));
    with_above.cloned().collect()
}

/// Whether a plan may be agreed to only after a look at everything: it takes more away than roles of a member, or was
/// made without all that it speaks of.
fn needs_all(planned: &Planned) -> bool {
    let Planned { plan, world: _, found_out, carried_out: _, at: _ } = planned;
    let settles = found_out.iter().any(|entry| matches!(entry, Entry::Settled { .. }));
    let takes_away = |change: &PlannedChange| {
        let is_about_roles =
            change.kind == ChangeKind::Update && matches!(change.address.thing, Thing::Member(..));
        change.kind == ChangeKind::Remove || !change.losers.is_empty() && !is_about_roles
    };
    settles
        || !plan.held.is_empty()
        || !plan.unseen.is_empty()
        || !plan.forgotten.is_empty()
        || plan.changes.iter().any(takes_away)
}

/// Looks now, and decides as if it were a later time and nothing else happened until then. Nothing of it is
/// remembered, and nobody can agree to it.
///
/// # Errors
/// As of [`plan()`].
pub async fn plan_ahead(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    at: Timestamp,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Planned, EngineError> {
    case.check_server(state)?;
    let from = clock.now();
    let world = observe(observer, case, state, clock, progress).await.map_err(EngineError::Unobservable)?; // I/O
    // With what today's plan needs to know, but no more: on a later day everybody would be due to be looked up.
    let Planned { world, .. } = decide(observer, case, state, world, clock, progress).await;
    let Planned { found_out, .. } = decide_once(case, state, &world, at);
    let settled = settled(state, &found_out);
    let plan = orgform_plan::plan_ahead(&input(case, settled.as_deref(), &world, at), from);
    Ok(Planned { plan, world, found_out: vec![], carried_out: BTreeMap::new(), at })
}

/// Waits until the provider shows what was written last, if the run that wrote it was interrupted before it had
/// looked for it.
///
/// Called before [`plan()`] by a run that will write: looked at too early, such a write would seem undone, and what
/// it made would seem gone.
pub async fn wait_until_visible(
    case: &Case<'_>,
    state: Option<&ProviderState>,
    clock: &dyn Clock,
    progress: &dyn Progress,
    stop: &Stop,
) {
    let begun = |state: &ProviderState| state.intents.values().map(|intent| intent.at).max();
    let Some(last) = state.and_then(|state| begun(state).max(state.unverified)) else { return };
    let span = until(clock.now(), later(last, case.capabilities.visible_within));
    if span.is_zero() {
        return;
    }
    let what_for = format!("until {} shows what an interrupted run wrote", case.desired.provider);
    progress.on(Event::Waiting { span, what_for: &what_for });
    tokio::select! {
        () = clock.sleep(span) => {}
        () = stop.asked() => {}
    }
}

/// Decides, and looks at more where the decision needs it.
pub(crate) async fn decide(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    mut world: World,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Planned {
    progress.on(Event::Planning);
    let mut looked_at = BTreeSet::new();
    for _ in 0..ROUNDS {
        orgform_plan::recall(&mut world, state, case.semantics);
        let planned = decide_once(case, state, &world, clock.now());
        let more: BTreeSet<Scope> = planned.plan.needs.difference(&looked_at).cloned().collect();
        if more.is_empty() {
            return Planned { world, ..planned };
        }
        looked_at.extend(more.iter().cloned());
        look_into(observer, case, more, &mut world, None, progress).await; // I/O
        // Who is in them decides too: somebody whose e-mail is not known may be protected.
        look_people_up(observer, case, state, &mut world, clock, progress).await; // I/O
    }
    orgform_plan::recall(&mut world, state, case.semantics);
    let planned = decide_once(case, state, &world, clock.now());
    Planned { world, ..planned }
}

/// One round, pure. The world is left for the caller to add.
fn decide_once(case: &Case<'_>, state: Option<&ProviderState>, world: &World, now: Timestamp) -> Planned {
    let Settled { entries: mut found_out, carried_out } = match state {
        Some(state) => orgform_plan::settle(state, world, case.semantics, case.capabilities, now),
        None => Settled::default(),
    };
    found_out.extend(people_seen(world, state, now));
    let settled = settled(state, &found_out);
    let plan = orgform_plan::plan(&input(case, settled.as_deref(), world, now));
    Planned { plan, world: World::default(), found_out, carried_out, at: now }
}

/// The state with what was found out on the way.
pub(crate) fn settled<'s>(
    state: Option<&'s ProviderState>,
    found_out: &[Entry],
) -> Option<Cow<'s, ProviderState>> {
    let mut state = Cow::Borrowed(state?);
    for entry in found_out {
        state.to_mut().record(entry.clone());
    }
    Some(state)
}

/// What the plan is made from.
pub(crate) fn input<'a>(
    case: &Case<'a>,
    state: Option<&'a ProviderState>,
    world: &'a World,
    now: Timestamp,
) -> Input<'a> {
    let Case { desired, base, semantics, capabilities, requests, connection: _, secrets: _ } = *case;
    Input { desired, world, state, base, semantics, capabilities, requests, now }
}

/// What to remember of the people who were looked up.
fn people_seen(world: &World, state: Option<&ProviderState>, now: Timestamp) -> Vec<Entry> {
    let known = |id| state.is_some_and(|state| state.people.contains_key(id));
    world
        .people
        .iter()
        .filter_map(|(id, seen)| match seen {
            PersonSeen::Email(email) => Some(Entry::Person {
                id: id.clone(),
                known: KnownPerson { email: Some(email.clone()), seen: now },
            }),
            // May be for a moment only, so it must not make us forget an e-mail that we know.
            PersonSeen::Unreadable { .. } => (!known(id))
                .then(|| Entry::Person { id: id.clone(), known: KnownPerson { email: None, seen: now } }),
            PersonSeen::NotRead { .. } => None,
            PersonSeen::Gone => known(id).then(|| Entry::DropPerson { id: id.clone() }),
        })
        .collect()
}
