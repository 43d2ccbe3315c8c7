//! Who has accepted an invite is remembered as a member, whatever becomes of the change that is planned for them.

use std::path::Path;

use orgform_model::policy::Limit;
use orgform_model::state::Entry;
use orgform_plan::Plan;

use crate::story::Story;

#[test]
fn who_has_joined_is_a_member_even_while_the_removal_is_held() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/invite-undesired-and-joined");
    let mut story = Story::read(&folder);
    story.desired.policy.safety.per_account = Limit { percent: 0, floor: 0 };
    let plan = story.plan();
    assert!(plan.changes.is_empty() && plan.held.len() == 1, "{plan:#?}");
    assert_eq!(joined(&plan), Some(("ada@acme.example", true)));
}

#[test]
fn who_has_joined_is_a_member_even_where_nobody_can_be_taken_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/invite-undesired-and-joined");
    let mut story = Story::read(&folder);
    story.capabilities.remove_member = false;
    let plan = story.plan();
    assert!(plan.changes.is_empty() && plan.refused.len() == 1, "{plan:#?}");
    assert_eq!(joined(&plan), Some(("ada@acme.example", true)));
}

fn joined(plan: &Plan) -> Option<(&str, bool)> {
    plan.remember.iter().find_map(|entry| match entry {
        Entry::Membership { email, record, .. } => Some((email.as_str(), record.person.is_some())),
        _ => None,
    })
}
