//! Writes reseller accounts and customers (xarios contract, sections 5 and 7).

use std::collections::BTreeMap;

use orgform_model::{AccountId, Applied, FieldChange, Fields, Value};
use orgform_provider::ProviderError;
use serde_json::{Map, Value as Json, json};

use crate::client::{Api, accepted};
use crate::convert::{account_fields, is_deleted, their_name};
use crate::fields::{kept, pending, rejected, stale};
use crate::patch;
use crate::tenants::{Tenant, Tenants};
use crate::wire::{Envelope, Made, Tenant as Shown};

/// Makes an account, or a customer of one, and reads it again: the answer to making it is incomplete.
pub(crate) async fn create(
    api: &Api,
    tenants: &Tenants,
    parent: Option<&AccountId>,
    fields: &Fields,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let mut body = Map::new();
    for (field, value) in fields {
        body.insert(theirs(field, tried)?.to_owned(), json_of(value, tried)?);
    }
    let path = match parent {
        None => vec!["accounts"],
        Some(parent) => vec!["accounts", parent.as_str(), "customers"],
    };
    let made: Envelope<Made> = accepted(api.post(&path, Json::Object(body), tried).await?)?.json()?;
    let id = AccountId::from(made.data.id);
    tenants.learn([id.clone()], parent).await;
    let tenant = tenants.find(api, &id, tried).await.map_err(ProviderError::maybe_sent)?;
    let now = read(api, &tenant, tried).await.map_err(ProviderError::maybe_sent)?;
    let now = now.ok_or_else(|| stale(tried, "it was made, and is not there yet").maybe_sent())?;
    kept(fields.iter().map(|(field, value)| (field, Some(value))), &account_fields(&now), tried)?;
    Ok(Applied::Account { id, fixed_roles: BTreeMap::new() })
}

pub(crate) async fn update(
    api: &Api,
    tenants: &Tenants,
    id: &AccountId,
    changes: &[FieldChange],
    tried: &str,
) -> Result<Applied, ProviderError> {
    let tenant = tenants.find(api, id, tried).await?;
    let seen = read(api, &tenant, tried).await?.ok_or_else(|| gone(tried))?;
    let actual = account_fields(&seen);
    let wanted = pending(changes, &actual, tried)?;
    if !wanted.is_empty() {
        let mut operations = Vec::new();
        for change in &wanted {
            let to = change.to.as_ref().map(|to| json_of(to, tried)).transpose()?;
            let to = to.unwrap_or_else(|| json!(""));
            operations.extend(patch::replace(
                theirs(&change.field, tried)?,
                &as_shown(&seen, &change.field),
                &to,
            ));
        }
        let answer = api.patch(&tenant.path(&[]), Json::Array(operations), tried).await?;
        let refused = answer.status() == 400;
        let outcome = accepted(answer);
        let now = read(api, &tenant, tried).await?.ok_or_else(|| gone(tried))?;
        let now = account_fields(&now);
        if refused && now != actual {
            return Err(stale(tried, "somebody else changed it meanwhile"));
        }
        outcome?;
        kept(wanted.iter().map(|change| (&change.field, change.to.as_ref())), &now, tried)?;
    }
    Ok(Applied::Account { id: id.clone(), fixed_roles: BTreeMap::new() })
}

/// Deactivates an account and flags it for deletion.
pub(crate) async fn remove(
    api: &Api,
    tenants: &Tenants,
    id: &AccountId,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let tenant = tenants.find(api, id, tried).await?;
    api.delete(&tenant.path(&[]), tried).await.map(|()| Applied::Gone)
}

async fn read(api: &Api, tenant: &Tenant, tried: &str) -> Result<Option<Shown>, ProviderError> {
    let found: Option<Shown> = api.find(&tenant.path(&[]), tried).await?;
    Ok(found.filter(|found| !is_deleted(found)))
}

/// What the server has of a field, as it wrote it; nothing if it shows nothing.
fn as_shown(seen: &Shown, field: &str) -> Json {
    match field {
        "displayName" => json!(seen.name),
        "description" => json!(seen.description),
        "reference" => json!(seen.reference),
        "enabled" => json!(seen.enabled),
        _ => Json::Null,
    }
}

fn theirs(field: &str, tried: &str) -> Result<&'static str, ProviderError> {
    their_name(field)
        .ok_or_else(|| rejected(tried, Some(field), format!("an account of Xarios has no `{field}`")))
}

fn json_of(value: &Value, tried: &str) -> Result<Json, ProviderError> {
    match value {
        Value::Flag(flag) => Ok(json!(flag)),
        Value::Text(text) => Ok(json!(text)),
        Value::Set(_) | Value::Map(_) => Err(rejected(tried, None, "a field of Xarios is a text or a flag")),
    }
}

fn gone(tried: &str) -> ProviderError {
    stale(tried, "the account is not there any more")
}
