//! Looks at a made-up world the way the engine looks at a provider: only where the planner asks to.

use std::collections::BTreeSet;

use orgform_model::{Capabilities, Desired, ProviderState, Scope, Semantics, Timestamp, World};
use orgform_plan::{Input, Plan, Requests, people_to_look_up, scopes};

/// What planning a made-up world takes.
pub(crate) struct Setting<'a> {
    pub(crate) desired: &'a Desired,
    pub(crate) base: Option<&'a Desired>,
    /// Everything there is.
    pub(crate) all: &'a World,
    pub(crate) state: Option<&'a ProviderState>,
    pub(crate) semantics: &'static Semantics,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) requests: &'a Requests,
    pub(crate) now: Timestamp,
}

/// Observes what the planner asks for, and plans, until it asks for nothing more.
pub(crate) fn plan(setting: &Setting<'_>) -> Plan {
    plan_and_world(setting).0
}

/// The same, with what was looked at.
pub(crate) fn plan_and_world(setting: &Setting<'_>) -> (Plan, World) {
    let Setting { desired, base, all, state, semantics, capabilities, requests, now } = *setting;
    let directory = all.directory.clone();
    let secrets = all.secrets.clone();
    let mut world = World { directory, at: now, calls: 1, secrets, ..World::default() };
    look(all, &mut world, scopes(desired, &all.directory, state, semantics));
    let people = people_to_look_up(desired, &world, state, semantics, now);
    look(all, &mut world, people);
    loop {
        let plan = orgform_plan::plan(&Input {
            desired,
            world: &world,
            state,
            base,
            semantics,
            capabilities,
            requests,
            now,
        });
        if plan.needs.is_empty() {
            return (plan, world);
        }
        let seen_before = world.contents.len() + world.api_keys.len();
        look(all, &mut world, plan.needs.clone());
        let seen = world.contents.len() + world.api_keys.len();
        assert!(seen > seen_before, "it asks again for what it has: {:?}", plan.needs);
        let people = people_to_look_up(desired, &world, state, semantics, now);
        look(all, &mut world, people);
    }
}

fn look(all: &World, world: &mut World, scopes: BTreeSet<Scope>) {
    for scope in scopes {
        world.calls += 1;
        match scope {
            Scope::Directory | Scope::Below(_) | Scope::Member { .. } => unreachable!("looked at first"),
            Scope::Account { id, .. } => {
                if let Some(content) = all.contents.get(&id) {
                    world.contents.insert(id, content.clone());
                }
            }
            Scope::ApiKeys(id) => {
                if let Some(keys) = all.api_keys.get(&id) {
                    world.api_keys.insert(id, keys.clone());
                }
            }
            Scope::Person(id) => {
                if let Some(seen) = all.people.get(&id) {
                    world.people.insert(id, seen.clone());
                }
            }
        }
    }
}
