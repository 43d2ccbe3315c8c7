//! Looks and applies: the two methods that the engine calls.

use std::collections::BTreeSet;

use async_trait::async_trait;
use orgform_http::Options;
use orgform_model::history::History;
use orgform_model::world::Seen;
use orgform_model::{AccountId, Action, ApiKeyId, Applied, Change, Observation, Ref, Scope, Timestamp};
use orgform_provider::{Connection, Observe, Provider, ProviderError};
use secrecy::ExposeSecret;

use crate::client::Api;
use crate::fields::rejected;
use crate::learned::Learned;
use crate::{accounts, api_keys, history, observe, people, roles};

/// Looks at Pureport. Holds no way to write.
pub struct Reader {
    api: Api,
    learned: Learned,
    name: String,
    /// The keys that this run and others log in with.
    own_keys: BTreeSet<ApiKeyId>,
}

impl Reader {
    /// Connects; nothing is sent before the first look.
    ///
    /// # Errors
    /// When the endpoint or the credential can't be used.
    pub fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        let api = Api::connect(connection, options)?;
        let source = connection.credential("key").map(|key| key.source.as_str()).unwrap_or_default();
        let name = format!("the API key from {source}");
        Ok(Self { api, learned: Learned::default(), name, own_keys: own_keys(connection) })
    }
}

#[async_trait]
impl Observe for Reader {
    async fn observe(&self, scope: &Scope) -> Result<Observation, ProviderError> {
        let (at, api) = (Timestamp::now(), self.api.counted());
        let seen = match scope {
            Scope::Directory => observe::directory(&api, &self.learned, &self.name, &self.own_keys).await?,
            Scope::Account { id, fields } => observe::account(&api, &self.learned, id, fields).await?,
            Scope::Person(id) => Seen::Person(observe::person(&api, &self.learned, id).await?),
            Scope::ApiKeys(id) => api_keys::observe(&api, id).await?,
            Scope::Below(_) | Scope::Member { .. } => {
                return Err(rejected("look closer", None, "the lists of Pureport lack nothing of that"));
            }
        };
        Ok(Observation { at, calls: api.calls(), seen })
    }

    async fn history(&self, account: &AccountId, since: Timestamp) -> Result<History, ProviderError> {
        let api = self.api.counted();
        let history = history::of_account(&api, account, since).await?;
        Ok(History { calls: api.calls(), ..history })
    }
}

/// Carries changes out at Pureport.
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

    async fn history(&self, account: &AccountId, since: Timestamp) -> Result<History, ProviderError> {
        self.reader.history(account, since).await
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
        let Reader { api, learned, name: _, own_keys: _ } = &self.reader;
        let tried = tried(change);
        match &change.action {
            Action::CreateAccount { parent, fields } => {
                let parent = parent.as_ref().map(|parent| bound(parent, &tried)).transpose()?;
                accounts::create(api, learned, parent, fields, &tried).await
            }
            Action::UpdateAccount { account, changes } => {
                accounts::update(api, account, changes, &tried).await
            }
            Action::RemoveAccount { account } => accounts::remove(api, account, &tried).await,
            Action::CreateRole { account, fields } => {
                roles::create(api, learned, bound(account, &tried)?, fields, &tried).await
            }
            Action::UpdateRole { account, role, changes } => {
                roles::update(api, account, role, changes, &tried).await
            }
            Action::RemoveRole { account, role } => roles::remove(api, account, role, &tried).await,
            Action::Invite { account, email, roles } => {
                let place = people::Place { api, learned, account: bound(account, &tried)?, tried: &tried };
                place.invite(email, &all_bound(roles, &tried)?).await
            }
            Action::UpdateInvite { account, invite, email, from, roles } => {
                let place = people::Place { api, learned, account, tried: &tried };
                place.change_invite(invite, email, from, &all_bound(roles, &tried)?, people::Mail::None).await
            }
            Action::Resend { account, invite, email, from, roles } => {
                let place = people::Place { api, learned, account, tried: &tried };
                place
                    .change_invite(invite, email, from, &all_bound(roles, &tried)?, people::Mail::Again)
                    .await
            }
            Action::Withdraw { account, invite, email } => {
                people::Place { api, learned, account, tried: &tried }.withdraw(invite, email).await
            }
            Action::UpdateMember { account, person, from, roles } => {
                let place = people::Place { api, learned, account, tried: &tried };
                place.change_member(person, from, &all_bound(roles, &tried)?).await
            }
            Action::RemoveMember { account, person, from, everywhere: _ } => {
                people::Place { api, learned, account, tried: &tried }.remove_member(person, from).await
            }
            Action::CreateApiKey { account, fields, roles, secret_to: _ } => {
                let roles = roles.as_ref().map(|roles| all_bound(roles, &tried)).transpose()?;
                let account = bound(account, &tried)?;
                api_keys::create(api, learned, account, fields, &roles.unwrap_or_default(), &tried).await
            }
            Action::UpdateApiKey { account, key, changes, from, roles } => {
                let roles = roles.as_ref().map(|roles| all_bound(roles, &tried)).transpose()?;
                let which = (account, key);
                api_keys::update(api, learned, which, changes, from, roles.as_ref(), &tried).await
            }
            Action::RemoveApiKey { account, key } => api_keys::remove(api, account, key, &tried).await,
            Action::CreateMember { .. } => {
                Err(rejected(&tried, Some("onboarding"), "Pureport can't make people, only invite them")
                    .hint("leave `onboarding` out."))
            }
            Action::UpdatePerson { .. } => {
                Err(rejected(&tried, None, "Pureport can't set fields of a person")
                    .hint("people keep their own profile at Pureport."))
            }
            Action::MailMember { .. } => Err(rejected(&tried, None, "Pureport mails invites only")),
            Action::Disable { .. } | Action::Enable { .. } => {
                Err(rejected(&tried, Some("removal"), "Pureport can't disable a person")
                    .hint("use removal Remove or Retain."))
            }
        }
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
        Action::RemoveAccount { .. } => format!("remove account {account}"),
        Action::CreateRole { .. } => format!("create {address}"),
        Action::UpdateRole { .. } => format!("change {address}"),
        Action::RemoveRole { .. } => format!("remove {address}"),
        Action::Invite { .. } => format!("invite {who} to {account}"),
        Action::UpdateInvite { .. } => format!("change the invite of {who} to {account}"),
        Action::Resend { .. } => format!("mail the invite of {who} to {account} again"),
        Action::Withdraw { .. } => format!("withdraw the invite of {who} to {account}"),
        Action::UpdateMember { .. } => format!("change the roles of {who} in {account}"),
        Action::RemoveMember { .. } => format!("remove {who} from {account}"),
        Action::CreateApiKey { .. } => format!("make {address}"),
        Action::UpdateApiKey { .. } => format!("change {address}"),
        Action::RemoveApiKey { .. } => format!("remove {address}"),
        Action::CreateMember { .. } => format!("add {who} to {account}"),
        Action::UpdatePerson { .. } => format!("change {address}"),
        Action::MailMember { .. } => format!("mail {who} again"),
        Action::Disable { .. } => format!("disable {who}"),
        Action::Enable { .. } => format!("enable {who}"),
    }
}

/// The `key` of a credential is the id of the API key (pureport contract, section 9).
fn own_keys(connection: &Connection) -> BTreeSet<ApiKeyId> {
    let all = connection.credentials.iter().chain(&connection.other_credentials);
    all.filter(|one| one.field == "key").map(|one| ApiKeyId::from(one.secret.expose_secret())).collect()
}

fn bound<'a, Id>(reference: &'a Ref<Id>, tried: &str) -> Result<&'a Id, ProviderError> {
    match reference {
        Ref::Known(id) => Ok(id),
        Ref::Created(address) => Err(rejected(tried, None, format!("{address} does not exist yet"))),
    }
}

fn all_bound<Id: Ord + Clone>(
    references: &BTreeSet<Ref<Id>>,
    tried: &str,
) -> Result<BTreeSet<Id>, ProviderError> {
    references.iter().map(|reference| bound(reference, tried).cloned()).collect()
}
