//! The small language of `world.yaml`: what a provider has, in the words of a story.
//!
//! Accounts are named by path, `acme/finance`, which also says the parent; their ids are `ac-finance`. People
//! are named shortly, `ada`, who is `ada@acme.example` with the id `user-ada`. Roles are named as in `roles:`;
//! `acme:network-operator` names the one of acme where the name alone would mean another.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::fields::{Fields, Value};
use orgform_model::invite::InviteStatus;
use orgform_model::world::{
    AccountContent, ActualAccount, ActualApiKey, ActualInvite, ActualMember, ActualRole, Completeness,
    Directory, Identity, PersonSeen, Reach, RemovalFacts, Unseen,
};
use orgform_model::{
    AccountId, ApiKeyId, Capabilities, Email, PersonId, RoleId, SecretPlace, Semantics, Timestamp, World,
};
use serde::Deserialize;

use crate::capability::{FLAT, FLAT_CAN, KEYS, TREE, TREE_CAN};

/// A story's world.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct WorldFile {
    /// What the case shows, for its reader.
    #[allow(dead_code)]
    pub(crate) story: String,
    #[serde(default)]
    pub(crate) provider: ProviderKind,
    /// Capabilities of the provider that are missing here.
    #[serde(default)]
    pub(crate) cannot: BTreeSet<String>,
    #[serde(default = "noon")]
    pub(crate) now: Timestamp,
    #[serde(default)]
    pub(crate) identity: IdentityFile,
    /// Why not all accounts were listed.
    #[serde(default)]
    pub(crate) partial: Option<String>,
    pub(crate) accounts: BTreeMap<String, AccountFile>,
    /// People whose e-mail is not the usual one: another, or `unreadable`.
    #[serde(default)]
    pub(crate) people: BTreeMap<String, String>,
    /// Addresses asked for by `orgform invites resend`.
    #[serde(default)]
    pub(crate) resend: BTreeSet<String>,
    /// Names of the API keys that orgform runs with; nobody can tell if it is not said.
    #[serde(default)]
    pub(crate) own_keys: Option<BTreeSet<String>>,
    /// Which key's secret is in a file that was looked at; `none` if none is.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, String>,
    /// Addresses asked for by `orgform keys remake`.
    #[serde(default)]
    pub(crate) remake: BTreeSet<String>,
    /// Objects that the plan is for, as `Member ada`; everything if it is not said.
    #[serde(default)]
    pub(crate) only: Option<BTreeSet<String>>,
    /// Why something of the root could not be read.
    #[serde(default)]
    pub(crate) gap: Option<String>,
}

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ProviderKind {
    #[default]
    Tree,
    Flat,
    /// The tree, with API keys.
    Keys,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) enum IdentityFile {
    /// A key that holds no role of any account here.
    #[default]
    Key,
    /// A key that holds these roles.
    KeyWith(Vec<String>),
    KeyWithUnknownRoles,
    Person(String),
    Unknown,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct AccountFile {
    pub(crate) id: Option<String>,
    /// The display name; the last segment of the path if it is not said.
    pub(crate) name: Option<String>,
    /// The parent's path, where it is not the path without its last segment; `hidden` is one nobody sees.
    pub(crate) parent: Option<String>,
    pub(crate) fields: BTreeMap<String, Value>,
    /// Custom roles and their permissions; `payer#2` is another one of the name `payer`.
    pub(crate) roles: BTreeMap<String, Vec<String>>,
    pub(crate) members: BTreeMap<String, OneOrMore<MemberFile>>,
    pub(crate) invites: BTreeMap<String, OneOrMore<InviteFile>>,
    /// API keys and their roles; `CI#2` is another one of the name `CI`. Its id is `key-CI#2`.
    pub(crate) keys: BTreeMap<String, OneOrMore<KeyFile>>,
    /// Why its API keys could not be seen.
    pub(crate) keys_unseen: Option<String>,
    /// Why nothing of it could be seen.
    pub(crate) unseen: Option<String>,
    /// Why not all people of it could be seen.
    pub(crate) people_partial: Option<String>,
    /// Why not all roles of it could be seen.
    pub(crate) roles_partial: Option<String>,
    pub(crate) removal: Option<RemovalFile>,
}

/// A list of roles, or more than that.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore<T> {
    Roles(Vec<String>),
    More(T),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct MemberFile {
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    pub(crate) disabled: bool,
    #[serde(default)]
    pub(crate) removal: Option<RemovalFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct InviteFile {
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    pub(crate) mailed: Option<Timestamp>,
    #[serde(default)]
    pub(crate) status: Option<InviteStatus>,
    /// How many of the same are out.
    #[serde(default)]
    pub(crate) times: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct KeyFile {
    pub(crate) roles: Vec<String>,
    pub(crate) description: String,
}

/// What removing means, where it is more than usual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RemovalFile {
    #[serde(default)]
    pub(crate) irreversible: bool,
    /// Paths of other accounts that it reaches, or `everywhere`.
    #[serde(default)]
    pub(crate) reaches: Vec<String>,
}

impl WorldFile {
    pub(crate) fn semantics(&self) -> &'static Semantics {
        match self.provider {
            ProviderKind::Tree => &TREE,
            ProviderKind::Flat => &FLAT,
            ProviderKind::Keys => &KEYS,
        }
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        let mut can = match self.provider {
            ProviderKind::Tree | ProviderKind::Keys => TREE_CAN.clone(),
            ProviderKind::Flat => FLAT_CAN.clone(),
        };
        for what in &self.cannot {
            match what.as_str() {
                "updateInvite" => can.update_invite = false,
                "withdrawInvite" => can.withdraw_invite = false,
                "resendInvite" => can.resend_invite = false,
                "removeAccount" => can.remove_account = false,
                "createAccount" => can.create_account = false,
                "updateAccount" => can.update_account = false,
                "writeRoles" => can.write_roles = false,
                "removeMember" => can.remove_member = false,
                "createApiKey" => can.create_api_key = false,
                "updateApiKey" => can.update_api_key = false,
                "removeApiKey" => can.remove_api_key = false,
                "mailOnInvite" => can.mails.on_invite = false,
                other => panic!("no capability {other}"),
            }
        }
        can
    }

    /// Everything there is, looked at or not.
    pub(crate) fn world(&self) -> World {
        let accounts =
            self.accounts.iter().map(|(path, account)| (self.account_id(path), self.actual(path, account)));
        let mut world = World {
            directory: Directory {
                accounts: accounts.collect(),
                below: BTreeSet::new(),
                completeness: completeness(self.partial.as_ref()),
                identity: self.identity(),
                own_keys: self.own_keys.as_ref().map(|keys| keys.iter().map(|name| key_id(name)).collect()),
            },
            at: self.now,
            ..World::default()
        };
        for (path, account) in &self.accounts {
            let content = match &account.unseen {
                Some(because) => Err(Unseen { because: because.clone(), hint: None }),
                None => Ok(self.content(path, account)),
            };
            world.contents.insert(self.account_id(path), content);
            let keys = match &account.keys_unseen {
                Some(because) => Err(Unseen { because: because.clone(), hint: None }),
                None => Ok(account.keys.iter().map(|(name, key)| self.key(path, name, key)).collect()),
            };
            world.api_keys.insert(self.account_id(path), keys);
        }
        for (path, key) in &self.secrets {
            let there = (key != "none").then(|| key_id(key));
            world.secrets.insert(SecretPlace::File { path: path.clone() }, there);
        }
        for content in world.contents.values().flatten() {
            for id in content.members.keys() {
                world.people.insert(id.clone(), self.seen(id));
            }
        }
        world
    }

    fn key(&self, path: &str, name: &str, key: &OneOrMore<KeyFile>) -> (ApiKeyId, ActualApiKey) {
        let (roles, description) = match key {
            OneOrMore::Roles(roles) => (roles, ""),
            OneOrMore::More(more) => (&more.roles, more.description.as_str()),
        };
        let fields = Fields::from([
            ("displayName".to_owned(), Value::text(name.split('#').next().unwrap())),
            ("description".to_owned(), Value::text(description)),
        ]);
        (key_id(name), ActualApiKey { fields, roles: self.role_ids(path, roles) })
    }

    fn seen(&self, id: &PersonId) -> PersonSeen {
        let short = id.as_str().trim_start_matches("user-");
        match self.people.get(short).map(String::as_str) {
            Some("unreadable") => PersonSeen::Unreadable { because: "it was refused (403)".into() },
            _ => PersonSeen::Email(self.email(short)),
        }
    }

    fn identity(&self) -> Option<Identity> {
        let name = "the key orgform".to_owned();
        match &self.identity {
            IdentityFile::Key => Some(Identity::Machine { name, roles: Some(BTreeSet::new()) }),
            IdentityFile::KeyWith(roles) => {
                Some(Identity::Machine { name, roles: Some(self.role_ids("", roles)) })
            }
            IdentityFile::KeyWithUnknownRoles => Some(Identity::Machine { name, roles: None }),
            IdentityFile::Person(short) => Some(Identity::Person(person_id(short))),
            IdentityFile::Unknown => None,
        }
    }

    pub(crate) fn account_id(&self, path: &str) -> AccountId {
        match self.accounts.get(path).and_then(|account| account.id.as_deref()) {
            Some(id) => id.into(),
            None => format!("ac-{}", last(path)).into(),
        }
    }

    pub(crate) fn email(&self, short: &str) -> Email {
        match self.people.get(short).map(String::as_str) {
            Some(email) if email != "unreadable" => Email::new(email),
            _ => usual_email(short),
        }
    }

    fn actual(&self, path: &str, account: &AccountFile) -> ActualAccount {
        let parent = match account.parent.as_deref() {
            Some("none") => None,
            Some(parent) => Some(self.account_id(parent)),
            None => path.rsplit_once('/').map(|(parent, _)| self.account_id(parent)),
        };
        ActualAccount {
            parent,
            fields: self.fields(path, account),
            removal: self.facts(account.removal.as_ref()),
        }
    }

    pub(crate) fn fields(&self, path: &str, account: &AccountFile) -> Fields {
        let mut fields: Fields =
            account.fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let name = account.name.clone().unwrap_or_else(|| last(path).to_owned());
        fields.insert("displayName".into(), Value::text(name));
        fields.remove("consent");
        fields
    }

    fn content(&self, path: &str, account: &AccountFile) -> AccountContent {
        let mut content = AccountContent {
            fields: account
                .fields
                .iter()
                .filter(|(name, _)| *name == "consent")
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect(),
            people_complete: completeness(account.people_partial.as_ref()),
            roles_complete: completeness(account.roles_partial.as_ref()),
            ..AccountContent::default()
        };
        if !matches!(self.provider, ProviderKind::Flat) {
            let fields = Fields::from([("displayName".to_owned(), Value::text("Admin"))]);
            let admin = ActualRole { fixed: Some("admin"), fields, removal: RemovalFacts::LOCAL };
            content.roles.insert(role_id(path, "admin"), admin);
        }
        for (name, cells) in &account.roles {
            let fields = role_fields(name, cells);
            content.roles.insert(
                role_id(path, name),
                ActualRole { fixed: None, fields, removal: RemovalFacts::LOCAL },
            );
        }
        for (short, one) in &account.members {
            let (roles, disabled, removal) = match one {
                OneOrMore::Roles(roles) => (roles, false, None),
                OneOrMore::More(more) => (&more.roles, more.disabled, more.removal.as_ref()),
            };
            let in_list = matches!(self.provider, ProviderKind::Flat);
            let usual = matches!(self.provider, ProviderKind::Flat) && removal.is_none();
            let member = ActualMember {
                email: in_list.then(|| self.email(short)),
                hint: Some(format!("{} A.", short)),
                roles: self.role_ids(path, roles),
                disabled,
                removal: match usual {
                    true => RemovalFacts { reach: Reach::ThisAccount, reversible: false },
                    false => self.facts(removal),
                },
            };
            content.members.insert(person_id(short), member);
        }
        for (short, one) in &account.invites {
            let (roles, mailed, status, times) = match one {
                OneOrMore::Roles(roles) => (roles, None, None, None),
                OneOrMore::More(more) => (&more.roles, more.mailed, more.status, more.times),
            };
            for nth in 1..=times.unwrap_or(1) {
                content.invites.push(ActualInvite {
                    id: format!("invite-{short}-{nth}").into(),
                    email: self.email(short),
                    roles: self.role_ids(path, roles),
                    invited_at: mailed,
                    status: status.unwrap_or(InviteStatus::Pending),
                });
            }
        }
        content
    }

    fn facts(&self, removal: Option<&RemovalFile>) -> RemovalFacts {
        let Some(removal) = removal else { return RemovalFacts::LOCAL };
        let reach = match removal.reaches.as_slice() {
            [] => Reach::ThisAccount,
            [all] if all == "everywhere" => Reach::Everywhere,
            paths => Reach::Accounts(paths.iter().map(|path| self.account_id(path)).collect()),
        };
        RemovalFacts { reach, reversible: !removal.irreversible }
    }

    pub(crate) fn role_ids(&self, path: &str, names: &[String]) -> BTreeSet<RoleId> {
        names.iter().map(|name| self.role_id(path, name)).collect()
    }

    /// The id of a role as it is named in an account.
    pub(crate) fn role_id(&self, path: &str, name: &str) -> RoleId {
        if let Some(fixed) = self.semantics().roles.fixed_role(name).and_then(|role| role.id) {
            return fixed.into();
        }
        if let Some((owner, name)) = name.split_once(':') {
            return role_id(owner, name);
        }
        let mut at = path;
        loop {
            let here = self.accounts.get(at);
            if here.is_some_and(|account| name == "admin" || account.roles.contains_key(name)) {
                return role_id(at, name);
            }
            match at.rsplit_once('/') {
                Some((parent, _)) => at = parent,
                None => panic!("no role {name} in {path}"),
            }
        }
    }
}

pub(crate) fn role_fields(name: &str, cells: &[String]) -> Fields {
    Fields::from([
        ("displayName".to_owned(), Value::text(name.split('#').next().unwrap())),
        ("permissions".to_owned(), Value::set(cells.iter().cloned())),
    ])
}

pub(crate) fn person_id(short: &str) -> PersonId {
    format!("user-{short}").into()
}

pub(crate) fn key_id(name: &str) -> ApiKeyId {
    format!("key-{name}").into()
}

pub(crate) fn usual_email(short: &str) -> Email {
    if short.contains('@') { Email::new(short) } else { Email::new(&format!("{short}@acme.example")) }
}

fn role_id(path: &str, name: &str) -> RoleId {
    format!("role-{}-{name}", last(path)).into()
}

pub(crate) fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

fn completeness(because: Option<&String>) -> Completeness {
    match because {
        Some(because) => Completeness::Partial { because: because.clone() },
        None => Completeness::Complete,
    }
}
