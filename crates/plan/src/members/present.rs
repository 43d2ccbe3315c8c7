//! Somebody who is declared: adopt, update, invite, wait, or mail again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::DesiredMembership;
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::policy::{Adoption, DriftPolicy, OnExhausted};
use orgform_model::semantics::Combine;
use orgform_model::state::{Entry, MailRecord, MembershipRecord};
use orgform_model::world::{ActualInvite, ActualMember};
use orgform_model::{AccountId, AccountPath, Address, Email, Grant, PersonId, RoleId};

use super::{Behind, Here, Remembered};
use crate::ground::Ground;
use crate::plan::{
    Adopted, Cause, ChangeKind, Deferred, Kept, Loser, Plan, PlannedChange, Refused, Renamed, Waiting,
};
use crate::record::{Bindings, MembershipDraft, RecordDraft};

/// Whether somebody is exactly as declared and as remembered, which is so for nearly everybody nearly always:
/// told without building anything.
pub(super) fn is_settled(
    here: &Here<'_, '_>,
    email: &Email,
    desired: &DesiredMembership,
    remembered: Option<Remembered<'_>>,
) -> bool {
    let Some(Remembered { under, record }) = remembered else { return false };
    let MembershipRecord { object, person, granted, kept, removal, mail: _, leaving, disabled } = record;
    let Some(seat) = person.as_ref().and_then(|person| here.roster.by_id(person)) else { return false };
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
        Behind::Member(id, member) => case.member(id, member, plan),
        Behind::Nobody => match here.invites.get(email).map(Vec::as_slice) {
            None | Some([]) => case.nobody(plan),
            Some(invites) => case.invited(invites, plan),
        },
    }
}

/// What somebody keeps when every declared grant has ended: what was there before us, or is not ours.
pub(super) fn left_over<'a>(
    here: &Here<'_, 'a>,
    email: &'a Email,
    desired: &'a DesiredMembership,
    remembered: Option<Remembered<'a>>,
    actual: &BTreeSet<RoleId>,
) -> BTreeSet<RoleId> {
    let case = Case { here, email, desired, remembered, wanted: Wanted { grants: BTreeMap::new() } };
    let implied = here.ground.input.semantics.roles.implied;
    let is_implied = |id: &RoleId| {
        matches!(here.ground.roles.grant(id), Grant::Fixed(name) if implied.contains(&name.as_str()))
    };
    let all = case.compare(actual).all;
    all.iter().filter_map(Ref::known).filter(|id| !is_implied(id)).cloned().collect()
}

/// Invites everyone into an account that this plan makes.
pub(super) fn in_new_account(
    path: &AccountPath,
    people: &BTreeMap<Email, DesiredMembership>,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    let desired = ground.input.desired;
    for (email, membership) in people {
        let live = membership.grants.values().any(|ends| ends.is_none_or(|ends| ends > ground.input.now));
        let offboarded = ground.offboarded.contains(email);
        let frozen = desired.frozen.people.contains(email) || !desired.subject.asks_for(&membership.object);
        if !live && !membership.grants.is_empty() || offboarded || frozen {
            continue;
        }
        let address = Address::member(&desired.provider, path, email);
        match resolve(membership, path, ground) {
            Some(wanted) => {
                let account = Ref::Created(Address::account(&desired.provider, path));
                let draft = draft(account, email, membership, wanted.refs(), first_mail(None, ground));
                plan.changes.push(invite(address, membership, &wanted, draft, Cause::Declared, ground));
            }
            None => plan.deferred.push(Deferred {
                address,
                what: "invite".into(),
                because: "a role of it can't be told yet".into(),
                until: None,
            }),
        }
    }
}

/// Moves invites beyond the daily limit out of the plan.
pub(super) fn keep_to_daily_limit(ground: &Ground<'_>, plan: &mut Plan) {
    let Some(limit) = ground.input.desired.policy.invites.per_day else { return };
    let day = SignedDuration::from_hours(24);
    let sent = ground
        .input
        .state
        .into_iter()
        .flat_map(|state| state.memberships.values().flat_map(BTreeMap::values))
        .filter_map(|record| record.mail.last)
        .filter(|at| ground.input.now.duration_since(*at) < day)
        .count();
    let mut left = (limit as usize).saturating_sub(sent);
    let mut over = vec![];
    plan.changes.retain(|change| {
        if change.mails == 0 || !matches!(change.kind, ChangeKind::Invite | ChangeKind::Resend) {
            return true;
        }
        let fits = left > 0;
        left = left.saturating_sub(1);
        if !fits {
            over.push(Deferred {
                address: change.address.clone(),
                what: "invite".into(),
                because: format!("the limit of {limit} mails in 24 h is reached"),
                until: None,
            });
        }
        fits
    });
    plan.deferred.extend(over);
}

/// The live grants of a declaration, resolved, and when each ends.
struct Wanted<'a> {
    grants: BTreeMap<&'a Grant, (Ref<RoleId>, Option<Timestamp>)>,
}

impl Wanted<'_> {
    fn refs(&self) -> BTreeMap<Ref<RoleId>, Option<Timestamp>> {
        self.grants.values().cloned().collect()
    }
}

fn resolve<'a>(
    desired: &'a DesiredMembership,
    path: &AccountPath,
    ground: &Ground<'_>,
) -> Option<Wanted<'a>> {
    let live = desired.grants.iter().filter(|(_, ends)| ends.is_none_or(|ends| ends > ground.input.now));
    let grants = live
        .map(|(grant, ends)| Some((grant, (ground.roles.resolve(grant, path, ground)?, *ends))))
        .collect::<Option<_>>()?;
    Some(Wanted { grants })
}

/// One person who should be here, with all that decides what happens.
struct Case<'c, 'g, 'a> {
    here: &'c Here<'g, 'a>,
    email: &'a Email,
    desired: &'a DesiredMembership,
    remembered: Option<Remembered<'a>>,
    wanted: Wanted<'a>,
}

/// How actual grants compare with declared ones.
#[derive(Default)]
struct Difference {
    /// Everything that should be there afterwards.
    all: BTreeSet<Ref<RoleId>>,
    /// Of that, what is ours, and when it ends.
    granted: BTreeMap<Ref<RoleId>, Option<Timestamp>>,
    /// Of that, what was there before us and stays.
    kept: BTreeSet<RoleId>,
    gains: Vec<String>,
    loses: Vec<String>,
    /// Every difference is drift.
    drift_only: bool,
    /// Every loss was declared while it was still ahead.
    foreseen: bool,
    expired: bool,
    /// Drift that is only reported.
    reported: Vec<String>,
}

impl<'a> Case<'_, '_, 'a> {
    fn ground(&self) -> &Ground<'a> {
        self.here.ground
    }

    fn address(&self) -> Address {
        self.here.address(self.email)
    }

    fn refuse(&self, what: &str, because: String, next: String, plan: &mut Plan) {
        plan.refused.push(Refused {
            address: self.address(),
            what: what.into(),
            because,
            next,
            place: Some(self.desired.place.clone()),
        });
    }

    fn draft(&self, difference: &Difference, person: Option<PersonId>, mail: MailRecord) -> MembershipDraft {
        let account = Ref::Known(self.here.id.clone());
        let draft = draft(account, self.email, self.desired, difference.granted.clone(), mail);
        MembershipDraft { person, kept: difference.kept.clone(), ..draft }
    }

    /// The mails that were sent so far; one that was found has had one.
    fn mail(&self, found: Option<&ActualInvite>) -> MailRecord {
        let remembered = self.remembered.map(|one| one.record.mail);
        let seen = found.and_then(|invite| invite.invited_at);
        match remembered {
            Some(mail) if mail.attempts > 0 => mail,
            _ if found.is_some() => MailRecord { attempts: 1, last: seen, outcome: Some(MailOutcome::Sent) },
            _ => MailRecord::default(),
        }
    }

    /// Compares grants three ways: declared, last applied, actual.
    fn compare(&self, actual: &BTreeSet<RoleId>) -> Difference {
        let roles = &self.ground().roles;
        let policy = &self.ground().input.desired.policy;
        let implied = self.ground().input.semantics.roles.implied;
        let record = self.remembered.map(|one| one.record);
        let adoption = self.ground().input.desired.accounts.get(&self.here.path).and_then(|one| one.adoption);
        let take = adoption.unwrap_or(policy.adoption) == Adoption::Take;
        let report = policy.drift == DriftPolicy::Report;
        let one_role = self.ground().input.semantics.roles.combine == Combine::ExactlyOne;
        // Before somebody joins, a grant that is missing may be one that comes with joining.
        let was_there = record.is_some_and(|record| record.person.is_some())
            || self.ground().input.capabilities.grants_before_acceptance;
        let mut difference = Difference { drift_only: true, foreseen: true, ..Difference::default() };
        let mut present: BTreeSet<&Grant> = BTreeSet::new();

        for id in actual {
            let grant = roles.grant(id);
            if let Some((grant, (_, ends))) = self.wanted.grants.get_key_value(&grant) {
                present.insert(grant);
                difference.all.insert(Ref::Known(id.clone()));
                difference.granted.insert(Ref::Known(id.clone()), *ends);
                continue;
            }
            let applied = record.and_then(|record| record.granted.get(id));
            if roles.known(id).is_none() {
                // Its owner was not seen, or a list is short: what can't be named is not taken away.
                difference.all.insert(Ref::Known(id.clone()));
                if let Some(ends) = applied {
                    difference.granted.insert(Ref::Known(id.clone()), *ends);
                }
                continue;
            }
            let expired = self.desired.grants.get(&grant).copied().flatten();
            let stays = match (record, applied) {
                // The declared role takes its place; one that came with joining is no loss.
                _ if one_role
                    && !self.wanted.grants.is_empty()
                    && !(report && was_there && applied.is_none() && record.is_some()) =>
                {
                    difference.drift_only &= record.is_some() && applied.is_none();
                    difference.foreseen &= record.is_some() && !was_there;
                    false
                }
                _ if matches!(&grant, Grant::Fixed(name) if implied.contains(&name.as_str())) => true,
                _ if expired.is_some() => {
                    difference.expired = true;
                    difference.drift_only = false;
                    difference.foreseen &= applied.copied().flatten() == expired;
                    false
                }
                // Ours, and no longer declared.
                (Some(_), Some(_)) => {
                    difference.drift_only = false;
                    difference.foreseen = false;
                    false
                }
                // Taken over with it, and kept then.
                (Some(record), None) if record.kept.contains(id) && !take => {
                    difference.kept.insert(id.clone());
                    true
                }
                // Kept then, and taken over now.
                (Some(record), None) if record.kept.contains(id) => {
                    difference.drift_only = false;
                    difference.foreseen = false;
                    false
                }
                // Somebody else gave it.
                (Some(_), None) if report => {
                    difference.reported.push(format!("has {} too", roles.title(id)));
                    true
                }
                (Some(_), None) => {
                    difference.foreseen = false;
                    false
                }
                (None, _) if take => {
                    difference.drift_only = false;
                    difference.foreseen = false;
                    false
                }
                (None, _) => {
                    difference.kept.insert(id.clone());
                    true
                }
            };
            if stays {
                difference.all.insert(Ref::Known(id.clone()));
            } else {
                difference.loses.push(roles.title(id));
            }
        }
        for (grant, (role, ends)) in &self.wanted.grants {
            if present.contains(grant) {
                continue;
            }
            let title = roles.grant_title(grant, self.ground());
            let applied = was_there
                && role.known().is_some_and(|id| record.is_some_and(|one| one.granted.contains_key(id)));
            if applied && report {
                difference.reported.push(format!("lacks {title}"));
                difference.granted.insert(role.clone(), *ends);
                continue;
            }
            difference.drift_only &= applied;
            difference.all.insert(role.clone());
            difference.granted.insert(role.clone(), *ends);
            difference.gains.push(title);
        }
        difference.gains.sort();
        difference.loses.sort();
        difference
    }

    fn report_drift(&self, difference: &Difference, plan: &mut Plan) {
        for what in &difference.reported {
            plan.drift.push(Kept {
                address: self.address(),
                what: what.clone(),
                because: "changed at the provider; the drift policy is Report".into(),
            });
        }
    }

    fn report_kept(&self, difference: &Difference, plan: &mut Plan) {
        for id in &difference.kept {
            plan.kept.push(Kept {
                address: self.address(),
                what: self.ground().roles.title(id),
                because: "an extra grant that was there before us".into(),
            });
        }
    }

    fn cause(&self, difference: &Difference) -> Cause {
        if difference.drift_only {
            Cause::Drift
        } else if difference.expired {
            Cause::Expired
        } else {
            Cause::Declared
        }
    }

    fn member(&self, person: &'a PersonId, member: &'a ActualMember, plan: &mut Plan) {
        let now_called = self.ground().people.email(person, member);
        if let Some(to) = now_called.filter(|to| *to != self.email) {
            plan.renamed.push(Renamed {
                address: self.address(),
                from: self.email.clone(),
                to: to.clone(),
                place: self.desired.place.clone(),
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
        if difference.gains.is_empty() && difference.loses.is_empty() {
            self.settle(&draft, &member.roles, "member", plan);
            return;
        }
        self.adopt(&draft, &member.roles, "member", plan);
        let losers = self.losers(&difference, self.ground().people.shown(person, member));
        plan.changes.push(PlannedChange {
            title: self.email.to_string(),
            gains: difference.gains.clone(),
            loses: difference.loses.clone(),
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

    fn losers(&self, difference: &Difference, person: String) -> BTreeSet<Loser> {
        if difference.loses.is_empty() {
            return BTreeSet::new();
        }
        BTreeSet::from([Loser {
            account: self.here.id.clone(),
            path: self.here.path.clone(),
            person,
            foreseen: difference.foreseen,
        }])
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
    fn settle(&self, draft: &MembershipDraft, there: &BTreeSet<RoleId>, what: &str, plan: &mut Plan) {
        if self.remembered.is_none() {
            self.adopt(draft, there, what, plan);
            return;
        }
        self.remember(draft, plan);
    }

    /// Takes over what is there and not ours: what we applied is what is already so.
    fn adopt(&self, draft: &MembershipDraft, there: &BTreeSet<RoleId>, what: &str, plan: &mut Plan) {
        if self.remembered.is_some() {
            return;
        }
        let already = draft.grants.iter().filter(|(role, _)| role.known().is_some_and(|id| there.contains(id)));
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

    fn remember(&self, draft: &MembershipDraft, plan: &mut Plan) {
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

    fn invited(&self, invites: &[&'a ActualInvite], plan: &mut Plan) {
        let failed = self.mail(None).outcome == Some(MailOutcome::Failed);
        let pending: Vec<_> = invites
            .iter()
            .filter(|invite| invite.status == InviteStatus::Pending && !failed)
            .copied()
            .collect();
        let same = pending.iter().find(|invite| {
            let difference = self.compare(&invite.roles);
            difference.gains.is_empty() && difference.loses.is_empty()
        });
        match (same.or(pending.first()), invites.first()) {
            (Some(invite), _) => self.pending(invite, pending.len(), plan),
            (None, Some(invite)) => self.dead(invite, plan),
            (None, None) => {}
        }
    }

    fn is_requested(&self) -> bool {
        self.ground().input.requests.resend.contains(&self.address())
    }

    /// A live invite: converged, waiting, unless its grants differ.
    fn pending(&self, invite: &'a ActualInvite, count: usize, plan: &mut Plan) {
        let difference = self.compare(&invite.roles);
        self.report_drift(&difference, plan);
        self.report_kept(&difference, plan);
        let mail = self.mail(Some(invite));
        let can_resend = self.ground().input.capabilities.resend_invite;
        if self.is_requested() && !can_resend {
            self.refuse_resend(plan);
        } else if self.is_requested()
            || can_resend && self.remembered.is_some() && self.is_due_while_pending(&mail)
        {
            self.resend(invite, &difference, plan);
            return;
        }
        let differs = !difference.gains.is_empty() || !difference.loses.is_empty();
        let can = self.ground().input.capabilities.update_invite;
        let note = match (differs && !can, count) {
            (true, _) => Some("its grants differ and are put right on joining".to_owned()),
            (false, 1) => None,
            (false, count) => Some(format!("{count} invites are out")),
        };
        plan.waiting.push(Waiting {
            address: self.address(),
            since: mail.last.or(invite.invited_at),
            attempts: mail.attempts,
            note,
        });
        let draft = self.draft(&difference, None, mail);
        if !differs {
            self.settle(&draft, &invite.roles, "invite", plan);
            return;
        }
        self.adopt(&draft, &invite.roles, "invite", plan);
        if !can {
            return;
        }
        plan.changes.push(PlannedChange {
            title: self.email.to_string(),
            gains: difference.gains.clone(),
            loses: difference.loses.clone(),
            notes: vec!["the invite is still pending; no mail is sent".into()],
            place: Some(self.desired.place.clone()),
            losers: self.losers(&difference, self.email.to_string()),
            ..PlannedChange::new(
                ChangeKind::Update,
                self.cause(&difference),
                Change {
                    address: self.address(),
                    action: Action::UpdateInvite {
                        account: self.here.id.clone(),
                        invite: invite.id.clone(),
                        email: self.email.clone(),
                        from: invite.roles.clone(),
                        roles: difference.all,
                    },
                },
                RecordDraft::Membership(draft),
            )
        });
    }

    fn is_due_while_pending(&self, mail: &MailRecord) -> bool {
        let policy = &self.ground().input.desired.policy.invites;
        policy.resend_pending
            && mail.attempts < policy.max_attempts
            && self.due_at(mail).is_some_and(|at| at <= self.ground().input.now)
    }

    /// When the next mail may go out.
    fn due_at(&self, mail: &MailRecord) -> Option<Timestamp> {
        let wait = SignedDuration::try_from(self.ground().input.desired.policy.invites.resend_after).ok()?;
        mail.last?.checked_add(wait).ok()
    }

    /// An invite that can't be accepted any more.
    fn dead(&self, invite: &'a ActualInvite, plan: &mut Plan) {
        let difference = self.compare(&invite.roles);
        let mail = self.mail(Some(invite));
        let policy = &self.ground().input.desired.policy.invites;
        let draft = self.draft(&difference, None, mail);
        let what = match invite.status {
            InviteStatus::Expired => "invite, expired",
            InviteStatus::Failed | InviteStatus::Pending => "invite, whose mail failed",
        };
        if difference.gains.is_empty() && difference.loses.is_empty() {
            self.settle(&draft, &invite.roles, what, plan);
        } else {
            self.adopt(&draft, &invite.roles, what, plan);
        }
        if self.is_requested() && self.ground().input.capabilities.resend_invite {
            self.resend(invite, &difference, plan);
            return;
        }
        if self.remembered.is_none() {
            plan.deferred.push(Deferred {
                address: self.address(),
                what: "send the expired invite again".into(),
                because: "it is only being taken over now".into(),
                until: self.due_at(&mail).filter(|at| *at > self.ground().input.now),
            });
            return;
        }
        if !self.ground().input.capabilities.resend_invite {
            self.refuse_resend(plan);
            return;
        }
        if mail.outcome == Some(MailOutcome::Unknown) {
            self.ask("whether its last mail went out is not known", plan);
            return;
        }
        if mail.attempts >= policy.max_attempts {
            let verb = if invite.status == InviteStatus::Expired { "expired" } else { "failed" };
            let because = format!("its invite {verb} after {} mails", mail.attempts);
            match policy.on_exhausted {
                OnExhausted::Withdraw if self.ground().input.capabilities.withdraw_invite => {
                    plan.changes.push(super::absent::withdraw(
                        self.here,
                        self.email,
                        invite,
                        Cause::Declared,
                        true,
                        Some(because),
                        RecordDraft::Nothing,
                    ));
                }
                OnExhausted::Withdraw | OnExhausted::Hold => {
                    self.ask(&because, plan);
                }
            }
            return;
        }
        let now = self.ground().input.now;
        match self.due_at(&mail) {
            Some(at) if at > now && invite.status == InviteStatus::Expired => plan.deferred.push(Deferred {
                address: self.address(),
                what: "send the expired invite again".into(),
                because: "the last mail was too recent".into(),
                until: Some(at),
            }),
            _ => self.resend(invite, &difference, plan),
        }
    }

    /// Nobody can mail again; a new invite needs the old one to be gone.
    fn refuse_resend(&self, plan: &mut Plan) {
        let title = self.ground().input.semantics.title;
        let next = "take the invite back at the provider, then run `orgform invites resend`";
        self.refuse("mail again", format!("{title} can't mail an invite again"), next.into(), plan);
    }

    /// A person must decide whether to mail.
    fn ask(&self, because: &str, plan: &mut Plan) {
        let next = format!("orgform invites resend {}", self.address());
        self.refuse("mail again", because.to_owned(), next, plan);
    }

    fn resend(&self, invite: &'a ActualInvite, difference: &Difference, plan: &mut Plan) {
        let mut mail = self.mail(Some(invite));
        mail.attempts += 1;
        mail.last = Some(self.ground().input.now);
        mail.outcome = Some(MailOutcome::Sent);
        let cause = if self.is_requested() { Cause::Requested } else { Cause::Declared };
        plan.changes.push(PlannedChange {
            title: self.email.to_string(),
            gains: difference.gains.clone(),
            loses: difference.loses.clone(),
            notes: vec![format!("mail number {}", mail.attempts)],
            mails: u32::from(self.ground().input.capabilities.mails.on_resend),
            place: Some(self.desired.place.clone()),
            losers: self.losers(difference, self.email.to_string()),
            ..PlannedChange::new(
                ChangeKind::Resend,
                cause,
                Change {
                    address: self.address(),
                    action: Action::Resend {
                        account: self.here.id.clone(),
                        invite: invite.id.clone(),
                        email: self.email.clone(),
                        from: invite.roles.clone(),
                        roles: difference.all.clone(),
                    },
                },
                RecordDraft::Membership(self.draft(difference, None, mail)),
            )
        });
    }

    /// Neither member nor invite: the transition from absent, on which a mail goes out, once.
    fn nobody(&self, plan: &mut Plan) {
        let ground = self.ground();
        if ground.is_pending(&self.address()) {
            ground.defer_pending(self.address(), "invite", plan);
            return;
        }
        if !self.here.content.people_complete.is_complete() {
            ground.defer_unseen(self.address(), "invite", plan);
            return;
        }
        if let Some(one) = self.remembered.filter(|_| !self.is_requested()) {
            match one.record.mail.outcome {
                Some(MailOutcome::Unknown) => {
                    self.ask("whether its invite went out is not known, and nothing is there", plan);
                }
                _ if ground.input.desired.policy.drift == DriftPolicy::Report => plan.drift.push(Kept {
                    address: self.address(),
                    what: "gone".into(),
                    because: "changed at the provider; the drift policy is Report".into(),
                }),
                _ => self.ask("it was here and is gone at the provider; inviting again sends a mail", plan),
            }
            return;
        }
        if let Some(from) = self.edited_from() {
            self.refuse(
                "invite",
                format!(
                    "the e-mail of {} was edited from {from}, and {} can't change a person's e-mail",
                    self.desired.object, ground.input.semantics.title
                ),
                "put the old e-mail back, or give the new person an object of another name".into(),
                plan,
            );
            return;
        }
        if !self.here.roster.unreadable.is_empty() {
            let who: Vec<_> = self.here.roster.unreadable.iter().take(5).map(String::as_str).collect();
            plan.deferred.push(Deferred {
                address: self.address(),
                what: "invite".into(),
                because: format!(
                    "it may be one of {} members whose e-mail can't be read: {}; `identities` in the Member tells",
                    self.here.roster.unreadable.len(),
                    who.join(", ")
                ),
                until: None,
            });
            return;
        }
        let cause = if self.is_requested() { Cause::Requested } else { Cause::Declared };
        let account = Ref::Known(self.here.id.clone());
        let mail = first_mail(self.remembered.map(|one| one.record.mail), ground);
        let draft = draft(account, self.email, self.desired, self.wanted.refs(), mail);
        plan.changes.push(invite(self.address(), self.desired, &self.wanted, draft, cause, ground));
    }

    /// The e-mail that the same object declared before, here or elsewhere, if nobody declares that one now.
    fn edited_from(&self) -> Option<&'a Email> {
        let ground = self.ground();
        ground.remembered_of_object(&self.desired.object).iter().find_map(|(account, email)| {
            let declared = ground.input.desired.membership(&ground.accounts.label(account), email).is_some();
            (*email != self.email && !declared).then_some(*email)
        })
    }
}

fn draft(
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

fn first_mail(before: Option<MailRecord>, ground: &Ground<'_>) -> MailRecord {
    MailRecord {
        attempts: before.map_or(0, |mail| mail.attempts) + 1,
        last: Some(ground.input.now),
        outcome: Some(MailOutcome::Sent),
    }
}

fn invite(
    address: Address,
    desired: &DesiredMembership,
    wanted: &Wanted<'_>,
    draft: MembershipDraft,
    cause: Cause,
    ground: &Ground<'_>,
) -> PlannedChange {
    let mut gains: Vec<_> =
        wanted.grants.keys().map(|grant| ground.roles.grant_title(grant, ground)).collect();
    gains.sort();
    PlannedChange {
        title: draft.email.to_string(),
        gains,
        mails: u32::from(ground.input.capabilities.mails.on_invite),
        place: Some(desired.place.clone()),
        ..PlannedChange::new(
            ChangeKind::Invite,
            cause,
            Change {
                address: address.clone(),
                action: Action::Invite {
                    account: draft.account.clone(),
                    email: draft.email.clone(),
                    roles: draft.grants.keys().cloned().collect(),
                },
            },
            RecordDraft::Membership(draft),
        )
    }
}
