//! What pure code must know of a provider, as data.
//!
//! It works offline: no call is needed to plan, validate or explain. A provider's crate has one constant of
//! this type; nothing outside that crate asks which provider it is dealing with.

use crate::policy::Removal;

/// How a provider's accounts, roles and members behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// The key of the provider's block in a `Provider` manifest, such as `pureport`.
    pub kind: &'static str,
    /// The provider's name in sentences.
    pub title: &'static str,
    /// Accounts.
    pub accounts: AccountSemantics,
    /// Roles.
    pub roles: RoleSemantics,
    /// Who counts as an admin.
    pub admin: AdminRight,
    /// API keys; none where there are none, or none that can be declared.
    pub api_keys: Option<ApiKeySemantics>,
    /// People, whatever the account.
    pub people: PersonSemantics,
}

/// How people behave, whatever the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonSemantics {
    /// The fields that can be declared of a person.
    pub fields: &'static [FieldRule],
    /// Whether somebody can be made at once, without an invite.
    pub creatable: bool,
    /// Whether people come by invite. If not, everybody is made at once, and is mailed by being made
    /// ([`crate::capabilities::Mails::on_create`]).
    pub invited: bool,
    /// What the provider calls the account through which a person as a whole is managed, where there is one: the
    /// first that somebody comes to, and the one out of which removing goes everywhere.
    pub home: Option<&'static str>,
    /// Whether somebody who was removed can be invited or made again.
    pub returns: bool,
    /// Whether an observation tells who is disabled; if not, what was applied last counts.
    pub disabled_shown: bool,
    /// Whether disabling somebody is of the person; if not, of one account only.
    pub disabled_everywhere: bool,
    /// What happens to a membership that is no longer declared, where no manifest says it.
    pub removal: Removal,
    /// What the person has to do for another e-mail, as a clause, where only the person can.
    pub email_change: Option<&'static str>,
}

impl PersonSemantics {
    /// People keep their own profile, come by invite, and may go and come back.
    pub const USUAL: Self = Self {
        fields: &[],
        creatable: false,
        invited: true,
        home: None,
        returns: true,
        disabled_shown: true,
        disabled_everywhere: true,
        removal: Removal::Remove,
        email_change: None,
    };
}

/// How accounts behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSemantics {
    /// Whether an account may have a parent.
    pub tree: bool,
    /// Whether the list of accounts has those below others; if not, there are two levels, and what is below one at
    /// the top costs a call of its own.
    pub below_listed: bool,
    /// Whether one without a parent can be made through the API; if not it must exist and is adopted.
    pub top_level_creatable: bool,
    /// The field that, together with the parent, tells one account from another when no id is known.
    pub natural_key: &'static str,
    /// Whether the provider keeps the natural key unique; if not, two of a name are ambiguous.
    pub natural_key_unique: bool,
    /// A flag that mails everybody who can log in to the account when it is set.
    pub mails_everyone: Option<&'static str>,
    /// What removing an account does, as a clause, where it is not simply gone then.
    pub removal: Option<&'static str>,
    /// The fields.
    pub fields: &'static [FieldRule],
}

/// How roles behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSemantics {
    /// Whether custom roles exist as objects of an account.
    pub custom: bool,
    /// Whether a role held in an account reaches the account's children.
    pub inherited: bool,
    /// How several roles of one person in one account combine.
    pub combine: Combine,
    /// Roles that every account has, and that nobody declares.
    pub fixed: &'static [FixedRole],
    /// Fixed roles that the provider adds to every member by itself: never a change.
    pub implied: &'static [&'static str],
    /// Fixed roles, the weakest first, where the weakest counts of somebody who is found with several although a
    /// member has exactly one. Empty where that can't be.
    pub weakest_first: &'static [&'static str],
    /// The field that tells one role of an account from another when no id is known.
    pub natural_key: &'static str,
    /// The fields of custom roles.
    pub fields: &'static [FieldRule],
}

impl RoleSemantics {
    /// The fixed role of that name.
    pub fn fixed_role(&self, name: &str) -> Option<&'static FixedRole> {
        self.fixed.iter().find(|role| role.name == name)
    }
}

/// How API keys behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeySemantics {
    /// Whether a key has roles of its account; if not, it may do what its maker may.
    pub roles: bool,
    /// The field that tells one key of an account from another when no id is known. Need not be unique.
    pub natural_key: &'static str,
    /// The fields.
    pub fields: &'static [FieldRule],
}

/// A role that every account has without a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedRole {
    /// The name to write in `roles:`, in lower case.
    pub name: &'static str,
    /// The name to show.
    pub title: &'static str,
    /// The provider's id, where it is the same in every account; else the role is found by observing.
    pub id: Option<&'static str>,
    /// Which accounts have it.
    pub level: Level,
}

/// Which accounts have a fixed role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// All.
    Every,
    /// Those at the top.
    Top,
    /// Those that have a parent.
    Below,
}

impl Level {
    /// Whether an account with a parent, or without one, has it.
    pub fn has(self, below: bool) -> bool {
        match self {
            Self::Every => true,
            Self::Top => !below,
            Self::Below => below,
        }
    }
}

/// How several roles of one person in one account combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// The person may do what any of the roles allows.
    Union,
    /// The weakest role counts.
    LowestWins,
    /// A member has exactly one role.
    ExactlyOne,
}

/// What makes somebody an admin of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminRight {
    /// Fixed roles that carry it.
    pub fixed: &'static [&'static str],
    /// A set field of custom roles and the item in it that carries it.
    pub item: Option<(&'static str, &'static str)>,
}

/// One field of an account, role or person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// The name, as written in a manifest.
    pub name: &'static str,
    /// The name to show.
    pub title: &'static str,
    /// The shape of its value.
    pub shape: Shape,
    /// How it is compared and written.
    pub rule: Rule,
    /// The longest text, in characters, or the most items.
    pub max: Option<usize>,
    /// Whether reading it costs a call of its own; it is then read only where it is declared.
    pub own_call: bool,
}

/// The shape of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// [`crate::Value::Text`].
    Text,
    /// [`crate::Value::Flag`].
    Flag,
    /// [`crate::Value::Set`].
    Set,
    /// [`crate::Value::Map`].
    Map,
}

/// How a field is compared and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Compared whole, written when it differs.
    Plain,
    /// Can't be read back: compared with what was last applied.
    WriteOnly,
    /// Fixed at creation: a difference is an error that says what to do instead.
    Immutable,
    /// Goes one way only: once at this value it can't be changed back.
    OneWay {
        /// The value that stays.
        to: &'static str,
    },
}
