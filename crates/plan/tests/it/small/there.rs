//! What there is in a small world.

use std::collections::BTreeSet;

use orgform_model::world::{
    AccountContent, ActualAccount, ActualInvite, ActualRole, Completeness, Directory, Identity, PersonSeen,
    RemovalFacts,
};
use orgform_model::{PersonId, World};

use super::{PATHS, PEOPLE, Seat, Small, There, email, named, now, role_fields};
use crate::apply::{admin_role, member, person_id};

impl Small {
    pub(super) fn world(&self) -> World {
        let identity = Identity::Machine { name: "a key".to_owned(), roles: Some(BTreeSet::new()) };
        let mut world = World {
            directory: Directory { identity: Some(identity), ..Directory::default() },
            at: now(),
            ..World::default()
        };
        for (index, account) in self.accounts.iter().enumerate().filter(|(_, account)| account.there) {
            let parent = self.path(index).parent().map(|parent| {
                let at = PATHS.iter().position(|path| *path == parent.as_str()).unwrap();
                Self::account_id(at)
            });
            let actual =
                ActualAccount { parent, fields: named(&index.to_string()), removal: RemovalFacts::LOCAL };
            world.directory.accounts.insert(Self::account_id(index), actual);
            let mut content = AccountContent::default();
            if account.partial {
                content.people_complete = Completeness::Partial { because: "a page failed (503)".to_owned() };
            }
            if self.tree {
                content.roles.insert(self.role_id(0, index), admin_role());
            }
            world.contents.insert(Self::account_id(index), Ok(content));
        }
        for (index, role) in self.roles.iter().enumerate() {
            let Some(cells) = &role.there else { continue };
            let content = content(&mut world, role.owner);
            let actual =
                ActualRole { fixed: None, fields: role_fields(index, cells), removal: RemovalFacts::LOCAL };
            content.roles.insert(self.role_id(index + 1, role.owner), actual);
        }
        for seat in &self.seats {
            self.sit(seat, &mut world);
        }
        let members = world.contents.values().flatten().flat_map(|content| content.members.keys().cloned());
        let members: BTreeSet<PersonId> = members.collect();
        for person in 0..PEOPLE.len() {
            let id = person_id(&email(person));
            if members.contains(&id) {
                let seen = match self.unreadable.contains(&person) {
                    true => PersonSeen::Unreadable { because: "it was refused (403)".to_owned() },
                    false => PersonSeen::Email(email(person)),
                };
                world.people.insert(id, seen);
            }
        }
        world
    }

    fn sit(&self, seat: &Seat, world: &mut World) {
        let roles = |roles: &[usize]| roles.iter().map(|role| self.role_id(*role, seat.account)).collect();
        match &seat.there {
            There::Nobody => {}
            There::Member { roles: held, disabled } => {
                let mut one = member(roles(held));
                one.disabled = *disabled;
                content(world, seat.account).members.insert(person_id(&email(seat.person)), one);
            }
            There::Invited { roles: held, status, times } => {
                for nth in 0..*times {
                    content(world, seat.account).invites.push(ActualInvite {
                        id: format!("invite-{}-{nth}", PEOPLE[seat.person]).into(),
                        email: email(seat.person),
                        roles: roles(held),
                        invited_at: Some("2026-11-01T12:00:00Z".parse().unwrap()),
                        status: *status,
                    });
                }
            }
        }
    }
}

fn content(world: &mut World, account: usize) -> &mut AccountContent {
    world.contents.get_mut(&Small::account_id(account)).unwrap().as_mut().unwrap()
}
