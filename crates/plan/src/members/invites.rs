//! Invites that are out: they wait, are changed, or are mailed again.

use jiff::{SignedDuration, Timestamp};
use orgform_model::PersonId;
use orgform_model::change::{Action, Change, Ref};
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::policy::OnExhausted;
use orgform_model::state::{MailRecord, MembershipRecord};
use orgform_model::world::ActualInvite;

use super::absent::withdraw;
use super::grants::Difference;
use super::present::Case;
use crate::plan::{Cause, ChangeKind, Deferred, Plan, PlannedChange, Waiting};
use crate::record::{MembershipDraft, RecordDraft};

impl<'a> Case<'_, '_, 'a> {
    pub(super) fn invited(&self, invites: &[&'a ActualInvite], plan: &mut Plan) {
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

    pub(super) fn is_requested(&self) -> bool {
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

    /// Mails a member again how to come in, because somebody asked: nothing ever shows whether that is needed. It goes
    /// through the person's home, where there is such an account.
    pub(super) fn mail_member(&self, person: &'a PersonId, roles_change: bool, plan: &mut Plan) {
        let ground = self.ground();
        let (title, home) = (ground.input.semantics.title, self.here.content.homes.get(person));
        if ground.is_pending(&self.address()) {
            ground.defer_pending(self.address(), "mail again", plan);
            return;
        }
        if roles_change {
            plan.deferred.push(Deferred {
                address: self.address(),
                what: "mail again".into(),
                because: "other changes of this membership come first".into(),
                until: None,
            });
            return;
        }
        let account = home.unwrap_or(self.here.id);
        if !ground.input.world.directory.accounts.contains_key(account) {
            let what = ground.input.semantics.people.home.unwrap_or("own account");
            let because = format!("{title} mails through the {what} only, {account}, which can't be seen");
            self.refuse("mail again", because, "do it in the portal".into(), plan);
            return;
        }
        let mut mail = self.mail(None);
        mail.attempts += 1;
        mail.last = Some(ground.input.now);
        mail.outcome = Some(MailOutcome::Sent);
        let mut notes = vec![format!("mail number {}", mail.attempts)];
        if account != self.here.id
            && let Some(what) = ground.input.semantics.people.home
        {
            notes.push(format!("through the {what}, {}", ground.accounts.label(account)));
        }
        let Some(one) = self.remembered else {
            let next = "run `orgform apply` first, which takes the person over".to_owned();
            self.refuse(
                "mail again",
                "it is not ours yet, so nobody would remember the mail".into(),
                next,
                plan,
            );
            return;
        };
        let MembershipRecord { object, granted, kept, removal, disabled, .. } = one.record;
        let draft = MembershipDraft {
            account: Ref::Known(self.here.id.clone()),
            email: one.under.clone(),
            object: object.clone(),
            person: Some(person.clone()),
            grants: granted.iter().map(|(role, ends)| (Ref::Known(role.clone()), *ends)).collect(),
            kept: kept.clone(),
            removal: *removal,
            mail,
            disabled: *disabled,
        };
        plan.changes.push(PlannedChange {
            title: self.email.to_string(),
            notes,
            mails: u32::from(ground.input.capabilities.mails.on_resend),
            place: Some(self.desired.place.clone()),
            ..PlannedChange::new(
                ChangeKind::Resend,
                Cause::Requested,
                Change {
                    address: self.address(),
                    action: Action::MailMember { account: account.clone(), person: person.clone() },
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
                    plan.changes.push(withdraw(
                        self.here,
                        self.email,
                        invite,
                        Cause::Declared,
                        true,
                        Some(because),
                        RecordDraft::NOTHING,
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
        let next = format!(
            "take the invite back at the provider, then run `orgform invites resend {}`",
            self.address()
        );
        self.refuse("mail again", format!("{title} can't mail an invite again"), next, plan);
    }

    /// A person must decide whether to mail.
    pub(super) fn ask(&self, because: &str, plan: &mut Plan) {
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
}
