//! The way of one request: faults are drawn, the world answers, the state file is written, the log is kept,
//! and only then is the answer sent, whole or as a fault wants it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, Response, StatusCode, header};
use jiff::SignedDuration;
use serde_json::Value;

use super::answer::{self, Answer, Answered, Refusal};
use super::audit::{self, Occasion};
use super::routes::{self, Call, Found};
use super::service::{Inner, Unlisted};
use super::switches::{CreateStatus, DeleteStatus, GatewayBody, ListLag};
use super::world::Principal;
use crate::faults::Effect;
use crate::log::{Kind, LoggedRequest};
use crate::server::{self, Reply};

/// What is sent for one request.
pub(super) struct Sent {
    /// `None` closes the connection.
    message: Option<Message>,
    truncated: bool,
    /// How much later it is sent.
    pub(super) delay: Duration,
}

/// An answer on its way out.
struct Message {
    status: u16,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
}

/// What came of one request before a fault got hold of it.
#[derive(Default)]
struct Outcome {
    message: Option<Message>,
    changed: bool,
    caller: Option<Principal>,
}

impl Sent {
    pub(super) fn reply(self) -> Reply {
        let Some(Message { status, headers, body }) = self.message else { return Reply::Hangup };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        if self.truncated && !body.is_empty() {
            response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
            *response.body_mut() = Body::new(server::BrokenBody::new(body));
        } else {
            *response.body_mut() = Body::from(body);
        }
        Reply::Answer(response)
    }
}

impl Message {
    fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Message { status, headers: vec![(header::CONTENT_TYPE, content_type.to_owned())], body }
    }

    fn json(status: u16, value: &Value) -> Self {
        Message::new(status, "application/json", serde_json::to_vec(value).unwrap_or_default())
    }

    fn empty(status: u16) -> Self {
        Message { status, headers: Vec::new(), body: Vec::new() }
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Leaves out the last items, if it is a list.
    fn shrink(&mut self, lose: usize) {
        if self.status == 200
            && let Ok(Value::Array(mut items)) = serde_json::from_slice(&self.body)
        {
            items.truncate(items.len().saturating_sub(lose));
            self.body = serde_json::to_vec(&items).unwrap_or_default();
        }
    }
}

impl Inner {
    /// Handles one request, up to what is to be sent.
    pub(super) fn handle(&mut self, head: Parts, body: Option<Bytes>, peer: SocketAddr) -> Sent {
        let method = head.method.as_str().to_owned();
        let target = head.uri.to_string();
        let found = routes::find(&method, head.uri.path());
        let (template, kind) = match &found {
            Found::Endpoint(endpoint, _) => (endpoint.template, endpoint.kind),
            Found::OtherMethod(template) => (*template, by_method(&method)),
            Found::Nothing => ("unknown", by_method(&method)),
        };
        let at = self.world.now();
        let (delays, strikes): (Vec<_>, Vec<_>) = self
            .faults
            .strike(&method, head.uri.path())
            .into_iter()
            .partition(|effect| matches!(effect, Effect::Delay { .. }));
        let millis =
            delays.iter().map(|delay| if let Effect::Delay { millis } = delay { *millis } else { 0 }).sum();
        let strike = strikes.into_iter().next();
        let unhandled = matches!(strike, Some(Effect::HangupBefore | Effect::Status { after: false, .. }));
        let Outcome { message, changed, caller } =
            if unhandled { Outcome::default() } else { self.carry_out(found, head, body, peer) };
        let truncated = strike == Some(Effect::Truncate);
        let message = self.spoil(message, strike);
        self.log.add(LoggedRequest {
            method,
            path: target,
            template: template.to_owned(),
            kind,
            status: message.as_ref().map(|message| message.status),
            changed,
            principal: caller.map(|caller| caller.label()),
            at,
        });
        Sent { message, truncated, delay: Duration::from_millis(millis) }
    }

    fn carry_out(&mut self, found: Found, head: Parts, body: Option<Bytes>, peer: SocketAddr) -> Outcome {
        let (path, method) = (head.uri.path().to_owned(), head.method.as_str().to_owned());
        let (endpoint, params) = match found {
            Found::Endpoint(endpoint, params) => (endpoint, params),
            Found::OtherMethod(_) => return refused(&routes::no_such_method(&method)),
            Found::Nothing => return refused(&routes::nowhere(&path)),
        };
        let Some(body) = body else {
            return refused(&Refusal::new(413, "REQUEST_ENTITY_TOO_LARGE", "the body is too large"));
        };
        let query = head.uri.query().map(str::to_owned);
        let call = Call { params, query, headers: head.headers, body };
        let (caller, answered) = routes::answer(&mut self.world, endpoint, &call);
        let changed = endpoint.kind == Kind::Write && answered.is_ok();
        let failed = answered.is_err().then(|| routes::failure(&self.world, endpoint, &call)).flatten();
        if endpoint.kind == Kind::Login {
            self.remember_tokens(&answered);
        }
        let message = self.message(&path, answered);
        // Reads are not audited; a log-in is filed under the key that it was made with.
        let principal = match endpoint.kind {
            Kind::Login => key_in_body(&call),
            Kind::Read => None,
            Kind::Write => caller.clone(),
        };
        if let Some(principal) = principal {
            let occasion = occasion(&call, &method, &path, peer, message.status);
            audit::file(&mut self.world, &principal, &occasion, failed);
        }
        if let Err(error) = self.save() {
            tracing::error!(%error, "the state file could not be written");
            let refusal = Refusal::new(500, "INTERNAL_SERVER_ERROR", "the state could not be saved");
            return Outcome { caller, changed, ..refused(&refusal) };
        }
        Outcome { message: Some(message), changed, caller }
    }

    /// Turns an answer into a message, and keeps new items out of their lists for a while.
    fn message(&mut self, path: &str, answered: Answered) -> Message {
        let switches = &self.world.switches;
        match answered {
            Ok(Answer::Value(value)) => Message::json(200, &value),
            Ok(Answer::List(items)) => Message::json(200, &Value::Array(self.listed(path, items))),
            Ok(Answer::Created { location, body }) => {
                let status = match switches.create_status {
                    CreateStatus::Created => 201,
                    CreateStatus::Ok => 200,
                };
                self.hold_back(&location);
                Message::json(status, &body).with(header::LOCATION, location)
            }
            Ok(Answer::Gone) => Message::empty(match switches.delete_status {
                DeleteStatus::NoContent => 204,
                DeleteStatus::Ok => 200,
            }),
            Ok(Answer::Text(text)) => Message::new(200, "text/plain", text.into_bytes()),
            Err(refusal) => Message::json(refusal.status, &refusal.body()),
        }
    }

    /// Does to a message what a fault wants.
    fn spoil(&self, message: Option<Message>, strike: Option<Effect>) -> Option<Message> {
        match strike {
            None | Some(Effect::Truncate | Effect::Delay { .. }) => message,
            Some(Effect::HangupBefore | Effect::HangupAfter) => None,
            Some(Effect::Status { code, retry_after, body, after: _ }) => {
                let message = if body.unwrap_or(self.world.switches.gateway_body == GatewayBody::Present) {
                    Message::json(code, &answer::plain_error(code))
                } else {
                    Message::empty(code)
                };
                Some(match retry_after {
                    Some(seconds) => message.with(header::RETRY_AFTER, seconds.to_string()),
                    None => message,
                })
            }
            Some(Effect::Shrink { lose }) => message.map(|mut message| {
                message.shrink(lose);
                message
            }),
            Some(Effect::Garble) => {
                Some(Message::new(200, "text/html", b"<html><body>Welcome!</body></html>".to_vec()))
            }
        }
    }

    fn hold_back(&mut self, location: &str) {
        let Some((list, id)) = location.rsplit_once('/') else { return };
        let unlisted = match self.world.switches.list_lag {
            ListLag::None | ListLag::Reads(0) => return,
            ListLag::Reads(reads) => Unlisted::Reads(reads),
            ListLag::Seconds(seconds) => {
                let now = self.world.now();
                Unlisted::Until(now.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now))
            }
        };
        self.unlisted.insert((list.to_owned(), id.to_owned()), unlisted);
    }

    fn listed(&mut self, path: &str, items: Vec<(String, Value)>) -> Vec<Value> {
        if self.unlisted.is_empty() {
            return items.into_iter().map(|(_, item)| item).collect();
        }
        let now = self.world.now();
        let mut is_listed = |id: &str| {
            let place = (path.to_owned(), id.to_owned());
            let hidden = match self.unlisted.get_mut(&place) {
                None => false,
                Some(Unlisted::Until(end)) => now < *end,
                Some(Unlisted::Reads(left)) => {
                    let hidden = *left > 0;
                    *left = left.saturating_sub(1);
                    hidden
                }
            };
            if !hidden {
                self.unlisted.remove(&place);
            }
            !hidden
        };
        items.into_iter().filter(|(id, _)| is_listed(id)).map(|(_, item)| item).collect()
    }

    fn remember_tokens(&mut self, answered: &Answered) {
        if let Ok(Answer::Value(granted)) = answered {
            let tokens =
                ["access_token", "refresh_token"].map(|name| granted[name].as_str().map(str::to_owned));
            self.secrets.extend(tokens.into_iter().flatten());
        }
    }
}

fn refused(refusal: &Refusal) -> Outcome {
    Outcome { message: Some(Message::json(refusal.status, &refusal.body())), ..Outcome::default() }
}

fn by_method(method: &str) -> Kind {
    if matches!(method, "GET" | "HEAD" | "OPTIONS") { Kind::Read } else { Kind::Write }
}

fn key_in_body(call: &Call) -> Option<Principal> {
    let body: Value = serde_json::from_slice(&call.body).ok()?;
    Some(Principal::Key(body["key"].as_str()?.to_owned()))
}

fn occasion(call: &Call, method: &str, path: &str, peer: SocketAddr, status: u16) -> Occasion {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(call.query.as_deref().unwrap_or("").as_bytes()) {
        parameters.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let user_agent = call.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Occasion {
        source: "API".to_owned(),
        ip_address: peer.ip().to_string(),
        user_agent: user_agent.unwrap_or("").to_owned(),
        request: Some((method.to_owned(), path.to_owned(), parameters)),
        status,
    }
}
