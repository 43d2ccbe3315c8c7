//! What a world shows, in the names that people see.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgform_model::world::{ActualApiKey, ActualInvite, ActualMember, PersonSeen};
use orgform_model::{AccountId, ApiKeyId, Email, PersonId, ProviderState, RoleId, Value, World};

use super::Subject;

/// What a world shows.
pub struct Sight {
    /// What was looked at.
    pub world: World,
    state: Option<ProviderState>,
    subject: Arc<dyn Subject>,
}

impl std::fmt::Debug for Sight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sight").field("world", &self.world).finish_non_exhaustive()
    }
}

impl Sight {
    pub(super) fn new(world: World, state: Option<ProviderState>, subject: Arc<dyn Subject>) -> Self {
        Self { world, state, subject }
    }

    /// The accounts of this name.
    pub fn accounts(&self, title: &str) -> Vec<&AccountId> {
        let key = self.subject.semantics().accounts.natural_key;
        let named = |fields: &orgform_model::Fields| fields.get(key).and_then(Value::as_text) == Some(title);
        let accounts = self.world.directory.accounts.iter();
        accounts.filter(|(_, account)| named(&account.fields)).map(|(id, _)| id).collect()
    }

    /// The names of the roles that somebody holds in an account, without those that everybody has; none if no member.
    pub fn holds(&self, account: &str, email: &str) -> Option<BTreeSet<String>> {
        let (_, member) = self.member(account, email)?;
        let semantics = &self.subject.semantics().roles;
        let implied = |id: &RoleId| {
            let mut fixed = semantics.fixed.iter().filter(|role| semantics.implied.contains(&role.name));
            fixed.any(|role| role.id == Some(id.as_str()))
        };
        Some(member.roles.iter().filter(|id| !implied(id)).map(|role| self.title(role)).collect())
    }

    /// A member of an account.
    pub fn member(&self, account: &str, email: &str) -> Option<(&PersonId, &ActualMember)> {
        let email = Email::new(email);
        let bound = self.subject.identity(&email);
        self.accounts(account).into_iter().find_map(|id| {
            let members = &self.world.content(id)?.members;
            members.iter().find(|(person, member)| match &bound {
                Some(bound) => bound == *person,
                None => self.email(person, member).as_ref() == Some(&email),
            })
        })
    }

    /// What the world shows of the API keys of an account.
    pub fn api_keys(&self, account: &str) -> BTreeMap<ApiKeyId, ActualApiKey> {
        let accounts = self.accounts(account).into_iter();
        accounts
            .filter_map(|id| self.world.api_keys(id))
            .flatten()
            .map(|(id, key)| (id.clone(), key.clone()))
            .collect()
    }

    /// API keys that the connections run with.
    pub fn own_keys(&self) -> BTreeSet<ApiKeyId> {
        self.world.directory.own_keys.clone().unwrap_or_default()
    }

    /// The invites for somebody in an account.
    pub fn invites(&self, account: &str, email: &str) -> Vec<&ActualInvite> {
        let email = Email::new(email);
        let accounts = self.accounts(account).into_iter();
        let contents = accounts.filter_map(|id| self.world.content(id));
        contents.flat_map(|content| &content.invites).filter(|invite| invite.email == email).collect()
    }

    /// How often somebody was brought in to an account: the invites, or the membership where nobody is invited.
    pub fn brought_in(&self, account: &str, email: &str) -> usize {
        match self.subject.semantics().people.invited {
            true => self.invites(account, email).len(),
            false => usize::from(self.member(account, email).is_some()),
        }
    }

    /// The custom roles of this name, with the accounts that own them.
    pub fn roles(&self, title: &str) -> Vec<(&AccountId, &RoleId)> {
        let contents =
            self.world.contents.iter().filter_map(|(id, content)| Some((id, content.as_ref().ok()?)));
        let roles = contents.flat_map(|(id, content)| content.roles.keys().map(move |role| (id, role)));
        roles.filter(|(_, role)| self.title(role) == title).collect()
    }

    fn email(&self, person: &PersonId, member: &ActualMember) -> Option<Email> {
        if let Some(PersonSeen::Email(email)) = self.world.people.get(person) {
            return Some(email.clone());
        }
        let known = || self.state.as_ref()?.people.get(person)?.email.clone();
        member.email.clone().or_else(known)
    }

    fn title(&self, id: &RoleId) -> String {
        let semantics = &self.subject.semantics().roles;
        if let Some(fixed) = semantics.fixed.iter().find(|fixed| fixed.id == Some(id.as_str())) {
            return fixed.title.to_owned();
        }
        let contents = self.world.contents.values().flatten();
        let role = contents.filter_map(|content| content.roles.get(id)).next();
        let name = role.and_then(|role| role.fields.get(semantics.natural_key)?.as_text());
        name.unwrap_or(id.as_str()).to_owned()
    }
}
