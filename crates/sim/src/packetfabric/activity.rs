//! The activity log (packetfabric contract, section 10).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::body::Query;
use super::routes::{Call, Caller};
use super::view;
use super::world::{Activity, Record, World};

const PARAMETERS: [&str; 11] = [
    "level",
    "category",
    "circuit_id",
    "description",
    "event",
    "offset",
    "page_size",
    "sort_column",
    "sort_order",
    "time_from",
    "time_to",
];

const LEVELS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

const CATEGORIES: [&str; 13] = [
    "auth",
    "billing",
    "contact",
    "customer",
    "document",
    "lag_interface",
    "physical_interface",
    "logical_interface",
    "user",
    "virtual_circuit",
    "cloud_connection",
    "point_to_point",
    "high_performance_internet",
];

/// Keeps what somebody did.
pub(crate) fn note(world: &mut World, user: &str, category: &str, event: &str, message: String) {
    let entry = Activity {
        uuid: world.new_uuid(),
        user: user.to_owned(),
        level: 6,
        category: category.to_owned(),
        event: event.to_owned(),
        message,
        created: world.now(),
    };
    world.put(Record::Activity(entry));
}

/// `GET /v2/activity-logs`.
pub(crate) fn page(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let query = Query::read(call.query.as_deref(), &PARAMETERS)?;
    let level: Option<u8> = query.one_of("level", &LEVELS)?.and_then(|level| level.parse().ok());
    let (from, to): (Option<Timestamp>, Option<Timestamp>) =
        (query.parsed("time_from")?, query.parsed("time_to")?);
    let (category, event) = (query.one_of("category", &CATEGORIES)?, query.one("event")?);
    let offset = query.count("offset")?.unwrap_or(0);
    let size = query.count("page_size")?.unwrap_or(100);
    let ascending = query.one_of("sort_order", &["asc", "desc"])? == Some("asc");
    if query.one("sort_column")?.is_some_and(|column| column != "time_created") {
        return Err(Refusal::bad("sort_column: only time_created can be sorted by"));
    }
    let fits = |entry: &&Activity| {
        level.is_none_or(|level| level == entry.level)
            && category.is_none_or(|category| category == entry.category)
            && event.is_none_or(|event| event == entry.event)
            && from.is_none_or(|from| from <= entry.created)
            && to.is_none_or(|to| entry.created <= to)
    };
    let mut found: Vec<&Activity> = world.activity.iter().filter(fits).collect();
    if !ascending {
        found.reverse();
    }
    Ok(Answer::Value(found.into_iter().skip(offset).take(size).map(shown).collect()))
}

/// `GET /v2/activity-logs/{log_uuid}`.
pub(crate) fn get(world: &mut World, call: &Call, _caller: &Caller) -> Answered {
    let entry = world.activity.iter().find(|entry| entry.uuid == call.param(0));
    entry.map(|entry| Answer::Value(shown(entry))).ok_or_else(|| Refusal::not_found(&call.path))
}

fn shown(entry: &Activity) -> Value {
    let Activity { uuid, user, level, category, event, message, created } = entry;
    json!({
        "log_uuid": uuid,
        "user": user,
        "level": level,
        "log_level_name": "info",
        "category": category,
        "event": event,
        "message": message,
        "time_created": view::bare(*created),
    })
}
