//! Control calls: how somebody outside of the process looks into the simulator and plays other principals.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::service::Inner;
use super::switches::Switching as _;
use super::world::{ActError, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// Answers one control call; errors are `{"error": text}`.
pub(crate) fn answer<W: World>(inner: &mut Inner<W>, head: &Parts, body: &[u8]) -> Response<Body> {
    let (status, value) = match control(inner, head.method.as_str(), head.uri.path(), body) {
        Ok(value) => (StatusCode::OK, value),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn control<W: World>(
    inner: &mut Inner<W>,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<Value, (StatusCode, String)> {
    match (method, path) {
        ("GET", "/__stats") => Ok(json!(inner.stats())),
        ("GET", "/__log") => Ok(json!(inner.log.requests())),
        ("DELETE", "/__log") => {
            inner.log.clear();
            Ok(json!({}))
        }
        ("GET", "/__mails") => Ok(json!(inner.world.mails())),
        ("GET", "/__time") => Ok(now(inner)),
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
            Ok(now(inner))
        }
        ("PUT", "/__faults") => {
            inner.set_faults(read(body)?);
            Ok(json!({}))
        }
        ("PUT", "/__switches") => {
            let mut switches = inner.world.switches().clone();
            for (name, value) in read::<BTreeMap<String, String>>(body)? {
                switches.put(&name, &value).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
            }
            inner.world.set_switches(switches.clone());
            Ok(json!(switches.values()))
        }
        _ => Err((StatusCode::NOT_FOUND, format!("no control call {method} {path}"))),
    }
}

fn now<W: World>(inner: &Inner<W>) -> Value {
    json!({ "now": format!("{:.3}", inner.world.now()) })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}
