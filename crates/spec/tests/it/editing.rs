//! Editing in place: one thing changes, everything else stays as a person wrote it.

use std::fs;
use std::sync::Arc;

use orgform_spec::edit::{Edit, Scalar, edit};
use orgform_spec::{File, Limits, Span, read, write};
use proptest::prelude::*;
use tempfile::TempDir;

const KEN: &str = "\
# Ken left in May.
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: ken }
spec:
  email: Ken@acme.example   # his own spelling

  # was on the night shift
  memberships:
    - { accountRef: { name: acme }, roles: [admin] }
";

fn file(text: &str) -> File {
    File::new("people/ken.yaml", Arc::from(text), true)
}

/// Where the first of these words is written.
fn span_of(text: &str, word: &str) -> Span {
    let at = text.find(word).unwrap();
    let narrow = |at: usize| u32::try_from(at).unwrap();
    Span { start: narrow(at), end: narrow(at + word.len()) }
}

fn replaced(text: &str, word: &str, value: &str) -> Result<String, String> {
    let edits = [Edit::Replace { at: span_of(text, word), value: Scalar::Text(value.to_owned()) }];
    edit(&file(text), &edits).map_err(|finding| finding.message)
}

fn offboarded(text: &str, after: &str) -> Result<String, String> {
    let edits = [Edit::Insert {
        after: span_of(text, after),
        key: "offboarded".to_owned(),
        value: Scalar::Flag(true),
    }];
    edit(&file(text), &edits).map_err(|finding| finding.message)
}

#[test]
fn a_scalar_is_replaced_and_nothing_else() {
    let after = replaced(KEN, "Ken@acme.example", "ken@new.example").unwrap();
    assert_eq!(after, KEN.replace("Ken@acme.example", "ken@new.example"));
}

#[test]
fn quotes_stay_as_they_were() {
    let after = replaced("email: 'a@b.example'", "'a@b.example'", "o'neil@b.example").unwrap();
    assert_eq!(after, "email: 'o''neil@b.example'");
    let after = replaced("email: \"a@b.example\" # x", "\"a@b.example\"", "c@b.example").unwrap();
    assert_eq!(after, "email: \"c@b.example\" # x");
}

#[test]
fn what_would_read_as_something_else_gets_quotes() {
    for value in ["yes", "1.5", "null", "a: b", "- a", "a #b", "", "*x", "ümläut: \u{7}"] {
        let after = replaced("name: ada\nother: 1\n", "ada", value).unwrap();
        assert!(after.starts_with("name: \""), "{after}");
    }
    assert_eq!(replaced("name: ada", "ada", "o'neil+x@b.example").unwrap(), "name: o'neil+x@b.example");
}

#[test]
fn a_key_is_added_below_another_with_its_comment_and_indent() {
    let after = offboarded(KEN, "Ken@acme.example").unwrap();
    let line = "  email: Ken@acme.example   # his own spelling\n";
    assert_eq!(after, KEN.replace(line, &format!("{line}  offboarded: true\n")));
}

#[test]
fn a_key_is_added_whatever_the_layout() {
    let cases = [
        ("spec: { email: a@b.example }\n", "a@b.example", "spec: { email: a@b.example, offboarded: true }\n"),
        (
            "spec: {email: a@b.example, x: 1}",
            "a@b.example",
            "spec: {email: a@b.example, offboarded: true, x: 1}",
        ),
        ("spec:\n  email: a@b.example", "a@b.example", "spec:\n  email: a@b.example\n  offboarded: true"),
        (
            "spec:\r\n  email: a@b.example # x\r\n",
            "a@b.example",
            "spec:\r\n  email: a@b.example # x\r\n  offboarded: true\r\n",
        ),
        (
            "- email: a@b.example\n  x: 1\n",
            "a@b.example",
            "- email: a@b.example\n  offboarded: true\n  x: 1\n",
        ),
        ("email:\n  a@b.example\nx: 1\n", "a@b.example", "email:\n  a@b.example\noffboarded: true\nx: 1\n"),
        ("list:\n  - a\n  - b\nx: 1\n", "list", "list:\n  - a\n  - b\noffboarded: true\nx: 1\n"),
        ("note: |\n  a\n  b\n\nx: 1\n", "note", "note: |\n  a\n  b\noffboarded: true\n\nx: 1\n"),
        (
            "---\nemail: a@b.example\n---\nemail: c@b.example\n...\n",
            "c@b.example",
            "---\nemail: a@b.example\n---\nemail: c@b.example\noffboarded: true\n...\n",
        ),
    ];
    for (before, after, expected) in cases {
        assert_eq!(offboarded(before, after).as_deref(), Ok(expected));
    }
}

#[test]
fn several_edits_of_one_file_are_made_at_once() {
    let text = "one: a@b.example\ntwo: c@b.example\n";
    let replace =
        |word, value: &str| Edit::Replace { at: span_of(text, word), value: Scalar::Text(value.to_owned()) };
    let edits = [
        replace("c@b.example", "a@b.example"),
        replace("a@b.example", "a.much.longer.name@b.example"),
        Edit::Insert { after: span_of(text, "one"), key: "more".to_owned(), value: Scalar::Flag(false) },
    ];
    let after = edit(&file(text), &edits).unwrap();
    assert_eq!(after, "one: a.much.longer.name@b.example\nmore: false\ntwo: a@b.example\n");
}

#[test]
fn what_is_used_in_several_places_is_not_edited() {
    let shared = "one: &mail a@b.example\ntwo: *mail\n";
    let said = "this is written once and used in several places, by an alias";
    assert_eq!(replaced(shared, "a@b.example", "c@b.example"), Err(said.to_owned()));
    let merged = "base: &base { email: a@b.example }\nken: { <<: *base }\n";
    assert_eq!(offboarded(merged, "a@b.example"), Err(said.to_owned()));
}

#[test]
fn what_is_not_there_or_there_already_is_told() {
    assert_eq!(replaced(KEN, "night shift", "x"), Err("there is nothing to edit here".to_owned()));
    assert_eq!(replaced(KEN, "metadata", "x"), Err("there is nothing to edit here".to_owned()));
    let again = "email: a@b.example\noffboarded: false\n";
    assert_eq!(offboarded(again, "email"), Err("`offboarded` is written here already".to_owned()));
}

#[test]
fn a_file_with_a_fault_elsewhere_is_edited_all_the_same() {
    let text = "email: a@b.example\nx: 1\nx: 2\n---\nbad: [\n";
    assert_eq!(replaced(text, "a@b.example", "c@b.example").unwrap(), text.replace("a@b", "c@b"));
}

proptest! {
    #[test]
    fn any_text_is_read_back_as_it_was_meant(value in "\\PC*", other in "[a-z]{1,8}") {
        let text = format!("above: 1\nname: {other}-x # note\nbelow: [2]\n");
        let word = format!("{other}-x");
        let after = replaced(&text, &word, &value).unwrap();
        prop_assert!(after.starts_with("above: 1\nname: ") && after.ends_with(" # note\nbelow: [2]\n"));
    }
}

#[test]
fn a_file_is_written_back_with_its_mark_and_only_if_nobody_else_did() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("ken.yaml");
    fs::write(&path, format!("\u{feff}{KEN}")).unwrap();
    let documents = read(root.path(), &[], &Limits::default());
    let file = &documents.files[0];
    let text = edit(
        file,
        &[Edit::Replace { at: span_of(KEN, "Ken@acme.example"), value: Scalar::Text("k@b.example".into()) }],
    )
    .unwrap();
    write(root.path(), file, &text).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("\u{feff}{text}"));
    let said = write(root.path(), file, KEN).unwrap_err().to_string();
    assert_eq!(said, "the file has changed since it was read");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let root = TempDir::new().unwrap();
    fs::write(root.path().join(".kept"), KEN).unwrap();
    fs::set_permissions(root.path().join(".kept"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink(".kept", root.path().join("ken.yaml")).unwrap();
    let documents = read(root.path(), &[], &Limits::default());
    write(root.path(), &documents.files[0], "x: 1\n").unwrap();
    assert_eq!(fs::read_to_string(root.path().join(".kept")).unwrap(), "x: 1\n");
    let mode = fs::metadata(root.path().join(".kept")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(fs::symlink_metadata(root.path().join("ken.yaml")).unwrap().is_symlink());
}
