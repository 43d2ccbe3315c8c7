//! What other people do in a world in memory.

use std::collections::BTreeSet;

use orgform_model::{AccountId, Email, PersonId, RoleId, Value};

use super::Memory;
use super::world::{Invite, Refused, World};
use crate::suite::{Act, CannotAct};

impl From<Refused> for CannotAct {
    fn from(Refused(said): Refused) -> Self {
        Self(said)
    }
}

impl Memory {
    pub(super) fn perform(&self, act: Act<'_>) -> Result<(), CannotAct> {
        let world = &mut *self.world();
        match act {
            Act::Accept { email } => self.accept(&email.into(), world),
            Act::SignUp { email } => {
                world.person(&email.into());
                Ok(())
            }
            Act::ChangeEmail { email, to } => {
                let person = self.find_person(email, world)?;
                if let Some(person) = world.people.get_mut(&person) {
                    person.email = to.into();
                }
                Ok(())
            }
            Act::Join { account, email, roles } | Act::SetRoles { account, email, roles } => {
                let account = self.find_account(account, world)?;
                let roles = self.find_roles(&account, roles, world)?;
                world.check_roles(&account, &roles, &self.kind)?;
                let person = world.person(&email.into());
                world.account(&account)?.members.insert(person, roles);
                Ok(())
            }
            Act::Remove { account, email } => {
                let account = self.find_account(account, world)?;
                let person = self.find_person(email, world)?;
                world.account(&account)?.members.remove(&person);
                Ok(())
            }
            Act::Invite { account, email, roles } => {
                let account = self.find_account(account, world)?;
                let roles = self.find_roles(&account, roles, world)?;
                let (id, at) = (world.new_id("invite").into(), world.now);
                let roles =
                    if self.kind.capabilities.grants_before_acceptance { roles } else { BTreeSet::new() };
                let invite = Invite { email: email.into(), roles, at, expired: false };
                world.account(&account)?.invites.insert(id, invite);
                world.mail(&email.into());
                Ok(())
            }
            Act::Expire { account, email } => {
                let account = self.find_account(account, world)?;
                let mut found = false;
                for invite in world.account(&account)?.invites.values_mut() {
                    if invite.email == Email::new(email) {
                        invite.expired = true;
                        found = true;
                    }
                }
                if found { Ok(()) } else { Err(CannotAct(format!("there is no invite for {email}"))) }
            }
            Act::AddRole { account, name, fields } => {
                let account = self.find_account(account, world)?;
                let key = self.kind.semantics.roles.natural_key.to_owned();
                let mut fields = fields.clone();
                fields.insert(key, Value::text(name));
                let id = world.new_id("role").into();
                world.account(&account)?.roles.insert(id, fields);
                Ok(())
            }
            Act::EditRole { account, role, fields } => {
                let account = self.find_account(account, world)?;
                let role = self.find_role(&account, role, world)?;
                if let Some(here) = world.account(&account)?.roles.get_mut(&role) {
                    here.extend(fields.clone());
                }
                Ok(())
            }
            Act::RenameAccount { account, name } => {
                let account = self.find_account(account, world)?;
                let key = self.kind.semantics.accounts.natural_key.to_owned();
                world.account(&account)?.fields.insert(key, Value::text(name));
                Ok(())
            }
        }
    }

    /// Everything that waits for this person is accepted; somebody unknown registers first.
    fn accept(&self, email: &Email, world: &mut World) -> Result<(), CannotAct> {
        let waiting: Vec<(AccountId, orgform_model::InviteId, BTreeSet<RoleId>)> = world
            .accounts
            .iter()
            .flat_map(|(account, here)| here.invites.iter().map(move |(id, invite)| (account, id, invite)))
            .filter(|(_, _, invite)| invite.email == *email && !world.is_expired(invite))
            .map(|(account, id, invite)| (account.clone(), id.clone(), invite.roles.clone()))
            .collect();
        if waiting.is_empty() {
            return Err(CannotAct(format!("nothing waits for {email}")));
        }
        let person = world.person(email);
        for (account, invite, mut roles) in waiting {
            if roles.is_empty() {
                roles = self.role_of_newcomers();
            }
            let here = world.account(&account)?;
            here.invites.remove(&invite);
            here.members.insert(person.clone(), roles);
        }
        Ok(())
    }

    /// Where a member has exactly one role, one who joins without gets the least.
    fn role_of_newcomers(&self) -> BTreeSet<RoleId> {
        use orgform_model::semantics::Combine;
        let semantics = &self.kind.semantics.roles;
        let least = semantics.fixed.last().and_then(|fixed| fixed.id).map(RoleId::from);
        least.filter(|_| semantics.combine == Combine::ExactlyOne).into_iter().collect()
    }

    fn find_account(&self, name: &str, world: &World) -> Result<AccountId, CannotAct> {
        let key = self.kind.semantics.accounts.natural_key;
        let is = |fields: &orgform_model::Fields| fields.get(key).and_then(Value::as_text) == Some(name);
        let found = world.accounts.iter().find(|(_, account)| is(&account.fields)).map(|(id, _)| id.clone());
        found.ok_or_else(|| CannotAct(format!("there is no account {name}")))
    }

    fn find_person(&self, email: &str, world: &World) -> Result<PersonId, CannotAct> {
        world.known_person(&email.into()).ok_or_else(|| CannotAct(format!("there is no person {email}")))
    }

    fn find_roles(
        &self,
        account: &AccountId,
        titles: &[String],
        world: &World,
    ) -> Result<BTreeSet<RoleId>, CannotAct> {
        titles.iter().map(|title| self.find_role(account, title, world)).collect()
    }

    fn find_role(&self, account: &AccountId, title: &str, world: &World) -> Result<RoleId, CannotAct> {
        let semantics = &self.kind.semantics.roles;
        let fixed = semantics.fixed.iter().find(|fixed| fixed.title == title).and_then(|fixed| fixed.id);
        if let Some(id) = fixed {
            return Ok(id.into());
        }
        world
            .reach_up(account, semantics.inherited)
            .flat_map(|account| &account.roles)
            .find(|(_, fields)| fields.get(semantics.natural_key).and_then(Value::as_text) == Some(title))
            .map(|(id, _)| id.clone())
            .ok_or_else(|| CannotAct(format!("there is no role {title}")))
    }
}
