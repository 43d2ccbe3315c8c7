//! The suite on Xarios, against the simulator: by default, and under every setting of every switch.
//!
//! What the contract leaves open is a switch of the simulator. Each test turns one of them; where a story can't hold
//! under a setting, the test names it and why, and fails if it holds after all.

#![allow(clippy::unwrap_used)] // In a test a simulator that can't be started may end it.

mod subject;

use std::collections::BTreeSet;

use orgform_conformance::suite;
use orgform_sim::Switching as _;
use orgform_sim::xarios::Switches;

use subject::Xarios;

async fn every_story_holds(setting: &str, but: &[&str]) {
    let report = suite::run(async || Xarios::found(setting).await, |_| true).await;
    let broken: Vec<&str> = report.broken().iter().map(|(name, _)| *name).collect();
    assert_eq!(broken, but, "under `{setting}`: {report}");
    assert!(report.good() >= 30, "{report}");
}

/// One test per setting, with the stories that can't hold under it, and the list of all settings.
macro_rules! settings {
    ($($name:ident: $setting:literal $(but $($story:ident),+)?;)+) => {
        const SETTINGS: &[&str] = &[$($setting),+];
        $(
            #[tokio::test]
            async fn $name() {
                every_story_holds($setting, &[$($(stringify!($story)),+)?]).await;
            }
        )+
    };
}

settings! {
    every_story_holds_by_default: "";
    every_story_holds_where_a_refresh_token_stays: "refresh=stays";
    every_story_holds_where_reuse_ends_the_approval: "reuse=revokes";
    every_story_holds_where_charges_have_to_be_accepted: "charges=required";
    every_story_holds_where_a_mail_waits_for_the_account: "create-mail=when-enabled";
    every_story_holds_where_a_deleted_account_is_hidden: "deleted-account=hidden";
    every_story_holds_where_deletion_is_a_flag: "date-deleted=boolean";
    every_story_holds_where_a_present_email_is_400: "present-email=400";
    every_story_holds_where_emails_change_anywhere: "email-change=anywhere";
    every_story_holds_where_emails_never_change: "email-change=refused";
    every_story_holds_where_unknown_roles_are_kept: "unknown-role=kept";
    every_story_holds_where_customers_list_users_from_above: "parent-users=shown";
    every_story_holds_where_page_size_is_a_text: "page-size=text";
    every_story_holds_where_envelopes_are_bare: "envelope=bare";
    every_story_holds_where_places_of_accounts_are_shown: "account-places=shown";
    every_story_holds_where_gateways_answer_with_a_body: "gateway-body=present";
    every_story_holds_where_access_tokens_are_short: "token-life=1000";
    // Nobody can come to a second tenant through the API there; it is told, with what to do.
    every_other_story_holds_where_a_known_email_is_refused: "known-email=refused" but
        somebody_new_to_two_accounts_is_mailed_once,
        a_known_person_is_mailed_once_at_most,
        somebody_offboarded_leaves_every_account;
}

#[test]
fn every_setting_of_every_switch_has_its_test() {
    let tested: BTreeSet<&str> = SETTINGS.iter().copied().collect();
    for (name, values) in Switches::known() {
        // The first value is the default; a number stands for any.
        for value in values.iter().skip(1).filter(|value| **value != "N") {
            assert!(tested.contains(&*format!("{name}={value}")), "no test turns {name} to {value}");
        }
    }
}
