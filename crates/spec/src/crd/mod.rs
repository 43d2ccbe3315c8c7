//! The kinds as custom resources of a cluster.
//!
//! One schema for files and cluster: the content is that of [`crate::kinds`]; here is what only a cluster has,
//! the status. No client: who talks to a cluster is the operator, and the CLI behind a feature of its own.

mod columns;
mod definition;
mod picture;
mod rules;
mod status;
mod text;

pub use definition::definitions;
pub use picture::{
    Changed, Cost, Counts, Deferred, Ending, HeldGroup, Kept, LossesAt, Offer, Pass, ProviderStatus, Refused,
    Retained, Section, Spent, Unseen, Waiting, WaitingInvites,
};
pub use rules::{RULES, Rule};
pub use status::{
    AccountStatus, ApiKeyStatus, Condition, Invite, InviteState, MailOutcome, MemberStatus, MemberSummary,
    MembershipPhase, MembershipStatus, Remembered, RoleStatus, Said, condition,
};
pub use text::yaml;

pub use crate::kinds::{
    Account, AccountSpec, AllowedNamespace, ApiKey, ApiKeySpec, Member, MemberSpec, Provider, ProviderSpec,
    Reference, Role, RoleSpec,
};

/// The group of all kinds.
pub const GROUP: &str = "orgform.dev";
/// Their version.
pub const VERSION: &str = "v1alpha1";
