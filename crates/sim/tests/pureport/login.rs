//! Log-in, refresh, bearer tokens (section 2).

use std::time::Duration;

use orgform_sim::pureport::{Act, Sim};
use serde_json::{Value, json};

use crate::client::{Caller, switched, world};

async fn granted(caller: &Caller) -> Value {
    let (key, secret) = Sim::admin_key();
    caller.post("/login", json!({ "key": key, "secret": secret })).await.is(200)
}

#[tokio::test]
async fn a_key_and_its_secret_buy_a_token_for_an_hour() {
    let (sim, admin, root) = world().await;
    let granted = granted(&admin).await;
    assert_eq!(granted["token_type"], "bearer");
    assert_eq!(granted["expires_in"], 3600);
    sim.advance(Duration::from_secs(3590));
    admin.get(&format!("/accounts/{root}")).await.is(200);
    sim.advance(Duration::from_secs(20));
    admin.get("/accounts").await.fails(401, "ACCESS_TOKEN_EXPIRED");
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike() {
    let (_sim, admin, _) = world().await;
    let (key, secret) = Sim::admin_key();
    for (key, secret) in [(key, "wrong"), ("unknown", secret)] {
        let answer = admin.post("/login", json!({ "key": key, "secret": secret })).await;
        answer.fails(401, "API_KEY_NOT_FOUND");
    }
    admin.post("/login", json!({ "key": key })).await.fails(422, "VALIDATION_ERROR");
    admin
        .post("/login", json!({ "key": key, "secret": secret, "user": "x" }))
        .await
        .fails(400, "JSON_PROCESSING_ERROR");
}

#[tokio::test]
async fn a_token_that_is_missing_strange_or_forged_is_named_by_its_code() {
    let (_sim, admin, _) = world().await;
    let refused = async |token: Option<&str>, code: &str| {
        let caller = Caller { token: token.map(str::to_owned), ..admin.clone() };
        caller.get("/accounts").await.fails(401, code);
    };
    let token = admin.token.clone().unwrap();
    let mut parts = token.split('.');
    let (header, claims) = (parts.next().unwrap(), parts.next().unwrap());
    refused(None, "ACCESS_TOKEN_MISSING").await;
    refused(Some("garbage"), "ACCESS_TOKEN_DECODE_ERROR").await;
    refused(Some(&format!("{header}.{claims}.AAAA")), "ACCESS_TOKEN_INVALID_SIGNATURE").await;
    // {"alg":"none"}
    refused(Some(&format!("eyJhbGciOiJub25lIn0.{claims}.")), "ACCESS_TOKEN_ALGORITHM_MISMATCH").await;
    let refresh = granted(&admin).await["refresh_token"].as_str().unwrap().to_owned();
    refused(Some(&refresh), "ACCESS_TOKEN_GENERAL").await;
}

#[tokio::test]
async fn a_refresh_keeps_the_old_refresh_token_by_default() {
    let (sim, admin, _) = world().await;
    let first = granted(&admin).await;
    sim.advance(Duration::from_secs(3700));
    for _ in 0..2 {
        let body = json!({ "refreshToken": first["refresh_token"] });
        let again = admin.post("/login/refresh", body).await.is(200);
        assert_eq!(again.get("refresh_token"), None);
        let token = again["access_token"].as_str().map(str::to_owned);
        Caller { token, ..admin.clone() }.get("/accounts").await.is(200);
    }
    let snake = json!({ "refresh_token": first["refresh_token"] });
    admin.post("/login/refresh", snake).await.fails(400, "JSON_PROCESSING_ERROR");
    let access = json!({ "refreshToken": first["access_token"] });
    admin.post("/login/refresh", access).await.fails(401, "ACCESS_TOKEN_GENERAL");
}

#[tokio::test]
async fn a_refresh_may_renew_the_refresh_token() {
    let (_sim, admin, _) = switched("refresh-token=renewed").await;
    let first = granted(&admin).await;
    let body = json!({ "refreshToken": first["refresh_token"] });
    let again = admin.post("/login/refresh", body).await.is(200);
    assert_ne!(again["refresh_token"], first["refresh_token"]);
    admin.post("/login/refresh", json!({ "refreshToken": again["refresh_token"] })).await.is(200);
}

#[tokio::test]
async fn a_user_signs_in_and_reads_and_edits_their_own_profile() {
    let (sim, admin, _) = world().await;
    let founder = Caller::user(&sim, &sim.founder());
    let id = sim.act(Act::CreateUser { email: "ada.lovelace@acme.example".into() }).unwrap().id.unwrap();
    let ada = Caller::user(&sim, "Ada.Lovelace@acme.example");
    let path = format!("/users/{id}");
    let mut profile = ada.get(&path).await.is(200);
    assert_eq!((&profile["firstName"], &profile["lastName"]), (&json!("Ada"), &json!("Lovelace")));
    profile["company"] = json!("Acme");
    let written = ada.put(&path, profile.clone()).await.is(200);
    assert_eq!(written["company"], "Acme");
    founder.put(&path, profile.clone()).await.fails(403, "FORBIDDEN");
    profile["email"] = json!(sim.founder().to_uppercase());
    ada.put(&path, profile).await.fails(409, "CONFLICT");
    admin.get("/users/user-nobody").await.fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn another_user_can_be_read_unless_switched_off() {
    let (sim, admin, _) = switched("other-users=forbidden").await;
    let ada = sim.act(Act::CreateUser { email: "ada@acme.example".into() }).unwrap().id.unwrap();
    admin.get(&format!("/users/{ada}")).await.fails(403, "FORBIDDEN");
    Caller::user(&sim, "ada@acme.example").get(&format!("/users/{ada}")).await.is(200);
    sim.set_switches("other-users=readable".parse().unwrap());
    assert_eq!(admin.get(&format!("/users/{ada}")).await.is(200)["email"], "ada@acme.example");
}

#[tokio::test]
async fn a_domain_tells_its_single_sign_on_without_a_token() {
    let (sim, _, _) = world().await;
    let nobody = Caller::nobody(&sim.url());
    sim.act(Act::SsoDomain { domain: "acme.example".into(), provider: "acme-saml".into() }).unwrap();
    let ask = async |query: &str| nobody.get(&format!("/userDomainProvider{query}")).await;
    let found = ask("?emailAddress=ada@ACME.example").await;
    assert_eq!((found.status, found.text.as_str()), (200, "acme-saml"));
    ask("?emailAddress=ada@other.example").await.fails(404, "NOT_FOUND");
    ask("?emailAddress=ada").await.fails(400, "BAD_REQUEST");
    ask("").await.fails(400, "BAD_REQUEST_MISSING_PARAMETER");
}
