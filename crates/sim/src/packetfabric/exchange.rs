//! The world as the frame sees it, and how it answers one request: route, token, rule, message.

use std::time::Duration;

use axum::http::header;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::act::Act;
use super::answer::{Answer, Answered as Told, Refusal};
use super::routes::{self, Call};
use super::switches::{GatewayBody, ListStatus, Switches};
use super::world::{Origin, Record, World};
use super::{genesis, perform};
use crate::frame::routes::{Found, allowed, find};
use crate::frame::{self, ActError, ActResult, Answered, Mail, Message, Place, Request};
use crate::log::Kind;

impl frame::World for World {
    type Record = Record;
    type Switches = Switches;
    type Act = Act;

    fn found(seed: u64, name: &str) -> Self {
        genesis::found(seed, name)
    }

    fn from_records(records: Vec<Record>) -> Self {
        World::from_records(records)
    }

    fn records(&self) -> Vec<Record> {
        self.records()
    }

    fn take_unsaved(&mut self) -> Vec<Record> {
        self.take_unsaved()
    }

    fn switches(&self) -> &Switches {
        &self.switches
    }

    fn set_switches(&mut self, switches: Switches) {
        self.switches = switches;
    }

    fn now(&self) -> Timestamp {
        self.now()
    }

    fn advance(&mut self, by: Duration) {
        let ahead_seconds = frame::further(self.origin.ahead_seconds, by);
        self.put(Record::Origin(Origin { ahead_seconds, ..self.origin.clone() }));
    }

    fn place(method: &str, path: &str) -> Place {
        find(routes::ENDPOINTS, method, path).place(method)
    }

    fn answer(&mut self, request: &Request) -> Answered {
        let (endpoint, params) = match find(routes::ENDPOINTS, &request.method, &request.path) {
            Found::Endpoint(endpoint, params) => (endpoint, params),
            Found::OtherMethod(template) => {
                let refused = self.refused(&Refusal::new(405, "The method is not allowed."));
                let message = refused.message.with(header::ALLOW, allowed(routes::ENDPOINTS, template));
                return Answered { message, ..refused };
            }
            Found::Nothing => return self.refused(&Refusal::not_found(&request.path)),
        };
        let Some(body) = request.body.clone() else {
            return self.refused(&Refusal::new(413, "The body is too large."));
        };
        let params: Option<Vec<String>> = params.iter().map(|param| decoded(param)).collect();
        let Some(params) = params else {
            return self.refused(&Refusal::bad("The path is not well encoded."));
        };
        let call = Call {
            path: request.path.clone(),
            params,
            query: request.query.clone(),
            headers: request.headers.clone(),
            body,
        };
        let (caller, told) = routes::answer(self, endpoint.handler, &call);
        let changed = endpoint.kind == Kind::Write && told.is_ok();
        let secrets = if endpoint.kind == Kind::Login { tokens(&told) } else { Vec::new() };
        let message = self.message(told);
        Answered { message, changed, principal: caller.map(|caller| caller.label), secrets }
    }

    fn act(&mut self, act: Act) -> Result<ActResult, ActError> {
        perform::perform(self, act)
    }

    fn mails(&self) -> &[Mail] {
        &self.mails
    }

    fn secret(record: &Record) -> Option<&str> {
        match record {
            Record::Invite(invite) => Some(&invite.uuid),
            Record::Key(key) => Some(&key.token),
            Record::Session(session) => Some(&session.token),
            Record::User(user) => Some(&user.password),
            _ => None,
        }
    }

    fn fault_body(&self, status: u16, body: Option<bool>) -> Option<Value> {
        let wanted = body.unwrap_or(self.switches.gateway_body == GatewayBody::Present);
        let request_id = crate::ids::uuid(self.origin.seed, u64::from(status));
        wanted.then(|| json!({ "message": "declared fault", "request_id": request_id }))
    }
}

impl World {
    fn message(&mut self, told: Told) -> Message {
        match told {
            Ok(Answer::Value(value)) => Message::json(200, &value),
            Ok(Answer::Created(value)) => Message::json(201, &value),
            Ok(Answer::List(items)) => {
                let status = match self.switches.list_status {
                    ListStatus::Created => 201,
                    ListStatus::Ok => 200,
                };
                Message::json(status, &Value::Array(items))
            }
            Ok(Answer::Done(message)) => Message::json(200, &json!({ "message": message })),
            Ok(Answer::Empty) => Message::empty(200),
            Err(refusal) => {
                let request_id = self.new_uuid();
                Message::json(refusal.status, &refusal.body(&request_id))
            }
        }
    }

    fn refused(&mut self, refusal: &Refusal) -> Answered {
        let request_id = self.new_uuid();
        let message = Message::json(refusal.status, &refusal.body(&request_id));
        Answered { message, changed: false, principal: None, secrets: Vec::new() }
    }
}

fn tokens(told: &Told) -> Vec<String> {
    let Ok(Answer::Value(granted)) = told else { return Vec::new() };
    granted["token"].as_str().map(str::to_owned).into_iter().collect()
}

/// A parameter of a path with its percent-encoding undone; `None` if that is broken.
fn decoded(param: &str) -> Option<String> {
    let bytes = param.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        if *byte == b'%' {
            let hex = std::str::from_utf8(bytes.get(place + 1..place + 3)?).ok()?;
            plain.push(u8::from_str_radix(hex, 16).ok()?);
            place += 3;
        } else {
            plain.push(*byte);
            place += 1;
        }
    }
    String::from_utf8(plain).ok()
}
