//! API keys: what one may say, and what two may not say together.

use orgform_model::{ApiKeyLabel, Grant, ObjectKind, ObjectRef, RoleKey, SecretPlace};

use crate::worlds::{FLAT, PROVIDER, account, acme_with, objects, outcome, texts};

fn key(name: &str, spec: &str) -> String {
    format!("kind: ApiKey\nmetadata: {{ name: {name} }}\nspec:\n{spec}")
}

fn plain(name: &str, path: &str) -> String {
    key(
        name,
        &format!(
            "  accountRef: {{ name: lab }}\n  roles: [experimenter, Admin]\n  writeSecretTo: {{ file: {{ path: {path} }} }}"
        ),
    )
}

#[test]
fn a_key_has_roles_and_a_place_for_its_secret() {
    let outcome = acme_with(&[&plain("ci", "./keys/ci")]);
    assert_eq!(outcome.messages(), [""; 0]);
    let label = ApiKeyLabel::new("acme/lab".into(), "ci");
    let key = &outcome.desired().api_keys[&label];
    let roles = [Grant::Fixed("admin".into()), Grant::Role(RoleKey::new("acme/lab".into(), "experimenter"))];
    assert_eq!(key.roles, Some(roles.into()));
    assert_eq!(key.secret_to, Some(SecretPlace::File { path: "keys/ci".to_owned() }));
    assert_eq!(key.fields["displayName"].as_text(), Some("ci"));
}

#[test]
fn a_key_that_exists_needs_no_place_and_is_not_renamed_by_its_metadata() {
    let outcome = acme_with(&[&key("ci", "  accountRef: { name: lab }\n  externalId: k-1")]);
    assert_eq!(outcome.messages(), [""; 0]);
    let key = outcome.desired().api_keys.values().next().unwrap();
    assert!(key.fields.is_empty() && key.roles.is_none() && key.secret_to.is_none());
}

#[test]
fn what_is_wrong_with_a_key_is_told_at_once_and_the_key_is_frozen() {
    let wrong = [
        key("a", "  accountRef: { name: lab }\n  roles: []"),
        key("b", "  accountRef: { name: lab }\n  writeSecretTo: hunter2"),
        key(
            "c",
            "  accountRef: { name: lab }\n  writeSecretTo: { file: { path: x }, secretKeyRef: { name: s, key: k } }",
        ),
        key("d", "  accountRef: { name: nowhere }\n  writeSecretTo: { file: {} }"),
        key(
            "e",
            "  accountRef: { name: lab }\n  roles: [network-operatr]\n  removal: Disable\n  writeSecretTo: { file: { path: y } }",
        ),
    ];
    let texts: Vec<&str> = wrong.iter().map(String::as_str).collect();
    let outcome = acme_with(&texts);
    let rendered = outcome.rendered();
    assert!(!rendered.contains("hunter2"), "{rendered}");
    assert!(outcome.desired().api_keys.is_empty());
    for name in ["a", "b", "c", "d", "e"] {
        let object = ObjectRef::of_file(ObjectKind::ApiKey, name);
        assert!(outcome.desired().frozen.objects.contains(&object), "{name}");
    }
    insta::assert_snapshot!(rendered);
}

#[test]
fn two_keys_of_one_name_or_with_one_place_are_an_error_naming_both() {
    let same_name = plain("two", "keys/two").replace("spec:\n", "spec:\n  displayName: one\n");
    let outcome = acme_with(&[
        &plain("one", "keys/one"),
        &same_name,
        &plain("three", "keys/three"),
        &plain("four", "keys/three.id"),
        &plain("five", "keys/five"),
    ]);
    assert_eq!(
        outcome.messages(),
        ["two API keys of one account are `one`", "the secrets of two API keys go to `keys/three.id`"]
    );
    let left: Vec<&str> = outcome.desired().api_keys.keys().map(|label| &*label.name).collect();
    assert_eq!(left, ["five"]);
}

#[test]
fn a_provider_without_keys_says_so() {
    let text = objects(&[
        PROVIDER,
        &account("acme", None),
        &key("ci", "  accountRef: { name: acme }\n  writeSecretTo: { file: { path: keys/ci } }"),
    ]);
    let outcome = outcome(texts(&[("a.yaml", &text)]), &FLAT);
    assert_eq!(outcome.messages(), ["Flatland has no API keys that can be declared"]);
}
