//! Which of somebody's roles count.

use std::collections::BTreeSet;

use orgform_model::change::Ref;
use orgform_model::semantics::Combine;
use orgform_model::{Grant, RoleId};

use crate::ground::Ground;

/// The roles that count of those that somebody holds: all, or the weakest alone where a member has exactly one and
/// yet is found with several. One whose rank is not known counts as the weakest.
pub(crate) fn counting<'r>(roles: &'r BTreeSet<RoleId>, ground: &Ground<'_>) -> Vec<&'r RoleId> {
    let semantics = &ground.input.semantics.roles;
    let several = semantics.combine == Combine::ExactlyOne && roles.len() > 1;
    if !several || semantics.weakest_first.is_empty() {
        return roles.iter().collect();
    }
    let rank = |id: &&RoleId| match ground.roles.grant(id) {
        Grant::Fixed(name) => semantics.weakest_first.iter().position(|one| *one == name),
        Grant::Role(_) => None,
    };
    roles.iter().min_by_key(rank).into_iter().collect()
}

/// What several roles where there should be one come to, now and with these afterwards, as a clause; none of
/// somebody who has one.
pub(crate) fn tell_counting(
    roles: &BTreeSet<RoleId>,
    then: &BTreeSet<Ref<RoleId>>,
    ground: &Ground<'_>,
) -> Option<String> {
    let title = |roles: &BTreeSet<RoleId>| match counting(roles, ground).as_slice() {
        [one] => Some(ground.roles.title(one)),
        _ => None,
    };
    let now = title(roles).filter(|_| roles.len() > 1)?;
    let then = title(&then.iter().filter_map(Ref::known).cloned().collect())?;
    let all: Vec<String> = roles.iter().map(|role| ground.roles.title(role)).collect();
    let then = if now == then { "and then too".to_owned() } else { format!("{then} then") };
    Some(format!("holds {}, of which only the weakest counts: {now} now, {then}", all.join(" and ")))
}
