//! The suite on Pureport, against the simulator: by default, and under every setting of every switch.
//!
//! What the contract leaves open is a switch of the simulator. Each test turns one of them, and every story holds
//! under each.

mod common;

use std::collections::BTreeSet;

use common::Pureport;
use orgform_conformance::suite;
use orgform_sim::pureport::{Switches, Switching as _};

async fn every_story_holds(setting: &str) {
    let report = suite::run(async || Pureport::found(setting).await, |_| true).await;
    assert!(report.broken().is_empty(), "under `{setting}`: {report}");
    assert!(report.good() >= 58, "{report}");
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
    every_story_holds_where_a_put_keeps_what_it_omits: "put-omitted=kept";
    every_story_holds_where_all_is_expanded: "permission-all=expanded";
    every_story_holds_where_admin_can_be_edited: "admin-role=editable";
    every_story_holds_where_a_child_lists_inherited_roles: "child-roles=inherited";
    every_story_holds_where_a_parents_role_is_refused: "parent-role=refused";
    every_story_holds_where_a_role_in_use_is_removed: "role-in-use=removed";
    every_story_holds_where_other_users_are_forbidden: "other-users=forbidden";
    every_story_holds_where_inherited_membership_is_shown: "inherited-membership=shown";
    every_story_holds_where_a_known_person_is_invited: "known-email=invite";
    every_story_holds_where_duplicate_invites_are_allowed: "duplicate-invites=allowed";
    every_story_holds_where_an_expired_invite_is_accepted: "expired-accept=accepted";
    every_story_holds_where_a_refresh_renews_its_token: "refresh-token=renewed";
    every_story_holds_where_a_create_answers_200: "create-status=200";
    every_story_holds_where_a_delete_answers_200: "delete-status=200";
    every_story_holds_where_gateways_answer_with_a_body: "gateway-body=present";
    every_story_holds_where_role_names_are_unique: "role-names=unique";
    every_story_holds_where_tags_are_ignored: "account-tags=ignored";
    every_story_holds_where_consent_is_required: "consent=required";
    every_story_holds_where_lists_lag_by_a_read: "list-lag=reads:1";
    every_story_holds_where_lists_lag_by_seconds: "list-lag=seconds:2";
    every_story_holds_where_invites_never_expire: "invite-life=never";
    every_story_holds_where_invites_expire_after_30_days: "invite-life=days:30";
}

#[test]
fn every_setting_of_every_switch_has_its_test() {
    let mut tested: BTreeSet<String> = BTreeSet::new();
    for setting in SETTINGS {
        if let Some((name, value)) = setting.split_once('=') {
            let shape = value.split_once(':').map_or(value.to_owned(), |(word, _)| format!("{word}:N"));
            tested.insert(format!("{name}={shape}"));
        }
    }
    for (name, values) in Switches::known() {
        // The first value is the default.
        for value in values.iter().skip(1) {
            assert!(tested.contains(&format!("{name}={value}")), "no test turns {name} to {value}");
        }
    }
}
