//! Fills in what a provider takes and never shows, from what was applied last.

use std::collections::BTreeSet;

use orgform_model::{Email, PersonId, ProviderState, Semantics, World};

/// Says of everybody whom we disabled that they are, where the provider does not show it: what can't be seen is
/// as we left it, and never drift.
pub fn recall(world: &mut World, state: Option<&ProviderState>, semantics: &Semantics) {
    if semantics.people.disabled_shown {
        return;
    }
    for (account, content) in &mut world.contents {
        let Ok(content) = content else { continue };
        let ours = state.and_then(|state| state.memberships.get(account)).into_iter().flatten();
        let disabled: Vec<_> = ours.filter(|(_, record)| record.disabled).collect();
        let ids: BTreeSet<&PersonId> =
            disabled.iter().filter_map(|(_, record)| record.person.as_ref()).collect();
        let emails: BTreeSet<&Email> =
            disabled.iter().filter(|(_, record)| record.person.is_none()).map(|(email, _)| *email).collect();
        for (id, member) in &mut content.members {
            member.disabled =
                ids.contains(id) || member.email.as_ref().is_some_and(|email| emails.contains(email));
        }
    }
}
