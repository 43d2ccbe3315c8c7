//! A Provider's policy: how careful to be, what removal means, when to mail again.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::Email;

/// Everything a `Provider` manifest says that is not the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The writer's identity, when it can't be observed.
    pub runs_as: Option<Email>,
    /// How far a run may go.
    pub mode: Mode,
    /// Whether a plan needs somebody's approval.
    pub approval: Approval,
    /// What to do about drift.
    pub drift: DriftPolicy,
    /// What to do about extra grants of people taken over.
    pub adoption: Adoption,
    /// How long an observation of a person may be used for anything but removals.
    pub max_age: Duration,
    /// Limits.
    pub safety: Safety,
    /// What happens to something ours that is no longer declared, by kind.
    pub removal: RemovalDefaults,
    /// When to mail again.
    pub invites: InvitePolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            runs_as: None,
            mode: Mode::Apply,
            approval: Approval::None,
            drift: DriftPolicy::Correct,
            adoption: Adoption::Keep,
            max_age: Duration::from_secs(600),
            safety: Safety::default(),
            removal: RemovalDefaults::default(),
            invites: InvitePolicy::default(),
        }
    }
}

/// How far a run may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Look only.
    Observe,
    /// Look and plan.
    Plan,
    /// Carry plans out.
    #[default]
    Apply,
}

/// Whether a plan needs somebody's approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Approval {
    /// It does not.
    #[default]
    None,
    /// A digest must be approved first.
    Required,
}

/// What to do when the provider changed behind us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DriftPolicy {
    /// Restore what is declared.
    #[default]
    Correct,
    /// Tell, and change nothing.
    Report,
}

/// What to do about extra grants of people taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Adoption {
    /// Keep and report them.
    #[default]
    Keep,
    /// Take the person over whole: extra grants are revoked.
    Take,
}

/// What happens to something ours that is no longer declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Removal {
    /// It is removed at the provider.
    Remove,
    /// The person is disabled.
    Disable,
    /// It stays; orgform lets go of it.
    Retain,
}

/// What removal means, by kind, where an object does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovalDefaults {
    /// Memberships.
    pub members: Removal,
    /// Custom roles.
    pub roles: Removal,
    /// Accounts.
    pub accounts: Removal,
    /// API keys.
    pub api_keys: Removal,
}

impl Default for RemovalDefaults {
    fn default() -> Self {
        Self {
            members: Removal::Remove,
            roles: Removal::Remove,
            accounts: Removal::Retain,
            api_keys: Removal::Remove,
        }
    }
}

/// Limits on what one plan, and the last 24 hours, may take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Safety {
    /// What is allowed that otherwise is not.
    pub allow: BTreeSet<Allow>,
    /// People who lose access, per account, over 24 h.
    pub per_account: Limit,
    /// People who lose access, over the whole provider, over 24 h.
    pub total: Limit,
    /// The fewest active admins that an account may be left with.
    pub admin_minimum: u32,
    /// Admins who never lose that right where they hold it.
    pub admins_required: BTreeSet<Email>,
    /// People who lose nothing anywhere.
    pub protected: BTreeSet<Email>,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            allow: BTreeSet::new(),
            per_account: Limit { percent: 20, floor: 3 },
            total: Limit { percent: 5, floor: 10 },
            admin_minimum: 2,
            admins_required: BTreeSet::new(),
            protected: BTreeSet::new(),
        }
    }
}

/// An opt-in to something that is refused by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Allow {
    /// Removals that reach further than their own account.
    WiderReach,
    /// Removals that can't be undone.
    Irreversible,
}

/// The larger of a share and a floor; the floor is never more than half of those present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Share of those present, in percent.
    pub percent: u32,
    /// A number of people that is allowed also where the share is less, as far as it is no more than half of them.
    pub floor: u32,
}

impl Limit {
    /// How many of `present` people may lose access.
    pub fn of(self, present: usize) -> usize {
        let share = present * self.percent as usize / 100;
        let half = (present / 2).max(1);
        share.max(half.min(self.floor as usize))
    }
}

/// When an invite is mailed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitePolicy {
    /// How long after the last mail.
    pub resend_after: Duration,
    /// How many mails in all.
    pub max_attempts: u32,
    /// What happens after the last one.
    pub on_exhausted: OnExhausted,
    /// The most mails in 24 h; more are deferred.
    pub per_day: Option<u32>,
    /// Whether pending invites, not only expired ones, are mailed again.
    pub resend_pending: bool,
}

impl Default for InvitePolicy {
    fn default() -> Self {
        Self {
            resend_after: Duration::from_secs(7 * 24 * 3600),
            max_attempts: 3,
            on_exhausted: OnExhausted::Hold,
            per_day: None,
            resend_pending: false,
        }
    }
}

/// What happens when an invite was mailed as often as allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnExhausted {
    /// It waits for a person to decide.
    #[default]
    Hold,
    /// It is withdrawn.
    Withdraw,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_larger_of_share_and_floor() {
        let limit = Limit { percent: 20, floor: 3 };
        assert_eq!([10, 15, 16, 20, 100].map(|present| limit.of(present)), [3, 3, 3, 4, 20]);
    }

    #[test]
    fn a_floor_is_never_more_than_half_of_those_present() {
        let limit = Limit { percent: 5, floor: 10 };
        assert_eq!([1, 2, 3, 4, 10, 19, 20, 21].map(|present| limit.of(present)), [1, 1, 1, 2, 5, 9, 10, 10]);
        assert_eq!(Limit { percent: 0, floor: 0 }.of(4), 0);
        assert_eq!(Limit { percent: 100, floor: 0 }.of(4), 4);
    }
}
