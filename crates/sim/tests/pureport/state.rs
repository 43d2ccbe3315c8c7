//! The state file: what was answered survives, however the simulator ended.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use orgform_sim::pureport::{self, Act, Options};
use serde_json::json;

use crate::client::{Caller, accept, add_member, world_with};

fn kept(path: &Path) -> Options {
    Options { state_file: Some(path.to_path_buf()), ..Options::default() }
}

/// Everything that the API shows of a world.
async fn shown(admin: &Caller) -> Vec<String> {
    let accounts = admin.get("/accounts").await;
    let mut shown = vec![accounts.text.clone()];
    for account in accounts.is(200).as_array().unwrap() {
        let href = account["href"].as_str().unwrap();
        for part in ["roles", "members", "invites", "apikeys"] {
            shown.push(admin.get(&format!("{href}/{part}")).await.text);
        }
    }
    shown
}

#[tokio::test]
async fn a_world_comes_back_after_a_stop_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let (sim, admin, root) = world_with(kept(&path)).await;
    let lab = admin.child(&root, "Lab").await;
    let role = admin.role(&lab, "Clerk", json!({ "ports": { "read": true } })).await;
    admin.invite(&lab, "ada@acme.example", std::slice::from_ref(&role)).await.is(201);
    admin.invite(&lab, "joan@acme.example", &[role]).await.is(201);
    accept(&sim, "ada@acme.example");
    sim.advance(Duration::from_secs(600));
    let now = sim.now();
    let before = shown(&admin).await;
    // Dropped: nothing is written any more, what was answered is there.
    drop(sim);

    let (sim, again, same_root) = world_with(kept(&path)).await;
    assert_eq!(same_root, root);
    assert_eq!(shown(&again).await, before);
    assert!(sim.now() >= now);
    assert_eq!(sim.mails().len(), 2);
    let old_token = Caller { url: again.url.clone(), ..admin };
    old_token.get("/accounts").await.is(200);
    add_member(&sim, "Lab", "grace@acme.example", &["Clerk"]);
    let before = shown(&again).await;
    sim.stop().await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 1);

    let (sim, again, _) = world_with(kept(&path)).await;
    assert_eq!(shown(&again).await, before);
    // New ids don't repeat old ones.
    let bench = again.child(&root, "Bench").await;
    assert_ne!(bench, lab);
    accept(&sim, "joan@acme.example");
}

#[tokio::test]
async fn a_deleted_thing_stays_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let (sim, admin, root) = world_with(kept(&path)).await;
    let lab = admin.child(&root, "Lab").await;
    add_member(&sim, "Lab", "ada@acme.example", &["Admin"]);
    let invite = admin.invite(&root, "joan@acme.example", &[]).await.location.unwrap();
    admin.delete(&invite).await.is(204);
    admin.delete(&format!("/accounts/{lab}")).await.is(204);
    drop(sim);
    let (sim, admin, root) = world_with(kept(&path)).await;
    assert_eq!(admin.count("/accounts").await, 1);
    assert_eq!(admin.count(&format!("/accounts/{root}/invites")).await, 0);
    assert!(sim.act(Act::SignIn { email: "ada@acme.example".into() }).is_ok());
}

#[tokio::test]
async fn a_file_that_is_no_state_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    std::fs::write(&path, "my notes\n").unwrap();
    let error = pureport::start(kept(&path)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("line 1"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "my notes\n");
}

#[tokio::test]
async fn a_stopped_simulator_answers_no_more() {
    let (sim, admin, _) = world_with(Options::default()).await;
    let url = sim.url();
    sim.stop().await;
    let refused = admin.send(reqwest::Method::GET, "/accounts", None).await;
    assert!(refused.is_err(), "{url} still answers");
}

#[tokio::test]
async fn hundreds_of_writes_are_all_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let (sim, admin, root) = world_with(kept(&path)).await;
    let mut accounts = Vec::new();
    for n in 0..60 {
        accounts.push(admin.child(&root, &format!("Team {n}")).await);
    }
    let role = admin.role(&root, "Operator", json!({})).await;
    for (n, account) in accounts.iter().cycle().take(600).enumerate() {
        let email = format!("p{}@acme.example", n % 151);
        admin.invite(account, &email, std::slice::from_ref(&role)).await.is(201);
        if n < 151 {
            accept(&sim, &email);
        }
    }
    drop(sim);
    let (sim, admin, _) = world_with(kept(&path)).await;
    assert_eq!(admin.count("/accounts").await, 61);
    assert_eq!(sim.stats().mails, 600);
    let mut members = 0;
    for account in &accounts {
        members += admin.count(&format!("/accounts/{account}/members")).await;
    }
    assert_eq!(members, 600);
}
