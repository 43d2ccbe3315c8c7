//! Validating: what is wrong with one object by itself.

use orgform_model::{Finding, Severity};
use orgform_spec::{ObjectText, read_objects, read_texts, resolve, validate, validate_objects};

use crate::worlds::{TREE, account, acme_with, objects, outcome, texts};

fn findings(text: &str) -> Vec<String> {
    let documents = texts(&[("a.yaml", text)]);
    let mut all = documents.findings.clone();
    all.extend(validate(&documents).findings);
    all.iter()
        .map(|finding| {
            let place = &finding.places[0];
            let what = if finding.severity == Severity::Warning { "warning: " } else { "" };
            let mut text = format!("{}:{} {what}{}", place.line, place.column, finding.message);
            for more in finding.label.iter().chain(&finding.hint) {
                text += &format!(" | {more}");
            }
            text
        })
        .collect()
}

fn of_member(spec: &str) -> Vec<String> {
    findings(&objects(&[&format!("kind: Member\nmetadata: {{ name: ada }}\nspec:\n{spec}")]))
}

fn of_provider(spec: &str) -> Vec<String> {
    findings(&objects(&[&format!("kind: Provider\nmetadata: {{ name: p }}\nspec:\n{spec}")]))
}

#[test]
fn what_is_not_an_object_is_told() {
    insta::assert_debug_snapshot!([
        findings("just text\n"),
        findings("- a\n- list\n"),
        findings("a: 1\n"),
        findings(
            "apiVersion: orgform.dev/v1\nkind: Member\nmetadata: { name: a }\nspec: { email: a@b.example, memberships: [] }\n"
        ),
        findings("apiVersion: orgform.dev/v1alpha1\nkind: Memeber\nmetadata: { name: a }\nspec: {}\n"),
        findings("apiVersion: orgform.dev/v1alpha1\nkind: ApiKey\nmetadata: { name: a }\nspec: {}\n"),
        findings("apiVersion: orgform.dev/v1alpha1\nkind: Role\nspec: { accountRef: { name: a } }\n"),
        findings("apiVersion: orgform.dev/v1alpha1\nkind: Role\nmetadata: { nam: a }\n"),
        findings("kind: Account\nmetadata: { name: Big Acme }\nspec: { providerRef: { name: p } }\n"),
    ]);
}

#[test]
fn all_findings_of_a_member_are_told_at_once() {
    insta::assert_debug_snapshot!(of_member(
        "  emial: x\n  email: ada at acme\n  removal: Delete\n  offboarded: yes\n  memberships:\n    - { accountRef: finance, \
         roles: [] }\n    - { accountRef: { name: Lab }, roles: admin, expiresAt: tomorrow }\n    - {}\n    - \
         roles:\n  phone: \"1\"\n  identities: { a: b }\n"
    ));
}

#[test]
fn a_password_comes_with_onboarding_create_only() {
    let fields = "  firstName: Ada\n  password: { env: ADA }\n";
    let base = "  email: ada@acme.example\n  memberships: []\n";
    assert_eq!(of_member(&format!("{base}{fields}")).len(), 1);
    assert_eq!(of_member(&format!("{base}{fields}  onboarding: Create\n")), Vec::<String>::new());
}

#[test]
fn a_member_that_declares_nothing_is_warned_of_and_one_that_is_offboarded_is_not() {
    insta::assert_debug_snapshot!([
        of_member("  email: ada@acme.example\n"),
        of_member(
            "  email: ada@acme.example\n  offboarded: true\n  memberships: [{ accountRef: { name: a }, roles: [r, r] }]\n"
        ),
    ]);
}

#[test]
fn texts_that_a_cluster_reads_otherwise_are_warned_of() {
    let role = "kind: Role\nmetadata: { name: r }\nspec: { accountRef: { name: a }, displayName: 1.20, description: no }";
    assert_eq!(
        findings(&objects(&[role])),
        [
            "5:47 warning: `1.20` is taken for a text here, but for something else by other YAML readers | put it in quotes: \"1.20\".",
            "5:66 warning: `no` is taken for a text here, but for something else by other YAML readers | put it in quotes: \"no\".",
        ]
    );
}

#[test]
fn all_findings_of_a_provider_are_told_at_once() {
    insta::assert_debug_snapshot!([
        of_provider("  {}\n"),
        of_provider("  packetfabric: {}\n"),
        of_provider("  pureport: {}\n"),
        of_provider("  pureport: { simulator: {}, endpoint: https://api.pureport.com }\n"),
        of_provider("  pureport: { endpoint: api.pureport.com, credentials: { key: { env: A } } }\n"),
        of_provider(
            "  pureport: { simulator: { rootAccount: \"\" } }\n  mode: apply\n  maxAge: 10 minutes\n  safety:\n    allow: \
             [Everything]\n    perAccount: { percent: 120, floor: -1 }\n    total: 5\n    admins: { minimum: \"2\", required: \
             [ops] }\n  removal: { accounts: Disable, members: Disable }\n  invites: { resendAfter: 7, perDay: many, \
             resendPending: 1 }\n"
        ),
    ]);
}

#[test]
fn a_secret_in_a_manifest_is_refused_and_never_shown() {
    let text = objects(&[
        "kind: Provider\nmetadata: { name: p }\nspec:\n  pureport:\n    credentials:\n      key: hunter2\n      secret: { value: \
         hunter2, env: A, file: B }\n  mode: hunter3",
    ]);
    let outcome = outcome(texts(&[("a.yaml", &text)]), &TREE);
    let rendered = outcome.rendered();
    assert!(!rendered.contains("hunter2"), "{rendered}");
    assert!(rendered.contains("hunter3"), "{rendered}");
    insta::assert_snapshot!(rendered);
}

#[test]
fn a_secret_key_ref_is_for_clusters() {
    let source = "{ secretKeyRef: { name: s, key: k } }";
    let found =
        of_provider(&format!("  pureport: {{ credentials: {{ key: {source}, secret: {source} }} }}\n"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("`secretKeyRef` can be used in a cluster only"), "{found:?}");
}

#[test]
fn other_namespaces_are_for_clusters_and_opening_to_them_does_no_harm_in_files() {
    let member = "  email: a@b.example\n  memberships:\n    - { accountRef: { name: acme, namespace: org }, roles: [x] }\n";
    let found = of_member(member);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("`namespace` can be used in a cluster only | objects of files have none"),
        "{found:?}"
    );
    let provider = "  pureport: { simulator: {} }\n  allowedNamespaces: [{ name: team-a, roles: [viewer] }, { name: team-b }]\n";
    assert_eq!(of_provider(provider), Vec::<String>::new());
    let nameless = of_provider("  pureport: { simulator: {} }\n  allowedNamespaces: [{ roles: [viewer] }]\n");
    assert!(nameless.len() == 1 && nameless[0].contains("needs `name`"), "{nameless:?}");
}

#[test]
fn permissions_become_cells_as_written() {
    let role = "kind: Role\nmetadata: { name: r }\nspec:\n  accountRef: { name: acme }\n  permissions:\n    - { resources: \
                [networks, ports], actions: [read, all] }\n    - { resources: [all], actions: [read] }";
    let outcome = acme_with(&[role]);
    assert_eq!(outcome.messages(), Vec::<&str>::new());
    let desired = outcome.desired();
    let role = desired.roles.values().find(|role| &*role.object.name == "r").unwrap();
    assert_eq!(
        role.fields["permissions"].to_string(),
        "all:read, networks:all, networks:read, ports:all, ports:read"
    );
    assert_eq!(role.fields["displayName"].to_string(), "r");
}

#[test]
fn permissions_that_are_empty_or_not_words_are_told() {
    let role = "kind: Role\nmetadata: { name: r }\nspec:\n  accountRef: { name: acme }\n  permissions:\n    - { resources: [], \
                actions: [\"a:b\"] }\n    - { resources: [networks] }\n    - networks:read";
    insta::assert_debug_snapshot!(findings(&objects(&[role])));
}

#[test]
fn one_text_read_from_texts_is_not_everything_unless_said() {
    let documents = read_texts(vec![("a.yaml".into(), Vec::new())], false);
    assert!(!documents.whole_root);
}

#[test]
fn a_member_with_a_typo_near_memberships_is_not_said_to_have_none() {
    assert_eq!(
        of_member("  email: ada@acme.example\n  membership: []\n"),
        ["7:3 `spec` has no field `membership` | did you mean `memberships`?"]
    );
}

#[test]
fn letters_of_other_alphabets_in_an_email_are_warned_of_with_their_place() {
    let member = |email: &str| of_member(&format!("  email: {email}\n  memberships: []\n"));
    let hint = "letters of other alphabets can look the same; type it again unless it is meant.";
    assert_eq!(
        member("ad\u{430}@acme.example"),
        [format!(
            "6:10 warning: character 3 of `ad\u{430}@acme.example` is `\u{430}` (U+0430), not an ASCII letter | {hint}"
        )]
    );
    assert_eq!(
        member("\u{430}da@\u{430}cme.example"),
        [format!(
            "6:10 warning: character 1 of `\u{430}da@\u{430}cme.example` is `\u{430}` (U+0430), not an ASCII letter | and 1 more \
             after it | {hint}"
        )]
    );
    assert_eq!(member("ada@acme.example"), Vec::<String>::new());
}

#[test]
fn a_flag_that_is_not_true_or_false_comes_with_a_hint() {
    let member = |flag: &str| of_member(&format!("  email: ada@acme.example\n  offboarded: {flag}\n"));
    assert_eq!(
        member("yes"),
        ["7:15 `spec.offboarded` must be `true` or `false`, not a text | write true or false."]
    );
    assert_eq!(
        member("\"true\""),
        ["7:15 `spec.offboarded` must be `true` or `false`, not a text | write true without quotes."]
    );
}

#[test]
fn objects_of_a_cluster_mean_the_same_however_many_are_read_at_a_time() {
    let member = |number: usize| {
        // Some are wrong, at both ends too, and what they name is frozen.
        let role = if number % 500 == 1 { "nobody" } else { "[admin]" };
        object(
            &format!("m{number}"),
            &format!(
                "kind: Member\nmetadata: {{ name: m{number} }}\nspec:\n  email: m{number}@acme.example\n  memberships:\n    - {{ \
                 accountRef: {{ name: acme }}, roles: {role} }}\n"
            ),
        )
    };
    let key = |key: &str| format!("{key}: {{ secretKeyRef: {{ name: s, key: {key} }} }}");
    let credentials = format!("{}, {}", key("key"), key("secret"));
    let provider = format!(
        "kind: Provider\nmetadata: {{ name: pureport }}\nspec: {{ pureport: {{ credentials: {{ {credentials} }} }} }}"
    );
    let head = [object("pureport", &provider), object("acme", &account("acme", None))];
    let all: Vec<ObjectText> = head.into_iter().chain((0..2500).map(member)).collect();

    let at_once = outcome(read_objects(&all), &TREE);
    let some_at_a_time = validate_objects(&all);

    let resolved = resolve(&some_at_a_time.value, &[&TREE]);
    assert_eq!(resolved.value[0].desired, *at_once.desired());
    let findings = [some_at_a_time.findings, resolved.findings].concat();
    let sorted = |mut all: Vec<Finding>| {
        all.sort_by(|one, other| one.places.cmp(&other.places));
        all
    };
    assert_eq!(at_once.findings.len(), 5);
    assert_eq!(sorted(findings), sorted(at_once.findings));
}

fn object(name: &str, text: &str) -> ObjectText {
    let text = format!("apiVersion: orgform.dev/v1alpha1\n{text}");
    ObjectText { label: name.to_owned(), namespace: "org".into(), text: text.into() }
}
