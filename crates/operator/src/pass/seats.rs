//! What is so in each account of each Member, as it was seen. Pure.

use orgform_model::invite::{InviteStatus, MailOutcome as Known};
use orgform_model::state::MembershipRecord;
use orgform_model::world::{ActualMember, ActualRole};
use orgform_model::{AccountId, AccountPath, Email, Grant, Grants, RoleId, Thing};
use orgform_spec::crd::{Invite, InviteState, MailOutcome, MembershipPhase, MembershipStatus};

use super::say::{Issue, Issues};
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
    path: AccountPath,
    email: &'a Email,
    account: String,
    id: Option<&'a AccountId>,
    record: Option<&'a MembershipRecord>,
    /// None where nobody declares it any more.
    declared: Option<&'a Grants<Grant>>,
}

/// What is so in each account of each Member: where something is declared, and where something that was is still there.
pub(super) fn seats(desired: &Desired, done: &Done, state: &ProviderState, issues: &Issues) -> Seats {
    let mut memberships: BTreeMap<ObjectRef, Vec<MembershipStatus>> = BTreeMap::new();
    let mut left = Vec::new();
    let mut seen = BTreeSet::new();
    for seat in all(desired, state) {
        let status = status(&seat, done, state, issues);
        // One object may name an account twice: its own error says so.
        let is_gone = seat.declared.is_none() && status.phase == MembershipPhase::Absent;
        if is_gone || !seen.insert((seat.object.clone(), seat.account.clone())) {
            continue;
        }
        if seat.declared.is_none() {
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
            path: path.clone(),
            email,
            account: named(account, path, &one.object),
            id,
            record: id.and_then(|id| state.membership(id, email)),
            declared: Some(&one.grants),
        });
    }
    for (id, people) in &state.memberships {
        let account = state.accounts.get(id);
        let undeclared = AccountPath::undeclared(None, id);
        let path = account.map_or(&undeclared, |account| &account.path);
        for (email, record) in people.iter().filter(|(email, _)| desired.membership(path, email).is_none()) {
            all.push(Seat {
                object: &record.object,
                path: path.clone(),
                email,
                account: named(account.map(|account| &account.object), path, &record.object),
                id: Some(id),
                record: Some(record),
                declared: None,
            });
        }
    }
    all
}

fn status(seat: &Seat<'_>, done: &Done, state: &ProviderState, issues: &Issues) -> MembershipStatus {
    let Seat { object, path, email, account, id, record, declared } = seat;
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
    let seen = member.map(|(_, member)| &member.roles).or_else(|| invite.map(|invite| &invite.roles));
    let roles =
        seen.zip(content).map(|(seen, content)| roles_there(*declared, *record, seen, &content.roles, state));
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
    // Of a person as a whole, it is so in each account.
    let is_here = |issue: &&Issue| match &issue.about {
        // The plan says below what an account is that nobody declares.
        Thing::Member(account, person) => {
            let is_it =
                account == path || declared.is_none() && account.to_string().ends_with(&path.to_string());
            is_it && person == *email
        }
        _ => true,
    };
    let issue = issues.get(*object).and_then(|issues| issues.iter().find(is_here));
    MembershipStatus {
        account: account.clone(),
        phase,
        roles: roles.unwrap_or_default(),
        external_id,
        invite,
        reason: issue.map(|one| one.standing.reason.to_string()),
        message: issue.map(|one| cut(&one.standing.message, 4000)),
    }
}

/// What to call an account in the status of a Member.
fn named(account: Option<&ObjectRef>, path: &AccountPath, member: &ObjectRef) -> String {
    account.map_or_else(|| path.to_string(), |account| seen_from(account, member.namespace.as_deref()))
}

/// The roles that somebody has or will have, of those that are declared, were given, or were left when the person was
/// taken over. Where one is there that nobody knows, a declared one that nobody knows either may be it, and is shown.
fn roles_there(
    declared: Option<&Grants<Grant>>,
    record: Option<&MembershipRecord>,
    seen: &BTreeSet<RoleId>,
    roles: &BTreeMap<RoleId, ActualRole>,
    state: &ProviderState,
) -> Vec<String> {
    let own = |id: &RoleId| state.roles.get(id).map(|record| &record.key);
    let fixed = |id: &RoleId| state.fixed_roles.get(id).map(String::as_str).or_else(|| roles.get(id)?.fixed);
    let is_it = |id: &RoleId, grant: &Grant| match grant {
        Grant::Role(key) => own(id) == Some(key),
        // One may have an id in each account.
        Grant::Fixed(name) => fixed(id) == Some(name),
    };
    let is_known = |grant: &Grant| match grant {
        Grant::Role(key) => state.roles.values().any(|record| record.key == *key),
        Grant::Fixed(name) => {
            state.fixed_roles.values().any(|one| one == name)
                || roles.values().any(|role| role.fixed == Some(name))
        }
    };
    let is_one_unknown = || seen.iter().any(|id| own(id).is_none() && fixed(id).is_none());
    let is_there =
        |grant: &&Grant| seen.iter().any(|id| is_it(id, grant)) || !is_known(grant) && is_one_unknown();
    let declared = declared.into_iter().flat_map(Grants::keys).filter(is_there);
    let mut names: Vec<String> = declared.map(ToString::to_string).collect();
    let given = record.into_iter().flat_map(|record| record.granted.keys().chain(&record.kept));
    for name in given.filter(|id| seen.contains(*id)).map(|id| role_name(id, state)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
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

#[cfg(test)]
mod tests {
    use orgform_model::policy::Removal;
    use orgform_model::state::{MailRecord, RoleRecord};
    use orgform_model::world::RemovalFacts;
    use orgform_model::{Fields, ObjectKind, RoleKey};

    use super::*;

    fn state() -> ProviderState {
        let mut state = ProviderState::default();
        let record = RoleRecord {
            object: ObjectRef::of_file(ObjectKind::Role, "viewer"),
            account: "acme".into(),
            key: RoleKey::new("acme".into(), "viewer"),
            applied: Fields::default(),
            removal: Removal::Remove,
        };
        state.roles.insert("role-v".into(), record);
        state.fixed_roles.insert("role-a".into(), "admin".to_owned());
        state.fixed_roles.insert("role-b".into(), "admin".to_owned());
        state
    }

    fn record(granted: &[&str], kept: &[&str]) -> MembershipRecord {
        MembershipRecord {
            object: ObjectRef::of_file(ObjectKind::Member, "ada"),
            person: None,
            granted: granted.iter().map(|&id| (id.into(), None)).collect(),
            kept: kept.iter().map(|&id| id.into()).collect(),
            removal: Removal::Remove,
            mail: MailRecord::default(),
            leaving: false,
            disabled: false,
        }
    }

    #[test]
    fn the_roles_that_are_shown_are_those_that_are_there() {
        let (viewer, admin) =
            (Grant::Role(RoleKey::new("acme".into(), "viewer")), Grant::Fixed("admin".to_owned()));
        let declared =
            |grants: &[&Grant]| grants.iter().map(|&one| (one.clone(), None)).collect::<Grants<_>>();
        let shown = |declared: &Grants<Grant>, record: &MembershipRecord, seen: &[&str]| {
            let seen = seen.iter().map(|&id| id.into()).collect();
            let owner =
                ActualRole { fixed: Some("owner"), fields: Fields::default(), removal: RemovalFacts::LOCAL };
            roles_there(Some(declared), Some(record), &seen, &[("role-o".into(), owner)].into(), &state())
        };

        let edited = declared(&[&viewer]);
        assert_eq!(shown(&edited, &record(&["role-b"], &[]), &["role-b"]), ["admin"], "the edit waits");
        assert_eq!(shown(&edited, &record(&["role-v"], &[]), &["role-v"]), ["viewer"]);
        assert_eq!(
            shown(&edited, &record(&["role-v"], &["role-a"]), &["role-v", "role-a"]),
            ["viewer", "admin"]
        );
        assert_eq!(shown(&edited, &record(&["role-b"], &[]), &["role-x"]), Vec::<String>::new());
        let both = declared(&[&admin, &viewer]);
        assert_eq!(
            shown(&both, &record(&["role-v"], &[]), &["role-v"]),
            ["viewer"],
            "admin is still to come"
        );
        let owner = declared(&[&Grant::Fixed("owner".to_owned())]);
        assert_eq!(shown(&owner, &record(&[], &[]), &["role-o"]), ["owner"], "seen, and never remembered");
        assert_eq!(shown(&owner, &record(&[], &[]), &["role-7"]), Vec::<String>::new());
        let made_later = declared(&[&Grant::Role(RoleKey::new("acme".into(), "auditor"))]);
        assert_eq!(shown(&made_later, &record(&["role-v"], &[]), &["role-v"]), ["viewer"]);
        let unknown = declared(&[&Grant::Fixed("auditor".to_owned())]);
        assert_eq!(shown(&unknown, &record(&[], &[]), &["role-7"]), ["auditor"], "nobody can tell");
    }
}
