//! A look again costs what was edited, and an old look never takes anything away.

use std::collections::BTreeSet;

use orgform_engine::{Earlier, Planned, Silent, plan_again};
use orgform_model::{AccountId, Scope};

use crate::scene::{Scene, name, provider};

/// Three accounts with somebody in each, as declared; and a look at them.
async fn settled() -> (Scene, Earlier) {
    let mut scene = Scene::new();
    for (account, person) in [("acme/lab", "ada"), ("acme/den", "ken")] {
        scene.declare_account(account);
        scene.declare(account, person, &["reader"]);
    }
    assert!(scene.apply().await.unwrap().is_complete());
    let lab = scene.server.inside().account("lab");
    scene.server.inside().invites.clear();
    join(&scene, "lab", "ada", &["role-reader"]);
    join(&scene, "den", "ken", &["role-reader"]);
    assert!(scene.apply().await.unwrap().is_complete());
    let state = scene.state().await;
    assert!(state.accounts.contains_key(&lab));
    let Planned { plan, world, .. } = scene.plan(Some(&state)).await.unwrap();
    assert!(plan.is_empty(), "{plan:#?}");
    let earlier = Earlier { world, desired: scene.desired.clone().into() };
    scene.server.inside().looks.clear();
    (scene, earlier)
}

fn join(scene: &Scene, account: &str, person: &str, roles: &[&str]) {
    let mut server = scene.server.inside();
    let account = server.account(account);
    server.join(account.as_str(), person, roles);
}

/// Plans again; the accounts that were looked into.
async fn again(scene: &Scene, earlier: &Earlier) -> (Planned, BTreeSet<AccountId>) {
    let state = scene.open().await;
    let state = state.provider(&provider());
    let planned = scene
        .with_case(async |case| {
            plan_again(&*scene.server, case, state, earlier, &*scene.clock, &Silent).await.unwrap()
        })
        .await;
    let looks = scene.server.inside().looks.clone();
    let accounts = looks.into_iter().filter_map(|scope| match scope {
        Scope::Account { id, .. } => Some(id),
        _ => None,
    });
    (planned, accounts.collect())
}

#[tokio::test]
async fn an_edit_that_takes_nothing_away_costs_a_look_into_its_account() {
    let (mut scene, earlier) = settled().await;
    scene.declare("acme/lab", "grace", &["reader"]);
    let (planned, looked) = again(&scene, &earlier).await;
    assert_eq!(planned.plan.changes.len(), 1, "{:#?}", planned.plan);
    assert_eq!(looked, [scene.server.inside().account("lab")].into());
}

#[tokio::test]
async fn a_role_less_costs_a_look_into_its_account_and_those_above() {
    let (mut scene, _) = settled().await;
    let lab = scene.server.inside().account("lab");
    let acme = scene.server.inside().account("acme");
    join(&scene, "lab", "ada", &["role-reader", "role-admin"]);
    scene.declare("acme/lab", "ada", &["reader", "admin"]);
    assert!(scene.apply().await.unwrap().is_complete());
    let state = scene.state().await;
    let Planned { plan, world, .. } = scene.plan(Some(&state)).await.unwrap();
    assert!(plan.is_empty(), "{plan:#?}");
    let earlier = Earlier { world, desired: scene.desired.clone().into() };
    scene.server.inside().looks.clear();
    scene.declare("acme/lab", "ada", &["admin"]);
    let (planned, looked) = again(&scene, &earlier).await;
    assert_eq!(planned.plan.changes[0].losers.len(), 1, "{:#?}", planned.plan);
    assert_eq!(looked, [lab, acme].into(), "{:#?}", planned.plan);
}

#[tokio::test]
async fn whoever_is_removed_is_planned_on_a_look_at_everything() {
    let (mut scene, earlier) = settled().await;
    scene.undeclare("acme/lab", "ada");
    let (planned, looked) = again(&scene, &earlier).await;
    assert!(planned.plan.changes.iter().any(|change| !change.losers.is_empty()), "{:#?}", planned.plan);
    assert_eq!(looked.len(), 3);
}

#[tokio::test]
async fn so_is_what_a_look_again_finds_to_take_away() {
    let (mut scene, earlier) = settled().await;
    let lab = scene.server.inside().account("lab");
    scene.server.inside().roles.entry(lab).or_default().insert("role-x".into(), name("x"));
    join(&scene, "lab", "ada", &["role-reader", "role-x"]);
    scene.declare("acme/lab", "grace", &["reader"]);
    let (planned, looked) = again(&scene, &earlier).await;
    assert_eq!(planned.plan.changes.len(), 2, "{:#?}", planned.plan);
    assert_eq!(looked.len(), 3);
}
