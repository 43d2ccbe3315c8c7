//! What a plan file agrees to, and when it can't be used.

use std::collections::BTreeSet;

use orgform_model::RootId;
use orgform_plan::digest::fingerprints;
use orgform_plan::file::PlanFileError;
use orgform_plan::render::{Style, text};
use orgform_plan::{PlanFile, approve};

use crate::plans::{at, every_section, invite, now, ordinary, pureport};

fn root() -> RootId {
    RootId::from("root-1")
}

fn file() -> PlanFile {
    let style = Style { color: true, ..Style::default() };
    PlanFile::new(root(), vec!["people".to_owned()], &[ordinary()], now(), &style)
}

#[test]
fn a_file_reads_back_as_it_was_written() {
    let written = file().to_json().unwrap();
    assert_eq!(PlanFile::parse(&written), Ok(file()));
    assert_eq!(PlanFile::parse(&written).unwrap().to_json().unwrap(), written);
}

#[test]
fn it_shows_what_was_agreed_to_without_colour() {
    assert_eq!(file().providers[&pureport()].shown, text(&ordinary(), now(), &Style::default()));
}

#[test]
fn it_agrees_to_exactly_the_effects_of_its_plan() {
    let consent = file().consent(&pureport());
    let effects: BTreeSet<_> = ordinary().changes.iter().flat_map(fingerprints).collect();
    assert_eq!(consent.effects, Some(effects));
    assert!(consent.releases.is_empty());

    let mut later = ordinary();
    later.changes.push(invite("acme", "eve@acme.example", "Admin"));
    let approved = approve(later, &consent).unwrap();
    let extra: Vec<String> = approved.extra.iter().map(|change| change.address.to_string()).collect();
    assert_eq!(extra, ["pureport/acme:member/eve@acme.example"]);
    assert_eq!(approved.plan().changes.len(), ordinary().changes.len());
}

#[test]
fn it_agrees_to_nothing_for_a_provider_that_it_does_not_have() {
    let approved = approve(ordinary(), &file().consent(&"keycloak".into())).unwrap();
    assert!(approved.plan().changes.is_empty());
}

#[test]
fn it_never_agrees_to_what_is_held() {
    let plan = every_section();
    let held: BTreeSet<_> =
        plan.held.iter().flat_map(|group| &group.changes).flat_map(fingerprints).collect();
    let saved = PlanFile::new(root(), Vec::new(), &[plan], now(), &Style::default());
    assert!(saved.consent(&pureport()).effects.unwrap().is_disjoint(&held));
}

#[test]
fn it_lapses_after_a_week_and_belongs_to_one_root() {
    assert_eq!(file().lapses_at(), at("2026-11-30T10:00:00Z"));
    assert_eq!(file().check(&root(), at("2026-11-30T09:59:59Z")), Ok(()));
    let lapsed = file().check(&root(), at("2026-11-30T10:00:00Z")).unwrap_err();
    assert_eq!(
        lapsed.to_string(),
        "this plan file lapsed on 30 November 2026, 10:00 UTC; make a new one with `orgform plan --out FILE`"
    );
    let other = file().check(&RootId::from("root-2"), now()).unwrap_err();
    assert_eq!(other.to_string(), "this plan file is for the root root-1, and this is the root root-2");
}

#[test]
fn what_is_no_plan_file_is_told_from_a_damaged_one() {
    for text in ["", "hello", "[1]", "{\"format\": 1}", "apiVersion: orgform.dev/v1alpha1"] {
        assert_eq!(PlanFile::parse(text), Err(PlanFileError::NotAPlanFile), "{text}");
    }
    let written = file().to_json().unwrap();
    let newer = written.replace("\"orgformPlan\": 1", "\"orgformPlan\": 2");
    assert_eq!(PlanFile::parse(&newer), Err(PlanFileError::Newer { found: 2 }));
    let damaged = [
        written[..written.len() / 2].to_owned(),
        written.replace("invite as Network operator", "invite as Nobody"),
        written.replace("\"people\"", "\"people\", \"teams\""),
        written.replace("checksum", "checksun"),
        written.replacen("{", "{ \"more\": 1,", 1),
    ];
    for text in damaged {
        assert_ne!(text, written);
        assert!(matches!(PlanFile::parse(&text), Err(PlanFileError::Damaged { .. })), "{text}");
    }
}

#[test]
fn any_flipped_byte_is_noticed() {
    let written = file().to_json().unwrap();
    for index in (0..written.len()).step_by(7) {
        let mut bytes = written.clone().into_bytes();
        bytes[index] ^= 1;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if let Ok(read) = PlanFile::parse(&text) {
            assert_eq!(read, file(), "byte {index}");
        }
    }
}

#[test]
fn it_lists_nobody_beyond_what_is_shown() {
    let plan = every_section();
    let shown = text(&plan, now(), &Style::default());
    let written = PlanFile::new(root(), Vec::new(), &[plan], now(), &Style::default()).to_json().unwrap();
    for number in 1..=17 {
        let email = format!("person{number:02}@acme.example");
        assert_eq!(written.contains(&email), shown.contains(&email), "{email}");
    }
    assert!(!written.contains("person17@acme.example"));
}

#[test]
fn a_redacted_file_shows_no_email() {
    let style = Style { redact: true, ..Style::default() };
    let written = PlanFile::new(root(), Vec::new(), &[ordinary()], now(), &style).to_json().unwrap();
    assert!(!written.contains("grace@acme.example"), "{written}");
}
