//! Whoever is declared and is not there: invited or made, once, on the transition from absent; or refused.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::{Creation, DesiredMembership, DesiredPerson};
use orgform_model::invite::MailOutcome;
use orgform_model::policy::DriftPolicy;
use orgform_model::state::MailRecord;
use orgform_model::{AccountPath, Address, Email, FieldChange};

use super::grants::{Wanted, resolve};
use super::present::{Case, draft};
use super::{edited, edited_next};
use crate::ground::Ground;
use crate::plan::{Cause, ChangeKind, Deferred, Kept, Plan, PlannedChange};
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
