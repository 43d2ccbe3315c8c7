//! Members (section 7).

use orgform_sim::pureport::{Act, ActError};
use serde_json::json;

use crate::client::{account, add_member, switched, user, world};

#[tokio::test]
async fn an_existing_user_is_added_given_other_roles_and_removed_here_only() {
    let (sim, admin, root) = world().await;
    let (finance, lab) = (admin.child(&root, "Finance").await, admin.child(&root, "Lab").await);
    let (reader, writer) = (admin.role(&root, "R", json!({})).await, admin.role(&root, "W", json!({})).await);
    let ada = sim.act(Act::CreateUser { email: "ada@acme.example".into() }).unwrap().id.unwrap();
    for place in [&finance, &lab] {
        let body = json!({ "account": account(place), "user": user(&ada), "roles": [reader, reader] });
        let added = admin.post(&format!("/accounts/{place}/members"), body.clone()).await;
        assert_eq!(added.location, Some(format!("/accounts/{place}/members/{ada}")));
        let added = added.is(201);
        assert_eq!(added["roles"].as_array().unwrap().len(), 1);
        assert_eq!(added["user"]["title"], "Ada User");
        assert_eq!(added.get("email"), None);
        admin
            .post(&format!("/accounts/{place}/members"), body)
            .await
            .fails(409, "ACCOUNT_MEMBER_ALREADY_EXISTS");
    }
    let path = format!("/accounts/{finance}/members/{ada}");
    let body = json!({ "account": account(&finance), "user": user(&ada), "roles": [reader, writer] });
    assert_eq!(admin.put(&path, body).await.is(200)["roles"].as_array().unwrap().len(), 2);
    admin.delete(&path).await.is(204);
    admin.get(&path).await.fails(404, "NOT_FOUND");
    admin.delete(&path).await.fails(404, "NOT_FOUND");
    assert_eq!(admin.count(&format!("/accounts/{lab}/members")).await, 1);
    assert_eq!(sim.mails().len(), 0);
}

#[tokio::test]
async fn links_that_lead_elsewhere_are_refused() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let ada = sim.act(Act::CreateUser { email: "ada@acme.example".into() }).unwrap().id.unwrap();
    let path = format!("/accounts/{lab}/members");
    let none = json!([]);
    for (body, what) in [
        (json!({ "account": account(&root), "user": user(&ada), "roles": none }), "another account"),
        (json!({ "account": account(&lab), "user": user("user-none"), "roles": none }), "an unknown user"),
        (
            json!({ "account": account(&lab), "user": account(&ada), "roles": none }),
            "a user by an account's path",
        ),
        (
            json!({ "account": account(&lab), "user": user(&ada), "roles": [user(&ada)] }),
            "a role by a user's path",
        ),
        (
            json!({ "account": account(&lab), "user": { "href": format!("/users/{ada}"), "id": "user-x" }, "roles": none }),
            "an id that is not the href's",
        ),
    ] {
        let answer = admin.post(&path, body).await;
        assert_eq!(answer.status, 422, "{what}");
        answer.fails(422, "INVALID_LINK");
    }
    add_member(&sim, "Lab", "ada@acme.example", &[]);
    let other = json!({ "account": account(&lab), "user": user("user-x"), "roles": none });
    admin.put(&format!("{path}/{ada}"), other).await.fails(422, "INVALID_LINK");
}

#[tokio::test]
async fn the_last_admin_stays() {
    let (sim, admin, root) = world().await;
    let members = format!("/accounts/{root}/members");
    let founder = admin.get(&members).await.is(200)[0]["user"]["id"].as_str().unwrap().to_owned();
    let path = format!("{members}/{founder}");
    let without = json!({ "account": account(&root), "user": user(&founder), "roles": [] });
    admin.delete(&path).await.fails(409, "ADMIN_ACCESS_MUST_EXIST");
    admin.put(&path, without.clone()).await.fails(409, "ADMIN_ACCESS_MUST_EXIST");

    // An API key, a pending invite and an admin of a child don't count.
    let boss = admin.admin_role(&root).await;
    admin.invite(&root, "joan@acme.example", &[boss]).await.is(201);
    admin.child(&root, "Lab").await;
    add_member(&sim, "Lab", "tim@acme.example", &["Admin"]);
    admin.delete(&path).await.fails(409, "ADMIN_ACCESS_MUST_EXIST");
    let by_hand = sim.act(Act::RemoveMember { account: "Acme".into(), email: sim.founder() });
    assert!(matches!(by_hand, Err(ActError::Refused { code, .. }) if code == "ADMIN_ACCESS_MUST_EXIST"));

    sim.act(Act::Accept { email: "joan@acme.example".into(), account: None }).unwrap();
    admin.put(&path, without).await.is(200);
    admin.delete(&path).await.is(204);
}

#[tokio::test]
async fn an_inherited_admin_is_enough_for_a_child() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let ada = add_member(&sim, "Lab", "ada@acme.example", &["Admin"]);
    admin.delete(&format!("/accounts/{lab}/members/{ada}")).await.is(204);
}

#[tokio::test]
async fn inherited_access_shows_as_membership_only_if_switched() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let ada = add_member(&sim, "Acme", "ada@acme.example", &["Read only"]);
    let list = format!("/accounts/{lab}/members");
    assert_eq!(admin.count(&list).await, 0);
    admin.get(&format!("{list}/{ada}")).await.fails(404, "NOT_FOUND");
    sim.set_switches("inherited-membership=shown".parse().unwrap());
    assert_eq!(admin.count(&list).await, 2);
    let shown = admin.get(&format!("{list}/{ada}")).await.is(200);
    assert_eq!(shown["account"]["id"], lab.as_str());
    assert_eq!(shown["roles"][0]["title"], "Read only");
    admin.delete(&format!("{list}/{ada}")).await.fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_link_title_follows_a_rename() {
    let (sim, admin, root) = world().await;
    sim.act(Act::RenameAccount { account: "Acme".into(), name: "Acme Holding".into() }).unwrap();
    let _ = sim
        .act(Act::RenameRole {
            account: "Acme Holding".into(),
            role: "Read only".into(),
            name: "Seer".into(),
        })
        .unwrap();
    add_member(&sim, "Acme Holding", "ada@acme.example", &["Seer"]);
    let members = admin.get(&format!("/accounts/{root}/members")).await.is(200);
    let titles: Vec<_> =
        members.as_array().unwrap().iter().map(|member| &member["roles"][0]["title"]).collect();
    assert!(titles.contains(&&json!("Seer")), "{titles:?}");
    assert_eq!(members[0]["account"]["title"], "Acme Holding");
}

#[tokio::test]
async fn a_new_item_may_be_missing_from_its_list_for_some_reads_or_seconds() {
    let (sim, admin, root) = switched("list-lag=reads:2").await;
    let lab = admin.child(&root, "Lab").await;
    assert_eq!(
        [admin.count("/accounts").await, admin.count("/accounts").await, admin.count("/accounts").await],
        [1, 1, 2]
    );
    admin.get(&format!("/accounts/{lab}")).await.is(200);
    sim.set_switches("list-lag=seconds:30".parse().unwrap());
    admin.invite(&lab, "ada@acme.example", &[]).await.is(201);
    let list = format!("/accounts/{lab}/invites");
    assert_eq!(admin.count(&list).await, 0);
    sim.advance(std::time::Duration::from_secs(31));
    assert_eq!(admin.count(&list).await, 1);
}

#[tokio::test]
async fn creates_and_deletes_may_answer_200() {
    let (sim, admin, root) = switched("create-status=200,delete-status=200").await;
    let created = admin.invite(&root, "ada@acme.example", &[]).await;
    created.is(200);
    let gone = admin.delete(&created.location.unwrap()).await;
    assert_eq!((gone.status, gone.text.as_str()), (200, ""));
    sim.set_switches("create-status=201,delete-status=204".parse().unwrap());
    let created = admin.invite(&root, "ada@acme.example", &[]).await;
    created.is(201);
    admin.delete(&created.location.unwrap()).await.is(204);
}
