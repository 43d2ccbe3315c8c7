//! Grants of one person in one account, three ways: declared, last applied, and there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::change::Ref;
use orgform_model::desired::DesiredMembership;
use orgform_model::policy::{Adoption, DriftPolicy};
use orgform_model::semantics::Combine;
use orgform_model::{AccountPath, Email, Grant, RoleId};

use super::present::Case;
use super::{Here, Remembered};
use crate::ground::Ground;
use crate::plan::{Cause, Kept, Loser, Plan};

/// The live grants of a declaration, resolved, and when each ends.
pub(super) struct Wanted<'a> {
    pub(super) grants: BTreeMap<&'a Grant, (Ref<RoleId>, Option<Timestamp>)>,
}

impl Wanted<'_> {
    pub(super) fn refs(&self) -> BTreeMap<Ref<RoleId>, Option<Timestamp>> {
        self.grants.values().cloned().collect()
    }
}

/// How actual grants compare with declared ones.
#[derive(Default)]
pub(super) struct Difference {
    /// Everything that should be there afterwards.
    pub(super) all: BTreeSet<Ref<RoleId>>,
    /// Of that, what is ours, and when it ends.
    pub(super) granted: BTreeMap<Ref<RoleId>, Option<Timestamp>>,
    /// Of that, what was there before us and stays.
    pub(super) kept: BTreeSet<RoleId>,
    pub(super) gains: Vec<String>,
    pub(super) loses: Vec<String>,
    /// Every difference is drift.
    pub(super) drift_only: bool,
    /// Every loss was declared while it was still ahead.
    pub(super) foreseen: bool,
    pub(super) expired: bool,
    /// Drift that is only reported.
    pub(super) reported: Vec<String>,
}

pub(super) fn resolve<'a>(
    desired: &'a DesiredMembership,
    path: &AccountPath,
    ground: &Ground<'_>,
) -> Option<Wanted<'a>> {
    let live = desired.grants.iter().filter(|(_, ends)| ends.is_none_or(|ends| ends > ground.input.now));
    let grants = live
        .map(|(grant, ends)| Some((grant, (ground.roles.resolve(grant, path, ground)?, *ends))))
        .collect::<Option<_>>()?;
    Some(Wanted { grants })
}

/// What somebody keeps when every declared grant has ended: what was there before us, or is not ours.
pub(super) fn left_over<'a>(
    here: &Here<'_, 'a>,
    email: &'a Email,
    desired: &'a DesiredMembership,
    remembered: Option<Remembered<'a>>,
    actual: &BTreeSet<RoleId>,
) -> BTreeSet<RoleId> {
    let case = Case { here, email, desired, remembered, wanted: Wanted { grants: BTreeMap::new() } };
    let implied = here.ground.input.semantics.roles.implied;
    let is_implied = |id: &RoleId| matches!(here.ground.roles.grant(id), Grant::Fixed(name) if implied.contains(&name.as_str()));
    let all = case.compare(actual).all;
    all.iter().filter_map(Ref::known).filter(|id| !is_implied(id)).cloned().collect()
}

impl<'a> Case<'_, '_, 'a> {
    /// Compares grants three ways: declared, last applied, actual.
    pub(super) fn compare(&self, actual: &BTreeSet<RoleId>) -> Difference {
        let roles = &self.ground().roles;
        let policy = &self.ground().input.desired.policy;
        let implied = self.ground().input.semantics.roles.implied;
        let record = self.remembered.map(|one| one.record);
        let adoption = self.ground().input.desired.accounts.get(&self.here.path).and_then(|one| one.adoption);
        let take = adoption.unwrap_or(policy.adoption) == Adoption::Take;
        let report = policy.drift == DriftPolicy::Report;
        let one_role = self.ground().input.semantics.roles.combine == Combine::ExactlyOne;
        // Before somebody joins, a grant that is missing may be one that comes with joining.
        let was_there = record.is_some_and(|record| record.person.is_some())
            || self.ground().input.capabilities.grants_before_acceptance;
        let mut difference = Difference { drift_only: true, foreseen: true, ..Difference::default() };
        let mut present: BTreeSet<&Grant> = BTreeSet::new();

        for id in actual {
            let grant = roles.grant(id);
            if let Some((grant, (_, ends))) = self.wanted.grants.get_key_value(&grant) {
                present.insert(grant);
                difference.all.insert(Ref::Known(id.clone()));
                difference.granted.insert(Ref::Known(id.clone()), *ends);
                continue;
            }
            let applied = record.and_then(|record| record.granted.get(id));
            if roles.known(id).is_none() {
                // Its owner was not seen, or a list is short: what can't be named is not taken away.
                difference.all.insert(Ref::Known(id.clone()));
                match (record, applied) {
                    (_, Some(ends)) => {
                        difference.granted.insert(Ref::Known(id.clone()), *ends);
                    }
                    // Else it would seem to be somebody's gift as soon as it can be named.
                    (Some(record), None) if record.kept.contains(id) => {
                        difference.kept.insert(id.clone());
                    }
                    (None, None) if !take => {
                        difference.kept.insert(id.clone());
                    }
                    (_, None) => {}
                }
                continue;
            }
            let expired = self.desired.grants.get(&grant).copied().flatten();
            let stays = match (record, applied) {
                // The declared role takes its place; one that came with joining is no loss.
                _ if one_role
                    && !self.wanted.grants.is_empty()
                    && !(report && was_there && applied.is_none() && record.is_some()) =>
                {
                    difference.drift_only &= record.is_some() && applied.is_none();
                    difference.foreseen &= record.is_some() && !was_there;
                    false
                }
                _ if matches!(&grant, Grant::Fixed(name) if implied.contains(&name.as_str())) => true,
                _ if expired.is_some() => {
                    difference.expired = true;
                    difference.drift_only = false;
                    difference.foreseen &= applied.copied().flatten() == expired;
                    false
                }
                // Ours, and no longer declared.
                (Some(_), Some(_)) => {
                    difference.drift_only = false;
                    difference.foreseen = false;
                    false
                }
                // Taken over with it, and kept then.
                (Some(record), None) if record.kept.contains(id) && !take => {
                    difference.kept.insert(id.clone());
                    true
                }
                // Kept then, and taken over now.
                (Some(record), None) if record.kept.contains(id) => {
                    difference.drift_only = false;
                    difference.foreseen = false;
                    false
                }
                // Somebody else gave it.
                (Some(_), None) if report => {
                    difference.reported.push(format!("has {} too", roles.title(id)));
                    true
                }
                (Some(_), None) => {
                    difference.foreseen = false;
                    false
                }
                (None, _) if take => {
                    difference.drift_only = false;
                    difference.foreseen = false;
                    false
                }
                (None, _) => {
                    difference.kept.insert(id.clone());
                    true
                }
            };
            if stays {
                difference.all.insert(Ref::Known(id.clone()));
            } else {
                difference.loses.push(roles.title(id));
            }
        }
        for (grant, (role, ends)) in &self.wanted.grants {
            if present.contains(grant) {
                continue;
            }
            let title = roles.grant_title(grant, self.ground());
            let applied = was_there
                && role.known().is_some_and(|id| record.is_some_and(|one| one.granted.contains_key(id)));
            if applied && report {
                difference.reported.push(format!("lacks {title}"));
                difference.granted.insert(role.clone(), *ends);
                continue;
            }
            difference.drift_only &= applied;
            difference.all.insert(role.clone());
            difference.granted.insert(role.clone(), *ends);
            difference.gains.push(title);
        }
        difference.gains.sort();
        difference.loses.sort();
        difference
    }

    pub(super) fn report_drift(&self, difference: &Difference, plan: &mut Plan) {
        for what in &difference.reported {
            plan.drift.push(Kept {
                address: self.address(),
                what: what.clone(),
                because: "changed at the provider; the drift policy is Report".into(),
            });
        }
    }

    pub(super) fn report_kept(&self, difference: &Difference, plan: &mut Plan) {
        for id in &difference.kept {
            plan.kept.push(Kept {
                address: self.address(),
                what: self.ground().roles.title(id),
                because: "an extra grant that was there before us".into(),
            });
        }
    }

    pub(super) fn cause(&self, difference: &Difference) -> Cause {
        if difference.drift_only {
            Cause::Drift
        } else if difference.expired {
            Cause::Expired
        } else {
            Cause::Declared
        }
    }

    pub(super) fn losers(&self, difference: &Difference, person: String) -> BTreeSet<Loser> {
        if difference.loses.is_empty() {
            return BTreeSet::new();
        }
        BTreeSet::from([Loser {
            account: self.here.id.clone(),
            path: self.here.path.clone(),
            person,
            foreseen: difference.foreseen,
        }])
    }
}
