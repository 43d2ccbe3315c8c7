//! What the status of an Account, a Role or an API key tells beside its conditions. Pure.

use orgform_model::World;
use orgform_model::invite::InviteStatus;
use orgform_model::state::SecretFate;
use serde_json::{Map, Value, json};

use super::{Object, ObjectKind, ProviderState};
use crate::pass::say::{Issues, SECRET_MISSING};

/// The fields of one object; a number is there only where it was seen.
pub(super) fn facts(
    object: &Object,
    provider: &str,
    state: &ProviderState,
    world: &World,
    issues: &Issues,
) -> Map<String, Value> {
    let mut facts = Vec::new();
    match object.key.kind {
        ObjectKind::Account => {
            if let Some((id, _)) = state.accounts.iter().find(|(_, record)| record.object == object.key) {
                facts.push(("externalId", json!(id.as_str())));
                if let Some(content) = world.content(id) {
                    facts.push(("people", json!(content.members.len() + content.invites.len())));
                    facts.push(("waiting", json!(content.invites.len())));
                }
            }
        }
        ObjectKind::Role => {
            if let Some((id, record)) = state.roles.iter().find(|(_, record)| record.object == object.key) {
                facts.push(("externalId", json!(id.as_str())));
                if let Some(content) = world.content(&record.account) {
                    let members = content.members.values().map(|member| &member.roles);
                    let waiting = content.invites.iter().filter(|one| one.status == InviteStatus::Pending);
                    let invites = waiting.map(|invite| &invite.roles);
                    let people = members.chain(invites).filter(|roles| roles.contains(id));
                    let keys = world.api_keys(&record.account).into_iter().flat_map(|keys| keys.values());
                    let keys = keys.filter(|key| key.roles.contains(id));
                    facts.push(("holders", json!(people.count() + keys.count())));
                }
            }
        }
        ObjectKind::ApiKey => {
            if let Some((id, record)) = state.api_keys.iter().find(|(_, record)| record.object == object.key)
            {
                facts.push(("externalId", json!(id.as_str())));
                let issues = issues.get(&object.key).into_iter().flatten();
                let is_missing = issues.into_iter().any(|issue| issue.standing.reason == SECRET_MISSING);
                let secret = match record.secret {
                    SecretFate::Stored(_) if is_missing => "Missing",
                    SecretFate::Stored(_) => "Stored",
                    SecretFate::Elsewhere => "Elsewhere",
                    SecretFate::Lost => "Lost",
                };
                facts.push(("secret", json!(secret)));
            }
        }
        ObjectKind::Member | ObjectKind::Provider => return Map::new(),
    }
    facts.push(("provider", json!(provider)));
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
