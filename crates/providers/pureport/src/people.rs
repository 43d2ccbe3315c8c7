//! Writes invites and members (pureport contract, sections 7 and 8).
//!
//! An invite of somebody whom Pureport knows makes a member at once (section 13, trap 4), so after inviting we
//! look which of the two is there. Members carry no e-mail, so one that is looked for by e-mail is found by
//! reading people, those with the right roles only, each once.
//!
//! A member may be shown with roles that are held in the parent (section 7): what a plan knows of are those of the
//! account itself, and a role too many is one that the parent shows as well.

use std::collections::BTreeSet;

use orgform_model::{AccountId, Applied, Email, InviteId, PersonId, RoleId, world::PersonSeen};
use orgform_provider::{ErrorKind, ProviderError};
use serde_json::Map;

use crate::client::{Api, Created, LOOKS};
use crate::convert::role_ids;
use crate::fields::stale;
use crate::learned::{Learned, if_visible};
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
        if let Some(waiting) = self.waiting(email).await? {
            // Another POST may mail again (section 8).
            let same = !waiting.expired && role_ids(&waiting.roles) == *roles;
            return match waiting.id.filter(|_| same) {
                Some(id) => Ok(Applied::Invited { invite: id.into(), roles: roles.clone() }),
                None => Err(stale(self.tried, "somebody has invited the person meanwhile")),
            };
        }
        let invite = Invite {
            id: None,
            account: Link::account(self.account.as_str()),
            email: email.written().to_owned(),
            roles: self.learned.links(self.api, self.account, roles, &[]).await?,
            invited_at: None,
            expired: false,
            rest: Map::new(),
        };
        let created = self.api.create(&self.path("invites"), &invite, self.tried).await;
        let created = self.explained(created, roles).await?;
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
            Mail::None => self.api.replace(&path, &invite, self.tried).await,
            Mail::Again => self.api.replace_and_mail(&path, &invite, self.tried).await,
        };
        let now = role_ids(&self.explained(written, roles).await?.roles);
        if now != *roles {
            return Err(self.kept_at(&now));
        }
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
        let done = Applied::Member { person: person.clone(), roles: roles.clone() };
        let now = role_ids(&member.roles);
        if now == *roles {
            return Ok(done);
        }
        if !self.are(&now, from, person).await? {
            return match self.are(&now, roles, person).await? {
                true => Ok(done),
                false => Err(self.other_roles(&now)),
            };
        }
        member.roles = self.learned.links(self.api, self.account, roles, &member.roles).await?;
        let written = self.api.replace_if_there(&path, &member, self.tried).await;
        let now = match self.explained(written, roles).await? {
            Some(written) => role_ids(&written.roles),
            None => self.add(&member, &now).await?,
        };
        if !self.are(&now, roles, person).await.map_err(ProviderError::maybe_sent)? {
            return Err(self.kept_at(&now));
        }
        Ok(done)
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
        if !self.are(&now, from, person).await? {
            return Err(self.other_roles(&now));
        }
        self.api.remove(&path, self.tried).await.map(|_| Applied::Gone)
    }

    /// Adds somebody who was shown among the members and is none: a member of the parent only (section 7).
    async fn add(
        &self,
        member: &Member,
        shown: &BTreeSet<RoleId>,
    ) -> Result<BTreeSet<RoleId>, ProviderError> {
        let person = PersonId::from(member.user.id());
        if !self.are(shown, &BTreeSet::new(), &person).await? {
            return Err(stale(self.tried, "the person is no member any more"));
        }
        let created = self.api.create(&self.path("members"), member, self.tried).await?;
        match created.object::<Member>() {
            Some(member) => Ok(role_ids(&member.roles)),
            None => {
                let now = self.roles_of(&person).await.map_err(ProviderError::maybe_sent)?;
                Ok(now.unwrap_or_default())
            }
        }
    }

    /// Whether somebody has these roles here, apart from what a list may show because the parent has it.
    async fn are(
        &self,
        now: &BTreeSet<RoleId>,
        roles: &BTreeSet<RoleId>,
        person: &PersonId,
    ) -> Result<bool, ProviderError> {
        if now == roles || !now.is_superset(roles) {
            return Ok(now == roles);
        }
        let Some(parent) = self.learned.parent(self.api, self.account).await? else { return Ok(false) };
        let path = ["accounts", parent.as_str(), "members", person.as_str()];
        let above = if_visible(self.api.find::<Member>(&path, self.tried).await)?.flatten();
        let above = above.map(|member| role_ids(&member.roles)).unwrap_or_default();
        Ok(now.difference(roles).all(|role| above.contains(role)))
    }

    /// The invite that waits for somebody, if there is one: listed first, because the plan may be old.
    async fn waiting(&self, email: &Email) -> Result<Option<Invite>, ProviderError> {
        for _ in 0..2 {
            let known = self.learned.invite_of(self.api, self.account, email, self.tried).await?;
            let Some(id) = known else { break };
            if let Some(invite) = self.api.find(&self.path_to("invites", &id), self.tried).await? {
                return Ok(Some(invite));
            }
            self.learned.not_invited(self.account, email).await;
        }
        Ok(None)
    }

    /// Says what to do where a server refuses a role of an account above (section 6).
    async fn explained<T>(
        &self,
        result: Result<T, ProviderError>,
        roles: &BTreeSet<RoleId>,
    ) -> Result<T, ProviderError> {
        let Err(error) = result else { return result };
        if !error.said.contains("INVALID_LINK") || !self.learned.owned_elsewhere(self.account, roles).await {
            return Err(error);
        }
        Err(error.hint(
            "this server gives no role of an account above it: declare a Role in this account, and give that one.",
        ))
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
        if let Some(id) = &invite {
            self.learned.invited(self.account, email, id).await;
        }
        for look in 0..LOOKS {
            self.api.wait_before(look).await;
            if let Some(person) = &person
                && let Some(now) = self.roles_of(person).await?
            {
                if !self.are(&now, roles, person).await? {
                    return Err(self.kept_at(&now));
                }
                return Ok(Applied::Member { person: person.clone(), roles: roles.clone() });
            }
            let Some(id) = &invite else { continue };
            if let Some(waiting) = self.api.find::<Invite>(&self.path_to("invites", id), self.tried).await? {
                let now = role_ids(&waiting.roles);
                if now != *roles {
                    return Err(self.kept_at(&now));
                }
                return Ok(Applied::Invited { invite: InviteId::from(id.as_str()), roles: now });
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

    /// Looks for a person among the members, among those with these roles if they are given.
    async fn member_of(
        &self,
        email: &Email,
        roles: Option<&BTreeSet<RoleId>>,
    ) -> Result<Membership, ProviderError> {
        let mut members: Vec<Member> = self.api.read(&self.path("members"), self.tried).await?;
        members.retain(|member| roles.is_none_or(|roles| role_ids(&member.roles).is_superset(roles)));
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

    fn kept_at(&self, now: &BTreeSet<RoleId>) -> ProviderError {
        let said = format!("answered with success but kept the roles at {}", shown(now));
        ProviderError::new(ErrorKind::Protocol, self.tried, said).maybe_sent()
    }
}

fn shown(roles: &BTreeSet<RoleId>) -> String {
    if roles.is_empty() {
        return "none".to_owned();
    }
    roles.iter().map(RoleId::as_str).collect::<Vec<_>>().join(", ")
}
