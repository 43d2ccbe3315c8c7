//! Looks and applies: the two methods that the engine calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use orgform_http::Options;
use orgform_model::world::Seen;
use orgform_model::{Action, Applied, Change, Observation, Ref, RoleId, Scope, SecretRef, Timestamp};
use orgform_provider::{Connection, Observe, Provider, ProviderError, Secrets};
use secrecy::SecretString;

use crate::api_keys::Own;
use crate::client::Api;
use crate::fields::rejected;
use crate::invites::Wanted;
use crate::{api_keys, customer, invites, observe, users};

/// Looks at PacketFabric. Holds no way to write.
pub struct Reader {
    api: Api,
    own: Own,
}

impl Reader {
    /// Connects; nothing is sent before the first look.
    ///
    /// # Errors
    /// When the endpoint or the credential can't be used.
    pub fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        Ok(Self { api: Api::connect(connection, options)?, own: Own::of_reader(connection) })
    }
}

#[async_trait]
impl Observe for Reader {
    async fn observe(&self, scope: &Scope) -> Result<Observation, ProviderError> {
        let (at, api) = (Timestamp::now(), self.api.counted());
        let seen = match scope {
            Scope::Directory => observe::whole(&api, &self.own).await?,
            Scope::Account { id, fields: _ } => observe::account(&api, id).await?,
            Scope::Person(id) => Seen::Person(observe::person(&api, id).await?),
            Scope::ApiKeys(_) => api_keys::observe(&api, &self.own).await?,
            Scope::Below(_) | Scope::Member { .. } => {
                return Err(rejected("look closer", None, "the lists of PacketFabric lack nothing of that"));
            }
        };
        Ok(Observation { at, calls: api.calls(), seen })
    }
}

/// Carries changes out at PacketFabric.
pub struct Writer {
    reader: Reader,
    secrets: Arc<dyn Secrets>,
}

impl Writer {
    /// Connects; nothing is sent before the first call.
    ///
    /// # Errors
    /// When the endpoint or the credential can't be used.
    pub fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        let secrets = connection.secrets.clone();
        let reader = Reader { api: Api::connect(connection, options)?, own: Own::of_writer(connection) };
        Ok(Self { reader, secrets })
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
        let tried: Vec<String> = changes.iter().map(tried).collect();
        let mut outcomes: Vec<Option<Result<Applied, ProviderError>>> = Vec::new();
        let (mut wanted, mut places) = (Vec::new(), Vec::new());
        for (place, (change, tried)) in changes.iter().zip(&tried).enumerate() {
            outcomes.push(match &change.action {
                Action::Invite { .. } => match wanted_of(&change.action, tried) {
                    Ok(one) => {
                        wanted.push(one);
                        places.push(place);
                        None
                    }
                    Err(error) => Some(Err(error)),
                },
                _ => Some(self.carry_out(change, tried).await),
            });
        }
        if !wanted.is_empty() {
            let sent = invites::invite_all(&self.reader.api, &wanted).await;
            for (place, outcome) in places.into_iter().zip(sent) {
                outcomes[place] = Some(outcome);
            }
        }
        outcomes.into_iter().flatten().collect()
    }
}

impl Writer {
    async fn carry_out(&self, change: &Change, tried: &str) -> Result<Applied, ProviderError> {
        let api = &self.reader.api;
        let fixed = |what: &str| Err(rejected(tried, None, format!("PacketFabric can't {what}")));
        match &change.action {
            Action::UpdateAccount { account, changes } => {
                customer::update(api, account, changes, tried).await
            }
            Action::CreateMember { account: _, email, roles, fields, password } => {
                let password = self.password(password.as_ref(), tried)?;
                users::create(api, email, &bound(roles, tried)?, fields, &password, tried).await
            }
            Action::UpdatePerson { account: _, person, changes } => {
                users::update(api, person, changes, tried).await
            }
            Action::Resend { account, invite, email, from: _, roles: _ } => {
                invites::resend(api, account, invite, email, tried).await
            }
            Action::UpdateMember { account: _, person, from, roles } => {
                users::set_group(api, person, from, &bound(roles, tried)?, tried).await
            }
            Action::RemoveMember { account: _, person, from, everywhere: _ } => {
                users::delete(api, person, from, tried).await
            }
            Action::Disable { account: _, person } => users::set_disabled(api, person, true, tried).await,
            Action::Enable { account: _, person } => users::set_disabled(api, person, false, tried).await,
            Action::Invite { .. } => fixed("invite alone"),
            Action::MailMember { .. } => fixed("mail users"),
            Action::UpdateInvite { .. } | Action::Withdraw { .. } => {
                fixed("change an invite or take it back")
            }
            Action::CreateAccount { .. } | Action::RemoveAccount { .. } => fixed("make or remove customers"),
            Action::CreateRole { .. } | Action::UpdateRole { .. } | Action::RemoveRole { .. } => {
                fixed("change groups")
            }
            Action::CreateApiKey { account: _, fields, roles: _, secret_to: _ } => {
                api_keys::create(api, fields, tried).await
            }
            Action::RemoveApiKey { account: _, key } => api_keys::remove(api, key, tried).await,
            Action::UpdateApiKey { .. } => fixed("change an API key"),
        }
    }

    fn password(&self, from: Option<&SecretRef>, tried: &str) -> Result<SecretString, ProviderError> {
        let Some(from) = from else {
            return Err(rejected(tried, Some("password"), "a user can't be made without a password")
                .hint("write `password: { env: NAME }` or `password: { file: PATH }` in the Member."));
        };
        self.secrets.read(from).map_err(|because| {
            rejected(tried, Some("password"), format!("its password comes from {from}, {because}"))
                .hint("set it, then run apply again.")
        })
    }
}

fn wanted_of<'a>(action: &'a Action, tried: &'a str) -> Result<Wanted<'a>, ProviderError> {
    let Action::Invite { account, email, roles } = action else {
        return Err(rejected(tried, None, "it is no invite"));
    };
    let account = account.known().ok_or_else(|| rejected(tried, None, "its account does not exist yet"))?;
    let roles = bound(roles, tried)?;
    let group = users::only(&roles, tried)?.clone();
    Ok(Wanted { account, email, roles, group, tried })
}

/// What a change tries, as a clause for messages.
fn tried(change: &Change) -> String {
    let address = &change.address;
    let who = address.email().map(ToString::to_string).unwrap_or_default();
    match &change.action {
        Action::Invite { .. } => format!("invite {who}"),
        Action::CreateMember { .. } => format!("add {who}"),
        Action::Resend { .. } => format!("mail the invite of {who} again"),
        Action::UpdateMember { .. } => format!("change the group of {who}"),
        Action::RemoveMember { .. } => format!("delete {who}"),
        Action::Disable { .. } => format!("disable {who}"),
        Action::Enable { .. } => format!("enable {who}"),
        _ => format!("change {address}"),
    }
}

fn bound(roles: &BTreeSet<Ref<RoleId>>, tried: &str) -> Result<BTreeSet<RoleId>, ProviderError> {
    let known = roles.iter().map(|role| role.known().cloned()).collect::<Option<_>>();
    known.ok_or_else(|| rejected(tried, Some("roles"), "a role of it does not exist yet"))
}
