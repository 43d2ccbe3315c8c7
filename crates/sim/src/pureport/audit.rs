//! The audit log: who did what to what, kept per account (pureport contract, section 10).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::access;
use super::answer::{Answer, Answered, Refusal};
use super::body::Query;
use super::view;
use super::world::{Principal, World};

const SORTS: [&str; 7] =
    ["timestamp", "eventType", "subjectType", "ipAddress", "userAgent", "source", "result"];
const PARAMETERS: [&str; 15] = [
    "pageNumber",
    "pageSize",
    "sort",
    "sortDirection",
    "startTime",
    "endTime",
    "includeChildAccounts",
    "includeChildSubjects",
    "eventTypes",
    "result",
    "principalId",
    "ipAddress",
    "correlationId",
    "subjectId",
    "subjectType",
];
/// All subject types that the API knows; only some are ever noted here.
const SUBJECTS: [&str; 14] = [
    "ACCOUNT",
    "CONNECTION",
    "NETWORK",
    "USER",
    "USER_DOMAIN",
    "ROLE",
    "API_KEY",
    "GATEWAY",
    "NOTIFICATION",
    "ACCOUNT_INVITE",
    "ACCOUNT_BILLING",
    "PORT",
    "ACCOUNT_MEMBER",
    "TASK",
];

/// All event types that the API knows; only some are ever noted here.
const EVENTS: [&str; 51] = [
    "USER_LOGIN",
    "USER_FORGOT_PASSWORD",
    "API_LOGIN",
    "ACCOUNT_CREATE",
    "ACCOUNT_UPDATE",
    "ACCOUNT_DELETE",
    "ACCOUNT_BILLING_CREATE",
    "ACCOUNT_BILLING_UPDATE",
    "ACCOUNT_BILLING_DELETE",
    "NETWORK_CREATE",
    "NETWORK_UPDATE",
    "NETWORK_DELETE",
    "CONNECTION_CREATE",
    "CONNECTION_UPDATE",
    "CONNECTION_DELETE",
    "GATEWAY_CREATE",
    "GATEWAY_UPDATE",
    "GATEWAY_DELETE",
    "API_KEY_CREATE",
    "API_KEY_UPDATE",
    "API_KEY_DELETE",
    "ROLE_CREATE",
    "ROLE_UPDATE",
    "ROLE_DELETE",
    "USER_CREATE",
    "USER_UPDATE",
    "USER_DELETE",
    "USER_DOMAIN_CREATE",
    "USER_DOMAIN_UPDATE",
    "USER_DOMAIN_DELETE",
    "PORT_CREATE",
    "PORT_UPDATE",
    "PORT_DELETE",
    "MEMBER_INVITE_CREATE",
    "MEMBER_INVITE_ACCEPT",
    "MEMBER_INVITE_UPDATE",
    "MEMBER_INVITE_DELETE",
    "ACCOUNT_MEMBER_CREATE",
    "ACCOUNT_MEMBER_UPDATE",
    "ACCOUNT_MEMBER_DELETE",
    "CONNECTION_STATE_CHANGE",
    "GATEWAY_STATE_CHANGE",
    "GATEWAY_BGP_STATUS_CHANGE",
    "GATEWAY_BGP_PREFIX_ALERT_CHANGE",
    "GATEWAY_IPSEC_STATUS_CHANGE",
    "NOTIFICATION_CREATE",
    "NOTIFICATION_UPDATE",
    "NOTIFICATION_DELETE",
    "TASK_CREATE",
    "TASK_UPDATE",
    "TASK_DELETE",
];

/// What an operation did, noted by the operation itself.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) event_type: String,
    /// Where the entry is filed.
    pub(crate) account: String,
    pub(crate) subject_type: String,
    pub(crate) subject: Value,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// One filed entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    pub(crate) account: String,
    pub(crate) at: Timestamp,
    pub(crate) event_type: String,
    pub(crate) subject_type: String,
    pub(crate) subject: Value,
    pub(crate) principal: Value,
    pub(crate) changes: Vec<Value>,
    pub(crate) success: bool,
    pub(crate) correlation_id: String,
    pub(crate) occasion: Occasion,
}

/// On which occasion something was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Occasion {
    /// `API`, `CONSOLE` or `SYSTEM`.
    pub(crate) source: String,
    pub(crate) ip_address: String,
    pub(crate) user_agent: String,
    /// The request, if it was one: method, path, query.
    pub(crate) request: Option<(String, String, BTreeMap<String, Vec<String>>)>,
    pub(crate) status: u16,
}

impl Occasion {
    /// Something that was done by hand.
    pub(crate) fn at_the_console() -> Self {
        Occasion {
            source: "CONSOLE".to_owned(),
            ip_address: "192.0.2.1".to_owned(),
            user_agent: "console".to_owned(),
            request: None,
            status: 200,
        }
    }
}

/// Files what was noted since the last call, or the failure.
pub(crate) fn file(world: &mut World, principal: &Principal, occasion: &Occasion, failed: Option<Event>) {
    let success = failed.is_none();
    let mut events = std::mem::take(&mut world.events);
    events.extend(failed);
    if events.is_empty() {
        return;
    }
    let correlation_id = world.new_id("");
    for event in events {
        let Event { event_type, account, subject_type, subject, before, after } = event;
        let entry = AuditEntry {
            at: world.now(),
            principal: view::principal_link(world, principal),
            changes: if success { changes(before.as_ref(), after.as_ref()) } else { Vec::new() },
            account,
            event_type,
            subject_type,
            subject,
            success,
            correlation_id: correlation_id.clone(),
            occasion: occasion.clone(),
        };
        world.put(super::world::Record::Audit(Box::new(entry)));
    }
}

/// `GET /accounts/{accountId}/auditLog`.
pub(crate) fn page(world: &World, caller: &Principal, account: &str, query: Option<&str>) -> Answered {
    access::require(world, caller, account, "audit", "read")?;
    let query = Query::read(query, &PARAMETERS)?;
    let number = query.count("pageNumber")?.unwrap_or(0);
    let size = query.count("pageSize")?.unwrap_or(100);
    if size == 0 || size > 1000 {
        return Err(Refusal::bad_request("query parameter `pageSize` must be 1 to 1000"));
    }
    let sort = query.one("sort")?.unwrap_or("timestamp");
    if !SORTS.contains(&sort) {
        return Err(Refusal::new(422, "INVALID_SORT", format!("entries can't be sorted by `{sort}`")));
    }
    let direction = query.one_of("sortDirection", &["ASC", "DESC"])?.unwrap_or("DESC");
    let below = query.parsed::<bool>("includeChildAccounts")?.unwrap_or(false);
    let places = if below { world.descendants(account) } else { vec![account] };
    let filter = Filter::read(&query)?;
    let entries = places.iter().filter_map(|place| world.audit.get(*place)).flatten();
    let mut found: Vec<&AuditEntry> = entries.filter(|entry| filter.lets_through(entry)).collect();
    found.sort_by_key(|entry| (sort_text(entry, sort), entry.at));
    if direction == "DESC" {
        found.reverse();
    }
    let content = found.iter().skip(number.saturating_mul(size)).take(size).map(|entry| shown(world, entry));
    Ok(Answer::Value(json!({
        "content": content.collect::<Vec<_>>(),
        "pageNumber": number,
        "pageSize": size,
        "totalElements": found.len(),
        "sort": { "property": sort, "direction": direction },
    })))
}

struct Filter<'a> {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    event_types: &'a [String],
    success: Option<bool>,
    principal: Option<&'a str>,
    ip_address: Option<&'a str>,
    correlation: Option<&'a str>,
    subject: Option<&'a str>,
    child_subjects: bool,
    subject_type: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn read(query: &'a Query) -> Result<Self, Refusal> {
        Ok(Filter {
            start: query.parsed("startTime")?,
            end: query.parsed("endTime")?,
            event_types: query.all_of("eventTypes", &EVENTS)?,
            success: query.one_of("result", &["SUCCESS", "FAILURE"])?.map(|result| result == "SUCCESS"),
            principal: query.one("principalId")?,
            ip_address: query.one("ipAddress")?,
            correlation: query.one("correlationId")?,
            subject: query.one("subjectId")?,
            child_subjects: query.parsed("includeChildSubjects")?.unwrap_or(false),
            subject_type: query.one_of("subjectType", &SUBJECTS)?,
        })
    }

    fn lets_through(&self, entry: &AuditEntry) -> bool {
        let id = |link: &Value| link["id"].as_str().unwrap_or("").to_owned();
        let subject_fits = self.subject.is_none_or(|wanted| {
            // The things of an account are its child subjects.
            id(&entry.subject) == wanted || (self.child_subjects && entry.account == wanted)
        });
        subject_fits
            && self.start.is_none_or(|start| start <= entry.at)
            && self.end.is_none_or(|end| entry.at <= end)
            && (self.event_types.is_empty() || self.event_types.contains(&entry.event_type))
            && self.success.is_none_or(|success| success == entry.success)
            && self.principal.is_none_or(|wanted| id(&entry.principal) == wanted)
            && self.ip_address.is_none_or(|wanted| entry.occasion.ip_address == wanted)
            && self.correlation.is_none_or(|wanted| entry.correlation_id == wanted)
            && self.subject_type.is_none_or(|wanted| entry.subject_type == wanted)
    }
}

fn sort_text(entry: &AuditEntry, sort: &str) -> String {
    match sort {
        "eventType" => entry.event_type.clone(),
        "subjectType" => entry.subject_type.clone(),
        "ipAddress" => entry.occasion.ip_address.clone(),
        "userAgent" => entry.occasion.user_agent.clone(),
        "source" => entry.occasion.source.clone(),
        "result" => result_word(entry.success).to_owned(),
        _ => view::time(entry.at),
    }
}

fn shown(world: &World, entry: &AuditEntry) -> Value {
    let Occasion { source, ip_address, user_agent, request, status } = &entry.occasion;
    let mut shown = json!({
        "account": view::account_link(world, &entry.account),
        "timestamp": view::time(entry.at),
        "eventType": entry.event_type,
        "subjectType": entry.subject_type,
        "subject": entry.subject,
        "principal": entry.principal,
        "changes": entry.changes,
        "result": result_word(entry.success),
        "source": source,
        "correlationId": entry.correlation_id,
        "ipAddress": ip_address,
        "userAgent": user_agent,
    });
    if let Some((method, url, parameters)) = request {
        let family = match status / 100 {
            1 => "INFORMATIONAL",
            2 => "SUCCESSFUL",
            3 => "REDIRECTION",
            4 => "CLIENT_ERROR",
            5 => "SERVER_ERROR",
            _ => "OTHER",
        };
        shown["request"] = json!({ "method": method, "url": url, "queryParameters": parameters });
        shown["response"] = json!({ "statusCode": status, "statusCodeFamily": family });
    }
    shown
}

fn result_word(success: bool) -> &'static str {
    if success { "SUCCESS" } else { "FAILURE" }
}

/// The properties that differ, each with its value before and after.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Value> {
    let none = Map::new();
    let before = before.and_then(Value::as_object).unwrap_or(&none);
    let after = after.and_then(Value::as_object).unwrap_or(&none);
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let properties = before.keys().chain(added).filter(|name| before.get(*name) != after.get(*name));
    let change = |property: &String| {
        let mut change = json!({ "property": property });
        if let Some(previous) = before.get(property) {
            change["previous"] = previous.clone();
        }
        if let Some(current) = after.get(property) {
            change["current"] = current.clone();
        }
        change
    };
    properties.map(change).collect()
}
