//! Invites: sent once, on the transition from absent; then they wait, are changed, or are mailed again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::{Creation, DesiredMembership, DesiredPerson};
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::policy::{DriftPolicy, OnExhausted};
use orgform_model::state::{MailRecord, MembershipRecord};
use orgform_model::world::ActualInvite;
use orgform_model::{AccountPath, Address, Email, FieldChange, PersonId};

use super::absent::withdraw;
use super::grants::{Difference, Wanted, resolve};
use super::present::{Case, draft};
use super::{edited, edited_next};
use crate::ground::Ground;
use crate::plan::{Cause, ChangeKind, Deferred, Kept, Plan, PlannedChange, Waiting};
use crate::record::{MembershipDraft, RecordDraft};

/// Why somebody is gone whom a used invite had brought in.
const USED: &str = "an invite of this e-mail was used, and no member has it now";

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
                plan.changes.push(arrival(address, membership, &wanted, draft, Cause::Declared, ground));
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
        let arrives = matches!(change.kind, ChangeKind::Invite | ChangeKind::Create | ChangeKind::Resend);
        if change.mails == 0 || !arrives {
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
    pub(super) fn nobody(&self, plan: &mut Plan) {
        let ground = self.ground();
        if ground.is_pending(&self.address()) {
            ground.defer_pending(self.address(), "invite", plan);
            return;
        }
        if !self.here.content.people_complete.is_complete() {
            ground.defer_unseen(self.address(), "invite", plan);
            return;
        }
        let gone = ground.input.state.and_then(|state| state.gone.get(self.email));
        if let Some(at) = gone.filter(|_| !self.is_requested()) {
            self.refuse_return(&format!("this person was removed on {}", at.strftime("%Y-%m-%d")), plan);
            return;
        }
        let returns = ground.input.semantics.people.returns;
        let was_here = !returns && self.here.past.contains(self.email) && !self.is_requested();
        if let Some(one) = self.remembered.filter(|_| !self.is_requested()) {
            match one.record.mail.outcome {
                Some(MailOutcome::Unknown) if !was_here => {
                    self.ask("whether its invite went out is not known, and nothing is there", plan);
                }
                _ if ground.input.desired.policy.drift == DriftPolicy::Report => plan.drift.push(Kept {
                    address: self.address(),
                    what: "gone".into(),
                    because: "changed at the provider; the drift policy is Report".into(),
                }),
                // Somebody who came and went between two looks is remembered as invited.
                _ if was_here => self.refuse_return(USED, plan),
                _ if one.record.person.is_some() && !returns => {
                    self.refuse_return("this person was here and is gone at the provider", plan);
                }
                _ => {
                    let because = "it was here and is gone at the provider; inviting again sends a mail";
                    let next = format!(
                        "the list may have been short: plan again; if the person stays gone, run `orgform invites resend \
                         {}`",
                        self.address()
                    );
                    self.refuse("mail again", because.to_owned(), next, plan);
                }
            }
            return;
        }
        if was_here {
            self.refuse_return(USED, plan);
            return;
        }
        if let Some(from) = self.edited_from() {
            self.refuse(
                "invite",
                edited(&self.desired.object, from, self.email, ground),
                edited_next(ground),
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
        plan.changes.push(arrival(self.address(), self.desired, &self.wanted, draft, cause, ground));
    }

    /// Nobody who was removed comes back by itself.
    fn refuse_return(&self, because: &str, plan: &mut Plan) {
        let title = self.ground().input.semantics.title;
        let because =
            format!("{because}, and {title} can neither make nor invite anybody again who was deleted");
        let next = format!(
            "ask the support of {title} to bring the person back, or drop the declaration; if it is somebody else, run \
             `orgform invites resend {}`",
            self.address()
        );
        self.refuse("bring in", because, next, plan);
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

fn first_mail(before: Option<MailRecord>, ground: &Ground<'_>) -> MailRecord {
    MailRecord {
        attempts: before.map_or(0, |mail| mail.attempts) + 1,
        last: Some(ground.input.now),
        outcome: Some(MailOutcome::Sent),
    }
}

/// How somebody comes in: made at once where that is declared, else invited.
fn arrival(
    address: Address,
    desired: &DesiredMembership,
    wanted: &Wanted<'_>,
    draft: MembershipDraft,
    cause: Cause,
    ground: &Ground<'_>,
) -> PlannedChange {
    let person = ground.input.desired.people.get(&draft.email);
    let creation = person.and_then(|person| person.creation.as_deref());
    let arrives = invite(address, desired, wanted, draft, cause, ground);
    if creation.is_none() && ground.input.semantics.people.invited {
        return arrives;
    }
    create(arrives, person, creation, ground)
}

/// Makes the person instead of inviting: no invite waits, and there is no mail but where making somebody sends one.
fn create(
    invite: PlannedChange,
    person: Option<&DesiredPerson>,
    creation: Option<&Creation>,
    ground: &Ground<'_>,
) -> PlannedChange {
    let Action::Invite { account, email, roles } = invite.change.action else { return invite };
    let declared = person.map(|person| person.fields.clone()).unwrap_or_default();
    let fields = declared.iter();
    let fields =
        fields.map(|(field, to)| FieldChange { field: field.clone(), from: None, to: Some(to.clone()) });
    let mails = ground.input.capabilities.mails.on_create;
    let record = match invite.record {
        RecordDraft::Membership(draft) if !mails => {
            RecordDraft::Membership(MembershipDraft { mail: MailRecord::default(), ..draft })
        }
        other => other,
    };
    let password = creation.and_then(|creation| creation.password.clone());
    let notes = password.iter().map(|password| format!("its first password comes from {password}"));
    PlannedChange {
        kind: ChangeKind::Create,
        mails: u32::from(mails),
        fields: fields.collect(),
        notes: notes.collect(),
        record,
        change: Change {
            address: invite.change.address,
            action: Action::CreateMember { account, email, roles, fields: declared, password },
        },
        ..invite
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
