//! Invites and the mails they cause (section 8).

use std::time::Duration;

use orgform_sim::pureport::{Act, ActError, Mail, Sim};
use serde_json::{Value, json};

use crate::client::{Caller, accept, account, add_member, switched, world};

fn kinds(sim: &Sim) -> Vec<String> {
    sim.mails().into_iter().map(|mail| mail.kind).collect()
}

fn again(to: &str, email: &str, roles: &[Value]) -> Value {
    json!({ "account": account(to), "email": email, "roles": roles })
}

#[tokio::test]
async fn an_unknown_email_is_mailed_once_and_joins_with_the_invites_roles() {
    let (sim, admin, root) = world().await;
    let role = admin.role(&root, "Operator", json!({})).await;
    let invited = admin.invite(&root, "Ada@acme.example", std::slice::from_ref(&role)).await;
    let shown = invited.is(201);
    assert_eq!((&shown["email"], &shown["expired"]), (&json!("Ada@acme.example"), &json!(false)));
    assert!(shown["id"].as_str().unwrap().starts_with("invite-"));
    assert_eq!(shown["invitedBy"]["title"], "Administration");
    let list = format!("/accounts/{root}/invites");
    assert_eq!(admin.get(&list).await.is(200), json!([shown]));
    assert_eq!(admin.get(invited.location.as_deref().unwrap()).await.is(200), shown);
    let mail = &sim.mails()[0];
    assert_eq!((mail.to.as_str(), mail.kind.as_str(), &mail.account), ("Ada@acme.example", "invite", &root));

    let ada = accept(&sim, "ada@ACME.example");
    assert_eq!(admin.count(&list).await, 0);
    let member = admin.get(&format!("/accounts/{root}/members/{ada}")).await.is(200);
    assert_eq!(member["roles"][0]["href"], role["href"]);
    assert_eq!(admin.get(&format!("/users/{ada}")).await.is(200)["email"], "Ada@acme.example");
    assert_eq!(sim.stats().mails, 1);
}

#[tokio::test]
async fn a_known_email_is_a_member_at_once_and_gets_a_mail() {
    let (sim, admin, root) = world().await;
    let lab = admin.child(&root, "Lab").await;
    let ada = add_member(&sim, "Acme", "ada@acme.example", &[]);
    let invited = admin.invite(&lab, "ADA@acme.example", &[]).await;
    assert_eq!(invited.location, Some(format!("/accounts/{lab}/members/{ada}")));
    assert_eq!(invited.is(201).get("id"), None);
    assert_eq!(admin.count(&format!("/accounts/{lab}/invites")).await, 0);
    assert_eq!(admin.count(&format!("/accounts/{lab}/members")).await, 1);
    assert_eq!(kinds(&sim), ["added"]);
    admin.invite(&lab, "ada@acme.example", &[]).await.fails(409, "ACCOUNT_MEMBER_ALREADY_EXISTS");
    assert_eq!(kinds(&sim), ["added"]);
}

#[tokio::test]
async fn a_known_email_may_have_to_accept_which_the_user_does_by_a_call() {
    let (sim, admin, root) = switched("known-email=invite").await;
    let lab = admin.child(&root, "Lab").await;
    let ada = add_member(&sim, "Acme", "ada@acme.example", &[]);
    let invited = admin.invite(&lab, "ada@acme.example", &[]).await.is(201);
    assert_eq!(admin.count(&format!("/accounts/{lab}/members")).await, 0);
    admin.post("/invites", json!({})).await.fails(403, "FORBIDDEN");
    let accepted = Caller::user(&sim, "ada@acme.example").post("/invites", json!({})).await.is(200);
    assert_eq!(accepted, json!([invited]));
    admin.get(&format!("/accounts/{lab}/members/{ada}")).await.is(200);
    assert_eq!(admin.count(&format!("/accounts/{lab}/invites")).await, 0);
}

#[tokio::test]
async fn a_second_invite_is_refused_or_stands_beside_the_first() {
    let (sim, admin, root) = world().await;
    admin.invite(&root, "ada@acme.example", &[]).await.is(201);
    admin.invite(&root, "Ada@Acme.Example", &[]).await.fails(409, "CONFLICT");
    assert_eq!(sim.mails().len(), 1);
    sim.set_switches("duplicate-invites=allowed".parse().unwrap());
    admin.invite(&root, "Ada@Acme.Example", &[]).await.is(201);
    assert_eq!(admin.count(&format!("/accounts/{root}/invites")).await, 2);
    assert_eq!(sim.stats().mails_by_recipient["ada@acme.example"], 2);
}

#[tokio::test]
async fn the_roles_of_a_pending_invite_change_without_a_mail_and_the_email_never() {
    let (sim, admin, root) = world().await;
    let path = admin.invite(&root, "ada@acme.example", &[]).await.location.unwrap();
    let role = admin.role(&root, "Operator", json!({})).await;
    let changed =
        admin.put(&path, again(&root, "ada@acme.example", std::slice::from_ref(&role))).await.is(200);
    assert_eq!(changed["roles"][0]["href"], role["href"]);
    admin.put(&path, again(&root, "eve@acme.example", &[])).await.fails(422, "MODIFICATION_NOT_ALLOWED");
    assert_eq!(kinds(&sim), ["invite"]);
}

#[tokio::test]
async fn an_expired_invite_stays_listed_and_needs_to_be_sent_again() {
    let (sim, admin, root) = world().await;
    let path = admin.invite(&root, "ada@acme.example", &[]).await.location.unwrap();
    sim.act(Act::ExpireInvite { account: "Acme".into(), email: "ada@acme.example".into() }).unwrap();
    assert_eq!(admin.get(&path).await.is(200)["expired"], true);
    let early = sim.act(Act::Accept { email: "ada@acme.example".into(), account: None });
    assert!(matches!(early, Err(ActError::Refused { .. })));
    admin.invite(&root, "ada@acme.example", &[]).await.fails(409, "CONFLICT");

    let body = again(&root, "ada@acme.example", &[]);
    assert_eq!(admin.put(&path, body.clone()).await.is(200)["expired"], true);
    assert_eq!(admin.put(&format!("{path}?reinvite=false"), body.clone()).await.is(200)["expired"], true);
    admin.put(&format!("{path}?reinvite=maybe"), body.clone()).await.fails(400, "BAD_REQUEST");
    let sent = admin.put(&format!("{path}?reinvite=true"), body).await.is(200);
    assert_eq!(sent["expired"], false);
    assert_eq!(kinds(&sim), ["invite", "reinvite"]);
    accept(&sim, "ada@acme.example");
}

#[tokio::test]
async fn an_invite_expires_by_age_as_the_switch_says() {
    let (sim, admin, root) = switched("invite-life=days:3,expired-accept=accepted").await;
    let path = admin.invite(&root, "ada@acme.example", &[]).await.location.unwrap();
    let expired = async |sim: &Sim| {
        let admin = Caller::key(&sim.url(), Sim::admin_key()).await;
        admin.get(&path).await.is(200)["expired"] == true
    };
    sim.advance(Duration::from_secs(3 * 86_400 - 60));
    assert!(!expired(&sim).await);
    sim.advance(Duration::from_secs(120));
    assert!(expired(&sim).await);
    sim.set_switches("invite-life=never".parse().unwrap());
    assert!(!expired(&sim).await);
    sim.set_switches("invite-life=days:3,expired-accept=accepted".parse().unwrap());
    accept(&sim, "ada@acme.example");
}

#[tokio::test]
async fn a_withdrawn_invite_is_gone() {
    let (sim, admin, root) = world().await;
    let path = admin.invite(&root, "ada@acme.example", &[]).await.location.unwrap();
    admin.delete(&path).await.is(204);
    admin.get(&path).await.fails(404, "NOT_FOUND");
    let late = sim.act(Act::Accept { email: "ada@acme.example".into(), account: None });
    assert!(matches!(late, Err(ActError::Unknown { what: "invite", .. })));
    admin.invite(&root, "ada@acme.example", &[]).await.is(201);
    let _ =
        sim.act(Act::WithdrawInvite { account: "Acme".into(), email: "ada@acme.example".into() }).unwrap();
    assert_eq!(admin.count(&format!("/accounts/{root}/invites")).await, 0);
}

#[tokio::test]
async fn all_but_a_drawn_share_accept_the_same_people_each_time() {
    let run = async || {
        let (sim, admin, root) = world().await;
        for n in 0..40 {
            admin.invite(&root, &format!("p{n}@acme.example"), &[]).await.is(201);
        }
        let accepted = sim.act(Act::AcceptAll { except: 0.25, seed: 7 }).unwrap().count;
        let waiting = admin.get(&format!("/accounts/{root}/invites")).await.is(200);
        let mut waiting: Vec<String> = waiting
            .as_array()
            .unwrap()
            .iter()
            .map(|invite| invite["email"].as_str().unwrap().to_owned())
            .collect();
        waiting.sort();
        assert_eq!(accepted + waiting.len(), 40);
        waiting
    };
    let waiting = run().await;
    assert!((3..20).contains(&waiting.len()), "{waiting:?}");
    assert_eq!(waiting, run().await);
}

#[tokio::test]
async fn no_answer_and_no_list_of_mails_shows_a_link() {
    let (sim, admin, root) = world().await;
    let path = admin.invite(&root, "ada@acme.example", &[]).await.location.unwrap();
    let secrets = sim.secrets();
    let link_like: Vec<_> = secrets.iter().filter(|secret| secret.len() == 43).collect();
    assert_eq!(link_like.len(), 1);
    for path in [path.as_str(), &format!("/accounts/{root}/auditLog"), "/__mails", "/__log", "/__stats"] {
        let text = admin.get(path).await.text;
        assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{path}");
    }
    let mails: Vec<Mail> = serde_json::from_value(admin.get("/__mails").await.is(200)).unwrap();
    assert_eq!(mails, sim.mails());
}
