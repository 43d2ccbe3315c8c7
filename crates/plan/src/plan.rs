//! The plan as data: what will change, what waits, what is kept, refused or held, and what it costs.
//!
//! A plan can be printed, saved, hashed, compared and approved; only an [`ApprovedPlan`](crate::ApprovedPlan)
//! can be applied.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::change::Change;
use orgform_model::desired::Subject;
use orgform_model::state::Entry;
use orgform_model::{AccountId, AccountPath, Address, Email, FieldChange, Place, ProviderName, Scope};
use serde::Serialize;

use crate::digest::Digest;
use crate::record::RecordDraft;

/// The decision for one provider.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The provider.
    pub provider: ProviderName,
    /// What it speaks for.
    pub subject: Subject,
    /// What was looked at.
    pub seen: Seen,
    /// What is taken over: state only, never a write.
    pub adopted: Vec<Adopted>,
    /// What is let go of: state only, never a write.
    pub forgotten: Vec<Forgotten>,
    /// What will be written, sorted by address; `requires` gives the order of carrying out.
    pub changes: Vec<PlannedChange>,
    /// Invites that wait for their person. Converged.
    pub waiting: Vec<Waiting>,
    /// What exists, is not declared, and stays.
    pub kept: Vec<Kept>,
    /// What changed behind us and is only reported.
    pub drift: Vec<Kept>,
    /// What will not be done, for safety or because it can't be right.
    pub refused: Vec<Refused>,
    /// What waits for somebody's release.
    pub held: Vec<Held>,
    /// Groups that would be held and that somebody lets go with this run; not in `changes`, nor in `digest`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Held>,
    /// What can't be done yet, and comes by itself.
    pub deferred: Vec<Deferred>,
    /// People whom the provider knows by another e-mail now.
    pub renamed: Vec<Renamed>,
    /// Grants that end within 14 days.
    pub ending: Vec<Ending>,
    /// API keys whose secret is not where it was put. Nothing is done about them.
    pub missing_secrets: Vec<MissingSecret>,
    /// The later time that it is made for, if it is a look ahead: nobody can agree to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<Ahead>,
    /// What could not be looked at.
    pub unseen: Vec<UnseenScope>,
    /// What it takes.
    pub cost: Cost,
    /// Stands for the set of effects of `changes`.
    pub digest: Digest,
    /// Bookkeeping that nobody needs to see: ids of people who joined, new labels.
    #[serde(skip)]
    pub remember: Vec<Entry>,
    /// Scopes that must be looked at before this plan is complete; empty in a finished plan.
    #[serde(skip)]
    pub needs: BTreeSet<Scope>,
}

impl Plan {
    /// Whether there is nothing to write and nothing to take over.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.released.is_empty()
            && self.adopted.is_empty()
            && self.forgotten.is_empty()
    }

    /// The plan as it is shown to somebody who releases these held groups, named by their digests.
    ///
    /// Only for showing: what may be done comes from [`approve`](crate::approve). The digest stays as it was.
    #[must_use]
    pub fn releasing(mut self, releases: &[String]) -> Self {
        let is_released = |group: &Held| releases.iter().any(|named| group.digest.is_named(named));
        let (released, held) = std::mem::take(&mut self.held).into_iter().partition(is_released);
        (self.released, self.held) = (released, held);
        let changes = self.released.iter().flat_map(|group| &group.changes);
        let (writes, mails) = changes.fold((0, 0), |(writes, mails), one| (writes + 1, mails + one.mails));
        self.cost.writes += writes;
        self.cost.mails += mails;
        self.cost.seconds += f64::from(writes) / f64::from(self.cost.per_second.max(1));
        self
    }

    /// How many changes are carried out, released ones included.
    pub fn to_carry_out(&self) -> usize {
        self.changes.len() + self.released.iter().map(|group| group.changes.len()).sum::<usize>()
    }

    /// The exit code of design section 5: 0 nothing to do, 2 changes or adoptions, 3 refused or held,
    /// 4 a scope unseen. Errors of reading manifests are the front end's.
    pub fn exit_code(&self) -> u8 {
        if !self.unseen.is_empty() {
            4
        } else if !self.refused.is_empty() || !self.held.is_empty() {
            3
        } else if !self.is_empty() {
            2
        } else {
            0
        }
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Accounts looked into.
    pub accounts: usize,
    /// Distinct people in them, invited ones included.
    pub people: usize,
    /// Calls made.
    pub calls: u32,
    /// Whether there was a state; without one nothing counts as ours.
    pub with_state: bool,
}

/// Something that is taken over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Adopted {
    /// What.
    pub address: Address,
    /// In words: `account Acme`, `member, Admin`.
    pub what: String,
    /// What to remember.
    #[serde(skip)]
    pub entries: Vec<Entry>,
}

/// Something that is let go of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forgotten {
    /// What.
    pub address: Address,
    /// Why, as a clause: `its removal is Retain`.
    pub because: String,
    /// What to remember.
    #[serde(skip)]
    pub entries: Vec<Entry>,
}

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Make.
    Create,
    /// Change.
    Update,
    /// Take away.
    Remove,
    /// Send an invite.
    Invite,
    /// Send an invite again.
    Resend,
    /// Take an invite back.
    Withdraw,
    /// Lock out.
    Disable,
    /// Let in again.
    Enable,
}

/// Why a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// It is declared.
    Declared,
    /// It is no longer declared, and ours.
    Undeclared,
    /// The provider changed behind us.
    Drift,
    /// A grant's time is over.
    Expired,
    /// The person is declared absent.
    Offboarded,
    /// The account is under authority and this is not declared.
    Authority,
    /// It was declared at `--base`, and is gone.
    Base,
    /// Somebody asked for it by its address.
    Requested,
    /// Its secret was shown once and not stored: nobody can use it.
    SecretLost,
    /// A new one has taken its place.
    Replaced,
}

/// One change, with all that is needed to show, judge, carry out and remember it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// What it is about.
    pub address: Address,
    /// The name to show, where the address is not enough: `role Network operator`.
    pub title: String,
    /// What kind.
    pub kind: ChangeKind,
    /// Why.
    pub cause: Cause,
    /// Grants that somebody gains, as shown.
    pub gains: Vec<String>,
    /// Grants that somebody loses, as shown.
    pub loses: Vec<String>,
    /// Fields that differ.
    pub fields: Vec<FieldChange>,
    /// More to know, as sentences: `2 admins remain: linus@acme.example, ops@acme.example`.
    pub notes: Vec<String>,
    /// People whom a role edit reaches, or who are in an account that goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reached>,
    /// Mails that it sends.
    pub mails: u32,
    /// Where it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Addresses of changes that must be done first.
    pub requires: BTreeSet<Address>,
    /// Who loses access by it.
    pub losers: BTreeSet<Loser>,
    /// What the provider is asked to do.
    #[serde(skip)]
    pub change: Change,
    /// What is remembered when it is done.
    #[serde(skip)]
    pub record: RecordDraft,
}

impl PlannedChange {
    /// A change that nothing more is known of yet.
    pub fn new(kind: ChangeKind, cause: Cause, change: Change, record: RecordDraft) -> Self {
        Self {
            address: change.address.clone(),
            title: String::new(),
            kind,
            cause,
            gains: vec![],
            loses: vec![],
            fields: vec![],
            notes: vec![],
            reach: None,
            mails: 0,
            place: None,
            requires: BTreeSet::new(),
            losers: BTreeSet::new(),
            change,
            record,
        }
    }
}

/// Somebody who loses access by a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loser {
    /// Where.
    #[serde(skip)]
    pub account: AccountId,
    /// Where, as shown.
    pub path: AccountPath,
    /// Who: an e-mail, or an id where no e-mail is known.
    pub person: String,
    /// Whether the end was declared while it was still ahead: then it does not count against the limits.
    pub foreseen: bool,
}

/// Whom a change reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reached {
    /// People, by account.
    pub people: BTreeMap<AccountPath, BTreeSet<String>>,
}

impl Reached {
    /// Distinct people.
    pub fn persons(&self) -> BTreeSet<&str> {
        self.people.values().flatten().map(String::as_str).collect()
    }
}

/// An invite that waits for its person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Whose.
    pub address: Address,
    /// Since when, if known.
    pub since: Option<Timestamp>,
    /// Mails sent, as far as we know.
    pub attempts: u32,
    /// More to know, as a clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that exists, is not declared, and stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// What.
    pub address: Address,
    /// In words: `member, Admin`, `role Auditor`.
    pub what: String,
    /// Why it stays, as a clause: `unmanaged`.
    pub because: String,
}

/// Something that will not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// What.
    pub address: Address,
    /// What was wanted: `remove`, `revoke Admin`.
    pub what: String,
    /// Why not, as a sentence without a period.
    pub because: String,
    /// What to do, as a sentence or a command.
    pub next: String,
    /// Where it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Changes that wait for somebody's release, as one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// What it is about: an account, or the provider as a whole where none.
    pub account: Option<AccountPath>,
    /// Why, as a sentence without a period: `11 of 14 people would lose access; the limit is 3 in 24 h`.
    pub because: String,
    /// Stands for exactly these changes and the people who lose by them.
    pub digest: Digest,
    /// The changes.
    pub changes: Vec<PlannedChange>,
}

impl Held {
    /// Everyone who loses access.
    pub fn losers(&self) -> BTreeSet<&str> {
        self.changes.iter().flat_map(|change| &change.losers).map(|loser| loser.person.as_str()).collect()
    }
}

/// Something that can't be done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deferred {
    /// What.
    pub address: Address,
    /// What is wanted: `invite as Admin`.
    pub what: String,
    /// What it waits for, as a clause: `until joan@acme.example accepts`.
    pub because: String,
    /// When it can be done, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A person whom the provider knows by another e-mail now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renamed {
    /// The membership.
    pub address: Address,
    /// The declared e-mail.
    pub from: Email,
    /// The e-mail at the provider.
    pub to: Email,
    /// Where the e-mail is declared; the first place, where several objects name the person.
    pub place: Place,
    /// Whether the declaration was edited by now.
    pub edited: bool,
}

/// A grant that ends soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Whose.
    pub address: Address,
    /// The role, as shown.
    pub grant: String,
    /// When.
    pub at: Timestamp,
}

/// An API key whose secret is not where it was put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingSecret {
    /// The key.
    pub address: Address,
    /// What is known of its secret, as a clause: `its secret is not at .orgform/keys/ci any more`.
    pub because: String,
    /// The command that makes the key again, with a new secret.
    pub next: String,
}

/// The later time that a plan is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ahead {
    /// When.
    pub at: Timestamp,
    /// Grants that end before.
    pub ending: Vec<Ending>,
}

/// What could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnseenScope {
    /// Which account; none for the provider as a whole.
    pub account: Option<AccountPath>,
    /// Why, as a clause.
    pub because: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What a plan takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Calls made for looking.
    pub reads: u32,
    /// Changes to write.
    pub writes: u32,
    /// Mails to people.
    pub mails: u32,
    /// The provider's limit in calls per second.
    pub per_second: u32,
    /// An estimate of the time that the writes take, in seconds.
    pub seconds: f64,
}
