//! How things look in answers. Time formats vary on purpose (packetfabric contract, section 3).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::world::{Contact, Customer, Invite, Key, User, World};

/// With `Z` and milliseconds.
pub(crate) fn zulu(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Without a zone, with microseconds.
pub(crate) fn bare(at: Timestamp) -> String {
    format!("{at:.6}").trim_end_matches('Z').to_owned()
}

/// With `+0000`.
pub(crate) fn offset(at: Timestamp) -> String {
    format!("{at:.0}").trim_end_matches('Z').to_owned() + "+0000"
}

/// A user; the group of one who is in several is the first by name.
pub(crate) fn user(user: &User) -> Value {
    let User { uuid, login, email, first_name, last_name, phone, timezone, groups, .. } = user;
    json!({
        "uuid": uuid,
        "first_name": first_name,
        "last_name": last_name,
        "phone": phone,
        "timezone": timezone,
        "email": email,
        "login": login,
        "group": groups.first(),
        "groups": groups,
    })
}

pub(crate) fn invite(invite: &Invite) -> Value {
    let Invite { uuid, email, group, signup_completed, created, updated, user_created } = invite;
    let mut shown = json!({
        "uuid": uuid,
        "email": email,
        "group": group,
        "signup_completed": signup_completed,
        "user_created": user_created.is_some(),
        "time_created": zulu(*created),
        "time_updated": bare(*updated),
    });
    if let Some(at) = user_created {
        shown["user_time_created"] = json!(offset(*at));
    }
    shown
}

pub(crate) fn key(key: &Key) -> Value {
    let mut shown = json!({ "uuid": key.uuid, "name": key.name });
    if let Some(expires) = key.expires {
        shown["expiration"] = json!(offset(expires));
    }
    shown
}

pub(crate) fn customer(customer: &Customer) -> Value {
    let mut shown = json!({
        "customer_uuid": customer.uuid,
        "name": customer.name,
        "acctnum": customer.acctnum,
        "routing_id": customer.routing_id,
        "searchable": customer.searchable,
        "customer_wide_mfa": customer.customer_wide_mfa,
        "type": "Enterprise",
        "service_provider": false,
        "customer_of_reseller": false,
        "time_created": bare(customer.created),
        "time_updated": bare(customer.updated),
        "_links": {
            "locations": format!("https://api.packetfabric.com/v2/customers/{}/locations", customer.uuid),
            "industries": format!("https://api.packetfabric.com/v2/customers/{}/industries", customer.uuid),
        },
    });
    let optional = [
        ("website", &customer.website),
        ("aliases", &customer.aliases),
        ("description", &customer.description),
        ("company_type_code", &customer.company_type_code),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            shown[name] = json!(value);
        }
    }
    shown
}

/// A customer as anybody may see it.
pub(crate) fn public_customer(customer: &Customer) -> Value {
    let mut shown = json!({
        "customer_uuid": customer.uuid,
        "name": customer.name,
        "routing_id": customer.routing_id,
    });
    if let Some(website) = &customer.website {
        shown["website"] = json!(website);
    }
    shown
}

pub(crate) fn contact(world: &World, contact: &Contact) -> Value {
    let mut shown: Map<String, Value> = contact.fields.clone();
    shown.insert("contact_uuid".to_owned(), json!(contact.uuid));
    shown.insert("account_uuid".to_owned(), json!(world.customer.uuid));
    Value::Object(shown)
}
