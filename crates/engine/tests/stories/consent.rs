//! What may be done: modes, consents, releases, and removals that are judged again.

use std::time::Duration;

use orgform_engine::EngineError;
use orgform_model::Scope;
use orgform_model::policy::Mode;
use orgform_plan::{Consent, Fate};

use crate::scene::{Scene, fate, member, provider};

#[tokio::test]
async fn a_removal_is_judged_again_just_before_it_is_carried_out() {
    let mut scene = Scene::new();
    scene.server.inside().join("ac-acme", "ken", &["role-admin"]);
    scene.declare("acme", "ken", &["admin"]);
    let _ = scene.apply().await.unwrap();
    scene.undeclare("acme", "ken");

    let mut state = scene.open().await;
    let planned = scene.plan(state.provider(&provider())).await.unwrap();
    assert_eq!(planned.plan.changes.len(), 1, "{:#?}", planned.plan);
    // Meanwhile the other admins have gone: without ken nobody would be left.
    scene
        .server
        .inside()
        .members
        .get_mut(&"ac-acme".into())
        .unwrap()
        .retain(|id, _| id.as_str() == "user-ken");
    let report = scene.carry_out(&planned, &mut state).await.unwrap();
    assert!(matches!(fate(&report, "ken@acme.example"), Fate::Stale { .. }), "{report:#?}");
    assert_eq!(scene.server.times("remove user-ken"), 0);
}

#[tokio::test]
async fn a_revocation_that_would_have_another_effect_now_is_not_carried_out() {
    let mut scene = Scene::new();
    scene.server.inside().join("ac-acme", "ken", &["role-reader", "role-admin"]);
    scene.declare("acme", "ken", &["reader", "admin"]);
    let _ = scene.apply().await.unwrap();
    scene.declare("acme", "ken", &["reader"]);
    let mut state = scene.open().await;
    let planned = scene.plan(state.provider(&provider())).await.unwrap();
    scene.server.inside().join("ac-acme", "ken", &["role-admin"]);
    let report = scene.carry_out(&planned, &mut state).await.unwrap();
    let stale = Fate::Stale { said: "it would have another effect now".to_owned() };
    assert_eq!(*fate(&report, "ken@acme.example"), stale);
    assert_eq!(scene.server.times("update user-ken"), 0);
}

#[tokio::test]
async fn a_removal_that_is_so_already_is_told_and_others_go() {
    let mut scene = Scene::new();
    for person in ["ken", "joan"] {
        scene.server.inside().join("ac-acme", person, &["role-reader"]);
        scene.declare("acme", person, &["reader"]);
    }
    let _ = scene.apply().await.unwrap();
    scene.undeclare("acme", "ken");
    scene.undeclare("acme", "joan");
    let mut state = scene.open().await;
    let planned = scene.plan(state.provider(&provider())).await.unwrap();
    scene.server.inside().members.get_mut(&"ac-acme".into()).unwrap().remove(&"user-ken".into());
    let report = scene.carry_out(&planned, &mut state).await.unwrap();
    assert!(matches!(fate(&report, "ken@acme.example"), Fate::Stale { .. }));
    assert_eq!(*fate(&report, "joan@acme.example"), Fate::Done);
    let losses = &state.provider(&provider()).unwrap().losses;
    assert_eq!(losses.len(), 1);
    assert_eq!((losses[0].person.as_str(), losses[0].consented), ("joan@acme.example", false));
}

#[tokio::test]
async fn removals_come_after_everything_else_and_only_touched_accounts_are_read_again() {
    let mut scene = Scene::new();
    scene.declare_account("acme/lab");
    scene.declare_account("acme/hall");
    scene.server.inside().join("ac-acme", "ken", &["role-reader"]);
    scene.declare("acme", "ken", &["reader"]);
    let _ = scene.apply().await.unwrap();
    scene.undeclare("acme", "ken");
    scene.declare("acme", "ada", &["reader"]);
    scene.server.inside().done.clear();

    let mut state = scene.open().await;
    let planned = scene.plan(state.provider(&provider())).await.unwrap();
    scene.server.inside().looks.clear();
    let report = scene.carry_out(&planned, &mut state).await.unwrap();
    assert!(report.is_complete(), "{report:#?}");
    assert_eq!(scene.server.done(), ["invite ada@acme.example", "remove user-ken"]);
    let acme = Scope::Account { id: "ac-acme".into(), fields: Default::default() };
    assert_eq!(scene.server.inside().looks, [Scope::Directory, acme]);
}

#[tokio::test]
async fn losses_and_spent_consents_are_forgotten_in_time() {
    let mut scene = Scene::new();
    scene.server.inside().join("ac-acme", "ken", &["role-reader"]);
    scene.declare("acme", "ken", &["reader"]);
    let _ = scene.apply().await.unwrap();
    scene.undeclare("acme", "ken");
    let _ = scene.apply().await.unwrap();
    assert_eq!(scene.state().await.losses.len(), 1);
    scene.clock.advance(Duration::from_secs(25 * 3600));
    let _ = scene.apply().await.unwrap();
    assert!(scene.state().await.losses.is_empty());
}

#[tokio::test]
async fn a_provider_that_is_only_watched_is_never_written_to() {
    for mode in [Mode::Observe, Mode::Plan] {
        let mut scene = Scene::new();
        scene.desired.policy.mode = mode;
        scene.declare("acme", "ada", &["reader"]);
        assert!(matches!(scene.apply().await, Err(EngineError::Mode { .. })));
        assert!(scene.server.done().is_empty());
        assert_eq!(scene.state().await, Default::default());
    }
}

#[tokio::test]
async fn a_state_made_with_another_server_is_refused_with_the_way_out() {
    let mut scene = Scene::new();
    let _ = scene.apply().await.unwrap();
    scene.connection = "memory two";
    let looks = scene.server.inside().looks.len();
    let error = scene.plan(Some(&scene.state().await)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state of `memory` was made with `memory one`, and this is `memory two`"
    );
    assert!(error.hint().unwrap().contains("connection"));
    assert_eq!(scene.server.inside().looks.len(), looks, "it was not even looked at");
}

#[tokio::test]
async fn an_effect_that_was_not_agreed_to_is_shown_and_not_done() {
    let mut scene = Scene::new();
    scene.declare("acme", "ada", &["reader"]);
    let agreed = scene.plan(None).await.unwrap();
    let effects = agreed.plan.changes.iter().flat_map(orgform_plan::digest::fingerprints).collect();
    scene.consent = Consent { effects: Some(effects), releases: Default::default() };
    scene.declare("acme", "ken", &["reader"]);
    let report = scene.apply().await.unwrap();
    assert_eq!(scene.server.done(), ["invite ada@acme.example"]);
    assert_eq!(
        report.extra.iter().map(|change| change.address.clone()).collect::<Vec<_>>(),
        [member("acme", "ken")]
    );
    assert!(!report.is_complete());
}

#[tokio::test]
async fn a_held_group_goes_once_when_it_is_released() {
    let mut scene = Scene::new();
    let people: Vec<String> = (0..8).map(|number| format!("person-{number}")).collect();
    for person in &people {
        scene.server.inside().join("ac-acme", person, &["role-reader"]);
        scene.declare("acme", person, &["reader"]);
    }
    let _ = scene.apply().await.unwrap();
    for person in &people {
        scene.undeclare("acme", person);
    }
    let planned = scene.plan(Some(&scene.state().await)).await.unwrap();
    let held = &planned.plan.held;
    assert_eq!((held.len(), planned.plan.changes.len()), (1, 0), "{:#?}", planned.plan);
    let digest = held[0].digest.as_str().to_owned();
    scene.consent = Consent { effects: None, releases: [digest.clone()].into() };
    let report = scene.apply().await.unwrap();
    assert!(report.is_complete(), "{report:#?}");
    assert_eq!(report.outcomes.len(), 8);
    let state = scene.state().await;
    assert_eq!(state.spent.keys().collect::<Vec<_>>(), [&digest]);
    assert!(state.losses.len() == 8 && state.losses.iter().all(|loss| loss.consented));

    // The same again is not covered by the same release.
    scene.consent = Consent::default();
    for person in &people {
        scene.server.inside().join("ac-acme", person, &["role-reader"]);
        scene.declare("acme", person, &["reader"]);
    }
    let _ = scene.apply().await.unwrap();
    for person in &people {
        scene.undeclare("acme", person);
    }
    scene.consent = Consent { effects: None, releases: [digest.clone()].into() };
    let done = scene.server.done().len();
    match scene.apply().await {
        Err(error @ EngineError::Spent { .. }) => assert!(error.hint().is_some()),
        other => panic!("{other:#?}"),
    }
    assert_eq!(scene.server.done().len(), done);
}
