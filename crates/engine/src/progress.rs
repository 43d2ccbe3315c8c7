//! What a run is doing right now, for whoever wants to show it.

use std::time::Duration;

use orgform_model::{Address, Scope};
use orgform_plan::{ChangeKind, Fate};

/// Is told what happens. It must not block.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn on(&self, event: Event<'_>);
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// So many more scopes will be looked at.
    Observing {
        /// How many.
        scopes: usize,
    },
    /// One of them was looked at, with or without success.
    Observed {
        /// Which.
        scope: &'a Scope,
    },
    /// So many audit logs will be read.
    ReadingLogs {
        /// Of how many accounts.
        accounts: usize,
    },
    /// Everything was looked at; the plan is being made.
    Planning,
    /// The run waits.
    Waiting {
        /// How long.
        span: Duration,
        /// What for, as a clause: `until pureport shows what an interrupted run wrote`.
        what_for: &'a str,
    },
    /// So many changes will be carried out.
    Applying {
        /// How many.
        changes: usize,
    },
    /// A change was sent.
    Started {
        /// What it is about.
        address: &'a Address,
        /// The name shown in the plan.
        title: &'a str,
        /// What kind.
        kind: ChangeKind,
    },
    /// A change that was sent has its outcome. What was skipped or stopped is in the report only.
    Finished {
        /// What it was about.
        address: &'a Address,
        /// The name shown in the plan.
        title: &'a str,
        /// What kind.
        kind: ChangeKind,
        /// The outcome.
        fate: &'a Fate,
    },
    /// What is to be removed is read once more.
    CheckingRemovals {
        /// How many removals.
        changes: usize,
    },
    /// The result is being looked at.
    Verifying,
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn on(&self, _event: Event<'_>) {}
}
