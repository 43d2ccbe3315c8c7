//! Which request goes where: the endpoints of the API, and the way of one request through them.

use axum::body::Bytes;
use axum::http::HeaderMap;

use super::answer::{Answered, Refusal};
use super::audit::Event;
use super::switches::PutOmitted;
use super::world::{Principal, World};
use super::{accounts, audit, invites, keys, members, roles, token, users, view};
use crate::frame::routes::Endpoint;
use crate::log::Kind;

/// One request, its path already taken apart.
pub(crate) struct Call {
    pub(crate) params: Vec<String>,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// The n-th parameter of the path, from 0.
    pub(crate) fn param(&self, n: usize) -> &str {
        self.params.get(n).map_or("", String::as_str)
    }

    /// What an optional field becomes by a PUT: as sent, else as the switch `put-omitted` says.
    pub(crate) fn omitted<T>(&self, world: &World, sent: Option<T>, before: Option<T>) -> Option<T> {
        match world.switches.put_omitted {
            PutOmitted::Cleared => sent,
            PutOmitted::Kept => sent.or(before),
        }
    }
}

/// How an endpoint answers.
#[derive(Clone, Copy)]
enum Handler {
    /// Without a token.
    Open(fn(&mut World, &Call) -> Answered),
    /// For a caller who has logged in.
    Signed(fn(&mut World, &Call, &Principal) -> Answered),
}

/// What an endpoint does.
#[derive(Clone, Copy)]
pub(crate) struct Handling {
    handler: Handler,
    /// How the audit log calls a failure: event and subject type.
    event: Option<(&'static str, &'static str)>,
}

macro_rules! event {
    () => {
        None
    };
    ($event:literal $subject:literal) => {
        Some(($event, $subject))
    };
}

macro_rules! endpoints {
    ($($method:literal $template:literal $kind:ident $auth:ident $handler:path $(, $event:literal $subject:literal)?;)+) => {
        &[$(Endpoint {
            method: $method,
            template: $template,
            kind: Kind::$kind,
            handler: Handling { handler: Handler::$auth($handler), event: event!($($event $subject)?) },
        },)+]
    };
}

/// Checks the token where one is needed and lets the endpoint answer.
pub(crate) fn answer(
    world: &mut World,
    endpoint: &Endpoint<Handling>,
    call: &Call,
) -> (Option<Principal>, Answered) {
    match endpoint.handler.handler {
        Handler::Open(handler) => (None, handler(world, call)),
        Handler::Signed(handler) => match token::caller(world, &call.headers) {
            Ok(caller) => {
                let answered = handler(world, call, &caller);
                (Some(caller), answered)
            }
            Err(refusal) => (None, Err(refusal)),
        },
    }
}

/// What the audit log is told of a request that failed.
pub(crate) fn failure(world: &World, endpoint: &Endpoint<Handling>, call: &Call) -> Option<Event> {
    let (event_type, subject_type) = endpoint.handler.event?;
    let account = world.accounts.get(call.param(0))?.id.clone();
    let path = endpoint.template.split('/').zip(1..).fold(String::new(), |path, (segment, place)| {
        let param = if place == 3 { call.param(0) } else { call.param(1) };
        let segment = if segment.starts_with('{') { param } else { segment };
        if place == 1 { path } else { format!("{path}/{segment}") }
    });
    Some(Event {
        event_type: event_type.to_owned(),
        account,
        subject_type: subject_type.to_owned(),
        subject: view::link(path, ""),
        before: None,
        after: None,
    })
}

/// The refusal for a path that leads nowhere.
pub(crate) fn nowhere(path: &str) -> Refusal {
    Refusal::not_found("path", path)
}

/// The refusal for a method that a path doesn't have.
pub(crate) fn no_such_method(method: &str) -> Refusal {
    Refusal::new(405, "METHOD_NOT_ALLOWED", format!("method {method} not allowed here"))
}

fn audit_page(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    audit::page(world, caller, call.param(0), call.query.as_deref())
}

/// All endpoints.
pub(crate) const ENDPOINTS: &[Endpoint<Handling>] = endpoints! {
    "POST" "/login" Login Open users::login;
    "POST" "/login/refresh" Login Open users::refresh;
    "GET" "/userDomainProvider" Read Open users::domain_provider;
    "GET" "/accounts" Read Signed accounts::list;
    "POST" "/accounts" Write Signed accounts::add;
    "GET" "/accounts/{accountId}" Read Signed accounts::get;
    "PUT" "/accounts/{accountId}" Write Signed accounts::update, "ACCOUNT_UPDATE" "ACCOUNT";
    "DELETE" "/accounts/{accountId}" Write Signed accounts::delete, "ACCOUNT_DELETE" "ACCOUNT";
    "GET" "/accounts/{accountId}/consent" Read Signed accounts::consent;
    "POST" "/accounts/{accountId}/consent" Write Signed accounts::give_consent, "ACCOUNT_UPDATE" "ACCOUNT";
    "GET" "/accounts/{accountId}/canVerify" Read Signed accounts::can_verify;
    "GET" "/accounts/{accountId}/permissions" Read Signed accounts::permissions;
    "GET" "/accounts/{accountId}/roles" Read Signed roles::list;
    "POST" "/accounts/{accountId}/roles" Write Signed roles::add, "ROLE_CREATE" "ROLE";
    "GET" "/accounts/{accountId}/roles/{roleId}" Read Signed roles::get;
    "PUT" "/accounts/{accountId}/roles/{roleId}" Write Signed roles::update, "ROLE_UPDATE" "ROLE";
    "DELETE" "/accounts/{accountId}/roles/{roleId}" Write Signed roles::delete, "ROLE_DELETE" "ROLE";
    "GET" "/accounts/{accountId}/members" Read Signed members::list;
    "POST" "/accounts/{accountId}/members" Write Signed members::add, "ACCOUNT_MEMBER_CREATE" "ACCOUNT_MEMBER";
    "GET" "/accounts/{accountId}/members/{userId}" Read Signed members::get;
    "PUT" "/accounts/{accountId}/members/{userId}" Write Signed members::update, "ACCOUNT_MEMBER_UPDATE" "ACCOUNT_MEMBER";
    "DELETE" "/accounts/{accountId}/members/{userId}" Write Signed members::delete, "ACCOUNT_MEMBER_DELETE" "ACCOUNT_MEMBER";
    "GET" "/accounts/{accountId}/invites" Read Signed invites::list;
    "POST" "/accounts/{accountId}/invites" Write Signed invites::add, "MEMBER_INVITE_CREATE" "ACCOUNT_INVITE";
    "GET" "/accounts/{accountId}/invites/{inviteId}" Read Signed invites::get;
    "PUT" "/accounts/{accountId}/invites/{inviteId}" Write Signed invites::update, "MEMBER_INVITE_UPDATE" "ACCOUNT_INVITE";
    "DELETE" "/accounts/{accountId}/invites/{inviteId}" Write Signed invites::delete, "MEMBER_INVITE_DELETE" "ACCOUNT_INVITE";
    "POST" "/invites" Write Signed invites::accept_own;
    "GET" "/accounts/{accountId}/apikeys" Read Signed keys::list;
    "POST" "/accounts/{accountId}/apikeys" Write Signed keys::add, "API_KEY_CREATE" "API_KEY";
    "GET" "/accounts/{accountId}/apikeys/{key}" Read Signed keys::get;
    "PUT" "/accounts/{accountId}/apikeys/{key}" Write Signed keys::update, "API_KEY_UPDATE" "API_KEY";
    "DELETE" "/accounts/{accountId}/apikeys/{key}" Write Signed keys::delete, "API_KEY_DELETE" "API_KEY";
    "GET" "/accounts/{accountId}/auditLog" Read Signed audit_page;
    "GET" "/users/{userId}" Read Signed users::get;
    "PUT" "/users/{userId}" Write Signed users::update;
};
