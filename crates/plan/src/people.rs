//! Tells who is who: a provider's person id ↔ an e-mail.
//!
//! A declared `identities` entry binds before anything else; then comes what was just looked up, what the list
//! of members says, and what is remembered.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt};
use orgform_model::world::{ActualMember, PersonSeen};
use orgform_model::{AccountId, Desired, Email, PersonId, ProviderState, World};

/// E-mails of people, as far as they can be told.
#[derive(Debug)]
pub(crate) struct People<'a> {
    /// Declared or just looked up: what the list of members says comes after that.
    first: HashMap<&'a PersonId, Option<&'a Email>>,
    remembered: HashMap<&'a PersonId, &'a Email>,
    world: &'a World,
    state: Option<&'a ProviderState>,
    /// People of ours, by the id that we remember them with.
    bound: OnceCell<HashMap<&'a PersonId, &'a Email>>,
}

impl<'a> People<'a> {
    /// Gathers what is known.
    pub(crate) fn new(desired: &'a Desired, world: &'a World, state: Option<&'a ProviderState>) -> Self {
        let looked_up = world.people.iter().map(|(id, seen)| match seen {
            PersonSeen::Email(email) => (id, Some(email)),
            PersonSeen::Unreadable { .. } | PersonSeen::NotRead { .. } | PersonSeen::Gone => (id, None),
        });
        let declared = desired
            .people
            .iter()
            .filter_map(|(email, person)| Some((person.identity.as_ref()?, Some(email))));
        let first = looked_up.chain(declared).collect();
        let mut remembered = HashMap::with_capacity(state.map_or(0, |state| state.people.len()));
        let known = state.into_iter().flat_map(|state| &state.people);
        remembered.extend(known.filter_map(|(id, known)| Some((id, known.email.as_ref()?))));
        Self { first, remembered, world, state, bound: OnceCell::new() }
    }

    /// The e-mail of a member.
    pub(crate) fn email(&self, id: &PersonId, member: &'a ActualMember) -> Option<&'a Email> {
        if let Some(email) = self.first.get(id) {
            return *email;
        }
        member.email.as_ref().or_else(|| self.remembered.get(id).copied())
    }

    /// How many people are remembered with an e-mail.
    pub(crate) fn remembered(&self) -> usize {
        self.remembered.len()
    }

    /// The e-mail of a member; where it can't be told, the one that we remember the person by.
    pub(crate) fn known_by(&self, id: &PersonId, member: &'a ActualMember) -> Option<&'a Email> {
        self.email(id, member).or_else(|| self.bound(id))
    }

    /// How a member is shown: the e-mail, else the one that we remember the person by, else the id with what
    /// the provider calls the person. Every rule that asks "is this the same person" compares this.
    pub(crate) fn shown(&self, id: &PersonId, member: &'a ActualMember) -> String {
        match self.known_by(id, member) {
            Some(email) => email.to_string(),
            None => unnamed(id, member),
        }
    }

    /// The e-mail that we remember a person of ours by.
    fn bound(&self, id: &PersonId) -> Option<&'a Email> {
        let state = self.state;
        let bound = self.bound.get_or_init(|| {
            let ours = state.into_iter().flat_map(|state| state.memberships.values()).flatten();
            ours.filter_map(|(email, record)| Some((record.person.as_ref()?, email))).collect()
        });
        bound.get(id).copied()
    }

    /// Members of an account by e-mail, and those whose e-mail can't be told.
    pub(crate) fn of_account(&self, account: &AccountId) -> Roster<'a> {
        let Some(content) = self.world.content(account) else { return Roster::default() };
        let mut roster = Roster {
            by_email: Vec::with_capacity(content.members.len()),
            by_id: Vec::with_capacity(content.members.len()),
            unreadable: BTreeSet::new(),
            shared: BTreeSet::new(),
        };
        for (id, member) in &content.members {
            let email = self.known_by(id, member);
            let seat = Seat { id, member, email };
            match email {
                Some(email) => roster.by_email.push((email, seat)),
                None => {
                    roster.unreadable.insert(unnamed(id, member));
                }
            }
            roster.by_id.push(seat);
        }
        if !roster.by_email.is_sorted_by(|a, b| a.0 <= b.0) {
            roster.by_email.sort_by(|a, b| a.0.cmp(b.0));
        }
        let neighbours = roster.by_email.iter().zip(roster.by_email.iter().skip(1));
        roster.shared = neighbours.filter(|(a, b)| a.0 == b.0).map(|(a, _)| a.0).collect();
        roster
    }
}

impl Seat<'_> {
    /// The id, with what the provider calls the person.
    pub(crate) fn named(&self) -> String {
        unnamed(self.id, self.member)
    }
}

/// One member of an account, and the e-mail if it can be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat<'a> {
    pub(crate) id: &'a PersonId,
    pub(crate) member: &'a ActualMember,
    pub(crate) email: Option<&'a Email>,
}

fn unnamed(id: &PersonId, member: &ActualMember) -> String {
    match &member.hint {
        Some(hint) => format!("{id} ({hint})"),
        None => id.to_string(),
    }
}

/// The members of one account.
#[derive(Debug, Default)]
pub(crate) struct Roster<'a> {
    by_email: Vec<(&'a Email, Seat<'a>)>,
    by_id: Vec<Seat<'a>>,
    /// Those whose e-mail can't be told, as shown.
    pub(crate) unreadable: BTreeSet<String>,
    /// E-mails that more than one member has.
    pub(crate) shared: BTreeSet<&'a Email>,
}

impl<'a> Roster<'a> {
    /// The member with an e-mail.
    pub(crate) fn by_email(&self, email: &Email) -> Option<Seat<'a>> {
        let at = self.by_email.binary_search_by(|(one, _)| (*one).cmp(email)).ok()?;
        self.by_email.get(at).map(|(_, seat)| *seat)
    }

    /// Every member with an e-mail.
    pub(crate) fn all_by_email(&self, email: &Email) -> impl Iterator<Item = Seat<'a>> {
        let start = self.by_email.partition_point(|(one, _)| *one < email);
        let same = self.by_email.iter().skip(start).take_while(move |(one, _)| *one == email);
        same.map(|(_, seat)| *seat)
    }

    /// The member with an id.
    pub(crate) fn by_id(&self, id: &PersonId) -> Option<Seat<'a>> {
        let at = self.by_id.binary_search_by(|seat| seat.id.cmp(id)).ok()?;
        self.by_id.get(at).copied()
    }

    /// Everyone, by id.
    pub(crate) fn seats(&self) -> impl Iterator<Item = Seat<'a>> {
        self.by_id.iter().copied()
    }

    /// The e-mails that can be told, sorted.
    pub(crate) fn emails(&self) -> impl Iterator<Item = &'a Email> {
        self.by_email.iter().map(|(email, _)| *email)
    }
}
