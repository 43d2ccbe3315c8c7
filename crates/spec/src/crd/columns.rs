//! What `kubectl get` shows of each kind, and what it can select by.

use serde_json::{Value, json};

/// A column: its title, its type, where it comes from, and whether only `-o wide` shows it.
type Column = (&'static str, &'static str, &'static str, bool);

const READY: Column = ("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", false);
const REASON: Column = ("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", false);
const MESSAGE: Column = ("Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", true);
const PROVIDER: Column = ("Provider", "string", ".status.provider", false);
const ACCOUNT: Column = ("Account", "string", ".spec.accountRef.name", false);
const ID: Column = ("Id", "string", ".status.externalId", true);
const AGE: Column = ("Age", "date", ".metadata.creationTimestamp", false);

const COLUMNS: &[(&str, &[Column])] = &[
    (
        "Provider",
        &[
            READY,
            REASON,
            ("Mode", "string", ".spec.mode", false),
            ("Accounts", "integer", ".status.counts.accounts", false),
            ("People", "integer", ".status.counts.people", false),
            ("Waiting", "integer", ".status.waiting.total", false),
            ("Refused", "integer", ".status.refused.total", false),
            ("Held", "integer", ".status.heldPeople", false),
            ("Connection", "string", ".status.connection", true),
            ("Last pass", "date", ".status.lastPass.at", true),
            MESSAGE,
            AGE,
        ],
    ),
    (
        "Account",
        &[
            READY,
            REASON,
            PROVIDER,
            ("Parent", "string", ".spec.parentRef.name", false),
            ("People", "integer", ".status.people", false),
            ("Waiting", "integer", ".status.waiting", false),
            ID,
            MESSAGE,
            AGE,
        ],
    ),
    (
        "Role",
        &[
            READY,
            REASON,
            PROVIDER,
            ACCOUNT,
            ("Holders", "integer", ".status.holders", false),
            ID,
            MESSAGE,
            AGE,
        ],
    ),
    (
        "Member",
        &[
            READY,
            REASON,
            ("Provider", "string", ".status.summary.providers", false),
            ("Accounts", "string", ".status.summary.accounts", false),
            ("Roles", "string", ".status.summary.roles", false),
            ("Invite", "string", ".status.summary.invite", false),
            ("Email", "string", ".spec.email", true),
            MESSAGE,
            AGE,
        ],
    ),
    (
        "ApiKey",
        &[READY, REASON, PROVIDER, ACCOUNT, ("Secret", "string", ".status.secret", false), ID, MESSAGE, AGE],
    ),
];

/// What `--field-selector` can ask for.
const SELECTABLE: &[(&str, &[&str])] = &[
    ("Account", &[".spec.providerRef.name", ".spec.parentRef.name"]),
    ("Role", &[".spec.accountRef.name"]),
    ("Member", &[".spec.email"]),
    ("ApiKey", &[".spec.accountRef.name"]),
];

/// Adds both to a version of a definition.
pub(super) fn add(kind: &str, version: &mut Value) {
    let of_kind = |(name, _): &&(&str, &[Column])| *name == kind;
    if let Some((_, columns)) = COLUMNS.iter().find(of_kind) {
        version["additionalPrinterColumns"] = columns.iter().map(column).collect();
    }
    if let Some((_, fields)) = SELECTABLE.iter().find(|(name, _)| *name == kind) {
        version["selectableFields"] = fields.iter().map(|path| json!({ "jsonPath": path })).collect();
    }
}

fn column((name, of_type, path, wide): &Column) -> Value {
    let mut column = json!({ "name": name, "type": of_type, "jsonPath": path });
    if *wide {
        column["priority"] = json!(1);
    }
    column
}
