//! Roles (section 6).

use orgform_sim::pureport::{Act, ActError};
use serde_json::{Value, json};

use crate::client::{Caller, account, add_member, switched, world};

fn path_of(link: &Value) -> String {
    link["href"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_account_is_born_with_an_admin_role_of_its_own() {
    let (_sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let roles = admin.get(&format!("/accounts/{lab}/roles")).await.is(200);
    assert_eq!(roles.as_array().unwrap().len(), 1);
    assert_eq!(roles[0]["name"], "Admin");
    assert_eq!(roles[0]["account"]["id"], lab.as_str());
    assert_eq!(roles[0]["permissions"]["all"]["all"], true);
    let names = admin.get(&format!("/accounts/{root}/roles")).await.is(200);
    let mut names: Vec<_> =
        names.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Admin", "Read only"]);
}

#[tokio::test]
async fn permissions_come_back_dense_and_as_they_were_sent() {
    let (_sim, admin, root) = world().await;
    let sent = json!({ "networks": { "read": true, "update": false }, "all": { "read": true } });
    let role = admin.get(&path_of(&admin.role(&root, "Operator", sent).await)).await.is(200);
    let permissions = role["permissions"].as_object().unwrap();
    assert_eq!(permissions.len(), 9);
    assert!(permissions.values().all(|row| row.as_object().unwrap().len() == 5));
    let cells = permissions.values().flat_map(|row| row.as_object().unwrap().values());
    assert_eq!(cells.filter(|cell| **cell == json!(true)).count(), 2);
}

#[tokio::test]
async fn all_may_be_spread_out_over_what_it_covers() {
    let (_sim, admin, root) = switched("permission-all=expanded").await;
    let link = admin.role(&root, "Operator", json!({ "networks": { "all": true } })).await;
    let role = admin.get(&path_of(&link)).await.is(200);
    let row = json!({ "all": true, "create": true, "read": true, "update": true, "delete": true });
    assert_eq!(role["permissions"]["networks"], row);
    assert_eq!(role["permissions"]["ports"]["read"], false);
}

#[tokio::test]
async fn a_role_is_replaced_and_deleted() {
    let (sim, admin, root) = world().await;
    let link = admin.role(&root, "Operator", json!({ "networks": { "read": true } })).await;
    let path = path_of(&link);
    let body = json!({ "account": account(&root), "name": "Network operator" });
    sim.set_switches("put-omitted=kept".parse().unwrap());
    let kept = admin.put(&path, body.clone()).await.is(200);
    assert_eq!(kept["permissions"]["networks"]["read"], true);
    sim.set_switches("put-omitted=cleared".parse().unwrap());
    let replaced = admin.put(&path, body).await.is(200);
    assert_eq!(replaced["name"], "Network operator");
    assert_eq!(replaced["permissions"]["networks"]["read"], false);
    assert_eq!(replaced["href"], link["href"]);
    admin.delete(&path).await.is(204);
    admin.delete(&path).await.fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_admin_role_is_locked_unless_switched() {
    let (sim, admin, root) = world().await;
    let path = path_of(&admin.admin_role(&root).await);
    let body =
        json!({ "account": account(&root), "name": "Boss", "permissions": { "all": { "all": true } } });
    admin.put(&path, body.clone()).await.fails(422, "MODIFICATION_NOT_ALLOWED");
    admin.delete(&path).await.fails(422, "MODIFICATION_NOT_ALLOWED");
    sim.set_switches("admin-role=editable".parse().unwrap());
    assert_eq!(admin.put(&path, body).await.is(200)["name"], "Boss");
}

#[tokio::test]
async fn narrowing_or_dropping_the_role_of_the_last_admin_is_refused() {
    let (sim, admin, root) = switched("admin-role=editable,role-in-use=removed").await;
    let path = path_of(&admin.admin_role(&root).await);
    let narrowed =
        json!({ "account": account(&root), "name": "Admin", "permissions": { "all": { "read": true } } });
    admin.put(&path, narrowed.clone()).await.fails(409, "ADMIN_ACCESS_MUST_EXIST");
    admin.delete(&path).await.fails(409, "ADMIN_ACCESS_MUST_EXIST");
    admin.role(&root, "Second", json!({ "all": { "all": true } })).await;
    add_member(&sim, "Acme", "ada@acme.example", &["Second"]);
    admin.put(&path, narrowed).await.is(200);
}

#[tokio::test]
async fn a_role_in_use_is_kept_or_taken_from_its_holders() {
    let (sim, admin, root) = world().await;
    let link = admin.role(&root, "Operator", json!({})).await;
    let ada = add_member(&sim, "Acme", "ada@acme.example", &["Operator"]);
    admin.invite(&root, "joan@acme.example", std::slice::from_ref(&link)).await.is(201);
    let path = path_of(&link);
    admin.delete(&path).await.fails(409, "CONFLICT");
    sim.set_switches("role-in-use=removed".parse().unwrap());
    admin.delete(&path).await.is(204);
    let member = admin.get(&format!("/accounts/{root}/members/{ada}")).await.is(200);
    assert_eq!(member["roles"], json!([]));
    assert_eq!(admin.get(&format!("/accounts/{root}/invites")).await.is(200)[0]["roles"], json!([]));
}

#[tokio::test]
async fn a_child_lists_its_own_roles_or_inherited_ones_too() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let parents = path_of(&admin.role(&root, "Operator", json!({})).await);
    let id = parents.rsplit('/').next().unwrap();
    let (list, seen) = (format!("/accounts/{lab}/roles"), format!("/accounts/{lab}/roles/{id}"));
    assert_eq!(admin.count(&list).await, 1);
    admin.get(&seen).await.fails(404, "NOT_FOUND");
    sim.set_switches("child-roles=inherited".parse().unwrap());
    assert_eq!(admin.count(&list).await, 4);
    assert_eq!(admin.get(&seen).await.is(200)["href"], parents.as_str());
    admin.delete(&seen).await.fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_parents_role_reaches_members_of_a_child_unless_switched_off() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let link = admin.role(&root, "Operator", json!({})).await;
    admin.invite(&lab, "ada@acme.example", std::slice::from_ref(&link)).await.is(201);
    let up = admin.role(&lab, "Lab only", json!({})).await;
    admin.invite(&root, "ada@acme.example", &[up]).await.fails(422, "INVALID_LINK");
    sim.set_switches("parent-role=refused".parse().unwrap());
    admin.invite(&lab, "joan@acme.example", &[link]).await.fails(422, "INVALID_LINK");
    let by_hand = Act::AddMember {
        account: "Lab".into(),
        email: "x@acme.example".into(),
        roles: vec!["Operator".into()],
    };
    assert!(matches!(sim.act(by_hand), Err(ActError::Refused { code, .. }) if code == "INVALID_LINK"));
}

#[tokio::test]
async fn role_names_may_have_to_be_unique() {
    let (sim, admin, root) = world().await;
    admin.role(&root, "Operator", json!({})).await;
    admin.role(&root, "Operator", json!({})).await;
    sim.set_switches("role-names=unique".parse().unwrap());
    let body = json!({ "account": account(&root), "name": "Operator" });
    admin.post(&format!("/accounts/{root}/roles"), body).await.fails(409, "CONFLICT");
}

#[tokio::test]
async fn a_role_gives_exactly_its_cells_on_the_account_and_its_children() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let staff = json!({ "members": { "read": true, "create": true }, "roles": { "all": true } });
    admin.role(&root, "Staff", staff).await;
    add_member(&sim, "Acme", "ada@acme.example", &["Staff"]);
    let ada = Caller::user(&sim, "ada@acme.example");
    assert_eq!(ada.count(&format!("/accounts/{lab}/members")).await, 0);
    let made = ada.role(&lab, "Made by Ada", json!({})).await;
    ada.delete(&path_of(&made)).await.is(204);
    let joan = ada.invite(&lab, "joan@acme.example", &[]).await;
    let invited_by = &joan.is(201)["invitedBy"];
    assert!(invited_by["href"].as_str().unwrap().starts_with("/users/"));
    ada.delete(&joan.location.unwrap()).await.fails(403, "FORBIDDEN");
    ada.get(&format!("/accounts/{lab}/apikeys")).await.fails(403, "FORBIDDEN");
    ada.get(&format!("/accounts/{lab}/auditLog")).await.fails(403, "FORBIDDEN");
}
