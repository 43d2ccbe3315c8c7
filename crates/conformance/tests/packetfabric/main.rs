//! The suite on PacketFabric, against the simulator: by default, and under every setting of every switch.
//!
//! What the contract leaves open is a switch of the simulator. Each test turns one of them; where a story can't
//! hold under a setting, the test names it and why, and fails if it holds after all.

#![allow(clippy::unwrap_used)] // In a test a simulator that can't be started may end it.

mod subject;

use std::collections::BTreeSet;

use orgform_conformance::suite;
use orgform_sim::Switching as _;
use orgform_sim::packetfabric::Switches;

use subject::PacketFabric;

async fn every_story_holds(setting: &str) {
    let report = suite::run(async || PacketFabric::found(setting).await, |_| true).await;
    assert!(report.broken().is_empty(), "under `{setting}`: {report}");
    assert!(report.good() >= 30, "{report}");
}

/// One test per setting, and the list of all settings.
macro_rules! settings {
    ($($name:ident: $setting:literal;)+) => {
        const SETTINGS: &[&str] = &[$($setting),+];
        $(
            #[tokio::test]
            async fn $name() {
                every_story_holds($setting).await;
            }
        )+
    };
}

settings! {
    every_story_holds_by_default: "";
    every_story_holds_where_a_deleted_user_is_readable: "deleted-user=readable";
    every_story_holds_where_recreating_is_a_conflict: "recreate=409";
    every_story_holds_where_an_invite_of_a_deleted_user_is_stuck: "deleted-invite=stuck";
    every_story_holds_where_a_live_user_can_be_invited: "live-invite=accepted";
    every_story_holds_where_an_undeliverable_mail_refuses_the_whole_call: "undeliverable=whole";
    every_story_holds_where_logins_are_short: "invite-login=short";
    every_story_holds_where_the_last_admin_is_unprotected: "last-admin=unprotected";
    every_story_holds_where_lists_answer_200: "list-status=200";
    every_story_holds_where_a_single_invite_is_an_object: "single-invite=object";
    every_story_holds_where_a_login_ends_other_sessions: "login=end";
    every_story_holds_where_gateways_answer_with_a_body: "gateway-body=present";
}

#[test]
fn every_setting_of_every_switch_has_its_test() {
    let tested: BTreeSet<&str> = SETTINGS.iter().copied().collect();
    for (name, values) in Switches::known() {
        // The first value is the default.
        for value in values.iter().skip(1) {
            assert!(tested.contains(&*format!("{name}={value}")), "no test turns {name} to {value}");
        }
    }
}
