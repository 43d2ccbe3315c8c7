//! The shape of the JSON output, and what text and Markdown are made from.
//!
//! A view has every word that a reader sees, once: text, JSON and Markdown say the same because they show the
//! same view. Nothing else looks into a [`crate::Plan`] or a [`crate::Report`] to render it.
//!
//! `{"format": 1, "plans": [PlanView, …]}` is what `orgform plan --format json` prints,
//! `{"format": 1, "reports": [ReportView, …]}` is `orgform apply --format json`,
//! `{"format": 1, "drift": [DriftView, …]}` is `orgform drift --format json`;
//! `orgform offboard --format json` has `evidence: [EvidenceView, …]` besides plans and reports. Names are in camelCase, times in
//! RFC 3339, absent values are left out. A program should ignore names that it does not know; `format` rises
//! when a name goes or changes its meaning.

mod change;
mod drift;
mod evidence;
mod outcome;
mod sections;
mod whole;

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

pub use change::{ChangeView, FieldView, LoserView, ReachView, ReachedAccountView};
pub use drift::{DriftView, DriftedView, RecordView};
pub use evidence::{AbsenceView, EvidenceView, PlaceView};
pub use outcome::{OutcomeView, ReportView, VerifiedView};

pub(super) use drift::drift;
pub(super) use evidence::evidence;
pub(super) use outcome::report;
pub(super) use whole::plan;

/// The version of the JSON form.
pub const FORMAT: u32 = 1;

/// One plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// The provider's name.
    pub provider: String,
    /// The first line, without the provider: `4 accounts, 41 people, read in 13 calls (0.4 s)`.
    pub headline: String,
    /// What a reader must know before the rest, as sentences: no state, a narrowed subject.
    pub remarks: Vec<String>,
    /// Whether nothing is to be written, taken over or let go of.
    pub nothing_to_do: bool,
    /// What was looked at.
    pub seen: SeenView,
    /// What the plan speaks for.
    pub subject: SubjectView,
    /// What will be written, by account, then by kind of thing.
    pub changes: Vec<ChangeView>,
    /// What is taken over: remembered, never written.
    pub adopted: Vec<ItemView>,
    /// What is let go of: forgotten, never written.
    pub forgotten: Vec<ItemView>,
    /// Invites that wait for their person, the oldest first.
    pub waiting: Vec<WaitingView>,
    /// What exists, is not declared, and stays.
    pub kept: Vec<ItemView>,
    /// What changed behind us and is only reported.
    pub drift: Vec<ItemView>,
    /// What will not be done.
    pub refused: Vec<RefusedView>,
    /// What waits for somebody's release.
    pub held: Vec<HeldView>,
    /// What would be held and is let go with this run: carried out like `changes`, and not part of `digest`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<HeldView>,
    /// What can't be done yet, and comes by itself.
    pub deferred: Vec<DeferredView>,
    /// People whom the provider knows by another e-mail now.
    pub renamed: Vec<RenamedView>,
    /// Grants that end soon, the soonest first.
    pub ending: Vec<EndingView>,
    /// API keys whose secret is not where it was put.
    pub missing_secrets: Vec<MissingSecretView>,
    /// The later time that it is made for, if it is a look ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<AheadView>,
    /// What could not be looked at.
    pub unseen: Vec<UnseenView>,
    /// What it takes.
    pub cost: CostView,
    /// The last line, without the digest: `5 changes, 1 mail, 6 writes, about 2 s.`
    pub summary: String,
    /// Stands for the effects of `changes`: `sha256:` and 64 hex digits.
    pub digest: String,
    /// 0 nothing to do, 2 changes, 3 refused or held, 4 partial.
    pub exit_code: u8,
}

impl PlanView {
    /// Everything that is carried out, released groups included, account by account.
    pub(super) fn carried_out(&self) -> Cow<'_, [ChangeView]> {
        if self.released.is_empty() {
            return Cow::Borrowed(&self.changes);
        }
        let released = self.released.iter().flat_map(|group| &group.changes);
        let mut all: Vec<ChangeView> = self.changes.iter().chain(released).cloned().collect();
        // Changes of people, which have no account, come last; within an account the order stays.
        all.sort_by_cached_key(|change| {
            let segments: Option<Vec<String>> =
                change.account.as_ref().map(|path| path.split('/').map(str::to_owned).collect());
            (segments.is_none(), segments)
        });
        Cow::Owned(all)
    }
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenView {
    /// Accounts looked into.
    pub accounts: usize,
    /// Distinct people in them, invited ones included.
    pub people: usize,
    /// Calls made.
    pub calls: u32,
    /// How long it took, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Whether there was a state.
    pub with_state: bool,
}

/// What a plan speaks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubjectView {
    /// Whether it is everything.
    pub everything: bool,
    /// The objects, where it is not everything: `Member ada`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
    /// Why it is not everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whether something that should have been read was not.
    pub gap: bool,
}

/// One thing of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemView {
    /// What.
    pub address: String,
    /// `account`, `role`, `member`, `person` or `key`.
    pub thing: String,
    /// The thing as shown: `guest@partner.example in acme/lab (member, Admin)`.
    pub says: String,
    /// What kind of thing, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// Why, where that is not plain from the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// An invite that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingView {
    /// Whose.
    pub address: String,
    /// As shown: `joan@acme.example in acme (3 days)`.
    pub says: String,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Mails sent, as far as we know.
    pub attempts: u32,
    /// More to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that will not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedView {
    /// What.
    pub address: String,
    /// As shown: `ken@acme.example in acme: remove`.
    pub says: String,
    /// What was wanted.
    pub what: String,
    /// Why not, as a sentence.
    pub because: String,
    /// What to do.
    pub next: String,
    /// Where it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Changes that wait for somebody's release, as one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldView {
    /// The account; none for the provider as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Why, as a sentence.
    pub because: String,
    /// Everyone who loses access.
    pub losers: Vec<String>,
    /// The changes in short: `remove 11 memberships`.
    pub says: String,
    /// The command that lets exactly these changes go; empty in a look ahead, and where they go.
    pub release: String,
    /// Stands for exactly these changes and the people who lose by them.
    pub digest: String,
    /// The changes.
    pub changes: Vec<ChangeView>,
}

/// Something that can't be done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeferredView {
    /// What.
    pub address: String,
    /// As shown: `joan@acme.example in acme: invite as Admin, tomorrow`.
    pub says: String,
    /// What is wanted.
    pub what: String,
    /// What it waits for.
    pub because: String,
    /// When it can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A person whom the provider knows by another e-mail now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenamedView {
    /// The declared e-mail.
    pub from: String,
    /// The e-mail at the provider.
    pub to: String,
    /// The memberships.
    pub addresses: Vec<String>,
    /// As shown: `ken@acme.example is ken.smith@acme.example at pureport now`.
    pub says: String,
    /// Where it is declared.
    pub place: String,
    /// The edit to make there: the line to take out, then the line to put in.
    pub patch: [String; 2],
    /// Whether it was made.
    pub edited: bool,
}

/// A grant that ends soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndingView {
    /// Whose.
    pub address: String,
    /// As shown: `rosa@acme.example, Admin in acme, on 1 December`.
    pub says: String,
    /// The role.
    pub grant: String,
    /// When.
    pub at: Timestamp,
}

/// An API key whose secret is not where it was put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingSecretView {
    /// The key.
    pub address: String,
    /// As shown: `key ci in acme: its secret is not at .orgform/keys/ci any more`.
    pub says: String,
    /// The command that makes the key again, with a new secret.
    pub next: String,
}

/// The later time that a plan is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AheadView {
    /// When.
    pub at: Timestamp,
    /// As shown: `on 31 December 2026 at 23:59 UTC, if nothing else changes`.
    pub says: String,
    /// Grants that end before, the soonest first.
    pub ending: Vec<EndingView>,
}

/// What could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnseenView {
    /// Which account; none for the provider as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Why, as a sentence.
    pub because: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What a plan takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostView {
    /// Calls made for looking.
    pub reads: u32,
    /// Changes to write.
    pub writes: u32,
    /// Mails to people.
    pub mails: u32,
    /// The provider's limit in calls per second.
    pub per_second: u32,
    /// An estimate of the time that the writes take.
    pub seconds: f64,
}
