//! Reseller accounts, and customers below them (xarios contract, sections 5 and 7).

use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Answered, Refusal};
use super::patch::{self, Operation};
use super::routes::{Call, Caller, guid};
use super::switches::DeletedAccount;
use super::users::{self, implied};
use super::view;
use super::world::{Level, Record, Tenant, User, World};
use crate::frame::body::Query;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    name: Option<String>,
    description: Option<String>,
    reference: Option<String>,
    enabled: Option<bool>,
    timezone: Option<String>,
    country_code: Option<String>,
}

const PROPERTIES: [&str; 6] = ["name", "description", "reference", "enabled", "timezone", "countryCode"];

/// `GET /v1.0/accounts`.
pub(crate) fn list_accounts(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    page(world, call, &world.origin.enterprise, &["pageIndex", "pageSize"])
}

/// `GET /v1.0/accounts/{account}/customers`.
pub(crate) fn list_customers(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let account = account(world, call)?.id.clone();
    page(world, call, &account, &["pageIndex", "pageSize", "filter"])
}

/// `POST /v1.0/accounts`.
pub(crate) fn add_account(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    let enterprise = world.origin.enterprise.clone();
    add(world, call, caller, enterprise, Level::Account)
}

/// `POST /v1.0/accounts/{account}/customers`.
pub(crate) fn add_customer(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    let account = account(world, call)?.id.clone();
    add(world, call, caller, account, Level::Customer)
}

/// `GET` of one account or customer.
pub(crate) fn get(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    Ok(Answer::One(view::tenant(world, in_path(world, call)?)))
}

/// `PATCH` of one account or customer.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_write()?;
    let before = in_path(world, call)?.clone();
    let operations: Vec<Operation> = call.read_patch()?;
    let mut document = json!({
        "name": before.name,
        "description": before.description,
        "reference": before.reference,
        "enabled": before.enabled,
        "timezone": before.timezone,
        "countryCode": before.country_code,
    });
    patch::apply(&mut document, &operations, &PROPERTIES)?;
    let body: Body = serde_json::from_value(document).map_err(|error| Refusal::bad(error.to_string()))?;
    let after = checked(body, before.clone())?;
    if after.enabled && !before.enabled {
        call.accept_charges(world)?;
    }
    change(world, &before, after);
    Ok(Answer::Done)
}

/// `DELETE` of one account or customer: deactivated and flagged.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_write()?;
    let tenant = in_path(world, call)?.clone();
    flag(world, tenant);
    Ok(Answer::Done)
}

/// Makes a tenant.
pub(crate) fn create(world: &mut World, tenant: Tenant) -> Tenant {
    let tenant = Tenant { id: world.new_id(), created: world.now(), ..tenant };
    world.put(Record::Tenant(tenant.clone()));
    tenant
}

/// A tenant of whom only this is known.
pub(crate) fn named(parent: String, level: Level, name: String) -> Tenant {
    Tenant {
        id: String::new(),
        parent,
        level,
        name,
        description: None,
        reference: None,
        enabled: false,
        timezone: None,
        country_code: None,
        created: Default::default(),
        deleted: None,
    }
}

/// Keeps a changed tenant; one that becomes enabled mails all its users with website access.
pub(crate) fn change(world: &mut World, before: &Tenant, after: Tenant) {
    let enabled = after.enabled && !before.enabled;
    world.put(Record::Tenant(after.clone()));
    if !enabled {
        return;
    }
    let with_access = |user: &&User| user.roles[&after.id].iter().any(|role| role == implied(after.level));
    let users: Vec<User> = world.users_of(&after.id).filter(with_access).cloned().collect();
    for user in users {
        users::mail(world, &user.email, "enabled", &after.id);
        world.put(Record::User(User { mailed: true, ..user }));
    }
}

/// Deactivates a tenant and flags it for deletion.
pub(crate) fn flag(world: &mut World, tenant: Tenant) {
    let deleted = Some(tenant.deleted.unwrap_or_else(|| world.now()));
    world.put(Record::Tenant(Tenant { enabled: false, deleted, ..tenant }));
}

/// The account in the path.
pub(crate) fn account<'a>(world: &'a World, call: &Call) -> Result<&'a Tenant, Refusal> {
    find(world, call.param("account"), Level::Account)
}

/// The account or customer in the path; a customer belongs to the account before it, if there is one.
pub(crate) fn in_path<'a>(world: &'a World, call: &Call) -> Result<&'a Tenant, Refusal> {
    let Some(customer) = call.param_if_any("customer") else { return account(world, call) };
    let customer = find(world, customer, Level::Customer)?;
    if call.param_if_any("account").is_some() && account(world, call)?.id != customer.parent {
        return Err(Refusal::not_found());
    }
    Ok(customer)
}

fn find<'a>(world: &'a World, id: &str, level: Level) -> Result<&'a Tenant, Refusal> {
    guid(id)?;
    let tenant = world.tenants.get(id).filter(|tenant| tenant.level == level);
    tenant.filter(|tenant| is_visible(world, tenant)).ok_or_else(Refusal::not_found)
}

fn is_visible(world: &World, tenant: &Tenant) -> bool {
    tenant.deleted.is_none() || world.switches.deleted_account == DeletedAccount::Listed
}

fn page(world: &World, call: &Call, parent: &str, known: &[&str]) -> Answered {
    let query = Query::read(call.query.as_deref(), known)?;
    let largest = world.switches.largest_page.0;
    let index: usize = query.parsed("pageIndex")?.unwrap_or(0);
    let size: usize = query.parsed("pageSize")?.unwrap_or(largest);
    if size == 0 || size > largest {
        return Err(Refusal::not_valid(&size.to_string()));
    }
    let filter = query.one("filter")?.unwrap_or("").to_lowercase();
    let fits = |tenant: &&Tenant| {
        let reference = tenant.reference.as_deref().unwrap_or("");
        is_visible(world, tenant)
            && (tenant.name.to_lowercase().contains(&filter) || reference.to_lowercase().contains(&filter))
    };
    let found = world.children(parent).filter(fits).skip(index.saturating_mul(size)).take(size);
    let items = found.map(|tenant| view::tenant(world, tenant)).collect();
    Ok(Answer::Page { items, index: Some(index) })
}

fn add(world: &mut World, call: &Call, caller: &Caller, parent: String, level: Level) -> Answered {
    caller.require_write()?;
    let body: Body = call.read()?;
    call.accept_charges(world)?;
    let tenant = checked(body, named(parent, level, String::new()))?;
    let tenant = create(world, tenant);
    let location = format!("{}/{}", call.path, tenant.id);
    Ok(Answer::Created { location, data: view::created(&tenant) })
}

fn checked(body: Body, before: Tenant) -> Result<Tenant, Refusal> {
    let Body { name, description, reference, enabled, timezone, country_code } = body;
    let name =
        name.filter(|name| !name.is_empty()).ok_or_else(|| Refusal::bad("The Name field is required."))?;
    for (field, text, longest) in [
        ("name", Some(&name), 100),
        ("description", description.as_ref(), 200),
        ("reference", reference.as_ref(), 200),
        ("timezone", timezone.as_ref(), 40),
        ("countryCode", country_code.as_ref(), 5),
    ] {
        if text.is_some_and(|text| text.chars().count() > longest) {
            return Err(Refusal::bad(format!("The field {field} has a maximum length of {longest}.")));
        }
    }
    if let Some(zone) = &timezone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        return Err(Refusal::not_valid(zone));
    }
    let enabled = enabled.unwrap_or(before.enabled);
    Ok(Tenant { name, description, reference, enabled, timezone, country_code, ..before })
}
