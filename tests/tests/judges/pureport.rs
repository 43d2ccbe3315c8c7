//! Pureport before the judges.

use orgform_sim::pureport::Sim;
use orgform_tests::{Simulator, Story};
use serde_json::json;

use crate::prism::{Prism, request};
use crate::verdict::{acquitted, id, told_of_each};
use crate::{description, schemathesis};

/// What the client can do, and the story has to show.
const TOLD: &[&str] = &[
    "POST /login",
    "GET /accounts",
    "POST /accounts",
    "PUT /accounts/{accountId}",
    "DELETE /accounts/{accountId}",
    "POST /accounts/{accountId}/consent",
    "GET /accounts/{accountId}/roles",
    "POST /accounts/{accountId}/roles",
    "PUT /accounts/{accountId}/roles/{roleId}",
    "DELETE /accounts/{accountId}/roles/{roleId}",
    "GET /accounts/{accountId}/members",
    "PUT /accounts/{accountId}/members/{userId}",
    "DELETE /accounts/{accountId}/members/{userId}",
    "GET /accounts/{accountId}/invites",
    "POST /accounts/{accountId}/invites",
    "PUT /accounts/{accountId}/invites/{inviteId}",
    "DELETE /accounts/{accountId}/invites/{inviteId}",
    "GET /accounts/{accountId}/apikeys",
    "POST /accounts/{accountId}/apikeys",
    "PUT /accounts/{accountId}/apikeys/{key}",
    "DELETE /accounts/{accountId}/apikeys/{key}",
    "GET /users/{userId}",
];

/// Who and what Schemathesis knows of, beside what it makes itself: names of variables in its configuration.
const KNOWN: &[(&str, &str)] = &[
    ("LAB", r#"{"act":"create_account","parent":"Acme","name":"Lab"}"#),
    ("PLANT", r#"{"act":"create_account","parent":"Acme","name":"Plant"}"#),
    ("ROLE", r#"{"act":"create_role","account":"Acme","name":"Viewer","permissions":{"networks":["read"]}}"#),
    ("SPARE_ROLE", r#"{"act":"create_role","account":"Acme","name":"Spare","permissions":{}}"#),
    ("USER", r#"{"act":"add_member","account":"Acme","email":"ada@acme.example","roles":["Viewer"]}"#),
    ("OTHER_USER", r#"{"act":"create_user","email":"ben@acme.example"}"#),
    ("INVITE", r#"{"act":"invite","account":"Acme","email":"cy@acme.example","roles":["Viewer"]}"#),
    ("SPARE_INVITE", r#"{"act":"invite","account":"Acme","email":"fay@acme.example","roles":["Viewer"]}"#),
];

#[test]
#[ignore = "needs Prism, which `cargo xtask judges` installs"]
fn client_and_simulator_keep_to_the_description_in_a_whole_story() {
    let simulator = Simulator::start(&[]);
    let prism = Prism::before(simulator.url(), &description("pureport"));
    let mut story = Story::acme_at(prism.url());

    first_apply(&mut story, &simulator);
    edits(&mut story, &simulator);
    invites(&mut story, &simulator);
    removals(&mut story);
    errors(&mut story, &simulator);

    let stats = acquitted(prism, &simulator);
    for told in TOLD {
        assert!(stats["requests"][told].is_object(), "the story has no {told}");
    }
}

#[test]
#[ignore = "needs Prism, which `cargo xtask judges` installs"]
fn an_organization_that_was_run_by_hand_is_imported_within_the_description() {
    let simulator = Simulator::start(&["--world", "messy"]);
    let prism = Prism::before(simulator.url(), &description("pureport"));
    let acme = Story::acme_at(prism.url());
    let mut story = Story::new();
    story.done("init --bare");
    story.write("provider.yaml", &acme.read("provider.yaml"));
    let (key, secret) = Sim::admin_key();
    story.set("PUREPORT_API_KEY", key);
    story.set("PUREPORT_API_SECRET", secret);
    story.done("import pureport");
    story.done("apply --yes");
    acquitted(prism, &simulator);
}

#[test]
#[ignore = "needs Prism, which `cargo xtask judges` installs"]
fn a_request_or_an_answer_that_breaks_the_description_is_noticed() {
    let simulator = Simulator::start(&[]);
    let prism = Prism::before(simulator.url(), &description("pureport"));
    request(prism.url(), "POST", "/login", r#"{"key":"a","sceret":"b"}"#);
    simulator
        .set_faults(&json!([{ "path": "/login", "effect": { "status": { "code": 418, "body": true } } }]));
    request(prism.url(), "POST", "/login", r#"{"key":"a","secret":"b"}"#);
    let violations = prism.verdict().violations.join("\n");
    assert!(violations.contains("request.body"), "{violations}");
    assert!(violations.contains("response.body"), "{violations}");
}

#[test]
#[ignore = "needs Schemathesis, which `cargo xtask judges` installs"]
fn the_simulator_keeps_to_the_description_whatever_it_is_asked() {
    let simulator = Simulator::start(&[]);
    let mut known: Vec<(&str, String)> =
        KNOWN.iter().map(|(name, act)| (*name, id(&simulator, act))).collect();
    // The root account has live ports, so that it can't be deleted, and its last admin can't be removed: there is an
    // end to the damage that is done.
    known.push(("ROOT", id(&simulator, r#"{"act":"set_ports","account":"Acme","ports":1}"#)));
    let signed_in = simulator.act(&json!({ "act": "sign_in", "email": "founder@acme.example" }));
    known.push(("FOUNDER", signed_in["id"].as_str().unwrap().to_owned()));
    known.push(("TOKEN", signed_in["token"].as_str().unwrap().to_owned()));
    let (key, secret) = Sim::admin_key();
    known.extend([("KEY", key.to_owned()), ("SECRET", secret.to_owned())]);
    simulator.act(&json!({ "act": "sso_domain", "domain": "sso.example", "provider": "Okta" }));
    let is_clean = schemathesis::judge(&simulator, &description("pureport"), "pureport.toml", &known);
    // What chance never hit, the story does before Prism.
    told_of_each(&simulator, "pureport", TOLD);
    assert!(is_clean, "Schemathesis found failures; they stand above");
}

fn first_apply(story: &mut Story, simulator: &Simulator) {
    story.done("plan");
    story.done("apply --yes");
    story.done(&format!("act --url {} accept-all", simulator.url()));
    story.done("plan --detailed-exitcode");
}

fn edits(story: &mut Story, simulator: &Simulator) {
    story.replace("accounts/finance.yaml", "trading floor", "trading floors");
    story.replace(
        "roles/network.yaml",
        "[networks, ports], actions: [read]",
        "[networks, ports], actions: [all]",
    );
    story.replace("people/netops.yaml", "[network-operator, billing-reader]", "[network-operator]");
    story.replace("keys/lab.yaml", "roles: [experimenter]", "roles: [network-viewer]");
    story.done("apply --yes");
    story.done(&format!("act --url {} edit Acme radia@acme.example Admin", simulator.url()));
    story.done("apply --yes");
    story.done("plan --detailed-exitcode");
}

fn invites(story: &mut Story, simulator: &Simulator) {
    story.write("people/new.yaml", &newcomer("[auditor]"));
    story.done("apply --yes");
    story.write("people/new.yaml", &newcomer("[auditor, billing-reader]"));
    story.done("apply --yes");
    story.done(&format!("act --url {} expire Finance new@acme.example", simulator.url()));
    story.done("invites resend pureport/acme/finance:member/new@acme.example --yes");
    story.done("invites");
}

fn removals(story: &mut Story) {
    story.replace("provider.yaml", "accounts: Retain", "accounts: Remove");
    story.replace("provider.yaml", "  safety:\n", "  safety:\n    allow: [Irreversible]\n");
    story.write("extra.yaml", EXTRA);
    story.remove("people/new.yaml");
    story.remove("keys/lab.yaml");
    story.without("people/lab.yaml", "tim");
    story.done("apply --yes");
    story.remove("extra.yaml");
    story.done("apply --yes");
    story.done("plan --detailed-exitcode");
}

fn errors(story: &mut Story, simulator: &Simulator) {
    simulator.set_faults(&json!([
        { "path": "/accounts/*/members", "when": { "nth": 1 }, "effect": { "status": { "code": 503, "body": true } } },
        { "path": "/accounts/*/roles", "when": { "nth": 1 }, "effect": { "status": { "code": 429, "retryAfter": 0 } } },
    ]));
    story.done("plan --detailed-exitcode");
    simulator.set_faults(&json!([]));

    story.write("people/new.yaml", &newcomer("[auditor]"));
    let (key, secret) = Sim::reader_key();
    story.set("PUREPORT_API_KEY", key);
    story.set("PUREPORT_API_SECRET", secret);
    story.done_with("apply --yes", 4);
    story.set("PUREPORT_API_SECRET", "not the secret");
    story.done_with("plan", 1);
}

fn newcomer(roles: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: new }}\nspec:\n  \
         email: new@acme.example\n  memberships:\n    - {{ accountRef: {{ name: finance }}, roles: {roles} }}\n"
    )
}

const EXTRA: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: extra }
spec:
  parentRef: { name: acme }
  displayName: Extra
  consent: Accepted
---
apiVersion: orgform.dev/v1alpha1
kind: Role
metadata: { name: extra }
spec:
  accountRef: { name: acme }
  displayName: Extra
  permissions:
    - { resources: [networks], actions: [read] }
";
