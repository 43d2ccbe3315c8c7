//! Control calls: how somebody outside of the process looks into the simulator and plays other principals.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::act::ActError;
use super::service::Inner;
use super::switches::Switches;
use super::view;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// Answers one control call; errors are `{"error": text}`.
pub(crate) fn answer(inner: &mut Inner, head: &Parts, body: &[u8]) -> Response<Body> {
    let (status, value) = match control(inner, head.method.as_str(), head.uri.path(), body) {
        Ok(value) => (StatusCode::OK, value),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn control(inner: &mut Inner, method: &str, path: &str, body: &[u8]) -> Result<Value, (StatusCode, String)> {
    match (method, path) {
        ("GET", "/__stats") => Ok(json!(inner.stats())),
        ("GET", "/__log") => Ok(json!(inner.log.requests())),
        ("DELETE", "/__log") => {
            inner.log.clear();
            Ok(json!({}))
        }
        ("GET", "/__mails") => Ok(json!(inner.world.mails)),
        ("GET", "/__time") => Ok(json!({ "now": view::time(inner.world.now()) })),
        ("POST", "/__act") => {
            let result = inner.act(read(body)?).map_err(|error| {
                let status = match error {
                    ActError::Unknown { .. } => StatusCode::NOT_FOUND,
                    ActError::Refused { .. } => StatusCode::CONFLICT,
                };
                (status, error.to_string())
            })?;
            Ok(json!(result))
        }
        ("POST", "/__advance") => {
            let Advance { seconds } = read(body)?;
            inner.advance(Duration::from_secs(seconds));
            Ok(json!({ "now": view::time(inner.world.now()) }))
        }
        ("PUT", "/__faults") => {
            inner.set_faults(read(body)?);
            Ok(json!({}))
        }
        ("PUT", "/__switches") => {
            let mut switches: BTreeMap<String, String> = inner.world.switches.clone().into();
            switches.extend(read::<BTreeMap<String, String>>(body)?);
            let switches =
                Switches::try_from(switches).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
            inner.world.switches = switches.clone();
            Ok(json!(switches))
        }
        _ => Err((StatusCode::NOT_FOUND, format!("no control call {method} {path}"))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}
