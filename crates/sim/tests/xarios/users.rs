//! Users of accounts (contract, section 6).

use orgform_sim::xarios::Act;
use orgform_sim::{Effect, Fault};
use serde_json::json;

use crate::client::{switched, world};

#[tokio::test]
async fn a_new_user_gets_the_implied_role_and_one_mail_and_lists_lack_roles() {
    let (sim, admin, account) = world().await;
    let ada = admin.add(&account, "ada@acme.example", &["user.admin"]).await;
    let path = format!("/accounts/{account}/users/{ada}");
    assert_eq!(admin.get(&path).await.data(200)["roles"], json!(["account.user", "user.admin"]));
    let listed = admin.get(&format!("/accounts/{account}/users")).await.data(200);
    assert!(listed[0].get("roles").is_none());
    assert_eq!(listed[0]["primaryTenant"], json!(account));
    assert_eq!(sim.stats().mails_by_kind["activation"], 1);
    let body = json!({ "email": "ADA@acme.example", "displayName": "Ada" });
    admin.post(&format!("/accounts/{account}/users"), body).await.fails(409, "already exists");
}

#[tokio::test]
async fn an_email_that_is_known_elsewhere_is_assigned_without_a_mail() {
    let (sim, admin, account) = world().await;
    sim.act(Act::CreateAccount { name: "North".to_owned(), reference: None, enabled: true }).unwrap();
    sim.act(Act::AddUser { tenant: "North".to_owned(), email: "ada@acme.example".to_owned(), roles: vec![] })
        .unwrap();
    let before = sim.stats().mails;
    let ada = admin.add(&account, "ada@acme.example", &[]).await;
    assert_eq!(sim.stats().mails, before);
    let path = format!("/accounts/{account}/users/{ada}");
    assert_ne!(admin.get(&path).await.data(200)["primaryTenant"], json!(account));
    let refused = admin.post(&format!("{path}/sendActivationEmail"), json!({})).await;
    assert_eq!(refused.is(400)["errorCode"], "TenantNotPrimary");

    let (sim, admin, account) = switched("known-email=refused").await;
    sim.act(Act::CreateAccount { name: "North".to_owned(), reference: None, enabled: true }).unwrap();
    sim.act(Act::AddUser { tenant: "North".to_owned(), email: "ada@acme.example".to_owned(), roles: vec![] })
        .unwrap();
    let body = json!({ "email": "ada@acme.example", "displayName": "Ada" });
    admin.post(&format!("/accounts/{account}/users"), body).await.is(409);
}

#[tokio::test]
async fn a_delete_through_the_primary_tenant_is_a_delete_everywhere() {
    let (sim, admin, account) = world().await;
    let north = sim
        .act(Act::CreateAccount { name: "North".to_owned(), reference: None, enabled: true })
        .unwrap()
        .id
        .unwrap();
    let ada = admin.add(&account, "ada@acme.example", &[]).await;
    admin.add(&north, "ada@acme.example", &[]).await;
    admin.delete(&format!("/accounts/{north}/users/{ada}")).await.is(200);
    admin.get(&format!("/accounts/{north}/users/{ada}")).await.is(404);
    admin.get(&format!("/accounts/{account}/users/{ada}")).await.is(200);
    admin.add(&north, "ada@acme.example", &[]).await;
    admin.delete(&format!("/accounts/{account}/users/{ada}")).await.is(200);
    admin.get(&format!("/accounts/{north}/users/{ada}")).await.is(404);
}

#[tokio::test]
async fn a_replace_loses_what_others_added_and_a_test_before_it_does_not() {
    let (sim, admin, account) = world().await;
    let ada = admin.add(&account, "ada@acme.example", &["user.admin"]).await;
    let path = format!("/accounts/{account}/users/{ada}");
    let someone = json!({ "act": "add_role", "tenant": account, "email": "ada@acme.example",
        "role": "branding.admin" });
    let meanwhile = || {
        let path = format!("/api/v1.0{path}");
        Fault::new(path, Effect::Meanwhile { act: someone.clone() }).method("PATCH").times(1)
    };
    sim.set_faults(vec![meanwhile()]);
    let tested = json!([
        { "op": "test", "path": "/roles", "value": ["account.user", "user.admin"] },
        { "op": "replace", "path": "/roles", "value": ["account.user"] },
    ]);
    admin.patch(&path, tested).await.fails(400, "is not equal to the test value");
    let read = admin.get(&path).await.data(200);
    assert_eq!(read["roles"], json!(["account.user", "user.admin", "branding.admin"]));
    admin.patch(&path, json!([{ "op": "add", "path": "/roles/-", "value": "customer.admin" }])).await.is(200);
    admin.patch(&path, json!([{ "op": "remove", "path": "/roles/2" }])).await.is(200);
    let read = admin.get(&path).await.data(200);
    assert_eq!(read["roles"], json!(["account.user", "user.admin", "customer.admin"]));
}

#[tokio::test]
async fn an_unknown_role_and_an_email_change_are_as_the_switches_say() {
    let (_sim, admin, account) = world().await;
    let ada = admin.add(&account, "ada@acme.example", &[]).await;
    let path = format!("/accounts/{account}/users/{ada}");
    let role = json!([{ "op": "add", "path": "/roles/-", "value": "boss" }]);
    admin.patch(&path, role.clone()).await.fails(400, "'boss'");
    let email = json!([{ "op": "replace", "path": "/email", "value": "al@acme.example" }]);
    admin.patch(&path, email.clone()).await.is(200);

    let (_sim, admin, account) = switched("unknown-role=kept,email-change=refused").await;
    let ada = admin.add(&account, "ada@acme.example", &[]).await;
    let path = format!("/accounts/{account}/users/{ada}");
    admin.patch(&path, role).await.is(200);
    admin.patch(&path, email).await.is(400);
}

#[tokio::test]
async fn in_a_disabled_account_the_mail_comes_at_once_or_waits() {
    for (switch, at_once) in [("create-mail=at-once", 1), ("create-mail=when-enabled", 0)] {
        let (sim, admin, _) = switched(switch).await;
        let north = sim
            .act(Act::CreateAccount { name: "North".to_owned(), reference: None, enabled: false })
            .unwrap()
            .id
            .unwrap();
        admin.add(&north, "ada@acme.example", &[]).await;
        assert_eq!(sim.stats().mails, at_once);
        sim.act(Act::SetEnabled { tenant: "North".to_owned(), enabled: true }).unwrap();
        assert_eq!(sim.stats().mails, at_once + 1);
        sim.act(Act::Activate { email: "ada@acme.example".to_owned() }).unwrap();
        assert_eq!(sim.activated(), ["ada@acme.example"]);
    }
}
