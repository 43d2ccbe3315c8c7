//! Carries changes out in a world in memory, with the care that every provider owes.
//!
//! What is already so is answered as done, without a write; what must still be there and is not is `Stale`; what
//! the rules of the world forbid is `Rejected`.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use orgform_model::world::ActualApiKey;
use orgform_model::{
    AccountId, Action, ApiKeyId, Applied, Change, Email, FieldChange, Fields, InviteId, PersonId, Ref,
    RoleId, ShownOnce,
};
use orgform_provider::{ErrorKind, Provider, ProviderError};
use secrecy::SecretString;

use super::Memory;
use super::observe::trouble;
use super::world::{Invite, Refused, World};
use crate::suite::{Effect, Target};

#[async_trait]
impl Provider for Memory {
    async fn apply(&self, changes: &[Change]) -> Vec<Result<Applied, ProviderError>> {
        let mut world = self.world();
        changes.iter().map(|change| self.apply_one(change, &mut world)).collect()
    }
}

/// Why a change is not carried out.
enum Not {
    Stale(String),
    Refused(String),
}

impl From<Refused> for Not {
    fn from(Refused(said): Refused) -> Self {
        Self::Refused(said)
    }
}

type Answer = Result<Applied, Not>;

impl Memory {
    fn apply_one(&self, change: &Change, world: &mut World) -> Result<Applied, ProviderError> {
        let tried = format!("change {}", change.address);
        let effect = target_of(&change.action).and_then(|target| world.strike(target));
        if let Some(effect) = effect.filter(|effect| *effect != Effect::AnswerLost) {
            return Err(trouble(effect, &tried));
        }
        let answer = self.carry_out(&change.action, world);
        if effect == Some(Effect::AnswerLost) {
            return Err(trouble(Effect::AnswerLost, &tried));
        }
        answer.map_err(|not| match not {
            Not::Stale(said) => ProviderError::new(ErrorKind::Stale, tried, said),
            Not::Refused(said) => ProviderError::new(ErrorKind::Rejected { field: None }, tried, said),
        })
    }

    fn carry_out(&self, action: &Action, world: &mut World) -> Answer {
        match action {
            Action::CreateAccount { parent, fields } => {
                let parent = parent.as_ref().map(bound).transpose()?;
                self.create_account(parent, fields, world)
            }
            Action::UpdateAccount { account, changes } => {
                let here = world.accounts.get_mut(account).ok_or_else(|| stale("the account is gone"))?;
                if write_fields(&mut here.fields, changes)? {
                    world.traffic.writes += 1;
                }
                Ok(Applied::Account { id: account.clone(), fixed_roles: BTreeMap::new() })
            }
            Action::RemoveAccount { account } => remove_account(account, world),
            Action::CreateRole { account, fields } => self.create_role(&bound(account)?, fields, world),
            Action::UpdateRole { account, role, changes } => {
                let here =
                    world.account(account)?.roles.get_mut(role).ok_or_else(|| stale("the role is gone"))?;
                if write_fields(here, changes)? {
                    world.traffic.writes += 1;
                }
                Ok(Applied::Role { id: role.clone() })
            }
            Action::RemoveRole { account, role } => remove_role(account, role, world),
            Action::Invite { account, email, roles } => {
                self.invite(&bound(account)?, email, &all_bound(roles)?, world)
            }
            Action::UpdateInvite { account, invite, email: _, from, roles } => {
                self.rewrite_invite(account, invite, from, &all_bound(roles)?, false, world)
            }
            Action::Resend { account, invite, email: _, from, roles } => {
                self.rewrite_invite(account, invite, from, &all_bound(roles)?, true, world)
            }
            Action::Withdraw { account, invite, email } => self.withdraw(account, invite, email, world),
            Action::UpdateMember { account, person, from, roles } => {
                self.update_member(account, person, from, all_bound(roles)?, world)
            }
            Action::RemoveMember { account, person, from, everywhere: _ } => {
                self.remove_member(account, person, from, world)
            }
            Action::CreateApiKey { account, fields, roles, secret_to: _ } => {
                let roles = roles.as_ref().map(all_bound).transpose()?.unwrap_or_default();
                self.create_api_key(&bound(account)?, fields, roles, world)
            }
            Action::UpdateApiKey { account, key, changes, from, roles } => {
                let roles = roles.as_ref().map(all_bound).transpose()?;
                self.update_api_key(account, key, changes, from, roles, world)
            }
            Action::RemoveApiKey { account, key } => {
                self.need(self.kind.capabilities.remove_api_key, "remove API keys")?;
                if world.account(account)?.keys.remove(key).is_some() {
                    world.traffic.writes += 1;
                }
                Ok(Applied::Gone)
            }
            Action::CreateMember { .. } | Action::UpdatePerson { .. } => {
                Err(Not::Refused("people keep their own profile here".to_owned()))
            }
            Action::MailMember { .. } => Err(Not::Refused("members are not mailed here".to_owned())),
            Action::Disable { account, person } => self.set_disabled(account, person, true, world),
            Action::Enable { account, person } => self.set_disabled(account, person, false, world),
        }
    }

    fn create_account(&self, parent: Option<AccountId>, fields: &Fields, world: &mut World) -> Answer {
        let semantics = &self.kind.semantics.accounts;
        self.need(self.kind.capabilities.create_account, "make accounts")?;
        if parent.is_some() && !semantics.tree || parent.is_none() && !semantics.top_level_creatable {
            return Err(Not::Refused("an account can't be made there".to_owned()));
        }
        let name = fields.get(semantics.natural_key);
        let taken = world.accounts.values().any(|account| account.fields.get(semantics.natural_key) == name);
        if semantics.natural_key_unique && taken {
            return Err(Not::Refused("the name is taken".to_owned()));
        }
        world.traffic.writes += 1;
        let id = world.add_account(parent, fields.clone());
        world.hide(id.to_string(), self.kind.lag);
        Ok(Applied::Account { id, fixed_roles: BTreeMap::new() })
    }

    fn create_role(&self, account: &AccountId, fields: &Fields, world: &mut World) -> Answer {
        self.need(self.kind.capabilities.write_roles, "make roles")?;
        world.account(account)?;
        let id = RoleId::from(world.new_id("role"));
        world.account(account)?.roles.insert(id.clone(), fields.clone());
        world.traffic.writes += 1;
        world.hide(id.to_string(), self.kind.lag);
        Ok(Applied::Role { id })
    }

    fn invite(
        &self,
        account: &AccountId,
        email: &Email,
        roles: &BTreeSet<RoleId>,
        world: &mut World,
    ) -> Answer {
        let person = world.known_person(email);
        let here = world.account(account)?;
        if person.as_ref().is_some_and(|person| here.members.contains_key(person)) {
            return Err(stale("the person is a member already"));
        }
        let found = here.invites.iter().find(|(_, invite)| invite.email == *email);
        if let Some((invite, one)) = found {
            return match one.roles == self.promised(roles) {
                true => Ok(Applied::Invited { invite: invite.clone(), roles: one.roles.clone() }),
                false => Err(stale("the person is invited already, with other roles")),
            };
        }
        world.check_roles(account, roles, &self.kind)?;
        world.traffic.writes += 1;
        if self.kind.capabilities.mails.on_invite {
            world.mail(email);
        }
        if let Some(person) = person.filter(|_| self.kind.known_person_joins) {
            world.account(account)?.members.insert(person.clone(), roles.clone());
            world.hide(format!("{account}/{person}"), self.kind.lag);
            return Ok(Applied::Member { person, roles: roles.clone() });
        }
        let (invite, at) = (InviteId::from(world.new_id("invite")), world.now);
        let roles = self.promised(roles);
        let one = Invite { email: email.clone(), roles: roles.clone(), at, expired: false };
        world.account(account)?.invites.insert(invite.clone(), one);
        world.hide(invite.to_string(), self.kind.lag);
        Ok(Applied::Invited { invite, roles })
    }

    /// The roles that an invite carries.
    fn promised(&self, roles: &BTreeSet<RoleId>) -> BTreeSet<RoleId> {
        if self.kind.capabilities.grants_before_acceptance { roles.clone() } else { BTreeSet::new() }
    }

    fn rewrite_invite(
        &self,
        account: &AccountId,
        invite: &InviteId,
        from: &BTreeSet<RoleId>,
        roles: &BTreeSet<RoleId>,
        again: bool,
        world: &mut World,
    ) -> Answer {
        let capabilities = self.kind.capabilities;
        match again {
            true => self.need(capabilities.resend_invite, "send an invite again")?,
            false => self.need(capabilities.update_invite, "change an invite")?,
        }
        let (roles, now) = (self.promised(roles), world.now);
        let one = world.account(account)?.invites.get(invite).ok_or_else(|| stale("the invite is gone"))?;
        if one.roles == roles && !again {
            return Ok(Applied::Invited { invite: invite.clone(), roles });
        }
        if one.roles != *from && one.roles != roles {
            return Err(stale("the invite has other roles now"));
        }
        let email = one.email.clone();
        let at = if again { now } else { one.at };
        let expired = !again && one.expired;
        let one = Invite { email: email.clone(), roles: roles.clone(), at, expired };
        world.account(account)?.invites.insert(invite.clone(), one);
        world.traffic.writes += 1;
        if again && capabilities.mails.on_resend {
            world.mail(&email);
        }
        Ok(Applied::Invited { invite: invite.clone(), roles })
    }

    fn withdraw(&self, account: &AccountId, invite: &InviteId, email: &Email, world: &mut World) -> Answer {
        self.need(self.kind.capabilities.withdraw_invite, "take an invite back")?;
        let person = world.known_person(email);
        let here = world.account(account)?;
        if here.invites.remove(invite).is_some() {
            world.traffic.writes += 1;
        } else if person.is_some_and(|person| here.members.contains_key(&person)) {
            return Err(stale("the invite was accepted"));
        }
        Ok(Applied::Gone)
    }

    fn update_member(
        &self,
        account: &AccountId,
        person: &PersonId,
        from: &BTreeSet<RoleId>,
        roles: BTreeSet<RoleId>,
        world: &mut World,
    ) -> Answer {
        let now = world
            .account(account)?
            .members
            .get(person)
            .ok_or_else(|| stale("the person is no member"))?
            .clone();
        if now != roles {
            if now != *from {
                return Err(stale("the member has other roles now"));
            }
            world.check_roles(account, &roles, &self.kind)?;
            let admin = super::world::admin_role(&self.kind);
            if admin.is_some_and(|admin| now.contains(&admin) && !roles.contains(&admin)) {
                world.check_admin(account, person, &self.kind)?;
            }
            world.account(account)?.members.insert(person.clone(), roles.clone());
            world.traffic.writes += 1;
        }
        Ok(Applied::Member { person: person.clone(), roles })
    }

    fn remove_member(
        &self,
        account: &AccountId,
        person: &PersonId,
        from: &BTreeSet<RoleId>,
        world: &mut World,
    ) -> Answer {
        self.need(self.kind.capabilities.remove_member, "remove members")?;
        let Some(now) = world.account(account)?.members.get(person) else { return Ok(Applied::Gone) };
        if now != from {
            return Err(stale("the member has other roles now"));
        }
        world.check_admin(account, person, &self.kind)?;
        world.account(account)?.members.remove(person);
        world.traffic.writes += 1;
        Ok(Applied::Gone)
    }

    fn set_disabled(
        &self,
        account: &AccountId,
        person: &PersonId,
        disabled: bool,
        world: &mut World,
    ) -> Answer {
        self.need(self.kind.capabilities.disable, "disable people")?;
        let roles = world.account(account)?.members.get(person).cloned();
        let roles = roles.ok_or_else(|| stale("the person is no member"))?;
        if disabled {
            world.check_admin(account, person, &self.kind)?;
        }
        if let Some(one) = world.people.get_mut(person).filter(|one| one.disabled != disabled) {
            one.disabled = disabled;
            world.traffic.writes += 1;
        }
        Ok(Applied::Member { person: person.clone(), roles })
    }

    fn create_api_key(
        &self,
        account: &AccountId,
        fields: &Fields,
        roles: BTreeSet<RoleId>,
        world: &mut World,
    ) -> Answer {
        self.need(self.kind.capabilities.create_api_key, "make API keys")?;
        world.account(account)?;
        let id = ApiKeyId::from(world.new_id("key"));
        let key = ActualApiKey { fields: fields.clone(), roles };
        world.account(account)?.keys.insert(id.clone(), key);
        world.traffic.writes += 1;
        world.hide(id.to_string(), self.kind.lag);
        let secret = Some(ShownOnce::new(SecretString::from(format!("s3cret-of-{id}"))));
        Ok(Applied::ApiKey { id, secret })
    }

    fn update_api_key(
        &self,
        account: &AccountId,
        key: &ApiKeyId,
        changes: &[FieldChange],
        from: &BTreeSet<RoleId>,
        roles: Option<BTreeSet<RoleId>>,
        world: &mut World,
    ) -> Answer {
        self.need(self.kind.capabilities.update_api_key, "change API keys")?;
        let here = world.account(account)?.keys.get_mut(key).ok_or_else(|| stale("the key is gone"))?;
        let other = roles.as_ref().is_some_and(|roles| here.roles != *roles);
        if other && here.roles != *from {
            return Err(stale("the key has other roles now"));
        }
        let wrote = write_fields(&mut here.fields, changes)?;
        if let Some(roles) = roles {
            here.roles = roles;
        }
        if wrote || other {
            world.traffic.writes += 1;
        }
        Ok(Applied::ApiKey { id: key.clone(), secret: None })
    }

    fn need(&self, can: bool, what: &str) -> Result<(), Not> {
        if can { Ok(()) } else { Err(Not::Refused(format!("it is not possible to {what}"))) }
    }
}

fn remove_account(account: &AccountId, world: &mut World) -> Answer {
    if world.accounts.values().any(|other| other.parent.as_ref() == Some(account)) {
        return Err(Not::Refused("it has accounts below it".to_owned()));
    }
    if world.accounts.remove(account).is_some() {
        world.traffic.writes += 1;
    }
    Ok(Applied::Gone)
}

fn remove_role(account: &AccountId, role: &RoleId, world: &mut World) -> Answer {
    if world.is_held(role) {
        return Err(Not::Refused("somebody holds it".to_owned()));
    }
    if world.account(account)?.roles.remove(role).is_some() {
        world.traffic.writes += 1;
    }
    Ok(Applied::Gone)
}

/// Writes fields whose old values are still there, and says whether anything was to write.
fn write_fields(fields: &mut Fields, changes: &[FieldChange]) -> Result<bool, Not> {
    let open: Vec<&FieldChange> =
        changes.iter().filter(|one| fields.get(&one.field) != one.to.as_ref()).collect();
    if let Some(other) = open.iter().find(|one| fields.get(&one.field) != one.from.as_ref()) {
        return Err(stale(&format!("`{}` has another value now", other.field)));
    }
    for one in &open {
        match &one.to {
            Some(value) => fields.insert(one.field.clone(), value.clone()),
            None => fields.remove(&one.field),
        };
    }
    Ok(!open.is_empty())
}

fn target_of(action: &Action) -> Option<Target> {
    Some(match action {
        Action::CreateAccount { .. } => Target::CreateAccount,
        Action::CreateRole { .. } => Target::CreateRole,
        Action::Invite { .. } => Target::Invite,
        Action::Resend { .. } => Target::Resend,
        Action::UpdateMember { .. } => Target::UpdateMember,
        Action::RemoveMember { .. } => Target::RemoveMember,
        Action::CreateApiKey { .. } => Target::CreateApiKey,
        _ => return None,
    })
}

fn bound<Id: Clone>(reference: &Ref<Id>) -> Result<Id, Not> {
    reference.known().cloned().ok_or_else(|| Not::Refused("a reference is not bound".to_owned()))
}

fn all_bound(roles: &BTreeSet<Ref<RoleId>>) -> Result<BTreeSet<RoleId>, Not> {
    roles.iter().map(bound).collect()
}

fn stale(said: &str) -> Not {
    Not::Stale(said.to_owned())
}
