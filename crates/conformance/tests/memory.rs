//! The suite on the in-memory provider, in each of its kinds.

use std::sync::Arc;

use orgform_conformance::memory::{Kind, Memory};
use orgform_conformance::suite::{self, Subject};

async fn every_story_holds(kind: Kind, at_least: usize) {
    let fresh = async || Arc::new(Memory::found(kind.clone())) as Arc<dyn Subject>;
    let report = suite::run(fresh, |_| true).await;
    assert!(report.broken().is_empty(), "{report}");
    assert!(report.good() >= at_least, "{report}");
}

#[tokio::test]
async fn every_story_holds_on_the_opposite_of_pureport() {
    every_story_holds(Kind::flat(), 47).await;
}

#[tokio::test]
async fn every_story_holds_on_a_tree_without_emails_in_lists() {
    every_story_holds(Kind::tree(), 56).await;
}

#[tokio::test]
async fn every_story_holds_where_lists_lag_and_invites_stay() {
    every_story_holds(Kind::lagging(), 52).await;
}
