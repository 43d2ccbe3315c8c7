//! Finds out what became of writes that a run began and never saw the end of.
//!
//! A write whose effect is visible was carried out and is remembered. One whose effect is not visible, once the
//! provider has had its time, was not: it is planned again, except an invite: its mail may have gone out, so a
//! person decides.

use jiff::Timestamp;
use orgform_model::change::{Action, Applied, Change};
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::state::{Entry, Intent, Record, Remember};
use orgform_model::world::AccountContent;
use orgform_model::{
    AccountId, Capabilities, Email, FieldChange, Fields, ProviderState, RoleId, Semantics, World,
};

use crate::people::{People, Seat};

/// Says what to remember of interrupted writes, given what is there now.
pub fn settle(
    state: &ProviderState,
    world: &World,
    semantics: &Semantics,
    capabilities: &Capabilities,
    now: Timestamp,
) -> Vec<Entry> {
    let desired = orgform_model::Desired::empty("".into());
    let look = Look { state, world, semantics, people: People::new(&desired, world, Some(state)) };
    let mut entries = vec![];
    for (address, intent) in &state.intents {
        let old = now.duration_since(intent.at).unsigned_abs() >= capabilities.visible_within;
        let settled = match look.outcome(intent) {
            Outcome::CarriedOut(applied) => look.as_far_as_done(intent, intent.then.entries(&applied)),
            Outcome::Unseen => continue,
            Outcome::NotVisible if !old => continue,
            Outcome::NotVisible => give_up(intent),
        };
        entries.extend(settled);
        entries.push(Entry::Settled { address: address.clone() });
    }
    entries
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
            Action::Resend { account, email, .. } => {
                self.in_account(account, |content| self.invited(account, content, email, Some(*at)))
            }
            Action::UpdateInvite { account, invite, email, roles, .. } => {
                self.in_account(account, |content| {
                    let found = content.invites.iter().find(|one| one.id == *invite || one.email == *email);
                    let Some(found) = found else {
                        return self.invited(account, content, email, None);
                    };
                    let wanted: Option<std::collections::BTreeSet<RoleId>> =
                        roles.iter().map(|role| role.known().cloned()).collect();
                    let applied = Applied::Invited { invite: found.id.clone(), roles: found.roles.clone() };
                    done_if(wanted.as_ref() == Some(&found.roles), applied)
                })
            }
            Action::Withdraw { account, invite, .. } => self.in_account(account, |content| {
                if !content.people_complete.is_complete() {
                    return Outcome::Unseen;
                }
                done_if(!content.invites.iter().any(|one| one.id == *invite), Applied::Gone)
            }),
            Action::UpdateMember { account, person, roles, .. } => self.in_account(account, |content| {
                let Some(member) = content.members.get(person) else { return Outcome::NotVisible };
                let wanted: Option<std::collections::BTreeSet<RoleId>> =
                    roles.iter().map(|role| role.known().cloned()).collect();
                let applied = Applied::Member { person: person.clone(), roles: member.roles.clone() };
                done_if(wanted.as_ref() == Some(&member.roles), applied)
            }),
            Action::RemoveMember { account, person, .. } => self.in_account(account, |content| {
                if !content.people_complete.is_complete() {
                    return Outcome::Unseen;
                }
                done_if(!content.members.contains_key(person), Applied::Gone)
            }),
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

/// What to remember of a write that shows no effect.
fn give_up(intent: &Intent) -> Vec<Entry> {
    let Intent { at: _, change: Change { address: _, action }, then: Remember { record, losses: _ } } =
        intent;
    match (action, record) {
        (Action::Invite { .. } | Action::Resend { .. }, Record::Membership { account, email, record }) => {
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
