//! Looks at a world in memory: one call for the list of accounts, one per account, one per person.

use std::collections::BTreeMap;

use async_trait::async_trait;
use orgform_model::invite::InviteStatus;
use orgform_model::world::{
    AccountContent, ActualAccount, ActualApiKey, ActualInvite, ActualMember, ActualRole, Completeness,
    Directory, Identity, PersonSeen, Seen,
};
use orgform_model::{AccountId, ApiKeyId, Observation, PersonId, Scope};
use orgform_provider::{ErrorKind, Observe, ProviderError};

use super::world::World;
use super::{Memory, OWN_KEY};
use crate::suite::{Effect, Target};

#[async_trait]
impl Observe for Memory {
    async fn observe(&self, scope: &Scope) -> Result<Observation, ProviderError> {
        let mut world = self.world();
        world.traffic.reads += 1;
        let seen = match scope {
            Scope::Directory => Seen::Directory(self.directory(&mut world)?),
            Scope::Account { id, fields: _ } => Seen::Account(self.content(id, &mut world)?),
            Scope::Person(id) => Seen::Person(person(id, &mut world)?),
            Scope::ApiKeys(id) => Seen::ApiKeys(api_keys(id, &mut world)?),
            Scope::Below(_) | Scope::Member { .. } => {
                let kind = ErrorKind::Rejected { field: None };
                return Err(ProviderError::new(kind, "look closer", "the lists lack nothing of that"));
            }
        };
        Ok(Observation { at: world.now, calls: 1, seen })
    }
}

impl Memory {
    fn directory(&self, world: &mut World) -> Result<Directory, ProviderError> {
        let mut completeness = Completeness::Complete;
        let mut lose = 0;
        match world.strike(Target::Accounts) {
            None => {}
            Some(Effect::Shrunk(items)) => lose = items,
            Some(Effect::Refused) => {
                completeness = Completeness::Partial { because: "some accounts may not be read".to_owned() };
            }
            Some(effect) => return Err(trouble(effect, "list the accounts")),
        }
        let ids: Vec<AccountId> = world.accounts.keys().rev().skip(lose).cloned().collect();
        let mut directory = Directory {
            completeness,
            identity: Some(Identity::Person(world.founder.clone())),
            own_keys: Some([OWN_KEY.into()].into()),
            ..Directory::default()
        };
        for id in ids {
            if world.is_hidden(id.as_str()) {
                continue;
            }
            if let Some(account) = world.accounts.get(&id) {
                let (parent, fields) = (account.parent.clone(), account.fields.clone());
                directory
                    .accounts
                    .insert(id, ActualAccount { parent, fields, removal: self.kind.removal.clone() });
            }
        }
        Ok(directory)
    }

    fn content(&self, id: &AccountId, world: &mut World) -> Result<AccountContent, ProviderError> {
        let tried = format!("look into {id}");
        let mut content = AccountContent::default();
        let (mut fewer_members, mut fewer_invites, mut fewer_roles) = (0, 0, 0);
        for (target, fewer) in [
            (Target::Roles, &mut fewer_roles),
            (Target::Members, &mut fewer_members),
            (Target::Invites, &mut fewer_invites),
        ] {
            match world.strike(target) {
                None => {}
                Some(Effect::Shrunk(items)) => *fewer = items,
                Some(Effect::Refused) => {
                    let because = format!("the list of {target:?} was refused").to_lowercase();
                    *fewer = usize::MAX;
                    match target {
                        Target::Roles => content.roles_complete = Completeness::Partial { because },
                        _ => content.people_complete = Completeness::Partial { because },
                    }
                }
                Some(effect) => return Err(trouble(effect, &tried)),
            }
        }
        let Some(account) = world.accounts.get(id) else {
            return Err(ProviderError::new(ErrorKind::Stale, tried, "there is no such account any more"));
        };
        let mut names: Vec<(String, &str)> = vec![];
        let removal = || self.kind.removal.clone();
        for (role, fields) in account.roles.iter().rev().skip(fewer_roles) {
            names.push((role.to_string(), "role"));
            content
                .roles
                .insert(role.clone(), ActualRole { fixed: None, fields: fields.clone(), removal: removal() });
        }
        for (person, roles) in account.members.iter().rev().skip(fewer_members) {
            let Some(known) = world.people.get(person) else { continue };
            names.push((format!("{id}/{person}"), "member"));
            let email = self.kind.capabilities.email_in_list.then(|| known.email.clone());
            let (roles, disabled) = (roles.clone(), known.disabled);
            let member = ActualMember { email, hint: None, roles, disabled, removal: removal() };
            content.members.insert(person.clone(), member);
        }
        for (invite, one) in account.invites.iter().rev().skip(fewer_invites) {
            names.push((invite.to_string(), "invite"));
            let status = if world.is_expired(one) { InviteStatus::Expired } else { InviteStatus::Pending };
            content.invites.push(ActualInvite {
                id: invite.clone(),
                email: one.email.clone(),
                roles: one.roles.clone(),
                invited_at: Some(one.at),
                status,
            });
        }
        for (name, what) in names {
            if world.is_hidden(&name) {
                match what {
                    "role" => drop(content.roles.remove(&name.as_str().into())),
                    "invite" => content.invites.retain(|invite| invite.id.as_str() != name),
                    _ => content.members.retain(|person, _| format!("{id}/{person}") != name),
                }
            }
        }
        Ok(content)
    }
}

fn person(id: &PersonId, world: &mut World) -> Result<PersonSeen, ProviderError> {
    match world.strike(Target::Person) {
        None => {}
        Some(Effect::Refused) => {
            return Ok(PersonSeen::Unreadable { because: "reading the person was refused".to_owned() });
        }
        Some(effect) => return Err(trouble(effect, &format!("read {id}"))),
    }
    Ok(match world.people.get(id) {
        Some(person) => PersonSeen::Email(person.email.clone()),
        None => PersonSeen::Gone,
    })
}

fn api_keys(id: &AccountId, world: &mut World) -> Result<BTreeMap<ApiKeyId, ActualApiKey>, ProviderError> {
    let tried = format!("list the API keys of {id}");
    if let Some(effect) = world.strike(Target::ApiKeys) {
        return Err(trouble(effect, &tried));
    }
    let Some(account) = world.accounts.get(id) else {
        return Err(ProviderError::new(ErrorKind::Stale, tried, "there is no such account any more"));
    };
    let mut keys = account.keys.clone();
    keys.retain(|key, _| !world.is_hidden(key.as_str()));
    Ok(keys)
}

/// The error of a call that a fault strikes.
pub(super) fn trouble(effect: Effect, tried: &str) -> ProviderError {
    match effect {
        Effect::Throttled => {
            ProviderError::new(ErrorKind::Throttled { after: None }, tried, "too many calls")
        }
        Effect::Refused => {
            ProviderError::new(ErrorKind::Rejected { field: None }, tried, "the server says no")
        }
        Effect::AnswerLost => {
            ProviderError::new(ErrorKind::Unavailable, tried, "the connection broke").maybe_sent()
        }
        Effect::Unavailable | Effect::Shrunk(_) => {
            ProviderError::new(ErrorKind::Unavailable, tried, "the server is in trouble")
        }
    }
}
