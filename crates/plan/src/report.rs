//! What became of a plan: an outcome per address, and whether the result was verified.

use orgform_model::{Address, ProviderName};
use serde::Serialize;

use crate::plan::{ChangeKind, Plan, PlannedChange};

/// What became of one provider's plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct Report {
    /// The provider.
    pub provider: ProviderName,
    /// One per change that was approved, sorted by address.
    pub outcomes: Vec<Outcome>,
    /// Changes that the consent did not cover: refused, shown.
    pub extra: Vec<PlannedChange>,
    /// Effects that the consent covers and that were already so.
    pub already: usize,
    /// Things taken over.
    pub adopted: usize,
    /// Things let go of.
    pub forgotten: usize,
    /// Mails sent, or that may have been sent.
    pub mails: u32,
    /// Whether the result was looked at.
    pub verified: Verified,
    /// What was left as it is, and so is not as declared.
    pub left: Left,
}

/// What a run leaves as it is, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Changes that are refused.
    pub refused: usize,
    /// Changes that wait for a release.
    pub held: usize,
    /// Changes that can't be done yet.
    pub deferred: usize,
    /// What changed behind us and is only reported.
    pub reported: usize,
    /// Errors in the manifests.
    pub errors: usize,
}

impl Left {
    /// What an approved plan leaves.
    pub fn by(plan: &Plan) -> Self {
        Self {
            refused: plan.refused.len(),
            held: plan.held.iter().map(|group| group.changes.len()).sum(),
            deferred: plan.deferred.len(),
            reported: plan.drift.len(),
            errors: 0,
        }
    }
}

impl Report {
    /// Whether every change was carried out.
    pub fn is_complete(&self) -> bool {
        self.extra.is_empty() && self.outcomes.iter().all(|outcome| outcome.result.is_done())
    }
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// What it was about.
    pub address: Address,
    /// The name shown in the plan.
    pub title: String,
    /// What kind of change.
    pub kind: ChangeKind,
    /// What became of it.
    pub result: Fate,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub enum Fate {
    /// It was carried out.
    Done,
    /// An invite was sent, and waits.
    Invited,
    /// The provider knew the person: a member at once.
    Joined,
    /// An API key was made, and its secret put away.
    Stored {
        /// The key's id, which goes with the secret.
        key: String,
        /// Where the secret is.
        place: String,
    },
    /// It was not carried out.
    Failed {
        /// What the provider said.
        said: String,
        /// What happens next, or what to do.
        next: String,
        /// Whether it may have been carried out all the same.
        unknown: bool,
    },
    /// Something changed since the plan was made; nothing was written.
    Stale {
        /// What was found.
        said: String,
    },
    /// It waited for another change that failed.
    Skipped {
        /// Which, as a clause.
        because: String,
    },
    /// The run was stopped before it.
    Stopped,
}

impl Fate {
    /// Whether the change is carried out.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done | Self::Invited | Self::Joined | Self::Stored { .. })
    }
}

/// What a last look showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub enum Verified {
    /// The provider shows what is declared, but for what waits, is held or deferred.
    Converged,
    /// More is to do; the plan says what.
    Differs {
        /// The new plan.
        plan: Box<Plan>,
    },
    /// Nobody looked.
    NotChecked {
        /// Why, as a clause.
        because: String,
    },
}
