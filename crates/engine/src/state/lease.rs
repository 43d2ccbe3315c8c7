//! What a lease says of its holder, in the same form for every backend.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::later;

/// Who takes a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What to call it in messages: `ada on build-7, process 4711`.
    pub who: String,
}

impl Holder {
    /// A holder of this name.
    pub fn new(who: impl Into<String>) -> Self {
        Self { who: who.into() }
    }
}

/// What is written down of a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseText {
    /// Who has it.
    pub who: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; none where the operating system knows when its holder is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Tells two leases of one holder apart.
    pub token: String,
}

impl LeaseText {
    pub(super) fn new(holder: &Holder, ttl: Option<Duration>, now: Timestamp) -> Self {
        Self {
            who: holder.who.clone(),
            since: now,
            until: ttl.map(|ttl| later(now, ttl)),
            token: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// Whether it still keeps others out.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// The same lease, for another while.
    pub(super) fn renewed(&self, ttl: Duration, now: Timestamp) -> Self {
        Self { until: Some(later(now, ttl)), ..self.clone() }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // A struct of texts always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
