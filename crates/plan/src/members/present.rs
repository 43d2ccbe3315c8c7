//! Somebody who is declared: settled, adopted, updated, let in again; else it is about an [invite](super::invites).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::DesiredMembership;
use orgform_model::invite::MailOutcome;
use orgform_model::state::{Entry, MailRecord, MembershipRecord};
use orgform_model::world::{ActualInvite, ActualMember};
use orgform_model::{AccountId, Address, Email, PersonId, RoleId};

use super::grants::{Difference, Wanted, resolve};
use super::{Behind, Here, Remembered};
use crate::ground::Ground;
use crate::plan::{Adopted, Cause, ChangeKind, Deferred, Kept, Plan, PlannedChange, Refused, Renamed};
use crate::record::{Bindings, MembershipDraft, RecordDraft};
use crate::roles::tell_counting;

/// Whether somebody is exactly as declared and as remembered, which is so for nearly everybody nearly always:
/// told without building anything.
pub(super) fn is_settled(
    here: &Here<'_, '_>,
    email: &Email,
    desired: &DesiredMembership,
    remembered: Option<Remembered<'_>>,
) -> bool {
    let Some(Remembered { under, record, seat: Some(seat) }) = remembered else { return false };
    let MembershipRecord { object, person: _, granted, kept, removal, mail: _, leaving, disabled } = record;
    let same_person = under == email && seat.email == Some(email) && !seat.member.disabled;
    let same_record = !*leaving && !*disabled && kept.is_empty() && object == &desired.object;
    let now = here.ground.input.now;
    same_person
        && same_record
        && *removal == desired.removal
        && !here.is_offboarded(email)
        && granted.len() == desired.grants.len()
        && seat.member.roles.len() == granted.len()
        && desired.grants.iter().all(|(grant, ends)| {
            let role = here.ground.roles.resolve(grant, &here.path, here.ground);
            let id = role.as_ref().and_then(Ref::known);
            ends.is_none_or(|ends| ends > now)
                && id.is_some_and(|id| seat.member.roles.contains(id) && granted.get(id) == Some(ends))
        })
}

/// Decides for one person who should be here.
pub(super) fn decide<'a>(
    here: &Here<'_, 'a>,
    email: &'a Email,
    desired: &'a DesiredMembership,
    remembered: Option<Remembered<'a>>,
    plan: &mut Plan,
) {
    let Some(wanted) = resolve(desired, &here.path, here.ground) else {
        plan.deferred.push(Deferred {
            address: here.address(email),
            what: "compare grants".into(),
            because: "a role of it can't be told yet".into(),
            until: None,
        });
        return;
    };
    let case = Case { here, email, desired, remembered, wanted };
    match here.behind(email, remembered) {
        Behind::Stranger(id) => case.refuse(
            "compare",
            format!("another person ({id}) has this e-mail now than the one we know"),
            format!("run `orgform forget {}` if that is right", here.address(email)),
            plan,
        ),
        Behind::Several(names) => case.refuse(
            "compare",
            format!("more than one member has this e-mail: {names}"),
            "say which is meant by `identities` in the Member".into(),
            plan,
        ),
        Behind::Member(id, member) => case.member(id, member, plan),
        Behind::Nobody => match here.invites.get(email).map(Vec::as_slice) {
            None | Some([]) => case.nobody(plan),
            Some(invites) => case.invited(invites, plan),
        },
    }
}

/// One person who should be here, with all that decides what happens.
pub(super) struct Case<'c, 'g, 'a> {
    pub(super) here: &'c Here<'g, 'a>,
    pub(super) email: &'a Email,
    pub(super) desired: &'a DesiredMembership,
    pub(super) remembered: Option<Remembered<'a>>,
    pub(super) wanted: Wanted<'a>,
}

impl<'a> Case<'_, '_, 'a> {
    pub(super) fn ground(&self) -> &Ground<'a> {
        self.here.ground
    }

    pub(super) fn address(&self) -> Address {
        self.here.address(self.email)
    }

    pub(super) fn refuse(&self, what: &str, because: String, next: String, plan: &mut Plan) {
        plan.refused.push(Refused {
            address: self.address(),
            what: what.into(),
            because,
            next,
            place: Some(self.desired.place.clone()),
        });
    }

    pub(super) fn draft(
        &self,
        difference: &Difference,
        person: Option<PersonId>,
        mail: MailRecord,
    ) -> MembershipDraft {
        let account = Ref::Known(self.here.id.clone());
        let draft = draft(account, self.email, self.desired, difference.granted.clone(), mail);
        MembershipDraft { person, kept: difference.kept.clone(), ..draft }
    }

    /// The mails that were sent so far; one that was found has had one.
    pub(super) fn mail(&self, found: Option<&ActualInvite>) -> MailRecord {
        let remembered = self.remembered.map(|one| one.record.mail);
        let seen = found.and_then(|invite| invite.invited_at);
        match remembered {
            Some(mail) if mail.attempts > 0 => mail,
            _ if found.is_some() => MailRecord { attempts: 1, last: seen, outcome: Some(MailOutcome::Sent) },
            _ => MailRecord::default(),
        }
    }

    fn member(&self, person: &'a PersonId, member: &'a ActualMember, plan: &mut Plan) {
        let now_called = self.ground().people.email(person, member);
        if let Some(to) = now_called.filter(|to| *to != self.email) {
            let person = self.ground().input.desired.people.get(self.email);
            plan.renamed.push(Renamed {
                edited: false,
                address: self.address(),
                from: self.email.clone(),
                to: to.clone(),
                place: person.map_or(&self.desired.place, |person| &person.place).clone(),
            });
        }
        let difference = self.compare(&member.roles);
        self.report_drift(&difference, plan);
        self.report_kept(&difference, plan);
        let draft = self.draft(&difference, Some(person.clone()), self.mail(None));
        if member.disabled && self.remembered.is_none_or(|one| !one.record.disabled) {
            plan.drift.push(Kept {
                address: self.address(),
                what: "disabled".into(),
                because: "somebody else disabled this person".into(),
            });
        }
        if member.disabled && self.remembered.is_some_and(|one| one.record.disabled) {
            plan.changes.push(self.enable(person, draft));
            return;
        }
        let same = difference.gains.is_empty() && difference.loses.is_empty();
        if self.is_requested() && self.ground().input.capabilities.mail_member {
            self.mail_member(person, !same, plan);
            if same {
                return;
            }
        }
        if same {
            self.settle(&draft, &member.roles, "member", plan);
            return;
        }
        self.adopt(&draft, &member.roles, "member", plan);
        let losers = self.losers(&difference, self.ground().people.shown(person, member));
        plan.changes.push(PlannedChange {
            title: self.email.to_string(),
            gains: difference.gains.clone(),
            loses: difference.loses.clone(),
            notes: tell_counting(&member.roles, &difference.all, self.ground()).into_iter().collect(),
            place: Some(self.desired.place.clone()),
            losers,
            ..PlannedChange::new(
                ChangeKind::Update,
                self.cause(&difference),
                Change {
                    address: self.address(),
                    action: Action::UpdateMember {
                        account: self.here.id.clone(),
                        person: person.clone(),
                        from: member.roles.clone(),
                        roles: difference.all,
                    },
                },
                RecordDraft::Membership(draft),
            )
        });
    }

    fn enable(&self, person: &PersonId, draft: MembershipDraft) -> PlannedChange {
        PlannedChange {
            title: self.email.to_string(),
            place: Some(self.desired.place.clone()),
            ..PlannedChange::new(
                ChangeKind::Enable,
                Cause::Declared,
                Change {
                    address: self.address(),
                    action: Action::Enable { account: self.here.id.clone(), person: person.clone() },
                },
                RecordDraft::Membership(draft),
            )
        }
    }

    /// Nothing to write: take over what is not ours, and keep what we remember of the rest up to date.
    pub(super) fn settle(
        &self,
        draft: &MembershipDraft,
        there: &BTreeSet<RoleId>,
        what: &str,
        plan: &mut Plan,
    ) {
        if self.remembered.is_none() {
            self.adopt(draft, there, what, plan);
            return;
        }
        self.remember(draft, plan);
    }

    /// Takes over what is there and not ours: what we applied is what is already so.
    pub(super) fn adopt(
        &self,
        draft: &MembershipDraft,
        there: &BTreeSet<RoleId>,
        what: &str,
        plan: &mut Plan,
    ) {
        if self.remembered.is_some() {
            return;
        }
        let already =
            draft.grants.iter().filter(|(role, _)| role.known().is_some_and(|id| there.contains(id)));
        let grants = already.map(|(role, ends)| (role.clone(), *ends)).collect();
        let draft = MembershipDraft { grants, ..draft.clone() };
        let Some(record) = draft.bind(&Bindings::default()) else { return };
        plan.adopted.push(Adopted {
            address: self.address(),
            what: what.to_owned(),
            entries: vec![Entry::Membership {
                account: self.here.id.clone(),
                email: self.email.clone(),
                record: Box::new(record),
            }],
        });
    }

    pub(super) fn remember(&self, draft: &MembershipDraft, plan: &mut Plan) {
        let (Some(one), Some(record)) = (self.remembered, draft.bind(&Bindings::default())) else { return };
        if one.under == self.email && *one.record == record {
            return;
        }
        let account = self.here.id.clone();
        if one.under != self.email {
            plan.remember.push(Entry::DropMembership { account: account.clone(), email: one.under.clone() });
        }
        plan.remember.push(Entry::Membership {
            account,
            email: self.email.clone(),
            record: Box::new(record),
        });
    }
}

pub(super) fn draft(
    account: Ref<AccountId>,
    email: &Email,
    desired: &DesiredMembership,
    grants: BTreeMap<Ref<RoleId>, Option<Timestamp>>,
    mail: MailRecord,
) -> MembershipDraft {
    MembershipDraft {
        account,
        email: email.clone(),
        object: desired.object.clone(),
        person: None,
        grants,
        kept: BTreeSet::new(),
        removal: desired.removal,
        mail,
        disabled: false,
    }
}
