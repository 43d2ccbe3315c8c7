//! Looking inside and acting from outside: counts, log, acts over HTTP.

use orgform_sim::pureport::{Act, ActError, Kind, LoggedRequest, Sim, Stats};
use serde_json::json;

use crate::client::{Caller, add_member, world};

#[tokio::test]
async fn requests_are_counted_by_endpoint_status_and_kind_and_control_calls_are_not() {
    let (sim, admin, root) = world().await;
    sim.clear_log();
    let reader = Caller::key(&sim.url(), Sim::reader_key()).await;
    reader.get(&format!("/accounts/{root}/roles")).await.is(200);
    reader.get(&format!("/accounts/{root}/roles?x=1")).await.is(400);
    reader.invite(&root, "ada@acme.example", &[]).await.fails(403, "FORBIDDEN");
    admin.invite(&root, "ada@acme.example", &[]).await.is(201);
    admin.get("/nowhere").await.is(404);
    let stats: Stats = serde_json::from_value(admin.get("/__stats").await.is(200)).unwrap();
    assert_eq!(stats, sim.stats());
    assert_eq!((stats.total, stats.logins, stats.reads, stats.writes, stats.changes), (6, 1, 3, 2, 1));
    let roles = &stats.requests["GET /accounts/{accountId}/roles"];
    assert_eq!((roles[&200], roles[&400]), (1, 1));
    assert_eq!(stats.count("POST /accounts/{accountId}/invites"), 2);
    assert_eq!(stats.requests["GET unknown"][&404], 1);
    assert_eq!((stats.mails, stats.mails_by_kind["invite"]), (1, 1));

    let log: Vec<LoggedRequest> = serde_json::from_value(admin.get("/__log").await.is(200)).unwrap();
    assert_eq!(log, sim.request_log());
    let kinds: Vec<Kind> = log.iter().map(|request| request.kind).collect();
    assert_eq!(kinds, [Kind::Login, Kind::Read, Kind::Read, Kind::Write, Kind::Write, Kind::Read]);
    assert_eq!(log[0].principal, None);
    assert_eq!(log[1].principal, Some(format!("key/{}", Sim::reader_key().0)));
    admin.send(reqwest::Method::DELETE, "/__log", None).await.unwrap().is(200);
    assert_eq!(sim.stats().total, 0);
    assert_eq!(sim.stats().mails, 1);
}

#[tokio::test]
async fn acts_switches_and_time_work_over_http() {
    let (sim, admin, root) = world().await;
    let act = json!({ "act": "create_role", "account": "Acme", "name": "Operator", "permissions": { "networks": ["read"] } });
    let id = admin.post("/__act", act).await.is(200)["id"].as_str().unwrap().to_owned();
    admin.get(&format!("/accounts/{root}/roles/{id}")).await.is(200);
    admin
        .post("/__act", json!({ "act": "remove_member", "account": "Nowhere", "email": "x@acme.example" }))
        .await
        .is(404);
    let last = json!({ "act": "remove_member", "account": "Acme", "email": sim.founder() });
    let refused = admin.post("/__act", last).await.is(409);
    assert!(refused["error"].as_str().unwrap().starts_with("ADMIN_ACCESS_MUST_EXIST"), "{refused}");
    admin.post("/__act", json!({ "act": "dance" })).await.is(400);
    let before = sim.now();
    admin.post("/__advance", json!({ "seconds": 3601 })).await.is(200);
    assert!(sim.now().duration_since(before).as_secs() >= 3601);
    admin.get("/accounts").await.fails(401, "ACCESS_TOKEN_EXPIRED");
    let switches = admin.put("/__switches", json!({ "list-lag": "reads:1" })).await.is(200);
    assert_eq!((&switches["list-lag"], &switches["known-email"]), (&json!("reads:1"), &json!("member")));
    admin.put("/__switches", json!({ "list-lag": "sometimes" })).await.is(400);
    admin.get("/__nothing").await.is(404);
}

#[tokio::test]
async fn other_people_change_the_world_by_hand() {
    let (sim, admin, root) = world().await;
    let act = |act: Act| sim.act(act).unwrap().id.unwrap();
    let (acme, ada) = ("Acme".to_owned(), "ada@acme.example".to_owned());
    let lab = act(Act::CreateAccount { parent: acme.clone(), name: "Lab".into() });
    act(Act::CreateRole { account: "Lab".into(), name: "Clerk".into(), permissions: [].into() });
    let id = add_member(&sim, "Acme/Lab", &ada, &["Clerk", "Read only"]);
    let path = format!("/accounts/{lab}/members/{id}");
    assert_eq!(admin.get(&path).await.is(200)["roles"].as_array().unwrap().len(), 2);
    act(Act::SetMemberRoles { account: lab.clone(), email: ada.clone(), roles: vec!["Clerk".into()] });
    assert_eq!(admin.get(&path).await.is(200)["roles"].as_array().unwrap().len(), 1);
    let wider = [("ports".to_owned(), vec!["all".to_owned()])].into();
    let role =
        act(Act::SetRolePermissions { account: "Lab".into(), role: "Clerk".into(), permissions: wider });
    let shown = admin.get(&format!("/accounts/{lab}/roles/{role}")).await.is(200);
    assert_eq!(shown["permissions"]["ports"]["all"], true);
    assert_eq!(act(Act::ChangeEmail { email: ada, to: "ada@new.example".into() }), id);
    assert_eq!(admin.get(&format!("/users/{id}")).await.is(200)["email"], "ada@new.example");
    act(Act::RemoveMember { account: "Lab".into(), email: "ADA@new.example".into() });
    admin.get(&path).await.fails(404, "NOT_FOUND");
    act(Act::DeleteRole { account: "Lab".into(), role: "Clerk".into() });
    act(Act::Invite { account: "Lab".into(), email: "joan@acme.example".into(), roles: vec![] });
    act(Act::DeleteAccount { account: "Lab".into() });
    assert_eq!(admin.count("/accounts").await, 1);
    assert_eq!(admin.count(&format!("/accounts/{root}/members")).await, 1);
    let unknown =
        sim.act(Act::SetMemberRoles { account: acme, email: "ken@acme.example".into(), roles: vec![] });
    assert_eq!(unknown, Err(ActError::Unknown { what: "user", name: "ken@acme.example".into() }));
}

#[tokio::test]
async fn ids_depend_on_the_seed_and_the_order_alone() {
    let (first, _, _) = world().await;
    let (second, _, _) = world().await;
    assert_eq!(first.root_id(), second.root_id());
    let other =
        orgform_sim::pureport::start(orgform_sim::pureport::Options { seed: 2, ..Default::default() });
    assert_ne!(other.await.unwrap().root_id(), first.root_id());
}
