//! `orgform.yaml`: the root's id, where state is, redaction.

use orgform_model::RootId;
use orgform_spec::root::{DEFAULT_STATE_PATH, Redact, Root, StateLocation, find, parse, write};

fn root(state: StateLocation) -> Root {
    Root { id: RootId::from("acme-1"), state, redact: Redact { emails: true } }
}

#[test]
fn what_is_written_is_read_back() {
    for state in [
        StateLocation::default(),
        StateLocation::File { path: "/var/lib/or\"g: form/#state".into() },
        StateLocation::Git { branch: "orgform/state".into(), remote: None },
        StateLocation::Git { branch: "state".into(), remote: Some("origin".into()) },
        StateLocation::ObjectStore { url: "s3://bucket/acme/state.json".into() },
    ] {
        let root = root(state);
        let parsed = parse(write(&root).into_bytes());
        assert!(parsed.findings.is_empty(), "{:?}", parsed.findings);
        assert_eq!(parsed.value, Some(root));
    }
}

#[test]
fn an_id_is_enough() {
    let parsed = parse(b"root: acme\n".to_vec());
    let root = parsed.value.unwrap();
    assert_eq!(root.state, StateLocation::File { path: DEFAULT_STATE_PATH.into() });
    assert_eq!(root.redact, Redact { emails: false });
}

#[test]
fn what_is_wrong_in_it_is_told_and_nothing_is_guessed() {
    let told = |text: &str| {
        let parsed = parse(text.as_bytes().to_vec());
        assert_eq!(parsed.value, None, "{text}");
        parsed
            .findings
            .into_iter()
            .map(|one| format!("{} {}", one.places[0], one.message))
            .collect::<Vec<_>>()
    };
    insta::assert_debug_snapshot!([
        told(""),
        told("root: [a\n"),
        told("state: { file: { path: x } }\n"),
        told("root: a b\nstate: { file: { path: x }, git: { branch: y } }\n"),
        told("root: a\nroot: b\n"),
        told("root: a\nredcat: { emails: yes }\nredact: { emails: yes }\n"),
        told("root: a\nstate: { objectStore: { url: bucket }, }\n"),
        told("root: a\n---\nroot: b\n"),
    ]);
}

#[test]
fn the_root_is_the_nearest_folder_above() {
    let folder = tempfile::TempDir::new().unwrap();
    let deep = folder.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(folder.path().join("orgform.yaml"), "root: x").unwrap();
    assert_eq!(find(&deep), Some(folder.path().canonicalize().unwrap()));
    std::fs::write(folder.path().join("a/orgform.yaml"), "root: y").unwrap();
    assert_eq!(find(&deep), Some(folder.path().canonicalize().unwrap().join("a")));
}

#[test]
fn a_missing_id_and_a_flag_in_other_words_come_with_hints() {
    let hint = |text: &str| parse(text.as_bytes().to_vec()).findings[0].hint.clone().unwrap();
    assert_eq!(
        hint("redact: { emails: true }\n"),
        "add a line like `root: acme-1`, once; state records it, so don't change it later."
    );
    assert_eq!(hint("root:\n"), "it is needed.");
    assert_eq!(hint("root: a\nredact: { emails: yes }\n"), "write true or false.");
}
