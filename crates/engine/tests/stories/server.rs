//! A small provider in memory, with faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use orgform_model::capabilities::{Mails, Rate};
use orgform_model::invite::InviteStatus;
use orgform_model::semantics::{
    AccountSemantics, AdminRight, ApiKeySemantics, Combine, FieldRule, FixedRole, Level, RoleSemantics, Rule,
    Shape,
};
use orgform_model::world::{
    AccountContent, ActualAccount, ActualApiKey, ActualInvite, ActualMember, ActualRole, Completeness,
    Directory, Identity, RemovalFacts, Seen,
};
use orgform_model::{
    AccountId, Action, ApiKeyId, Applied, Capabilities, Change, Email, Fields, Observation, PersonId, RoleId,
    Scope, Semantics, ShownOnce,
};
use orgform_provider::{ErrorKind, Observe, Provider, ProviderError};

use crate::scene::{email, name, start};

const NAME: FieldRule = FieldRule {
    name: "displayName",
    title: "name",
    shape: Shape::Text,
    rule: Rule::Plain,
    max: None,
    own_call: false,
};

pub(crate) const SEMANTICS: Semantics = Semantics {
    kind: "memory",
    title: "Memory",
    accounts: AccountSemantics {
        tree: true,
        below_listed: true,
        mails_everyone: None,
        removal: None,
        top_level_creatable: false,
        natural_key: "displayName",
        natural_key_unique: true,
        fields: &[NAME],
    },
    roles: RoleSemantics {
        custom: true,
        inherited: false,
        combine: Combine::Union,
        fixed: &[
            FixedRole { name: "admin", title: "Admin", id: Some("role-admin"), level: Level::Every },
            FixedRole { name: "reader", title: "Reader", id: Some("role-reader"), level: Level::Every },
        ],
        implied: &[],
        weakest_first: &[],
        natural_key: "displayName",
        fields: &[NAME],
    },
    admin: AdminRight { fixed: &["admin"], item: None },
    api_keys: Some(ApiKeySemantics { roles: true, natural_key: "displayName", fields: &[NAME] }),
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

/// The key that orgform runs with.
pub(crate) const OWN_KEY: &str = "key-own";

/// The secret of a key of this server.
pub(crate) fn secret_of(key: &ApiKeyId) -> String {
    format!("s3cret-of-{key}")
}

pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    create_account: true,
    update_account: true,
    remove_account: true,
    write_roles: true,
    update_invite: true,
    grants_before_acceptance: true,
    withdraw_invite: true,
    resend_invite: true,
    invites_expire: true,
    remove_member: true,
    mail_member: false,
    disable: false,
    list_api_keys: true,
    create_api_key: true,
    update_api_key: true,
    remove_api_key: true,
    email_in_list: true,
    audit_log: false,
    claim_mark: false,
    mails: Mails { on_invite: true, on_create: false, on_resend: true, on_remove: false },
    batch: 1,
    bulk_invite: 1,
    rate: Rate { concurrency: 4, per_second: 100 },
    visible_within: Duration::from_secs(10),
};

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused.
    Denied,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is lost on its way, and nobody knows.
    Lost,
    /// It is carried out, and the answer is about something else.
    OddAnswer,
    /// Something changed in between.
    Stale,
}

/// The server: what is there, and what was asked of it.
#[derive(Default)]
pub(crate) struct Server(Mutex<Inside>);

pub(crate) struct Inside {
    pub(crate) accounts: BTreeMap<AccountId, (Option<AccountId>, Fields)>,
    pub(crate) roles: BTreeMap<AccountId, BTreeMap<RoleId, Fields>>,
    pub(crate) members: BTreeMap<AccountId, BTreeMap<PersonId, (Email, BTreeSet<RoleId>)>>,
    pub(crate) invites: BTreeMap<AccountId, Vec<ActualInvite>>,
    pub(crate) keys: BTreeMap<AccountId, BTreeMap<ApiKeyId, ActualApiKey>>,
    /// What was carried out, in order: `invite ada@acme.example`.
    pub(crate) done: Vec<String>,
    /// How many changes were in each call.
    pub(crate) calls: Vec<usize>,
    /// Scopes that were looked at.
    pub(crate) looks: Vec<Scope>,
    pub(crate) faults: BTreeMap<String, Fault>,
    pub(crate) unseen: BTreeSet<Scope>,
    pub(crate) most_at_once: usize,
    /// New invites are listed only from this look at their account on.
    pub(crate) invites_listed_after: usize,
    /// The key that orgform runs with.
    pub(crate) own_key: ApiKeyId,
    at_once: usize,
    ids: usize,
}

impl Default for Inside {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            roles: BTreeMap::new(),
            members: BTreeMap::new(),
            invites: BTreeMap::new(),
            keys: BTreeMap::new(),
            done: Vec::new(),
            calls: Vec::new(),
            looks: Vec::new(),
            faults: BTreeMap::new(),
            unseen: BTreeSet::new(),
            most_at_once: 0,
            invites_listed_after: 0,
            own_key: OWN_KEY.into(),
            at_once: 0,
            ids: 0,
        }
    }
}

impl Server {
    /// A server with the account `acme` and its two admins.
    pub(crate) fn new() -> Arc<Self> {
        let server = Self::default();
        {
            let mut inside = server.inside();
            inside.accounts.insert("ac-acme".into(), (None, name("acme")));
            for admin in ["ops", "linus"] {
                inside.join("ac-acme", admin, &["role-admin"]);
            }
        }
        Arc::new(server)
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    pub(crate) fn fail(&self, what: &str, fault: Fault) {
        self.inside().faults.insert(what.to_owned(), fault);
    }

    pub(crate) fn done(&self) -> Vec<String> {
        self.inside().done.clone()
    }

    pub(crate) fn times(&self, what: &str) -> usize {
        self.inside().done.iter().filter(|done| *done == what).count()
    }
}

impl Inside {
    pub(crate) fn join(&mut self, account: &str, person: &str, roles: &[&str]) {
        let email = email(person);
        let roles = roles.iter().map(|role| RoleId::from(*role)).collect();
        self.members
            .entry(account.into())
            .or_default()
            .insert(format!("user-{person}").into(), (email.clone(), roles));
        if let Some(invites) = self.invites.get_mut(&AccountId::from(account)) {
            invites.retain(|invite| invite.email != email);
        }
    }

    pub(crate) fn account(&self, label: &str) -> AccountId {
        let found = self.accounts.iter().find(|(_, (_, fields))| *fields == name(label));
        found.map(|(id, _)| id.clone()).unwrap()
    }

    fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}-{}", self.ids)
    }

    fn carry_out(&mut self, change: &Change) -> Result<Applied, ProviderError> {
        let stale = |said: &str| Err(ProviderError::new(ErrorKind::Stale, "change it", said));
        match &change.action {
            Action::CreateAccount { parent, fields } => {
                let id = AccountId::from(self.id("ac"));
                let parent = parent.as_ref().map(|parent| parent.known().unwrap().clone());
                self.accounts.insert(id.clone(), (parent, fields.clone()));
                Ok(Applied::Account { id, fixed_roles: BTreeMap::new() })
            }
            Action::CreateRole { account, fields } => {
                let id = RoleId::from(self.id("role"));
                let owner = account.known().unwrap().clone();
                self.roles.entry(owner).or_default().insert(id.clone(), fields.clone());
                Ok(Applied::Role { id })
            }
            Action::RemoveRole { account, role } => {
                self.roles.get_mut(account).unwrap().remove(role);
                Ok(Applied::Gone)
            }
            Action::Invite { account, email, roles } => {
                let account = account.known().unwrap();
                let roles: BTreeSet<RoleId> =
                    roles.iter().map(|role| role.known().unwrap().clone()).collect();
                if email.as_str().starts_with("known-") {
                    let person = PersonId::from(self.id("user"));
                    self.members
                        .entry(account.clone())
                        .or_default()
                        .insert(person.clone(), (email.clone(), roles.clone()));
                    return Ok(Applied::Member { person, roles });
                }
                let invite = ActualInvite {
                    id: self.id("invite").into(),
                    email: email.clone(),
                    roles: roles.clone(),
                    invited_at: None,
                    status: InviteStatus::Pending,
                };
                self.invites.entry(account.clone()).or_default().push(invite.clone());
                Ok(Applied::Invited { invite: invite.id, roles })
            }
            Action::Withdraw { account, invite, .. } => {
                self.invites.get_mut(account).unwrap().retain(|one| one.id != *invite);
                Ok(Applied::Gone)
            }
            Action::UpdateMember { account, person, from, roles } => {
                let Some((_, actual)) = self.members.get_mut(account).and_then(|all| all.get_mut(person))
                else {
                    return stale("no such member");
                };
                if actual != from {
                    return stale("other roles");
                }
                *actual = roles.iter().map(|role| role.known().unwrap().clone()).collect();
                Ok(Applied::Member { person: person.clone(), roles: actual.clone() })
            }
            Action::RemoveMember { account, person, .. } => {
                self.members.get_mut(account).unwrap().remove(person);
                Ok(Applied::Gone)
            }
            Action::CreateApiKey { account, fields, roles, secret_to: _ } => {
                let id = ApiKeyId::from(self.id("key"));
                let roles = roles.iter().flatten().map(|role| role.known().unwrap().clone()).collect();
                let key = ActualApiKey { fields: fields.clone(), roles };
                self.keys.entry(account.known().unwrap().clone()).or_default().insert(id.clone(), key);
                let secret = Some(ShownOnce::new(secret_of(&id).into()));
                Ok(Applied::ApiKey { id, secret })
            }
            Action::RemoveApiKey { account, key } => {
                self.keys.get_mut(account).unwrap().remove(key);
                Ok(Applied::Gone)
            }
            other => panic!("this server does not know {other:?}"),
        }
    }

    fn content(&mut self, id: &AccountId) -> AccountContent {
        let fixed = SEMANTICS.roles.fixed.iter().map(|role| {
            let actual =
                ActualRole { fixed: Some(role.name), fields: name(role.title), removal: RemovalFacts::LOCAL };
            (RoleId::from(role.id.unwrap()), actual)
        });
        let custom = self.roles.get(id).into_iter().flatten().map(|(id, fields)| {
            let actual = ActualRole { fixed: None, fields: fields.clone(), removal: RemovalFacts::LOCAL };
            (id.clone(), actual)
        });
        let members = self.members.get(id).into_iter().flatten().map(|(person, (email, roles))| {
            let actual = ActualMember {
                email: Some(email.clone()),
                hint: None,
                roles: roles.clone(),
                disabled: false,
                removal: RemovalFacts::LOCAL,
            };
            (person.clone(), actual)
        });
        let listed = match self.invites_listed_after {
            0 => self.invites.get(id).cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        let content = AccountContent {
            fields: Fields::new(),
            roles: fixed.chain(custom).collect(),
            members: members.collect(),
            invites: listed,
            past_invites: Vec::new(),
            roles_complete: Completeness::Complete,
            people_complete: Completeness::Complete,
            ..AccountContent::default()
        };
        if self.invites.contains_key(id) {
            self.invites_listed_after = self.invites_listed_after.saturating_sub(1);
        }
        content
    }
}

#[async_trait]
impl Observe for Server {
    async fn observe(&self, scope: &Scope) -> Result<Observation, ProviderError> {
        tokio::task::yield_now().await;
        let mut inside = self.inside();
        inside.looks.push(scope.clone());
        if inside.unseen.contains(scope) {
            let error = ProviderError::new(ErrorKind::Denied, "read it", "403 FORBIDDEN");
            return Err(error.hint("ask for the right to read."));
        }
        let seen = match scope {
            Scope::Directory => Seen::Directory(Directory {
                accounts: inside
                    .accounts
                    .iter()
                    .map(|(id, (parent, fields))| {
                        let (parent, fields) = (parent.clone(), fields.clone());
                        (id.clone(), ActualAccount { parent, fields, removal: RemovalFacts::LOCAL })
                    })
                    .collect(),
                below: BTreeSet::new(),
                completeness: Completeness::Complete,
                own_keys: Some([inside.own_key.clone()].into()),
                identity: Some(Identity::Machine { name: "key".to_owned(), roles: Some(BTreeSet::new()) }),
            }),
            Scope::Account { id, .. } => Seen::Account(inside.content(id)),
            Scope::ApiKeys(id) => Seen::ApiKeys(inside.keys.get(id).cloned().unwrap_or_default()),
            Scope::Person(_) => unreachable!("the lists tell e-mails"),
            Scope::Below(_) | Scope::Member { .. } => unreachable!("the lists tell all of that"),
        };
        Ok(Observation { at: start(), calls: 1, seen })
    }
}

#[async_trait]
impl Provider for Server {
    async fn apply(&self, changes: &[Change]) -> Vec<Result<Applied, ProviderError>> {
        {
            let mut inside = self.inside();
            inside.at_once += 1;
            inside.most_at_once = inside.most_at_once.max(inside.at_once);
            inside.calls.push(changes.len());
        }
        // Time passes on the way there and on the way back.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        let answers = changes.iter().map(|change| self.one(change)).collect();
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.inside().at_once -= 1;
        answers
    }
}

impl Server {
    fn one(&self, change: &Change) -> Result<Applied, ProviderError> {
        let what = describe(change);
        let mut inside = self.inside();
        let error = |kind, said: &str| Err(ProviderError::new(kind, what.clone(), said));
        let silence = ProviderError::new(ErrorKind::Unavailable, what.clone(), "no answer").maybe_sent();
        match inside.faults.get(&what).copied() {
            Some(Fault::Denied) => return error(ErrorKind::Denied, "403 FORBIDDEN"),
            Some(Fault::Stale) => return error(ErrorKind::Stale, "409 CONFLICT"),
            Some(Fault::Lost) => return Err(silence),
            _ => {}
        }
        let answer = inside.carry_out(change)?;
        inside.done.push(what.clone());
        match inside.faults.get(&what) {
            Some(Fault::AnswerLost) => Err(silence),
            Some(Fault::OddAnswer) => Ok(Applied::Role { id: "role-odd".into() }),
            _ => Ok(answer),
        }
    }
}

fn describe(change: &Change) -> String {
    let text = |fields: &Fields| fields["displayName"].to_string();
    match &change.action {
        Action::CreateAccount { fields, .. } => format!("create account {}", text(fields)),
        Action::CreateRole { fields, .. } => format!("create role {}", text(fields)),
        Action::RemoveRole { role, .. } => format!("remove role {role}"),
        Action::Invite { email, .. } => format!("invite {email}"),
        Action::Withdraw { email, .. } => format!("withdraw {email}"),
        Action::UpdateMember { person, .. } => format!("update {person}"),
        Action::RemoveMember { person, .. } => format!("remove {person}"),
        Action::CreateApiKey { fields, .. } => format!("create key {}", text(fields)),
        Action::RemoveApiKey { key, .. } => format!("remove {key}"),
        other => panic!("this server does not know {other:?}"),
    }
}
