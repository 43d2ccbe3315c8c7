//! People who come without an invite: who is mailed, and which account becomes their home.
//!
//! Somebody whom the provider knows is not mailed again. Of somebody new, one account is first: the one that makes the
//! person, mails, and is the person's home. So the others wait for it, and the choice is the same in every run.

use std::collections::BTreeMap;

use orgform_model::Address;
use orgform_model::change::Action;
use orgform_model::state::MailRecord;

use crate::ground::Ground;
use crate::plan::{Plan, PlannedChange};
use crate::record::RecordDraft;

/// Settles who is mailed, and in which order somebody comes to several accounts.
pub(super) fn settle(ground: &Ground<'_>, plan: &mut Plan) {
    let people = &ground.input.semantics.people;
    if people.invited {
        return;
    }
    let mut arrivals: Vec<&mut PlannedChange> = plan.changes.iter_mut().filter(|one| arrives(one)).collect();
    // What is higher in the tree comes first.
    arrivals.sort_by(|a, b| a.change.address.cmp(&b.change.address));
    let mut homes: BTreeMap<String, Address> = BTreeMap::new();
    for change in arrivals {
        let Some(email) = change.change.address.email().cloned() else { continue };
        let title = ground.input.semantics.title;
        if ground.rosters.values().any(|roster| roster.all_by_email(&email).next().is_some()) {
            without_mail(change);
            change.notes.push(format!("{title} knows this person, so no mail is sent"));
            continue;
        }
        match homes.get(email.as_str()) {
            None => {
                if let Some(home) = people.home {
                    change.notes.push(format!("made here, which becomes the {home}"));
                }
                homes.insert(email.to_string(), change.change.address.clone());
            }
            Some(home) => {
                without_mail(change);
                change.requires.insert(home.clone());
            }
        }
    }
}

fn arrives(change: &PlannedChange) -> bool {
    matches!(change.change.action, Action::CreateMember { .. })
}

fn without_mail(change: &mut PlannedChange) {
    change.mails = 0;
    // The person has a name already.
    change.fields.clear();
    if let RecordDraft::Membership(draft) = &mut change.record {
        draft.mail = MailRecord::default();
    }
}
