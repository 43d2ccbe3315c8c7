//! How the suite gets at a provider: a fresh world of it, and everybody else who acts there.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgform_model::{Capabilities, Desired, Email, Fields, Finding, PersonId, Semantics};
use orgform_provider::{Observe, Provider};

/// A fresh world of one provider: one account, with its founder as the only admin.
pub trait Subject: Send + Sync {
    /// What pure code must know of the provider.
    fn semantics(&self) -> &Semantics;

    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Brings declared values into the form in which they are observed.
    fn normal(&self, desired: Desired) -> Desired {
        desired
    }

    /// Says what the provider can't do of what is declared.
    fn audit(&self, _desired: &Desired) -> Vec<Finding> {
        vec![]
    }

    /// A connection for looking only, with a credential that may only look where the provider has such.
    fn reader(&self) -> Arc<dyn Observe>;

    /// A connection for writing.
    fn writer(&self) -> Arc<dyn Provider>;

    /// What there is from the start.
    fn founding(&self) -> Founding;

    /// Whom the writer's credential speaks for, where no call tells.
    fn runs_as(&self) -> Option<Email> {
        None
    }

    /// Fields of a custom role, without its natural key: what it allows.
    fn role_fields(&self, breadth: Breadth) -> Fields;

    /// Fields, besides the natural key, that an account has to declare in this world before people can be in it.
    fn account_fields(&self) -> Fields {
        Fields::new()
    }

    /// What somebody writes under `identities` of a person, where e-mails can't be read in this world.
    fn identity(&self, email: &Email) -> Option<PersonId>;

    /// Lets somebody else do something, not through the connections.
    ///
    /// # Errors
    /// When the provider's own rules forbid it, or what is named is not there.
    fn act(&self, act: Act<'_>) -> Result<(), CannotAct>;

    /// Replaces the faults in force.
    fn set_faults(&self, faults: &[Fault]);

    /// The time in this world.
    fn now(&self) -> Timestamp;

    /// Lets time pass.
    fn advance(&self, span: Duration);

    /// Calls so far, log-ins left out.
    fn traffic(&self) -> Traffic;

    /// Mails that one person got so far.
    fn mails_to(&self, email: &Email) -> usize;

    /// The calls that looking at so many accounts takes, by the shape of the API, log-ins and people left out.
    fn reads_of_a_look(&self, accounts: u64) -> u64;

    /// The calls that each member costs besides.
    fn reads_of_a_member(&self) -> u64 {
        0
    }
}

/// What there is in a fresh world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// The natural key of the account.
    pub account: String,
    /// The e-mail of its founder, who is its admin.
    pub email: Email,
}

/// How much a custom role allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Little.
    Narrow,
    /// That, and more.
    Wide,
}

/// Calls that reached the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls that only look.
    pub reads: u64,
    /// Calls that ask for a change.
    pub writes: u64,
}

/// What somebody else does. Accounts and roles go by the names that people see, people by e-mail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act<'a> {
    /// A person accepts whatever waits for them, and registers first if need be.
    Accept {
        /// Who.
        email: &'a str,
    },
    /// A person registers, without joining anything.
    SignUp {
        /// Who.
        email: &'a str,
    },
    /// A person changes their e-mail.
    ChangeEmail {
        /// From.
        email: &'a str,
        /// To.
        to: &'a str,
    },
    /// An admin adds a member by hand.
    Join {
        /// Where.
        account: &'a str,
        /// Whom.
        email: &'a str,
        /// The roles.
        roles: &'a [String],
    },
    /// An admin edits a member by hand.
    SetRoles {
        /// Where.
        account: &'a str,
        /// Whom.
        email: &'a str,
        /// The roles.
        roles: &'a [String],
    },
    /// An admin removes a member by hand.
    Remove {
        /// Where.
        account: &'a str,
        /// Whom.
        email: &'a str,
    },
    /// An admin invites somebody by hand.
    Invite {
        /// Where.
        account: &'a str,
        /// Whom.
        email: &'a str,
        /// The roles.
        roles: &'a [String],
    },
    /// An invite expires.
    Expire {
        /// Where.
        account: &'a str,
        /// Whose.
        email: &'a str,
    },
    /// An admin makes a role by hand.
    AddRole {
        /// Where.
        account: &'a str,
        /// Its name.
        name: &'a str,
        /// What it allows.
        fields: &'a Fields,
    },
    /// An admin edits a role by hand.
    EditRole {
        /// Where.
        account: &'a str,
        /// Which.
        role: &'a str,
        /// What it allows now.
        fields: &'a Fields,
    },
    /// An admin renames an account.
    RenameAccount {
        /// Which.
        account: &'a str,
        /// Its new name.
        name: &'a str,
    },
}

/// Somebody else could not do what the story asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotAct(pub String);

/// Something that goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// With which calls.
    pub on: Target,
    /// What happens.
    pub effect: Effect,
    /// How often, at most.
    pub times: u32,
}

impl Fault {
    /// A fault that strikes the next such call.
    pub const fn once(on: Target, effect: Effect) -> Self {
        Self { on, effect, times: 1 }
    }

    /// A fault that strikes every such call.
    pub const fn always(on: Target, effect: Effect) -> Self {
        Self { on, effect, times: u32::MAX }
    }
}

/// Calls of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Listing accounts.
    Accounts,
    /// Listing the roles of an account.
    Roles,
    /// Listing the members of an account.
    Members,
    /// Listing the invites of an account.
    Invites,
    /// Reading a person.
    Person,
    /// Listing the API keys of an account.
    ApiKeys,
    /// Making an API key.
    CreateApiKey,
    /// Making an account.
    CreateAccount,
    /// Making a role.
    CreateRole,
    /// Inviting somebody.
    Invite,
    /// Sending an invite again.
    Resend,
    /// Setting the grants of a member.
    UpdateMember,
    /// Removing a member.
    RemoveMember,
}

/// What happens to a call that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is carried out, and its answer is lost.
    AnswerLost,
    /// It is refused, and nothing is done.
    Refused,
    /// There were too many calls; nothing is done.
    Throttled,
    /// The server is in trouble; nothing is done.
    Unavailable,
    /// The list lacks so many items, with no sign of it.
    Shrunk(usize),
}
