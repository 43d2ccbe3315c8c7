//! Where the secrets of keys are by now. Told, never acted on: a secret may have been moved on purpose.

use std::collections::BTreeSet;

use orgform_model::change::Action;
use orgform_model::state::{ApiKeyRecord, SecretFate};
use orgform_model::{ApiKeyId, Desired, ProviderState, SecretPlace};

use super::Case;
use crate::plan::{MissingSecret, Plan};

/// The places to look at: those of declared keys, and those that an interrupted run may have written to.
pub fn secret_places(desired: &Desired, state: Option<&ProviderState>) -> BTreeSet<SecretPlace> {
    let declared = desired.api_keys.values().filter_map(|key| key.secret_to.as_ref());
    let intents = state.into_iter().flat_map(|state| state.intents.values());
    let begun = intents.filter_map(|intent| match &intent.change.action {
        Action::CreateApiKey { secret_to, .. } => Some(secret_to),
        _ => None,
    });
    declared.chain(begun).cloned().collect()
}

impl Case<'_, '_> {
    /// What became of the secret of a key that is there: as remembered, unless it is where it should be.
    pub(super) fn secret_fate(&self, id: &ApiKeyId, record: Option<&ApiKeyRecord>) -> SecretFate {
        let there = |place: &&SecretPlace| {
            self.ground.input.world.secrets.get(*place).is_some_and(|there| there.as_ref() == Some(id))
        };
        match self.key.secret_to.as_ref().filter(there) {
            Some(place) => SecretFate::Stored(place.clone()),
            None => record.map_or(SecretFate::Elsewhere, |record| record.secret.clone()),
        }
    }

    /// Tells that the secret of a key is not where it was put, or should have been.
    pub(super) fn tell_missing_secret(&self, id: &ApiKeyId, record: Option<&ApiKeyRecord>, plan: &mut Plan) {
        let Some(place) = &self.key.secret_to else { return };
        let Some(there) = self.ground.input.world.secrets.get(place) else { return };
        let because = match (there, record.map(|record| &record.secret)) {
            (Some(there), _) if there == id => return,
            (Some(_), _) => format!("at {place} is the secret of another key"),
            (None, Some(SecretFate::Stored(before))) if before != place => {
                format!("its secret is not at {place}: it was put at {before}")
            }
            (None, Some(SecretFate::Stored(_))) => format!("its secret is not at {place} any more"),
            (None, _) => format!("its secret is not at {place}: this key was taken over"),
        };
        plan.missing_secrets.push(MissingSecret {
            next: format!("orgform keys remake {}", self.address),
            address: self.address.clone(),
            because,
        });
    }
}
