//! Users of accounts and of customers (xarios contract, sections 6 and 7).

use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Answered, Refusal};
use super::patch::{self, Operation};
use super::routes::{Call, Caller, guid};
use super::switches::{CreateMail, EmailChange, KnownEmail, ParentUsers, PresentEmail, UnknownRole};
use super::world::{Level, Record, Tenant, User, World};
use super::{tenants, view};
use crate::frame::Mail;
use crate::frame::body::{Query, is_email};

const ACCOUNT_ROLES: [&str; 8] = [
    "account.user",
    "user.admin",
    "account.service.status",
    "account.storage.admin",
    "branding.admin",
    "customer.admin",
    "onboarding.admin",
    "webhooks.admin",
];
const CUSTOMER_ROLES: [&str; 5] = [
    "customer.user",
    "admin.user",
    "customer.settings",
    "customer.user.supervisorl1",
    "customer.user.supervisorl3",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    email: Option<String>,
    display_name: Option<String>,
    #[serde(default)]
    roles: Option<Vec<String>>,
}

/// The role that every new user gets, asked for or not.
pub(crate) fn implied(level: Level) -> &'static str {
    match level {
        Level::Account => ACCOUNT_ROLES[0],
        Level::Customer => CUSTOMER_ROLES[0],
    }
}

/// `GET .../users`: items lack roles, and there are no pages.
pub(crate) fn list(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    Query::read(call.query.as_deref(), &[])?;
    let tenant = tenants::in_path(world, call)?;
    let own = world.users_of(&tenant.id).map(|user| view::listed(user, tenant.level, false));
    let mut items: Vec<_> = own.collect();
    if tenant.level == Level::Customer && world.switches.parent_users == ParentUsers::Shown {
        let from_above = world.users_of(&tenant.parent).filter(|user| !user.roles.contains_key(&tenant.id));
        items.extend(from_above.map(|user| view::listed(user, tenant.level, true)));
    }
    Ok(Answer::Page { items, index: None })
}

/// `POST .../users`: grants the implied role, and mails.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_write()?;
    let tenant = tenants::in_path(world, call)?.clone();
    let Body { email, display_name, roles } = call.read()?;
    let email = email.ok_or_else(|| Refusal::bad("The Email field is required."))?;
    let display_name = display_name.ok_or_else(|| Refusal::bad("The DisplayName field is required."))?;
    checked_texts(&email, &display_name)?;
    call.accept_charges(world)?;
    let user = assign(world, &tenant, &email, &display_name, roles.unwrap_or_default())?;
    let location = format!("{}/{}", call.path, user.id);
    Ok(Answer::Created { location, data: view::user(&user, &tenant) })
}

/// `GET .../users/{user}`.
pub(crate) fn get(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let tenant = tenants::in_path(world, call)?;
    Ok(Answer::One(view::user(in_path(world, call, tenant)?, tenant)))
}

/// `PATCH .../users/{user}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_write()?;
    let tenant = tenants::in_path(world, call)?.clone();
    let before = in_path(world, call, &tenant)?.clone();
    let operations: Vec<Operation> = call.read_patch()?;
    let mut document = json!({
        "email": before.email,
        "displayName": before.display_name,
        "roles": before.roles.get(&tenant.id).cloned().unwrap_or_default(),
    });
    patch::apply(&mut document, &operations, &["email", "displayName", "roles"])?;
    let Body { email, display_name, roles } =
        serde_json::from_value(document).map_err(|error| Refusal::bad(error.to_string()))?;
    let (email, display_name) = (email.unwrap_or_default(), display_name.unwrap_or_default());
    checked_texts(&email, &display_name)?;
    if email != before.email {
        let allowed = match world.switches.email_change {
            EmailChange::Primary => before.primary == tenant.id,
            EmailChange::Anywhere => true,
            EmailChange::Refused => false,
        };
        if !allowed {
            return Err(Refusal::bad("The email can't be changed here."));
        }
        if world.users_by_email(&email).any(|other| other.id != before.id) {
            return Err(taken(world));
        }
    }
    let roles = known_roles(world, tenant.level, roles.unwrap_or_default())?;
    let mut user = User { email, display_name, ..before };
    user.roles.insert(tenant.id, roles);
    world.put(Record::User(user));
    Ok(Answer::Done)
}

/// `DELETE .../users/{user}`: through the primary tenant everywhere and for good, else here only.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_write()?;
    let tenant = tenants::in_path(world, call)?.clone();
    let user = in_path(world, call, &tenant)?.clone();
    remove(world, &tenant, user);
    Ok(Answer::Done)
}

/// `POST .../users/{user}/sendActivationEmail`: through the primary tenant only.
pub(crate) fn send_activation(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_write()?;
    let tenant = tenants::in_path(world, call)?.clone();
    let user = in_path(world, call, &tenant)?.clone();
    if user.primary != tenant.id {
        return Err(Refusal::bad("The tenant is not the user's primary one.").with_code("TenantNotPrimary"));
    }
    mail(world, &user.email, "activation", &tenant.id);
    world.put(Record::User(User { mailed: true, ..user }));
    Ok(Answer::Nothing)
}

/// Makes a user, or assigns one who is known elsewhere.
pub(crate) fn assign(
    world: &mut World,
    tenant: &Tenant,
    email: &str,
    display_name: &str,
    asked: Vec<String>,
) -> Result<User, Refusal> {
    let mut roles = vec![implied(tenant.level).to_owned()];
    roles.extend(asked.into_iter().filter(|role| role != implied(tenant.level)));
    let roles = known_roles(world, tenant.level, roles)?;
    let known = world.users_by_email(email).next().cloned();
    match known {
        Some(user) if user.roles.contains_key(&tenant.id) => Err(taken(world)),
        Some(_) if world.switches.known_email == KnownEmail::Refused => {
            Err(Refusal::new(409, "The email is in use in another tenant."))
        }
        Some(mut user) => {
            user.roles.insert(tenant.id.clone(), roles);
            world.put(Record::User(user.clone()));
            Ok(user)
        }
        None => {
            let mailed = tenant.enabled || world.switches.create_mail == CreateMail::AtOnce;
            let user = User {
                id: world.new_id(),
                email: email.to_owned(),
                display_name: display_name.to_owned(),
                primary: tenant.id.clone(),
                roles: [(tenant.id.clone(), roles)].into(),
                activated: false,
                mailed,
            };
            world.put(Record::User(user.clone()));
            if mailed {
                mail(world, email, "activation", &tenant.id);
            }
            Ok(user)
        }
    }
}

/// Takes a user out of a tenant; out of the primary one, everywhere.
pub(crate) fn remove(world: &mut World, tenant: &Tenant, mut user: User) {
    if user.primary == tenant.id {
        world.put(Record::UserGone(user.id));
    } else {
        user.roles.remove(&tenant.id);
        world.put(Record::User(user));
    }
}

/// Sends a mail.
pub(crate) fn mail(world: &mut World, to: &str, kind: &str, tenant: &str) {
    let at = world.now();
    world.put(Record::Mail(Mail {
        to: to.to_owned(),
        kind: kind.to_owned(),
        account: tenant.to_owned(),
        at,
    }));
}

/// Roles that exist, by the switch `unknown-role`, each once.
pub(crate) fn known_roles(world: &World, level: Level, roles: Vec<String>) -> Result<Vec<String>, Refusal> {
    let known: &[&str] = match level {
        Level::Account => &ACCOUNT_ROLES,
        Level::Customer => &CUSTOMER_ROLES,
    };
    let mut kept: Vec<String> = Vec::new();
    for role in roles {
        if !known.contains(&role.as_str()) && world.switches.unknown_role == UnknownRole::Refused {
            return Err(Refusal::not_valid(&role));
        }
        if !kept.contains(&role) {
            kept.push(role);
        }
    }
    Ok(kept)
}

fn in_path<'a>(world: &'a World, call: &Call, tenant: &Tenant) -> Result<&'a User, Refusal> {
    let id = call.param("user");
    guid(id)?;
    let from_above = tenant.level == Level::Customer && world.switches.parent_users == ParentUsers::Shown;
    let is_here = |user: &&User| {
        user.roles.contains_key(&tenant.id) || (from_above && user.roles.contains_key(&tenant.parent))
    };
    world.users.get(id).filter(is_here).ok_or_else(Refusal::not_found)
}

fn checked_texts(email: &str, display_name: &str) -> Result<(), Refusal> {
    if !is_email(email) || email.len() > 200 {
        return Err(Refusal::not_valid(email));
    }
    if display_name.is_empty() || display_name.chars().count() > 100 {
        return Err(Refusal::bad("The field DisplayName has a maximum length of 100 and can't be empty."));
    }
    Ok(())
}

fn taken(world: &World) -> Refusal {
    let status = match world.switches.present_email {
        PresentEmail::Conflict => 409,
        PresentEmail::BadRequest => 400,
    };
    Refusal::new(status, "A user with this email already exists.")
}
