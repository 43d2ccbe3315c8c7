//! Users, log-in, and the single sign-on question (pureport contract, sections 2 and 7).

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Query};
use super::routes::Call;
use super::switches::{OtherUsers, RefreshToken};
use super::token::{self, Use};
use super::world::{Principal, Record, User, World};
use super::{accounts, view};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    key: Option<String>,
    secret: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refresh {
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    id: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    username: Option<String>,
    company: Option<String>,
    phone_number: Option<String>,
    #[serde(rename = "href")]
    _href: Option<String>,
}

/// `POST /login`.
pub(crate) fn login(world: &mut World, call: &Call) -> Answered {
    let body: Login = body::read_json(&call.headers, &call.body)?;
    let key = body::required(body.key, "key")?;
    let secret = body::required(body.secret, "secret")?;
    let Some(found) = world.keys.get(&key).filter(|found| found.secret == secret).cloned() else {
        return Err(Refusal::unauthorized("API_KEY_NOT_FOUND", "no API key with this key and secret"));
    };
    let subject = view::link(view::key_href(&found.account, &key), &found.name);
    world.note("API_LOGIN", &found.account, "API_KEY", subject, None, None);
    let principal = Principal::Key(key);
    let refresh_token = token::issue(world, principal.clone(), Use::Refresh);
    Ok(Answer::Value(granted(world, principal, Some(refresh_token))))
}

/// `POST /login/refresh`.
pub(crate) fn refresh(world: &mut World, call: &Call) -> Answered {
    let body: Refresh = body::read_json(&call.headers, &call.body)?;
    let old = body::required(body.refresh_token, "refreshToken")?;
    let principal = token::check(world, &old, Use::Refresh)?;
    let renewed = match world.switches.refresh_token {
        RefreshToken::Omitted => None,
        RefreshToken::Renewed => Some(token::issue(world, principal.clone(), Use::Refresh)),
    };
    Ok(Answer::Value(granted(world, principal, renewed)))
}

/// `GET /userDomainProvider?emailAddress=`: text, 404 none, 400 bad address; no token needed.
pub(crate) fn domain_provider(world: &mut World, call: &Call) -> Answered {
    let query = Query::read(call.query.as_deref(), &["emailAddress"])?;
    let Some(address) = query.one("emailAddress")? else {
        return Err(Refusal::new(400, "BAD_REQUEST_MISSING_PARAMETER", "emailAddress is required"));
    };
    body::email(address).map_err(|refusal| Refusal::bad_request(refusal.message))?;
    let domain = address.rsplit('@').next().unwrap_or("").to_lowercase();
    match world.domains.get(&domain) {
        Some(provider) => Ok(Answer::Text(provider.clone())),
        None => Err(Refusal::not_found("single sign-on for", &domain)),
    }
}

/// `GET /users/{userId}`.
pub(crate) fn get(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let id = call.param(0);
    let own = matches!(caller, Principal::User(user) if user == id);
    if !own && world.switches.other_users == OtherUsers::Forbidden {
        return Err(Refusal::forbidden("other users can't be read"));
    }
    let user = world.users.get(id).ok_or_else(|| Refusal::not_found("user", id))?;
    if !own && user.hidden {
        return Err(Refusal::forbidden("this user can't be read"));
    }
    Ok(Answer::Value(view::user(user)))
}

/// `PUT /users/{userId}`: the user's own.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let id = call.param(0);
    let before = world.users.get(id).cloned().ok_or_else(|| Refusal::not_found("user", id))?;
    if !matches!(caller, Principal::User(user) if user == id) {
        return Err(Refusal::forbidden("a user is changed by nobody else"));
    }
    let body: Body = body::read_json(&call.headers, &call.body)?;
    accounts::same_id(body.id.as_deref(), id)?;
    let named = |value: Option<String>, field: &str| {
        let value = body::required(value, field)?;
        body::sized(Some(&value), field, 1, 128).map(|()| value)
    };
    body::sized(body.company.as_deref(), "company", 0, 128)?;
    body::sized(body.phone_number.as_deref(), "phoneNumber", 0, 32)?;
    let user = User {
        id: id.to_owned(),
        email: body::required(body.email, "email")?,
        first_name: named(body.first_name, "firstName")?,
        last_name: named(body.last_name, "lastName")?,
        username: named(body.username, "username")?,
        company: call.omitted(world, body.company, before.company),
        phone: call.omitted(world, body.phone_number, before.phone),
        hidden: before.hidden,
    };
    replace(world, user.clone())?;
    Ok(Answer::Value(view::user(&user)))
}

/// Signs someone up; names are made from the address.
pub(crate) fn create(world: &mut World, email: &str) -> Result<User, Refusal> {
    let local = email.split('@').next().unwrap_or(email);
    let mut words = local.split(['.', '-', '_', '+']).filter(|word| !word.is_empty()).map(capitalized);
    let user = User {
        id: world.new_id("user-"),
        email: email.to_owned(),
        first_name: words.next().unwrap_or_else(|| "Unnamed".to_owned()),
        last_name: words.next().unwrap_or_else(|| "User".to_owned()),
        username: email.to_owned(),
        company: None,
        phone: None,
        hidden: false,
    };
    replace(world, user.clone())?;
    Ok(user)
}

/// Puts a user in the place of the one with its id, or as a new one; an e-mail belongs to one user.
pub(crate) fn replace(world: &mut World, user: User) -> Result<(), Refusal> {
    body::email(&user.email)?;
    if world.user_by_email(&user.email).is_some_and(|other| other.id != user.id) {
        return Err(Refusal::conflict("CONFLICT", format!("another user has the e-mail {}", user.email)));
    }
    let before = world.users.get(&user.id).map(view::user);
    let kind = if before.is_some() { "USER_UPDATE" } else { "USER_CREATE" };
    let after = view::user(&user);
    let id = user.id.clone();
    world.put(Record::User(user));
    // A user belongs to no account; the accounts that they are in tell of a change.
    let filed: Vec<String> = world.accounts_of_user(&id).map(str::to_owned).collect();
    let subject = view::user_link(world, &id);
    for account in filed {
        world.note(kind, &account, "USER", subject.clone(), before.clone(), Some(after.clone()));
    }
    Ok(())
}

fn granted(world: &mut World, principal: Principal, refresh_token: Option<String>) -> Value {
    let mut body = json!({
        "access_token": token::issue(world, principal, Use::Access),
        "token_type": "bearer",
        "expires_in": token::LIFE,
    });
    if let Some(refresh_token) = refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    body
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
