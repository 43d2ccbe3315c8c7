//! Plans by hand, for looking at how they are shown.

#![allow(clippy::unwrap_used, reason = "these run in tests only")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::change::{Action, Change};
use orgform_model::desired::Subject;
use orgform_model::{
    AccountId, AccountPath, Address, Email, FieldChange, Place, ProviderName, RoleKey, Value,
};
use orgform_plan::digest::{digest, held_digest};
use orgform_plan::plan::{
    Adopted, Cause, Cost, Deferred, Ending, Forgotten, Held, Kept, Loser, MissingSecret, Reached, Refused,
    Renamed, Seen, UnseenScope, Waiting,
};
use orgform_plan::{ChangeKind, Digest, Plan, PlannedChange, RecordDraft};

pub(crate) fn now() -> Timestamp {
    at("2026-11-23T10:00:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn pureport() -> ProviderName {
    ProviderName::from("pureport")
}

pub(crate) fn account(path: &str) -> Address {
    Address::account(&pureport(), &path.into())
}

pub(crate) fn role(path: &str, name: &str) -> Address {
    Address::role(&pureport(), &RoleKey::new(path.into(), name))
}

pub(crate) fn member(path: &str, email: &str) -> Address {
    Address::member(&pureport(), &path.into(), &Email::new(email))
}

pub(crate) fn place(file: &str, line: u32) -> Place {
    Place { file: file.into(), line, column: 10, length: 1 }
}

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn change(kind: ChangeKind, address: Address, title: &str) -> PlannedChange {
    let action = Action::RemoveAccount { account: AccountId::from("ac-1") };
    PlannedChange {
        title: title.to_owned(),
        kind,
        cause: Cause::Declared,
        gains: Vec::new(),
        loses: Vec::new(),
        fields: Vec::new(),
        notes: Vec::new(),
        reach: None,
        mails: 0,
        place: None,
        requires: BTreeSet::new(),
        losers: BTreeSet::new(),
        change: Change { address: address.clone(), action },
        record: RecordDraft::NOTHING,
        address,
    }
}

pub(crate) fn field(name: &str, from: Option<Value>, to: Option<Value>) -> FieldChange {
    FieldChange { field: name.to_owned(), from, to }
}

pub(crate) fn texts(name: &str, from: &str, to: &str) -> FieldChange {
    field(name, Some(Value::text(from)), Some(Value::text(to)))
}

pub(crate) fn sets(name: &str, from: &[&str], to: &[&str]) -> FieldChange {
    field(name, Some(Value::set(from.iter().copied())), Some(Value::set(to.iter().copied())))
}

pub(crate) fn loser(path: &str, person: &str) -> Loser {
    Loser { account: "ac-1".into(), path: path.into(), person: person.to_owned(), foreseen: false }
}

pub(crate) fn reach(of: &[(&str, &[&str])]) -> Reached {
    let people: BTreeMap<AccountPath, BTreeSet<String>> =
        of.iter().map(|(path, people)| ((*path).into(), strings(people).into_iter().collect())).collect();
    Reached { people }
}

/// Nothing to do, in a small org.
pub(crate) fn converged() -> Plan {
    Plan {
        provider: pureport(),
        subject: Subject::Everything,
        seen: Seen { accounts: 3, people: 11, calls: 10, with_state: true },
        adopted: Vec::new(),
        forgotten: Vec::new(),
        changes: Vec::new(),
        waiting: vec![
            waiting("acme", "tim@acme.example", "2026-11-16T10:00:00Z", 2),
            waiting("acme", "joan@acme.example", "2026-11-20T10:00:00Z", 1),
        ],
        kept: Vec::new(),
        drift: Vec::new(),
        refused: Vec::new(),
        held: Vec::new(),
        released: Vec::new(),
        deferred: Vec::new(),
        renamed: Vec::new(),
        ending: Vec::new(),
        missing_secrets: Vec::new(),
        ahead: None,
        unseen: Vec::new(),
        cost: Cost { reads: 10, writes: 0, mails: 0, per_second: 10, seconds: 0.0 },
        digest: Digest::of_set(&BTreeSet::new()),
        remember: Vec::new(),
        needs: BTreeSet::new(),
    }
}

pub(crate) fn with_changes(changes: Vec<PlannedChange>) -> Plan {
    let writes = u32::try_from(changes.len()).unwrap();
    let mails = changes.iter().map(|change| change.mails).sum();
    let cost = Cost { reads: 13, writes, mails, per_second: 10, seconds: f64::from(writes) * 0.3 };
    let seen = Seen { accounts: 4, people: 41, calls: 13, with_state: true };
    Plan { digest: digest(&changes), changes, cost, seen, waiting: Vec::new(), ..converged() }
}

pub(crate) fn waiting(path: &str, email: &str, since: &str, attempts: u32) -> Waiting {
    Waiting { address: member(path, email), since: Some(at(since)), attempts, note: None }
}

pub(crate) fn invite(path: &str, email: &str, role: &str) -> PlannedChange {
    PlannedChange { gains: strings(&[role]), mails: 1, ..change(ChangeKind::Invite, member(path, email), "") }
}

pub(crate) fn removal(path: &str, email: &str, role: &str) -> PlannedChange {
    PlannedChange {
        loses: strings(&[role]),
        cause: Cause::Undeclared,
        losers: [loser(path, email)].into(),
        ..change(ChangeKind::Remove, member(path, email), "")
    }
}

pub(crate) fn role_edit() -> PlannedChange {
    PlannedChange {
        fields: vec![
            sets(
                "permissions",
                &["networks:read", "networks:delete", "ports:read"],
                &["networks:read", "networks:update", "networks:create", "ports:read", "billing:all"],
            ),
            texts(
                "description",
                "Runs the networks of all customers",
                "Runs and bills the networks of all customers",
            ),
        ],
        reach: Some(reach(&[
            ("acme", &["ada@acme.example", "grace@acme.example", "ken@acme.example"]),
            ("acme/finance", &["ken@acme.example", "linus@acme.example"]),
        ])),
        losers: ["ada@acme.example", "grace@acme.example", "ken@acme.example"]
            .into_iter()
            .map(|email| loser("acme", email))
            .collect(),
        ..change(ChangeKind::Update, role("acme", "network-operator"), "role Network operator")
    }
}

/// The plan of an ordinary day: some of each kind of change.
pub(crate) fn ordinary() -> Plan {
    let update = PlannedChange {
        gains: strings(&["Billing reader"]),
        loses: strings(&["Admin"]),
        notes: strings(&["2 admins remain: linus@acme.example, ops@acme.example"]),
        losers: [loser("acme/finance", "grace@acme.example")].into(),
        place: Some(place("people/grace.yaml", 9)),
        ..change(ChangeKind::Update, member("acme/finance", "grace@acme.example"), "")
    };
    let leaving = PlannedChange {
        notes: strings(&["stays in acme/lab"]),
        ..removal("acme/finance", "ken@acme.example", "Network operator")
    };
    with_changes(vec![role_edit(), invite("acme", "ada@acme.example", "Network operator"), update, leaving])
}

/// Every kind of change on every kind of thing.
pub(crate) fn every_change() -> Plan {
    let of_member = |kind, email: &str| change(kind, member("acme/finance", email), "");
    with_changes(vec![
        PlannedChange {
            fields: vec![
                field("displayName", None, Some(Value::text("Finance"))),
                field(
                    "technicalContacts",
                    None,
                    Some(Value::set(["netops@acme.example", "ops@acme.example"])),
                ),
            ],
            ..change(ChangeKind::Create, account("acme/finance"), "account Finance")
        },
        PlannedChange {
            fields: vec![
                texts("displayName", "Acme", "Acme Networks"),
                texts("description", "", "Everything that carries packets"),
                sets("technicalContacts", &["old@acme.example"], &["ops@acme.example"]),
                field("showChildAccountPricing", Some(Value::Flag(false)), Some(Value::Flag(true))),
                field(
                    "tags",
                    Some(tags(&[("env", "test")])),
                    Some(tags(&[("env", "prod"), ("owner", "net")])),
                ),
            ],
            ..change(ChangeKind::Update, account("acme"), "account Acme")
        },
        PlannedChange {
            cause: Cause::Undeclared,
            reach: Some(reach(&[("acme/lab", &["ken@acme.example", "rosa@acme.example"])])),
            losers: [loser("acme/lab", "ken@acme.example"), loser("acme/lab", "rosa@acme.example")].into(),
            ..change(ChangeKind::Remove, account("acme/lab"), "account Lab")
        },
        PlannedChange {
            fields: vec![
                field("permissions", None, Some(Value::set(["all:all"]))),
                field("description", None, Some(Value::text("May do all"))),
            ],
            reach: Some(reach(&[])),
            ..change(ChangeKind::Create, role("acme", "operator"), "role Operator")
        },
        PlannedChange {
            cause: Cause::Undeclared,
            ..change(ChangeKind::Remove, role("acme", "auditor"), "role Auditor")
        },
        PlannedChange { gains: strings(&["Admin"]), ..of_member(ChangeKind::Create, "bea@acme.example") },
        PlannedChange {
            gains: strings(&["Admin"]),
            cause: Cause::Drift,
            ..of_member(ChangeKind::Update, "cem@acme.example")
        },
        PlannedChange {
            mails: 1,
            cause: Cause::Requested,
            ..of_member(ChangeKind::Resend, "dora@acme.example")
        },
        PlannedChange {
            loses: strings(&["Admin", "Operator"]),
            cause: Cause::Offboarded,
            ..of_member(ChangeKind::Withdraw, "eli@acme.example")
        },
        PlannedChange {
            loses: strings(&["Operator"]),
            cause: Cause::Expired,
            ..of_member(ChangeKind::Disable, "fay@acme.example")
        },
        PlannedChange { gains: strings(&["Operator"]), ..of_member(ChangeKind::Enable, "gus@acme.example") },
        PlannedChange {
            loses: strings(&["Operator"]),
            cause: Cause::Authority,
            ..of_member(ChangeKind::Remove, "hal@acme.example")
        },
        PlannedChange {
            fields: vec![texts("lastName", "Marsh", "Marsh-Ito")],
            ..change(ChangeKind::Update, Address::person(&pureport(), &Email::new("ida@acme.example")), "")
        },
    ])
}

fn tags(pairs: &[(&str, &str)]) -> Value {
    Value::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

/// A plan in which every list has something, and the long ones more than is shown.
pub(crate) fn every_section() -> Plan {
    let held: Vec<PlannedChange> = (1..=17)
        .map(|number| removal("acme/lab", &format!("person{number:02}@acme.example"), "Operator"))
        .collect();
    Plan {
        subject: Subject::Some {
            objects: [orgform_model::ObjectRef::of_file(orgform_model::ObjectKind::Member, "ada")].into(),
            because: "people/ken.yaml could not be read".to_owned(),
            gap: true,
        },
        adopted: vec![
            Adopted { address: account("acme"), what: "account Acme".to_owned(), entries: Vec::new() },
            Adopted {
                address: role("acme", "auditor"),
                what: "role Auditor".to_owned(),
                entries: Vec::new(),
            },
            Adopted {
                address: member("acme", "linus@acme.example"),
                what: "member, Admin".to_owned(),
                entries: Vec::new(),
            },
        ],
        forgotten: vec![Forgotten {
            address: account("acme/old"),
            because: "its removal is Retain".to_owned(),
            entries: Vec::new(),
        }],
        waiting: vec![
            Waiting {
                note: Some("expires tomorrow".to_owned()),
                ..waiting("acme", "joan@acme.example", "2026-11-20T10:00:00Z", 1)
            },
            waiting("acme/finance", "tim@acme.example", "2026-11-09T10:00:00Z", 2),
            Waiting { address: member("acme", "uma@acme.example"), since: None, attempts: 0, note: None },
        ],
        kept: vec![
            kept(member("acme/lab", "guest@partner.example"), "member, Admin", "unmanaged"),
            kept(role("acme", "viewer"), "role Viewer", "unmanaged"),
            kept(
                member("acme", "linus@acme.example"),
                "Billing",
                "an extra grant from before it was taken over",
            ),
        ],
        drift: vec![kept(
            member("acme", "rosa@acme.example"),
            "member",
            "has Admin at pureport, which was not given here",
        )],
        refused: vec![
            Refused {
                address: member("acme", "ops@acme.example"),
                what: "revoke Admin".to_owned(),
                because: "acme would be left with 1 admin, linus@acme.example; the minimum is 2".to_owned(),
                next: "give Admin to somebody else first, or set safety.admins.minimum: 1".to_owned(),
                place: Some(place("people/ops.yaml", 4)),
            },
            Refused {
                address: role("acme", "operator"),
                what: "remove".to_owned(),
                because: "3 people hold it: a@acme.example, b@acme.example, c@acme.example".to_owned(),
                next: "orgform show pureport/acme:role/operator".to_owned(),
                place: None,
            },
        ],
        held: vec![Held {
            account: Some("acme/lab".into()),
            because: "17 of 20 people would lose access; the limit is 4 in 24 h".to_owned(),
            digest: held_digest(&held),
            changes: held,
        }],
        deferred: vec![Deferred {
            address: member("acme", "ken@acme.example"),
            what: "revoke Admin".to_owned(),
            because: "until joan@acme.example accepts".to_owned(),
            until: Some(at("2026-11-24T08:00:00Z")),
        }],
        renamed: ["acme", "acme/lab"]
            .map(|path| Renamed {
                edited: false,
                address: member(path, "kim@acme.example"),
                from: Email::new("Kim@acme.example"),
                to: Email::new("kim.lee@acme.example"),
                place: place("people/kim.yaml", 4),
            })
            .into(),
        ending: vec![
            Ending {
                address: member("acme", "rosa@acme.example"),
                grant: "Admin".to_owned(),
                at: at("2026-12-01T00:00:00Z"),
            },
            Ending {
                address: member("acme", "ken@acme.example"),
                grant: "Auditor".to_owned(),
                at: at("2026-11-24T00:00:00Z"),
            },
        ],
        missing_secrets: vec![MissingSecret {
            address: "pureport/acme:key/ci".parse().unwrap(),
            because: "its secret is not at .orgform/keys/ci any more".to_owned(),
            next: "orgform keys remake pureport/acme:key/ci".to_owned(),
        }],
        unseen: vec![UnseenScope {
            account: Some("acme/closed".into()),
            because: "pureport answered 403 FORBIDDEN".to_owned(),
            hint: Some("give the key the role \"Read only\" in acme/closed".to_owned()),
        }],
        ..ordinary()
    }
}

pub(crate) fn kept(address: Address, what: &str, because: &str) -> Kept {
    Kept { address, what: what.to_owned(), because: because.to_owned() }
}
