//! Accounts, consent, permissions (section 5).

use orgform_sim::pureport::{Act, Sim};
use serde_json::{Value, json};

use crate::client::{Caller, account, add_member, switched, world};

#[tokio::test]
async fn a_fresh_world_has_one_account_with_consent_and_a_founder() {
    let (sim, admin, root) = world().await;
    let accounts = admin.get("/accounts").await.is(200);
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    assert_eq!(accounts[0]["name"], "Acme");
    assert_eq!(accounts[0].get("parent"), None);
    assert_eq!(accounts[0]["hasChildren"], false);
    let members = admin.get(&format!("/accounts/{root}/members")).await.is(200);
    let user = members[0]["user"]["id"].as_str().unwrap();
    assert_eq!(admin.get(&format!("/users/{user}")).await.is(200)["email"], "founder@acme.example");
    assert_eq!(sim.founder(), "founder@acme.example");
    let consent = admin.get(&format!("/accounts/{root}/consent")).await.is(200);
    assert_eq!(consent["userId"], user);
}

#[tokio::test]
async fn a_child_is_created_read_replaced_and_deleted() {
    let (_sim, admin, root) = world().await;
    let body = json!({
        "name": "Finance",
        "description": "Money",
        "parent": { "href": format!("/accounts/{root}"), "id": root, "title": "an old title" },
        "tags": { "team": "finance" },
        "technicalContactEmails": ["netops@acme.example"],
    });
    let created = admin.post("/accounts", body).await;
    let id = created.created();
    assert!(id.starts_with("ac-") && id.len() == 25, "{id}");
    assert_eq!(created.location, Some(format!("/accounts/{id}")));
    let mut shown = created.is(201);
    assert_eq!(shown["parent"]["title"], "Acme");
    assert_eq!(admin.get(&format!("/accounts/{root}")).await.is(200)["hasChildren"], true);

    shown["name"] = json!("Finance and law");
    let path = format!("/accounts/{id}");
    assert_eq!(admin.put(&path, shown.clone()).await.is(200), shown);
    assert_eq!(admin.get(&path).await.is(200), shown);

    let gone = admin.delete(&path).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    admin.get(&path).await.fails(404, "NOT_FOUND");
    assert_eq!(admin.get(&format!("/accounts/{root}")).await.is(200)["hasChildren"], false);
}

#[tokio::test]
async fn a_put_clears_what_it_leaves_out_unless_switched_to_keep_it() {
    let (sim, admin, root) = world().await;
    let body =
        json!({ "name": "Lab", "description": "Trials", "tags": { "a": "b" }, "parent": account(&root) });
    let path = format!("/accounts/{}", admin.post("/accounts", body).await.created());
    sim.set_switches("put-omitted=kept".parse().unwrap());
    let kept = admin.put(&path, json!({ "name": "Lab" })).await.is(200);
    assert_eq!((&kept["description"], &kept["tags"]), (&json!("Trials"), &json!({ "a": "b" })));
    sim.set_switches("put-omitted=cleared".parse().unwrap());
    let cleared = admin.put(&path, json!({ "name": "Lab" })).await.is(200);
    assert_eq!((cleared.get("description"), cleared.get("tags")), (None, None));
    assert_eq!(cleared["parent"]["id"], root.as_str());
    assert_eq!(cleared["supportedConnectionGroups"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_top_level_account_and_a_new_parent_are_refused() {
    let (_sim, admin, root) = world().await;
    admin.post("/accounts", json!({ "name": "Other" })).await.fails(403, "FORBIDDEN");
    admin
        .post("/accounts", json!({ "name": "Other", "parent": account("ac-none") }))
        .await
        .fails(422, "INVALID_LINK");
    let (finance, lab) = (admin.child(&root, "Finance").await, admin.child(&root, "Lab").await);
    let moved = json!({ "name": "Lab", "parent": account(&finance) });
    admin.put(&format!("/accounts/{lab}"), moved).await.fails(422, "MODIFICATION_NOT_ALLOWED");
}

#[tokio::test]
async fn the_list_is_narrowed_by_ids_parent_words_and_limit() {
    let (_sim, admin, root) = world().await;
    let finance = admin.child(&root, "Finance EU").await;
    let lab = admin.child(&root, "Lab").await;
    admin.child(&finance, "Finance US").await;
    assert_eq!(admin.count("/accounts").await, 4);
    assert_eq!(admin.count(&format!("/accounts?ids={finance}&ids={lab}&ids=ac-none")).await, 2);
    assert_eq!(admin.count(&format!("/accounts?parentId={root}")).await, 2);
    assert_eq!(admin.count("/accounts?name=FINANCE").await, 2);
    assert_eq!(admin.count("/accounts?name=finance%20eu").await, 1);
    assert_eq!(admin.count("/accounts?name=fin").await, 0);
    assert_eq!(admin.count("/accounts?limit=3").await, 3);
    admin.get("/accounts?limit=many").await.fails(400, "BAD_REQUEST");
    admin.get(&format!("/accounts?ids={lab}&ids={lab}")).await.fails(400, "BAD_REQUEST");
    admin.get("/accounts?parent=x").await.fails(400, "BAD_REQUEST");
}

#[tokio::test]
async fn children_and_ports_are_in_the_way_of_a_deletion_and_all_else_goes_along() {
    let (sim, admin, root) = world().await;
    let finance = admin.child(&root, "Finance").await;
    let desk = admin.child(&finance, "Desk").await;
    let clerk = admin.role(&desk, "Clerk", json!({})).await;
    admin.invite(&desk, "ada@acme.example", std::slice::from_ref(&clerk)).await.is(201);
    let grace = add_member(&sim, "Desk", "grace@acme.example", &["Clerk"]);
    admin.delete(&format!("/accounts/{finance}")).await.fails(409, "ACCOUNT_HAS_CHILD_ACCOUNTS");
    sim.act(Act::SetPorts { account: "Acme/Finance/Desk".into(), ports: 1 }).unwrap();
    let path = format!("/accounts/{desk}");
    admin.delete(&path).await.fails(409, "ACCOUNT_DELETE_NON_DELETED_PORT_STATE_CONFLICT");
    sim.act(Act::SetPorts { account: desk.clone(), ports: 0 }).unwrap();
    admin.delete(&path).await.is(204);
    admin.delete(&format!("/accounts/{finance}")).await.is(204);
    admin.get(&format!("/users/{grace}")).await.is(200);
    assert!(sim.act(Act::Accept { email: "ada@acme.example".into(), account: None }).is_err());
}

#[tokio::test]
async fn consent_of_a_child_is_absent_until_it_is_given_once() {
    let (_sim, admin, root) = world().await;
    let path = format!("/accounts/{}/consent", admin.child(&root, "Lab").await);
    admin.get(&path).await.fails(404, "NOT_FOUND");
    let given = admin.post(&path, json!({})).await;
    assert_eq!(given.location, Some(path.clone()));
    assert_eq!(admin.get(&path).await.is(200), given.is(201));
    admin.post(&path, json!({})).await.fails(409, "ACCOUNT_ALREADY_CONSENTED");
}

#[tokio::test]
async fn consent_may_be_required_before_people_are_added() {
    let (sim, admin, root) = switched("consent=required").await;
    let lab = admin.child(&root, "Lab").await;
    admin.invite(&lab, "ada@acme.example", &[]).await.fails(409, "CONSENT_REQUIRED");
    assert_eq!(sim.mails().len(), 0);
    admin.post(&format!("/accounts/{lab}/consent"), json!({})).await.is(201);
    admin.invite(&lab, "ada@acme.example", &[]).await.is(201);
}

#[tokio::test]
async fn tags_may_be_ignored_without_a_word() {
    let (_sim, admin, root) = switched("account-tags=ignored").await;
    let body = json!({ "name": "Lab", "tags": { "a": "b" }, "parent": account(&root) });
    assert_eq!(admin.post("/accounts", body).await.is(201).get("tags"), None);
}

#[tokio::test]
async fn what_a_key_may_do_reaches_children_and_no_further() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let reader = Caller::key(&sim.url(), Sim::reader_key()).await;
    let allowed = reader.get(&format!("/accounts/{lab}/permissions")).await.is(200);
    assert_eq!((&allowed["roles"]["read"], &allowed["roles"]["update"]), (&json!(true), &json!(false)));
    assert_eq!(allowed.as_object().unwrap().len(), 9);
    assert_eq!(reader.count("/accounts").await, 2);
    let mine = admin.get(&format!("/accounts/{lab}/permissions")).await.is(200);
    assert_eq!(mine["billing"]["delete"], true);

    reader.put(&format!("/accounts/{lab}"), json!({ "name": "Lab 2" })).await.fails(403, "FORBIDDEN");
    reader.delete(&format!("/accounts/{lab}")).await.fails(403, "FORBIDDEN");
    reader.post("/accounts", json!({ "name": "x", "parent": account(&root) })).await.fails(403, "FORBIDDEN");
    reader.post(&format!("/accounts/{lab}/consent"), json!({})).await.fails(403, "FORBIDDEN");
    assert_eq!(admin.get(&format!("/accounts/{lab}/canVerify")).await.is(200), json!(false));

    let other =
        sim.act(Act::SignUp { name: "Other".into(), email: "eve@other.example".into() }).unwrap().id.unwrap();
    admin.get(&format!("/accounts/{other}")).await.fails(403, "FORBIDDEN");
    admin.get(&format!("/accounts/{other}/permissions")).await.fails(403, "FORBIDDEN");
    assert_eq!(admin.count("/accounts").await, 2);
    assert_eq!(Caller::user(&sim, "eve@other.example").count("/accounts").await, 1);
}

#[tokio::test]
async fn a_member_of_a_child_sees_the_child_whose_parent_it_cannot_see() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    admin.role(&lab, "Viewer", json!({ "accounts": { "read": true } })).await;
    add_member(&sim, "Lab", "ada@acme.example", &["Viewer"]);
    let ada = Caller::user(&sim, "ada@acme.example");
    let seen = ada.get("/accounts").await.is(200);
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["parent"]["id"], root.as_str());
    ada.get(&format!("/accounts/{root}")).await.fails(403, "FORBIDDEN");
    ada.get(&format!("/accounts/{lab}/members")).await.fails(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_connection_group_is_the_same_whatever_its_title() {
    let (_sim, admin, root) = world().await;
    let group = |title: &str| json!({ "href": "/supportedConnectionGroups/scg-standard", "title": title });
    let body = |groups: &[Value]| json!({ "name": "Acme", "supportedConnectionGroups": groups });
    admin.put(&format!("/accounts/{root}"), body(&[group("Standard")])).await.is(200);
    let twice = body(&[group("Standard"), group("Another title")]);
    admin.put(&format!("/accounts/{root}"), twice).await.fails(422, "VALIDATION_ERROR");
}
