//! Writes accounts (pureport contract, section 5).

use std::collections::BTreeMap;

use orgform_model::{AccountId, Applied, FieldChange, Fields, Value};
use orgform_provider::ProviderError;
use serde_json::Map;

use crate::client::Api;
use crate::convert::{account_fields, set_account_field};
use crate::fields::{Wanted, all, kept, pending, rejected, stale};
use crate::learned::Learned;
use crate::semantics::{ACCEPTED, ADMIN, SEMANTICS};
use crate::wire::{Account, Link};

pub(crate) async fn create(
    api: &Api,
    learned: &Learned,
    parent: Option<&AccountId>,
    fields: &Fields,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let Some(parent) = parent else {
        return Err(rejected(tried, Some("parentRef"), "Pureport makes top-level accounts by sign-up only")
            .hint("sign up in Pureport's console, then declare the account with its `externalId`."));
    };
    let (consent, wanted) = apart(all(SEMANTICS.accounts.fields, fields, tried)?);
    let mut account = Account {
        id: None,
        name: String::new(),
        description: None,
        parent: Some(Link::account(parent.as_str())),
        tags: None,
        technical_contact_emails: None,
        rest: Map::new(),
    };
    set(&mut account, &wanted, tried)?;
    if account.name.is_empty() {
        return Err(rejected(tried, Some("displayName"), "an account needs a name"));
    }
    let created = api.create(&["accounts"], &account, tried).await?;
    let id = AccountId::from(created.id()?);
    learned.parents([(id.clone(), Some(parent.clone()))]).await;
    if let Some(account) = created.object::<Account>() {
        kept(&wanted, &account_fields(&account), tried)?;
    }
    // Any other value is left to the account's own admin.
    if consent.is_some_and(|value| value.as_text() == Some(ACCEPTED)) {
        // The account is there, so the whole change may not be repeated.
        api.consent(id.as_str(), &format!("accept the agreements of {id}"))
            .await
            .map_err(ProviderError::maybe_sent)?;
    }
    // Its Admin role has an id of its own. Should it not be told yet, whoever needs it finds it on the next look.
    let admin = learned.admin(api, &id).await.ok().flatten();
    let fixed_roles = admin.map(|role| (ADMIN.to_owned(), role)).into_iter().collect();
    Ok(Applied::Account { id, fixed_roles })
}

pub(crate) async fn update(
    api: &Api,
    id: &AccountId,
    changes: &[FieldChange],
    tried: &str,
) -> Result<Applied, ProviderError> {
    let (consent, plain): (Vec<_>, Vec<_>) =
        changes.iter().cloned().partition(|change| change.field == "consent");
    if consent.iter().any(|change| change.to.as_ref().and_then(Value::as_text) != Some(ACCEPTED)) {
        let said = "agreements that were accepted can't be taken back";
        return Err(
            rejected(tried, Some("consent"), said).hint("declare `consent: Accepted`, or leave it out.")
        );
    }
    let mut done = false;
    if !plain.is_empty() {
        let path = ["accounts", id.as_str()];
        let Some(mut account) = api.find::<Account>(&path, tried).await? else {
            return Err(stale(tried, "the account is not there any more"));
        };
        let wanted = pending(SEMANTICS.accounts.fields, &plain, &account_fields(&account), tried)?;
        if !wanted.is_empty() {
            set(&mut account, &wanted, tried)?;
            let now = api.replace(&path, &account, tried).await?;
            kept(&wanted, &account_fields(&now), tried)?;
            done = true;
        }
    }
    if !consent.is_empty() {
        let outcome = api.consent(id.as_str(), tried).await;
        outcome.map_err(|error| if done { error.maybe_sent() } else { error })?;
    }
    Ok(Applied::Account { id: id.clone(), fixed_roles: BTreeMap::new() })
}

pub(crate) async fn remove(api: &Api, id: &AccountId, tried: &str) -> Result<Applied, ProviderError> {
    api.remove(&["accounts", id.as_str()], tried).await.map(|_| Applied::Gone)
}

/// Consent, which has a call of its own, and the fields of the object.
fn apart(wanted: Vec<Wanted>) -> (Option<Value>, Vec<Wanted>) {
    let (consent, plain): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(rule, _)| rule.own_call);
    (consent.into_iter().next().map(|(_, value)| value), plain)
}

fn set(account: &mut Account, wanted: &[Wanted], tried: &str) -> Result<(), ProviderError> {
    for (rule, value) in wanted {
        if !set_account_field(account, rule.name, value.clone()) {
            return Err(rejected(
                tried,
                Some(rule.name),
                format!("its {} can't be of that shape", rule.title),
            ));
        }
    }
    Ok(())
}
