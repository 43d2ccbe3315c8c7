//! Reads and writes API keys (pureport contract, section 9).
//!
//! The key names itself and its secret is in the answer to making it, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::world::{ActualApiKey, Seen};
use orgform_model::{AccountId, ApiKeyId, Applied, FieldChange, Fields, RoleId, ShownOnce};
use orgform_provider::{ErrorKind, ProviderError};
use serde_json::Map;

use crate::client::Api;
use crate::convert::{actual_api_key, api_key_fields, role_ids, set_api_key_field};
use crate::fields::{Wanted, all, kept, pending, rejected, stale};
use crate::learned::Learned;
use crate::semantics::SEMANTICS;
use crate::wire::{ApiKey, Link};

pub(crate) async fn observe(api: &Api, account: &AccountId) -> Result<Seen, ProviderError> {
    let tried = "list the API keys";
    let list: Vec<ApiKey> =
        api.read(&["accounts", account.as_str(), "apikeys"], tried).await.map_err(|error| {
            match error.kind {
                ErrorKind::Denied => error.hint("give the API key that looks the right to read `apikeys`."),
                _ => error,
            }
        })?;
    let mut keys: BTreeMap<ApiKeyId, ActualApiKey> = BTreeMap::new();
    // Whether a list shows what is inherited is not known (sections 6 and 7): only the account's own count.
    let own = |key: &&ApiKey| key.account.as_ref().is_none_or(|link| link.id() == account.as_str());
    for key in list.iter().filter(own) {
        let id = key.key.as_deref().filter(|id| !id.is_empty()).ok_or_else(|| {
            ProviderError::new(ErrorKind::Protocol, tried, "answered with an API key that has no key")
        })?;
        keys.insert(id.into(), actual_api_key(key));
    }
    Ok(Seen::ApiKeys(keys))
}

pub(crate) async fn create(
    api: &Api,
    learned: &Learned,
    account: &AccountId,
    fields: &Fields,
    roles: &BTreeSet<RoleId>,
    tried: &str,
) -> Result<Applied, ProviderError> {
    if roles.is_empty() {
        return Err(rejected(tried, Some("roles"), "an API key needs a role"));
    }
    let wanted = all(rules(), fields, tried)?;
    let mut key = ApiKey {
        key: None,
        secret: None,
        account: Some(Link::account(account.as_str())),
        name: String::new(),
        description: None,
        roles: learned.links(api, account, roles, &[]).await?,
        rest: Map::new(),
    };
    set(&mut key, &wanted, tried)?;
    if key.name.is_empty() {
        return Err(rejected(tried, Some("displayName"), "an API key needs a name"));
    }
    let created = api.create(&["accounts", account.as_str(), "apikeys"], &key, tried).await?;
    // From here on there is a key: what is wrong with it shows when it is looked at, its secret does not.
    let id = ApiKeyId::from(created.api_key()?);
    let secret = created.object::<ApiKey>().and_then(|made| made.secret).map(ShownOnce::new);
    Ok(Applied::ApiKey { id, secret })
}

pub(crate) async fn update(
    api: &Api,
    learned: &Learned,
    (account, id): (&AccountId, &ApiKeyId),
    changes: &[FieldChange],
    from: &BTreeSet<RoleId>,
    roles: Option<&BTreeSet<RoleId>>,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let path = ["accounts", account.as_str(), "apikeys", id.as_str()];
    let Some(mut key) = api.find::<ApiKey>(&path, tried).await? else {
        return Err(stale(tried, "the API key is not there any more"));
    };
    let wanted = pending(rules(), changes, &api_key_fields(&key), tried)?;
    let now = role_ids(&key.roles);
    let roles = roles.filter(|roles| now != **roles);
    if roles.is_some() && now != *from {
        return Err(stale(tried, format!("its roles changed meanwhile, to {}", shown(&now))));
    }
    if !wanted.is_empty() || roles.is_some() {
        set(&mut key, &wanted, tried)?;
        if let Some(roles) = roles {
            key.roles = learned.links(api, account, roles, &key.roles).await?;
        }
        let written = api.replace(&path, &key, tried).await?;
        kept(&wanted, &api_key_fields(&written), tried)?;
        let now = role_ids(&written.roles);
        if roles.is_some_and(|roles| now != *roles) {
            let said = format!("answered with success but kept its roles at {}", shown(&now));
            return Err(ProviderError::new(ErrorKind::Protocol, tried, said).maybe_sent());
        }
    }
    Ok(Applied::ApiKey { id: id.clone(), secret: None })
}

pub(crate) async fn remove(
    api: &Api,
    account: &AccountId,
    id: &ApiKeyId,
    tried: &str,
) -> Result<Applied, ProviderError> {
    api.remove(&["accounts", account.as_str(), "apikeys", id.as_str()], tried).await.map(|_| Applied::Gone)
}

fn rules() -> &'static [orgform_model::semantics::FieldRule] {
    SEMANTICS.api_keys.as_ref().map_or(&[], |keys| keys.fields)
}

fn set(key: &mut ApiKey, wanted: &[Wanted], tried: &str) -> Result<(), ProviderError> {
    for (rule, value) in wanted {
        if !set_api_key_field(key, rule.name, value.clone()) {
            let said = format!("its {} can't be of that shape", rule.title);
            return Err(rejected(tried, Some(rule.name), said));
        }
    }
    Ok(())
}

fn shown(roles: &BTreeSet<RoleId>) -> String {
    if roles.is_empty() {
        return "none".to_owned();
    }
    roles.iter().map(RoleId::as_str).collect::<Vec<_>>().join(", ")
}
