//! The world as the frame sees it, and how it answers one request: route, token, rule, envelope.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::header;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::act::Act;
use super::answer::{Answer, Answered as Told, Refusal};
use super::oauth::OAUTH;
use super::routes::{self, Call};
use super::switches::{Envelope, GatewayBody, PageSize, Switches};
use super::world::{Origin, Record, World};
use super::{genesis, perform, view};
use crate::frame::routes::{Found, find};
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
            Found::OtherMethod(_) => return self.refused(&Refusal::new(405, "Method Not Allowed")),
            Found::Nothing => return self.refused(&Refusal::not_found()),
        };
        let Some(body) = request.body.clone() else {
            return self.refused(&Refusal::new(413, "Payload Too Large"));
        };
        let names = endpoint
            .template
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')));
        let call = Call {
            path: request.path.clone(),
            params: names.zip(params).collect::<BTreeMap<_, _>>(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body,
        };
        let (caller, told) = routes::answer(self, endpoint.handler, &call);
        let changed = endpoint.kind == Kind::Write && told.is_ok();
        let message = self.message(told);
        let principal = caller.map(|caller| format!("client/{}", caller.client));
        Answered { message, changed, principal, secrets: Vec::new() }
    }

    fn act(&mut self, act: Act) -> Result<ActResult, ActError> {
        perform::perform(self, act)
    }

    fn mails(&self) -> &[Mail] {
        &self.mails
    }

    fn secret(record: &Record) -> Option<&str> {
        match record {
            Record::Grant(grant) => Some(&grant.refresh_token),
            Record::Token(token) => Some(&token.token),
            Record::Code { code, .. } => Some(code),
            _ => None,
        }
    }

    fn fault_body(&self, status: u16, body: Option<bool>) -> Option<Value> {
        let wanted = body.unwrap_or(self.switches.gateway_body == GatewayBody::Present);
        let refusal = Refusal::new(status, "declared fault");
        if wanted { refusal.body(&view::timestamp(self.now())) } else { None }
    }

    fn shrink(body: &mut Value, lose: usize) {
        if let Some(items) = body.get_mut("data").and_then(Value::as_array_mut) {
            items.truncate(items.len().saturating_sub(lose));
        }
    }
}

impl World {
    fn message(&self, told: Told) -> Message {
        match told {
            Ok(Answer::One(data)) => Message::json(200, &self.envelope(Some(data), Map::new())),
            Ok(Answer::Created { location, data }) => {
                Message::json(201, &self.envelope(Some(data), Map::new())).with(header::LOCATION, location)
            }
            Ok(Answer::Page { items, index }) => {
                let mut more = Map::new();
                let size = items.len();
                more.insert(
                    "page_size".to_owned(),
                    match self.switches.page_size {
                        PageSize::Number => json!(size),
                        PageSize::Text => json!(size.to_string()),
                    },
                );
                if let Some(index) = index {
                    more.insert("page_index".to_owned(), json!(index));
                }
                Message::json(200, &self.envelope(Some(Value::Array(items)), more))
            }
            Ok(Answer::Done) => Message::json(200, &self.envelope(None, Map::new())),
            Ok(Answer::Nothing) => Message::empty(204),
            Ok(Answer::Plain(value)) => Message::json(200, &value),
            Ok(Answer::Redirect(to)) => Message::empty(302).with(header::LOCATION, to),
            Err(refusal) if refusal.code == Some(OAUTH) => {
                Message::json(refusal.status, &json!({ "error": refusal.message }))
            }
            Err(refusal) => match refusal.body(&view::timestamp(self.now())) {
                Some(body) => Message::json(refusal.status, &body),
                None => Message::empty(refusal.status),
            },
        }
    }

    fn envelope(&self, data: Option<Value>, mut more: Map<String, Value>) -> Value {
        if self.switches.envelope == Envelope::Bare {
            more.clear();
        } else {
            more.insert("status".to_owned(), json!("success"));
            more.insert("timestamp".to_owned(), json!(view::timestamp(self.now())));
        }
        if let Some(data) = data {
            more.insert("data".to_owned(), data);
        }
        Value::Object(more)
    }

    fn refused(&self, refusal: &Refusal) -> Answered {
        let message = self.message(Err(refusal.clone()));
        Answered { message, changed: false, principal: None, secrets: Vec::new() }
    }
}
