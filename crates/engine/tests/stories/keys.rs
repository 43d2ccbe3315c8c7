//! API keys: the secret that is shown once is stored, or its key goes again, whatever happens on the way.

use std::time::Duration;

use orgform_model::state::SecretFate;
use orgform_model::{ApiKeyId, ProviderState, SecretPlace};
use orgform_plan::{Fate, Verified};

use crate::scene::{Scene, cut_after, fate, provider};
use crate::server::{Fault, secret_of};

const PLACE: &str = "keys/ci";
const KEY: &str = "acme:key/ci";

fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.declare_key("acme", "ci", &["reader"]);
    scene
}

fn keys_there(scene: &Scene) -> Vec<ApiKeyId> {
    let inside = scene.server.inside();
    inside.keys.values().flat_map(|keys| keys.keys().cloned()).collect()
}

fn stored() -> SecretFate {
    SecretFate::Stored(SecretPlace::File { path: PLACE.to_owned() })
}

/// There is one key, its secret is where it belongs, and that is remembered.
async fn is_whole(scene: &Scene, told: &str) {
    let there = keys_there(scene);
    let [key] = there.as_slice() else { panic!("{told}: {there:?}") };
    assert_eq!(scene.secrets.at(PLACE), Some((key.clone(), secret_of(key))), "{told}");
    let state = scene.state().await;
    assert_eq!(state.api_keys.keys().collect::<Vec<_>>(), [key], "{told}");
    assert_eq!(state.api_keys[key].secret, stored(), "{told}");
    assert!(state.intents.is_empty(), "{told}");
    let report = scene.apply().await.unwrap();
    assert!(report.outcomes.is_empty(), "{told}: {report:#?}");
}

#[tokio::test]
async fn a_key_is_made_once_and_its_secret_is_nowhere_but_in_its_place() {
    let scene = scene();
    let planned = scene.plan(None).await.unwrap();
    let report = scene.apply().await.unwrap();
    let [key] = keys_there(&scene).try_into().unwrap();
    assert_eq!(*fate(&report, KEY), Fate::Stored { key: key.to_string(), place: PLACE.to_owned() });
    assert_eq!(report.verified, Verified::Converged);
    is_whole(&scene, "made once").await;

    let state = std::fs::read_to_string(scene.state_folder().join("orgform.state.json")).unwrap();
    for shown in [format!("{planned:?}"), format!("{report:?}"), state] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[tokio::test]
async fn no_key_is_made_where_its_secret_has_no_place() {
    let scene = scene();
    *scene.secrets.no_place.lock().unwrap() = Some("a file is there that orgform did not write");
    let report = scene.apply().await.unwrap();
    let Fate::Failed { said, next, unknown: false } = fate(&report, KEY) else { panic!("{report:#?}") };
    assert_eq!(
        *said,
        "its secret can't be put at keys/ci: a file is there that orgform did not write; no key was made"
    );
    assert!(next.contains("`writeSecretTo`"), "{next}");
    assert_eq!(scene.server.times("create key ci"), 0);
    assert_eq!(scene.state().await.intents.len(), 0);
}

#[tokio::test]
async fn a_key_whose_secret_can_not_be_stored_is_deleted_again_and_made_again_later() {
    let scene = scene();
    *scene.secrets.no_room.lock().unwrap() = Some("No space left on device");
    let report = scene.apply().await.unwrap();
    let Fate::Failed { said, unknown: false, .. } = fate(&report, KEY) else { panic!("{report:#?}") };
    assert_eq!(
        *said,
        "its secret could not be put at keys/ci: No space left on device; the key was deleted again"
    );
    assert_eq!(scene.server.done(), ["create key ci", "remove key-1"]);
    let ProviderState { api_keys, intents, .. } = scene.state().await;
    assert!(api_keys.is_empty() && intents.is_empty());

    *scene.secrets.no_room.lock().unwrap() = None;
    let report = scene.apply().await.unwrap();
    assert!(fate(&report, KEY).is_done());
    is_whole(&scene, "made again").await;
}

#[tokio::test]
async fn a_key_that_can_be_neither_stored_nor_deleted_goes_in_the_next_run() {
    let scene = scene();
    *scene.secrets.no_room.lock().unwrap() = Some("No space left on device");
    scene.server.fail("remove key-1", Fault::Denied);
    let report = scene.apply().await.unwrap();
    let Fate::Failed { said, .. } = fate(&report, KEY) else { panic!("{report:#?}") };
    assert!(said.ends_with("nor could key key-1 be deleted again: 403 FORBIDDEN"), "{said}");
    let state = scene.state().await;
    assert_eq!(state.api_keys[&"key-1".into()].secret, SecretFate::Lost);

    *scene.secrets.no_room.lock().unwrap() = None;
    scene.server.inside().faults.clear();
    let planned = scene.plan(Some(&state)).await.unwrap();
    assert_eq!(planned.plan.changes.len(), 2, "one goes and one comes: {:#?}", planned.plan.changes);
    assert_eq!(scene.apply().await.unwrap().verified, Verified::Converged);
    assert_eq!(scene.server.times("remove key-1"), 1);
    is_whole(&scene, "in the next run").await;
}

#[tokio::test]
async fn a_key_whose_answer_was_lost_is_deleted_and_made_again() {
    for later in [Duration::ZERO, Duration::from_secs(1800)] {
        let scene = scene();
        scene.server.fail("create key ci", Fault::AnswerLost);
        let report = scene.apply().await.unwrap();
        assert!(matches!(fate(&report, KEY), Fate::Failed { unknown: true, .. }));
        scene.server.inside().faults.clear();
        scene.clock.advance(later);
        assert_eq!(scene.apply().await.unwrap().verified, Verified::Converged);
        assert_eq!(scene.server.done(), ["create key ci", "create key ci", "remove key-1"]);
        is_whole(&scene, "after a lost answer").await;
    }
}

#[tokio::test]
async fn a_key_that_may_have_been_made_by_hand_since_then_is_taken_over_and_told() {
    let scene = scene();
    scene.server.fail("create key ci", Fault::Lost);
    let mut state = scene.open().await;
    let planned = scene.plan(None).await.unwrap();
    let _ = scene.carry_out(&planned, &mut state).await.unwrap();
    assert_eq!(state.provider(&provider()).unwrap().intents.len(), 1);
    drop(state);
    scene.server.inside().faults.clear();
    // The next day somebody makes a key of that name in the console.
    scene.clock.advance(Duration::from_secs(24 * 3600));
    let by_hand = orgform_model::world::ActualApiKey {
        fields: crate::scene::name("ci"),
        roles: ["role-reader".into()].into(),
    };
    scene.server.inside().keys.entry("ac-acme".into()).or_default().insert("key-hand".into(), by_hand);

    let report = scene.apply().await.unwrap();
    assert!(report.outcomes.is_empty(), "nothing is removed: {report:#?}");
    assert_eq!(keys_there(&scene), ["key-hand".into()]);
    let state = scene.state().await;
    assert_eq!(state.api_keys[&"key-hand".into()].secret, SecretFate::Elsewhere);
    let missing = scene.plan(Some(&state)).await.unwrap().plan.missing_secrets;
    assert_eq!(missing[0].next, "orgform keys remake memory/acme:key/ci");
}

#[tokio::test]
async fn a_crash_at_any_moment_leaves_one_key_with_its_secret_in_the_end() {
    for polls in 1.. {
        let scene = scene();
        let crashed = cut_after(polls, scene.apply()).await;
        scene.clock.advance(Duration::from_secs(600));
        let report = scene.apply().await.unwrap();
        let failed = report.outcomes.iter().find(|outcome| !outcome.result.is_done());
        assert!(failed.is_none(), "at {polls}: {report:#?}");
        is_whole(&scene, &format!("cut at {polls}")).await;
        if crashed.is_some() {
            assert!(polls > 10, "the story was cut {polls} times only");
            break;
        }
    }
}

#[tokio::test]
async fn a_key_is_made_again_when_asked_for_and_a_crash_leaves_the_old_or_the_new_one() {
    for polls in 1.. {
        let mut scene = scene();
        let _ = scene.apply().await.unwrap();
        scene.requests.remake.insert("memory/acme:key/ci".parse().unwrap());
        let crashed = cut_after(polls, scene.apply()).await;
        scene.requests.remake.clear();
        scene.clock.advance(Duration::from_secs(600));
        let _ = scene.apply().await.unwrap();
        is_whole(&scene, &format!("cut at {polls}")).await;
        if let Some(report) = crashed {
            assert_eq!(report.unwrap().verified, Verified::Converged);
            assert_eq!(keys_there(&scene), ["key-2".into()]);
            break;
        }
    }
}

#[tokio::test]
async fn a_secret_that_is_gone_is_told_and_nothing_is_done() {
    let scene = scene();
    let _ = scene.apply().await.unwrap();
    scene.secrets.stored.lock().unwrap().clear();
    let planned = scene.plan(Some(&scene.state().await)).await.unwrap();
    assert!(planned.plan.is_empty());
    assert_eq!(planned.plan.missing_secrets[0].because, "its secret is not at keys/ci any more");
    assert!(scene.apply().await.unwrap().outcomes.is_empty());
}

#[tokio::test]
async fn the_key_that_orgform_runs_with_is_judged_again_at_apply() {
    let mut scene = scene();
    let _ = scene.apply().await.unwrap();
    scene.desired.api_keys.clear();
    let before = scene.state().await;
    let planned = scene.plan(Some(&before)).await.unwrap();
    assert_eq!(planned.plan.changes.len(), 1);
    // Since the plan was made, the Provider was given this very key.
    scene.server.inside().own_key = "key-1".into();
    let mut state = scene.open().await;
    let report = scene.carry_out(&planned, &mut state).await.unwrap();
    assert!(matches!(fate(&report, KEY), Fate::Stale { said } if said.contains("runs with this key")));
    assert_eq!(keys_there(&scene), ["key-1".into()]);
}
