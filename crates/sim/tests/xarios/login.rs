//! The log-in service (contract, section 3).

use std::time::Duration;

use orgform_sim::xarios::{Act, Approval, Sim};

use crate::client::{Caller, switched, world};

#[tokio::test]
async fn a_refresh_token_is_good_for_one_use_and_brings_the_next() {
    let (sim, _, _) = world().await;
    let (nobody, client) = (Caller::nobody(&sim), Sim::reader());
    let first = nobody.refresh(client, client.refresh_token).await.is(200);
    let next = first["refresh_token"].as_str().unwrap();
    assert!(sim.secrets().contains(&next.to_owned()));
    nobody.refresh(client, client.refresh_token).await.is(400);
    nobody.refresh(client, next).await.is(200);
}

#[tokio::test]
async fn a_reused_token_may_end_the_approval() {
    let (sim, _, _) = switched("reuse=revokes").await;
    let (nobody, client) = (Caller::nobody(&sim), Sim::reader());
    let next = nobody.refresh(client, client.refresh_token).await.is(200);
    nobody.refresh(client, client.refresh_token).await.is(400);
    nobody.refresh(client, next["refresh_token"].as_str().unwrap()).await.is(400);
    let again = sim.act(Act::Approve { read_only: true }).unwrap().token.unwrap();
    nobody.refresh(client, &again).await.is(200);
}

#[tokio::test]
async fn a_token_that_stays_is_not_answered_again() {
    let (sim, _, _) = switched("refresh=stays").await;
    let (nobody, client) = (Caller::nobody(&sim), Sim::reader());
    for _ in 0..2 {
        let granted = nobody.refresh(client, client.refresh_token).await.is(200);
        assert!(granted.get("refresh_token").is_none());
    }
}

#[tokio::test]
async fn an_approval_gives_a_code_for_one_exchange() {
    let (sim, _, _) = world().await;
    let nobody = Caller::nobody(&sim);
    let client = Sim::admin();
    let ask = format!(
        "{}/connect/authorize?client_id={}&response_type=code&redirect_uri=https://orgform.example/back&state=7",
        sim.url(),
        client.client_id
    );
    let answer = nobody.http.get(ask).send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    assert!(location.ends_with("&state=7"));
    let form = |code| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", client.client_id),
            ("client_secret", client.client_secret),
            ("code", code),
        ]
    };
    let granted = nobody.form(&form(code)).await.is(200);
    assert!(granted["refresh_token"].is_string());
    nobody.form(&form(code)).await.is(400);
}

#[tokio::test]
async fn a_wrong_secret_an_old_token_and_a_missing_right_are_refused() {
    let (sim, admin, account) = switched("token-life=60").await;
    let wrong = Approval { client_secret: "wrong", ..Sim::reader() };
    Caller::nobody(&sim).refresh(wrong, wrong.refresh_token).await.is(400);
    let nobody = Caller::nobody(&sim).get("/accounts").await;
    assert_eq!((nobody.status, nobody.text.as_str()), (401, ""));
    let reader = Caller::approved(&sim, Sim::reader()).await;
    reader.get("/accounts").await.is(200);
    reader.delete(&format!("/accounts/{account}")).await.fails(403, "Forbidden");
    sim.advance(Duration::from_secs(61));
    admin.get("/accounts").await.is(401);
}
