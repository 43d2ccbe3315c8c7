//! The small language of `state.yaml`: what was applied before, mostly said as "this account is ours as it is".

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::fields::Fields;
use orgform_model::invite::MailOutcome;
use orgform_model::policy::Removal;
use orgform_model::state::{
    AccountRecord, ApiKeyRecord, KnownPerson, Loss, MailRecord, MembershipRecord, RoleRecord, SecretFate,
};
use orgform_model::{
    ApiKeyLabel, Email, ObjectKind, ObjectRef, ProviderState, RoleKey, SecretPlace, Timestamp, Value,
};
use serde::Deserialize;

use crate::world_file::{OneOrMore, WorldFile, key_id, last, person_id, role_fields, usual_email};

/// A story's state.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct StateFile {
    /// Accounts that are ours with their roles, members and invites, applied as they are.
    ours: BTreeSet<String>,
    /// Of those, people who are not: `acme: [eve]`.
    except: BTreeMap<String, BTreeSet<String>>,
    accounts: BTreeMap<String, AccountPart>,
    /// By account, then role.
    roles: BTreeMap<String, BTreeMap<String, RolePart>>,
    /// By account, then person; over what `ours` says.
    members: BTreeMap<String, BTreeMap<String, MemberPart>>,
    /// By account, then name.
    keys: BTreeMap<String, BTreeMap<String, KeyPart>>,
    losses: Vec<LossPart>,
    /// E-mails that were looked up, a minute ago.
    people: BTreeMap<String, String>,
    retained: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct AccountPart {
    removal: Option<Removal>,
    /// The name of the object; the last segment of the path if it is not said.
    object: Option<String>,
    applied: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct RolePart {
    removal: Option<Removal>,
    object: Option<String>,
    permissions: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct KeyPart {
    object: String,
    /// The roles that were applied; as they are at the provider if it is not said.
    roles: Option<Vec<String>>,
    kept: Vec<String>,
    description: Option<String>,
    /// The file that its secret was put into, `elsewhere` or `lost`.
    secret: String,
    replaces: Option<String>,
    removal: Option<Removal>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct MemberPart {
    /// The grants, and when they end; as they are at the provider if it is not said.
    granted: Option<BTreeMap<String, Option<Timestamp>>>,
    kept: Vec<String>,
    removal: Option<Removal>,
    object: Option<String>,
    /// The e-mail that it is remembered under.
    email: Option<String>,
    /// The id that it is remembered with; `none` if nobody joined.
    person: Option<String>,
    mail: Option<MailPart>,
    leaving: bool,
    disabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MailPart {
    attempts: u32,
    last: Timestamp,
    #[serde(default)]
    outcome: Option<MailOutcome>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LossPart {
    at: Timestamp,
    account: String,
    people: Vec<String>,
    #[serde(default)]
    consented: bool,
}

impl StateFile {
    pub(crate) fn state(&self, world: &WorldFile) -> ProviderState {
        let mut state = ProviderState::default();
        for path in &self.ours {
            self.take_account(path, world, &mut state);
        }
        for (path, part) in &self.accounts {
            state.accounts.insert(world.account_id(path), account_record(path, part, world));
        }
        for (path, roles) in &self.roles {
            for (name, part) in roles {
                state.roles.insert(world.role_id(path, name), role_record(path, name, part, world));
            }
        }
        for (path, people) in &self.members {
            for (short, part) in people {
                let email = part.email.as_deref().map_or_else(|| usual_email(short), Email::new);
                let record = membership_record(path, short, part, world);
                state.memberships.entry(world.account_id(path)).or_default().insert(email, record);
            }
        }
        for (path, keys) in &self.keys {
            for (name, part) in keys {
                state.api_keys.insert(key_id(name), key_record(path, name, part, world));
            }
        }
        for LossPart { at, account, people, consented } in &self.losses {
            let account = world.account_id(account);
            state.losses.extend(people.iter().map(|short| Loss {
                at: *at,
                account: account.clone(),
                person: usual_email(short).to_string(),
                consented: *consented,
            }));
        }
        let seen = world.now.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
        for (short, email) in &self.people {
            let email = (email != "unreadable").then(|| Email::new(email));
            state.people.insert(person_id(short), KnownPerson { email, seen });
        }
        for (path, people) in &self.retained {
            let people = people.iter().map(|short| usual_email(short)).collect();
            state.retained.insert(world.account_id(path), people);
        }
        state
    }

    fn take_account(&self, path: &str, world: &WorldFile, state: &mut ProviderState) {
        let part = AccountPart::default();
        let id = world.account_id(path);
        state.accounts.insert(id.clone(), account_record(path, &part, world));
        let account = &world.accounts[path];
        for name in account.roles.keys() {
            let record = role_record(path, name, &RolePart::default(), world);
            state.roles.insert(world.role_id(path, name), record);
        }
        let except = self.except.get(path);
        for short in account.members.keys().chain(account.invites.keys()) {
            if except.is_some_and(|people| people.contains(short)) {
                continue;
            }
            let record = membership_record(path, short, &MemberPart::default(), world);
            state.memberships.entry(id.clone()).or_default().insert(world.email(short), record);
        }
    }
}

fn account_record(path: &str, part: &AccountPart, world: &WorldFile) -> AccountRecord {
    let mut applied: Fields = match world.accounts.get(path) {
        Some(account) => world.fields(path, account),
        None => Fields::from([("displayName".to_owned(), Value::text(last(path)))]),
    };
    applied.extend(part.applied.clone());
    AccountRecord {
        object: object(ObjectKind::Account, part.object.as_deref().unwrap_or(last(path))),
        path: path.into(),
        applied,
        removal: part.removal.unwrap_or(Removal::Retain),
    }
}

fn role_record(path: &str, name: &str, part: &RolePart, world: &WorldFile) -> RoleRecord {
    let cells = part.permissions.as_ref().or_else(|| world.accounts.get(path)?.roles.get(name));
    let object_name = part.object.as_deref().unwrap_or(name);
    RoleRecord {
        object: object(ObjectKind::Role, object_name),
        account: world.account_id(path),
        key: RoleKey::new(path.into(), object_name),
        applied: role_fields(name, cells.map_or(&[], Vec::as_slice)),
        removal: part.removal.unwrap_or(Removal::Remove),
    }
}

fn membership_record(path: &str, short: &str, part: &MemberPart, world: &WorldFile) -> MembershipRecord {
    let account = world.accounts.get(path);
    let member = account.and_then(|account| account.members.get(short)).map(|one| match one {
        OneOrMore::Roles(roles) => roles,
        OneOrMore::More(more) => &more.roles,
    });
    let invite = account.and_then(|account| account.invites.get(short)).map(|one| match one {
        OneOrMore::Roles(roles) => (roles, None),
        OneOrMore::More(more) => (&more.roles, more.mailed),
    });
    let granted = match &part.granted {
        Some(granted) => granted.iter().map(|(name, ends)| (world.role_id(path, name), *ends)).collect(),
        None => {
            let roles = member.or(invite.map(|(roles, _)| roles)).cloned().unwrap_or_default();
            let kept = world.role_ids(path, &part.kept);
            let ids = world.role_ids(path, &roles).into_iter().filter(|id| !kept.contains(id));
            ids.map(|id| (id, None)).collect()
        }
    };
    let mail = match (&part.mail, invite) {
        (Some(MailPart { attempts, last, outcome }), _) => MailRecord {
            attempts: *attempts,
            last: Some(*last),
            outcome: Some(outcome.unwrap_or(MailOutcome::Sent)),
        },
        (None, Some((_, mailed))) => {
            MailRecord { attempts: 1, last: mailed, outcome: Some(MailOutcome::Sent) }
        }
        (None, None) => MailRecord::default(),
    };
    MembershipRecord {
        object: object(ObjectKind::Member, part.object.as_deref().unwrap_or(short)),
        person: match part.person.as_deref() {
            Some("none") => None,
            Some(id) => Some(person_id(id)),
            None => member.map(|_| person_id(short)),
        },
        granted,
        kept: world.role_ids(path, &part.kept),
        removal: part.removal.unwrap_or(Removal::Remove),
        mail,
        leaving: part.leaving,
        disabled: part.disabled,
    }
}

fn key_record(path: &str, name: &str, part: &KeyPart, world: &WorldFile) -> ApiKeyRecord {
    let actual = world.accounts.get(path).and_then(|account| account.keys.get(name));
    let roles = part.roles.clone().or_else(|| match actual? {
        OneOrMore::Roles(roles) => Some(roles.clone()),
        OneOrMore::More(more) => Some(more.roles.clone()),
    });
    let mut applied =
        Fields::from([("displayName".to_owned(), Value::text(name.split('#').next().unwrap()))]);
    applied.extend(part.description.as_ref().map(|text| ("description".to_owned(), Value::text(text))));
    ApiKeyRecord {
        object: object(ObjectKind::ApiKey, &part.object),
        account: world.account_id(path),
        label: ApiKeyLabel::new(path.into(), part.object.as_str()),
        applied,
        roles: roles.map(|roles| world.role_ids(path, &roles)),
        kept: world.role_ids(path, &part.kept),
        removal: part.removal.unwrap_or(Removal::Remove),
        secret: match part.secret.as_str() {
            "lost" => SecretFate::Lost,
            "" | "elsewhere" => SecretFate::Elsewhere,
            path => SecretFate::Stored(SecretPlace::File { path: path.to_owned() }),
        },
        replaces: part.replaces.as_deref().map(key_id),
    }
}

fn object(kind: ObjectKind, name: &str) -> ObjectRef {
    ObjectRef::of_file(kind, name)
}
