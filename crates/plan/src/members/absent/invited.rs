//! Whoever was invited and should not be here any more: the invite is taken back, as far as it is ours.

use std::collections::BTreeSet;

use orgform_model::change::{Action, Change, Ref};
use orgform_model::policy::Removal;
use orgform_model::state::{Entry, MembershipRecord, Record};
use orgform_model::world::ActualInvite;
use orgform_model::{Email, RoleId};

use super::super::Here;
use super::{Case, loser, titles};
use crate::plan::{Cause, ChangeKind, Kept, Plan, PlannedChange};
use crate::record::RecordDraft;

/// Takes an invite back.
pub(in super::super) fn withdraw(
    here: &Here<'_, '_>,
    email: &Email,
    invite: &ActualInvite,
    cause: Cause,
    foreseen: bool,
    note: Option<String>,
    record: RecordDraft,
) -> PlannedChange {
    let address = here.address(email);
    PlannedChange {
        title: email.to_string(),
        loses: titles(here, &invite.roles),
        notes: note.into_iter().collect(),
        losers: BTreeSet::from([loser(here, email.to_string(), foreseen)]),
        ..PlannedChange::new(
            ChangeKind::Withdraw,
            cause,
            Change {
                address: address.clone(),
                action: Action::Withdraw {
                    account: here.id.clone(),
                    invite: invite.id.clone(),
                    email: email.clone(),
                },
            },
            record,
        )
    }
}

impl<'a> Case<'_, '_, 'a> {
    pub(super) fn remove_invites(
        &self,
        invites: &[&'a ActualInvite],
        cause: Cause,
        removal: Removal,
        plan: &mut Plan,
    ) {
        if removal == Removal::Retain {
            self.forget("it is no longer declared and its removal is Retain", plan);
            return;
        }
        let Some(invite) = invites.first() else { return };
        let can = self.here.ground.input.capabilities;
        let kept: BTreeSet<RoleId> = match (cause, self.remembered) {
            (Cause::Undeclared, Some(one)) => one.record.kept.intersection(&invite.roles).cloned().collect(),
            _ => BTreeSet::new(),
        };
        if !kept.is_empty() && kept == invite.roles {
            self.forget("what was there before us stays, and nothing else is left", plan);
            return;
        }
        if !kept.is_empty() && can.update_invite {
            self.take_ours_back(invite, kept, cause, plan);
            return;
        }
        if can.withdraw_invite {
            let account = self.here.id.clone();
            // While another one is out it stays ours: the next plan takes that back.
            let record = match self.remembered {
                Some(one) if invites.len() == 1 => {
                    RecordDraft::Known(Record::DropMembership { account, email: one.under.clone() })
                }
                _ => RecordDraft::NOTHING,
            };
            let foreseen = self.is_foreseen(cause);
            plan.changes.push(withdraw(self.here, self.email, invite, cause, foreseen, None, record));
            return;
        }
        plan.kept.push(Kept {
            address: self.here.address(self.email),
            what: "invite".into(),
            because: format!(
                "it can't be withdrawn; its person is removed by the first apply after joining, unless the support of {} \
                 cancels it before",
                self.here.ground.input.semantics.title
            ),
        });
        let Some(one) = self.remembered else { return };
        if !one.record.leaving {
            plan.remember.push(Entry::Membership {
                account: self.here.id.clone(),
                email: one.under.clone(),
                record: Box::new(MembershipRecord { leaving: true, ..one.record.clone() }),
            });
        }
    }

    /// An invite that was out before us stays out; only what we added goes.
    fn take_ours_back(&self, invite: &ActualInvite, kept: BTreeSet<RoleId>, cause: Cause, plan: &mut Plan) {
        let Some(one) = self.remembered else { return };
        let account = self.here.id.clone();
        let record = Record::DropMembership { account: account.clone(), email: one.under.clone() };
        let record = RecordDraft::Known(record);
        let lost: BTreeSet<RoleId> = invite.roles.difference(&kept).cloned().collect();
        let action = Action::UpdateInvite {
            account,
            invite: invite.id.clone(),
            email: self.email.clone(),
            from: invite.roles.clone(),
            roles: kept.into_iter().map(Ref::Known).collect(),
        };
        self.push(ChangeKind::Update, cause, self.email.to_string(), &lost, action, record, plan);
    }
}
