//! The simulated world: what exists, and indexes so that no request has to look at all of it.
//!
//! [`World::put`] is the only way to change anything: it keeps the indexes right and remembers the record for
//! the state file. Rules live with the areas (`tenants`, `users`, …); nothing here refuses.

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
    pub(crate) tenants: BTreeMap<String, Tenant>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) grants: BTreeMap<String, Grant>,
    /// Grants by refresh tokens that were good once.
    pub(crate) spent: HashMap<String, String>,
    pub(crate) tokens: HashMap<String, Token>,
    /// Grants by code.
    pub(crate) codes: BTreeMap<String, String>,
    pub(crate) mails: Vec<Mail>,
    /// Tenants by parent, in the order in which they were made.
    children: BTreeMap<String, Vec<String>>,
    users_of: BTreeMap<String, BTreeSet<String>>,
    users_by_email: HashMap<String, BTreeSet<String>>,
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
        let mut records = vec![Record::Origin(self.origin.clone())];
        let in_order = self.children.values().flatten().filter_map(|id| self.tenants.get(id));
        records.extend(in_order.cloned().map(Record::Tenant));
        records.extend(self.users.values().cloned().map(Record::User));
        records.extend(self.grants.values().cloned().map(Record::Grant));
        let spent = self.spent.iter().collect::<BTreeMap<_, _>>();
        records.extend(
            spent
                .into_iter()
                .map(|(token, grant)| Record::Spent { token: token.clone(), grant: grant.clone() }),
        );
        let tokens = self.tokens.iter().collect::<BTreeMap<_, _>>();
        records.extend(tokens.into_values().cloned().map(Record::Token));
        let code =
            |(code, grant): (&String, &String)| Record::Code { code: code.clone(), grant: grant.clone() };
        records.extend(self.codes.iter().map(code));
        records.extend(self.mails.iter().cloned().map(Record::Mail));
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

    /// A new GUID, which derives from the seed.
    pub(crate) fn new_id(&mut self) -> String {
        let counter = self.count_up();
        ids::uuid(self.origin.seed, counter)
    }

    /// A new secret of 43 characters.
    pub(crate) fn new_secret(&mut self, label: &str) -> String {
        let counter = self.count_up();
        ids::token(label, self.origin.seed, counter)
    }

    /// What is below a tenant, in the order in which it was made.
    pub(crate) fn children(&self, parent: &str) -> impl Iterator<Item = &Tenant> {
        self.children.get(parent).into_iter().flatten().filter_map(|id| self.tenants.get(id))
    }

    pub(crate) fn users_of(&self, tenant: &str) -> impl Iterator<Item = &User> {
        self.users_of.get(tenant).into_iter().flatten().filter_map(|id| self.users.get(id))
    }

    pub(crate) fn users_by_email(&self, email: &str) -> impl Iterator<Item = &User> {
        let ids = self.users_by_email.get(&email.to_lowercase()).into_iter().flatten();
        ids.filter_map(|id| self.users.get(id))
    }

    fn count_up(&mut self) -> u64 {
        let next_id = self.origin.next_id + 1;
        self.put(Record::Origin(Origin { next_id, ..self.origin.clone() }));
        next_id
    }

    fn take_in(&mut self, record: Record) {
        match record {
            Record::Origin(origin) => self.origin = origin,
            Record::Tenant(tenant) => {
                let siblings = self.children.entry(tenant.parent.clone()).or_default();
                if !siblings.contains(&tenant.id) {
                    siblings.push(tenant.id.clone());
                }
                self.tenants.insert(tenant.id.clone(), tenant);
            }
            Record::TenantGone(id) => {
                if let Some(tenant) = self.tenants.remove(&id)
                    && let Some(siblings) = self.children.get_mut(&tenant.parent)
                {
                    siblings.retain(|sibling| *sibling != id);
                }
            }
            Record::User(user) => {
                self.unindex(&user.id);
                for tenant in user.roles.keys() {
                    self.users_of.entry(tenant.clone()).or_default().insert(user.id.clone());
                }
                self.users_by_email.entry(user.email.to_lowercase()).or_default().insert(user.id.clone());
                self.users.insert(user.id.clone(), user);
            }
            Record::UserGone(id) => {
                self.unindex(&id);
                self.users.remove(&id);
            }
            Record::Grant(grant) => {
                self.grants.insert(grant.id.clone(), grant);
            }
            Record::Spent { token, grant } => {
                self.spent.insert(token, grant);
            }
            Record::Token(token) => {
                self.tokens.insert(token.token.clone(), token);
            }
            Record::Code { code, grant } => {
                self.codes.insert(code, grant);
            }
            Record::CodeGone(code) => {
                self.codes.remove(&code);
            }
            Record::Mail(mail) => self.mails.push(mail),
        }
    }

    fn unindex(&mut self, id: &str) {
        let Some(before) = self.users.get(id) else { return };
        for tenant in before.roles.keys() {
            if let Some(users) = self.users_of.get_mut(tenant) {
                users.remove(id);
            }
        }
        if let Some(users) = self.users_by_email.get_mut(&before.email.to_lowercase()) {
            users.remove(id);
        }
    }
}
