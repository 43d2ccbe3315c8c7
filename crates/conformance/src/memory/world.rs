//! What there is in a world in memory, and the rules that it keeps whoever acts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use orgform_model::world::ActualApiKey;
use orgform_model::{AccountId, ApiKeyId, Email, Fields, InviteId, PersonId, RoleId, Value};

use super::{FOUNDER, FOUNDING_ACCOUNT, Kind, OWN_KEY};
use crate::suite::{Effect, Fault, Target, Traffic};

/// How long an invite can be accepted.
const INVITE_LIFE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// When a world begins.
const BEGINNING: Timestamp = Timestamp::constant(1_767_225_600, 0);

#[derive(Debug)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) people: BTreeMap<PersonId, Person>,
    pub(super) founder: PersonId,
    pub(super) mails: Vec<Email>,
    pub(super) traffic: Traffic,
    faults: Vec<Fault>,
    /// New things, and from how many more reads of their list each is missing.
    hidden: BTreeMap<String, u32>,
    made: u32,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) parent: Option<AccountId>,
    pub(super) fields: Fields,
    pub(super) roles: BTreeMap<RoleId, Fields>,
    pub(super) members: BTreeMap<PersonId, BTreeSet<RoleId>>,
    pub(super) invites: BTreeMap<InviteId, Invite>,
    pub(super) keys: BTreeMap<ApiKeyId, ActualApiKey>,
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) email: Email,
    pub(super) disabled: bool,
}

#[derive(Debug)]
pub(super) struct Invite {
    pub(super) email: Email,
    pub(super) roles: BTreeSet<RoleId>,
    pub(super) at: Timestamp,
    /// Expired by hand; else it expires by time.
    pub(super) expired: bool,
}

/// A rule of the world says no.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl World {
    pub(super) fn found(kind: &Kind) -> Self {
        let mut world = Self {
            now: BEGINNING,
            accounts: BTreeMap::new(),
            people: BTreeMap::new(),
            founder: PersonId::from("person-0"),
            mails: vec![],
            traffic: Traffic::default(),
            faults: vec![],
            hidden: BTreeMap::new(),
            made: 0,
        };
        let founder = Person { email: FOUNDER.into(), disabled: false };
        world.people.insert(world.founder.clone(), founder);
        let name = kind.semantics.accounts.natural_key.to_owned();
        let root = world.add_account(None, Fields::from([(name, Value::text(FOUNDING_ACCOUNT))]));
        let admin = admin_role(kind);
        if let Some(account) = world.accounts.get_mut(&root) {
            let roles: BTreeSet<RoleId> = admin.into_iter().collect();
            account.members.insert(world.founder.clone(), roles.clone());
            if let Some(keys) = &kind.semantics.api_keys {
                let fields = Fields::from([(keys.natural_key.to_owned(), Value::text("orgform"))]);
                let roles = if keys.roles { roles } else { BTreeSet::new() };
                account.keys.insert(OWN_KEY.into(), ActualApiKey { fields, roles });
            }
        }
        world
    }

    pub(super) fn new_id(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{}", self.made)
    }

    pub(super) fn add_account(&mut self, parent: Option<AccountId>, fields: Fields) -> AccountId {
        let id = AccountId::from(self.new_id("account"));
        let (roles, members, invites, keys) = Default::default();
        self.accounts.insert(id.clone(), Account { parent, fields, roles, members, invites, keys });
        id
    }

    /// The person with an e-mail, newly registered if there is none.
    pub(super) fn person(&mut self, email: &Email) -> PersonId {
        if let Some(id) = self.known_person(email) {
            return id;
        }
        let id = PersonId::from(self.new_id("person"));
        self.people.insert(id.clone(), Person { email: email.clone(), disabled: false });
        id
    }

    pub(super) fn known_person(&self, email: &Email) -> Option<PersonId> {
        self.people.iter().find(|(_, person)| person.email == *email).map(|(id, _)| id.clone())
    }

    pub(super) fn account(&mut self, id: &AccountId) -> Result<&mut Account, Refused> {
        self.accounts.get_mut(id).ok_or_else(|| Refused(format!("there is no account {id}")))
    }

    pub(super) fn is_expired(&self, invite: &Invite) -> bool {
        invite.expired || self.now.duration_since(invite.at) >= INVITE_LIFE
    }

    pub(super) fn mail(&mut self, to: &Email) {
        self.mails.push(to.clone());
    }

    /// Hides a new thing from the next reads of its list.
    pub(super) fn hide(&mut self, thing: String, reads: u32) {
        if reads > 0 {
            self.hidden.insert(thing, reads);
        }
    }

    /// Whether a list still lacks this, and counts the read.
    pub(super) fn is_hidden(&mut self, thing: &str) -> bool {
        match self.hidden.get_mut(thing) {
            None => false,
            Some(reads) if *reads > 1 => {
                *reads -= 1;
                true
            }
            Some(_) => {
                self.hidden.remove(thing);
                true
            }
        }
    }

    pub(super) fn set_faults(&mut self, faults: &[Fault]) {
        self.faults = faults.to_vec();
    }

    /// What goes wrong with a call, if anything does.
    pub(super) fn strike(&mut self, target: Target) -> Option<Effect> {
        let fault = self.faults.iter_mut().find(|fault| fault.on == target && fault.times > 0)?;
        fault.times -= 1;
        Some(fault.effect)
    }

    /// Whether these are roles that a member of this account may have.
    pub(super) fn check_roles(
        &self,
        id: &AccountId,
        roles: &BTreeSet<RoleId>,
        kind: &Kind,
    ) -> Result<(), Refused> {
        use orgform_model::semantics::Combine;
        let semantics = &kind.semantics.roles;
        if semantics.combine == Combine::ExactlyOne && roles.len() != 1 {
            return Err(Refused(format!("a member has exactly one role, not {}", roles.len())));
        }
        for role in roles {
            let fixed = semantics.fixed.iter().any(|fixed| fixed.id == Some(role.as_str()));
            if !fixed
                && !self.reach_up(id, semantics.inherited).any(|account| account.roles.contains_key(role))
            {
                return Err(Refused(format!("there is no role {role} here")));
            }
        }
        Ok(())
    }

    /// The account and, where roles are inherited, those above it.
    pub(super) fn reach_up(&self, id: &AccountId, inherited: bool) -> impl Iterator<Item = &Account> {
        let start = self.accounts.get(id);
        std::iter::successors(start, move |account| {
            let parent = account.parent.as_ref().filter(|_| inherited)?;
            self.accounts.get(parent)
        })
    }

    /// Whether an account that has an active admin would have none after these people lose the right there.
    pub(super) fn check_admin(&self, id: &AccountId, without: &PersonId, kind: &Kind) -> Result<(), Refused> {
        let is_admin = |(person, roles): (&PersonId, &BTreeSet<RoleId>)| {
            let active = self.people.get(person).is_some_and(|person| !person.disabled);
            let admin = admin_role(kind).is_some_and(|admin| roles.contains(&admin));
            (active && admin).then(|| person.clone())
        };
        let admins: BTreeSet<PersonId> = self
            .reach_up(id, kind.semantics.roles.inherited)
            .flat_map(|account| account.members.iter().filter_map(is_admin))
            .collect();
        if admins.len() == 1 && admins.contains(without) {
            return Err(Refused("an account must keep an admin".to_owned()));
        }
        Ok(())
    }

    /// Whether anybody holds or is promised a role, a key included.
    pub(super) fn is_held(&self, role: &RoleId) -> bool {
        self.accounts.values().any(|account| {
            account
                .members
                .values()
                .chain(account.invites.values().map(|invite| &invite.roles))
                .chain(account.keys.values().map(|key| &key.roles))
                .any(|roles| roles.contains(role))
        })
    }
}

/// The role that makes somebody an admin.
pub(super) fn admin_role(kind: &Kind) -> Option<RoleId> {
    let name = kind.semantics.admin.fixed.first()?;
    kind.semantics.roles.fixed_role(name)?.id.map(RoleId::from)
}
