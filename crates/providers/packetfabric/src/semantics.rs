//! How PacketFabric behaves and what it can do, as data (packetfabric contract, sections 4 to 7).

use std::time::Duration;

use orgform_model::Capabilities;
use orgform_model::capabilities::{Mails, Rate};
use orgform_model::policy::Removal;
use orgform_model::semantics::{
    AccountSemantics, AdminRight, ApiKeySemantics, Combine, FieldRule, FixedRole, Level, PersonSemantics,
    RoleSemantics, Rule, Semantics, Shape,
};

/// The group that may do everything.
pub(crate) const ADMIN: &str = "admin";

const fn text(name: &'static str, title: &'static str, max: usize) -> FieldRule {
    FieldRule { name, title, shape: Shape::Text, rule: Rule::Plain, max: Some(max), own_call: false }
}

/// A group: its name is its id, the same for everybody (section 5).
const fn group(name: &'static str, title: &'static str) -> FixedRole {
    FixedRole { name, title, id: Some(name), level: Level::Every }
}

/// How PacketFabric's customer, groups and users behave.
pub static SEMANTICS: Semantics = Semantics {
    kind: "packetfabric",
    title: "PacketFabric",
    accounts: AccountSemantics {
        tree: false,
        below_listed: true,
        mails_everyone: None,
        removal: None,
        // A token sees exactly one customer, which is never made or removed through the API (section 7).
        top_level_creatable: false,
        natural_key: "displayName",
        natural_key_unique: true,
        fields: &[text("displayName", "name", 255), text("description", "description", 255)],
    },
    roles: RoleSemantics {
        custom: false,
        inherited: false,
        // Since August 2021 (section 5).
        combine: Combine::ExactlyOne,
        fixed: &[
            group(ADMIN, "Admin"),
            group("regular", "Regular"),
            group("read-only", "Read only"),
            group("support", "Support"),
            group("sales", "Sales"),
        ],
        implied: &[],
        // Of users from before the lowest counts. Support and sales can't really be compared: neither is an admin.
        weakest_first: &["read-only", "sales", "support", "regular", ADMIN],
        natural_key: "displayName",
        fields: &[text("displayName", "name", 255)],
    },
    admin: AdminRight { fixed: &[ADMIN], item: None },
    // Keys of the user who applies (section 9): a key may do what its user may, and can't be changed.
    api_keys: Some(ApiKeySemantics {
        roles: false,
        natural_key: "displayName",
        fields: &[FieldRule { rule: Rule::Immutable, ..text("displayName", "name", 255) }],
    }),
    people: PersonSemantics {
        fields: &[
            text("firstName", "first name", 255),
            text("lastName", "last name", 255),
            text("phone", "phone", 64),
            text("timezone", "time zone", 255),
            text("login", "login", 255),
        ],
        creatable: true,
        invited: true,
        home: None,
        // Deleted users stay in the database (section 4).
        returns: false,
        // `disabled` is written and in no answer (section 4).
        disabled_shown: false,
        disabled_everywhere: true,
        removal: Removal::Disable,
        email_change: Some(
            "PacketFabric changes an e-mail only with the person's own password, so the person does it in the portal; \
             then the plan shows the new one as a rename",
        ),
    },
};

/// What PacketFabric can do.
pub static CAPABILITIES: Capabilities = Capabilities {
    update_account: true,
    grants_before_acceptance: true,
    resend_invite: true,
    remove_member: true,
    disable: true,
    list_api_keys: true,
    create_api_key: true,
    remove_api_key: true,
    email_in_list: true,
    mails: Mails { on_invite: true, on_create: false, on_resend: true, on_remove: false },
    // The call takes an array of no published length (section 6).
    bulk_invite: 1000,
    // No limit is published (section 3): concurrency bounds us, and one 429 holds all calls back.
    rate: Rate { concurrency: 8, per_second: 20_000 },
    visible_within: Duration::from_secs(5),
    ..Capabilities::NONE
};
