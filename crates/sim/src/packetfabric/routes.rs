//! Which request goes where: the endpoints of the API, and the way of one request through them.

use axum::body::Bytes;
use axum::http::HeaderMap;

use super::answer::{Answer, Answered, Refusal};
use super::body::Query;
use super::world::World;
use super::{activity, contacts, customers, groups, invites, keys, sessions, users};
use crate::frame::body::is_email;
use crate::frame::routes::Endpoint;
use crate::log::Kind;

/// One request, its path already taken apart and decoded.
pub(crate) struct Call {
    pub(crate) path: String,
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
}

/// Who calls.
pub(crate) struct Caller {
    /// The uuid of the user, who may speak through an API key.
    pub(crate) user: String,
    pub(crate) login: String,
    pub(crate) is_admin: bool,
    /// As the request log names them.
    pub(crate) label: String,
}

impl Caller {
    pub(crate) fn require_admin(&self) -> Result<(), Refusal> {
        if self.is_admin { Ok(()) } else { Err(Refusal::forbidden()) }
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
        Handler::Signed(handler) => match sessions::caller(world, &call.headers) {
            Ok(caller) => {
                let answered = on_behalf(world, call).and_then(|()| handler(world, call, &caller));
                (Some(caller), answered)
            }
            Err(refusal) => (None, Err(refusal)),
        },
    }
}

/// A reseller's header: here nobody has customers but themselves.
fn on_behalf(world: &World, call: &Call) -> Result<(), Refusal> {
    match call.headers.get("on-behalf").map(|value| value.to_str().unwrap_or("")) {
        Some(customer) if customer != world.customer.uuid => Err(Refusal::forbidden()),
        _ => Ok(()),
    }
}

/// `GET /v2/signup/email-validation`.
fn email_validation(_world: &mut World, call: &Call) -> Answered {
    let query = Query::read(call.query.as_deref(), &["email"])?;
    match query.one("email")? {
        Some(email) if is_email(email) => Ok(Answer::Empty),
        _ => Err(Refusal::at("email", "is missing or invalid")),
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

/// All endpoints.
pub(crate) const ENDPOINTS: &[Endpoint<Handler>] = endpoints! {
    "POST" "/v2/auth/login" Login Open sessions::login;
    "POST" "/v2/auth/login/mfa" Login Open sessions::second_factor;
    "GET" "/v2/auth/logout" Write Open sessions::logout;
    "GET" "/v2/auth/sessions" Read Signed sessions::list;
    "DELETE" "/v2/auth/sessions" Write Signed sessions::end;
    "GET" "/v2/users" Read Signed users::list;
    "POST" "/v2/users" Write Signed users::add;
    "POST" "/v2/users/request-password-reset" Write Open users::request_reset;
    "POST" "/v2/users/reset-password" Write Open users::reset;
    "GET" "/v2/users/{user_login}" Read Signed users::get;
    "PATCH" "/v2/users/{user_login}" Write Signed users::update;
    "DELETE" "/v2/users/{user_login}" Write Signed users::delete;
    "PATCH" "/v2/users/{user_login}/password" Write Signed users::change_password;
    "GET" "/v2/users/{user_login}/groups" Read Signed groups::of_user;
    "POST" "/v2/users/{user_login}/groups/{group_name}" Write Signed groups::put_in;
    "DELETE" "/v2/users/{user_login}/groups/{group_name}" Write Signed groups::take_out;
    "GET" "/v2/groups" Read Signed groups::list;
    "GET" "/v2/groups/{group_name}/users" Read Signed groups::users_of;
    "GET" "/v2/groups/{group_name}/permissions" Read Signed groups::permissions;
    "POST" "/v2/team-invites" Write Signed invites::add;
    "GET" "/v2/team-invites" Read Signed invites::list;
    "GET" "/v2/team-invites/{signup_uuid}" Read Open invites::get;
    "POST" "/v2/team-invites/{signup_uuid}/resend" Write Signed invites::resend;
    "POST" "/v2/team-invites/{signup_uuid}/user" Write Open invites::sign_up;
    "GET" "/v2/signup/email-validation" Read Open email_validation;
    "GET" "/v2/customers/current" Read Signed customers::current;
    "PATCH" "/v2/customers/current" Write Signed customers::update;
    "GET" "/v2/customers" Read Signed customers::search;
    "GET" "/v2/contacts" Read Signed contacts::list;
    "POST" "/v2/contacts" Write Signed contacts::add;
    "GET" "/v2/contacts/{contact_uuid}" Read Signed contacts::get;
    "PATCH" "/v2/contacts/{contact_uuid}" Write Signed contacts::update;
    "DELETE" "/v2/contacts/{contact_uuid}" Write Signed contacts::delete;
    "GET" "/v2/api-keys" Read Signed keys::list;
    "POST" "/v2/api-keys" Write Signed keys::add;
    "DELETE" "/v2/api-keys/{uuid}" Write Signed keys::delete;
    "GET" "/v2/activity-logs" Read Signed activity::page;
    "GET" "/v2/activity-logs/{log_uuid}" Read Signed activity::get;
};
