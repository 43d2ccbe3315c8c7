//! What the API doesn't describe is refused, and the world outlives the process.

use orgform_sim::packetfabric::{self, Options, Sim};
use serde_json::json;

use crate::client::{Caller, ada, world};

#[tokio::test]
async fn unknown_fields_wrong_types_and_wrong_values_are_refused() {
    let (_sim, admin) = world().await;
    let with = |name: &str, value: serde_json::Value| {
        let mut body = ada();
        body[name] = value;
        body
    };
    admin.post("/v2/users", with("nickname", json!("a"))).await.fails(400, "nickname");
    admin.post("/v2/users", with("group", json!("boss"))).await.fails(400, "group");
    admin.post("/v2/users", with("phone", json!("call me"))).await.fails(400, "phone");
    admin.post("/v2/users", with("timezone", json!("Mars/Olympus"))).await.fails(400, "timezone");
    admin.post("/v2/users", with("password", json!("short"))).await.fails(400, "password");
    admin
        .post("/v2/users", with("login", json!("0b5e1a3c-58d4-4f5e-a0c1-1f2e3d4c5b6a")))
        .await
        .fails(400, "uuid");
    admin.get("/v2/users?page=2").await.fails(400, "page");
    admin.get("/v2/nowhere").await.fails(404, "/v2/nowhere");
}

#[tokio::test]
async fn the_customer_is_changed_but_never_made() {
    let (_sim, admin) = world().await;
    let renamed =
        admin.patch("/v2/customers/current", json!({ "name": "Acme Networks", "notes": "x" })).await;
    let renamed = renamed.is(200);
    assert_eq!(renamed["name"], "Acme Networks");
    assert!(renamed.get("notes").is_none());
    admin.post("/v2/customers", json!({ "name": "Other" })).await.is(405);
}

#[tokio::test]
async fn the_world_is_there_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { state_file: Some(folder.path().join("world.json")), ..Options::default() };
    let sim = packetfabric::start(options()).await.unwrap();
    let admin = Caller::with(&sim, Sim::admin_key());
    admin.post("/v2/users", ada()).await.is(201);
    admin.post("/v2/team-invites", json!([{ "email": "joan@acme.example", "group": "admin" }])).await.is(201);
    let before = admin.get("/v2/users").await.is(201);
    drop(sim);
    let sim = packetfabric::start(options()).await.unwrap();
    let admin = Caller::with(&sim, Sim::admin_key());
    assert_eq!(admin.get("/v2/users").await.is(201), before);
    assert_eq!(admin.flags("joan@acme.example").await, [(false, false)]);
    assert_eq!(sim.stats().mails, 1);
}
