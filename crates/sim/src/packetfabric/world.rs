//! The simulated world: what exists, and indexes so that no request has to look at all of it.
//!
//! [`World::put`] is the only way to change anything: it keeps the indexes right and remembers the record for
//! the state file. Rules live with the areas (`users`, `invites`, …); nothing here refuses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

pub(crate) use super::records::*;
use super::switches::Switches;
use crate::frame::{self, Mail};
use crate::ids;

/// Everything that exists; see `Sim::truth` for a look at it.
#[derive(Debug, Default)]
pub struct World {
    pub(crate) origin: Origin,
    pub(crate) switches: Switches,
    pub(crate) customer: Customer,
    /// By uuid; deleted ones too.
    pub(crate) users: BTreeMap<String, User>,
    /// In the order in which they were made.
    pub(crate) invites: Vec<Invite>,
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) sessions: BTreeMap<String, Session>,
    pub(crate) contacts: BTreeMap<String, Contact>,
    pub(crate) undeliverable: BTreeSet<String>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) activity: Vec<Activity>,
    user_by_login: HashMap<String, String>,
    user_by_email: HashMap<String, String>,
    key_by_token: HashMap<String, String>,
    invite_places: HashMap<String, usize>,
    unsaved: Vec<Record>,
}

impl World {
    pub(crate) fn from_records(records: Vec<Record>) -> Self {
        let mut world = World::default();
        for record in records {
            world.take_in(record);
        }
        world
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::Origin(self.origin.clone()), Record::Customer(self.customer.clone())];
        records.extend(self.users.values().cloned().map(Record::User));
        records.extend(self.invites.iter().cloned().map(Record::Invite));
        records.extend(self.keys.values().cloned().map(Record::Key));
        records.extend(self.sessions.values().cloned().map(Record::Session));
        records.extend(self.contacts.values().cloned().map(Record::Contact));
        records.extend(self.undeliverable.iter().cloned().map(Record::Undeliverable));
        records.extend(self.mails.iter().cloned().map(Record::Mail));
        records.extend(self.activity.iter().cloned().map(Record::Activity));
        records
    }

    /// Changes the world by one record.
    pub(crate) fn put(&mut self, record: Record) {
        self.unsaved.push(record.clone());
        self.take_in(record);
    }

    pub(crate) fn take_unsaved(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.unsaved)
    }

    pub(crate) fn now(&self) -> Timestamp {
        frame::clock(self.origin.ahead_seconds)
    }

    /// A new uuid, which derives from the seed.
    pub(crate) fn new_uuid(&mut self) -> String {
        let next_id = self.origin.next_id + 1;
        self.put(Record::Origin(Origin { next_id, ..self.origin.clone() }));
        ids::uuid(self.origin.seed, next_id)
    }

    /// A user who was not deleted, by login in any case or by uuid: one path, two readings.
    pub(crate) fn user(&self, login_or_uuid: &str) -> Option<&User> {
        let uuid =
            self.user_by_login.get(&login_or_uuid.to_lowercase()).map_or(login_or_uuid, String::as_str);
        self.users.get(uuid).filter(|user| !user.deleted)
    }

    /// A user who was not deleted.
    pub(crate) fn user_by_email(&self, email: &str) -> Option<&User> {
        let uuid = self.user_by_email.get(&email.to_lowercase())?;
        self.users.get(uuid).filter(|user| !user.deleted)
    }

    /// A user, deleted or not, who has this login or this e-mail.
    pub(crate) fn namesake(&self, login: &str, email: &str) -> Option<&User> {
        let by_login = self.user_by_login.get(&login.to_lowercase());
        self.users.get(by_login.or_else(|| self.user_by_email.get(&email.to_lowercase()))?)
    }

    /// All who were not deleted.
    pub(crate) fn live(&self) -> impl Iterator<Item = &User> {
        self.users.values().filter(|user| !user.deleted)
    }

    pub(crate) fn key_by_token(&self, token: &str) -> Option<&Key> {
        self.keys.get(self.key_by_token.get(token)?)
    }

    pub(crate) fn invite(&self, uuid: &str) -> Option<&Invite> {
        self.invites.get(*self.invite_places.get(uuid)?)
    }

    fn take_in(&mut self, record: Record) {
        match record {
            Record::Origin(origin) => self.origin = origin,
            Record::Customer(customer) => self.customer = customer,
            Record::User(user) => {
                if let Some(before) = self.users.get(&user.uuid) {
                    self.user_by_login.remove(&before.login.to_lowercase());
                    self.user_by_email.remove(&before.email.to_lowercase());
                }
                self.user_by_login.insert(user.login.to_lowercase(), user.uuid.clone());
                self.user_by_email.insert(user.email.to_lowercase(), user.uuid.clone());
                self.users.insert(user.uuid.clone(), user);
            }
            Record::Invite(invite) => match self.invite_places.get(&invite.uuid) {
                Some(place) => self.invites[*place] = invite,
                None => {
                    self.invite_places.insert(invite.uuid.clone(), self.invites.len());
                    self.invites.push(invite);
                }
            },
            Record::Key(key) => {
                self.key_by_token.insert(key.token.clone(), key.uuid.clone());
                self.keys.insert(key.uuid.clone(), key);
            }
            Record::KeyGone(uuid) => {
                if let Some(key) = self.keys.remove(&uuid) {
                    self.key_by_token.remove(&key.token);
                }
            }
            Record::Session(session) => {
                self.sessions.insert(session.token.clone(), session);
            }
            Record::SessionGone(token) => {
                self.sessions.remove(&token);
            }
            Record::Contact(contact) => {
                self.contacts.insert(contact.uuid.clone(), contact);
            }
            Record::ContactGone(uuid) => {
                self.contacts.remove(&uuid);
            }
            Record::Undeliverable(email) => {
                self.undeliverable.insert(email);
            }
            Record::Mail(mail) => self.mails.push(mail),
            Record::Activity(activity) => self.activity.push(activity),
        }
    }
}
