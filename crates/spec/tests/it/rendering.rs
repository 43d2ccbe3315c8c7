//! Rendering: what a person sees.

use orgform_spec::{Limits, read, read_texts, render};

use crate::worlds::{TREE, acme, acme_with, member, objects, outcome, texts};

#[test]
fn findings_look_like_this() {
    let people = member("ada", "ada@acme.example", &["finance: netwrok-operator", "lab: experimenter"]);
    let teams = member("ada-again", "ADA@acme.example", &["lab: admin"]);
    let outcome = outcome(
        texts(&[
            ("roles/network.yaml", &acme()),
            ("people/ada.yaml", &objects(&[&people])),
            ("teams/lab.yaml", &objects(&[&teams])),
        ]),
        &TREE,
    );
    insta::assert_snapshot!(outcome.rendered());
}

#[test]
fn a_label_a_warning_and_wide_characters_are_underlined_rightly() {
    let text = objects(&[
        "kind: Role\nmetadata: { name: Über }\nspec: { accountRef: { name: acme } }",
        "kind: Role\nmetadata: { name: x }\nspec: { accountRef: { name: acme }, description: \"日本🔑\", displayName: off }",
    ]);
    insta::assert_snapshot!(outcome(texts(&[("a.yaml", &text), ("b.yaml", &acme())]), &TREE).rendered());
}

#[test]
fn a_file_that_could_not_be_read_has_no_line() {
    let documents = read_texts(
        vec![("a.yaml".into(), b"a: \xff".to_vec()), ("b.yaml".into(), b"a:\tb: c\n".to_vec())],
        true,
    );
    insta::assert_snapshot!(render(&documents.findings, &documents, false));
}

#[test]
fn nothing_wrong_is_one_line() {
    assert_eq!(acme_with(&[]).rendered(), "2 files, nothing wrong.\n");
}

#[test]
fn what_users_write_can_not_steer_the_terminal() {
    let text = "apiVersion: \"\\e[31mred\"\nkind: \"a\\u202eb\"\n\"\\e]0;title\\a\": 1\n";
    let raw = "kind: \u{9b}31m\n---\nkind: \u{202e}x\n---\n\u{1b}[31m: 1\n";
    let outcome = outcome(texts(&[("a.yaml", text), ("b\u{1b}c.yaml", raw)]), &TREE);
    let rendered = outcome.rendered();
    assert!(outcome.errors() >= 3, "{rendered}");
    assert!(!rendered.contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{202e}']), "{rendered:?}");
}

#[test]
fn a_file_over_the_limit_is_counted_among_the_files() {
    let folder = tempfile::TempDir::new().unwrap();
    for (name, text) in [("big.yaml", "# x\n".repeat(100)), ("small.yaml", acme())] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let documents = read(folder.path(), &[], &Limits { file_bytes: 399, ..Limits::default() });
    let small = u64::try_from(acme().len()).unwrap();
    assert!(small > 399, "both are over the limit");
    assert!(render(&documents.findings, &documents, false).ends_with("2 errors in 2 of 2 files.\n"));
    std::fs::write(folder.path().join("small.yaml"), "# nothing\n").unwrap();
    let documents = read(folder.path(), &[], &Limits { file_bytes: 399, ..Limits::default() });
    assert!(render(&documents.findings, &documents, false).ends_with("1 error in 1 of 2 files.\n"));
}
