//! API keys and contacts (contract, sections 8 and 9).

use std::time::Duration;

use orgform_sim::packetfabric::Sim;
use serde_json::json;

use crate::client::{Caller, world};

#[tokio::test]
async fn a_keys_token_is_shown_once_and_ends_when_it_expires() {
    let (sim, admin) = world().await;
    let made = admin.post("/v2/api-keys", json!({ "name": "ci", "expiration": 3600 })).await.is(201);
    let token = made["token"].as_str().unwrap();
    let ci = Caller::with(&sim, token);
    ci.get("/v2/users").await.is(201);
    let listed = admin.get("/v2/api-keys").await.is(200);
    assert!(listed.as_array().unwrap().iter().all(|key| key.get("token").is_none()));
    assert_eq!(listed.as_array().unwrap().iter().filter(|key| key["expiration"].is_string()).count(), 1);
    sim.advance(Duration::from_secs(3601));
    ci.get("/v2/users").await.is(401);
    admin.delete(&format!("/v2/api-keys/{}", made["uuid"].as_str().unwrap())).await.is(200);
    Caller::with(&sim, Sim::reader_key()).post("/v2/api-keys", json!({ "name": "x" })).await.is(403);
}

#[tokio::test]
async fn a_contact_needs_what_it_is_for() {
    let (_sim, admin) = world().await;
    let mut contact = json!({ "email": "noc@acme.example", "phone": "+1 206 555 0102", "admin": false,
        "billing": false, "tech": true });
    admin.post("/v2/contacts", contact.clone()).await.fails(400, "first_name");
    contact["first_name"] = "Night".into();
    contact["last_name"] = "Watch".into();
    let made = admin.post("/v2/contacts", contact).await.is(201);
    let path = format!("/v2/contacts/{}", made["contact_uuid"].as_str().unwrap());
    admin.patch(&path, json!({ "billing": true })).await.fails(400, "address_1");
    admin.delete(&path).await.is(200);
    admin.get(&path).await.is(404);
}
