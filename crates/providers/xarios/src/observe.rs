//! Looks at Xarios and changes nothing.
//!
//! The cost of a look: one call for the accounts, one for each account whose customers matter, one for the users of
//! each account, and one for each user, since lists have no roles (xarios contract, section 6).

use std::collections::BTreeMap;

use orgform_model::world::{AccountContent, ActualAccount, Completeness, Directory, MemberSeen, Seen};
use orgform_model::{AccountId, PersonId};
use orgform_provider::ProviderError;

use crate::client::Api;
use crate::convert;
use crate::tenants::{Tenants, list};
use crate::wire::User;

/// The accounts. Nothing tells who we are: an approval is somebody's, and no call says whose (section 3).
pub(crate) async fn directory(api: &Api, tenants: &Tenants) -> Result<Seen, ProviderError> {
    let accounts = level(api, tenants, None).await?;
    Ok(Seen::Directory(Directory {
        accounts,
        below: Default::default(),
        completeness: Completeness::Complete,
        identity: None,
        own_keys: None,
    }))
}

/// The customers of an account.
pub(crate) async fn below(api: &Api, tenants: &Tenants, account: &AccountId) -> Result<Seen, ProviderError> {
    Ok(Seen::Below(level(api, tenants, Some(account)).await?))
}

async fn level(
    api: &Api,
    tenants: &Tenants,
    parent: Option<&AccountId>,
) -> Result<BTreeMap<AccountId, ActualAccount>, ProviderError> {
    let tried = if parent.is_none() { "list the accounts" } else { "list the customers" };
    let listed = list(api, parent, tried).await?;
    // What is flagged for deletion is gone for everybody in it, whether or not it is still listed (section 5).
    let there: Vec<_> = listed.iter().filter(|tenant| !convert::is_deleted(tenant)).collect();
    tenants.learn(there.iter().map(|tenant| AccountId::from(tenant.id.as_str())), parent).await;
    let actual = |tenant| convert::actual_account(tenant, parent);
    Ok(there.into_iter().map(|tenant| (AccountId::from(tenant.id.as_str()), actual(tenant))).collect())
}

/// The users of a tenant, whose roles are not in the list.
pub(crate) async fn account(api: &Api, tenants: &Tenants, id: &AccountId) -> Result<Seen, ProviderError> {
    let tried = "list the users";
    let tenant = tenants.find(api, id, tried).await?;
    let users: Vec<User> = api.read(&tenant.path(&["users"]), tried).await?;
    let mut content = AccountContent::default();
    // Users of the reseller are managed there (section 7).
    for user in users.iter().filter(|user| !user.is_parent) {
        let person = PersonId::from(user.id.as_str());
        content.roles_unread.insert(person.clone());
        content.person_fields.insert(person.clone(), convert::person_fields(user));
        content.homes.extend(convert::home(user).map(|home| (person.clone(), home)));
        content.members.insert(person, convert::actual_member(user, id));
    }
    Ok(Seen::Account(content))
}

/// The roles of one user.
pub(crate) async fn member(
    api: &Api,
    tenants: &Tenants,
    account: &AccountId,
    person: &PersonId,
) -> Result<Seen, ProviderError> {
    let tried = "read the user";
    let tenant = tenants.find(api, account, tried).await?;
    let user: Option<User> = api.find(&tenant.path(&["users", person.as_str()]), tried).await?;
    Ok(Seen::Member(user.map(|user| MemberSeen {
        roles: convert::roles(&user, &tenant),
        disabled: convert::is_disabled(&user, &tenant),
    })))
}
