//! Which request goes where: the endpoints of the API, and the way of one request through them.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use super::answer::{Answered, Refusal};
use super::switches::Charges;
use super::world::World;
use super::{oauth, tenants, users};
use crate::frame::body::{self, Unreadable, WrongQuery};
use crate::frame::routes::Endpoint;
use crate::log::Kind;

/// One request, its path already taken apart.
pub(crate) struct Call {
    pub(crate) path: String,
    /// By name.
    pub(crate) params: BTreeMap<&'static str, String>,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// A parameter of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.param_if_any(name).unwrap_or("")
    }

    /// A parameter that not every path has.
    pub(crate) fn param_if_any(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// The JSON body.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        Ok(body::read(&self.headers, &self.body, &["application/json"])?)
    }

    /// The JSON Patch body.
    pub(crate) fn read_patch<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        Ok(body::read(&self.headers, &self.body, &["application/json-patch+json", "application/json"])?)
    }

    /// Refuses a change that costs money without the header that accepts it, by the switch `charges`.
    pub(crate) fn accept_charges(&self, world: &World) -> Result<(), Refusal> {
        let accepted = self.headers.get("accept-charges").is_some_and(|value| value == "true");
        if accepted || world.switches.charges == Charges::Ignored {
            Ok(())
        } else {
            Err(Refusal::bad("This change causes charges; accept them with accept-charges: true."))
        }
    }
}

/// Who calls.
pub(crate) struct Caller {
    pub(crate) client: String,
    pub(crate) may_write: bool,
}

impl Caller {
    pub(crate) fn require_write(&self) -> Result<(), Refusal> {
        if self.may_write { Ok(()) } else { Err(Refusal::forbidden()) }
    }
}

/// How an endpoint answers.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Without a token.
    Open(fn(&mut World, &Call) -> Answered),
    /// For a caller with a token.
    Signed(fn(&mut World, &Call, &Caller) -> Answered),
}

/// Checks the token where one is needed and lets the endpoint answer.
pub(crate) fn answer(world: &mut World, handler: Handler, call: &Call) -> (Option<Caller>, Answered) {
    match handler {
        Handler::Open(handler) => (None, handler(world, call)),
        Handler::Signed(handler) => match oauth::caller(world, call) {
            Ok(caller) => {
                let answered = handler(world, call, &caller);
                (Some(caller), answered)
            }
            Err(refusal) => (None, Err(refusal)),
        },
    }
}

/// Refuses what isn't a GUID.
pub(crate) fn guid(text: &str) -> Result<(), Refusal> {
    let is_guid = text.len() == 36
        && text.chars().enumerate().all(|(place, letter)| match place {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_hexdigit(),
        });
    if is_guid { Ok(()) } else { Err(Refusal::not_valid(text)) }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::ContentType(_) => Refusal::new(415, "Unsupported Media Type"),
            Unreadable::Json(message) => Refusal::bad(message),
        }
    }
}

impl From<WrongQuery> for Refusal {
    fn from(WrongQuery(message): WrongQuery) -> Self {
        Refusal::bad(message)
    }
}

macro_rules! endpoints {
    ($($method:literal $template:literal $kind:ident $auth:ident $handler:path;)+) => {
        &[$(Endpoint {
            method: $method,
            template: $template,
            kind: Kind::$kind,
            handler: Handler::$auth($handler),
        },)+]
    };
}

/// All endpoints. A token of the reseller level may leave the account out of a customer's path.
pub(crate) const ENDPOINTS: &[Endpoint<Handler>] = endpoints! {
    "GET" "/connect/authorize" Login Open oauth::authorize;
    "POST" "/connect/token" Login Open oauth::token;
    "GET" "/api/v1.0/accounts" Read Signed tenants::list_accounts;
    "POST" "/api/v1.0/accounts" Write Signed tenants::add_account;
    "GET" "/api/v1.0/accounts/{account}" Read Signed tenants::get;
    "PATCH" "/api/v1.0/accounts/{account}" Write Signed tenants::update;
    "DELETE" "/api/v1.0/accounts/{account}" Write Signed tenants::delete;
    "GET" "/api/v1.0/accounts/{account}/users" Read Signed users::list;
    "POST" "/api/v1.0/accounts/{account}/users" Write Signed users::add;
    "GET" "/api/v1.0/accounts/{account}/users/{user}" Read Signed users::get;
    "PATCH" "/api/v1.0/accounts/{account}/users/{user}" Write Signed users::update;
    "DELETE" "/api/v1.0/accounts/{account}/users/{user}" Write Signed users::delete;
    "POST" "/api/v1.0/accounts/{account}/users/{user}/sendActivationEmail" Write Signed users::send_activation;
    "GET" "/api/v1.0/accounts/{account}/customers" Read Signed tenants::list_customers;
    "POST" "/api/v1.0/accounts/{account}/customers" Write Signed tenants::add_customer;
    "GET" "/api/v1.0/accounts/{account}/customers/{customer}" Read Signed tenants::get;
    "PATCH" "/api/v1.0/accounts/{account}/customers/{customer}" Write Signed tenants::update;
    "DELETE" "/api/v1.0/accounts/{account}/customers/{customer}" Write Signed tenants::delete;
    "GET" "/api/v1.0/accounts/{account}/customers/{customer}/users" Read Signed users::list;
    "POST" "/api/v1.0/accounts/{account}/customers/{customer}/users" Write Signed users::add;
    "GET" "/api/v1.0/accounts/{account}/customers/{customer}/users/{user}" Read Signed users::get;
    "PATCH" "/api/v1.0/accounts/{account}/customers/{customer}/users/{user}" Write Signed users::update;
    "DELETE" "/api/v1.0/accounts/{account}/customers/{customer}/users/{user}" Write Signed users::delete;
    "POST" "/api/v1.0/accounts/{account}/customers/{customer}/users/{user}/sendActivationEmail" Write Signed users::send_activation;
    "GET" "/api/v1.0/customers/{customer}/users" Read Signed users::list;
    "POST" "/api/v1.0/customers/{customer}/users" Write Signed users::add;
    "GET" "/api/v1.0/customers/{customer}/users/{user}" Read Signed users::get;
    "PATCH" "/api/v1.0/customers/{customer}/users/{user}" Write Signed users::update;
    "DELETE" "/api/v1.0/customers/{customer}/users/{user}" Write Signed users::delete;
    "POST" "/api/v1.0/customers/{customer}/users/{user}/sendActivationEmail" Write Signed users::send_activation;
};
