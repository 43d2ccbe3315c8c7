//! The life-cycle of a membership, as far as its invite goes.

use serde::{Deserialize, Serialize};

/// What a provider says of an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InviteStatus {
    /// It waits for its person.
    Pending,
    /// It can't be accepted any more, until it is mailed again.
    Expired,
    /// Its mail is known to have failed.
    Failed,
}

/// What is known of the last mail of an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MailOutcome {
    /// The provider took the call that sends it.
    Sent,
    /// The call was made and its answer never seen.
    Unknown,
    /// The provider says that it failed.
    Failed,
}
