//! Plans memberships: one merge walk per account over what is declared, remembered and there.
//!
//! [`present`] decides for somebody who is declared, with [`grants`], [`arrivals`] and [`invites`]; [`absent`] for somebody who
//! is not; [`unclear`] names whom nobody can tell. Nobody is ever replaced: no path here both removes and invites
//! the same person.

mod absent;
mod arrivals;
mod grants;
mod homes;
mod invites;
mod present;
mod unclear;

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::desired::DesiredMembership;
use orgform_model::state::{Entry, MembershipRecord};
use orgform_model::world::{AccountContent, ActualInvite, ActualMember};
use orgform_model::{AccountId, AccountPath, Address, Email, ObjectRef, PersonId, Timestamp};

use crate::bind::Bound;
use crate::ground::Ground;
use crate::people::{Roster, Seat};
use crate::plan::{Deferred, Ending, Plan, UnseenScope};

/// Plans every membership.
pub(crate) fn plan(ground: &Ground<'_>, plan: &mut Plan) {
    for (path, people) in &ground.input.desired.memberships {
        match ground.accounts.bound(path) {
            Some(Bound::Create) => arrivals::in_new_account(path, people, ground, plan),
            Some(Bound::Blocked { .. }) | None => wait_for_account(path, people.len(), ground, plan),
            Some(Bound::Known(_)) => {}
        }
    }
    for (id, content) in &ground.input.world.contents {
        match content {
            Ok(content) => walk(id, content, ground, plan),
            Err(unseen) => plan.unseen.push(UnseenScope {
                account: Some(ground.accounts.label(id)),
                because: unseen.because.clone(),
                hint: unseen.hint.clone(),
            }),
        }
    }
    homes::settle(ground, plan);
    arrivals::keep_to_daily_limit(ground, plan);
    list_endings(ground, plan);
}

/// One account and everything that is known about who is in it.
pub(crate) struct Here<'g, 'a> {
    id: &'a AccountId,
    path: AccountPath,
    content: &'a AccountContent,
    roster: &'g Roster<'a>,
    invites: BTreeMap<&'a Email, Vec<&'a ActualInvite>>,
    /// Whose invites wait for nobody any more.
    past: BTreeSet<&'a Email>,
    ground: &'g Ground<'a>,
}

/// What is remembered of a membership, under which e-mail, and where that person sits, if still here.
#[derive(Clone, Copy)]
pub(crate) struct Remembered<'a> {
    under: &'a Email,
    record: &'a MembershipRecord,
    seat: Option<Seat<'a>>,
}

/// Who is behind an e-mail in one account.
pub(crate) enum Behind<'a> {
    Member(&'a PersonId, &'a ActualMember),
    /// Somebody else than the person whom we remember under this e-mail.
    Stranger(&'a PersonId),
    /// More than one member has this e-mail, and nobody says which is meant: they are named.
    Several(String),
    Nobody,
}

fn walk<'a>(id: &'a AccountId, content: &'a AccountContent, ground: &Ground<'a>, plan: &mut Plan) {
    let path = ground.accounts.label(id);
    for completeness in [&content.roles_complete, &content.people_complete] {
        if let orgform_model::world::Completeness::Partial { because } = completeness {
            let (account, because) = (Some(path.clone()), because.clone());
            plan.unseen.push(UnseenScope { account, because, hint: None });
        }
    }
    let Some(roster) = ground.rosters.get(id) else { return };
    let mut invites: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for invite in &content.invites {
        invites.entry(&invite.email).or_default().push(invite);
    }
    for several in invites.values_mut() {
        several.sort_by(|a, b| a.id.cmp(&b.id));
    }
    let past = content.past_invites.iter().map(|invite| &invite.email).collect();
    let here = Here { id, path, content, roster, invites, past, ground };
    let declared = ground.input.desired.memberships.get(&here.path).filter(|_| here.is_declared());
    let records = here.records();
    // Members whom we know under another e-mail than the provider does now: told under ours.
    let claimed: BTreeSet<&PersonId> = records
        .iter()
        .filter(|(email, one)| *email == one.under)
        .filter_map(|(email, one)| {
            let seat = one.seat?;
            (seat.email.is_some_and(|now| now != *email)).then_some(seat.id)
        })
        .collect();

    for (email, desired, remembered) in everybody(&here, declared, &records) {
        if here.is_frozen(email, desired, remembered) {
            continue;
        }
        let someone_elses = |seat: Seat<'_>| claimed.contains(seat.id);
        if desired.is_none() && remembered.is_none() && roster.by_email(email).is_some_and(someone_elses) {
            continue;
        }
        match desired {
            Some(desired) if present::is_settled(&here, email, desired, remembered) => {}
            Some(desired) if here.is_wanted(email, desired) => {
                present::decide(&here, email, desired, remembered, plan);
            }
            _ => absent::decide(&here, email, desired, remembered, plan),
        }
    }
    if !roster.unreadable.is_empty() {
        unclear::report_unreadable(&here, plan);
    }
    for email in &roster.shared {
        let remembered = records.iter().find(|(one, _)| one == email).map(|(_, one)| *one);
        unclear::report_others(&here, email, remembered, plan);
    }
}

/// Merges who is declared, remembered, invited and there into one list, by e-mail.
fn everybody<'w, 'a>(
    here: &'w Here<'_, 'a>,
    declared: Option<&'a BTreeMap<Email, DesiredMembership>>,
    records: &'w [(&'a Email, Remembered<'a>)],
) -> impl Iterator<Item = (&'a Email, Option<&'a DesiredMembership>, Option<Remembered<'a>>)> {
    let mut declared = declared.into_iter().flatten().peekable();
    let mut records = records.iter().copied().peekable();
    let mut invited = here.invites.keys().copied().peekable();
    let mut there = here.roster.emails().peekable();
    std::iter::from_fn(move || {
        let heads = [
            declared.peek().map(|(email, _)| *email),
            records.peek().map(|(email, _)| *email),
            invited.peek().copied(),
            there.peek().copied(),
        ];
        let email = heads.into_iter().flatten().min()?;
        let desired = declared.next_if(|(one, _)| *one == email).map(|(_, one)| one);
        let remembered = records.next_if(|(one, _)| *one == email).map(|(_, one)| one);
        invited.next_if(|one| *one == email);
        // Two members may have one e-mail.
        while there.next_if(|one| *one == email).is_some() {}
        Some((email, desired, remembered))
    })
}

impl<'a> Here<'_, 'a> {
    fn address(&self, email: &Email) -> Address {
        Address::member(&self.ground.input.desired.provider, &self.path, email)
    }

    fn is_declared(&self) -> bool {
        self.ground.accounts.id(&self.path) == Some(self.id)
    }

    /// What is remembered, by the e-mail that it is about now: a person who was renamed at the provider and
    /// whose declaration followed is known under the new e-mail.
    fn records(&self) -> Vec<(&'a Email, Remembered<'a>)> {
        let state = self.ground.input.state;
        let Some(ours) = state.and_then(|state| state.memberships.get(self.id)) else { return vec![] };
        let mut records = Vec::with_capacity(ours.len());
        for (under, record) in ours {
            let seat = record.person.as_ref().and_then(|person| self.roster.by_id(person));
            let email = match seat.and_then(|seat| seat.email) {
                Some(now) if now != under && self.has_followed(under, now, record) => now,
                _ => under,
            };
            records.push((email, Remembered { under, record, seat }));
        }
        if !records.is_sorted_by(|a, b| a.0 < b.0) {
            records.sort_by(|a, b| a.0.cmp(b.0));
            // Two that are about one e-mail now: the one that has it from the start is right.
            records.dedup_by(|later, first| {
                let same = later.0 == first.0;
                if same && later.1.under == later.0 {
                    *first = *later;
                }
                same
            });
        }
        records
    }

    /// Whether the declaration of somebody with another e-mail now names that one. Somebody else may be declared
    /// under the old one by now: then the object tells.
    fn has_followed(&self, under: &Email, now: &Email, record: &MembershipRecord) -> bool {
        let declared = |email| self.ground.input.desired.membership(&self.path, email);
        match (declared(under), declared(now)) {
            (None, Some(_)) => true,
            (Some(old), Some(new)) => new.object == record.object && old.object != record.object,
            (_, None) => false,
        }
    }

    /// Who has accepted an invite meanwhile is a member, whether or not the change that is planned can be made by now.
    fn remember_joined(&self, remembered: Option<Remembered<'_>>, id: &PersonId, plan: &mut Plan) {
        let Some(one) = remembered.filter(|one| one.record.person.is_none()) else { return };
        plan.remember.push(Entry::Membership {
            account: self.id.clone(),
            email: one.under.clone(),
            record: Box::new(MembershipRecord { person: Some(id.clone()), ..one.record.clone() }),
        });
    }

    fn behind(&self, email: &Email, remembered: Option<Remembered<'a>>) -> Behind<'a> {
        let by_email = || self.roster.by_email(email);
        match remembered {
            Some(Remembered { seat: Some(seat), .. }) => Behind::Member(seat.id, seat.member),
            Some(Remembered { record, .. }) if record.person.is_some() => {
                by_email().map_or(Behind::Nobody, |other| Behind::Stranger(other.id))
            }
            _ if self.roster.shared.contains(email) => self.one_of_several(email),
            _ => by_email().map_or(Behind::Nobody, |seat| Behind::Member(seat.id, seat.member)),
        }
    }

    fn one_of_several(&self, email: &Email) -> Behind<'a> {
        let declared = self.ground.input.desired.people.get(email);
        let bound = declared.and_then(|person| self.roster.by_id(person.identity.as_ref()?));
        match bound {
            Some(seat) => Behind::Member(seat.id, seat.member),
            None => {
                let names: Vec<_> = self.roster.all_by_email(email).map(|seat| seat.named()).collect();
                Behind::Several(names.join(", "))
            }
        }
    }

    fn is_frozen(
        &self,
        email: &Email,
        desired: Option<&DesiredMembership>,
        remembered: Option<Remembered<'_>>,
    ) -> bool {
        let wanted = self.ground.input.desired;
        let frozen = &wanted.frozen;
        let not_asked = desired.is_some_and(|one| !wanted.subject.asks_for(&one.object));
        let person = desired.is_none().then(|| wanted.people.get(email)).flatten();
        let person = person.filter(|person| person.offboarded);
        let not_asked = not_asked || person.is_some_and(|person| !wanted.subject.asks_for(&person.object));
        not_asked
            || frozen.people.contains(email)
            || remembered.is_some_and(|one| frozen.objects.contains(&one.record.object))
    }

    /// Members whom nobody declares and we don't know.
    fn strangers(&self) -> impl Iterator<Item = String> {
        let desired = self.ground.input.desired.memberships.get(&self.path);
        let state = self.ground.input.state;
        let ours: Vec<_> =
            state.and_then(|state| state.memberships.get(self.id)).into_iter().flatten().collect();
        self.roster
            .seats()
            .filter(move |seat| {
                let declared = |email| desired.is_some_and(|people| people.contains_key(email));
                let known = |email, id| {
                    ours.iter().any(|(one, record)| *one == email || record.person.as_ref() == Some(id))
                };
                seat.email.is_some_and(|email| !declared(email) && !known(email, seat.id))
            })
            .map(|seat| self.ground.people.shown(seat.id, seat.member))
    }

    fn is_offboarded(&self, email: &Email) -> bool {
        self.ground.offboarded.contains(email)
    }

    /// Whether somebody declared should be here now: not declared absent, and a grant is left.
    fn is_wanted(&self, email: &Email, desired: &DesiredMembership) -> bool {
        let now = self.ground.input.now;
        let live = |ends: &Option<Timestamp>| ends.is_none_or(|ends| ends > now);
        !self.is_offboarded(email) && (desired.grants.is_empty() || desired.grants.values().any(live))
    }
}

/// Why an edited e-mail is neither a removal nor an invite: the same words for all that it would change.
fn edited(object: &ObjectRef, from: &Email, to: &Email, ground: &Ground<'_>) -> String {
    let title = ground.input.semantics.title;
    format!(
        "the e-mail of {object} was edited from {from} to {to}, and {title} can't change a person's e-mail"
    )
}

fn edited_next(ground: &Ground<'_>) -> String {
    let usual = "put the old e-mail back, or give the new person an object of another name";
    match ground.input.semantics.people.email_change {
        Some(who) => format!("{usual}; {who}"),
        None => usual.to_owned(),
    }
}

fn wait_for_account(path: &AccountPath, people: usize, ground: &Ground<'_>, plan: &mut Plan) {
    let plural = if people == 1 { "" } else { "s" };
    plan.deferred.push(Deferred {
        address: Address::account(&ground.input.desired.provider, path),
        what: format!("{people} membership{plural}"),
        because: "the account can't be told yet".into(),
        until: None,
    });
}

/// Lists grants that end within 14 days.
fn list_endings(ground: &Ground<'_>, plan: &mut Plan) {
    let now = ground.input.now;
    let Ok(soon) = now.checked_add(jiff::SignedDuration::from_hours(14 * 24)) else { return };
    plan.ending = endings(ground, now, soon);
}

/// Grants that end after one time, and not after another.
pub(crate) fn endings(ground: &Ground<'_>, after: Timestamp, until: Timestamp) -> Vec<Ending> {
    let mut endings = vec![];
    for (path, email, membership) in ground.input.desired.all_memberships() {
        for (grant, ends) in &membership.grants {
            if let Some(at) = ends.filter(|ends| *ends > after && *ends <= until) {
                let address = Address::member(&ground.input.desired.provider, path, email);
                endings.push(Ending { address, grant: ground.roles.grant_title(grant, ground), at });
            }
        }
    }
    endings
}
