//! Writes users (xarios contract, sections 6 and 7). Each write looks first, since no answer to one has data.

use std::collections::BTreeSet;

use orgform_model::{AccountId, Applied, Email, FieldChange, Fields, PersonId, RoleId};
use orgform_provider::{ErrorKind, ProviderError};
use serde_json::{Value as Json, json};

use crate::client::{Api, accepted};
use crate::convert::{self, implied};
use crate::fields::{kept, pending, rejected, stale};
use crate::patch;
use crate::tenants::Tenant;
use crate::wire::{Envelope, Made, User};

/// The users of one tenant.
pub(crate) struct Place<'a> {
    pub(crate) api: &'a Api,
    pub(crate) tenant: Tenant,
    pub(crate) tried: &'a str,
}

impl Place<'_> {
    /// Makes a user, who is mailed; or assigns one whom Xarios knows.
    pub(crate) async fn create(
        &self,
        email: &Email,
        roles: &BTreeSet<RoleId>,
        fields: &Fields,
    ) -> Result<Applied, ProviderError> {
        let wanted = self.with_implied(roles);
        let name = fields.get("displayName").map_or_else(|| email.written().to_owned(), ToString::to_string);
        let keys: Vec<&str> = wanted.iter().map(RoleId::as_str).collect();
        let body = json!({ "email": email.written(), "displayName": name, "roles": keys });
        let answer = self.api.post(&self.tenant.path(&["users"]), body, self.tried).await?;
        if matches!(answer.status(), 400 | 409) {
            if let Some(there) = self.by_email(email).await? {
                return match self.roles(&there) == wanted {
                    true => Ok(self.member(&there)),
                    false => Err(self.stale("the person is here already, with other roles")),
                };
            }
            let elsewhere = answer.status() == 409;
            let error = accepted(answer).err().unwrap_or_else(|| self.stale("it was refused"));
            return Err(match elsewhere {
                true => ProviderError { kind: ErrorKind::Rejected { field: Some("email".to_owned()) }, ..error }.hint(
                    "the person is a user of another tenant, and this instance does not assign by e-mail: do it in the \
                     portal, then plan again.",
                ),
                false => error,
            });
        }
        let made: Envelope<Made> = accepted(answer)?.json()?;
        let now = self.find(&PersonId::from(made.data.id)).await.map_err(ProviderError::maybe_sent)?;
        let now = now.ok_or_else(|| self.stale("the user was made, and is not there yet").maybe_sent())?;
        self.took(&wanted, &now)?;
        Ok(self.member(&now))
    }

    /// Sets the roles. What somebody else gave or took between our look and this write makes it `Stale`.
    pub(crate) async fn set_roles(
        &self,
        person: &PersonId,
        from: &BTreeSet<RoleId>,
        roles: &BTreeSet<RoleId>,
    ) -> Result<Applied, ProviderError> {
        let user = self.there(person).await?;
        let (now, wanted) = (self.roles(&user), self.with_implied(roles));
        if now == wanted {
            return Ok(self.member(&user));
        }
        self.as_planned(&now, from)?;
        let mut keys: Vec<String> = user.roles.clone().unwrap_or_default();
        keys.retain(|key| wanted.contains(&RoleId::from(key.as_str())));
        let missing = wanted.difference(&now).map(|role| role.as_str().to_owned());
        keys.extend(missing);
        let now = self.write_roles(&user, keys).await?;
        self.took(&wanted, &now)?;
        Ok(self.member(&now))
    }

    /// Takes away, or gives back, what lets somebody log in here.
    pub(crate) async fn set_disabled(
        &self,
        person: &PersonId,
        disabled: bool,
    ) -> Result<Applied, ProviderError> {
        let user = self.there(person).await?;
        if convert::is_disabled(&user, &self.tenant) == disabled {
            return Ok(self.member(&user));
        }
        let base = implied(&self.tenant);
        let mut keys: Vec<String> = user.roles.clone().unwrap_or_default();
        match disabled {
            true => keys.retain(|key| key != base),
            false => keys.push(base.to_owned()),
        }
        let now = self.write_roles(&user, keys).await?;
        if convert::is_disabled(&now, &self.tenant) != disabled {
            let said = format!("answered with success but did not take the change of {base}");
            return Err(ProviderError::new(ErrorKind::Protocol, self.tried, said).maybe_sent());
        }
        Ok(self.member(&now))
    }

    pub(crate) async fn update(
        &self,
        person: &PersonId,
        changes: &[FieldChange],
    ) -> Result<Applied, ProviderError> {
        let user = self.there(person).await?;
        for change in pending(changes, &convert::person_fields(&user), self.tried)? {
            if change.field != "displayName" {
                let said = format!("a user of Xarios has no `{}`", change.field);
                return Err(rejected(self.tried, Some(&change.field), said));
            }
            let to = change.to.as_ref().map(ToString::to_string).unwrap_or_default();
            let patch = patch::replace("displayName", &json!(user.display_name), &json!(to));
            let now = self.write(&user, patch).await?;
            kept([(&change.field, change.to.as_ref())], &convert::person_fields(&now), self.tried)?;
        }
        Ok(Applied::Person { person: person.clone() })
    }

    /// Takes a user out: of this tenant, or everywhere if this is the primary one, which has to be what was agreed.
    pub(crate) async fn remove(
        &self,
        person: &PersonId,
        from: &BTreeSet<RoleId>,
        everywhere: bool,
    ) -> Result<Applied, ProviderError> {
        let Some(user) = self.find(person).await? else { return Ok(Applied::Gone) };
        self.as_planned(&self.roles(&user), from)?;
        if convert::goes_everywhere(&user, self.tenant.id()) && !everywhere {
            return Err(self.stale("this is the person's primary tenant, and removing would go everywhere"));
        }
        self.api.delete(&self.path(&user, &[]), self.tried).await?;
        Ok(Applied::Gone)
    }

    /// Mails somebody how to activate the log-in. Only the primary tenant can.
    pub(crate) async fn mail_again(&self, person: &PersonId) -> Result<Applied, ProviderError> {
        let user = self.there(person).await?;
        let answer = self.api.ask(&self.path(&user, &["sendActivationEmail"]), self.tried).await?;
        if answer.code() == "TenantNotPrimary" {
            let error = answer.error(ErrorKind::Rejected { field: None });
            return Err(error.hint("only the person's primary tenant can send this mail."));
        }
        accepted(answer)?;
        Ok(self.member(&user))
    }

    /// The one user with this e-mail here, with roles.
    async fn by_email(&self, email: &Email) -> Result<Option<User>, ProviderError> {
        let users: Vec<User> = self.api.read(&self.tenant.path(&["users"]), self.tried).await?;
        let mut same = users.iter().filter(|user| !user.is_parent && Email::new(&user.email) == *email);
        match (same.next(), same.next()) {
            (Some(user), None) => self.find(&PersonId::from(user.id.as_str())).await,
            _ => Ok(None),
        }
    }

    async fn find(&self, person: &PersonId) -> Result<Option<User>, ProviderError> {
        self.api.find(&self.tenant.path(&["users", person.as_str()]), self.tried).await
    }

    async fn there(&self, person: &PersonId) -> Result<User, ProviderError> {
        self.find(person).await?.ok_or_else(|| self.stale("the person is not there any more"))
    }

    async fn write_roles(&self, user: &User, keys: Vec<String>) -> Result<User, ProviderError> {
        self.write(user, patch::replace("roles", &json!(user.roles), &json!(keys))).await
    }

    /// Applies a patch, then reads: neither a success nor a failed test says what is there now.
    async fn write(&self, user: &User, patch: Vec<Json>) -> Result<User, ProviderError> {
        let answer = self.api.patch(&self.path(user, &[]), Json::Array(patch), self.tried).await?;
        let refused = answer.status() == 400;
        let outcome = accepted(answer);
        let now = self.there(&PersonId::from(user.id.as_str())).await?;
        if refused && (now.roles != user.roles || now.display_name != user.display_name) {
            return Err(self.stale("somebody else changed this user meanwhile"));
        }
        outcome.map(|_| now)
    }

    fn path<'p>(&'p self, user: &'p User, more: &[&'p str]) -> Vec<&'p str> {
        let mut path = self.tenant.path(&["users", &user.id]);
        path.extend(more);
        path
    }

    fn roles(&self, user: &User) -> BTreeSet<RoleId> {
        convert::roles(user, &self.tenant)
    }

    fn with_implied(&self, roles: &BTreeSet<RoleId>) -> BTreeSet<RoleId> {
        roles.iter().cloned().chain([RoleId::from(implied(&self.tenant))]).collect()
    }

    fn as_planned(&self, now: &BTreeSet<RoleId>, from: &BTreeSet<RoleId>) -> Result<(), ProviderError> {
        match *now == self.with_implied(from) {
            true => Ok(()),
            false => Err(self.stale(format!("the roles changed meanwhile, to {}", shown(now)))),
        }
    }

    fn took(&self, wanted: &BTreeSet<RoleId>, now: &User) -> Result<(), ProviderError> {
        let roles = self.roles(now);
        if wanted.is_subset(&roles) {
            return Ok(());
        }
        let said = format!("answered with success but kept the roles at {}", shown(&roles));
        Err(ProviderError::new(ErrorKind::Protocol, self.tried, said).maybe_sent())
    }

    fn member(&self, user: &User) -> Applied {
        Applied::Member { person: PersonId::from(user.id.as_str()), roles: self.roles(user) }
    }

    fn stale(&self, said: impl Into<String>) -> ProviderError {
        stale(self.tried, said)
    }
}

fn shown(roles: &BTreeSet<RoleId>) -> String {
    roles.iter().map(RoleId::as_str).collect::<Vec<_>>().join(", ")
}

/// Whether a text has the shape of a GUID, as all ids have (section 2).
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_hexdigit(),
        })
}

/// The account of a change, once it is known.
pub(crate) fn known<'r>(
    account: &'r orgform_model::Ref<AccountId>,
    tried: &str,
) -> Result<&'r AccountId, ProviderError> {
    account.known().ok_or_else(|| rejected(tried, None, "its account does not exist yet"))
}
