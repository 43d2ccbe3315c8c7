//! How Pureport behaves and what it can do, as data (pureport contract, sections 5 to 9).

use std::time::Duration;

use orgform_model::Capabilities;
use orgform_model::capabilities::{Mails, Rate};
use orgform_model::semantics::{
    AccountSemantics, AdminRight, ApiKeySemantics, Combine, FieldRule, FixedRole, Level, RoleSemantics, Rule,
    Semantics, Shape,
};

/// What permissions speak of (pureport contract, section 6). `all` stands for every one.
pub const RESOURCES: [&str; 9] =
    ["all", "accounts", "apikeys", "audit", "billing", "members", "networks", "ports", "roles"];

/// What permissions allow (pureport contract, section 6). `all` stands for every one.
pub const ACTIONS: [&str; 5] = ["all", "create", "read", "update", "delete"];

/// The fixed role, as written in manifests.
pub(crate) const ADMIN: &str = "admin";
/// The name of the role object that every account has.
pub(crate) const ADMIN_TITLE: &str = "Admin";
/// `consent` of an account whose agreements were accepted.
pub(crate) const ACCEPTED: &str = "Accepted";
/// `consent` of an account whose agreements nobody accepted yet: only ever observed.
pub(crate) const OPEN: &str = "Open";
/// `consent` that is left to the account's own admin: only ever declared, and then not managed.
pub(crate) const LEFT_TO_ADMIN: &str = "LeftToAdmin";

const fn field(name: &'static str, title: &'static str, shape: Shape, max: Option<usize>) -> FieldRule {
    FieldRule { name, title, shape, rule: Rule::Plain, max, own_call: false }
}

/// How Pureport's accounts, roles and members behave.
pub static SEMANTICS: Semantics = Semantics {
    kind: "pureport",
    title: "Pureport",
    accounts: AccountSemantics {
        tree: true,
        below_listed: true,
        mails_everyone: None,
        removal: None,
        // A top-level account is made by signing up in the console (section 5).
        top_level_creatable: false,
        natural_key: "displayName",
        natural_key_unique: false,
        fields: &[
            field("displayName", "name", Shape::Text, Some(64)),
            field("description", "description", Shape::Text, Some(256)),
            field("tags", "tags", Shape::Map, None),
            field("technicalContacts", "technical contacts", Shape::Set, Some(10)),
            FieldRule {
                name: "consent",
                title: "consent",
                shape: Shape::Text,
                rule: Rule::OneWay { to: ACCEPTED },
                max: None,
                own_call: true,
            },
        ],
    },
    roles: RoleSemantics {
        custom: true,
        inherited: true,
        combine: Combine::Union,
        // The Admin role is an object of each account with an id of its own (section 6).
        fixed: &[FixedRole { name: ADMIN, title: ADMIN_TITLE, id: None, level: Level::Every }],
        implied: &[],
        weakest_first: &[],
        natural_key: "displayName",
        fields: &[
            field("displayName", "name", Shape::Text, None),
            field("description", "description", Shape::Text, Some(256)),
            field("permissions", "permissions", Shape::Set, None),
        ],
    },
    admin: AdminRight { fixed: &[ADMIN], item: Some(("permissions", "all:all")) },
    // Nothing says that names are unique (section 9).
    api_keys: Some(ApiKeySemantics {
        roles: true,
        natural_key: "displayName",
        fields: &[
            field("displayName", "name", Shape::Text, Some(255)),
            field("description", "description", Shape::Text, Some(1024)),
        ],
    }),
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

/// What Pureport can do.
pub static CAPABILITIES: Capabilities = Capabilities {
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
    list_api_keys: true,
    create_api_key: true,
    update_api_key: true,
    remove_api_key: true,
    audit_log: true,
    // A person known to Pureport is mailed too (section 8).
    mails: Mails { on_invite: true, on_create: false, on_resend: true, on_remove: false },
    // The limit is unpublished (section 3): concurrency bounds us, and one 429 holds all calls back. The number
    // per second is only there to stop a loop that has gone wild.
    rate: Rate { concurrency: 8, per_second: 20_000 },
    visible_within: Duration::from_secs(5),
    ..Capabilities::NONE
};
