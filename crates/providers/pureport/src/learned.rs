//! What was learned on the way: who owns a role, who is an account's parent, which e-mail a person has.
//!
//! A role link needs the owner's path, and a role may belong to an ancestor (pureport contract, section 6).
//! Observing fills this; a write that lacks something reads it once.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::{AccountId, Email, PersonId, RoleId};
use orgform_provider::{ErrorKind, ProviderError};
use tokio::sync::Mutex;

use crate::client::{Api, LOOKS};
use crate::convert::is_admin;
use crate::wire::{Account, Link, Role};

#[derive(Default)]
pub(crate) struct Learned {
    roles: Mutex<Owners>,
    emails: Mutex<BTreeMap<PersonId, Email>>,
}

#[derive(Default)]
struct Owners {
    of_role: BTreeMap<RoleId, AccountId>,
    admin: BTreeMap<AccountId, RoleId>,
    parents: BTreeMap<AccountId, Option<AccountId>>,
    listed: BTreeSet<AccountId>,
}

impl Learned {
    pub(crate) async fn parents(&self, accounts: impl IntoIterator<Item = (AccountId, Option<AccountId>)>) {
        self.roles.lock().await.parents.extend(accounts);
    }

    pub(crate) async fn role(&self, id: RoleId, owner: AccountId) {
        self.roles.lock().await.of_role.insert(id, owner);
    }

    pub(crate) async fn all_roles(&self, owner: &AccountId, roles: &[Role]) {
        self.roles.lock().await.learn(owner, roles);
    }

    /// The Admin role to use in a new account: its own, which may be listed a little later (section 11), else the
    /// nearest ancestor's.
    pub(crate) async fn admin(
        &self,
        api: &Api,
        account: &AccountId,
    ) -> Result<Option<RoleId>, ProviderError> {
        let mut roles = self.roles.lock().await;
        for look in 0..LOOKS {
            api.wait_before(look).await;
            roles.listed.remove(account);
            roles.list(api, account).await?;
            if roles.admin.contains_key(account) {
                break;
            }
        }
        let (mut here, mut passed) = (Some(account.clone()), BTreeSet::new());
        while let Some(owner) = here {
            roles.list(api, &owner).await?;
            if let Some(admin) = roles.admin.get(&owner) {
                return Ok(Some(admin.clone()));
            }
            let parent = roles.parent(api, &owner).await?;
            passed.insert(owner);
            here = parent.filter(|parent| !passed.contains(parent));
        }
        Ok(None)
    }

    pub(crate) async fn email(&self, person: PersonId, email: Email) {
        self.emails.lock().await.insert(person, email);
    }

    pub(crate) async fn email_of(&self, person: &PersonId) -> Option<Email> {
        self.emails.lock().await.get(person).cloned()
    }

    /// Links to roles for use in an account. Those in `present` are used as they are; where an owner is not known
    /// it is looked for in the account, then upwards.
    pub(crate) async fn links(
        &self,
        api: &Api,
        account: &AccountId,
        wanted: &BTreeSet<RoleId>,
        present: &[Link],
    ) -> Result<Vec<Link>, ProviderError> {
        let have: BTreeMap<&str, &Link> = present.iter().map(|link| (link.id(), link)).collect();
        let missing = || wanted.iter().filter(|id| !have.contains_key(id.as_str()));
        // Held while looking, so that others wait for what we find instead of looking too.
        let mut roles = self.roles.lock().await;
        let mut here = Some(account.clone());
        let mut passed = BTreeSet::new();
        while let Some(owner) = here.take_if(|_| missing().any(|id| !roles.of_role.contains_key(id))) {
            roles.list(api, &owner).await?;
            let parent = roles.parent(api, &owner).await?;
            passed.insert(owner);
            here = parent.filter(|parent| !passed.contains(parent));
        }
        let link = |id: &RoleId| match have.get(id.as_str()) {
            Some(&link) => link.clone(),
            None => Link::role(roles.of_role.get(id).unwrap_or(account).as_str(), id.as_str()),
        };
        Ok(wanted.iter().map(link).collect())
    }
}

impl Owners {
    async fn list(&mut self, api: &Api, owner: &AccountId) -> Result<(), ProviderError> {
        if self.listed.contains(owner) {
            return Ok(());
        }
        let path = ["accounts", owner.as_str(), "roles"];
        if let Some(list) = if_visible(api.read::<Vec<Role>>(&path, "list the roles").await)? {
            self.learn(owner, &list);
        }
        self.listed.insert(owner.clone());
        Ok(())
    }

    fn learn(&mut self, owner: &AccountId, roles: &[Role]) {
        self.listed.insert(owner.clone());
        for (id, role) in roles.iter().filter_map(|role| Some((RoleId::from(role.id.as_deref()?), role))) {
            // A list may show an ancestor's roles too (section 6).
            let owner = AccountId::from(role.account.id());
            if is_admin(role) {
                self.admin.insert(owner.clone(), id.clone());
            }
            self.of_role.insert(id, owner);
        }
    }

    async fn parent(&mut self, api: &Api, account: &AccountId) -> Result<Option<AccountId>, ProviderError> {
        if let Some(parent) = self.parents.get(account) {
            return Ok(parent.clone());
        }
        let path = ["accounts", account.as_str()];
        let read = if_visible(api.read::<Account>(&path, "read the account").await)?;
        let parent = read.and_then(|read| read.parent).map(|parent| AccountId::from(parent.id()));
        self.parents.insert(account.clone(), parent.clone());
        Ok(parent)
    }
}

/// A parent may be out of our sight (section 5): then its roles are unknown, and the server will say so.
fn if_visible<T>(read: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Stale) => Ok(None),
        Err(error) => Err(error),
    }
}
