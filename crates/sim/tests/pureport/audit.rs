//! The audit log (section 10).

use orgform_sim::pureport::Act;
use serde_json::{Value, json};

use crate::client::{Caller, account, add_member, world};

fn events(page: &Value) -> Vec<&str> {
    page["content"].as_array().unwrap().iter().map(|entry| entry["eventType"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn drift_can_be_traced_to_who_changed_what() {
    let (sim, admin, root) = world().await;
    let role = admin.role(&root, "Operator", json!({})).await;
    let id = role["href"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let rename = Act::RenameRole { account: "Acme".into(), role: "Operator".into(), name: "Boss".into() };
    sim.act(rename).unwrap();
    let log = format!("/accounts/{root}/auditLog");
    let page = admin.get(&format!("{log}?subjectId={id}&sortDirection=ASC")).await.is(200);
    assert_eq!(events(&page), ["ROLE_CREATE", "ROLE_UPDATE"]);
    let (made, renamed) = (&page["content"][0], &page["content"][1]);
    assert_eq!((&made["source"], &made["principal"]["title"]), (&json!("API"), &json!("Administration")));
    assert_eq!((&made["request"]["method"], &made["response"]["statusCode"]), (&json!("POST"), &json!(201)));
    assert_eq!(
        (&renamed["source"], &renamed["principal"]["title"]),
        (&json!("CONSOLE"), &json!("Founder User"))
    );
    let change = json!([{ "property": "name", "previous": "Operator", "current": "Boss" }]);
    assert_eq!(renamed["changes"], change);
}

#[tokio::test]
async fn filters_pages_and_sorting_narrow_the_log() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    admin.invite(&lab, "ada@acme.example", &[]).await.is(201);
    let ada = sim.act(Act::Accept { email: "ada@acme.example".into(), account: None }).unwrap().id.unwrap();
    admin.delete(&format!("/accounts/{root}")).await.fails(409, "ACCOUNT_HAS_CHILD_ACCOUNTS");
    let log = format!("/accounts/{root}/auditLog");
    let ask = async |query: &str| admin.get(&format!("{log}?sortDirection=ASC&{query}")).await.is(200);

    assert_eq!(events(&ask("result=FAILURE").await), ["ACCOUNT_DELETE"]);
    assert_eq!(
        ask("includeChildAccounts=true&pageSize=2&pageNumber=1").await["content"].as_array().unwrap().len(),
        2
    );
    let below =
        ask("includeChildAccounts=true&eventTypes=MEMBER_INVITE_CREATE&eventTypes=MEMBER_INVITE_ACCEPT")
            .await;
    assert_eq!(events(&below), ["MEMBER_INVITE_CREATE", "MEMBER_INVITE_ACCEPT"]);
    assert_eq!(below["totalElements"], 2);
    let children = ask(&format!("includeChildAccounts=true&includeChildSubjects=true&subjectId={lab}")).await;
    assert_eq!(children["totalElements"], 3);
    assert_eq!(ask("subjectType=ROLE").await["totalElements"], 0);
    assert_eq!(ask("endTime=2020-01-01T00:00:00Z").await["totalElements"], 0);
    assert_eq!(ask("sort=eventType").await["sort"], json!({ "property": "eventType", "direction": "ASC" }));
    let correlation = children["content"][0]["correlationId"].as_str().unwrap();
    assert_eq!(
        ask(&format!("includeChildAccounts=true&correlationId={correlation}")).await["totalElements"],
        1
    );
    admin.get(&format!("{log}?sort=subject")).await.fails(422, "INVALID_SORT");
    admin.get(&format!("{log}?pageSize=0")).await.fails(400, "BAD_REQUEST");
    admin.get(&format!("{log}?result=MAYBE")).await.fails(400, "BAD_REQUEST");

    admin.delete(&format!("/accounts/{lab}/members/{ada}")).await.is(204);
    admin.delete(&format!("/accounts/{lab}")).await.is(204);
    assert_eq!(events(&ask("eventTypes=ACCOUNT_DELETE&result=SUCCESS").await), ["ACCOUNT_DELETE"]);
}

#[tokio::test]
async fn log_ins_are_filed_and_a_users_own_doing_is_theirs() {
    let (sim, admin, root) = world().await;
    add_member(&sim, "Acme", "ada@acme.example", &["Admin"]);
    let ada = Caller::user(&sim, "ada@acme.example");
    ada.put(&format!("/accounts/{root}"), json!({ "name": "Acme 2" })).await.is(200);
    ada.put(&format!("/accounts/{root}"), json!({ "name": "Acme 2", "parent": account("ac-x") }))
        .await
        .fails(422, "MODIFICATION_NOT_ALLOWED");
    let log = format!("/accounts/{root}/auditLog?sortDirection=ASC");
    let page = admin.get(&format!("{log}&eventTypes=ACCOUNT_UPDATE")).await.is(200);
    assert_eq!(page["totalElements"], 2);
    assert_eq!(page["content"][0]["principal"]["title"], "Ada User");
    assert_eq!(page["content"][1]["result"], "FAILURE");
    assert_eq!(admin.get(&format!("{log}&eventTypes=API_LOGIN")).await.is(200)["totalElements"], 1);
}
