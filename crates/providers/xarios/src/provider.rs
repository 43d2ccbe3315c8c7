//! Looks and applies: the two methods that the engine calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use orgform_http::Options;
use orgform_model::{AccountId, Action, Applied, Change, Observation, Ref, RoleId, Scope, Timestamp};
use orgform_provider::{Connection, Observe, Provider, ProviderError};

use crate::client::Api;
use crate::fields::rejected;
use crate::tenants::Tenants;
use crate::users::{Place, known};
use crate::{accounts, observe};

/// Looks at Xarios. Holds no way to write.
pub struct Reader {
    api: Api,
    tenants: Arc<Tenants>,
}

impl Reader {
    /// Connects; nothing is sent before the first look.
    ///
    /// # Errors
    /// When the endpoint or the credential can't be used.
    pub fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        Ok(Self { api: Api::connect(connection, options)?, tenants: Arc::default() })
    }
}

#[async_trait]
impl Observe for Reader {
    async fn observe(&self, scope: &Scope) -> Result<Observation, ProviderError> {
        let (at, api, tenants) = (Timestamp::now(), self.api.counted(), &self.tenants);
        let seen = match scope {
            Scope::Directory => observe::directory(&api, tenants).await?,
            Scope::Below(account) => observe::below(&api, tenants, account).await?,
            Scope::Account { id, fields: _ } => observe::account(&api, tenants, id).await?,
            Scope::Member { account, person } => observe::member(&api, tenants, account, person).await?,
            Scope::Person(_) => {
                return Err(rejected("read a person", None, "Xarios shows users as part of a tenant only"));
            }
            Scope::ApiKeys(_) => return Err(rejected("list the API keys", None, "Xarios has none")),
        };
        Ok(Observation { at, calls: api.calls(), seen })
    }
}

/// Carries changes out at Xarios.
pub struct Writer {
    reader: Reader,
}

impl Writer {
    /// Connects; nothing is sent before the first call.
    ///
    /// # Errors
    /// When the endpoint or the credential can't be used.
    pub fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        Ok(Self { reader: Reader::connect(connection, options)? })
    }
}

#[async_trait]
impl Observe for Writer {
    async fn observe(&self, scope: &Scope) -> Result<Observation, ProviderError> {
        self.reader.observe(scope).await
    }
}

#[async_trait]
impl Provider for Writer {
    async fn apply(&self, changes: &[Change]) -> Vec<Result<Applied, ProviderError>> {
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            outcomes.push(self.carry_out(change).await);
        }
        outcomes
    }
}

impl Writer {
    async fn carry_out(&self, change: &Change) -> Result<Applied, ProviderError> {
        let Reader { api, tenants } = &self.reader;
        let tried = &tried(change);
        let cannot = |what: &str| Err(rejected(tried, None, format!("Xarios can't {what}")));
        match &change.action {
            Action::CreateAccount { parent, fields } => {
                let parent = parent.as_ref().map(|parent| known(parent, tried)).transpose()?;
                accounts::create(api, tenants, parent, fields, tried).await
            }
            Action::UpdateAccount { account, changes } => {
                accounts::update(api, tenants, account, changes, tried).await
            }
            Action::RemoveAccount { account } => accounts::remove(api, tenants, account, tried).await,
            Action::CreateMember { account, email, roles, fields, password: _ } => {
                let place = self.place(known(account, tried)?, tried).await?;
                place.create(email, &bound(roles, tried)?, fields).await
            }
            Action::UpdatePerson { account, person, changes } => {
                self.place(account, tried).await?.update(person, changes).await
            }
            Action::UpdateMember { account, person, from, roles } => {
                self.place(account, tried).await?.set_roles(person, from, &bound(roles, tried)?).await
            }
            Action::RemoveMember { account, person, from, everywhere } => {
                self.place(account, tried).await?.remove(person, from, *everywhere).await
            }
            Action::MailMember { account, person } => {
                self.place(account, tried).await?.mail_again(person).await
            }
            Action::Disable { account, person } => {
                self.place(account, tried).await?.set_disabled(person, true).await
            }
            Action::Enable { account, person } => {
                self.place(account, tried).await?.set_disabled(person, false).await
            }
            Action::Invite { .. }
            | Action::UpdateInvite { .. }
            | Action::Resend { .. }
            | Action::Withdraw { .. } => cannot("invite: people are made at once"),
            Action::CreateRole { .. } | Action::UpdateRole { .. } | Action::RemoveRole { .. } => {
                cannot("change roles: they are fixed")
            }
            Action::CreateApiKey { .. } | Action::UpdateApiKey { .. } | Action::RemoveApiKey { .. } => {
                cannot("make API keys")
            }
        }
    }

    async fn place<'a>(&'a self, account: &AccountId, tried: &'a str) -> Result<Place<'a>, ProviderError> {
        let Reader { api, tenants } = &self.reader;
        Ok(Place { api, tenant: tenants.find(api, account, tried).await?, tried })
    }
}

/// What a change tries, as a clause for messages.
fn tried(change: &Change) -> String {
    let address = &change.address;
    let account = address.account_path().map(ToString::to_string).unwrap_or_default();
    let who = address.email().map(ToString::to_string).unwrap_or_default();
    match &change.action {
        Action::CreateAccount { .. } => format!("create account {account}"),
        Action::UpdateAccount { .. } => format!("change account {account}"),
        Action::RemoveAccount { .. } => format!("flag account {account} for deletion"),
        Action::CreateMember { .. } => format!("add {who} to {account}"),
        Action::UpdateMember { .. } => format!("change the roles of {who} in {account}"),
        Action::RemoveMember { everywhere: false, .. } => format!("remove {who} from {account}"),
        Action::RemoveMember { everywhere: true, .. } => format!("remove {who} everywhere"),
        Action::MailMember { .. } => format!("mail {who} again"),
        Action::Disable { .. } => format!("disable {who} in {account}"),
        Action::Enable { .. } => format!("enable {who} in {account}"),
        _ => format!("change {address}"),
    }
}

fn bound(roles: &BTreeSet<Ref<RoleId>>, tried: &str) -> Result<BTreeSet<RoleId>, ProviderError> {
    let known = roles.iter().map(|role| role.known().cloned()).collect::<Option<_>>();
    known.ok_or_else(|| rejected(tried, Some("roles"), "a role of it does not exist yet"))
}
