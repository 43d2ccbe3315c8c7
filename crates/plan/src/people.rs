//! Tells who is who: a provider's person id ↔ an e-mail.
//!
//! A declared `identities` entry binds before anything else; then comes what was just looked up, what the list
//! of members says, and what is remembered.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::world::{ActualMember, PersonSeen};
use orgform_model::{AccountId, Desired, Email, PersonId, ProviderState, World};

/// E-mails of people, as far as they can be told.
#[derive(Debug)]
pub(crate) struct People<'a> {
    declared: BTreeMap<&'a PersonId, &'a Email>,
    world: &'a World,
    state: Option<&'a ProviderState>,
}

impl<'a> People<'a> {
    /// Gathers what is known.
    pub(crate) fn new(desired: &'a Desired, world: &'a World, state: Option<&'a ProviderState>) -> Self {
        let declared = desired
            .people
            .iter()
            .filter_map(|(email, person)| Some((person.identity.as_ref()?, email)))
            .collect();
        Self { declared, world, state }
    }

    /// The e-mail of a member.
    pub(crate) fn email(&self, id: &PersonId, member: &'a ActualMember) -> Option<&'a Email> {
        if let Some(email) = self.declared.get(id) {
            return Some(email);
        }
        match self.world.people.get(id) {
            Some(PersonSeen::Email(email)) => return Some(email),
            Some(PersonSeen::Unreadable { .. } | PersonSeen::Gone) => return None,
            None => {}
        }
        if member.email.is_some() {
            return member.email.as_ref();
        }
        self.state?.people.get(id)?.email.as_ref()
    }

    /// How a member is shown: the e-mail, else the id with what the provider calls the person.
    pub(crate) fn shown(&self, id: &PersonId, member: &'a ActualMember) -> String {
        match (self.email(id, member), &member.hint) {
            (Some(email), _) => email.to_string(),
            (None, Some(hint)) => format!("{id} ({hint})"),
            (None, None) => id.to_string(),
        }
    }

    /// Members of an account by e-mail, and those whose e-mail can't be told.
    pub(crate) fn of_account(&self, account: &AccountId) -> Roster<'a> {
        let mut roster = Roster::default();
        let Some(content) = self.world.content(account) else { return roster };
        for (id, member) in &content.members {
            match self.email(id, member) {
                Some(email) => {
                    roster.by_email.entry(email).or_insert((id, member));
                }
                None => {
                    roster.unreadable.insert(self.shown(id, member));
                }
            }
            roster.by_id.insert(id, member);
        }
        roster
    }
}

/// The members of one account.
#[derive(Debug, Default)]
pub(crate) struct Roster<'a> {
    /// By e-mail.
    pub(crate) by_email: BTreeMap<&'a Email, (&'a PersonId, &'a ActualMember)>,
    /// By id.
    pub(crate) by_id: BTreeMap<&'a PersonId, &'a ActualMember>,
    /// Those whose e-mail can't be told, as shown.
    pub(crate) unreadable: BTreeSet<String>,
}
