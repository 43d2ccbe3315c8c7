//! Drift: what changed behind us agrees with the plan, and the audit log says who did it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use orgform_model::history::{About, Actor, Deed, Event, GrantsChange, History, Via};
use orgform_model::world::Completeness;
use orgform_model::{AccountId, FieldChange, Value};
use orgform_plan::drift::{Attribution, Difference, Drift, Log, Logs, Then, actors, attribute, drift};
use orgform_plan::plan::Cause;
use orgform_plan::{Input, Plan};

use crate::observe::{Setting, plan_and_world};
use crate::stories::folders;
use crate::story::Story;

fn found(story: &Story) -> (Plan, Drift) {
    let setting = story.setting();
    let (plan, world) = plan_and_world(&setting);
    let Setting { desired, base, all: _, state, semantics, capabilities, requests, now } = setting;
    let input = Input { desired, world: &world, state, base, semantics, capabilities, requests, now };
    let drift = drift(&input, &plan);
    (plan, drift)
}

fn drift_of(name: &str) -> Drift {
    found(&Story::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name))).1
}

fn told(drift: &Drift) -> Vec<String> {
    let one = |one: &orgform_plan::drift::Drifted| {
        let what = match &one.difference {
            Difference::Gone(what) => format!("{what} gone"),
            Difference::Field(change) => change.field.clone(),
            Difference::Gained { title, .. } => format!("+{title}"),
            Difference::Lost { title, .. } => format!("-{title}"),
            Difference::Disabled => "disabled".to_owned(),
            Difference::Renamed { to } => format!("is {to}"),
            Difference::Unmanaged(what) => what.clone(),
        };
        let then = format!("{:?}", one.then);
        let then = then.split([' ', '{']).next().unwrap_or_default().to_owned();
        format!("{} {what}: {then}", one.title)
    };
    drift.changes.iter().map(one).collect()
}

#[test]
fn what_a_child_shows_of_its_parent_is_no_drift() {
    let drift = drift_of("inherited-shown-below-is-no-grant");
    assert!(drift.changes.is_empty() && drift.unmanaged.is_empty(), "{drift:#?}");
}

#[test]
fn what_happens_next_is_told_apart() {
    assert_eq!(
        told(&drift_of("drift-is-corrected")),
        [
            "account acme description: Corrected",
            "role auditor permissions: Corrected",
            "ada@acme.example +Admin: Corrected",
            "joan@acme.example -auditor: Corrected",
        ]
    );
    assert!(drift_of("drift-is-only-reported").changes.iter().all(|one| one.then == Then::Reported));
    assert_eq!(
        told(&drift_of("adoption-ours-gone-is-not-mailed-again")),
        ["ada@acme.example member gone: Refused"]
    );
    let followed = drift_of("renamed-and-the-declaration-followed");
    assert_eq!(followed.changes.len(), 1);
    assert_eq!(followed.changes[0].then, Then::Declared, "the declaration has just been edited");
}

#[test]
fn in_every_story_drift_and_plan_agree() {
    let (mut corrected, mut reported) = (0, 0);
    for folder in folders() {
        let story = Story::read(&folder);
        let (plan, drift) = found(&story);
        let here = folder.display();
        for change in plan.changes.iter().filter(|change| change.cause == Cause::Drift) {
            let mine = drift.changes.iter().filter(|one| one.address == change.address);
            assert!(mine.clone().any(|one| one.then == Then::Corrected), "{here}: {}", change.address);
            corrected += 1;
        }
        for one in &plan.drift {
            assert!(
                drift.changes.iter().any(|drifted| drifted.address == one.address),
                "{here}: {}",
                one.address
            );
            reported += 1;
        }
        if story.state.is_none() {
            assert_eq!(drift.changes, [], "{here}: without state nothing was applied");
        }
        for one in &drift.unmanaged {
            let ours = drift.changes.iter().any(|drifted| drifted.address == one.address);
            assert!(!ours, "{here}: {} is ours and not ours", one.address);
        }
    }
    assert!(corrected > 3 && reported > 3, "the stories of drift are gone");
}

const SINCE: &str = "2026-09-01T00:00:00Z";

fn event(at: &str, about: About, deed: Deed) -> Event {
    Event {
        at: at.parse().unwrap(),
        about,
        deed,
        by: Actor::Person("user-7".into(), Some("Eve Adams".to_owned())),
        from: Some("192.0.2.1".to_owned()),
        via: Some(Via::Console),
        fields: vec![],
        grants: None,
    }
}

/// Ada's grants in the story, as the log tells of them.
fn ada(at: &str, grants: Option<(&[&str], &[&str])>) -> Event {
    let drift = drift_of("drift-is-corrected");
    let ada = drift.changes.iter().find(|one| one.title == "ada@acme.example").unwrap();
    let About::Member(account, person) = &ada.traces[0] else { panic!("{:?}", ada.traces) };
    let set = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
    let grants = grants.map(|(from, to)| GrantsChange { from: set(from), to: set(to) });
    Event { grants, ..event(at, About::Member(account.clone(), person.clone()), Deed::Changed) }
}

fn by(events: Vec<Event>, title: &str) -> Attribution {
    let drift = drift_of("drift-is-corrected");
    let one = drift.changes.iter().find(|one| one.title == title).unwrap();
    let history = History { events, completeness: Completeness::Complete, calls: 2 };
    let logs: BTreeMap<AccountId, Log> = [(one.log.clone(), Ok(history))].into();
    let logs = Logs::Read { by_account: &logs, since: SINCE.parse().unwrap() };
    let people = [("user-7".into(), "eve@acme.example".into())].into();
    let drift = attribute(drift, logs, &people);
    assert_eq!(drift.log_calls, 2);
    drift.changes.into_iter().find(|one| one.title == title).unwrap().by
}

/// The role that Ada gained.
fn gained() -> String {
    let drift = drift_of("drift-is-corrected");
    let role = drift.changes.iter().find_map(|one| match &one.difference {
        Difference::Gained { role, .. } => Some(role.to_string()),
        _ => None,
    });
    role.unwrap()
}

#[test]
fn the_entry_that_tells_of_this_very_difference_counts() {
    let admin = gained();
    let later_and_other = ada("2026-11-21T00:00:00Z", Some((&[&admin, "x"], &[&admin])));
    let this = ada("2026-11-20T00:00:00Z", Some((&["x"], &["x", &admin])));
    let before = ada("2026-11-19T00:00:00Z", Some((&[], &[&admin])));
    let Attribution::Recorded(record) = by(vec![later_and_other, this, before], "ada@acme.example") else {
        panic!("no record");
    };
    assert_eq!((record.who.as_deref(), record.exact), (Some("eve@acme.example"), true));
    assert_eq!(record.at, "2026-11-20T00:00:00Z".parse::<Timestamp>().unwrap());
    assert_eq!((record.from.as_deref(), record.via), (Some("192.0.2.1"), Some(Via::Console)));
}

#[test]
fn where_a_log_does_not_tell_what_changed_the_newest_entry_is_likely() {
    let Attribution::Recorded(record) =
        by(vec![ada("2026-11-21T00:00:00Z", None), ada("2026-11-20T00:00:00Z", None)], "ada@acme.example")
    else {
        panic!("no record");
    };
    assert!(!record.exact);
    assert_eq!(record.at, "2026-11-21T00:00:00Z".parse::<Timestamp>().unwrap());
}

#[test]
fn a_field_is_told_by_the_value_that_it_has() {
    let account = |to: &str| {
        let drift = drift_of("drift-is-corrected");
        let about = drift.changes[0].traces[0].clone();
        let field = FieldChange { field: "description".to_owned(), from: None, to: Some(Value::text(to)) };
        Event { fields: vec![field], ..event("2026-11-20T00:00:00Z", about, Deed::Changed) }
    };
    assert!(
        matches!(by(vec![account("Theirs")], "account acme"), Attribution::Recorded(record) if record.exact)
    );
    // Ours, or what came after it: it does not explain what is there.
    assert!(matches!(by(vec![account("Ours")], "account acme"), Attribution::NoRecord { .. }));
}

#[test]
fn no_record_says_why() {
    let nothing = by(vec![], "ada@acme.example");
    let because = "nothing in the audit log since 1 September 2026".to_owned();
    assert_eq!(nothing, Attribution::NoRecord { because });

    let drift = drift_of("drift-is-corrected");
    let keeps_none = attribute(drift.clone(), Logs::None("Xarios"), &BTreeMap::new());
    let because = "Xarios keeps no audit log that can be read".to_owned();
    assert_eq!(keeps_none.changes[0].by, Attribution::NoRecord { because });

    let log = drift.changes[0].log.clone();
    let refused: BTreeMap<AccountId, Log> =
        [(log, Err("could not read the audit log: 403".to_owned()))].into();
    let logs = Logs::Read { by_account: &refused, since: SINCE.parse().unwrap() };
    assert!(actors(&drift, logs).is_empty());
    let refused = attribute(drift, logs, &BTreeMap::new());
    let because = "could not read the audit log: 403".to_owned();
    assert_eq!(refused.changes[0].by, Attribution::NoRecord { because });
}
