//! What the operator says of an Account, Role, Member or ApiKey, and remembers of it.
//!
//! Two parts: what people and other programs read, and `remembered`, which is orgform's own. Nothing in it
//! changes by time alone: ages are told as the date since when, so that a pass that finds everything as it
//! should be writes nothing.

use jiff::Timestamp;
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The types of conditions, in the form of kstatus: other tools wait for them.
pub mod condition {
    /// The provider shows what is declared. An invited person counts: see [`JOINED`].
    pub const READY: &str = "Ready";
    /// A pass is still at it; comes by itself.
    pub const RECONCILING: &str = "Reconciling";
    /// It does not come by itself: held, refused or wrong. The message says what to do.
    pub const STALLED: &str = "Stalled";
    /// Everybody has accepted; of a Member, in every account.
    pub const JOINED: &str = "Joined";
    /// Something waits for somebody's release; of a Provider.
    pub const HELD: &str = "Held";
}

/// What orgform remembers of an object at one Provider: a part of its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Remembered {
    /// The Provider: `name`, or `namespace/name` where it is another namespace's.
    #[schemars(length(min = 1, max = 317))]
    pub provider: String,
    /// Entries of the state as JSON texts, in the form of the state file's journal. Read together, those of all
    /// objects of a Provider are its state.
    #[schemars(length(max = 30_000), inner(length(max = 65_536)))]
    pub entries: Vec<String>,
}

/// What one Provider has to say of an object, while others that another copy of the operator works for have a part in it
/// too: whoever writes the status puts it together from these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// The Provider: `name`, or `namespace/name` where it is another namespace's; `namespace/` for what none of them says.
    #[schemars(length(min = 1, max = 317))]
    pub provider: String,
    /// It, as JSON.
    #[schemars(length(max = 1_000_000))]
    pub text: String,
}

/// The status of an `Account`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountStatus {
    /// What holds of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The Provider, which may be that of an account above: `name`, or `namespace/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317))]
    pub provider: Option<String>,
    /// The provider's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub external_id: Option<String>,
    /// How many people are in it, invited ones included; absent if it was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// How many of them have not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
    /// Stands for what was planned for it last and not carried out; absent if there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub digest: Option<String>,
    /// What orgform remembers. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub remembered: Vec<Remembered>,
    /// What its Providers say, where they are of several shards. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub said: Vec<Said>,
}

/// The status of a `Role`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleStatus {
    /// What holds of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The Provider: `name`, or `namespace/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317))]
    pub provider: Option<String>,
    /// The provider's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub external_id: Option<String>,
    /// How many people, those who are invited among them, and keys hold it, as far as was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holders: Option<u32>,
    /// Stands for what was planned for it last and not carried out; absent if there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub digest: Option<String>,
    /// What orgform remembers. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub remembered: Vec<Remembered>,
    /// What its Providers say, where they are of several shards. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub said: Vec<Said>,
}

/// The status of an `ApiKey`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyStatus {
    /// What holds of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The Provider: `name`, or `namespace/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317))]
    pub provider: Option<String>,
    /// The provider's id of it: the half that is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub external_id: Option<String>,
    /// What became of its secret: `Stored`, `Missing` (it was, and is not there any more), `Elsewhere` (whoever made the
    /// key has it) or `Lost`. Never the secret itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub secret: Option<String>,
    /// Stands for what was planned for it last and not carried out; absent if there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub digest: Option<String>,
    /// What orgform remembers. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub remembered: Vec<Remembered>,
    /// What its Providers say, where they are of several shards. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub said: Vec<Said>,
}

/// The status of a `Member`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberStatus {
    /// What holds of the person, in all accounts together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The columns of `kubectl get`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<MemberSummary>,
    /// What is so in each account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10_000))]
    pub memberships: Vec<MembershipStatus>,
    /// Stands for what was planned for the person last and not carried out; absent if there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub digest: Option<String>,
    /// What orgform remembers, by Provider. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub remembered: Vec<Remembered>,
    /// What its Providers say, where they are of several shards. Written by orgform alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub said: Vec<Said>,
}

/// A Member in four short texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberSummary {
    /// The Providers.
    #[schemars(length(max = 256))]
    pub providers: String,
    /// The accounts; many are cut: `acme, lab, +3`.
    #[schemars(length(max = 256))]
    pub accounts: String,
    /// The roles; many are cut.
    #[schemars(length(max = 256))]
    pub roles: String,
    /// The state of the invites, the one that needs most care first: `Failed`, `Expired`, `Pending`, `Joined`.
    #[schemars(length(max = 64))]
    pub invite: String,
}

/// What is so in one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MembershipStatus {
    /// The Account: `name`, or `namespace/name` where it is another namespace's.
    #[schemars(length(min = 1, max = 317))]
    pub account: String,
    /// Where in the life-cycle the membership is.
    pub phase: MembershipPhase,
    /// The roles that the provider shows, as people know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 256)))]
    pub roles: Vec<String>,
    /// The provider's id of the person; for an invite, where that has one, of the invite. Never one that is a
    /// secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub external_id: Option<String>,
    /// The invite, while the person has not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Invite>,
    /// Why it is not as declared, in one word; absent if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub reason: Option<String>,
    /// The same for people, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub message: Option<String>,
}

/// The life-cycle of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum MembershipPhase {
    /// It is not there yet.
    Absent,
    /// Its person has not accepted.
    Invited,
    /// Its invite can't be accepted any more.
    Expired,
    /// The mail of its invite is known to have failed, or nobody knows whether it was sent.
    Failed,
    /// Its person has access.
    Active,
    /// Its person is locked out.
    Disabled,
    /// It is gone from the provider; the declaration may still say otherwise.
    Removed,
}

/// An invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// What the provider says of it.
    pub state: InviteState,
    /// When it was first seen or sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it ends, where the provider tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How many mails were sent, or may have been.
    pub mails: u32,
    /// When the last one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_mail: Option<Timestamp>,
    /// What is known of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailOutcome>,
}

/// What the provider says of an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum InviteState {
    /// It waits for its person.
    Pending,
    /// It can't be accepted any more, until it is mailed again.
    Expired,
    /// Its mail is known to have failed.
    Failed,
}

/// What is known of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum MailOutcome {
    /// The provider took the call that sends it.
    Sent,
    /// The call was made and its answer never seen.
    Unknown,
    /// The provider says that it failed.
    Failed,
}
