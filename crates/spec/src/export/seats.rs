//! Who is where: every membership and invite of a world, by person, as it would be declared.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::invite::InviteStatus;
use orgform_model::world::{ActualInvite, ActualMember, PersonSeen};
use orgform_model::{AccountId, Email, PersonId, RoleId};

use super::Run;
use crate::names::email_fault;

/// Whom a declaration would be of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who<'a> {
    /// Somebody with an e-mail that can be declared.
    Email(Email),
    /// Somebody who is told by id only.
    Id(&'a PersonId),
}

/// Everything of one person.
#[derive(Default)]
pub(super) struct Person<'a> {
    /// What the provider calls the person, where the e-mail can't be told.
    pub(super) hint: Option<&'a str>,
    /// An e-mail that can be read and not be declared.
    pub(super) odd_email: Option<Email>,
    /// In the order of the accounts.
    pub(super) seats: Vec<Seat<'a>>,
}

/// One person in one account.
pub(super) struct Seat<'a> {
    pub(super) account: &'a AccountId,
    /// Names of the roles, sorted.
    pub(super) roles: BTreeSet<String>,
    pub(super) standing: Standing,
    /// More to know, as clauses.
    pub(super) notes: Vec<String>,
}

/// How a person is in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Member,
    Invited,
    /// The invite can't be accepted any more.
    Expired,
}

/// Everybody, by e-mail, then by id.
pub(super) fn people<'a>(run: &mut Run<'a>) -> BTreeMap<Who<'a>, Person<'a>> {
    let mut people = BTreeMap::new();
    for account in run.tree.order() {
        let Some(content) = run.source.world.content(account) else { continue };
        let mut here = BTreeSet::new();
        for (id, member) in &content.members {
            members(run, account, id, member, &mut here, &mut people);
        }
        let mut invites: BTreeMap<&Email, Vec<&ActualInvite>> = BTreeMap::new();
        for invite in
            content.invites.iter().filter(|invite| !here.contains(&Who::Email(invite.email.clone())))
        {
            invites.entry(&invite.email).or_default().push(invite);
        }
        for (email, mut several) in invites {
            several.sort_by(|one, other| one.id.cmp(&other.id));
            invited(run, account, email, &several, &mut people);
        }
    }
    people
}

fn members<'a>(
    run: &mut Run<'a>,
    account: &'a AccountId,
    id: &'a PersonId,
    member: &'a ActualMember,
    here: &mut BTreeSet<Who<'a>>,
    people: &mut BTreeMap<Who<'a>, Person<'a>>,
) {
    let email = email(run, id, member);
    let fine = email.clone().filter(|email| email_fault(email.written()).is_none());
    let who = fine.map_or(Who::Id(id), Who::Email);
    let shown = match (&who, &member.hint) {
        (Who::Email(email), _) => email.to_string(),
        (Who::Id(id), Some(hint)) => format!("{id} ({hint})"),
        (Who::Id(id), None) => id.to_string(),
    };
    let at = format!("{shown} in {}", run.path(account));
    if !here.insert(who.clone()) {
        return run.leave_out(at, format!("another person there has the same e-mail; this one is {id}"));
    }
    if is_declared(run, account, &who) {
        return;
    }
    let (roles, notes) = roles(run, account, &member.roles);
    if roles.is_empty() {
        return run.leave_out(at, nothing_to_name(&notes));
    }
    let mut notes: Vec<String> = notes.iter().map(|role| format!("also holds {role}, which stays")).collect();
    notes.extend(member.disabled.then(|| "disabled there".to_owned()));
    let person = people.entry(who.clone()).or_default();
    if let Who::Id(_) = who {
        person.hint = member.hint.as_deref();
        person.odd_email = email;
    }
    person.seats.push(Seat { account, roles, standing: Standing::Member, notes });
}

/// The one invite that is told of several: a live one, if there is any.
fn invited<'a>(
    run: &mut Run<'a>,
    account: &'a AccountId,
    email: &Email,
    several: &[&'a ActualInvite],
    people: &mut BTreeMap<Who<'a>, Person<'a>>,
) {
    let at = format!("the invite of {email} in {}", run.path(account));
    if email_fault(email.written()).is_some() {
        return run.leave_out(at, "that is not an e-mail address that can be declared");
    }
    let who = Who::Email(email.clone());
    if is_declared(run, account, &who) {
        return;
    }
    let live: Vec<_> = several.iter().filter(|invite| invite.status == InviteStatus::Pending).collect();
    let Some(invite) = live.first().copied().or(several.first()) else { return };
    let standing = if live.is_empty() { Standing::Expired } else { Standing::Invited };
    let (roles, unnamed) = roles(run, account, &invite.roles);
    if roles.is_empty() {
        return run.leave_out(at, nothing_to_name(&unnamed));
    }
    let mut notes: Vec<String> =
        unnamed.iter().map(|role| format!("also gives {role}, which stays")).collect();
    notes.extend((live.len() > 1).then(|| format!("{} invites are out", live.len())));
    if live.is_empty() {
        run.leave_out(at, "it has expired; declared, it would be mailed again");
        // A comment in a file of somebody's own can't be added, and was there before perhaps.
        if run.source.known.emails.contains_key(email) {
            return;
        }
    }
    people.entry(who).or_default().seats.push(Seat { account, roles, standing, notes });
}

fn nothing_to_name(unnamed: &[String]) -> String {
    match unnamed {
        [] => "no role comes with it".to_owned(),
        roles => format!("what comes with it can't be given there: {}", roles.join(", ")),
    }
}

/// Declared there, or declared to be nowhere.
fn is_declared(run: &Run<'_>, account: &AccountId, who: &Who<'_>) -> bool {
    let Who::Email(email) = who else { return false };
    let known = run.source.known;
    known.offboarded.contains(email) || known.memberships.contains(&(account.clone(), email.clone()))
}

/// What the planner takes for the person's e-mail: as declared by id, as looked up, as listed.
fn email<'a>(run: &Run<'a>, id: &PersonId, member: &'a ActualMember) -> Option<Email> {
    if let Some(email) = run.source.known.people.get(id) {
        return Some(email.clone());
    }
    match run.source.world.people.get(id) {
        Some(PersonSeen::Email(email)) => Some(email.clone()),
        Some(PersonSeen::Unreadable { .. } | PersonSeen::NotRead { .. } | PersonSeen::Gone) => None,
        None => member.email.clone(),
    }
}

/// The names of the roles that can be given here, and the ids of those that can't.
fn roles(run: &Run<'_>, account: &AccountId, ids: &BTreeSet<RoleId>) -> (BTreeSet<String>, Vec<String>) {
    let semantics = run.source.semantics;
    let (mut names, mut unnamed) = (BTreeSet::new(), Vec::new());
    for id in ids {
        let everywhere = semantics.roles.fixed.iter().find(|fixed| fixed.id == Some(id.as_str()));
        let inherited = semantics.roles.inherited;
        let owners = run.tree.lineage(account).take(if inherited { usize::MAX } else { 1 });
        let found = owners
            .filter_map(|owner| run.source.world.content(owner))
            .find_map(|content| content.roles.get(id));
        let name = match (everywhere, found.map(|role| role.fixed)) {
            (Some(fixed), _) => Some(fixed.name.to_owned()),
            (None, Some(Some(fixed))) => Some(fixed.to_owned()),
            (None, Some(None)) => run.role_names.get(id).map(|name| name.to_string()),
            (None, None) => None,
        };
        match name {
            Some(name) if semantics.roles.implied.contains(&name.as_str()) => {}
            Some(name) => drop(names.insert(name)),
            None => unnamed.push(id.to_string()),
        }
    }
    (names, unnamed)
}
