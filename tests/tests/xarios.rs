//! The way at Xarios: accounts and customers, people in several tenants, mails, and what goes everywhere.

use orgform_tests::{Simulator, Story};
use serde_json::json;

#[test]
fn accounts_are_made_people_come_once_and_leave_one_tenant_or_all() {
    let mut story = Story::example("xarios");
    story.run("validate");
    story.run("plan");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.remark("grace leaves the bakery: one assignment goes");
    story.replace(
        "people/voice.yaml",
        "    - { accountRef: { name: bakery }, roles: [customer.settings] }\n",
        "",
    );
    story.run("apply --yes");
    story.remark("she leaves altogether: her primary tenant needs two words in the Provider");
    story.without("people/voice.yaml", "grace");
    story.run("plan");
    story.replace("provider.yaml", "    # Removing", "    allow: [WiderReach, Irreversible]\n    # Removing");
    story.run("apply --yes");
    story.assert_is("xarios");
}

#[test]
fn a_removal_out_of_the_primary_tenant_names_every_tenant_even_those_that_nobody_declares() {
    let mut story = Story::example("xarios");
    story.done("apply --yes");
    story.remark("somebody makes an account by hand and adds ada, who is made in Acme");
    story.done("act json '{\"act\":\"create_account\",\"name\":\"South\"}'");
    story.done("act add South ada@acme.example account.user");
    story.without("people/voice.yaml", "ada");
    story.run("plan");
    story.remark("with both words, and still wanted in one tenant");
    story.replace("provider.yaml", "    # Removing", "    allow: [WiderReach, Irreversible]\n    # Removing");
    story.run("plan");
    story.write(
        "people/ada.yaml",
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: { name: ada }\nspec:\n  email: ada@acme.example\n  \
         memberships:\n    - { accountRef: { name: north }, roles: [user.admin] }\n",
    );
    story.run("plan");
    story.assert_is("xarios_everywhere");
}

#[test]
fn enabling_an_account_mails_everybody_in_it_and_the_plan_counts_that() {
    let mut story = Story::example("xarios");
    story.done("apply --yes");
    story.replace("accounts.yaml", "enabled: false", "enabled: true");
    story.remark("somebody new comes after it, and gets one mail");
    story.write("people/tim.yaml", &member("tim", "north", "user.admin"));
    story.run("plan");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.remark("deleting an account is a flag");
    story.replace(
        "provider.yaml",
        "  safety:\n",
        "  removal: { accounts: Remove }\n  safety:\n    allow: [Irreversible]\n",
    );
    story.done("apply --yes");
    story.without("accounts.yaml", "bakery");
    story.replace(
        "people/voice.yaml",
        "    - { accountRef: { name: bakery }, roles: [customer.settings] }\n",
        "",
    );
    story.run("plan");
    story.assert_is("xarios_enabled");
}

#[test]
fn a_mail_goes_again_only_when_somebody_asks_and_through_the_primary_tenant() {
    let mut story = Story::example("xarios");
    story.done("apply --yes");
    story.run("invites resend xarios/north:member/ada@acme.example --yes");
    story.run("apply --yes");
    story.run("show xarios:person/ada@acme.example");
    story.assert_is("xarios_mails");
}

#[test]
fn a_person_is_disabled_by_the_role_that_lets_them_log_in() {
    let mut story = Story::example("xarios");
    story.replace(
        "people/voice.yaml",
        "  email: linus@acme.example",
        "  email: linus@acme.example\n  removal: Disable",
    );
    story.done("apply --yes");
    let people = story.read("people/voice.yaml");
    story.without("people/voice.yaml", "linus");
    story.run("apply --yes");
    story.write("people/voice.yaml", &people);
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.assert_is("xarios_disabled");
}

#[test]
fn what_can_not_be_at_xarios_is_told_before_anything_is_read() {
    let mut story = Story::example("xarios");
    story.replace(
        "accounts.yaml",
        "  displayName: Bakery",
        "  displayName: Bakery\n  timezone: Europe/London",
    );
    story.replace("people/voice.yaml", "roles: [customer.settings]", "roles: [user.admin]");
    story.replace("people/voice.yaml", "roles: [customer.admin, user.admin]", "roles: [customer.admn]");
    story.run("validate");
    story.assert_is("xarios_validate");
}

#[test]
fn every_call_is_counted_and_a_second_look_reads_only_what_was_touched() {
    let simulator = Simulator::of("xarios", &[]);
    let story = Story::xarios_at(simulator.url());
    story.remove("accounts.yaml");
    story.remove("people/voice.yaml");
    let account = |name: &str, title: &str| {
        format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: {name} }}\nspec:\n  providerRef: {{ name: \
             xarios }}\n  displayName: {title}\n"
        )
    };
    story.write("accounts.yaml", &format!("{}---\n{}", account("acme", "Acme"), account("north", "North")));
    let people: Vec<String> = (0..100)
        .map(|number| {
            member(&format!("p{number}"), if number < 70 { "acme" } else { "north" }, "webhooks.admin")
        })
        .collect();
    story.write("people/many.yaml", &people.join("---\n"));
    story.done("apply --yes");
    let reads = || simulator.stats()["reads"].as_u64().unwrap();

    let before = reads();
    let planned = story.done("plan --detailed-exitcode").all();
    assert_eq!(reads() - before, 1 + 2 + 100, "one list of accounts, one of users each, and each user");
    assert!(planned.contains("104 calls"), "with the log-in: {planned}");

    story.replace(
        "people/many.yaml",
        "p7@acme.example\n  memberships:\n    - { accountRef: { name: acme }, roles: [webhooks.admin] }",
        "p7@acme.example\n  memberships:\n    - { accountRef: { name: acme }, roles: [branding.admin] }",
    );
    let before = reads();
    story.done("apply --yes");
    let (look, check, write, again) = (1 + 2 + 100, 1 + 1 + 1, 2, 1 + 1 + 1);
    // She loses a role, so she is read again just before; then once more to see what is there.
    assert_eq!(reads() - before, look + check + write + again, "later looks read two lists and one user");
}

#[test]
fn a_refresh_token_that_is_replaced_at_each_use_survives_every_run_and_is_shown_nowhere() {
    let simulator = Simulator::of("xarios", &["--switch", "reuse=revokes"]);
    let story = Story::xarios_at(simulator.url());
    let mut said = String::new();
    for arguments in ["plan", "-vvv apply --yes", "plan --format json", "show --format json", "-vvv plan"] {
        said.push_str(&story.done(arguments).all());
    }
    said.push_str(&story.read(".orgform/state.json"));
    let folder = story.path().join(".orgform/credentials");
    let kept: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let token = kept.iter().find(|path| path.extension().is_none()).unwrap();
    let token = std::fs::read_to_string(token).unwrap();
    assert!(!said.contains(token.trim()) && !said.contains("sim-first-refresh-token"), "a secret was shown");
    // A new approval in the manifest's place starts anew.
    let approved = simulator.act(&json!({ "act": "approve" }));
    let mut story = story;
    story.set("XARIOS_REFRESH_TOKEN", approved["token"].as_str().unwrap());
    story.done("plan --detailed-exitcode");
}

fn member(name: &str, account: &str, role: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
         {name}@acme.example\n  memberships:\n    - {{ accountRef: {{ name: {account} }}, roles: [{role}] }}\n"
    )
}
