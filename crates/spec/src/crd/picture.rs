//! What the operator says of a Provider: the whole picture of its last pass, and what outlives objects.
//!
//! Long sections are cut to their first entries; `total` tells how many there are. The memory of losses, spent
//! consents and kept people is here, since the objects that they were about may be gone.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::status::Condition;

/// How many entries of a [`Section`] are shown.
pub(crate) const SHOWN: usize = 50;

/// The status of a `Provider`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderStatus {
    /// What holds of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The server that it connects to: kind and endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub connection: Option<String>,
    /// The provider's id of its topmost account: with `connection`, what two Providers may not share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub external_id: Option<String>,
    /// What there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// What the last plan would write, or wrote; only what is still open.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub changes: Section<Changed>,
    /// Invites that wait for their person. Nothing is wrong with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingInvites>,
    /// What changed behind us and is only reported.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub drift: Section<Kept>,
    /// What exists, is not declared, and stays.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub kept: Section<Kept>,
    /// What will not be done, for safety or because it can't be right.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub refused: Section<Refused>,
    /// What waits for somebody's release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub held: Vec<HeldGroup>,
    /// How many people would lose access by what is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_people: Option<u32>,
    /// What can't be done yet, and comes by itself.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub deferred: Section<Deferred>,
    /// Grants that end within 14 days.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub ending: Section<Ending>,
    /// What could not be looked at.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub unseen: Section<Unseen>,
    /// What the open changes take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Stands for the open changes; `orgform.dev/approve` names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub digest: Option<String>,
    /// The last pass that changed something here. A pass that finds all as it should be writes nothing; the
    /// operator's metrics tell of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pass: Option<Pass>,
    /// What was shown and can be agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub offers: Vec<Offer>,
    /// When something was written last that nobody has looked for since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified: Option<Timestamp>,
    /// Who lost access in the last 24 h.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5000))]
    pub losses: Vec<LossesAt>,
    /// Consents that were carried out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub spent: Vec<Spent>,
    /// People who were let go of and kept: authority does not remove them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5000))]
    pub retained: Vec<Retained>,
    /// What else orgform remembers and no object can: entries of the state as JSON texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 30_000), inner(length(max = 65_536)))]
    pub remembered: Vec<String>,
}

/// A list that may be long: how many there are, and the first ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
pub struct Section<T> {
    /// How many there are.
    pub total: u32,
    /// The first ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = SHOWN))]
    pub first: Vec<T>,
}

impl<T> Section<T> {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self { total: 0, first: Vec::new() }
    }
}

impl<T> FromIterator<T> for Section<T> {
    /// Counts all, keeps the first ones.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let first: Vec<T> = items.by_ref().take(SHOWN).collect();
        let total = u32::try_from(first.len() + items.count()).unwrap_or(u32::MAX);
        Self { total, first }
    }
}

/// What there is, as far as was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Declared accounts.
    pub accounts: u32,
    /// Declared custom roles.
    pub roles: u32,
    /// People who are declared, or were and still have access.
    pub people: u32,
    /// Memberships that are declared, or were and are still there.
    pub memberships: u32,
    /// Declared API keys.
    pub api_keys: u32,
    /// Of the memberships, those whose person has accepted.
    pub active: u32,
}

/// Something that will be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// What.
    #[schemars(length(max = 2048))]
    pub address: String,
    /// What is done: `create`, `update`, `remove`, `invite`, `resend`, `withdraw`, `disable` or `enable`.
    #[schemars(length(max = 32))]
    pub kind: String,
    /// In words: what is gained, lost, or differs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 4096))]
    pub what: String,
}

/// Invites that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingInvites {
    /// How many there are.
    pub total: u32,
    /// Since when the oldest waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// The oldest ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = SHOWN))]
    pub first: Vec<Waiting>,
}

/// An invite that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Whose.
    #[schemars(length(max = 2048))]
    pub address: String,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Mails sent, or that may have been.
    pub mails: u32,
}

/// Something that exists, is not declared, and stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// What.
    #[schemars(length(max = 2048))]
    pub address: String,
    /// In words: `member, Admin`.
    #[schemars(length(max = 4096))]
    pub what: String,
    /// Why it stays.
    #[schemars(length(max = 4096))]
    pub because: String,
}

/// Something that will not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// What.
    #[schemars(length(max = 2048))]
    pub address: String,
    /// What was wanted.
    #[schemars(length(max = 4096))]
    pub what: String,
    /// Why not.
    #[schemars(length(max = 4096))]
    pub because: String,
    /// What to do.
    #[schemars(length(max = 4096))]
    pub next: String,
}

/// Changes that wait for somebody's release, as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldGroup {
    /// Stands for exactly these changes and the people who lose by them; `orgform.dev/release` names it.
    #[schemars(length(min = 1, max = 80))]
    pub digest: String,
    /// The account, or the Provider as a whole where none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub account: Option<String>,
    /// Why.
    #[schemars(length(max = 4096))]
    pub because: String,
    /// Since when exactly this group is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Who would lose access.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub people: Section<String>,
    /// The changes.
    #[serde(default, skip_serializing_if = "Section::is_empty")]
    pub changes: Section<Changed>,
}

/// Something that can't be done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deferred {
    /// What.
    #[schemars(length(max = 2048))]
    pub address: String,
    /// What is wanted.
    #[schemars(length(max = 4096))]
    pub what: String,
    /// What it waits for.
    #[schemars(length(max = 4096))]
    pub because: String,
    /// When it can be done, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A grant that ends soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Whose.
    #[schemars(length(max = 2048))]
    pub address: String,
    /// The role.
    #[schemars(length(max = 256))]
    pub role: String,
    /// When.
    pub at: Timestamp,
}

/// What could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unseen {
    /// Which account; the Provider as a whole where none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub account: Option<String>,
    /// Why.
    #[schemars(length(max = 4096))]
    pub because: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub hint: Option<String>,
}

/// What the open changes take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Changes to write.
    pub writes: u32,
    /// Mails to people.
    pub mails: u32,
    /// The provider's limit in calls per second.
    pub per_second: u32,
    /// An estimate of the time that the writes take, in seconds, rounded up.
    pub seconds: u32,
}

/// One pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pass {
    /// When it ended.
    pub at: Timestamp,
    /// Calls that read.
    pub reads: u32,
    /// Changes that were written.
    pub written: u32,
    /// Changes that failed.
    pub failed: u32,
    /// How it went, as a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 4096))]
    pub said: String,
}

/// What was shown and can be agreed to: the set behind a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// Stands for the set.
    #[schemars(length(min = 1, max = 80))]
    pub digest: String,
    /// When it was shown first; a consent lapses after 7 days.
    pub at: Timestamp,
    /// The effects, as hashes.
    #[schemars(length(max = 20_000), inner(length(max = 80)))]
    pub fingerprints: Vec<String>,
}

/// People of one account who lost access at about the same time and in the same way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LossesAt {
    /// When the last of them did.
    pub at: Timestamp,
    /// The provider's id of the account.
    #[schemars(length(max = 256))]
    pub account: String,
    /// Whether a person released it: then it does not count against the limits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub consented: bool,
    /// Who: e-mails, or ids where no e-mail is known.
    #[schemars(length(max = 20_000), inner(length(max = 254)))]
    pub people: Vec<String>,
}

/// A consent that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spent {
    /// What it was about.
    #[schemars(length(min = 1, max = 80))]
    pub digest: String,
    /// When.
    pub at: Timestamp,
}

/// People of one account who were let go of and kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retained {
    /// The provider's id of the account.
    #[schemars(length(min = 1, max = 256))]
    pub account: String,
    /// Their e-mails.
    #[schemars(length(max = 20_000), inner(length(max = 254)))]
    pub people: Vec<String>,
}
