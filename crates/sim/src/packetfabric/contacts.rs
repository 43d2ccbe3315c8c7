//! Contacts, which are not users (packetfabric contract, section 8).

use serde_json::{Map, Value};

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Query};
use super::routes::{Call, Caller};
use super::world::{Contact, Record, World};
use super::{activity, view};

const TEXTS: [(&str, usize); 11] = [
    ("first_name", 255),
    ("last_name", 255),
    ("email", 255),
    ("phone", 64),
    ("address_1", 64),
    ("address_2", 64),
    ("city", 64),
    ("state", 32),
    ("postal", 16),
    ("country", 3),
    ("po_number", 32),
];
const FLAGS: [&str; 5] = ["admin", "billing", "tech", "default_billing", "automatic_payments_enabled"];

/// `GET /v2/contacts`.
pub(crate) fn list(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let query = Query::read(call.query.as_deref(), &["billing", "contact_uuid"])?;
    let billing: Option<bool> = query.parsed("billing")?;
    let uuid = query.one("contact_uuid")?;
    let fits = |contact: &&Contact| {
        uuid.is_none_or(|uuid| uuid == contact.uuid)
            && billing.is_none_or(|billing| contact.fields.get("billing") == Some(&Value::Bool(billing)))
    };
    let found = world.contacts.values().filter(fits).map(|contact| view::contact(world, contact));
    Ok(Answer::Value(found.collect()))
}

/// `POST /v2/contacts`.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let fields: Map<String, Value> = body::read(&call.headers, &call.body)?;
    check(&fields)?;
    let contact = Contact { uuid: world.new_uuid(), fields };
    world.put(Record::Contact(contact.clone()));
    activity::note(world, &caller.login, "contact", "contact.create", "a contact was made".to_owned());
    Ok(Answer::Created(view::contact(world, &contact)))
}

/// `GET /v2/contacts/{contact_uuid}`.
pub(crate) fn get(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    Ok(Answer::Value(view::contact(world, in_path(world, call)?)))
}

/// `PATCH /v2/contacts/{contact_uuid}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let mut contact = in_path(world, call)?.clone();
    contact.fields.extend(body::read::<Map<String, Value>>(&call.headers, &call.body)?);
    check(&contact.fields)?;
    world.put(Record::Contact(contact.clone()));
    activity::note(world, &caller.login, "contact", "contact.update", "a contact was changed".to_owned());
    Ok(Answer::Value(view::contact(world, &contact)))
}

/// `DELETE /v2/contacts/{contact_uuid}`.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Caller) -> Answered {
    caller.require_admin()?;
    let uuid = in_path(world, call)?.uuid.clone();
    world.put(Record::ContactGone(uuid));
    activity::note(world, &caller.login, "contact", "contact.delete", "a contact was deleted".to_owned());
    Ok(Answer::Done("Contact deleted."))
}

/// What must be there, and depends on what the contact is for.
fn check(fields: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in fields {
        match TEXTS.iter().find(|(known, _)| known == name) {
            Some((_, longest)) => {
                let text = value.as_str().ok_or_else(|| Refusal::at(name, "is not of type 'string'"))?;
                body::sized(Some(text), name, 0, *longest)?;
            }
            None if FLAGS.contains(&name.as_str()) => {
                value.as_bool().ok_or_else(|| Refusal::at(name, "is not of type 'boolean'"))?;
            }
            None => return Err(Refusal::bad(format!("Additional properties are not allowed: {name}"))),
        }
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool);
    body::email(body::required(text("email"), "email")?, "email")?;
    body::phone(body::required(text("phone"), "phone")?, "phone")?;
    let admin = body::required(flag("admin"), "admin")?;
    let billing = body::required(flag("billing"), "billing")?;
    let tech = body::required(flag("tech"), "tech")?;
    let mut needed: Vec<&str> = Vec::new();
    if admin || tech {
        needed.extend(["first_name", "last_name"]);
    }
    if admin || billing {
        needed.extend(["address_1", "city"]);
    }
    if text("country") == Some("US") {
        needed.extend(["state", "postal"]);
    }
    match needed.into_iter().find(|name| text(name).is_none()) {
        Some(missing) => Err(Refusal::at(missing, "is required")),
        None => Ok(()),
    }
}

fn in_path<'a>(world: &'a World, call: &Call) -> Result<&'a Contact, Refusal> {
    world.contacts.get(call.param(0)).ok_or_else(|| Refusal::not_found(&call.path))
}
