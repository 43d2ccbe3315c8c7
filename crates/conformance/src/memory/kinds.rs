//! How a world in memory behaves: semantics and capabilities as data, like those of any provider.

use std::time::Duration;

use orgform_model::Capabilities;
use orgform_model::capabilities::{Mails, Rate};
use orgform_model::semantics::{
    AccountSemantics, AdminRight, ApiKeySemantics, Combine, FieldRule, FixedRole, Level, RoleSemantics, Rule,
    Semantics, Shape,
};
use orgform_model::world::{Reach, RemovalFacts};

/// How a world in memory behaves.
#[derive(Clone, Debug)]
pub struct Kind {
    /// What pure code must know.
    pub semantics: &'static Semantics,
    /// What it can do.
    pub capabilities: &'static Capabilities,
    /// What removing anything would mean.
    pub removal: RemovalFacts,
    /// A person with a profile joins at once when invited; else everybody has to accept.
    pub known_person_joins: bool,
    /// From how many reads of its list a new thing is missing.
    pub lag: u32,
}

impl Kind {
    /// The opposite of Pureport: flat accounts with a unique name, fixed roles of which a member has exactly one,
    /// invites that carry no roles and can't be taken back, e-mails in the list, removal that can't be undone; API
    /// keys without roles that can't be changed.
    pub fn flat() -> Self {
        Self {
            semantics: &FLAT,
            capabilities: &FLAT_CAN,
            removal: RemovalFacts { reach: Reach::ThisAccount, reversible: false },
            known_person_joins: false,
            lag: 0,
        }
    }

    /// Close to Pureport: a tree, inherited custom roles, several roles per member, no e-mails in the list; but
    /// with a fixed role whose id is the same everywhere.
    pub fn tree() -> Self {
        Self {
            semantics: &TREE,
            capabilities: &TREE_CAN,
            removal: RemovalFacts::LOCAL,
            known_person_joins: true,
            lag: 0,
        }
    }

    /// In between: flat accounts with custom roles of their own, invites that can be changed but neither taken back
    /// nor sent again, and lists that lag.
    pub fn lagging() -> Self {
        Self {
            semantics: &OWN_ROLES,
            capabilities: &LAGGING_CAN,
            removal: RemovalFacts::LOCAL,
            known_person_joins: true,
            lag: 1,
        }
    }
}

const fn field(name: &'static str, shape: Shape, max: Option<usize>) -> FieldRule {
    FieldRule { name, title: name, shape, rule: Rule::Plain, max, own_call: false }
}

static FLAT: Semantics = Semantics {
    kind: "memory",
    title: "Memory",
    accounts: AccountSemantics {
        tree: false,
        below_listed: true,
        mails_everyone: None,
        removal: None,
        top_level_creatable: true,
        natural_key: "name",
        natural_key_unique: true,
        fields: &[field("name", Shape::Text, Some(64)), field("note", Shape::Text, Some(256))],
    },
    roles: RoleSemantics {
        custom: false,
        inherited: false,
        combine: Combine::ExactlyOne,
        fixed: &[
            FixedRole { name: "owner", title: "Owner", id: Some("role-owner"), level: Level::Every },
            FixedRole { name: "editor", title: "Editor", id: Some("role-editor"), level: Level::Every },
            FixedRole { name: "viewer", title: "Viewer", id: Some("role-viewer"), level: Level::Every },
        ],
        implied: &[],
        weakest_first: &[],
        natural_key: "displayName",
        fields: &[],
    },
    admin: AdminRight { fixed: &["owner"], item: None },
    api_keys: Some(ApiKeySemantics {
        roles: false,
        natural_key: "name",
        fields: &[FieldRule { rule: Rule::Immutable, ..field("name", Shape::Text, Some(64)) }],
    }),
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

static FLAT_CAN: Capabilities = Capabilities {
    create_account: true,
    update_account: true,
    remove_account: true,
    resend_invite: true,
    invites_expire: true,
    remove_member: true,
    disable: true,
    list_api_keys: true,
    create_api_key: true,
    remove_api_key: true,
    email_in_list: true,
    mails: Mails { on_invite: true, on_create: false, on_resend: true, on_remove: false },
    batch: 3,
    rate: Rate { concurrency: 4, per_second: 1000 },
    ..Capabilities::NONE
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
        field("displayName", Shape::Text, Some(64)),
        field("description", Shape::Text, Some(256)),
        field("tags", Shape::Map, None),
    ],
};

const TREE_ROLES: RoleSemantics = RoleSemantics {
    custom: true,
    inherited: true,
    combine: Combine::Union,
    fixed: &[FixedRole { name: "admin", title: "Admin", id: Some("role-admin"), level: Level::Every }],
    implied: &[],
    weakest_first: &[],
    natural_key: "displayName",
    fields: &[
        field("displayName", Shape::Text, Some(64)),
        field("description", Shape::Text, Some(256)),
        field("permissions", Shape::Set, None),
    ],
};

const TREE_ADMIN: AdminRight = AdminRight { fixed: &["admin"], item: Some(("permissions", "everything")) };

static TREE: Semantics = Semantics {
    kind: "memory",
    title: "Memory",
    accounts: TREE_ACCOUNTS,
    roles: TREE_ROLES,
    admin: TREE_ADMIN,
    api_keys: TREE_API_KEYS,
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

const TREE_API_KEYS: Option<ApiKeySemantics> = Some(ApiKeySemantics {
    roles: true,
    natural_key: "displayName",
    fields: &[field("displayName", Shape::Text, Some(64)), field("description", Shape::Text, Some(256))],
});

const CAN_ALL_BUT_DISABLE: Capabilities = Capabilities {
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
    mails: Mails { on_invite: true, on_create: false, on_resend: true, on_remove: true },
    rate: Rate { concurrency: 8, per_second: 1000 },
    ..Capabilities::NONE
};

static TREE_CAN: Capabilities = CAN_ALL_BUT_DISABLE;

static OWN_ROLES: Semantics = Semantics {
    kind: "memory",
    title: "Memory",
    accounts: AccountSemantics { tree: false, top_level_creatable: true, ..TREE_ACCOUNTS },
    roles: RoleSemantics { inherited: false, ..TREE_ROLES },
    admin: TREE_ADMIN,
    api_keys: TREE_API_KEYS,
    people: orgform_model::semantics::PersonSemantics::USUAL,
};

static LAGGING_CAN: Capabilities = Capabilities {
    withdraw_invite: false,
    resend_invite: false,
    invites_expire: false,
    email_in_list: true,
    visible_within: Duration::from_secs(8),
    ..CAN_ALL_BUT_DISABLE
};
