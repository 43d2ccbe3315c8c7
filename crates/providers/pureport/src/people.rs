//! Writes invites and members (pureport contract, sections 7 and 8).
//!
//! An invite of somebody whom Pureport knows makes a member at once (section 13, trap 4), so after inviting we
//! look which of the two is there. Members carry no e-mail, so one that is looked for by e-mail is found by
//! reading people, those with the right roles only, each once.

use std::collections::BTreeSet;

use orgform_model::{AccountId, Applied, Email, InviteId, PersonId, RoleId, world::PersonSeen};
use orgform_provider::{ErrorKind, ProviderError};
use serde_json::Map;

use crate::client::{Api, Created, LOOKS};
use crate::convert::role_ids;
use crate::fields::stale;
use crate::learned::Learned;
use crate::observe;
use crate::wire::{Invite, Link, Member};

/// One account, and what is tried there.
pub(crate) struct Place<'a> {
    pub(crate) api: &'a Api,
    pub(crate) learned: &'a Learned,
    pub(crate) account: &'a AccountId,
    pub(crate) tried: &'a str,
}

/// Whether changing an invite mails it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mail {
    None,
    Again,
}

/// Whether a person is a member.
enum Membership {
    Found(PersonId, BTreeSet<RoleId>),
    No,
    /// Somebody's e-mail can't be read, so it may be that one.
    CannotTell,
}

impl Place<'_> {
    pub(crate) async fn invite(
        &self,
        email: &Email,
        roles: &BTreeSet<RoleId>,
    ) -> Result<Applied, ProviderError> {
        let invite = Invite {
            id: None,
            account: Link::account(self.account.as_str()),
            email: email.written().to_owned(),
            roles: self.learned.links(self.api, self.account, roles, &[]).await?,
            invited_at: None,
            expired: false,
            rest: Map::new(),
        };
        let created = self.api.create(&self.path("invites"), &invite, self.tried).await?;
        // From here on the person has been mailed, whatever goes wrong.
        self.settle(&created, email, roles).await.map_err(ProviderError::maybe_sent)
    }

    pub(crate) async fn change_invite(
        &self,
        id: &InviteId,
        email: &Email,
        from: &BTreeSet<RoleId>,
        roles: &BTreeSet<RoleId>,
        mail: Mail,
    ) -> Result<Applied, ProviderError> {
        let path = self.path_to("invites", id.as_str());
        let Some(mut invite) = self.api.find::<Invite>(&path, self.tried).await? else {
            return Err(stale(self.tried, "the invite was accepted or withdrawn meanwhile"));
        };
        if Email::new(&invite.email) != *email {
            return Err(stale(self.tried, "the invite is somebody else's now"));
        }
        let now = role_ids(&invite.roles);
        if now == *roles && mail == Mail::None {
            return Ok(Applied::Invited { invite: id.clone(), roles: now });
        }
        if now != *from && now != *roles {
            return Err(self.other_roles(&now));
        }
        invite.roles = self.learned.links(self.api, self.account, roles, &invite.roles).await?;
        let written = match mail {
            Mail::None => self.api.replace(&path, &invite, self.tried).await?,
            Mail::Again => self.api.replace_and_mail(&path, &invite, self.tried).await?,
        };
        let now = self.kept(role_ids(&written.roles), roles)?;
        Ok(Applied::Invited { invite: id.clone(), roles: now })
    }

    /// Takes an invite back. If it is gone because it was accepted, the person is in, which the plan did not see.
    pub(crate) async fn withdraw(&self, id: &InviteId, email: &Email) -> Result<Applied, ProviderError> {
        if self.api.remove(&self.path_to("invites", id.as_str()), self.tried).await? {
            return Ok(Applied::Gone);
        }
        match self.member_of(email, None).await? {
            Membership::Found(..) => Err(stale(self.tried, "the invite was accepted meanwhile")),
            Membership::No => Ok(Applied::Gone),
            Membership::CannotTell => {
                Err(stale(self.tried, "the invite is gone, and may have been accepted"))
            }
        }
    }

    pub(crate) async fn change_member(
        &self,
        person: &PersonId,
        from: &BTreeSet<RoleId>,
        roles: &BTreeSet<RoleId>,
    ) -> Result<Applied, ProviderError> {
        let path = self.path_to("members", person.as_str());
        let Some(mut member) = self.api.find::<Member>(&path, self.tried).await? else {
            return Err(stale(self.tried, "the person is no member any more"));
        };
        let mut now = role_ids(&member.roles);
        if now != *roles {
            if now != *from {
                return Err(self.other_roles(&now));
            }
            member.roles = self.learned.links(self.api, self.account, roles, &member.roles).await?;
            let written: Member = self.api.replace(&path, &member, self.tried).await?;
            now = self.kept(role_ids(&written.roles), roles)?;
        }
        Ok(Applied::Member { person: person.clone(), roles: now })
    }

    pub(crate) async fn remove_member(
        &self,
        person: &PersonId,
        from: &BTreeSet<RoleId>,
    ) -> Result<Applied, ProviderError> {
        let path = self.path_to("members", person.as_str());
        let Some(member) = self.api.find::<Member>(&path, self.tried).await? else {
            return Ok(Applied::Gone);
        };
        let now = role_ids(&member.roles);
        if now != *from {
            return Err(self.other_roles(&now));
        }
        self.api.remove(&path, self.tried).await.map(|_| Applied::Gone)
    }

    /// Finds what an invite made: an invite that waits, or a member. A list may lag (section 11).
    async fn settle(
        &self,
        created: &Created,
        email: &Email,
        roles: &BTreeSet<RoleId>,
    ) -> Result<Applied, ProviderError> {
        let answered = created.object::<Member>().map(|member| member.user.id().to_owned());
        let person = answered.or_else(|| created.id_of("members")).map(PersonId::from);
        let invite = if person.is_some() { None } else { Some(created.id()?) };
        for look in 0..LOOKS {
            self.api.wait_before(look).await;
            if let Some(person) = &person
                && let Some(now) = self.roles_of(person).await?
            {
                return Ok(Applied::Member { person: person.clone(), roles: self.kept(now, roles)? });
            }
            let Some(id) = &invite else { continue };
            if let Some(waiting) = self.api.find::<Invite>(&self.path_to("invites", id), self.tried).await? {
                let roles = self.kept(role_ids(&waiting.roles), roles)?;
                return Ok(Applied::Invited { invite: InviteId::from(id.as_str()), roles });
            }
            if let Membership::Found(person, now) = self.member_of(email, Some(roles)).await? {
                self.learned.email(person.clone(), email.clone()).await;
                return Ok(Applied::Member { person, roles: now });
            }
        }
        let said = "it was taken, but neither an invite nor a member is to be seen";
        Err(ProviderError::new(ErrorKind::Unavailable, self.tried, said))
    }

    async fn roles_of(&self, person: &PersonId) -> Result<Option<BTreeSet<RoleId>>, ProviderError> {
        let member: Option<Member> =
            self.api.find(&self.path_to("members", person.as_str()), self.tried).await?;
        Ok(member.map(|member| role_ids(&member.roles)))
    }

    /// Looks for a person among the members, among those with exactly these roles if they are given.
    async fn member_of(
        &self,
        email: &Email,
        roles: Option<&BTreeSet<RoleId>>,
    ) -> Result<Membership, ProviderError> {
        let mut members: Vec<Member> = self.api.read(&self.path("members"), self.tried).await?;
        members.retain(|member| roles.is_none_or(|roles| role_ids(&member.roles) == *roles));
        let titled =
            |member: &Member| member.user.title.as_deref().is_some_and(|title| Email::new(title) == *email);
        // A title may be the e-mail, and the newest member is the likeliest: both only save reads.
        members.reverse();
        members.sort_by_key(|member| !titled(member));
        let mut unreadable = false;
        for member in &members {
            let person = PersonId::from(member.user.id());
            let found = match self.learned.email_of(&person).await {
                Some(known) => known == *email,
                None => match observe::person(self.api, self.learned, &person).await? {
                    PersonSeen::Email(read) => read == *email,
                    PersonSeen::Gone => false,
                    // Where people can't be read the title is all there is (section 7).
                    PersonSeen::Unreadable { .. } | PersonSeen::NotRead { .. } => {
                        unreadable = true;
                        titled(member)
                    }
                },
            };
            if found {
                return Ok(Membership::Found(person, role_ids(&member.roles)));
            }
        }
        Ok(if unreadable { Membership::CannotTell } else { Membership::No })
    }

    fn path<'b>(&'b self, kind: &'b str) -> [&'b str; 3] {
        ["accounts", self.account.as_str(), kind]
    }

    fn path_to<'b>(&'b self, kind: &'b str, id: &'b str) -> [&'b str; 4] {
        ["accounts", self.account.as_str(), kind, id]
    }

    fn other_roles(&self, now: &BTreeSet<RoleId>) -> ProviderError {
        stale(self.tried, format!("the roles changed meanwhile, to {}", shown(now)))
    }

    fn kept(
        &self,
        now: BTreeSet<RoleId>,
        roles: &BTreeSet<RoleId>,
    ) -> Result<BTreeSet<RoleId>, ProviderError> {
        if now == *roles {
            return Ok(now);
        }
        let said = format!("answered with success but kept the roles at {}", shown(&now));
        Err(ProviderError::new(ErrorKind::Protocol, self.tried, said).maybe_sent())
    }
}

fn shown(roles: &BTreeSet<RoleId>) -> String {
    if roles.is_empty() {
        return "none".to_owned();
    }
    roles.iter().map(RoleId::as_str).collect::<Vec<_>>().join(", ")
}
