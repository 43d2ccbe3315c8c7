//! The simulated world: what exists, and indexes so that no request has to look at all of it.
//!
//! Everything that exists is a [`Record`]. [`World::put`] is the only way to change anything: it keeps the
//! indexes right and remembers the record for the state file. Rules live with the areas (`accounts`, `roles`,
//! `members`, …); nothing here refuses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::audit::{AuditEntry, Event};
pub(crate) use super::records::*;
use super::switches::{InviteLife, Switches};
use super::unlisted::Unlisted;
use crate::frame::{self, Mail};
use crate::ids;

#[derive(Debug, Default)]
pub struct World {
    pub(crate) origin: Origin,
    pub(crate) switches: Switches,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) domains: BTreeMap<String, String>,
    pub(crate) audit: BTreeMap<String, Vec<AuditEntry>>,
    /// What the request in progress did, for the audit log.
    pub(crate) events: Vec<Event>,
    members: BTreeMap<String, BTreeMap<String, Member>>,
    invites: BTreeMap<String, BTreeMap<String, Invite>>,
    children: BTreeMap<String, BTreeSet<String>>,
    roles_of: BTreeMap<String, BTreeSet<String>>,
    keys_of: BTreeMap<String, BTreeSet<String>>,
    memberships: BTreeMap<String, BTreeSet<String>>,
    invites_to: BTreeMap<String, BTreeSet<(String, String)>>,
    user_by_email: HashMap<String, String>,
    holders: BTreeMap<String, BTreeSet<Holder>>,
    unsaved: Vec<Record>,
    /// New items that their list doesn't show yet.
    pub(crate) unlisted: Unlisted,
}

impl World {
    /// A world in which the records hold.
    pub(crate) fn from_records(records: Vec<Record>) -> Self {
        let mut world = World::default();
        for record in records {
            world.take_in(record);
        }
        world
    }

    /// Everything that exists, in an order in which it can be put again.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::Origin(self.origin.clone())];
        records.extend(self.accounts.values().cloned().map(Record::Account));
        records.extend(self.roles.values().cloned().map(Record::Role));
        records.extend(self.users.values().cloned().map(Record::User));
        records.extend(self.members.values().flat_map(BTreeMap::values).cloned().map(Record::Member));
        records.extend(self.invites.values().flat_map(BTreeMap::values).cloned().map(Record::Invite));
        records.extend(self.keys.values().cloned().map(Record::Key));
        records.extend(self.mails.iter().cloned().map(Record::Mail));
        let domains = self.domains.iter();
        records.extend(
            domains.map(|(domain, provider)| Record::Domain {
                domain: domain.clone(),
                provider: provider.clone(),
            }),
        );
        records.extend(self.audit.values().flatten().cloned().map(|entry| Record::Audit(Box::new(entry))));
        records
    }

    /// Changes the world by one record.
    pub(crate) fn put(&mut self, record: Record) {
        self.unsaved.push(record.clone());
        self.take_in(record);
    }

    /// Notes for the audit log what the request in progress did.
    pub(crate) fn note(
        &mut self,
        event_type: &str,
        account: &str,
        subject_type: &str,
        subject: Value,
        before: Option<Value>,
        after: Option<Value>,
    ) {
        let (event_type, account) = (event_type.to_owned(), account.to_owned());
        let subject_type = subject_type.to_owned();
        self.events.push(Event { event_type, account, subject_type, subject, before, after });
    }

    /// What was changed since the last call, for the state file.
    pub(crate) fn take_unsaved(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.unsaved)
    }

    /// The simulated time, in whole milliseconds.
    pub(crate) fn now(&self) -> Timestamp {
        frame::clock(self.origin.ahead_seconds)
    }

    /// A new id: prefix and 22 characters.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        let counter = self.count_up();
        ids::id(prefix, self.origin.seed, counter)
    }

    /// A new secret of 43 characters.
    pub(crate) fn new_secret(&mut self, label: &str) -> String {
        let counter = self.count_up();
        ids::token(label, self.origin.seed, counter)
    }

    fn count_up(&mut self) -> u64 {
        let mut origin = self.origin.clone();
        origin.next_id += 1;
        let counter = origin.next_id;
        self.put(Record::Origin(origin));
        counter
    }

    /// The account and its ancestors, nearest first.
    pub(crate) fn lineage(&self, account: &str) -> Vec<&Account> {
        let mut lineage = Vec::new();
        let mut next = self.accounts.get(account);
        while let Some(account) = next {
            lineage.push(account);
            next = account.parent.as_deref().and_then(|parent| self.accounts.get(parent));
        }
        lineage
    }

    /// The account and everything below it.
    pub(crate) fn descendants(&self, account: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let mut open: Vec<&str> =
            self.accounts.get_key_value(account).map(|(id, _)| id.as_str()).into_iter().collect();
        while let Some(id) = open.pop() {
            found.push(id);
            open.extend(self.children_of(id));
        }
        found
    }

    pub(crate) fn children_of(&self, account: &str) -> impl Iterator<Item = &str> {
        self.children.get(account).into_iter().flatten().map(String::as_str)
    }

    pub(crate) fn roles_of(&self, account: &str) -> impl Iterator<Item = &Role> {
        self.roles_of.get(account).into_iter().flatten().filter_map(|id| self.roles.get(id))
    }

    pub(crate) fn keys_of(&self, account: &str) -> impl Iterator<Item = &Key> {
        self.keys_of.get(account).into_iter().flatten().filter_map(|key| self.keys.get(key))
    }

    pub(crate) fn members_of(&self, account: &str) -> impl Iterator<Item = &Member> {
        self.members.get(account).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn member(&self, account: &str, user: &str) -> Option<&Member> {
        self.members.get(account)?.get(user)
    }

    pub(crate) fn accounts_of_user(&self, user: &str) -> impl Iterator<Item = &str> {
        self.memberships.get(user).into_iter().flatten().map(String::as_str)
    }

    pub(crate) fn invites_of(&self, account: &str) -> impl Iterator<Item = &Invite> {
        self.invites.get(account).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn invite(&self, account: &str, id: &str) -> Option<&Invite> {
        self.invites.get(account)?.get(id)
    }

    /// Invites for an e-mail, in whatever case it is written.
    pub(crate) fn invites_to(&self, email: &str) -> impl Iterator<Item = &Invite> {
        let invites = self.invites_to.get(&email.to_lowercase()).into_iter().flatten();
        invites.filter_map(|(account, id)| self.invite(account, id))
    }

    /// E-mails that have an invite, in lower case.
    pub(crate) fn invited_emails(&self) -> Vec<String> {
        self.invites_to.keys().cloned().collect()
    }

    pub(crate) fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users.get(self.user_by_email.get(&email.to_lowercase())?)
    }

    pub(crate) fn holders(&self, role: &str) -> impl Iterator<Item = &Holder> {
        self.holders.get(role).into_iter().flatten()
    }

    /// Whether an invite can't be accepted any more without being sent again.
    pub(crate) fn is_expired(&self, invite: &Invite) -> bool {
        let by_age = match self.switches.invite_life {
            InviteLife::Never => false,
            InviteLife::Days(days) => {
                let life = SignedDuration::from_hours(24 * i64::from(days));
                invite.invited_at.checked_add(life).is_ok_and(|end| end <= self.now())
            }
        };
        invite.expired || by_age
    }

    fn take_in(&mut self, record: Record) {
        match record {
            Record::Origin(origin) => self.origin = origin,
            Record::Account(account) => {
                if let Some(parent) = &account.parent {
                    self.children.entry(parent.clone()).or_default().insert(account.id.clone());
                }
                self.accounts.insert(account.id.clone(), account);
            }
            Record::AccountGone(id) => {
                let gone = self.accounts.remove(&id);
                if let Some(parent) = gone.and_then(|account| account.parent) {
                    forget(&mut self.children, &parent, &id);
                }
            }
            Record::Role(role) => {
                self.roles_of.entry(role.account.clone()).or_default().insert(role.id.clone());
                self.roles.insert(role.id.clone(), role);
            }
            Record::RoleGone(id) => {
                if let Some(role) = self.roles.remove(&id) {
                    forget(&mut self.roles_of, &role.account, &id);
                }
            }
            Record::User(user) => {
                if let Some(before) = self.users.get(&user.id) {
                    self.user_by_email.remove(&before.email.to_lowercase());
                }
                self.user_by_email.insert(user.email.to_lowercase(), user.id.clone());
                self.users.insert(user.id.clone(), user);
            }
            Record::Member(member) => {
                let Member { account, user, roles } = member.clone();
                self.drop_member(&account, &user);
                self.hold(&roles, &Holder::Member { account: account.clone(), user: user.clone() });
                self.memberships.entry(user.clone()).or_default().insert(account.clone());
                self.members.entry(account).or_default().insert(user, member);
            }
            Record::MemberGone { account, user } => self.drop_member(&account, &user),
            Record::Invite(invite) => {
                let (account, id) = (invite.account.clone(), invite.id.clone());
                self.drop_invite(&account, &id);
                self.hold(&invite.roles, &Holder::Invite { account: account.clone(), id: id.clone() });
                let places = self.invites_to.entry(invite.email.to_lowercase()).or_default();
                places.insert((account.clone(), id.clone()));
                self.invites.entry(account).or_default().insert(id, invite);
            }
            Record::InviteGone { account, id } => self.drop_invite(&account, &id),
            Record::Key(key) => {
                self.drop_key(&key.key.clone());
                let holder = Holder::Key { account: key.account.clone(), key: key.key.clone() };
                self.hold(&key.roles, &holder);
                self.keys_of.entry(key.account.clone()).or_default().insert(key.key.clone());
                self.keys.insert(key.key.clone(), key);
            }
            Record::KeyGone(key) => self.drop_key(&key),
            Record::Mail(mail) => self.mails.push(mail),
            Record::Domain { domain, provider } => {
                self.domains.insert(domain, provider);
            }
            Record::Audit(entry) => self.audit.entry(entry.account.clone()).or_default().push(*entry),
        }
    }

    fn drop_member(&mut self, account: &str, user: &str) {
        let Some(gone) = self.members.get_mut(account).and_then(|members| members.remove(user)) else {
            return;
        };
        self.release(&gone.roles, &Holder::Member { account: account.to_owned(), user: user.to_owned() });
        forget(&mut self.memberships, user, account);
    }

    fn drop_invite(&mut self, account: &str, id: &str) {
        let Some(gone) = self.invites.get_mut(account).and_then(|invites| invites.remove(id)) else { return };
        self.release(&gone.roles, &Holder::Invite { account: account.to_owned(), id: id.to_owned() });
        let email = gone.email.to_lowercase();
        if let Some(places) = self.invites_to.get_mut(&email) {
            places.remove(&(account.to_owned(), id.to_owned()));
            if places.is_empty() {
                self.invites_to.remove(&email);
            }
        }
    }

    fn drop_key(&mut self, key: &str) {
        let Some(gone) = self.keys.remove(key) else { return };
        self.release(&gone.roles, &Holder::Key { account: gone.account.clone(), key: key.to_owned() });
        forget(&mut self.keys_of, &gone.account, key);
    }

    fn hold(&mut self, roles: &BTreeSet<String>, holder: &Holder) {
        for role in roles {
            self.holders.entry(role.clone()).or_default().insert(holder.clone());
        }
    }

    fn release(&mut self, roles: &BTreeSet<String>, holder: &Holder) {
        for role in roles {
            if let Some(holders) = self.holders.get_mut(role) {
                holders.remove(holder);
            }
        }
    }
}

fn forget(index: &mut BTreeMap<String, BTreeSet<String>>, key: &str, item: &str) {
    if let Some(items) = index.get_mut(key) {
        items.remove(item);
        if items.is_empty() {
            index.remove(key);
        }
    }
}
