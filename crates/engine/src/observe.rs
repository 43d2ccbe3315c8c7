//! Looks at a provider, scope by scope.
//!
//! The list of accounts comes first, since it tells which accounts to look into; then the accounts, the roles of
//! members where lists lack them, and the people whose e-mail is not known. What to look at is decided by `orgform_plan`; here it is only done, as
//! many scopes at once as the provider allows. A scope that fails is unseen, and the others go on.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use orgform_model::world::{AccountContent, Completeness, Observation, PersonSeen, Seen, Unseen};
use orgform_model::{AccountId, PersonId, ProviderState, Scope, World};
use orgform_plan::{below, below_all, people_to_look_up, scopes, secret_places};
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
    look_into(observer, case, below_all(&world.directory, case.semantics), &mut world, None, progress).await; // I/O
    let others = world.directory.accounts.keys().filter(|id| !world.contents.contains_key(*id)).cloned();
    let others = others.map(|id| Scope::Account { id, fields: BTreeSet::new() }).collect();
    look_into(observer, case, others, &mut world, None, progress).await; // I/O
    let people = people_to_look_up(case.desired, &world, None, case.semantics, clock.now());
    look_into(observer, case, people, &mut world, None, progress).await; // I/O
    Ok(world)
}

/// What may have changed since an earlier look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Accounts.
    pub(crate) accounts: BTreeSet<AccountId>,
    /// People, in whichever account.
    pub(crate) people: BTreeSet<PersonId>,
}

/// An earlier look, and what may have changed since.
type Before<'a> = (&'a World, &'a Touched);

/// Looks again at the list of accounts and at those that were touched; the rest is as it was seen before. Where
/// roles cost a call for each member, only members who were touched, or are new in a list, cost one again.
pub(crate) async fn observe_again(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    before: &World,
    touched: &Touched,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<World, ProviderError> {
    look(observer, case, state, Some((before, touched)), clock, progress).await
}

async fn look(
    observer: &dyn Observe,
    case: &Case<'_>,
    state: Option<&ProviderState>,
    before: Option<Before<'_>>,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<World, ProviderError> {
    let mut world = World { at: clock.now(), ..World::default() };
    progress.on(Event::Observing { scopes: 1 });
    let directory = observer.observe(&Scope::Directory).await?; // I/O
    progress.on(Event::Observed { scope: &Scope::Directory });
    let (directory, mut along) = apart(directory);
    take_in(&mut world, &Scope::Directory, Ok(directory))?;

    let mut parents = below(case.desired, &world.directory, state, case.semantics);
    if let Some(before) = before {
        parents.retain(|scope| !is_known_below(scope, before, &mut world));
    }
    look_into(observer, case, parents, &mut world, before, progress).await; // I/O

    for place in secret_places(case.desired, state) {
        match case.secrets.look(&place).await {
            Ok(there) => drop(world.secrets.insert(place, there)),
            Err(error) => tracing::debug!(%error, %place, "a place of a secret could not be looked at"),
        }
    }
    let mut accounts = scopes(case.desired, &world.directory, state, case.semantics);
    accounts.retain(|scope| match scope {
        Scope::Account { id, fields } if fields.is_empty() => match along.remove(id) {
            Some(content) => {
                world.contents.insert(id.clone(), Ok(content));
                false
            }
            None => true,
        },
        _ => true,
    });
    if let Some((before, touched)) = before {
        world.people = before.people.clone();
        // What is taken over is as old as it is.
        world.at = world.at.min(before.at);
        accounts.retain(|scope| match scope {
            Scope::Account { id, .. } if !touched.accounts.contains(id) => match before.contents.get(id) {
                Some(content) => {
                    world.contents.insert(id.clone(), content.clone());
                    false
                }
                None => true,
            },
            Scope::ApiKeys(id) if !touched.accounts.contains(id) => match before.api_keys.get(id) {
                Some(keys) => {
                    world.api_keys.insert(id.clone(), keys.clone());
                    false
                }
                None => true,
            },
            _ => true,
        });
    }
    look_into(observer, case, accounts, &mut world, before, progress).await; // I/O

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
    look_into(observer, case, people, world, None, progress).await; // I/O
}

/// Looks at these scopes, several at once, and takes what is seen into the world; then at members whose roles the
/// lists lack, as far as they were not seen before.
pub(crate) async fn look_into(
    observer: &dyn Observe,
    case: &Case<'_>,
    scopes: BTreeSet<Scope>,
    world: &mut World,
    before: Option<Before<'_>>,
    progress: &dyn Progress,
) {
    look_at(observer, case, scopes, world, progress).await; // I/O
    if let Some(before) = before {
        roles_as_before(world, before);
    }
    let because = look_at(observer, case, unread(world), world, progress).await; // I/O
    leave_out_unread(world, because);
}

/// Looks at these scopes. Gives what was said of the last member who could not be read.
async fn look_at(
    observer: &dyn Observe,
    case: &Case<'_>,
    scopes: BTreeSet<Scope>,
    world: &mut World,
    progress: &dyn Progress,
) -> Option<String> {
    if scopes.is_empty() {
        return None;
    }
    let mut because = None;
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
            because = Some(error.said);
        }
    }
    because
}

/// The list of accounts, and what was seen of some of them along with it.
fn apart(whole: Observation) -> (Observation, BTreeMap<AccountId, AccountContent>) {
    match whole.seen {
        Seen::Whole(directory, along) => (Observation { seen: Seen::Directory(directory), ..whole }, along),
        seen => (Observation { seen, ..whole }, BTreeMap::new()),
    }
}

/// Whether what is below an account is as it was seen before; it is taken over then.
fn is_known_below(scope: &Scope, (before, touched): Before<'_>, world: &mut World) -> bool {
    let Scope::Below(parent) = scope else { return false };
    let children =
        before.directory.accounts.iter().filter(|(_, account)| account.parent.as_ref() == Some(parent));
    let children: Vec<_> = children.collect();
    let is_touched =
        touched.accounts.contains(parent) || children.iter().any(|(id, _)| touched.accounts.contains(*id));
    if is_touched || !before.directory.below.contains(parent) {
        return false;
    }
    let directory = &mut world.directory;
    directory.accounts.extend(children.into_iter().map(|(id, account)| (id.clone(), account.clone())));
    directory.below.insert(parent.clone());
    true
}

/// Members whose roles the lists lack.
fn unread(world: &World) -> BTreeSet<Scope> {
    let contents = world.contents.iter().filter_map(|(id, content)| Some((id, content.as_ref().ok()?)));
    let unread = contents.flat_map(|(id, content)| content.roles_unread.iter().map(move |one| (id, one)));
    unread
        .map(|(account, person)| Scope::Member { account: account.clone(), person: person.clone() })
        .collect()
}

/// Fills in the roles of members who were seen before and not touched since.
fn roles_as_before(world: &mut World, (before, touched): Before<'_>) {
    for (id, content) in &mut world.contents {
        let (Ok(content), Some(before)) = (content, before.content(id)) else { continue };
        content.roles_unread.retain(|person| {
            let known = before.members.get(person).filter(|_| !touched.people.contains(person));
            let (Some(known), Some(member)) = (known, content.members.get_mut(person)) else { return true };
            member.roles.clone_from(&known.roles);
            member.disabled = known.disabled;
            false
        });
    }
}

/// Leaves out members whose roles could not be read: nobody may take them for people without roles.
fn leave_out_unread(world: &mut World, because: Option<String>) {
    for content in world.contents.values_mut().flatten() {
        let unread = std::mem::take(&mut content.roles_unread);
        content.members.retain(|person, _| !unread.contains(person));
        if !unread.is_empty() && content.people_complete.is_complete() {
            let people = if unread.len() == 1 { "1 person" } else { &format!("{} people", unread.len()) };
            let said = because.as_deref().unwrap_or("no answer");
            let because = format!("the roles of {people} could not be read ({said})");
            content.people_complete = Completeness::Partial { because };
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
        (Scope::Below(id), Ok(Seen::Below(accounts))) => {
            world.directory.accounts.extend(accounts);
            world.directory.below.insert(id.clone());
            return Ok(());
        }
        (Scope::Account { id, .. }, Ok(Seen::Account(content))) => {
            world.contents.insert(id.clone(), Ok(content));
            return Ok(());
        }
        (Scope::Member { account, person }, Ok(Seen::Member(seen))) => {
            let Some(Ok(content)) = world.contents.get_mut(account) else { return Ok(()) };
            content.roles_unread.remove(person);
            match (seen, content.members.get_mut(person)) {
                (Some(seen), Some(member)) => {
                    member.roles = seen.roles;
                    member.disabled = seen.disabled;
                }
                _ => drop(content.members.remove(person)),
            }
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
        // Whoever could not be read stays unread.
        Scope::Directory | Scope::Member { .. } => {}
        Scope::Below(_) => {
            world.directory.completeness = Completeness::Partial { because: error.to_string() };
        }
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
