//! The keys that orgform runs with: never removed, narrowed or made again.

use std::collections::BTreeSet;

use orgform_model::change::Action;
use orgform_model::{ApiKeyId, RoleId};

use super::actual_keys;
use crate::ground::Ground;
use crate::plan::{Cause, PlannedChange};

/// What to do about a refusal of this kind.
pub(super) const NEXT: &str =
    "give the Provider another key in `credentials` first, or do this by hand at the provider";

/// Why a key must stay as it is, if orgform runs with it or may do so.
pub(super) fn runs_with(id: &ApiKeyId, ground: &Ground<'_>) -> Option<&'static str> {
    match &ground.input.world.directory.own_keys {
        Some(keys) if keys.contains(id) => Some("orgform runs with this key"),
        Some(_) => None,
        None => Some("which key orgform runs with is not known, and it may be this one"),
    }
}

/// Whether orgform certainly runs with a key.
pub(crate) fn is_own(id: &ApiKeyId, ground: &Ground<'_>) -> bool {
    ground.input.world.directory.own_keys.as_ref().is_some_and(|keys| keys.contains(id))
}

/// Why a change may not be made, because it takes something from the key that orgform runs with; and what to do.
pub(crate) fn own_key(change: &PlannedChange, ground: &Ground<'_>) -> Option<(&'static str, &'static str)> {
    let key = match &change.change.action {
        // Nobody can run with a key whose secret nobody has.
        Action::RemoveApiKey { .. } if change.cause == Cause::SecretLost => return None,
        Action::RemoveApiKey { key, .. } => key,
        Action::UpdateApiKey { key, .. } if !change.loses.is_empty() => key,
        _ => return None,
    };
    runs_with(key, ground).map(|because| (because, NEXT))
}

/// The roles of the keys that orgform runs with; none unless all of them were seen.
pub(crate) fn roles_of_own_keys(ground: &Ground<'_>) -> Option<BTreeSet<RoleId>> {
    let own = ground.input.world.directory.own_keys.as_ref().filter(|keys| !keys.is_empty())?;
    let seen: Vec<_> = actual_keys(ground).filter(|(_, id, _)| own.contains(*id)).collect();
    (seen.len() == own.len()).then(|| seen.into_iter().flat_map(|(_, _, key)| key.roles.clone()).collect())
}
