//! The customer, which is the account (packetfabric contract, section 7): read and changed, never made.

use serde::Deserialize;

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Query};
use super::routes::{Call, Caller};
use super::world::{Customer, Record, World};
use super::{activity, view};

const COMPANY_TYPES: [&str; 9] = ["Ltd.", "Corp, Inc.", "SP", "GP", "LP", "LLC", "LLP", "LLLP", "PLLC"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    name: Option<String>,
    website: Option<String>,
    aliases: Option<String>,
    notes: Option<String>,
    description: Option<String>,
    searchable: Option<bool>,
    customer_wide_mfa: Option<bool>,
    password: Option<String>,
    company_type_code: Option<String>,
    #[serde(rename = "service_provider_types")]
    _service_provider_types: Option<Vec<String>>,
    #[serde(rename = "industries")]
    _industries: Option<Vec<String>>,
}

/// `GET /v2/customers/current`.
pub(crate) fn current(world: &mut World, _call: &Call, _caller: &Caller) -> Answered {
    Ok(Answer::Value(view::customer(&world.customer)))
}

/// `PATCH /v2/customers/current`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let body: Patch = body::read(&call.headers, &call.body)?;
    body::sized(body.name.as_deref(), "name", 1, 255)?;
    if let Some(code) = &body.company_type_code
        && !COMPANY_TYPES.contains(&code.as_str())
    {
        return Err(Refusal::at("company_type_code", format!("'{code}' is not one of the company types")));
    }
    let before = world.customer.clone();
    if body.customer_wide_mfa.is_some_and(|wanted| wanted != before.customer_wide_mfa) {
        let password = body::required(body.password, "password")?;
        if world.users.get(&caller.user).is_none_or(|user| user.password != password) {
            return Err(Refusal::at("password", "is wrong"));
        }
    }
    let customer = Customer {
        name: body.name.unwrap_or(before.name),
        website: body.website.or(before.website),
        aliases: body.aliases.or(before.aliases),
        notes: body.notes.or(before.notes),
        description: body.description.or(before.description),
        searchable: body.searchable.unwrap_or(before.searchable),
        customer_wide_mfa: body.customer_wide_mfa.unwrap_or(before.customer_wide_mfa),
        company_type_code: body.company_type_code.or(before.company_type_code),
        updated: world.now(),
        ..world.customer.clone()
    };
    world.put(Record::Customer(customer));
    activity::note(
        world,
        &caller.login,
        "customer",
        "customer.update",
        "the customer was changed".to_owned(),
    );
    Ok(Answer::Value(view::customer(&world.customer)))
}

/// `GET /v2/customers`: the public search, in which only our own customer can be found.
pub(crate) fn search(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let known = ["q", "name", "routing_id", "market", "pop", "type"];
    let query = Query::read(call.query.as_deref(), &known)?;
    query.all_of("type", &["customer", "ix", "partner"])?;
    let Customer { name, routing_id, searchable, .. } = &world.customer;
    let named = query.one("name")?.is_none_or(|wanted| wanted == name);
    let routed = query.one("routing_id")?.is_none_or(|wanted| wanted == routing_id);
    let found = query.one("q")?.is_none_or(|wanted| name.to_lowercase().contains(&wanted.to_lowercase()));
    let shown = (*searchable && named && routed && found).then(|| view::public_customer(&world.customer));
    Ok(Answer::Value(shown.into_iter().collect()))
}
