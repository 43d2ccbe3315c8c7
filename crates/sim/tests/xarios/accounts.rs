//! Reseller accounts (contract, section 5).

use orgform_sim::xarios::{self, Act, Options, Sim};
use serde_json::json;

use crate::client::{Caller, switched, world};

#[tokio::test]
async fn a_creation_answers_less_than_a_read() {
    let (_sim, admin, _) = world().await;
    let body =
        json!({ "name": "North", "reference": "n-1", "timezone": "Europe/London", "countryCode": "GB" });
    let made = admin.post("/accounts", body).await.data(201);
    assert!(made.get("reference").is_none());
    assert_eq!(made["enabled"], false);
    let read = admin.get(&format!("/accounts/{}", made["id"].as_str().unwrap())).await.data(200);
    assert_eq!(read["reference"], "n-1");
    assert!(read.get("timezone").is_none());
    assert!(!read["dateCreated"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn enabling_an_account_mails_everyone_in_it() {
    let (sim, admin, _) = world().await;
    let north = sim
        .act(Act::CreateAccount { name: "North".to_owned(), reference: None, enabled: false })
        .unwrap()
        .id
        .unwrap();
    admin.add(&north, "ada@acme.example", &[]).await;
    admin.add(&north, "ken@acme.example", &[]).await;
    let before = sim.stats().mails;
    let enable = json!([{ "op": "replace", "path": "/enabled", "value": true }]);
    let answer = admin.patch(&format!("/accounts/{north}"), enable.clone()).await.is(200);
    assert!(answer.get("data").is_none());
    assert_eq!(sim.stats().mails - before, 2);
    admin.patch(&format!("/accounts/{north}"), enable).await.is(200);
    assert_eq!(sim.stats().mails - before, 2);
}

#[tokio::test]
async fn a_deleted_account_is_flagged_and_its_reference_is_free_again() {
    let (sim, admin, account) = world().await;
    admin.delete(&format!("/accounts/{account}")).await.is(200);
    let flagged = admin.get(&format!("/accounts/{account}")).await.data(200);
    assert!(flagged["dateDeleted"].is_string());
    assert_eq!(flagged["enabled"], false);
    let again = admin.post("/accounts", json!({ "name": "Acme", "reference": "acme" })).await.data(201);
    assert_ne!(again["id"], json!(account));
    sim.act(Act::Purge).unwrap();
    admin.get(&format!("/accounts/{account}")).await.fails(404, "Not Found");

    let (_sim, admin, account) = switched("deleted-account=hidden").await;
    admin.delete(&format!("/accounts/{account}")).await.is(200);
    assert_eq!(admin.get("/accounts").await.data(200), json!([]));

    let (_sim, admin, account) = switched("date-deleted=boolean").await;
    admin.delete(&format!("/accounts/{account}")).await.is(200);
    assert_eq!(admin.get("/accounts").await.data(200)[0]["dateDeleted"], true);
}

#[tokio::test]
async fn a_list_has_pages_and_no_count_of_all() {
    let (sim, admin, _) = switched("largest-page=2,page-size=text").await;
    for name in ["North", "South"] {
        sim.act(Act::CreateAccount { name: name.to_owned(), reference: None, enabled: true }).unwrap();
    }
    let first = admin.get("/accounts?pageIndex=0&pageSize=2").await.is(200);
    assert_eq!((first["data"].as_array().unwrap().len(), &first["page_size"]), (2, &json!("2")));
    let second = admin.get("/accounts?pageIndex=1&pageSize=2").await.is(200);
    assert_eq!(second["data"][0]["name"], "South");
    admin.get("/accounts?pageSize=3").await.fails(400, "The value '3' is not valid.");
}

#[tokio::test]
async fn the_wrong_id_the_wrong_property_and_the_bare_envelope() {
    let (_sim, admin, account) = world().await;
    admin.get("/accounts/7").await.fails(400, "The value '7' is not valid.");
    let patch = json!([{ "op": "replace", "path": "/colour", "value": "red" }]);
    admin.patch(&format!("/accounts/{account}"), patch).await.fails(400, "path segment 'colour'");
    let (_sim, admin, account) = switched("envelope=bare").await;
    let read = admin.get(&format!("/accounts/{account}")).await.is(200);
    assert_eq!(read.as_object().unwrap().keys().collect::<Vec<_>>(), ["data"]);
}

#[tokio::test]
async fn charges_are_accepted_by_a_header_only() {
    let (_sim, admin, account) = switched("charges=required").await;
    let body = json!({ "email": "ada@acme.example", "displayName": "Ada" });
    admin.post(&format!("/accounts/{account}/users"), body).await.fails(400, "accept-charges");
}

#[tokio::test]
async fn the_world_is_there_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { state_file: Some(folder.path().join("world.json")), ..Options::default() };
    let sim = xarios::start(options()).await.unwrap();
    let admin = Caller::approved(&sim, Sim::admin()).await;
    let account = sim.first_account();
    let ada = admin.add(&account, "ada@acme.example", &["user.admin"]).await;
    drop(sim);
    let sim = xarios::start(options()).await.unwrap();
    let reader = Caller::approved(&sim, Sim::reader()).await;
    let read = reader.get(&format!("/accounts/{account}/users/{ada}")).await.data(200);
    assert_eq!(read["roles"], json!(["account.user", "user.admin"]));
    assert_eq!(sim.stats().mails, 1);
}
