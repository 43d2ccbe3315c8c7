//! What is remembered while a list lacks something, with no sign of it.

use std::path::Path;

use orgform_model::state::Entry;
use orgform_model::{ProviderState, RoleId};
use orgform_plan::Plan;

use crate::story::Story;

/// A story in which ada has a grant that was there before us.
fn story() -> Story {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/adoption-kept-grants-stay-kept");
    Story::read(&folder)
}

fn kept_by(state: &ProviderState) -> Vec<RoleId> {
    let record = state.membership(&"ac-acme".into(), &"ada@acme.example".into()).unwrap();
    record.kept.iter().cloned().collect()
}

/// What applying leaves behind, where nothing is written.
fn remembered(story: &Story, plan: &Plan) -> ProviderState {
    assert!(plan.changes.is_empty(), "{:?}", plan.changes);
    let mut state = story.state.clone().unwrap_or_default();
    let adopted = plan.adopted.iter().flat_map(|one| one.entries.iter());
    let entries: Vec<Entry> = adopted.chain(&plan.remember).cloned().collect();
    entries.into_iter().for_each(|entry| state.record(entry));
    state
}

#[test]
fn a_grant_that_was_there_before_us_stays_so_while_its_role_is_not_listed() {
    for ours in [true, false] {
        let mut story = story();
        story.desired.roles.clear();
        if !ours {
            story.state = None;
        }
        let whole = story.world.clone();
        let content = story.world.contents.get_mut(&"ac-acme".into()).unwrap().as_mut().unwrap();
        content.roles.retain(|id, role| {
            assert!(role.fixed.is_some() || kept_by(&self::story().state.unwrap()).contains(id));
            role.fixed.is_some()
        });
        let state = remembered(&story, &story.plan());
        assert_eq!(kept_by(&state).len(), 1, "ours: {ours}");

        (story.world, story.state) = (whole, Some(state));
        let plan = story.plan();
        assert!(plan.changes.is_empty(), "it is nobody's gift: {:?}", plan.changes);
    }
}
