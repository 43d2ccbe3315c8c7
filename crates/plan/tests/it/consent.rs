//! Consent is to a set of effects: what is in it is done, what is already so is told, what is not in it is
//! refused with what depends on it.

use std::collections::BTreeSet;
use std::path::Path;

use orgform_model::Address;
use orgform_plan::digest::fingerprints;
use orgform_plan::{Ahead, Consent, Digest, NotApproved, Plan, approve};

use crate::story::Story;

fn story(name: &str) -> Story {
    Story::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name))
}

fn plan_of(name: &str) -> Plan {
    story(name).plan()
}

fn effects<'a>(changes: impl IntoIterator<Item = &'a orgform_plan::PlannedChange>) -> BTreeSet<Digest> {
    changes.into_iter().flat_map(fingerprints).collect()
}

fn to(effects: BTreeSet<Digest>) -> Consent {
    Consent { effects: Some(effects), releases: BTreeSet::new() }
}

fn release(named: &str) -> Consent {
    Consent { effects: None, releases: BTreeSet::from([named.to_owned()]) }
}

fn addresses<'a>(changes: impl IntoIterator<Item = &'a orgform_plan::PlannedChange>) -> Vec<String> {
    changes.into_iter().map(|change| change.address.to_string()).collect()
}

const FINANCE: &str = "pureport/acme/finance";

#[test]
fn consent_to_what_was_shown_does_all_of_it() {
    let plan = plan_of("adoption-nothing-there-is-invited");
    let approved = approve(plan.clone(), &to(effects(&plan.changes))).unwrap();
    assert_eq!(approved.plan().changes, plan.changes);
    assert_eq!((approved.extra.len(), approved.already), (0, 0));
}

#[test]
fn an_effect_that_was_not_shown_is_refused_with_what_depends_on_it() {
    let plan = plan_of("adoption-nothing-there-is-invited");
    let account: Address = FINANCE.parse().unwrap();
    let shown = effects(plan.changes.iter().filter(|change| change.address != account));
    let approved = approve(plan, &to(shown)).unwrap();
    assert_eq!(addresses(&approved.plan().changes), ["pureport/acme:member/ada@acme.example"]);
    assert_eq!(
        addresses(&approved.extra),
        [FINANCE, "pureport/acme/finance:role/payer", "pureport/acme/finance:member/ada@acme.example"]
    );
}

#[test]
fn consent_to_an_invite_covers_only_the_grants_that_it_named() {
    let plan = plan_of("adoption-nothing-there-is-invited");
    let mut more = plan.clone();
    let ada = more.changes.iter_mut().find(|change| change.gains == ["Admin"]).unwrap();
    ada.gains.push("payer".to_owned());
    let approved = approve(more, &to(effects(&plan.changes))).unwrap();
    assert_eq!(addresses(&approved.extra), ["pureport/acme:member/ada@acme.example"]);
}

#[test]
fn what_is_already_so_is_told() {
    let before = plan_of("adoption-nothing-there-is-invited");
    let mut now = before.clone();
    now.changes.retain(|change| change.address.to_string() != "pureport/acme:member/ada@acme.example");
    let approved = approve(now, &to(effects(&before.changes))).unwrap();
    assert_eq!((approved.extra.len(), approved.already), (0, 1));
}

#[test]
fn what_is_held_now_is_not_already_so() {
    let held = plan_of("limit-per-account-holds-the-group");
    let shown = effects(held.held.iter().flat_map(|group| &group.changes));
    let approved = approve(held, &to(shown)).unwrap();
    assert_eq!(approved.already, 0);
    assert!(approved.plan().changes.is_empty());
    assert_eq!(approved.plan().held.len(), 1);
}

#[test]
fn a_held_group_goes_when_its_digest_is_named_whole_or_short() {
    let plan = plan_of("limit-per-account-holds-the-group");
    let digest = plan.held[0].digest.clone();
    let typed = format!("{}…", digest.short());
    for named in [digest.as_str(), digest.short(), typed.as_str()] {
        let approved = approve(plan.clone(), &release(named)).unwrap();
        assert_eq!(approved.plan().changes.len(), 5, "{named}");
        assert!(approved.plan().held.is_empty());
        assert!(approved.plan().changes.iter().all(|change| approved.is_released(&change.address)));
        assert_eq!(approved.releases(), &BTreeSet::from([digest.clone()]));
    }
}

#[test]
fn a_digest_that_is_wrong_or_too_short_releases_nothing() {
    let plan = plan_of("limit-per-account-holds-the-group");
    let too_short = plan.held[0].digest.as_str()[..12].to_owned();
    let wrong = Digest::of("something else").as_str().to_owned();
    for named in [too_short.as_str(), wrong.as_str(), "", "sha256:", plan.digest.as_str()] {
        let refused = approve(plan.clone(), &release(named)).unwrap_err();
        let held = vec![plan.held[0].digest.clone()];
        assert_eq!(refused, NotApproved::NoSuchGroup { named: named.to_owned(), held }, "{named}");
    }
}

#[test]
fn nobody_can_agree_to_a_look_ahead() {
    let mut plan = plan_of("drift-is-corrected");
    let at = "2031-12-31T23:59:59Z".parse().unwrap();
    plan.ahead = Some(Ahead { at, ending: vec![] });
    let saved = orgform_plan::file::SavedPlan::of(&plan, at, &orgform_plan::render::Style::default());
    assert!(saved.effects.is_empty(), "a plan file would agree to something");
    assert_eq!(approve(plan, &Consent::default()).unwrap_err(), NotApproved::Ahead { at });
}

#[test]
fn a_release_is_of_exactly_those_people() {
    let plan = plan_of("limit-per-account-holds-the-group");
    let digest = plan.held[0].digest.clone();
    let mut story = story("limit-per-account-holds-the-group");
    let account = "ac-acme".into();
    let content = story.world.contents.get_mut(&account).unwrap().as_mut().unwrap();
    content.members.remove(&"user-p10".into()).unwrap();
    let fewer = story.plan();
    assert_eq!(fewer.held[0].changes.len(), 4);
    assert!(approve(fewer, &release(digest.as_str())).is_err());
}

#[test]
fn a_held_group_is_not_part_of_the_digest_of_the_plan() {
    let held = plan_of("limit-per-account-holds-the-group");
    let empty = plan_of("converged-is-one-line");
    assert_eq!(held.digest, empty.digest);
}

#[test]
fn the_digest_has_no_time_and_no_people_reached_through_a_role() {
    let mut story = story("role-narrowing-looks-at-every-account-it-reaches");
    let before = story.plan();
    let content = story.world.contents.get_mut(&"ac-lab".into()).unwrap().as_mut().unwrap();
    content.members.clear();
    story.file.now = "2026-11-24T12:00:00Z".parse().unwrap();
    let after = story.plan();
    assert_ne!(before.changes[0].losers, after.changes[0].losers);
    assert_eq!(before.digest, after.digest);
}
