//! Invites (contract, section 6).

use orgform_sim::packetfabric::Act;
use serde_json::json;

use crate::client::{Caller, ada, switched, world};

fn person() -> serde_json::Value {
    json!({ "first_name": "Joan", "last_name": "Clarke", "phone": "+1 206 555 0101", "password": "bletchley",
        "timezone": "UTC" })
}

#[tokio::test]
async fn an_invite_waits_until_its_person_signs_up_through_the_link() {
    let (sim, admin) = world().await;
    let sent =
        admin.post("/v2/team-invites", json!([{ "email": "joan@acme.example", "group": "sales" }])).await;
    let sent = sent.is(201);
    assert_eq!(sent[0]["email_sent"], true);
    let uuid = sent[0]["uuid"].as_str().unwrap();
    assert!(sim.secrets().contains(&uuid.to_owned()));
    assert_eq!(admin.flags("joan@acme.example").await, [(false, false)]);
    let joan = Caller::nobody(&sim);
    let seen = joan.get(&format!("/v2/team-invites/{uuid}")).await.is(201);
    assert_eq!(seen[0]["group"], "sales");
    let user = joan.post(&format!("/v2/team-invites/{uuid}/user"), person()).await.is(201);
    assert_eq!((&user["login"], &user["group"]), (&json!("joan@acme.example"), &json!("sales")));
    assert_eq!(admin.flags("joan@acme.example").await, [(true, true)]);
    joan.post(&format!("/v2/team-invites/{uuid}/user"), person()).await.is(400);
    assert_eq!(sim.stats().mails, 1);
}

#[tokio::test]
async fn several_invites_of_an_email_keep_flags_of_their_own() {
    let (sim, admin) = world().await;
    let both = json!([{ "email": "joan@acme.example", "group": "admin" },
        { "email": "joan@acme.example", "group": "read-only" }]);
    admin.post("/v2/team-invites", both).await.is(201);
    sim.act(Act::Accept { email: "joan@acme.example".to_owned(), group: Some("read-only".to_owned()) })
        .unwrap();
    assert_eq!(admin.flags("joan@acme.example").await, [(false, true), (true, true)]);
    assert_eq!(admin.get("/v2/users/joan%40acme.example").await.is(200)["group"], "read-only");
}

#[tokio::test]
async fn a_direct_creation_supersedes_an_invite() {
    let (_sim, admin) = world().await;
    admin.post("/v2/team-invites", json!([{ "email": "ada@acme.example", "group": "admin" }])).await.is(201);
    admin.post("/v2/users", ada()).await.is(201);
    assert_eq!(admin.flags("ada@acme.example").await, [(false, true)]);
}

#[tokio::test]
async fn a_wrong_item_refuses_the_whole_array_with_its_index() {
    let (sim, admin) = world().await;
    let body = json!([{ "email": "joan@acme.example", "group": "admin" },
        { "email": "tim@acme.example", "group": "boss" }]);
    admin.post("/v2/team-invites", body).await.fails(400, "1.group");
    admin.post("/v2/team-invites", json!({ "email": "joan@acme.example", "group": "admin" })).await.is(400);
    assert_eq!(sim.stats().mails, 0);
}

#[tokio::test]
async fn a_mail_that_can_not_be_sent_is_told_by_item_or_by_refusal() {
    for (switch, mails, invites) in [("undeliverable=item", 1, 1), ("undeliverable=whole", 0, 0)] {
        let (sim, admin) = switched(switch).await;
        sim.act(Act::BreakMail { email: "tim@acme.example".to_owned() }).unwrap();
        let body = json!([{ "email": "joan@acme.example", "group": "admin" },
            { "email": "tim@acme.example", "group": "admin" }]);
        let answer = admin.post("/v2/team-invites", body).await;
        if mails == 1 {
            assert_eq!(answer.is(201)[1]["email_sent"], false);
        } else {
            answer.fails(400, "1.email");
        }
        assert_eq!(sim.stats().mails, mails);
        assert_eq!(admin.flags("joan@acme.example").await.len(), invites);
    }
}

#[tokio::test]
async fn inviting_a_live_or_a_deleted_user_is_as_the_switches_say() {
    let one = json!([{ "email": "ada@acme.example", "group": "admin" }]);
    let (_sim, admin) = world().await;
    admin.post("/v2/users", ada()).await.is(201);
    admin.post("/v2/team-invites", one.clone()).await.fails(400, "0.email");
    admin.delete("/v2/users/ada%40acme.example").await.is(200);
    admin.post("/v2/team-invites", one.clone()).await.fails(400, "was deleted");

    let (sim, admin) = switched("live-invite=accepted,deleted-invite=stuck").await;
    admin.post("/v2/users", ada()).await.is(201);
    admin.post("/v2/team-invites", one.clone()).await.is(201);
    assert_eq!(admin.flags("ada@acme.example").await, [(false, true)]);
    admin.delete("/v2/users/ada%40acme.example").await.is(200);
    admin.post("/v2/team-invites", one).await.is(201);
    sim.act(Act::Accept { email: "ada@acme.example".to_owned(), group: None }).unwrap_err();
}

#[tokio::test]
async fn a_resend_mails_again_and_there_is_no_way_to_withdraw() {
    let (sim, admin) = world().await;
    let sent =
        admin.post("/v2/team-invites", json!([{ "email": "joan@acme.example", "group": "admin" }])).await;
    let uuid = sent.is(201)[0]["uuid"].as_str().unwrap().to_owned();
    admin.post(&format!("/v2/team-invites/{uuid}/resend"), json!({})).await.is(200);
    assert_eq!(sim.stats().mails_by_kind["resend"], 1);
    admin.delete(&format!("/v2/team-invites/{uuid}")).await.is(405);
}

#[tokio::test]
async fn times_come_in_three_forms() {
    let (sim, admin) = world().await;
    admin.post("/v2/team-invites", json!([{ "email": "joan@acme.example", "group": "admin" }])).await.is(201);
    sim.act(Act::Accept { email: "joan@acme.example".to_owned(), group: None }).unwrap();
    let invites = admin.get("/v2/team-invites").await.is(201);
    let text = |name: &str| invites[0][name].as_str().unwrap().to_owned();
    assert!(text("time_created").ends_with('Z'));
    assert!(!text("time_updated").ends_with('Z') && text("time_updated").contains('.'));
    assert!(text("user_time_created").ends_with("+0000"));
}
