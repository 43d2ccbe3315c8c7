//! What planning asks to look at: no account and no person without a reason.

use std::collections::BTreeSet;
use std::path::Path;

use orgform_model::{Scope, World};
use orgform_plan::{people_to_look_up, scopes};

use crate::story::Story;

fn story(name: &str) -> Story {
    Story::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name))
}

fn accounts_of(story: &Story) -> Vec<String> {
    let semantics = story.file.semantics();
    let scopes = scopes(&story.desired, &story.world.directory, story.state.as_ref(), semantics);
    let ids = scopes.into_iter().map(|scope| match scope {
        Scope::Account { id, .. } => id.to_string(),
        other => panic!("{other:?}"),
    });
    ids.collect()
}

/// The people to look up once every account was looked into.
fn people_of(story: &Story) -> Vec<String> {
    let world = World { people: Default::default(), ..story.world.clone() };
    let semantics = story.file.semantics();
    let people = people_to_look_up(&story.desired, &world, story.state.as_ref(), semantics, story.file.now);
    let ids: BTreeSet<String> = people
        .into_iter()
        .map(|scope| match scope {
            Scope::Person(id) => id.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    ids.into_iter().collect()
}

#[test]
fn declared_and_remembered_accounts_are_looked_into_and_no_others() {
    assert_eq!(accounts_of(&story("role-narrowing-looks-at-every-account-it-reaches")), ["ac-acme"]);
    assert_eq!(accounts_of(&story("undeclared-ours-is-removed")), ["ac-acme", "ac-finance"]);
}

#[test]
fn every_account_is_looked_into_when_somebody_is_offboarded() {
    assert_eq!(accounts_of(&story("offboarded-everywhere")), ["ac-acme", "ac-lab", "ac-other"]);
}

#[test]
fn an_account_that_was_let_go_of_is_looked_into_while_a_role_in_it_is_ours() {
    let mut story = story("undeclared-ours-is-removed");
    let state = story.state.as_mut().unwrap();
    state.accounts.clear();
    state.memberships.clear();
    story.desired.accounts.clear();
    story.desired.memberships.clear();
    assert_eq!(accounts_of(&story), ["ac-acme"]);
}

#[test]
fn a_field_that_costs_a_call_is_read_only_where_it_is_declared() {
    for (name, costly) in [("account-consent-is-read-where-it-is-declared", 1), ("converged-is-one-line", 0)]
    {
        let story = story(name);
        let semantics = story.file.semantics();
        let scopes = scopes(&story.desired, &story.world.directory, None, semantics);
        let Some(Scope::Account { fields, .. }) = scopes.first() else { panic!("{scopes:?}") };
        assert_eq!(fields.len(), costly, "{name}");
    }
}

#[test]
fn somebody_never_seen_is_looked_up() {
    assert_eq!(people_of(&story("no-state-removes-nobody")).len(), 5);
}

#[test]
fn of_people_seen_lately_only_those_to_be_removed_are_looked_up_again() {
    assert_eq!(people_of(&story("looked-up-before-removal")), ["user-ken", "user-tim"]);
}

#[test]
fn people_seen_longer_ago_than_max_age_are_looked_up_again() {
    let mut story = story("looked-up-before-removal");
    story.file.now = "2026-11-23T12:10:00Z".parse().unwrap();
    assert_eq!(people_of(&story).len(), 4);
}

#[test]
fn somebody_whose_declared_email_was_edited_is_looked_up_again() {
    let mut story = story("looked-up-before-removal");
    let people = story.desired.memberships.values_mut().next().unwrap();
    let linus = people.remove(&"linus@acme.example".into()).unwrap();
    people.insert("linus@new.example".into(), linus);
    assert_eq!(people_of(&story), ["user-ken", "user-linus", "user-tim"]);
}

#[test]
fn nobody_is_looked_up_where_the_list_tells_emails_or_the_manifest_the_identity() {
    assert!(people_of(&story("irreversible-with-the-opt-in")).is_empty());
    let bound = people_of(&story("unreadable-email-bound-by-identity"));
    assert_eq!(bound, ["user-linus", "user-ops"]);
}
