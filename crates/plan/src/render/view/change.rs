//! One change in words.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::{Address, FieldChange, Place, ProviderName, Thing, Value};
use serde::Serialize;

use super::super::words;
use crate::plan::{Cause, ChangeKind, Loser, PlannedChange, Reached};

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    /// What it is about.
    pub address: String,
    /// The account that it is in; none where it reaches a person in every account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// `+`, `~` or `-`.
    pub sign: String,
    /// The name as shown: `ada@acme.example`, `role Network operator`.
    pub name: String,
    /// `create`, `update`, `remove`, `invite`, `resend`, `withdraw`, `disable` or `enable`.
    pub kind: ChangeKind,
    /// Why it is made.
    pub cause: Cause,
    /// What it does and why, as shown behind the name: `invite as Network operator`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// Grants that somebody gains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gains: Vec<String>,
    /// Grants that somebody loses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
    /// Fields that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldView>,
    /// More to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// People whom it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<ReachView>,
    /// Mails that it sends.
    pub mails: u32,
    /// Where it is declared: `people/ada.yaml:4:3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Addresses of changes that are done first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Who loses access by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losers: Vec<LoserView>,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldView {
    /// Its name, as written in a manifest.
    pub field: String,
    /// What the provider has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// What is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// What comes, as shown: `networks: update`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gains: Vec<String>,
    /// What goes, as shown: `networks: delete`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
}

/// Whom a change reaches.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReachView {
    /// `12 people in 3 accounts`.
    pub says: String,
    /// Distinct people.
    pub people: Vec<String>,
    /// The same, by account.
    pub accounts: Vec<ReachedAccountView>,
}

/// Whom a change reaches in one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReachedAccountView {
    /// The account.
    pub account: String,
    /// The people.
    pub people: Vec<String>,
}

/// Somebody who loses access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoserView {
    /// Where.
    pub account: String,
    /// Who.
    pub person: String,
    /// Whether the end was declared while it was still ahead.
    pub foreseen: bool,
}

impl ChangeView {
    /// Whether `says` has told the gains and losses, so that they need no line of their own.
    pub fn tells_grants(&self) -> bool {
        tells_grants(self.kind, &self.loses)
    }
}

/// The view of a change.
pub(super) fn change(change: &PlannedChange) -> ChangeView {
    let PlannedChange {
        address,
        title,
        kind,
        cause,
        gains,
        loses,
        fields,
        notes,
        reach,
        mails,
        place,
        requires,
        losers,
        change: _,
        record: _,
    } = change;
    let reach = reach.as_ref().map(reached);
    let says = [
        effect(address, *kind, gains, loses),
        reach.as_ref().map(|reach| format!("reaches {}", reach.says)).unwrap_or_default(),
        reason(*cause, &address.provider).unwrap_or_default(),
    ];
    ChangeView {
        address: address.to_string(),
        account: address.account_path().map(ToString::to_string),
        sign: sign(*kind).to_owned(),
        name: name(address, title),
        kind: *kind,
        cause: *cause,
        says: says.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "),
        gains: gains.clone(),
        loses: loses.clone(),
        fields: fields.iter().map(field).collect(),
        notes: notes.clone(),
        reach,
        mails: *mails,
        place: place.as_ref().map(Place::to_string),
        requires: requires.iter().map(Address::to_string).collect(),
        losers: losers.iter().map(loser).collect(),
    }
}

/// The sign in front of a kind of change.
pub(super) fn sign(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create | ChangeKind::Invite | ChangeKind::Enable => "+",
        ChangeKind::Update | ChangeKind::Resend => "~",
        ChangeKind::Remove | ChangeKind::Withdraw | ChangeKind::Disable => "-",
    }
}

/// The name to show: people by e-mail, other things by their title.
pub(super) fn name(address: &Address, title: &str) -> String {
    match &address.thing {
        Thing::Member(_, email) | Thing::Person(email) => email.to_string(),
        Thing::Account(_) | Thing::Role(_) | Thing::ApiKey(_) if !title.is_empty() => title.to_owned(),
        Thing::Account(path) => format!("account {path}"),
        Thing::Role(key) => format!("role {}", key.name),
        Thing::ApiKey(label) => format!("API key {}", label.name),
    }
}

fn tells_grants(kind: ChangeKind, loses: &[String]) -> bool {
    match kind {
        ChangeKind::Update => false,
        ChangeKind::Resend => loses.is_empty(),
        ChangeKind::Create
        | ChangeKind::Invite
        | ChangeKind::Remove
        | ChangeKind::Withdraw
        | ChangeKind::Disable
        | ChangeKind::Enable => true,
    }
}

fn effect(address: &Address, kind: ChangeKind, gains: &[String], loses: &[String]) -> String {
    let is_key = matches!(address.thing, Thing::ApiKey(_));
    let is_person = matches!(address.thing, Thing::Member(..) | Thing::Person(_));
    let with = |verb: &str, joint: &str, grants: &[String]| match grants {
        [] => verb.to_owned(),
        _ => format!("{verb}{joint}{}", grants.join(", ")),
    };
    match kind {
        ChangeKind::Create if is_person => with("add", " as ", gains),
        ChangeKind::Create => with("create", " with ", gains),
        ChangeKind::Update => String::new(),
        ChangeKind::Remove if loses.is_empty() => "remove".to_owned(),
        ChangeKind::Remove if is_key => with("remove", "; loses ", loses),
        ChangeKind::Remove => with("loses", " ", loses),
        ChangeKind::Invite => with("invite", " as ", gains),
        ChangeKind::Resend if tells_grants(kind, loses) => with("invite again", " as ", gains),
        ChangeKind::Resend => "invite again".to_owned(),
        ChangeKind::Withdraw => with("withdraw the invite", " as ", loses),
        ChangeKind::Disable => with("lock out", "; loses ", loses),
        ChangeKind::Enable => with("let in again", " as ", gains),
    }
}

fn reason(cause: Cause, provider: &ProviderName) -> Option<String> {
    Some(match cause {
        Cause::Declared => return None,
        Cause::Undeclared => "no longer declared".to_owned(),
        Cause::Drift => format!("changed at {provider} since the last apply"),
        Cause::Expired => "its time is over".to_owned(),
        Cause::Offboarded => "offboarded".to_owned(),
        Cause::Authority => "not declared, and the account is authoritative".to_owned(),
        Cause::Base => "was declared at the base revision, and is gone".to_owned(),
        Cause::Requested => "asked for by its address".to_owned(),
        Cause::SecretLost => "its secret was not stored, so nobody can use it".to_owned(),
        Cause::Replaced => "a new one takes its place".to_owned(),
    })
}

fn reached(reach: &Reached) -> ReachView {
    let Reached { people } = reach;
    let persons = reach.persons();
    let accounts = people.values().filter(|people| !people.is_empty()).count();
    let says = match persons.len() {
        0 => "nobody".to_owned(),
        number => format!("{} in {}", words::people(number), words::accounts(accounts)),
    };
    ReachView {
        says,
        people: persons.into_iter().map(str::to_owned).collect(),
        accounts: people
            .iter()
            .map(|(account, people)| ReachedAccountView {
                account: account.to_string(),
                people: people.iter().cloned().collect(),
            })
            .collect(),
    }
}

fn loser(loser: &Loser) -> LoserView {
    let Loser { account: _, path, person, foreseen } = loser;
    LoserView { account: path.to_string(), person: person.clone(), foreseen: *foreseen }
}

/// The view of a field that differs.
pub(super) fn field(change: &FieldChange) -> FieldView {
    let FieldChange { field, from, to } = change;
    let (gains, loses) = match (from, to) {
        // Two texts, or two flags, are shown as one line with what differs in it.
        (Some(Value::Text(_)), Some(Value::Text(_))) | (Some(Value::Flag(_)), Some(Value::Flag(_))) => {
            (Vec::new(), Vec::new())
        }
        _ => (side(field, to.as_ref(), from.as_ref()), side(field, from.as_ref(), to.as_ref())),
    };
    FieldView { field: field.clone(), from: from.clone(), to: to.clone(), gains, loses }
}

/// What one side of a field has and the other has not, as lines.
fn side(field: &str, of: Option<&Value>, without: Option<&Value>) -> Vec<String> {
    match (of, without) {
        (None, _) => Vec::new(),
        (Some(Value::Set(set)), without) => {
            let without = without.and_then(Value::as_set);
            let items = set.iter().filter(|item| without.is_none_or(|set| !set.contains(*item)));
            let items: BTreeSet<&str> = items.map(String::as_str).collect();
            if field == "permissions" { cells(&items) } else { listed(field, items) }
        }
        (Some(Value::Map(map)), without) => {
            let without = if let Some(Value::Map(without)) = without { Some(without) } else { None };
            let pairs =
                map.iter().filter(|(key, value)| without.and_then(|map| map.get(*key)) != Some(*value));
            let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
            listed(field, pairs)
        }
        (Some(value @ (Value::Text(_) | Value::Flag(_))), _) => vec![format!("{field}: {value}")],
    }
}

fn listed<T: AsRef<str>>(field: &str, items: impl IntoIterator<Item = T>) -> Vec<String> {
    let items: Vec<T> = items.into_iter().collect();
    if items.is_empty() {
        return Vec::new();
    }
    vec![format!("{field}: {}", items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "))]
}

/// The actions of a resource, in the order in which they are told.
const ACTIONS: [&str; 5] = ["all", "create", "read", "update", "delete"];

/// Permission cells such as `networks:update`, one line per resource: `networks: read, update`. In normal form
/// `all` comes with what it stands for; where all of that is there, `all` says it.
fn cells(items: &BTreeSet<&str>) -> Vec<String> {
    let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut lines = Vec::new();
    for item in items {
        match item.split_once(':') {
            Some(("all", "all")) => lines.push("everything".to_owned()),
            Some((resource, action)) => by_resource.entry(resource).or_default().push(action),
            None => lines.push((*item).to_owned()),
        }
    }
    for (resource, mut actions) in by_resource {
        actions.sort_by_key(|action| (usual_place(action), *action));
        if actions == ACTIONS {
            actions.truncate(1);
        }
        lines.push(format!("{resource}: {}", actions.join(", ")));
    }
    lines
}

fn usual_place(action: &str) -> usize {
    ACTIONS.iter().position(|one| *one == action).unwrap_or(usize::MAX)
}
