//! Finds out what became of writes that a run began and never saw the end of.
//!
//! A write whose effect is visible was carried out and is remembered. One whose effect is not visible, once the
//! provider has had its time, was not: it is planned again, except an invite: its mail may have gone out, so a
//! person decides. An API key that was made is ours, with its secret if that was stored, else without.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use orgform_model::change::{Action, Applied, Change, Ref};
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::state::{Entry, Intent, Record, Remember, SecretFate};
use orgform_model::world::{AccountContent, ActualApiKey};
use orgform_model::{
    AccountId, Address, ApiKeyId, Capabilities, Email, FieldChange, Fields, ProviderState, RoleId,
    SecretPlace, Semantics, World,
};

use crate::inherited::own_world_as_remembered;
use crate::people::{People, Seat};

/// How long after a write that makes an API key one that looks like it is taken for it without its secret.
const SURELY_OURS: Duration = Duration::from_secs(3600);

/// What a look tells of interrupted writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// What to remember of them.
    pub entries: Vec<Entry>,
    /// Those that were carried out, with the answer that they would have had.
    pub carried_out: BTreeMap<Address, Applied>,
}

/// Says what became of interrupted writes, given what is there now.
pub fn settle(
    state: &ProviderState,
    world: &World,
    semantics: &Semantics,
    capabilities: &Capabilities,
    now: Timestamp,
) -> Settled {
    let mut settled = Settled::default();
    if state.intents.is_empty() {
        return settled;
    }
    let desired = orgform_model::Desired::empty("".into());
    let people = People::new(&desired, world, Some(state));
    let own = own_world_as_remembered(world, state, semantics, &people);
    let world = own.as_ref().unwrap_or(world);
    let look = Look { state, world, semantics, now, people: People::new(&desired, world, Some(state)) };
    for (address, intent) in &state.intents {
        let old = now.duration_since(intent.at).unsigned_abs() >= capabilities.visible_within;
        let entries = match look.outcome(intent) {
            Outcome::CarriedOut(applied) => {
                let entries = look.then(intent, &applied).entries(&applied);
                settled.carried_out.insert(address.clone(), applied);
                look.as_far_as_done(intent, entries)
            }
            Outcome::Unseen => continue,
            Outcome::NotVisible if !old => continue,
            Outcome::NotVisible => give_up(intent),
        };
        settled.entries.extend(entries);
        settled.entries.push(Entry::Settled { address: address.clone() });
    }
    settled
}

enum Outcome {
    CarriedOut(Applied),
    NotVisible,
    Unseen,
}

struct Look<'a> {
    state: &'a ProviderState,
    world: &'a World,
    semantics: &'a Semantics,
    now: Timestamp,
    people: People<'a>,
}

impl Look<'_> {
    fn outcome(&self, intent: &Intent) -> Outcome {
        let Intent { at, change: Change { address: _, action }, then: _ } = intent;
        match action {
            Action::CreateAccount { parent, fields } => {
                self.account_made(parent.as_ref().and_then(|parent| parent.known()), fields)
            }
            Action::UpdateAccount { account, changes } => {
                let (Some(actual), Some(content)) =
                    (self.world.directory.accounts.get(account), self.world.content(account))
                else {
                    return Outcome::Unseen;
                };
                let shown = |field: &str| content.fields.get(field).or_else(|| actual.fields.get(field));
                done_if(all_written(changes, shown), account_is(account))
            }
            Action::RemoveAccount { account } => {
                if !self.world.directory.completeness.is_complete() {
                    return Outcome::Unseen;
                }
                done_if(!self.world.directory.accounts.contains_key(account), Applied::Gone)
            }
            Action::CreateRole { account, fields } => self.role_made(account.known(), fields),
            Action::UpdateRole { account, role, changes } => self.in_account(account, |content| {
                let fields = content.roles.get(role).map(|role| &role.fields);
                let shown = |field: &str| fields.and_then(|fields| fields.get(field));
                done_if(all_written(changes, shown), Applied::Role { id: role.clone() })
            }),
            Action::RemoveRole { account, role } => self.in_account(account, |content| {
                if !content.roles_complete.is_complete() {
                    return Outcome::Unseen;
                }
                done_if(!content.roles.contains_key(role), Applied::Gone)
            }),
            Action::Invite { account, email, .. } => match account.known() {
                Some(account) => {
                    self.in_account(account, |content| self.invited(account, content, email, None))
                }
                None => Outcome::NotVisible,
            },
            Action::CreateMember { account, email, .. } => match account.known() {
                Some(account) => self.in_account(account, |content| self.joined(account, content, email)),
                None => Outcome::NotVisible,
            },
            Action::UpdatePerson { account, person, changes } => self.in_account(account, |content| {
                let fields = content.person_fields.get(person);
                let shown = |field: &str| fields.and_then(|fields| fields.get(field));
                done_if(all_written(changes, shown), Applied::Person { person: person.clone() })
            }),
            Action::Resend { account, email, .. } => {
                self.in_account(account, |content| self.invited(account, content, email, Some(*at)))
            }
            Action::UpdateInvite { account, invite, email, roles, .. } => {
                self.in_account(account, |content| {
                    let wanted: Option<std::collections::BTreeSet<RoleId>> =
                        roles.iter().map(|role| role.known().cloned()).collect();
                    // Who has joined meanwhile may have done so with the old grants.
                    if let Some(Seat { id, member, .. }) = self.people.of_account(account).by_email(email) {
                        let applied = Applied::Member { person: id.clone(), roles: member.roles.clone() };
                        return done_if(wanted.as_ref() == Some(&member.roles), applied);
                    }
                    let found = content.invites.iter().find(|one| one.id == *invite || one.email == *email);
                    let Some(found) = found else {
                        return self.invited(account, content, email, None);
                    };
                    let applied = Applied::Invited { invite: found.id.clone(), roles: found.roles.clone() };
                    done_if(wanted.as_ref() == Some(&found.roles), applied)
                })
            }
            Action::Withdraw { account, invite, email } => self.in_account(account, |content| {
                if !content.people_complete.is_complete() {
                    return Outcome::Unseen;
                }
                // It may be gone because it was accepted: whoever has joined is still to be removed.
                let here = self.people.of_account(account);
                let joined = here.by_email(email).is_some() || !here.unreadable.is_empty();
                let listed = content.invites.iter().any(|one| one.id == *invite);
                done_if(!joined && !listed, Applied::Gone)
            }),
            Action::UpdateMember { account, person, roles, .. } => self.in_account(account, |content| {
                let Some(member) = content.members.get(person) else { return Outcome::NotVisible };
                let wanted: Option<std::collections::BTreeSet<RoleId>> =
                    roles.iter().map(|role| role.known().cloned()).collect();
                let applied = Applied::Member { person: person.clone(), roles: member.roles.clone() };
                done_if(wanted.as_ref() == Some(&member.roles), applied)
            }),
            // Nothing ever shows whether a mail went out.
            Action::MailMember { .. } => Outcome::NotVisible,
            Action::RemoveMember { account, person, .. } => self.in_account(account, |content| {
                if !content.people_complete.is_complete() {
                    return Outcome::Unseen;
                }
                done_if(!content.members.contains_key(person), Applied::Gone)
            }),
            Action::CreateApiKey { account, fields, roles, secret_to } => match account.known() {
                Some(account) => self.api_key_made(account, fields, roles.as_ref(), secret_to, *at),
                None => Outcome::NotVisible,
            },
            Action::UpdateApiKey { account, key, changes, from: _, roles } => {
                let Some(keys) = self.world.api_keys(account) else { return Outcome::Unseen };
                let Some(actual) = keys.get(key) else { return Outcome::NotVisible };
                let shown = |field: &str| actual.fields.get(field);
                let done = all_written(changes, shown)
                    && roles.as_ref().is_none_or(|roles| known(roles).as_ref() == Some(&actual.roles));
                done_if(done, Applied::ApiKey { id: key.clone(), secret: None })
            }
            Action::RemoveApiKey { account, key } => match self.world.api_keys(account) {
                Some(keys) => done_if(!keys.contains_key(key), Applied::Gone),
                None => Outcome::Unseen,
            },
            Action::Disable { account, person } => self.disabled_is(account, person, true),
            Action::Enable { account, person } => self.disabled_is(account, person, false),
        }
    }

    fn in_account(&self, account: &AccountId, look: impl FnOnce(&AccountContent) -> Outcome) -> Outcome {
        self.world.content(account).map_or(Outcome::Unseen, look)
    }

    fn disabled_is(&self, account: &AccountId, person: &orgform_model::PersonId, disabled: bool) -> Outcome {
        self.in_account(account, |content| match content.members.get(person) {
            Some(member) => done_if(
                member.disabled == disabled,
                Applied::Member { person: person.clone(), roles: member.roles.clone() },
            ),
            None => Outcome::NotVisible,
        })
    }

    /// What is remembered of an account that was begun: making one may take several calls, and what it does not
    /// show was not applied. It is planned as declared then, and never taken for drift.
    fn as_far_as_done(&self, intent: &Intent, mut entries: Vec<Entry>) -> Vec<Entry> {
        if !matches!(intent.change.action, Action::CreateAccount { .. }) {
            return entries;
        }
        for entry in &mut entries {
            if let Entry::Account { id, record } = entry {
                let listed = self.world.directory.accounts.get(id).map(|account| &account.fields);
                let looked_at = self.world.content(id).map(|content| &content.fields);
                record.applied.retain(|field, value| {
                    looked_at.into_iter().chain(listed).any(|fields| fields.get(field) == Some(value))
                });
            }
        }
        entries
    }

    /// An account with this natural key that we did not know before the write.
    fn account_made(&self, parent: Option<&AccountId>, fields: &Fields) -> Outcome {
        if !self.world.directory.completeness.is_complete() {
            return Outcome::Unseen;
        }
        let key = self.semantics.accounts.natural_key;
        let found = self.world.directory.accounts.iter().find(|(id, account)| {
            account.parent.as_ref() == parent
                && account.fields.get(key) == fields.get(key)
                && !self.state.accounts.contains_key(*id)
        });
        match found {
            Some((id, _)) => Outcome::CarriedOut(account_is(id)),
            None => Outcome::NotVisible,
        }
    }

    fn role_made(&self, account: Option<&AccountId>, fields: &Fields) -> Outcome {
        let Some(account) = account else { return Outcome::NotVisible };
        self.in_account(account, |content| {
            if !content.roles_complete.is_complete() {
                return Outcome::Unseen;
            }
            let key = self.semantics.roles.natural_key;
            let found = content.roles.iter().find(|(id, role)| {
                role.fixed.is_none()
                    && role.fields.get(key) == fields.get(key)
                    && !self.state.roles.contains_key(*id)
            });
            match found {
                Some((id, _)) => Outcome::CarriedOut(Applied::Role { id: id.clone() }),
                None => Outcome::NotVisible,
            }
        })
    }

    /// A key with this name that we did not know before the write.
    ///
    /// It is ours for certain if its secret is where the run was to put it. Else it may have been made by hand
    /// since then; so it counts as ours, with its secret lost, only if it is the very key that was to be made and
    /// not much time has passed. In doubt it is let be: the plan takes it over like any other.
    fn api_key_made(
        &self,
        account: &AccountId,
        fields: &Fields,
        roles: Option<&BTreeSet<Ref<RoleId>>>,
        secret_to: &SecretPlace,
        begun: Timestamp,
    ) -> Outcome {
        let Some(keys) = self.world.api_keys(account) else { return Outcome::Unseen };
        let Some(semantics) = &self.semantics.api_keys else { return Outcome::NotVisible };
        let name = fields.get(semantics.natural_key);
        let new: Vec<_> = keys
            .iter()
            .filter(|(id, key)| {
                key.fields.get(semantics.natural_key) == name && !self.state.api_keys.contains_key(*id)
            })
            .collect();
        let made = |id: &ApiKeyId| Outcome::CarriedOut(Applied::ApiKey { id: id.clone(), secret: None });
        if let Some((id, _)) = new.iter().find(|(id, _)| self.holds_secret_of(secret_to, id)) {
            return made(id);
        }
        let is_it = |key: &ActualApiKey| {
            fields.iter().all(|(field, value)| key.fields.get(field) == Some(value))
                && roles.is_none_or(|roles| known(roles).as_ref() == Some(&key.roles))
        };
        let just_now = self.now.duration_since(begun).unsigned_abs() <= SURELY_OURS;
        match new.as_slice() {
            [(id, key)] if just_now && is_it(key) => made(id),
            _ => Outcome::NotVisible,
        }
    }

    fn holds_secret_of(&self, place: &SecretPlace, id: &ApiKeyId) -> bool {
        self.world.secrets.get(place).is_some_and(|there| there.as_ref() == Some(id))
    }

    /// What to remember. Of a new key: whether its secret was stored before the run was interrupted.
    fn then(&self, intent: &Intent, applied: &Applied) -> Remember {
        let mut then = intent.then.clone();
        if let (Action::CreateApiKey { secret_to, .. }, Record::ApiKey(record), Applied::ApiKey { id, .. }) =
            (&intent.change.action, &mut then.record, applied)
            && self.holds_secret_of(secret_to, id)
        {
            record.secret = SecretFate::Stored(secret_to.clone());
        }
        then
    }

    /// Whether somebody who was to be made is a member.
    fn joined(&self, account: &AccountId, content: &AccountContent, email: &Email) -> Outcome {
        match self.people.of_account(account).by_email(email) {
            Some(Seat { id: person, member, .. }) => {
                Outcome::CarriedOut(Applied::Member { person: person.clone(), roles: member.roles.clone() })
            }
            None if content.people_complete.is_complete() => Outcome::NotVisible,
            None => Outcome::Unseen,
        }
    }

    /// Whether an invite was sent: its person is a member, or it is there and, for a resend, newly mailed.
    fn invited(
        &self,
        account: &AccountId,
        content: &AccountContent,
        email: &Email,
        after: Option<Timestamp>,
    ) -> Outcome {
        if let Some(Seat { id: person, member, .. }) = self.people.of_account(account).by_email(email) {
            return Outcome::CarriedOut(Applied::Member {
                person: person.clone(),
                roles: member.roles.clone(),
            });
        }
        let sent = |at: Option<Timestamp>| match after {
            None => true,
            // The provider's clock may be some seconds behind ours.
            Some(after) => at.is_some_and(|at| at.as_second() + 5 >= after.as_second()),
        };
        let found = content.invites.iter().find(|invite| {
            invite.email == *email && invite.status == InviteStatus::Pending && sent(invite.invited_at)
        });
        match found {
            Some(invite) => Outcome::CarriedOut(Applied::Invited {
                invite: invite.id.clone(),
                roles: invite.roles.clone(),
            }),
            None if content.people_complete.is_complete() => Outcome::NotVisible,
            None => Outcome::Unseen,
        }
    }
}

fn known(roles: &BTreeSet<Ref<RoleId>>) -> Option<BTreeSet<RoleId>> {
    roles.iter().map(|role| role.known().cloned()).collect()
}

/// What to remember of a write that shows no effect.
fn give_up(intent: &Intent) -> Vec<Entry> {
    let Intent { at: _, change: Change { address: _, action }, then: Remember { record, losses: _ } } =
        intent;
    match (action, record) {
        (
            Action::Invite { .. } | Action::Resend { .. } | Action::MailMember { .. },
            Record::Membership { account, email, record },
        ) => {
            let mut record = record.clone();
            record.mail.outcome = Some(MailOutcome::Unknown);
            vec![Entry::Membership { account: account.clone(), email: email.clone(), record }]
        }
        _ => vec![],
    }
}

fn account_is(id: &AccountId) -> Applied {
    Applied::Account { id: id.clone(), fixed_roles: Default::default() }
}

fn done_if(done: bool, applied: Applied) -> Outcome {
    if done { Outcome::CarriedOut(applied) } else { Outcome::NotVisible }
}

fn all_written<'a>(
    changes: &[FieldChange],
    shown: impl Fn(&str) -> Option<&'a orgform_model::Value>,
) -> bool {
    changes.iter().all(|change| shown(&change.field) == change.to.as_ref())
}
