//! Looks at a provider, scope by scope.
//!
//! The list of accounts comes first, since it tells which accounts to look into; then the accounts, then the
//! people whose e-mail is not known. What to look at is decided by `orgform_plan`; here it is only done, as
//! many scopes at once as the provider allows. A scope that fails is unseen, and the others go on.

use std::collections::BTreeSet;

use futures::StreamExt;
use orgform_model::world::{Observation, PersonSeen, Seen, Unseen};
use orgform_model::{AccountId, ProviderState, Scope, World};
use orgform_plan::{people_to_look_up, scopes, secret_places};
use orgform_provider::{ErrorKind, Observe, ProviderError};

use crate::case::Case;
use crate::clock::Clock;
use crate::progress::{Event, Progress};

/// Looks at everything that a plan needs to know.
///
/// # Errors
/// When the list of accounts can't be read: nothing can be planned without. Other scopes that fail are in the
/// world as unseen.
pub async fn observe(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<World, ProviderError> {
    look(observer, case, state, None, clock, progress).await
}

/// Looks at everything that the credential can see, declared or not, whoever was looked up before.
///
/// # Errors
/// When the list of accounts can't be read. Other scopes that fail are in the world as unseen.
pub async fn observe_everything(
    observer: &dyn Observe,
    case: &Case<'_>,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<World, ProviderError> {
    let mut world = look(observer, case, None, None, clock, progress).await?;
    let others = world.directory.accounts.keys().filter(|id| !world.contents.contains_key(*id)).cloned();
    let others = others.map(|id| Scope::Account { id, fields: BTreeSet::new() }).collect();
    look_into(observer, case, others, &mut world, progress).await; // I/O
    let people = people_to_look_up(case.desired, &world, None, case.semantics, clock.now());
    look_into(observer, case, people, &mut world, progress).await; // I/O
    Ok(world)
}

/// Looks again at the list of accounts and at those that were touched; the rest is as it was seen before.
pub(crate) async fn observe_again(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    before: &World,
    touched: &BTreeSet<AccountId>,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<World, ProviderError> {
    look(observer, case, state, Some((before, touched)), clock, progress).await
}

async fn look(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    before: Option<(&World, &BTreeSet<AccountId>)>,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<World, ProviderError> {
    let mut world = World { at: clock.now(), ..World::default() };
    progress.on(Event::Observing { scopes: 1 });
    let directory = observer.observe(&Scope::Directory).await?; // I/O
    progress.on(Event::Observed { scope: &Scope::Directory });
    take_in(&mut world, &Scope::Directory, Ok(directory))?;

    for place in secret_places(case.desired, state) {
        match case.secrets.look(&place).await {
            Ok(there) => drop(world.secrets.insert(place, there)),
            Err(error) => tracing::debug!(%error, %place, "a place of a secret could not be looked at"),
        }
    }
    let mut accounts = scopes(case.desired, &world.directory, state, case.semantics);
    if let Some((before, touched)) = before {
        world.people = before.people.clone();
        accounts.retain(|scope| match scope {
            Scope::Account { id, .. } if !touched.contains(id) => match before.contents.get(id) {
                Some(content) => {
                    world.contents.insert(id.clone(), content.clone());
                    false
                }
                None => true,
            },
            Scope::ApiKeys(id) if !touched.contains(id) => match before.api_keys.get(id) {
                Some(keys) => {
                    world.api_keys.insert(id.clone(), keys.clone());
                    false
                }
                None => true,
            },
            _ => true,
        });
    }
    look_into(observer, case, accounts, &mut world, progress).await; // I/O

    look_people_up(observer, case, state, &mut world, clock, progress).await; // I/O
    Ok(world)
}

/// Looks up who is in the accounts that were looked into, as far as that is due.
pub(crate) async fn look_people_up(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    world: &mut World,
    clock: &dyn Clock,
    progress: &dyn Progress,
) {
    let mut people = people_to_look_up(case.desired, world, state, case.semantics, clock.now());
    people.retain(|scope| !matches!(scope, Scope::Person(id) if world.people.contains_key(id)));
    look_into(observer, case, people, world, progress).await; // I/O
}

/// Looks at these scopes, several at once, and takes what is seen into the world.
pub(crate) async fn look_into(
    observer: &dyn Observe,
    case: &Case<'_>,
    scopes: BTreeSet<Scope>,
    world: &mut World,
    progress: &dyn Progress,
) {
    if scopes.is_empty() {
        return;
    }
    progress.on(Event::Observing { scopes: scopes.len() });
    let mut looks = futures::stream::iter(scopes)
        .map(|scope| async move {
            let seen = observer.observe(&scope).await;
            (scope, seen)
        })
        .buffer_unordered(case.capabilities.rate.concurrency.max(1));
    while let Some((scope, seen)) = looks.next().await {
        progress.on(Event::Observed { scope: &scope });
        if let Err(error) = take_in(world, &scope, seen) {
            tracing::debug!(%error, ?scope, "a scope could not be looked at");
        }
    }
}

/// Takes an observation in. An error of an account or person is kept in the world; it is also given back.
fn take_in(
    world: &mut World,
    scope: &Scope,
    seen: Result<Observation, ProviderError>,
) -> Result<(), ProviderError> {
    let seen = seen.map(|Observation { at, calls, seen }| {
        world.calls += calls;
        world.at = world.at.min(at);
        seen
    });
    let error = match (scope, seen) {
        (Scope::Directory, Ok(Seen::Directory(directory))) => {
            world.directory = directory;
            return Ok(());
        }
        (Scope::Account { id, .. }, Ok(Seen::Account(content))) => {
            world.contents.insert(id.clone(), Ok(content));
            return Ok(());
        }
        (Scope::Person(id), Ok(Seen::Person(person))) => {
            world.people.insert(id.clone(), person);
            return Ok(());
        }
        (Scope::ApiKeys(id), Ok(Seen::ApiKeys(keys))) => {
            world.api_keys.insert(id.clone(), Ok(keys));
            return Ok(());
        }
        (_, Err(error)) => error,
        (_, Ok(_)) => ProviderError::new(
            ErrorKind::Protocol,
            "read what was asked for",
            "the answer was about something else",
        ),
    };
    match scope {
        Scope::Directory => {}
        Scope::Account { id, .. } => {
            let unseen = Unseen { because: error.to_string(), hint: error.hint.clone() };
            world.contents.insert(id.clone(), Err(unseen));
        }
        Scope::ApiKeys(id) => {
            let unseen = Unseen { because: error.to_string(), hint: error.hint.clone() };
            world.api_keys.insert(id.clone(), Err(unseen));
        }
        Scope::Person(id) => {
            world.people.insert(id.clone(), PersonSeen::NotRead { because: error.to_string() });
        }
    }
    Err(error)
}
