//! What is so in each account of each Member, as it was seen. Pure.

use orgform_model::invite::{InviteStatus, MailOutcome as Known};
use orgform_model::state::MembershipRecord;
use orgform_model::world::ActualMember;
use orgform_model::{AccountId, AccountPath, Email, RoleId};
use orgform_spec::crd::{Invite, InviteState, MailOutcome, MembershipPhase, MembershipStatus};

use super::say::Issues;
use super::{BTreeMap, BTreeSet, Desired, Done, ObjectRef, ProviderState};
use crate::conditions::cut;
use crate::object::seen_from;

/// What is so in the accounts.
pub(super) struct Seats {
    /// By Member.
    pub(super) memberships: BTreeMap<ObjectRef, Vec<MembershipStatus>>,
    /// The people of those that nobody declares any more and that are still there, once for each.
    pub(super) left: Vec<Email>,
}

/// A membership that is declared, or is remembered.
struct Seat<'a> {
    object: &'a ObjectRef,
    email: &'a Email,
    account: String,
    id: Option<&'a AccountId>,
    record: Option<&'a MembershipRecord>,
    roles: Vec<String>,
    declared: bool,
}

/// What is so in each account of each Member: where something is declared, and where something that was is still there.
pub(super) fn seats(desired: &Desired, done: &Done, state: &ProviderState, issues: &Issues) -> Seats {
    let mut memberships: BTreeMap<ObjectRef, Vec<MembershipStatus>> = BTreeMap::new();
    let mut left = Vec::new();
    let mut seen = BTreeSet::new();
    for seat in all(desired, state) {
        let status = status(&seat, done, issues);
        // One object may name an account twice: its own error says so.
        let is_gone = !seat.declared && status.phase == MembershipPhase::Absent;
        if is_gone || !seen.insert((seat.object.clone(), seat.account.clone())) {
            continue;
        }
        if !seat.declared {
            left.push(seat.email.clone());
        }
        // Most have one, and it stays for long.
        memberships.entry(seat.object.clone()).or_insert_with(|| Vec::with_capacity(1)).push(status);
    }
    Seats { memberships, left }
}

/// All that are declared, then those that are only remembered.
fn all<'a>(desired: &'a Desired, state: &'a ProviderState) -> Vec<Seat<'a>> {
    let ids: BTreeMap<_, _> = state.accounts.iter().map(|(id, record)| (&record.path, id)).collect();
    let mut all = Vec::new();
    for (path, email, one) in desired.all_memberships() {
        let id = ids.get(path).copied();
        let account = desired.accounts.get(path).map(|account| &account.object);
        all.push(Seat {
            object: &one.object,
            email,
            account: named(account, path, &one.object),
            id,
            record: id.and_then(|id| state.membership(id, email)),
            roles: one.grants.keys().map(ToString::to_string).collect(),
            declared: true,
        });
    }
    for (id, people) in &state.memberships {
        let account = state.accounts.get(id);
        let undeclared = AccountPath::undeclared(None, id);
        let path = account.map_or(&undeclared, |account| &account.path);
        for (email, record) in people.iter().filter(|(email, _)| desired.membership(path, email).is_none()) {
            all.push(Seat {
                object: &record.object,
                email,
                account: named(account.map(|account| &account.object), path, &record.object),
                id: Some(id),
                record: Some(record),
                roles: record.granted.keys().map(|role| role_name(role, state)).collect(),
                declared: false,
            });
        }
    }
    all
}

fn status(seat: &Seat<'_>, done: &Done, issues: &Issues) -> MembershipStatus {
    let Seat { object, email, account, id, record, roles, declared: _ } = seat;
    let content = id.and_then(|id| done.planned.world.content(id));
    let member = content.and_then(|content| {
        let known = record.and_then(|record| record.person.as_ref());
        let is =
            |(id, member): &(_, &ActualMember)| Some(*id) == known || member.email.as_ref() == Some(email);
        content.members.iter().find(is)
    });
    let invite = content.and_then(|content| content.invites.iter().find(|invite| invite.email == **email));
    let phase = match (member, invite) {
        (Some((_, member)), _) if member.disabled => MembershipPhase::Disabled,
        (Some(_), _) => MembershipPhase::Active,
        (None, Some(invite)) => match invite.status {
            InviteStatus::Pending => MembershipPhase::Invited,
            InviteStatus::Expired => MembershipPhase::Expired,
            InviteStatus::Failed => MembershipPhase::Failed,
        },
        (None, None) => MembershipPhase::Absent,
    };
    let external_id = member.map(|(id, _)| id.to_string());
    let invite = invite.filter(|_| member.is_none()).map(|invite| Invite {
        state: match invite.status {
            InviteStatus::Pending => InviteState::Pending,
            InviteStatus::Expired => InviteState::Expired,
            InviteStatus::Failed => InviteState::Failed,
        },
        since: invite.invited_at.or_else(|| record.as_ref()?.mail.last),
        expires_at: None,
        mails: record.map_or(0, |record| record.mail.attempts),
        last_mail: record.and_then(|record| record.mail.last),
        mail: record.and_then(outcome),
    });
    let issue = issues.get(*object).and_then(|issues| issues.first());
    let shown = !matches!(phase, MembershipPhase::Absent);
    MembershipStatus {
        account: account.clone(),
        phase,
        roles: if shown { roles.clone() } else { vec![] },
        external_id,
        invite,
        reason: issue.map(|one| one.reason.to_string()),
        message: issue.map(|one| cut(&one.message, 4000)),
    }
}

/// What to call an account in the status of a Member.
fn named(account: Option<&ObjectRef>, path: &AccountPath, member: &ObjectRef) -> String {
    account.map_or_else(|| path.to_string(), |account| seen_from(account, member.namespace.as_deref()))
}

fn role_name(id: &RoleId, state: &ProviderState) -> String {
    let own = state.roles.get(id).map(|record| record.key.name.to_string());
    own.or_else(|| state.fixed_roles.get(id).cloned()).unwrap_or_else(|| id.to_string())
}

fn outcome(record: &MembershipRecord) -> Option<MailOutcome> {
    record.mail.outcome.map(|outcome| match outcome {
        Known::Sent => MailOutcome::Sent,
        Known::Unknown => MailOutcome::Unknown,
        Known::Failed => MailOutcome::Failed,
    })
}
