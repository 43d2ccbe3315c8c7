//! The world as the frame sees it, and how it answers one request: route, token, rule, audit log, message.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::header;
use jiff::Timestamp;
use serde_json::Value;

use super::act::Act;
use super::answer::{self, Answer, Answered as Told, Refusal};
use super::audit::{self, Occasion};
use super::routes::{self, Call};
use super::switches::{CreateStatus, DeleteStatus, GatewayBody, Switches};
use super::world::{Origin, Principal, Record, World};
use super::{genesis, messy, perform};
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

    fn lived_in(self) -> Self {
        messy::lived_in(self)
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
                let Answered { message, changed, principal, secrets } =
                    refused(&routes::no_such_method(&request.method));
                let message = message.with(header::ALLOW, allowed(routes::ENDPOINTS, template));
                return Answered { message, changed, principal, secrets };
            }
            Found::Nothing => return refused(&routes::nowhere(&request.path)),
        };
        let Some(body) = request.body.clone() else {
            return refused(&Refusal::new(413, "REQUEST_ENTITY_TOO_LARGE", "the body is too large"));
        };
        let call = Call { params, query: request.query.clone(), headers: request.headers.clone(), body };
        let (caller, told) = routes::answer(self, endpoint, &call);
        let changed = endpoint.kind == Kind::Write && told.is_ok();
        let failed = told.is_err().then(|| routes::failure(self, endpoint, &call)).flatten();
        let secrets = if endpoint.kind == Kind::Login { tokens(&told) } else { Vec::new() };
        let message = message(self, &request.path, told);
        // Reads are not audited; a log-in is filed under the key that it was made with.
        let principal = match endpoint.kind {
            Kind::Login => key_in_body(&call),
            Kind::Read => None,
            Kind::Write => caller.clone(),
        };
        if let Some(principal) = principal {
            audit::file(self, &principal, &occasion(request, message.status), failed);
        }
        Answered { message, changed, principal: caller.map(|caller| caller.label()), secrets }
    }

    fn act(&mut self, act: Act) -> Result<ActResult, ActError> {
        let result = perform::perform(self, act);
        let founder = Principal::User(self.origin.founder.clone());
        audit::file(self, &founder, &Occasion::at_the_console(), None);
        result
    }

    fn mails(&self) -> &[Mail] {
        &self.mails
    }

    fn secret(record: &Record) -> Option<&str> {
        match record {
            Record::Invite(invite) => Some(&invite.link),
            Record::Key(key) => Some(&key.secret),
            _ => None,
        }
    }

    fn fault_body(&self, status: u16, body: Option<bool>) -> Option<Value> {
        let wanted = body.unwrap_or(self.switches.gateway_body == GatewayBody::Present);
        wanted.then(|| answer::plain_error(status))
    }
}

/// Turns an answer into a message, and keeps new items out of their lists for a while.
fn message(world: &mut World, path: &str, told: Told) -> Message {
    let now = world.now();
    match told {
        Ok(Answer::Value(value)) => Message::json(200, &value),
        Ok(Answer::List(items)) => Message::json(200, &Value::Array(world.unlisted.listed(path, items, now))),
        Ok(Answer::Created { location, body }) => {
            let status = match world.switches.create_status {
                CreateStatus::Created => 201,
                CreateStatus::Ok => 200,
            };
            let lag = world.switches.list_lag;
            world.unlisted.hold_back(&location, lag, now);
            Message::json(status, &body).with(header::LOCATION, location)
        }
        Ok(Answer::Gone) => Message::empty(match world.switches.delete_status {
            DeleteStatus::NoContent => 204,
            DeleteStatus::Ok => 200,
        }),
        Ok(Answer::Text(text)) => Message::new(200, "text/plain", text.into_bytes()),
        Err(refusal) => Message::json(refusal.status, &refusal.body()),
    }
}

fn refused(refusal: &Refusal) -> Answered {
    let message = Message::json(refusal.status, &refusal.body());
    Answered { message, changed: false, principal: None, secrets: Vec::new() }
}

fn tokens(told: &Told) -> Vec<String> {
    let Ok(Answer::Value(granted)) = told else { return Vec::new() };
    let token = |name: &str| granted[name].as_str().map(str::to_owned);
    ["access_token", "refresh_token"].into_iter().filter_map(token).collect()
}

fn key_in_body(call: &Call) -> Option<Principal> {
    let body: Value = serde_json::from_slice(&call.body).ok()?;
    Some(Principal::Key(body["key"].as_str()?.to_owned()))
}

fn occasion(request: &Request, status: u16) -> Occasion {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(request.query.as_deref().unwrap_or("").as_bytes()) {
        parameters.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let user_agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Occasion {
        source: "API".to_owned(),
        ip_address: request.peer.ip().to_string(),
        user_agent: user_agent.unwrap_or("").to_owned(),
        request: Some((request.method.clone(), request.path.clone(), parameters)),
        status,
    }
}
