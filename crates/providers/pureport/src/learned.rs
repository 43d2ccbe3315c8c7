//! What was learned on the way: who owns a role, who is an account's parent, which e-mail a person has, who is
//! invited.
//!
//! A role link needs the owner's path, and a role may belong to an ancestor (pureport contract, section 6).
//! Observing fills this; a write that lacks something reads it once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgform_model::{AccountId, Email, PersonId, RoleId};
use orgform_provider::{ErrorKind, ProviderError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::client::{Api, LOOKS};
use crate::convert::is_admin;
use crate::wire::{Account, Invite, Link, Role};

/// How long a list of invites is good for finding out whether somebody is invited: long enough that inviting
/// many people into one account does not list it for each of them.
const INVITES_FRESH: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(crate) struct Learned {
    roles: Mutex<Owners>,
    emails: Mutex<BTreeMap<PersonId, Email>>,
    invites: Mutex<Invites>,
}

#[derive(Default)]
struct Invites {
    listed: BTreeMap<AccountId, (Instant, BTreeMap<Email, String>)>,
    /// Made by us, which a list may lack for a while (section 11).
    made: BTreeMap<(AccountId, Email), String>,
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

    pub(crate) async fn parent(
        &self,
        api: &Api,
        account: &AccountId,
    ) -> Result<Option<AccountId>, ProviderError> {
        self.roles.lock().await.parent(api, account).await
    }

    /// The account that owns a role, where it is another one than this.
    pub(crate) async fn owned_elsewhere(&self, account: &AccountId, roles: &BTreeSet<RoleId>) -> bool {
        let owners = self.roles.lock().await;
        roles.iter().any(|role| owners.of_role.get(role).is_some_and(|owner| owner != account))
    }

    pub(crate) async fn invited(&self, account: &AccountId, email: &Email, invite: &str) {
        let key = (account.clone(), email.clone());
        self.invites.lock().await.made.insert(key, invite.to_owned());
    }

    /// An invite that turned out to be gone.
    pub(crate) async fn not_invited(&self, account: &AccountId, email: &Email) {
        let mut invites = self.invites.lock().await;
        invites.made.remove(&(account.clone(), email.clone()));
        if let Some((_, listed)) = invites.listed.get_mut(account) {
            listed.remove(email);
        }
    }

    /// The invite that somebody has to an account, made by us or listed a moment ago; it may be gone since.
    pub(crate) async fn invite_of(
        &self,
        api: &Api,
        account: &AccountId,
        email: &Email,
        tried: &str,
    ) -> Result<Option<String>, ProviderError> {
        let known = self.invites.lock().await.find(account, email);
        if let Some(known) = known {
            return Ok(known);
        }
        let list: Vec<Invite> = api.read(&["accounts", account.as_str(), "invites"], tried).await?;
        self.all_invites(account, &list).await;
        Ok(self.invites.lock().await.find(account, email).flatten())
    }

    pub(crate) async fn all_invites(&self, account: &AccountId, invites: &[Invite]) {
        let listed = invites.iter().filter_map(|one| Some((Email::new(&one.email), one.id.clone()?)));
        let listed = (Instant::now(), listed.collect());
        self.invites.lock().await.listed.insert(account.clone(), listed);
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

impl Invites {
    /// The invite, or that there is none; nothing if that is not known.
    fn find(&self, account: &AccountId, email: &Email) -> Option<Option<String>> {
        if let Some(made) = self.made.get(&(account.clone(), email.clone())) {
            return Some(Some(made.clone()));
        }
        let (at, listed) = self.listed.get(account)?;
        (at.elapsed() < INVITES_FRESH).then(|| listed.get(email).cloned())
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
pub(crate) fn if_visible<T>(read: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Stale) => Ok(None),
        Err(error) => Err(error),
    }
}
