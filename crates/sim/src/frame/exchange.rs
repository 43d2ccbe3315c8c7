//! The way of one request: faults are drawn, the world answers, the state file is written, the log is kept,
//! and only then is the answer sent, whole or as a fault wants it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::Value;

use super::message::Message;
use super::service::Inner;
use super::world::{Answered, Request, World};
use crate::faults::Effect;
use crate::log::LoggedRequest;
use crate::server::{self, Reply};

/// What is sent for one request.
pub(super) struct Sent {
    /// `None` closes the connection.
    message: Option<Message>,
    truncated: bool,
    /// How much later it is sent.
    pub(super) delay: Duration,
}

/// What came of one request before a fault got hold of it.
#[derive(Default)]
struct Outcome {
    message: Option<Message>,
    changed: bool,
    principal: Option<String>,
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

impl<W: World> Inner<W> {
    /// Handles one request, up to what is to be sent.
    pub(super) fn handle(&mut self, request: Request) -> Sent {
        let place = W::place(&request.method, &request.path);
        let at = self.world.now();
        let mut delay = Duration::ZERO;
        let mut strike = None;
        for effect in self.faults.strike(&request.method, &request.path) {
            match effect {
                Effect::Delay { millis } => delay += Duration::from_millis(millis),
                Effect::Meanwhile { act } => self.meanwhile(act),
                other => strike = strike.or(Some(other)),
            }
        }
        let unhandled = matches!(strike, Some(Effect::HangupBefore | Effect::Status { after: false, .. }));
        let Outcome { message, changed, principal } =
            if unhandled { Outcome::default() } else { self.carry_out(&request) };
        let truncated = strike == Some(Effect::Truncate);
        let message = self.spoil(message, strike);
        let Request { method, path, query, .. } = request;
        self.log.add(LoggedRequest {
            method,
            path: query.map_or_else(|| path.clone(), |query| format!("{path}?{query}")),
            template: place.template.to_owned(),
            kind: place.kind,
            status: message.as_ref().map(|message| message.status),
            changed,
            principal,
            at,
        });
        Sent { message, truncated, delay }
    }

    /// Somebody else acts. What can't be done is logged: a fault is no request, nobody is there to be told.
    fn meanwhile(&mut self, act: Value) {
        let acted = serde_json::from_value(act).map_err(|error| error.to_string());
        if let Err(error) = acted.and_then(|act| self.act(act).map_err(|error| error.to_string())) {
            tracing::warn!(%error, "a declared act was not possible");
        }
    }

    fn carry_out(&mut self, request: &Request) -> Outcome {
        let Answered { message, changed, principal, secrets } = self.world.answer(request);
        self.guard(secrets);
        if let Err(error) = self.save() {
            tracing::error!(%error, "the state file could not be written");
            let message = self.error(500, Some(true));
            return Outcome { message: Some(message), changed, principal };
        }
        Outcome { message: Some(message), changed, principal }
    }

    /// Does to a message what a fault wants.
    fn spoil(&self, message: Option<Message>, strike: Option<Effect>) -> Option<Message> {
        match strike {
            None | Some(Effect::Truncate | Effect::Delay { .. } | Effect::Meanwhile { .. }) => message,
            Some(Effect::HangupBefore | Effect::HangupAfter) => None,
            Some(Effect::Status { code, retry_after, body, after: _ }) => {
                let message = self.error(code, body);
                Some(match retry_after {
                    Some(seconds) => message.with(header::RETRY_AFTER, seconds.to_string()),
                    None => message,
                })
            }
            Some(Effect::Shrink { lose }) => message.map(|mut message| {
                if message.is_success()
                    && let Ok(mut body) = serde_json::from_slice::<Value>(&message.body)
                {
                    W::shrink(&mut body, lose);
                    message.body = serde_json::to_vec(&body).unwrap_or_default();
                }
                message
            }),
            Some(Effect::Garble) => {
                Some(Message::new(200, "text/html", b"<html><body>Welcome!</body></html>".to_vec()))
            }
        }
    }

    fn error(&self, status: u16, body: Option<bool>) -> Message {
        match self.world.fault_body(status, body) {
            Some(body) => Message::json(status, &body),
            None => Message::empty(status),
        }
    }
}
