//! Tokens, log-in, the second factor (contract, section 2).

use orgform_sim::packetfabric::{Act, Sim};
use serde_json::json;

use crate::client::{Caller, switched, world};

#[tokio::test]
async fn a_key_speaks_with_and_without_the_word_bearer() {
    let (sim, admin) = world().await;
    admin.get("/v2/customers/current").await.is(200);
    Caller::bare(&sim, Sim::admin_key()).get("/v2/customers/current").await.is(200);
    Caller::bare(&sim, "Basic abc").get("/v2/customers/current").await.is(401);
    Caller::nobody(&sim).get("/v2/customers/current").await.is(401);
}

#[tokio::test]
async fn a_session_begins_with_login_and_password_and_ends_with_a_get() {
    let (sim, _) = world().await;
    let (login, password) = sim.founder();
    let nobody = Caller::nobody(&sim);
    nobody.post("/v2/auth/login", json!({ "login": login, "password": "wrong" })).await.is(401);
    let granted =
        nobody.post("/v2/auth/login", json!({ "login": login, "password": password })).await.is(200);
    assert_eq!(granted["mfa_required"], false);
    let token = granted["token"].as_str().unwrap();
    assert!(sim.secrets().contains(&token.to_owned()));
    let founder = Caller::with(&sim, token);
    founder.get("/v2/users").await.is(201);
    founder.get("/v2/auth/logout").await.is(200);
    founder.get("/v2/users").await.is(401);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_where_it_is_enabled() {
    let (sim, _) = world().await;
    let (login, password) = sim.founder();
    sim.act(Act::EnableMfa { email: login.clone() }).unwrap();
    let nobody = Caller::nobody(&sim);
    let granted =
        nobody.post("/v2/auth/login", json!({ "login": login, "password": password })).await.is(200);
    assert_eq!(granted["mfa_required"], true);
    let founder = Caller::with(&sim, granted["token"].as_str().unwrap());
    founder.get("/v2/users").await.is(401);
    founder.post("/v2/auth/login/mfa", json!({ "authentication_code": "000000" })).await.is(401);
    founder.post("/v2/auth/login/mfa", json!({ "authentication_code": "123456" })).await.is(200);
    founder.get("/v2/users").await.is(201);
}

#[tokio::test]
async fn an_older_login_ends_the_other_sessions() {
    for (switch, left) in [("login=keep", 201), ("login=end", 401)] {
        let (sim, _) = switched(switch).await;
        let (login, password) = sim.founder();
        let body = json!({ "login": login, "password": password });
        let first = Caller::nobody(&sim).post("/v2/auth/login", body.clone()).await.is(200);
        Caller::nobody(&sim).post("/v2/auth/login", body).await.is(200);
        Caller::with(&sim, first["token"].as_str().unwrap()).get("/v2/users").await.is(left);
    }
}
