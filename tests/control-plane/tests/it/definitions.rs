//! The definitions on a real server: accepted, explained, listed, patched by several writers.

use crate::bed::{apply, object, path, plane, try_out};

const KINDS: [(&str, &str); 5] = [
    ("providers", "oprov"),
    ("accounts", "oacc"),
    ("roles.orgform.dev", "orole"),
    ("members", "omem"),
    ("apikeys", "okey"),
];

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_server_takes_every_definition_without_a_warning() {
    // `plane` asserts the silence of the first time; a second time changes nothing.
    let said = plane().kubectl().run(&["apply", "-f", &path("crds")]).unwrap().ok().unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), KINDS.len());
    assert!(lines.iter().all(|line| line.ends_with("unchanged")), "{said}");
    for kind in ["providers", "accounts", "roles", "members", "apikeys"] {
        let conditions = "jsonpath={.status.conditions[?(@.type==\"NonStructuralSchema\")].message}";
        let definition = format!("crd/{kind}.orgform.dev");
        let said = plane().kubectl().run(&["get", &definition, "-o", conditions]).unwrap().ok().unwrap();
        assert_eq!(said, "");
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn every_field_is_explained() {
    let explain = |what: &str| plane().kubectl().run(&["explain", what]).unwrap().ok().unwrap();
    let spec = explain("member.spec");
    assert!(spec.contains("A person and the memberships that the person should have."), "{spec}");
    assert!(spec.contains("The person's e-mail; compared in lower case."), "{spec}");
    let status = explain("omem.status.memberships");
    assert!(status.contains("Where in the life-cycle the membership is."), "{status}");
    for (kind, _) in KINDS {
        let all = plane().kubectl().run(&["explain", kind, "--recursive"]).unwrap().ok().unwrap();
        assert!(!all.contains("<empty>"), "{kind}: {all}");
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn one_word_lists_everything_of_a_namespace() {
    let namespace = plane().namespace().unwrap();
    let objects = [
        object(
            "Provider",
            "pureport",
            "{ pureport: { credentials: { key: { secretKeyRef: { name: s, key: k } }, secret: \
            { secretKeyRef: { name: s, key: s } } } } }",
        ),
        object("Account", "acme", "{ providerRef: { name: pureport } }"),
        object("Role", "auditor", "{ accountRef: { name: acme } }"),
        object(
            "Member",
            "ada",
            "{ email: ada@acme.example, memberships: [{ accountRef: { name: acme }, roles: [auditor] }] }",
        ),
        object("ApiKey", "ci", "{ accountRef: { name: acme }, externalId: x }"),
    ];
    apply(&namespace, &objects.join("---\n")).ok().unwrap();
    let list = |what: &str, more: &[&str]| {
        plane()
            .kubectl()
            .run(&[&["get", "--namespace", &namespace, what], more].concat())
            .unwrap()
            .ok()
            .unwrap()
    };
    let all = list("orgform", &["-o", "name"]);
    let names: Vec<_> = all.lines().collect();
    assert_eq!(
        names,
        [
            "account.orgform.dev/acme",
            "apikey.orgform.dev/ci",
            "member.orgform.dev/ada",
            "provider.orgform.dev/pureport",
            "role.orgform.dev/auditor",
        ]
    );
    for (_, short) in KINDS {
        assert_eq!(list(short, &["-o", "name"]).lines().count(), 1, "{short}");
    }
    let by_email = list("members", &["--field-selector", "spec.email=ada@acme.example", "-o", "name"]);
    assert_eq!(by_email.trim(), "member.orgform.dev/ada");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_columns_answer_the_question() {
    let namespace = plane().namespace().unwrap();
    let member =
        "{ email: ada@acme.example, memberships: [{ accountRef: { name: acme }, roles: [auditor] }] }";
    apply(&namespace, &object("Member", "ada", member)).ok().unwrap();
    let status = r#"{ "apiVersion": "orgform.dev/v1alpha1", "kind": "Member", "metadata": { "name": "ada" }, "status": {
        "observedGeneration": 1,
        "summary": { "providers": "pureport", "accounts": "acme", "roles": "auditor", "invite": "Pending" },
        "conditions": [{ "type": "Ready", "status": "True", "reason": "Invited", "message": "ada@acme.example has not accepted.",
            "lastTransitionTime": "2026-11-23T07:00:00Z", "observedGeneration": 1 }],
        "memberships": [{ "account": "acme", "phase": "Invited", "invite": { "state": "Pending", "mails": 1, "mail": "Sent" } }]
    } }"#;
    let write = [
        "apply",
        "--namespace",
        &namespace,
        "--server-side",
        "--subresource=status",
        "--field-manager=orgform",
        "-f",
        "-",
    ];
    plane().kubectl().feed(&write, status).unwrap().ok().unwrap();
    let table = plane().kubectl().run(&["get", "--namespace", &namespace, "members"]).unwrap().ok().unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "READY", "REASON", "PROVIDER", "ACCOUNTS", "ROLES", "INVITE", "AGE"]);
    assert_eq!(rows[1][..7], ["ada", "True", "Invited", "pureport", "acme", "auditor", "Pending"]);
    plane().kubectl().wait_for(&namespace, "member/ada", "condition=Ready").unwrap();
    plane()
        .kubectl()
        .wait_for(&namespace, "omem/ada", "jsonpath={.status.memberships[0].phase}=Invited")
        .unwrap();
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn several_writers_share_an_object() {
    let namespace = plane().namespace().unwrap();
    let write = |manager: &str, object: &str| {
        let manager = format!("--field-manager={manager}");
        let arguments = ["apply", "--namespace", &namespace, "--server-side", &manager, "-f", "-"];
        plane().kubectl().feed(&arguments, object).unwrap()
    };
    let with =
        |more: &str| object("Account", "acme", &format!("{{ providerRef: {{ name: pureport }}, {more} }}"));
    write("org", &with("displayName: Acme, allowedNamespaces: [{ name: team-a, roles: [viewer] }]"))
        .ok()
        .unwrap();
    write("security", &with("allowedNamespaces: [{ name: team-b }]")).ok().unwrap();
    let conflict = write("somebody", &with("displayName: Other"));
    assert!(!conflict.success && conflict.err.contains("conflict with \"org\""), "{}", conflict.err);
    let names = "jsonpath={.spec.displayName} {.spec.allowedNamespaces[*].name}";
    let said =
        plane().kubectl().run(&["get", "--namespace", &namespace, "account/acme", "-o", names]).unwrap();
    assert_eq!(said.ok().unwrap(), "Acme team-a team-b");
    // What one of them leaves out goes, the other's stays.
    write("org", &with("displayName: Acme")).ok().unwrap();
    let said =
        plane().kubectl().run(&["get", "--namespace", &namespace, "account/acme", "-o", names]).unwrap();
    assert_eq!(said.ok().unwrap(), "Acme team-b");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn kubectl_diff_shows_an_edit() {
    let namespace = plane().namespace().unwrap();
    let role = |name: &str| {
        object("Role", "auditor", &format!("{{ accountRef: {{ name: acme }}, displayName: {name} }}"))
    };
    apply(&namespace, &role("Auditor")).ok().unwrap();
    let diff = ["diff", "--namespace", &namespace, "-f", "-"];
    let same = plane().kubectl().feed(&diff, &role("Auditor")).unwrap();
    assert!(same.success && same.out.is_empty(), "{same:?}");
    let edited = plane().kubectl().feed(&diff, &role("Reviewer")).unwrap();
    assert!(edited.out.contains("-  displayName: Auditor\n+  displayName: Reviewer"), "{edited:?}");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_misspelt_field_is_refused() {
    let namespace = plane().namespace().unwrap();
    let said =
        try_out(&namespace, &object("Member", "ada", "{ email: ada@acme.example, onboardin: Invite }"));
    assert!(!said.success && said.err.contains("unknown field \"spec.onboardin\""), "{}", said.err);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_person_may_be_in_every_account_of_a_large_organization() {
    let namespace = plane().namespace().unwrap();
    let memberships =
        (0..774).map(|at| format!("{{ accountRef: {{ name: account-{at} }}, roles: [admin] }}"));
    let memberships: Vec<_> = memberships.collect();
    let member = object(
        "Member",
        "ada",
        &format!("{{ email: ada@acme.example, memberships: [{}] }}", memberships.join(", ")),
    );
    try_out(&namespace, &member).ok().unwrap();
}
