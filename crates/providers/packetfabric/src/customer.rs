//! Writes the customer: its name and description (packetfabric contract, section 7).

use std::collections::BTreeMap;

use orgform_model::{AccountId, Applied, FieldChange};
use orgform_provider::ProviderError;
use serde_json::{Map, Value};

use crate::client::Api;
use crate::convert::account_fields;
use crate::fields::{kept, pending, rejected, stale};
use crate::wire::Customer;

const PATH: [&str; 3] = ["v2", "customers", "current"];

pub(crate) async fn update(
    api: &Api,
    id: &AccountId,
    changes: &[FieldChange],
    tried: &str,
) -> Result<Applied, ProviderError> {
    let customer: Customer = api.read(&PATH, tried).await?;
    if customer.customer_uuid != id.as_str() {
        return Err(stale(tried, "the credential is of another customer now"));
    }
    let wanted = pending(changes, &account_fields(&customer), tried)?;
    if !wanted.is_empty() {
        let mut body = Map::new();
        for (field, value) in &wanted {
            let name = match field.as_str() {
                "displayName" => "name",
                "description" => "description",
                other => return Err(rejected(tried, Some(other), format!("a customer has no `{other}`"))),
            };
            body.insert(name.to_owned(), Value::from(value.as_str()));
        }
        let now: Customer = api.patch(&PATH, Value::Object(body), tried).await?;
        kept(&wanted, &account_fields(&now), tried)?;
    }
    Ok(Applied::Account { id: id.clone(), fixed_roles: BTreeMap::new() })
}
