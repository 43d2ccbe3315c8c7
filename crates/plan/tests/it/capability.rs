//! Two providers that are each other's opposite, as data. Neither is a real one.

use std::time::Duration;

use orgform_model::capabilities::{Capabilities, Mails, Rate};
use orgform_model::semantics::{
    AccountSemantics, AdminRight, ApiKeySemantics, Combine, FieldRule, FixedRole, Level, RoleSemantics, Rule,
    Semantics, Shape,
};

const fn field(name: &'static str, shape: Shape) -> FieldRule {
    FieldRule { name, title: name, shape, rule: Rule::Plain, max: None, own_call: false }
}

/// A tree of accounts, inherited roles, several for each member, and an admin role that each account has.
pub(crate) static TREE: Semantics = Semantics {
    kind: "pureport",
    title: "Treeland",
    accounts: TREE_ACCOUNTS,
    roles: TREE_ROLES,
    admin: AdminRight { fixed: &["admin"], item: Some(("permissions", "all:all")) },
    api_keys: None,
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

/// The same, with API keys that have roles.
pub(crate) static KEYS: Semantics = Semantics {
    kind: "pureport",
    title: "Treeland",
    accounts: TREE_ACCOUNTS,
    roles: TREE_ROLES,
    admin: AdminRight { fixed: &["admin"], item: Some(("permissions", "all:all")) },
    api_keys: Some(ApiKeySemantics {
        roles: true,
        natural_key: "displayName",
        fields: &[field("displayName", Shape::Text), field("description", Shape::Text)],
    }),
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

const TREE_ACCOUNTS: AccountSemantics = AccountSemantics {
    tree: true,
    below_listed: true,
    mails_everyone: None,
    removal: None,
    top_level_creatable: false,
    natural_key: "displayName",
    natural_key_unique: false,
    fields: &[
        field("displayName", Shape::Text),
        field("description", Shape::Text),
        field("tags", Shape::Map),
        field("technicalContacts", Shape::Set),
        FieldRule {
            name: "consent",
            title: "consent",
            shape: Shape::Text,
            rule: Rule::OneWay { to: "Accepted" },
            max: None,
            own_call: true,
        },
    ],
};

const TREE_ROLES: RoleSemantics = RoleSemantics {
    custom: true,
    inherited: true,
    combine: Combine::Union,
    fixed: &[FixedRole { name: "admin", title: "Admin", id: None, level: Level::Every }],
    implied: &[],
    weakest_first: &[],
    natural_key: "displayName",
    fields: &[
        field("displayName", Shape::Text),
        field("description", Shape::Text),
        field("permissions", Shape::Set),
    ],
};

pub(crate) static TREE_CAN: Capabilities = Capabilities {
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
    mails: Mails { on_invite: true, on_create: false, on_resend: true, on_remove: false },
    rate: Rate { concurrency: 8, per_second: 10 },
    visible_within: Duration::from_secs(5),
    ..Capabilities::NONE
};

/// Flat accounts, exactly one role of the same id everywhere, invites that can't be changed or taken back and
/// grant nothing until they are accepted, removal that can't be undone, and people who can be disabled.
pub(crate) static FLAT: Semantics = Semantics {
    kind: "pureport",
    title: "Flatland",
    accounts: AccountSemantics {
        tree: false,
        below_listed: true,
        mails_everyone: None,
        removal: None,
        top_level_creatable: true,
        natural_key: "displayName",
        natural_key_unique: true,
        fields: &[field("displayName", Shape::Text)],
    },
    roles: RoleSemantics {
        custom: false,
        inherited: false,
        combine: Combine::ExactlyOne,
        fixed: &[
            FixedRole { name: "admin", title: "Admin", id: Some("1"), level: Level::Every },
            FixedRole { name: "user", title: "User", id: Some("2"), level: Level::Every },
        ],
        implied: &[],
        weakest_first: &[],
        natural_key: "displayName",
        fields: &[],
    },
    admin: AdminRight { fixed: &["admin"], item: None },
    api_keys: None,
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

pub(crate) static FLAT_CAN: Capabilities = Capabilities {
    create_account: true,
    update_account: true,
    remove_member: true,
    disable: true,
    email_in_list: true,
    mails: Mails { on_invite: true, on_create: false, on_resend: false, on_remove: true },
    rate: Rate { concurrency: 2, per_second: 5 },
    ..Capabilities::NONE
};
