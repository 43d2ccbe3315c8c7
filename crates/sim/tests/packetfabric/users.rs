//! Users and groups (contract, sections 4 and 5).

use orgform_sim::packetfabric::{Act, Sim};
use serde_json::json;

use crate::client::{Caller, ada, switched, world};

#[tokio::test]
async fn a_user_is_made_without_a_mail_read_back_and_changed_by_a_merge() {
    let (sim, admin) = world().await;
    let made = admin.post("/v2/users", ada()).await.is(201);
    assert_eq!((&made["group"], &made["phone"]), (&json!("regular"), &json!("+44 20 7946 0000 x12")));
    assert!(made.get("password").is_none() && made.get("disabled").is_none(), "{made}");
    let uuid = made["uuid"].as_str().unwrap();
    assert_eq!(admin.get(&format!("/v2/users/{uuid}")).await.is(200), made);
    assert_eq!(admin.get("/v2/users/ADA%40acme.example").await.is(200), made);
    let changed = admin.patch("/v2/users/ada%40acme.example", json!({ "group": "support" })).await.is(200);
    assert_eq!((&changed["group"], &changed["first_name"]), (&json!("support"), &json!("Ada")));
    assert_eq!(sim.stats().mails, 0);
}

#[tokio::test]
async fn only_admins_change_users() {
    let (sim, _) = world().await;
    let reader = Caller::with(&sim, Sim::reader_key());
    reader.get("/v2/users").await.is(201);
    reader.post("/v2/users", ada()).await.is(403);
    reader.patch("/v2/users/founder%40acme.example", json!({ "group": "regular" })).await.is(403);
    reader.delete("/v2/users/founder%40acme.example").await.is(403);
}

#[tokio::test]
async fn an_encoded_login_names_exactly_one_user() {
    let (_sim, admin) = world().await;
    for login in ["ada", "ada#2", "a/b", "a%2f"] {
        let mut body = ada();
        body["login"] = login.into();
        body["email"] = format!("{}@acme.example", login.replace(['#', '/', '%'], "-")).into();
        admin.post("/v2/users", body).await.is(201);
    }
    for (path, login) in [("ada", "ada"), ("ada%232", "ada#2"), ("a%2Fb", "a/b"), ("a%252f", "a%2f")] {
        assert_eq!(admin.get(&format!("/v2/users/{path}")).await.is(200)["login"], login);
    }
    admin.get("/v2/users/a/b").await.is(404);
}

#[tokio::test]
async fn an_email_changes_only_with_the_users_own_password() {
    let (_sim, admin) = world().await;
    admin.post("/v2/users", ada()).await.is(201);
    let path = "/v2/users/ada%40acme.example";
    admin.patch(path, json!({ "email": "al@acme.example" })).await.fails(400, "password");
    let body = json!({ "email": "al@acme.example", "password": "correct horse" });
    assert_eq!(admin.patch(path, body).await.is(200)["email"], "al@acme.example");
}

#[tokio::test]
async fn who_is_disabled_can_not_log_in_and_nobody_can_read_that() {
    let (sim, admin) = world().await;
    let mut body = ada();
    body["group"] = "admin".into();
    admin.post("/v2/users", body).await.is(201);
    let token = sim.act(Act::SignIn { email: "ada@acme.example".to_owned() }).unwrap().token.unwrap();
    let ada = Caller::with(&sim, &token);
    ada.get("/v2/users").await.is(201);
    let answer = admin.patch("/v2/users/ada%40acme.example", json!({ "disabled": true })).await.is(200);
    assert!(answer.get("disabled").is_none());
    ada.get("/v2/users").await.is(401);
}

#[tokio::test]
async fn who_was_deleted_never_comes_back() {
    for (switches, readable, again) in [("", 404, 400), ("deleted-user=readable,recreate=409", 200, 409)] {
        let (_sim, admin) = switched(switches).await;
        let made = admin.post("/v2/users", ada()).await.is(201);
        admin.delete("/v2/users/ada%40acme.example").await.is(200);
        let uuid = made["uuid"].as_str().unwrap();
        assert_eq!(admin.get("/v2/users?q=ada").await.is(201), json!([]));
        admin.get(&format!("/v2/users/{uuid}")).await.is(readable);
        admin.get("/v2/users/ada%40acme.example").await.fails(404, "/v2/users/ada%40acme.example");
        admin.post("/v2/users", ada()).await.fails(again, "was deleted");
    }
}

#[tokio::test]
async fn the_last_admin_and_ones_own_right_stay() {
    let (sim, admin) = world().await;
    let founder = "/v2/users/founder%40acme.example";
    admin.patch(founder, json!({ "group": "regular" })).await.fails(400, "your own admin right");
    sim.act(Act::SetGroup { email: "founder@acme.example".to_owned(), group: "regular".to_owned() })
        .unwrap_err();
    let (_sim, admin) = switched("last-admin=unprotected").await;
    admin.patch(founder, json!({ "group": "regular" })).await.is(200);
}

#[tokio::test]
async fn of_several_legacy_groups_the_lowest_counts_and_an_edit_leaves_one() {
    let (sim, admin) = world().await;
    admin.post("/v2/users", ada()).await.is(201);
    let groups = vec!["admin".to_owned(), "read-only".to_owned()];
    sim.act(Act::SetLegacyGroups { email: "ada@acme.example".to_owned(), groups }).unwrap();
    let token = sim.act(Act::SignIn { email: "ada@acme.example".to_owned() }).unwrap().token.unwrap();
    Caller::with(&sim, &token).post("/v2/users", ada()).await.is(403);
    assert_eq!(admin.get("/v2/users/ada%40acme.example/groups").await.is(200), json!(["admin", "read-only"]));
    let edited = admin.patch("/v2/users/ada%40acme.example", json!({ "first_name": "A." })).await.is(200);
    assert_eq!(edited["groups"], json!(["read-only"]));
    admin.delete("/v2/users/ada%40acme.example/groups/read-only").await.fails(400, "last group");
}

#[tokio::test]
async fn the_activity_log_tells_who_did_what() {
    let (_sim, admin) = world().await;
    admin.post("/v2/users", ada()).await.is(201);
    admin.delete("/v2/users/ada%40acme.example").await.is(200);
    let page = admin.get("/v2/activity-logs?category=user&sort_order=asc").await.is(200);
    let told: Vec<_> =
        page.as_array().unwrap().iter().map(|entry| (&entry["user"], &entry["event"])).collect();
    let founder = &json!("founder@acme.example");
    assert_eq!(told, [(founder, &json!("user.create")), (founder, &json!("user.delete"))]);
    let second = admin.get("/v2/activity-logs?category=user&offset=1&page_size=1").await.is(200);
    assert_eq!(second[0]["event"], "user.create");
}
