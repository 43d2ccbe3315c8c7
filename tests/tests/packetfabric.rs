//! The way at PacketFabric: invite and make, edit, disable and let in again, and what is for ever.

use orgform_tests::{Simulator, Story};
use serde_json::json;

fn acme() -> Story {
    let mut story = Story::example("packetfabric");
    story.set("WALLBOARD_PASSWORD", "a password of nobody");
    story
}

#[test]
fn people_are_invited_made_edited_disabled_and_let_in_again() {
    let mut story = acme();
    story.run("validate");
    story.run("plan");
    story.run("apply --yes");
    story.run("act accept ada@acme.example");
    story.remark("ada has signed up, so her phone can be put right; grace still waits");
    story.run("apply --yes");
    story.remark("another group for ada, and grace's invite can't be changed");
    story.replace("people/network.yaml", "roles: [regular]", "roles: [read-only]");
    story.replace("people/network.yaml", "roles: [support]", "roles: [regular]");
    story.run("apply --yes");
    story.remark("ada leaves: she is disabled, not deleted");
    story.without("people/network.yaml", "ada");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.assert_is("packetfabric");
}

#[test]
fn removing_is_for_ever_and_needs_an_opt_in() {
    let mut story = acme();
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.remark("deleting needs two words in the Provider");
    story.replace("provider.yaml", "  # removal: { members: Remove }", "  removal: { members: Remove }");
    story.run("apply --yes");
    let people = story.read("people/network.yaml");
    story.without("people/network.yaml", "grace");
    story.run("plan");
    story.replace("provider.yaml", "    # Deleting", "    allow: [Irreversible]\n    # Deleting");
    story.run("apply --yes");
    story.remark("and grace can't come back");
    story.write("people/network.yaml", &people);
    story.run("plan");
    story.assert_is("packetfabric_for_ever");
}

#[test]
fn a_user_in_several_groups_is_shown_by_the_weakest() {
    let mut story = acme();
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.run("act edit Acme ada@acme.example regular admin");
    story.run("plan");
    story.assert_is("packetfabric_legacy");
}

#[test]
fn a_first_password_is_nowhere_but_at_the_provider() {
    let mut story = acme();
    let said = [
        story.run("plan").all(),
        story.run("plan --format json").all(),
        story.run("-vvv apply --yes").all(),
        story.run("show --format json").all(),
        story.read(".orgform/state.json"),
    ];
    for text in said {
        assert!(!text.contains("a password of nobody"), "{text}");
    }
}

#[test]
fn every_invite_of_somebody_is_listed_and_one_of_them_is_used() {
    let mut story = acme();
    story.done("apply --yes");
    story.run("act invite Acme ada@acme.example read-only");
    story.run("plan");
    story.run("invites");
    story.run("invites resend packetfabric/acme:member/grace@acme.example --yes");
    story.remark("ada signs up with the first link, and somebody adds grace by hand");
    story.run("act accept ada@acme.example");
    story.run("act add Acme grace@acme.example support");
    story.run("invites --all");
    story.assert_is("packetfabric_invites");
}

#[test]
fn an_invite_that_can_not_be_withdrawn_is_told_with_its_reason() {
    let mut story = Story::example("packetfabric");
    story.set("WALLBOARD_PASSWORD", "a password of nobody");
    story.done("apply --yes");
    story.run("offboard grace@acme.example --yes");
    story.run("plan --target packetfabric:person/grace@acme.example");
    story.assert_is("packetfabric_offboard_invited");
}

#[test]
fn one_who_is_refused_keeps_nobody_else_out() {
    let mut story = acme();
    story.remark(
        "a mail to ada can't be sent, and grace was here and was deleted, before anybody declared her",
    );
    story.done("act json '{\"act\":\"break_mail\",\"email\":\"ada@acme.example\"}'");
    story.done("act add Acme grace@acme.example support");
    story.done("act remove Acme grace@acme.example");
    story.write("people/linus.yaml", &member("linus", "linus@acme.example", "sales"));
    story.run("apply --yes");
    story.run("invites");
    story.run("plan");
    story.assert_is("packetfabric_refused");
}

#[test]
fn somebody_whose_invite_was_used_and_who_is_gone_is_not_invited_blindly() {
    let mut story = acme();
    story.remark("grace was invited, came and was deleted, before anybody declared her");
    story.done("act invite Acme grace@acme.example support");
    story.done("act accept grace@acme.example");
    story.done("act remove Acme grace@acme.example");
    story.run("plan");
    story.assert_is("packetfabric_foreseen");
}

#[test]
fn somebody_who_came_and_was_deleted_between_two_looks_is_not_invited_again() {
    let story = acme();
    story.done("apply --yes");
    story.done("act accept ada@acme.example");
    story.done("act remove Acme ada@acme.example");
    let planned = story.done_with("plan", 3);
    assert!(planned.stdout.contains("an invite of this e-mail was used"), "{}", planned.stdout);
    assert!(!planned.stdout.contains("inviting again sends a mail"), "{}", planned.stdout);
}

#[test]
fn an_email_is_the_persons_own_and_a_login_is_not_who_they_are() {
    let mut story = acme();
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.remark("an e-mail is edited in the files");
    story.replace("people/network.yaml", "email: ada@acme.example", "email: countess@acme.example");
    story.run("plan");
    story.replace("people/network.yaml", "email: countess@acme.example", "email: ada@acme.example");
    story.remark("ada changes it in the portal");
    story.run("act change-email ada@acme.example countess@acme.example");
    story.run("plan --write");
    story.run("apply --yes");
    story.remark("logins change too: one that is declared is drift, one that is not is nobody's business");
    story.run("act json '{\"act\":\"change_login\",\"email\":\"grace@acme.example\",\"login\":\"hopper\"}'");
    story
        .run("act json '{\"act\":\"change_login\",\"email\":\"wallboard@acme.example\",\"login\":\"wall\"}'");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.assert_is("packetfabric_names");
}

#[test]
fn an_api_key_is_made_with_its_token_put_away_and_deleted() {
    let mut story = acme();
    story.done("apply --yes");
    story.write("keys/ci.yaml", CI);
    story.run("apply --yes");
    let token = story.read(".orgform/keys/ci");
    story.run("plan --detailed-exitcode");
    story.remark("a key can't be changed");
    story.replace("keys/ci.yaml", "displayName: CI", "displayName: Pipeline");
    story.run("plan");
    story.remove("keys/ci.yaml");
    let said = story.run("apply --yes").all();
    assert!(!said.contains(token.trim()) && !story.read(".orgform/state.json").contains(token.trim()));
    story.assert_is("packetfabric_keys");
}

#[test]
fn a_login_needs_no_second_factor_or_is_told_of_a_key() {
    let simulator = Simulator::of("packetfabric", &[]);
    let mut story = Story::packetfabric_at(simulator.url());
    story.replace(
        "provider.yaml",
        "apiKey: { env: PF_TOKEN }",
        "login: { env: PF_USER }, password: { env: PF_PASSWORD }",
    );
    story.set("PF_USER", "founder@acme.example");
    story.set("PF_PASSWORD", "sim-founder-password");
    assert!(story.done("plan").stdout.contains("read in 5 calls"));
    simulator.act(&json!({ "act": "enable_mfa", "email": "founder@acme.example" }));
    let refused = story.done_with("plan", 1).all();
    assert!(refused.contains("second factor") && refused.contains("apiKey"), "{refused}");
    story.set("PF_PASSWORD", "another");
    let refused = story.done_with("plan", 1).all();
    assert!(refused.contains("env PF_PASSWORD") && !refused.contains("another"), "{refused}");
}

#[test]
fn a_thousand_people_are_invited_in_one_call_and_looked_at_in_three() {
    let simulator = Simulator::of("packetfabric", &[]);
    let story = Story::packetfabric_at(simulator.url());
    let many: Vec<String> = (0..1_000)
        .map(|number| member(&format!("p{number}"), &format!("p{number}@acme.example"), "regular"))
        .collect();
    story.write("people/many.yaml", &many.join("---\n"));
    let applied = story.done("apply --yes");
    assert!(applied.stdout.contains("1,002 mails sent"), "{}", applied.stdout);
    let sent: Vec<String> =
        simulator.writes().into_iter().filter(|write| write == "POST /v2/team-invites").collect();
    assert_eq!(sent.len(), 2, "1,002 people, at most 1,000 in a call");
    simulator.act(&json!({ "act": "accept_all" }));
    story.done("apply --yes");

    let before = simulator.stats()["total"].as_u64();
    story.done("plan --detailed-exitcode");
    assert_eq!(simulator.stats()["total"].as_u64(), before.map(|before| before + 3));
}

const CI: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: ApiKey
metadata: { name: ci }
spec:
  accountRef: { name: acme }
  displayName: CI
  writeSecretTo: { file: { path: .orgform/keys/ci } }
";

fn member(name: &str, email: &str, group: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: {email}\n  \
         memberships:\n    - {{ accountRef: {{ name: acme }}, roles: [{group}] }}\n"
    )
}
