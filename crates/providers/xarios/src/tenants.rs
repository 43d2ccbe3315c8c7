//! Which path a tenant has: an account's is its own, a customer's goes through its account (xarios contract, section
//! 7).
//!
//! Observing fills this; a write that meets a tenant which nobody has listed looks it up once.

use std::collections::BTreeMap;

use orgform_model::AccountId;
use orgform_provider::ProviderError;
use tokio::sync::Mutex;

use crate::client::Api;
use crate::fields::stale;
use crate::wire;

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tenant {
    /// A reseller account.
    Account(AccountId),
    /// A customer.
    Customer {
        /// Its reseller account.
        account: AccountId,
        /// The customer itself.
        id: AccountId,
    },
}

impl Tenant {
    /// The path of it, and of something below it.
    pub(crate) fn path<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut path = match self {
            Self::Account(id) => vec!["accounts", id.as_str()],
            Self::Customer { account, id } => vec!["accounts", account.as_str(), "customers", id.as_str()],
        };
        path.extend(more);
        path
    }

    pub(crate) fn id(&self) -> &AccountId {
        match self {
            Self::Account(id) | Self::Customer { account: _, id } => id,
        }
    }

    pub(crate) fn is_customer(&self) -> bool {
        matches!(self, Self::Customer { .. })
    }
}

/// Every tenant that was listed, with the account above it.
#[derive(Default)]
pub(crate) struct Tenants {
    parents: Mutex<BTreeMap<AccountId, Option<AccountId>>>,
}

impl Tenants {
    /// Learns of accounts, or of the customers of one.
    pub(crate) async fn learn(&self, ids: impl IntoIterator<Item = AccountId>, parent: Option<&AccountId>) {
        self.parents.lock().await.extend(ids.into_iter().map(|id| (id, parent.cloned())));
    }

    /// Finds a tenant, by listing where it was not listed yet.
    pub(crate) async fn find(&self, api: &Api, id: &AccountId, tried: &str) -> Result<Tenant, ProviderError> {
        // Held while looking, so that others wait for what we find instead of looking too.
        let mut parents = self.parents.lock().await;
        if !parents.contains_key(id) {
            for account in list(api, None, tried).await? {
                parents.insert(AccountId::from(account.id), None);
            }
        }
        if !parents.contains_key(id) {
            let accounts = parents.iter().filter(|(_, parent)| parent.is_none());
            let accounts: Vec<AccountId> = accounts.map(|(account, _)| account.clone()).collect();
            for account in accounts {
                for customer in list(api, Some(&account), tried).await? {
                    parents.insert(AccountId::from(customer.id), Some(account.clone()));
                }
                if parents.contains_key(id) {
                    break;
                }
            }
        }
        match parents.get(id) {
            Some(None) => Ok(Tenant::Account(id.clone())),
            Some(Some(account)) => Ok(Tenant::Customer { account: account.clone(), id: id.clone() }),
            None => Err(stale(tried, "the account is not there any more")),
        }
    }
}

/// Lists the accounts, or the customers of one.
pub(crate) async fn list(
    api: &Api,
    account: Option<&AccountId>,
    tried: &str,
) -> Result<Vec<wire::Tenant>, ProviderError> {
    match account {
        None => api.pages(&["accounts"], tried).await,
        Some(account) => api.pages(&["accounts", account.as_str(), "customers"], tried).await,
    }
}
