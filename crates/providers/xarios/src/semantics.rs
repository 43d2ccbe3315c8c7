//! How Xarios behaves and what it can do, as data (xarios contract, sections 2 and 5 to 7).

use std::time::Duration;

use orgform_model::Capabilities;
use orgform_model::capabilities::{Mails, Rate};
use orgform_model::policy::Removal;
use orgform_model::semantics::{
    AccountSemantics, AdminRight, Combine, FieldRule, FixedRole, Level, PersonSemantics, RoleSemantics, Rule,
    Semantics, Shape,
};

/// The role that every user of an account gets, asked for or not (section 6).
pub(crate) const ACCOUNT_USER: &str = "account.user";
/// The same of a customer (section 7).
pub(crate) const CUSTOMER_USER: &str = "customer.user";

const fn field(name: &'static str, title: &'static str, max: usize, rule: Rule) -> FieldRule {
    FieldRule { name, title, shape: Shape::Text, rule, max: Some(max), own_call: false }
}

const fn text(name: &'static str, title: &'static str, max: usize) -> FieldRule {
    field(name, title, max, Rule::Plain)
}

/// A role of accounts: its key is its id, the same everywhere.
const fn of_accounts(name: &'static str, title: &'static str) -> FixedRole {
    FixedRole { name, title, id: Some(name), level: Level::Top }
}

/// A role of customers.
const fn of_customers(name: &'static str, title: &'static str) -> FixedRole {
    FixedRole { name, title, id: Some(name), level: Level::Below }
}

/// How the accounts, customers and users of Xarios behave.
pub static SEMANTICS: Semantics = Semantics {
    kind: "xarios",
    title: "Xarios",
    accounts: AccountSemantics {
        // A reseller account, and customers below it. The enterprise above has no calls of its own (section 2).
        tree: true,
        below_listed: false,
        top_level_creatable: true,
        natural_key: "displayName",
        natural_key_unique: false,
        mails_everyone: Some("enabled"),
        removal: Some("Xarios deactivates it and flags it for deletion; its people are locked out at once"),
        fields: &[
            text("displayName", "name", 100),
            text("description", "description", 200),
            text("reference", "reference", 200),
            FieldRule {
                name: "enabled",
                title: "enabled",
                shape: Shape::Flag,
                rule: Rule::Plain,
                max: None,
                own_call: false,
            },
            // In no answer that was seen (section 5).
            field("timezone", "time zone", 40, Rule::WriteOnly),
            field("countryCode", "country", 5, Rule::WriteOnly),
        ],
    },
    roles: RoleSemantics {
        custom: false,
        inherited: false,
        combine: Combine::Union,
        fixed: &[
            of_accounts(ACCOUNT_USER, "Reseller website access"),
            of_accounts("user.admin", "Manage users"),
            of_accounts("account.service.status", "Status updates"),
            of_accounts("account.storage.admin", "Storage administrator"),
            of_accounts("branding.admin", "Branding administrator"),
            of_accounts("customer.admin", "Customer administrator"),
            of_accounts("onboarding.admin", "REST API administrator"),
            of_accounts("webhooks.admin", "Webhook administrator"),
            of_customers(CUSTOMER_USER, "Customer website access"),
            of_customers("admin.user", "Administrator"),
            of_customers("customer.settings", "Customer settings"),
            of_customers("customer.user.supervisorl1", "Supervisor, level 1"),
            of_customers("customer.user.supervisorl3", "Supervisor, level 3"),
        ],
        implied: &[ACCOUNT_USER, CUSTOMER_USER],
        weakest_first: &[],
        natural_key: "displayName",
        fields: &[],
    },
    admin: AdminRight { fixed: &["user.admin", "admin.user"], item: None },
    api_keys: None,
    people: PersonSemantics {
        // First and last name together are the name (`convert::normal`).
        fields: &[
            text("displayName", "name", 100),
            text("firstName", "first name", 100),
            text("lastName", "last name", 100),
        ],
        creatable: true,
        invited: false,
        home: Some("primary tenant"),
        // As somebody new, with another id and another mail (section 6).
        returns: true,
        disabled_shown: true,
        disabled_everywhere: false,
        removal: Removal::Remove,
        email_change: Some("an admin can change an e-mail in the portal of the person's primary tenant"),
    },
};

/// What Xarios can do.
pub static CAPABILITIES: Capabilities = Capabilities {
    create_account: true,
    update_account: true,
    remove_account: true,
    grants_before_acceptance: true,
    remove_member: true,
    mail_member: true,
    // By taking the role away that lets people log in (section 6).
    disable: true,
    email_in_list: true,
    mails: Mails { on_invite: false, on_create: true, on_resend: true, on_remove: false },
    // No limit is published (section 4): concurrency bounds us, and one 429 holds all calls back.
    rate: Rate { concurrency: 8, per_second: 20_000 },
    visible_within: Duration::from_secs(5),
    ..Capabilities::NONE
};
