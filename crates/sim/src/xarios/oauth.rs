//! The log-in service: authorize, token, refresh (xarios contract, section 3).

use std::collections::BTreeMap;

use axum::http::header;
use jiff::SignedDuration;
use serde_json::json;

use super::answer::{Answer, Answered, Refusal};
use super::genesis;
use super::routes::{Call, Caller};
use super::switches::{Refresh, Reuse};
use super::world::{Grant, Record, Token, World};

const SCOPE: &str = "openid offline_access onboarding";

/// Who calls, by the `Authorization` header.
pub(crate) fn caller(world: &World, call: &Call) -> Result<Caller, Refusal> {
    let value = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or_else(Refusal::unauthorized)?;
    let token = world.tokens.get(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.filter(|token| world.now() < token.expires).ok_or_else(Refusal::unauthorized)?;
    let grant = world.grants.get(&token.grant).filter(|grant| !grant.revoked);
    let grant = grant.ok_or_else(Refusal::unauthorized)?;
    Ok(Caller { client: grant.client.clone(), may_write: grant.may_write })
}

/// `GET /connect/authorize`: somebody with a portal log-in approves at once.
pub(crate) fn authorize(world: &mut World, call: &Call) -> Answered {
    let query = form(call.query.as_deref().unwrap_or("").as_bytes());
    let client = query.get("client_id").cloned().unwrap_or_default();
    let (Some(redirect), Some("code")) =
        (query.get("redirect_uri"), query.get("response_type").map(String::as_str))
    else {
        return Err(oauth_error("invalid_request"));
    };
    let may_write = client == genesis::ADMIN.client_id;
    if !may_write && client != genesis::READER.client_id {
        return Err(oauth_error("unauthorized_client"));
    }
    let grant = approve(world, &client, may_write);
    let code = world.new_secret("code");
    world.put(Record::Code { code: code.clone(), grant: grant.id });
    let state = query.get("state").map(|state| format!("&state={state}")).unwrap_or_default();
    let joint = if redirect.contains('?') { '&' } else { '?' };
    Ok(Answer::Redirect(format!("{redirect}{joint}code={code}{state}")))
}

/// `POST /connect/token`.
pub(crate) fn token(world: &mut World, call: &Call) -> Answered {
    let form = form(&call.body);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or("");
    if !genesis::is_client(field("client_id"), field("client_secret")) {
        return Err(oauth_error("invalid_client"));
    }
    let grant = match field("grant_type") {
        "authorization_code" => exchange_code(world, field("code")),
        "refresh_token" => refresh(world, field("refresh_token")),
        _ => return Err(oauth_error("unsupported_grant_type")),
    }?;
    if grant.client != field("client_id") {
        return Err(oauth_error("invalid_grant"));
    }
    let first = field("grant_type") == "authorization_code";
    let mut grant = grant;
    if !first && world.switches.refresh == Refresh::Rotates {
        world.put(Record::Spent { token: grant.refresh_token.clone(), grant: grant.id.clone() });
        grant.refresh_token = world.new_secret("refresh");
        world.put(Record::Grant(grant.clone()));
    }
    let life = world.switches.token_life.0;
    let now = world.now();
    let token = Token {
        token: format!("ey{}.{}", world.new_secret("header"), world.new_secret("access")),
        grant: grant.id.clone(),
        expires: now.checked_add(SignedDuration::from_secs(i64::from(life))).unwrap_or(now),
    };
    world.put(Record::Token(token.clone()));
    let mut granted = json!({
        "access_token": token.token,
        "token_type": "Bearer",
        "expires_in": life,
        "scope": SCOPE,
    });
    if first || world.switches.refresh == Refresh::Rotates {
        granted["refresh_token"] = json!(grant.refresh_token);
    }
    Ok(Answer::Plain(granted))
}

/// Somebody approves: a grant with a first refresh token.
pub(crate) fn approve(world: &mut World, client: &str, may_write: bool) -> Grant {
    let grant = Grant {
        id: world.new_id(),
        client: client.to_owned(),
        refresh_token: world.new_secret("refresh"),
        may_write,
        revoked: false,
    };
    world.put(Record::Grant(grant.clone()));
    grant
}

fn exchange_code(world: &mut World, code: &str) -> Result<Grant, Refusal> {
    let grant = world.codes.get(code).and_then(|grant| world.grants.get(grant)).cloned();
    let grant = grant.ok_or_else(|| oauth_error("invalid_grant"))?;
    world.put(Record::CodeGone(code.to_owned()));
    Ok(grant)
}

fn refresh(world: &mut World, token: &str) -> Result<Grant, Refusal> {
    let good = world.grants.values().find(|grant| grant.refresh_token == token && !grant.revoked).cloned();
    if let Some(grant) = good {
        return Ok(grant);
    }
    let spent = world.spent.get(token).and_then(|grant| world.grants.get(grant)).cloned();
    if let Some(grant) = spent
        && world.switches.reuse == Reuse::Revokes
    {
        world.put(Record::Grant(Grant { revoked: true, ..grant }));
    }
    Err(oauth_error("invalid_grant"))
}

/// An error of the log-in service, which has a body of its own.
fn oauth_error(error: &'static str) -> Refusal {
    Refusal::bad(error).with_code(OAUTH)
}

/// Marks errors of the log-in service.
pub(crate) const OAUTH: &str = "oauth";

fn form(text: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text).into_owned().collect()
}
