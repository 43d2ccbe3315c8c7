//! PacketFabric before the judges.

use std::io::{Read, Write};
use std::net::TcpStream;

use orgform_sim::packetfabric::Sim;
use orgform_tests::{Simulator, Story};
use serde_json::{Value, json};

use crate::prism::{Prism, request};
use crate::verdict::{acquitted, id, told_of_each};
use crate::{description, schemathesis};

/// What the client can do, and the story has to show.
const TOLD: &[&str] = &[
    "POST /v2/auth/login",
    "GET /v2/customers/current",
    "PATCH /v2/customers/current",
    "GET /v2/users",
    "POST /v2/users",
    "GET /v2/users/{user_login}",
    "PATCH /v2/users/{user_login}",
    "DELETE /v2/users/{user_login}",
    "GET /v2/team-invites",
    "POST /v2/team-invites",
    "POST /v2/team-invites/{signup_uuid}/resend",
];

/// What nobody can succeed with here.
const OUT_OF_REACH: &[&str] = &[
    // An API key stands for all requests, and a second factor is of a session.
    "POST /v2/auth/login/mfa",
    // Its token is in a mail, which nobody here can read.
    "POST /v2/users/reset-password",
    // The last group can't be taken (section 5), and whatever is asked for of a user in several leaves one.
    "DELETE /v2/users/{user_login}/groups/{group_name}",
];

/// Who and what Schemathesis knows of, beside what it makes itself: names of variables in its configuration.
const KNOWN: &[(&str, &str)] = &[
    ("USER", r#"{"act":"add_user","email":"ada@acme.example","group":"regular"}"#),
    ("SPARE_USER", r#"{"act":"add_user","email":"ben@acme.example","group":"regular"}"#),
    ("SPARE_KEY", r#"{"act":"make_key","email":"founder@acme.example","name":"spare"}"#),
];

const FOUNDER: &str = "founder@acme.example";

#[test]
#[ignore = "needs Prism, which `cargo xtask judges` installs"]
fn client_and_simulator_keep_to_the_description_in_a_whole_story() {
    let simulator = Simulator::of("packetfabric", &[]);
    let prism = Prism::before(simulator.url(), &description("packetfabric"));
    let mut story = Story::packetfabric_at(prism.url());

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
fn a_request_or_an_answer_that_breaks_the_description_is_noticed() {
    let simulator = Simulator::of("packetfabric", &[]);
    let prism = Prism::before(simulator.url(), &description("packetfabric"));
    request(prism.url(), "POST", "/v2/auth/login", r#"{"login":"a","pasword":"b"}"#);
    simulator.set_faults(
        &json!([{ "path": "/v2/auth/login", "effect": { "status": { "code": 418, "body": true } } }]),
    );
    request(prism.url(), "POST", "/v2/auth/login", r#"{"login":"a","password":"b"}"#);
    let violations = prism.verdict().violations.join("\n");
    assert!(violations.contains("request.body"), "{violations}");
    assert!(violations.contains("response"), "{violations}");
}

#[test]
#[ignore = "needs Schemathesis, which `cargo xtask judges` installs"]
fn the_simulator_keeps_to_the_description_whatever_it_is_asked() {
    let simulator = Simulator::of("packetfabric", &[]);
    let mut known: Vec<(&str, String)> =
        KNOWN.iter().map(|(name, act)| (*name, id(&simulator, act))).collect();
    known.push(("TOKEN", Sim::admin_key().to_owned()));
    let contact = json!({ "email": "noc@acme.example", "phone": "+1 206 555 0100",
        "admin": false, "billing": false, "tech": false });
    let made = signed(&simulator, "POST", "/v2/contacts", &contact);
    known.push(("CONTACT", text(&made["contact_uuid"])));
    let invited = json!([
        { "email": "cy@acme.example", "group": "regular" },
        { "email": "fay@acme.example", "group": "sales" },
    ]);
    let invited = signed(&simulator, "POST", "/v2/team-invites", &invited);
    known.push(("INVITE", text(&invited[0]["uuid"])));
    known.push(("SPARE_INVITE", text(&invited[1]["uuid"])));
    let log = signed(&simulator, "GET", "/v2/activity-logs", &Value::Null);
    known.push(("ENTRY", text(&log[0]["log_uuid"])));

    let is_clean = schemathesis::judge(&simulator, &description("packetfabric"), "packetfabric.toml", &known);
    told_of_each(&simulator, "packetfabric", OUT_OF_REACH);
    assert!(is_clean, "Schemathesis found failures; they stand above");
}

fn first_apply(story: &mut Story, simulator: &Simulator) {
    story.done("plan");
    story.done("apply --yes");
    story.done(&format!("act --url {} --kind packetfabric accept-all", simulator.url()));
    story.done("apply --yes");
    story.done("plan --detailed-exitcode");
}

fn edits(story: &mut Story, simulator: &Simulator) {
    story.replace("customer.yaml", "displayName: Acme", "displayName: Acme\n  description: Explosives");
    story.replace("people/network.yaml", "roles: [regular]", "roles: [read-only]");
    story.replace("people/wallboard.yaml", "login: wallboard", "login: wall/board#2");
    story.done("apply --yes");
    story.done(&format!(
        "act --url {} --kind packetfabric edit Acme grace@acme.example regular sales",
        simulator.url()
    ));
    story.done("apply --yes");
    story.replace("people/wallboard.yaml", "Europe/London", "Europe/Dublin");
    story.done("apply --yes");
    story.done("plan --detailed-exitcode");
}

fn invites(story: &mut Story, simulator: &Simulator) {
    story.write("people/new.yaml", &member("new", "new@acme.example", "support"));
    story.write("people/gone.yaml", &member("gone", "gone@acme.example", "support"));
    simulator.act(&json!({ "act": "add_user", "email": "gone@acme.example", "group": "sales" }));
    simulator.act(&json!({ "act": "delete_user", "email": "gone@acme.example" }));
    simulator.act(&json!({ "act": "break_mail", "email": "lost@acme.example" }));
    story.write("people/lost.yaml", &member("lost", "lost@acme.example", "admin"));
    story.done_with("apply --yes", 4);
    story.remove("people/gone.yaml");
    story.remove("people/lost.yaml");
    story.done("invites resend packetfabric/acme:member/new@acme.example --yes");
    story.done("invites --all");
}

fn removals(story: &mut Story) {
    let people = story.read("people/network.yaml");
    story.without("people/network.yaml", "ada");
    story.done("apply --yes");
    story.write("people/network.yaml", &people);
    story.done("apply --yes");
    story.replace("provider.yaml", "  # removal: { members: Remove }", "  removal: { members: Remove }");
    story.replace("provider.yaml", "    # Deleting", "    allow: [Irreversible]\n    # Deleting");
    story.done("apply --yes");
    story.without("people/network.yaml", "grace");
    story.done("apply --yes");
}

fn errors(story: &mut Story, simulator: &Simulator) {
    simulator.set_faults(&json!([
        { "path": "/v2/users", "when": { "nth": 1 }, "effect": { "status": { "code": 503, "body": true } } },
        { "path": "/v2/team-invites", "when": { "nth": 1 }, "effect": { "status": { "code": 429, "retryAfter": 0 } } },
    ]));
    story.done("plan");
    simulator.set_faults(&json!([]));

    story.write("people/late.yaml", &member("late", "late@acme.example", "regular"));
    story.set("PF_TOKEN", Sim::reader_key());
    story.done_with("apply --yes", 4);
    story.set("PF_TOKEN", "no such key");
    story.done_with("plan", 1);

    let login = "login: { env: PF_USER }, password: { env: PF_PASSWORD }";
    story.replace("provider.yaml", "apiKey: { env: PF_TOKEN }", login);
    story.set("PF_USER", FOUNDER);
    story.set("PF_PASSWORD", "sim-founder-password");
    story.done("plan");
    story.set("PF_PASSWORD", "another");
    story.done_with("plan", 1);
}

fn member(name: &str, email: &str, group: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: {email}\n  \
         memberships:\n    - {{ accountRef: {{ name: acme }}, roles: [{group}] }}\n"
    )
}

/// Calls the simulator as its founder.
fn signed(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Value {
    let address = simulator.url().strip_prefix("http://").unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        Sim::admin_key(),
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
