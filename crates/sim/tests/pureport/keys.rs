//! API keys (section 9).

use orgform_sim::pureport::Sim;
use serde_json::json;

use crate::client::{Caller, account, world};

#[tokio::test]
async fn a_new_key_shows_its_secret_once_and_works_below_its_account() {
    let (sim, admin, root) = world().await;
    let (lab, other) = (admin.child(&root, "Lab").await, admin.child(&root, "Other").await);
    let bench = admin.child(&lab, "Bench").await;
    let role = admin.role(&lab, "Viewer", json!({ "accounts": { "read": true } })).await;
    let body = json!({ "name": "ci", "roles": [role] });
    let created = admin.post(&format!("/accounts/{lab}/apikeys"), body.clone()).await;
    let shown = created.is(201);
    let path = created.location.unwrap();
    assert_eq!(admin.get(&path).await.is(200).get("secret"), None);
    assert_eq!(admin.get(&format!("/accounts/{lab}/apikeys")).await.is(200)[0].get("secret"), None);

    let pair = (shown["key"].as_str().unwrap(), shown["secret"].as_str().unwrap());
    let ci = Caller::key(&sim.url(), pair).await;
    assert_eq!(ci.count("/accounts").await, 2);
    ci.get(&format!("/accounts/{bench}")).await.is(200);
    ci.get(&format!("/accounts/{other}")).await.fails(403, "FORBIDDEN");

    let mut changed = admin.get(&path).await.is(200);
    changed["description"] = json!("for builds");
    changed["account"] = account(&lab);
    assert_eq!(admin.put(&path, changed).await.is(200)["description"], "for builds");
    admin.delete(&path).await.is(204);
    ci.get("/accounts").await.fails(401, "UNAUTHORIZED");
    let again = json!({ "key": pair.0, "secret": pair.1 });
    admin.post("/login", again).await.fails(401, "API_KEY_NOT_FOUND");
}

#[tokio::test]
async fn a_key_needs_a_name_and_between_one_and_a_hundred_different_roles() {
    let (_sim, admin, root) = world().await;
    let path = format!("/accounts/{root}/apikeys");
    let role = admin.role(&root, "Viewer", json!({})).await;
    for body in [
        json!({ "roles": [role] }),
        json!({ "name": "", "roles": [role] }),
        json!({ "name": "n".repeat(256), "roles": [role] }),
        json!({ "name": "ci" }),
        json!({ "name": "ci", "roles": [] }),
        json!({ "name": "ci", "roles": [role, role] }),
        json!({ "name": "ci", "description": "d".repeat(1025), "roles": [role] }),
    ] {
        admin.post(&path, body).await.fails(422, "VALIDATION_ERROR");
    }
    assert_eq!(admin.count(&path).await, 2);
    admin.get(&format!("{path}/none")).await.fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_reading_key_reads_keys_and_makes_none() {
    let (sim, admin, root) = world().await;
    let reader = Caller::key(&sim.url(), Sim::reader_key()).await;
    let path = format!("/accounts/{root}/apikeys");
    assert_eq!(reader.count(&path).await, 2);
    let role = admin.admin_role(&root).await;
    reader.post(&path, json!({ "name": "more", "roles": [role] })).await.fails(403, "FORBIDDEN");
}
