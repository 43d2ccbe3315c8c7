//! Somebody who is there and not declared here: remove, withdraw, let go of, or keep and report.
//!
//! Removing needs a reason that can be shown: it is ours and its object is gone, the person is declared absent,
//! or the account is under authority. Everything else stays.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::DesiredMembership;
use orgform_model::invite::InviteStatus;
use orgform_model::policy::Removal;
use orgform_model::state::{Entry, MailRecord, MembershipRecord, Record};
use orgform_model::world::{ActualMember, Reach};
use orgform_model::{Email, Grants, ObjectRef, PersonId, RoleId};

use super::grants::left_over;
use super::{Behind, Here, Remembered, edited, edited_next};
use crate::plan::{Cause, ChangeKind, Forgotten, Kept, Loser, Plan, PlannedChange, Refused};
use crate::record::{MembershipDraft, RecordDraft};
use crate::safety::cannot_be_undone;

mod invited;

pub(super) use invited::withdraw;

/// Decides for one person who should not be here, or of whom nothing is declared.
pub(super) fn decide<'a>(
    here: &Here<'_, 'a>,
    email: &'a Email,
    desired: Option<&'a DesiredMembership>,
    remembered: Option<Remembered<'a>>,
    plan: &mut Plan,
) {
    if here.ground.going.contains(here.id) {
        // Goes with its account.
        return;
    }
    let case = Case { here, email, desired, remembered };
    let declared_absent = here.is_offboarded(email) || desired.is_some();
    match (declared_absent, remembered) {
        (true, _) => {
            let cause = if here.is_offboarded(email) { Cause::Offboarded } else { Cause::Expired };
            case.remove(cause, case.removal_of_absent(), plan);
        }
        (false, Some(one)) => case.ours(one, plan),
        (false, None) => case.unmanaged(plan),
    }
}

pub(super) fn titles(here: &Here<'_, '_>, roles: &BTreeSet<RoleId>) -> Vec<String> {
    let mut titles: Vec<_> = roles.iter().map(|id| here.ground.roles.title(id)).collect();
    titles.sort();
    titles
}

fn loser(here: &Here<'_, '_>, person: String, foreseen: bool) -> Loser {
    Loser { account: here.id.clone(), path: here.path.clone(), person, foreseen }
}

struct Case<'c, 'g, 'a> {
    here: &'c Here<'g, 'a>,
    email: &'a Email,
    desired: Option<&'a DesiredMembership>,
    remembered: Option<Remembered<'a>>,
}

impl<'a> Case<'_, '_, 'a> {
    /// Ours and no longer declared.
    fn ours(&self, one: Remembered<'a>, plan: &mut Plan) {
        let ground = self.here.ground;
        if !ground.input.desired.subject.speaks_for(&one.record.object) {
            return;
        }
        if let Some(because) = ground.accounts.unsettled(self.here.id) {
            // Who is still declared by the same object may well be declared right here.
            if ground.email_of_object(&one.record.object) != Some(self.email) {
                ground.defer_unsettled(self.here.address(self.email), "remove", because, plan);
            }
            return;
        }
        if let Some(to) = self.edited_to(one.record) {
            plan.refused.push(Refused {
                address: self.here.address(self.email),
                what: "remove".into(),
                because: edited(&one.record.object, one.under, to, ground),
                next: edited_next(ground),
                place: None,
            });
            return;
        }
        self.remove(Cause::Undeclared, one.record.removal, plan);
    }

    /// The e-mail that the same object declares now, if anybody would have to be invited for it.
    fn edited_to(&self, record: &MembershipRecord) -> Option<&'a Email> {
        let ground = self.here.ground;
        let to = ground.email_of_object(&record.object).filter(|to| *to != self.email)?;
        let declared = ground
            .input
            .desired
            .memberships
            .iter()
            .filter(|(_, people)| people.get(to).is_some_and(|one| one.object == record.object));
        let there = |path| {
            let id = ground.accounts.id(path)?;
            let content = ground.input.world.content(id)?;
            let member = ground.rosters.get(id)?.by_email(to).is_some();
            (member || content.invites.iter().any(|invite| invite.email == *to)).then_some(())
        };
        declared.into_iter().any(|(path, _)| there(path).is_none()).then_some(to)
    }

    /// A declared end is an end, also for what would be let go of without a declaration.
    fn removal_of_absent(&self) -> Removal {
        let said = self.desired.map(|one| one.removal).or(self.remembered.map(|one| one.record.removal));
        match said.unwrap_or(self.here.ground.input.desired.policy.removal.members) {
            Removal::Disable => Removal::Disable,
            Removal::Remove | Removal::Retain => Removal::Remove,
        }
    }

    fn remove(&self, cause: Cause, removal: Removal, plan: &mut Plan) {
        match self.here.behind(self.email, self.remembered) {
            Behind::Member(id, member) => self.remove_member(id, member, cause, removal, plan),
            Behind::Stranger(id) => plan.refused.push(Refused {
                address: self.here.address(self.email),
                what: "remove".into(),
                because: format!("another person ({id}) has this e-mail now than the one we know"),
                next: format!("run `orgform forget {}` if that is right", self.here.address(self.email)),
                place: None,
            }),
            Behind::Several(names) => plan.refused.push(Refused {
                address: self.here.address(self.email),
                what: "remove".into(),
                because: format!("more than one member has this e-mail: {names}"),
                next: "remove the right one by hand at the provider".into(),
                place: self.desired.map(|one| one.place.clone()),
            }),
            Behind::Nobody => match self.here.invites.get(self.email).map(Vec::as_slice) {
                None | Some([]) => self.already_gone(plan),
                Some(invites) => self.remove_invites(invites, cause, removal, plan),
            },
        }
    }

    fn already_gone(&self, plan: &mut Plan) {
        let Some(one) = self.remembered else { return };
        let address = self.here.address(self.email);
        if !self.here.content.people_complete.is_complete() || self.here.ground.is_pending(&address) {
            return;
        }
        if let Some(who) = self.may_have_joined_as(one.record) {
            plan.refused.push(Refused {
                next: format!("if not, run `orgform forget {address}`; if so, declare that person"),
                address,
                what: "remove".into(),
                because: format!("its invite is gone, and it may have joined under another e-mail: {who}"),
                place: None,
            });
            return;
        }
        let (account, email) = (self.here.id.clone(), one.under.clone());
        plan.remember.push(Entry::DropMembership { account, email });
    }

    /// Members whom nobody declares and we don't know, when somebody whom we invited and never saw join is gone.
    fn may_have_joined_as(&self, record: &MembershipRecord) -> Option<String> {
        if record.person.is_some() || record.mail.attempts == 0 {
            return None;
        }
        let strangers: Vec<_> = self.here.strangers().take(3).collect();
        (!strangers.is_empty()).then(|| strangers.join(", "))
    }

    fn remove_member(
        &self,
        id: &'a PersonId,
        member: &'a ActualMember,
        cause: Cause,
        removal: Removal,
        plan: &mut Plan,
    ) {
        let under = self.remembered.map_or(self.email, |one| one.under);
        let still_invited = self.is_still_invited();
        let drop = match self.remembered {
            Some(one) if still_invited => self.invited_only(one),
            _ => self.dropped(under),
        };
        let kept: BTreeSet<RoleId> = match (cause, self.remembered, self.desired) {
            (Cause::Undeclared, Some(one), _) => {
                one.record.kept.intersection(&member.roles).cloned().collect()
            }
            (Cause::Expired, _, Some(desired)) => {
                left_over(self.here, self.email, desired, self.remembered, &member.roles)
            }
            _ => BTreeSet::new(),
        };
        let (account, person) = (self.here.id.clone(), id.clone());
        let from = member.roles.clone();
        let can = self.here.ground.input.capabilities;
        if removal != Removal::Retain {
            self.here.remember_joined(self.remembered, id, plan);
        }
        match removal {
            Removal::Retain => self.forget("it is no longer declared and its removal is Retain", plan),
            Removal::Remove if kept.is_empty() && !can.remove_member => {
                self.refuse("remove", "can't take a person out of an account", plan);
            }
            Removal::Disable if !member.disabled && !can.disable => {
                self.refuse("disable", "can't disable people", plan);
            }
            Removal::Disable if member.disabled => self.remember_disabled(plan),
            Removal::Disable => {
                let record = self.disabled_record(id);
                let action = Action::Disable { account, person };
                self.push(ChangeKind::Disable, cause, self.shown(id, member), &from, action, record, plan);
            }
            Removal::Remove if kept.is_empty() => {
                let everywhere = member.removal.reach == Reach::Everywhere;
                let action = Action::RemoveMember { account, person, from: from.clone(), everywhere };
                self.push(ChangeKind::Remove, cause, self.shown(id, member), &from, action, drop, plan);
                if let (true, Some(change)) = (still_invited, plan.changes.last_mut()) {
                    change.notes.push("an invite of ours is still out; the next apply takes it back".into());
                }
            }
            Removal::Remove if kept == from => self.keep_the_rest(cause, id, kept, plan),
            // What was there before us stays; only ours is taken back.
            Removal::Remove => {
                let lost: BTreeSet<RoleId> = from.difference(&kept).cloned().collect();
                let record = match (cause, self.remembered) {
                    (Cause::Expired, Some(one)) => RecordDraft::Membership(MembershipDraft {
                        grants: BTreeMap::new(),
                        kept: one.record.kept.intersection(&kept).cloned().collect(),
                        ..self.draft(one, id)
                    }),
                    _ => drop,
                };
                let roles = kept.into_iter().map(Ref::Known).collect();
                let action = Action::UpdateMember { account, person, from, roles };
                self.push(ChangeKind::Update, cause, self.shown(id, member), &lost, action, record, plan);
            }
        }
    }

    /// Whether somebody who is in could come back by an invite of ours.
    fn is_still_invited(&self) -> bool {
        let ours = self.remembered.is_some_and(|one| one.record.mail.attempts > 0);
        ours && self.here.invites.contains_key(self.email)
            && self.here.ground.input.capabilities.withdraw_invite
    }

    /// What is remembered of somebody who was in and has nothing left but an invite of ours.
    fn invited_only(&self, one: Remembered<'a>) -> RecordDraft {
        let account = Ref::Known(self.here.id.clone());
        let object = one.record.object.clone();
        RecordDraft::Membership(MembershipDraft {
            account,
            email: one.under.clone(),
            object,
            person: None,
            grants: one.record.granted.iter().map(|(role, ends)| (Ref::Known(role.clone()), *ends)).collect(),
            kept: BTreeSet::new(),
            removal: one.record.removal,
            mail: one.record.mail,
            disabled: false,
        })
    }

    /// What is remembered once somebody is removed.
    fn dropped(&self, under: &Email) -> RecordDraft {
        let (account, email) = (self.here.id.clone(), under.clone());
        let ground = self.here.ground;
        if ground.input.semantics.people.returns {
            return RecordDraft::Known(Record::DropMembership { account, email });
        }
        let (ours, at) = (self.remembered.is_some(), ground.input.now);
        RecordDraft::Known(Record::GoneForEver { account, email, ours, at })
    }

    /// Nothing of ours is left, and what else is there stays. Ours until its declaration goes, though.
    fn keep_the_rest(&self, cause: Cause, person: &PersonId, kept: BTreeSet<RoleId>, plan: &mut Plan) {
        match (cause, self.remembered) {
            (_, None) => self.keep("what ended is not there, and the rest is not ours", plan),
            (Cause::Expired, Some(one)) => {
                // What somebody else gave stays drift, and is not kept by us.
                let kept = one.record.kept.intersection(&kept).cloned().collect();
                let (person, granted) = (Some(person.clone()), Grants::new());
                let record = MembershipRecord { person, granted, kept, ..one.record.clone() };
                if record != *one.record {
                    plan.remember.push(Entry::Membership {
                        account: self.here.id.clone(),
                        email: one.under.clone(),
                        record: Box::new(record),
                    });
                }
            }
            (_, Some(_)) => self.forget("what was there before us stays, and nothing else is left", plan),
        }
    }

    fn shown(&self, id: &PersonId, member: &'a ActualMember) -> String {
        self.here.ground.people.shown(id, member)
    }

    fn refuse(&self, what: &str, cannot: &str, plan: &mut Plan) {
        let address = self.here.address(self.email);
        plan.refused.push(Refused {
            what: what.into(),
            because: format!("{} {cannot}", self.here.ground.input.semantics.title),
            next: format!("do it by hand at the provider, or run `orgform forget {address}`"),
            place: self.desired.map(|one| one.place.clone()),
            address,
        });
    }

    fn disabled_record(&self, person: &PersonId) -> RecordDraft {
        if let Some(one) = self.remembered {
            return RecordDraft::Membership(MembershipDraft { disabled: true, ..self.draft(one, person) });
        }
        let Some(object) = self.object_that_disables() else { return RecordDraft::NOTHING };
        RecordDraft::Membership(MembershipDraft {
            account: Ref::Known(self.here.id.clone()),
            email: self.email.clone(),
            object,
            person: Some(person.clone()),
            grants: BTreeMap::new(),
            kept: BTreeSet::new(),
            removal: Removal::Disable,
            mail: MailRecord::default(),
            disabled: true,
        })
    }

    /// Whose memory it is that somebody whom we did not know is disabled, where the provider does not show it.
    fn object_that_disables(&self) -> Option<ObjectRef> {
        let ground = self.here.ground;
        if ground.input.semantics.people.disabled_shown {
            return None;
        }
        let declared = self.desired.map(|one| &one.object);
        let person = || ground.input.desired.people.get(self.email).map(|person| &person.object);
        let account = || ground.declared_account(self.here.id).map(|account| &account.object);
        declared.or_else(person).or_else(account).cloned()
    }

    /// What is remembered already.
    fn draft(&self, one: Remembered<'a>, person: &PersonId) -> MembershipDraft {
        MembershipDraft {
            account: Ref::Known(self.here.id.clone()),
            email: one.under.clone(),
            object: one.record.object.clone(),
            person: Some(person.clone()),
            grants: one.record.granted.iter().map(|(role, ends)| (Ref::Known(role.clone()), *ends)).collect(),
            kept: one.record.kept.clone(),
            removal: one.record.removal,
            mail: one.record.mail,
            disabled: one.record.disabled,
        }
    }

    /// Disabled already: what we remember of it stays, so that a later declaration enables.
    fn remember_disabled(&self, plan: &mut Plan) {
        let Some(one) = self.remembered.filter(|one| !one.record.disabled) else { return };
        plan.remember.push(Entry::Membership {
            account: self.here.id.clone(),
            email: one.under.clone(),
            record: Box::new(MembershipRecord { disabled: true, ..one.record.clone() }),
        });
    }

    fn forget(&self, because: &str, plan: &mut Plan) {
        let Some(one) = self.remembered else { return };
        plan.forgotten.push(Forgotten {
            address: self.here.address(self.email),
            because: because.into(),
            entries: vec![Entry::Retain { account: self.here.id.clone(), email: one.under.clone() }],
        });
    }

    fn push(
        &self,
        kind: ChangeKind,
        cause: Cause,
        person: String,
        lost: &BTreeSet<RoleId>,
        action: Action,
        record: RecordDraft,
        plan: &mut Plan,
    ) {
        let address = self.here.address(self.email);
        let ground = self.here.ground;
        let final_one = kind == ChangeKind::Remove && !ground.input.semantics.people.returns;
        plan.changes.push(PlannedChange {
            title: self.email.to_string(),
            loses: titles(self.here, lost),
            notes: final_one.then(|| cannot_be_undone(ground)).into_iter().collect(),
            mails: u32::from(
                self.here.ground.input.capabilities.mails.on_remove && kind == ChangeKind::Remove,
            ),
            place: self.desired.map(|one| one.place.clone()),
            losers: BTreeSet::from([loser(self.here, person, self.is_foreseen(cause))]),
            ..PlannedChange::new(kind, cause, Change { address, action }, record)
        });
    }

    /// Whether the end was applied while it was still ahead.
    fn is_foreseen(&self, cause: Cause) -> bool {
        let (Cause::Expired, Some(one), Some(desired)) = (cause, self.remembered, self.desired) else {
            return false;
        };
        let ends: BTreeSet<_> = desired.grants.values().flatten().collect();
        !one.record.granted.is_empty()
            && one.record.granted.values().all(|end| end.as_ref().is_some_and(|end| ends.contains(end)))
    }

    /// Neither declared nor ours.
    fn unmanaged(&self, plan: &mut Plan) {
        let ground = self.here.ground;
        let input = &ground.input;
        let Some(account) = ground.declared_account(self.here.id) else { return };
        let retained = input
            .state
            .and_then(|state| state.retained.get(self.here.id))
            .is_some_and(|people| people.contains(self.email));
        let everything = input.desired.subject == orgform_model::desired::Subject::Everything;
        let seen = self.here.content.people_complete.is_complete();
        let managed = account.manage == orgform_model::desired::Manage::Full;
        let may = everything && seen && managed && !retained;
        if let Some(removal) = self.was_declared().filter(|_| may) {
            self.remove(Cause::Base, removal, plan);
        } else if may && account.authoritative_members && has_state(self.here) {
            self.remove(Cause::Authority, self.removal_of_absent(), plan);
        } else {
            self.keep(if retained { "let go of before" } else { "unmanaged" }, plan);
        }
    }

    /// What the end of the base's declaration means, if the base declares it and does not retain.
    fn was_declared(&self) -> Option<Removal> {
        let input = &self.here.ground.input;
        let was = input.base.and_then(|base| base.membership(&self.here.path, self.email))?;
        let frozen = input.desired.frozen.objects.contains(&was.object);
        (was.removal != Removal::Retain && !frozen).then_some(was.removal)
    }

    /// Reports somebody who stays.
    fn keep(&self, because: &str, plan: &mut Plan) {
        let mut keep = |what: String, roles: &BTreeSet<RoleId>| {
            let what = [what].into_iter().chain(titles(self.here, roles)).collect::<Vec<_>>().join(", ");
            plan.kept.push(Kept { address: self.here.address(self.email), what, because: because.into() });
        };
        let shared = self.here.roster.shared.contains(self.email);
        let mut seats = self.here.roster.all_by_email(self.email).peekable();
        if let (None, Some(invites)) = (seats.peek(), self.here.invites.get(self.email)) {
            let all = invites.iter().flat_map(|invite| invite.roles.clone()).collect();
            let expired = invites.iter().all(|invite| invite.status == InviteStatus::Expired);
            keep(if expired { "expired invite" } else { "invite" }.into(), &all);
        }
        for seat in seats {
            let what = if shared { format!("member {}", seat.named()) } else { "member".into() };
            keep(what, &seat.member.roles);
        }
    }
}

fn has_state(here: &Here<'_, '_>) -> bool {
    here.ground.input.state.is_some_and(|state| !state.is_empty())
}
