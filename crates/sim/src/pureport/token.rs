//! Bearer tokens: signed by the world itself, so that they outlive a restart and none has to be stored.
//!
//! A token is `header.claims.signature` in URL-safe base64, good for one hour (pureport contract, section 2).

use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::answer::Refusal;
use super::world::{Principal, World};
use crate::ids;

/// Seconds that an access token is good for.
pub(crate) const LIFE: i64 = 3600;
const REFRESH_LIFE: i64 = 30 * 24 * 3600;
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Use {
    Access,
    Refresh,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Principal,
    token_use: Use,
    iat: i64,
    exp: i64,
    /// Makes two tokens of one second different.
    jti: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// A new token for a principal.
pub(crate) fn issue(world: &mut World, principal: Principal, token_use: Use) -> String {
    let jti = world.new_id("");
    let iat = world.now().as_second();
    let life = match token_use {
        Use::Access => LIFE,
        Use::Refresh => REFRESH_LIFE,
    };
    let claims = Claims { sub: principal, token_use, iat, exp: iat + life, jti };
    let claims = serde_json::to_vec(&claims).unwrap_or_default();
    let signed = format!("{}.{}", ids::encode(HEADER.as_bytes()), ids::encode(&claims));
    let signature = sign(world.origin.seed, &signed);
    format!("{signed}.{signature}")
}

/// Who calls, by the `Authorization` header.
pub(crate) fn caller(world: &World, headers: &HeaderMap) -> Result<Principal, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(Refusal::unauthorized("ACCESS_TOKEN_MISSING", "no Authorization header"));
    };
    let bearer = value.to_str().ok().and_then(|text| text.split_once(' '));
    match bearer {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            check(world, token.trim(), Use::Access)
        }
        _ => Err(Refusal::unauthorized(
            "ACCESS_TOKEN_GENERAL",
            "the Authorization header holds no bearer token",
        )),
    }
}

/// The principal of a token that is genuine, of this use, and still good.
pub(crate) fn check(world: &World, token: &str, token_use: Use) -> Result<Principal, Refusal> {
    let undecodable = || Refusal::unauthorized("ACCESS_TOKEN_DECODE_ERROR", "the token can't be decoded");
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(undecodable());
    };
    let header: Header = decode(header).ok_or_else(undecodable)?;
    if header.alg != "HS256" {
        return Err(Refusal::unauthorized(
            "ACCESS_TOKEN_ALGORITHM_MISMATCH",
            "the token's algorithm is not ours",
        ));
    }
    let parsed: Claims = decode(claims).ok_or_else(undecodable)?;
    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    if sign(world.origin.seed, signed) != signature {
        return Err(Refusal::unauthorized("ACCESS_TOKEN_INVALID_SIGNATURE", "the token is not signed by us"));
    }
    if parsed.token_use != token_use {
        return Err(Refusal::unauthorized("ACCESS_TOKEN_GENERAL", "the token is for another use"));
    }
    if parsed.exp <= world.now().as_second() {
        let end = Timestamp::from_second(parsed.exp).unwrap_or_default();
        return Err(Refusal::unauthorized("ACCESS_TOKEN_EXPIRED", format!("the token expired at {end}")));
    }
    let exists = match &parsed.sub {
        Principal::Key(key) => world.keys.contains_key(key),
        Principal::User(user) => world.users.contains_key(user),
    };
    if exists {
        Ok(parsed.sub)
    } else {
        Err(Refusal::unauthorized("UNAUTHORIZED", "the token's owner does not exist any more"))
    }
}

fn decode<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&ids::decode(part)?).ok()
}

fn sign(seed: u64, signed: &str) -> String {
    ids::encode(&Sha256::digest(format!("bearer:{seed}:{signed}")))
}
