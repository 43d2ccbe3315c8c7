//! Reading: files, folders, bytes.

use std::fs;
use std::path::{Path, PathBuf};

use orgform_model::desired::Subject;
use orgform_model::{ObjectKind, ObjectRef, Severity};
use orgform_spec::{Documents, Limits, read, read_texts, resolve, validate};
use tempfile::TempDir;

use crate::worlds::{TREE, acme, member, objects, outcome, texts};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn files(documents: &Documents) -> Vec<&str> {
    documents.files.iter().map(|file| &*file.path).collect()
}

fn messages(documents: &Documents) -> Vec<String> {
    documents.findings.iter().map(|finding| format!("{}: {}", finding.places[0], finding.message)).collect()
}

fn all(root: &Path) -> Documents {
    read(root, &[], &Limits::default())
}

#[test]
fn folders_are_read_in_order_and_hidden_files_are_not() {
    let root = folder(&[
        ("orgform.yaml", "root: r"),
        ("b.yml", "b: 1"),
        ("a/z.yaml", "z: 1"),
        ("a/b/c.yaml", "c: 1"),
        (".hidden/x.yaml", "x: 1"),
        ("a/.y.yaml", "y: 1"),
        ("notes.txt", "not yaml: ["),
    ]);
    let documents = all(root.path());
    assert_eq!(files(&documents), ["a/b/c.yaml", "a/z.yaml", "b.yml"]);
    assert_eq!(messages(&documents), Vec::<String>::new());
    assert!(documents.whole_root);
}

#[test]
fn the_paths_of_a_commit_can_be_chosen_as_those_of_a_folder_are() {
    let taken = |path: &&str| orgform_spec::is_manifest(path);
    let paths =
        ["orgform.yaml", "a/orgform.yaml", "b.yml", "a/.y.yaml", ".git/x.yaml", "notes.txt", "a/b.yaml"];
    assert_eq!(paths.into_iter().filter(taken).collect::<Vec<_>>(), ["a/orgform.yaml", "b.yml", "a/b.yaml"]);
}

#[cfg(unix)]
#[test]
fn links_make_no_loop_read_nothing_twice_and_do_not_leave_the_root() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret.yaml", "a: 1")]);
    let root = folder(&[("people/ada.yaml", "a: 1"), (".data/eve.yaml", "e: 1")]);
    let at = |name: &str| root.path().join(name);
    symlink(root.path(), at("people/loop")).unwrap();
    symlink(at("people/ada.yaml"), at("again.yaml")).unwrap();
    symlink(at(".data"), at("more")).unwrap();
    symlink(outside.path(), at("out")).unwrap();
    symlink(at("nothing"), at("dangling.yaml")).unwrap();
    let documents = all(root.path());
    assert_eq!(files(&documents), ["more/eve.yaml", "people/ada.yaml"]);
    let mut unreadable = documents.unreadable.clone();
    unreadable.sort();
    assert_eq!(unreadable, ["dangling.yaml", "out"]);
}

#[test]
fn a_root_inside_of_the_root_is_a_gap_and_not_silently_nothing() {
    let root = folder(&[("a.yaml", "a: 1"), ("sub/orgform.yaml", "root: s"), ("sub/b.yaml", "b: 1")]);
    let documents = all(root.path());
    assert_eq!(files(&documents), ["a.yaml"]);
    assert_eq!(documents.unreadable, ["sub"]);
}

#[test]
fn a_file_over_the_limit_is_refused_and_is_a_gap() {
    let root = folder(&[("big.yaml", &"# x\n".repeat(100)), ("small.yaml", "a: 1")]);
    let documents = read(root.path(), &[], &Limits { file_bytes: 399, ..Limits::default() });
    assert_eq!(
        messages(&documents),
        ["big.yaml: this file has 400 bytes and was not read; the limit is 399"]
    );
    assert_eq!(
        (files(&documents), &documents.unreadable[..]),
        (vec!["small.yaml"], &["big.yaml".to_owned()][..])
    );
}

#[test]
fn a_narrow_path_narrows_the_subject_and_references_still_reach_the_rest() {
    let root = folder(&[
        ("acme.yaml", &acme()),
        ("people/ada.yaml", &objects(&[&member("ada", "ada@acme.example", &["finance: network-operator"])])),
        ("people/ken.yaml", &objects(&[&member("ken", "ken@acme.example", &["lab: experimenter"])])),
    ]);
    let path = root.path().join("people/ada.yaml");
    let ada = outcome(read(root.path(), &[path], &Limits::default()), &TREE);
    assert_eq!(ada.messages(), Vec::<&str>::new());
    let object = ObjectRef::of_file(ObjectKind::Member, "ada");
    assert_eq!(
        ada.desired().subject,
        Subject::Some {
            objects: [object].into(),
            because: "only people/ada.yaml was read".into(),
            gap: false
        }
    );
    let people = outcome(read(root.path(), &[root.path().join("people")], &Limits::default()), &TREE);
    assert!(people.desired().subject.speaks_for(&ObjectRef::of_file(ObjectKind::Member, "ken")));
    assert!(!people.desired().subject.speaks_for(&ObjectRef::of_file(ObjectKind::Account, "acme")));
    let whole = outcome(read(root.path(), &[root.path().to_owned()], &Limits::default()), &TREE);
    assert_eq!(whole.desired().subject, Subject::Everything);
}

#[test]
fn a_path_outside_of_the_root_is_an_error_and_never_means_everything() {
    let root = folder(&[("acme.yaml", &acme())]);
    let other = folder(&[("a.yaml", "a: 1")]);
    for path in [other.path().to_owned(), PathBuf::from("/does/not/exist.yaml")] {
        let documents = read(root.path(), &[path], &Limits::default());
        assert_eq!((documents.findings.len(), documents.whole_root), (1, false));
        let manifest = validate(&documents);
        let resolved = resolve(&manifest.value, &[&TREE]);
        let Subject::Some { objects, gap: true, .. } = &resolved.value[0].desired.subject else {
            panic!("{:?}", resolved.value[0].desired.subject)
        };
        assert!(objects.is_empty());
    }
}

#[test]
fn a_path_with_no_manifests_is_told() {
    let root = folder(&[("acme.yaml", &acme()), ("readme.txt", "")]);
    let documents = read(root.path(), &[root.path().join("readme.txt")], &Limits::default());
    assert_eq!(messages(&documents), ["readme.txt: there are no manifests here"]);
}

#[test]
fn empty_files_and_documents_say_nothing() {
    let documents =
        texts(&[("a.yaml", ""), ("b.yaml", "# only a comment\n"), ("c.yaml", "---\n---\n# x\n---\n~\n")]);
    assert_eq!((documents.documents.len(), messages(&documents)), (0, vec![]));
}

#[test]
fn a_byte_order_mark_is_accepted_at_the_start_and_refused_elsewhere() {
    let start = texts(&[("a.yaml", "\u{feff}a: 1\n")]);
    assert_eq!((start.documents.len(), messages(&start)), (1, vec![]));
    assert!(start.documents[0].node.get("a").is_some());
    let inside = texts(&[("a.yaml", "a: 1\n---\n\u{feff}b: 1\n")]);
    assert_eq!(messages(&inside), ["a.yaml:3:1: a byte order mark stands inside of the file"]);
    assert_eq!((inside.documents.len(), inside.unreadable.len()), (0, 1));
}

#[test]
fn a_byte_that_is_not_utf8_is_told_with_its_line_and_column() {
    let documents = read_texts(vec![("a.yaml".into(), b"a: \xc3\xa4\nb: caf\xe9\n".to_vec())], true);
    assert_eq!(messages(&documents), ["a.yaml:2:7: this is not UTF-8: the byte 0xe9"]);
    assert_eq!(documents.unreadable, ["a.yaml"]);
}

#[test]
fn a_syntax_error_stops_its_document_only() {
    let documents = texts(&[("a.yaml", "a: 1\n---\nb: [1, 2\n---\nc: 1\n---\nd: 'x\n---\ne: 1\n")]);
    let keys: Vec<_> = ["a", "c", "e"]
        .into_iter()
        .filter(|key| documents.documents.iter().any(|document| document.node.get(key).is_some()))
        .collect();
    assert_eq!(keys, ["a", "c", "e"]);
    assert_eq!((documents.findings.len(), documents.unreadable.len()), (2, 2));
    assert!(documents.findings.iter().all(|finding| finding.severity == Severity::Error));
}

#[test]
fn a_tab_that_indents_is_named() {
    let documents = texts(&[("a.yaml", "spec:\n\temail: x\n")]);
    assert_eq!(messages(&documents), ["a.yaml:2:1: a tab can't indent YAML"]);
    let after_a_value = texts(&[("a.yaml", "apiVersion: v1\n\tkind: Member\n")]);
    assert_eq!(messages(&after_a_value), ["a.yaml:2:1: a tab can't indent YAML"]);
}

#[test]
fn a_duplicate_key_names_both_places() {
    let documents = texts(&[("a.yaml", "a: 1\nb: 2\na: 3\n")]);
    let finding = &documents.findings[0];
    let places: Vec<_> = finding.places.iter().map(ToString::to_string).collect();
    assert_eq!(
        (finding.message.as_str(), places),
        ("`a` is written twice", vec!["a.yaml:3:1".into(), "a.yaml:1:1".into()])
    );
    assert!(documents.documents[0].broken);
    let many: String =
        (0..100).map(|number| format!("k{number}: 1\n")).collect::<String>() + "k7: 2\nk7: 3\n";
    assert_eq!(texts(&[("a.yaml", &many)]).findings.len(), 2);
}

#[test]
fn anchors_and_merges_work_within_a_budget() {
    let documents = texts(&[("a.yaml", "x: &x { a: 1, b: 2 }\ny: { <<: *x, b: 3 }\nz: [*x, *x]\n")]);
    assert_eq!(messages(&documents), Vec::<String>::new());
    let y = documents.documents[0].node.get("y").unwrap();
    let text = |key: &str| match &y.get(key).unwrap().value {
        orgform_spec::Value::Scalar { text, .. } => text.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!((text("a"), text("b")), ("1".into(), "3".into()));
}

#[test]
fn a_yaml_bomb_is_refused_quickly() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", "));
    }
    let documents = texts(&[("bomb.yaml", &bomb), ("good.yaml", "a: 1")]);
    assert_eq!(documents.findings.len(), 1);
    assert!(documents.findings[0].message.starts_with("aliases expand to more than 100000 values"));
    assert_eq!((documents.documents.len(), documents.unreadable.len()), (1, 1));
}

#[test]
fn deep_nesting_is_refused_also_when_aliases_make_it() {
    let brackets = "a: ".to_owned() + &"[".repeat(100_000);
    let maps: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let deep = format!("{}x{}", "[".repeat(40), "]".repeat(40));
    let aliases = format!("a: &a {deep}\nb: {}*a{}\n", "[".repeat(40), "]".repeat(40));
    for text in [brackets, maps, aliases] {
        let documents = texts(&[("deep.yaml", &text)]);
        assert_eq!(documents.findings.len(), 1, "{:?}", documents.findings);
        assert_eq!(documents.findings[0].message, "nested more than 64 deep");
        assert_eq!(documents.documents.len(), 0);
    }
}

#[test]
fn an_alias_of_nothing_and_one_of_itself_are_told() {
    let documents = texts(&[("a.yaml", "a: *nothing\n"), ("b.yaml", "b: &b [*b]\n")]);
    assert_eq!(
        messages(&documents),
        ["a.yaml:1:4: no anchor `nothing` before this", "b.yaml:1:8: an alias inside of what it stands for"]
    );
}

#[test]
fn tags_and_keys_that_are_not_texts_are_told() {
    let documents = texts(&[("a.yaml", "a: !secret x\n? [b]\n: 1\nc: !!str 1\n")]);
    assert_eq!(
        messages(&documents),
        ["a.yaml:1:12: the tag `!secret` is not known", "a.yaml:2:3: a key must be a text"]
    );
}

#[test]
fn too_many_documents_or_values_are_a_gap() {
    let root = folder(&[("a.yaml", "a: 1\n---\na: 2\n---\na: 3\n")]);
    let documents = read(root.path(), &[], &Limits { documents: 2, ..Limits::default() });
    assert_eq!(messages(&documents), ["a.yaml:5:1: more than 2 documents; the rest was not read"]);
    assert_eq!((documents.documents.len(), documents.unreadable.len()), (2, 1));
    let documents = read(root.path(), &[], &Limits { nodes: 4, ..Limits::default() });
    assert_eq!(messages(&documents), ["a.yaml:3:1: more than 4 values; the rest of the file was not read"]);
}

#[test]
fn a_large_file_is_read_the_same_whole_or_in_parts() {
    let one =
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: { name: NAME }\nspec: { email: x }\n";
    let text: String =
        (0..20_000).map(|at| format!("---\n{}", one.replace("NAME", &format!("m{at}")))).collect();
    assert!(text.len() > 1 << 20);
    let parts = texts(&[("big.yaml", &text)]);
    let whole = texts(&[("big.yaml", &format!("%YAML 1.2\n{text}"))]);
    assert_eq!((parts.documents.len(), whole.documents.len()), (20_000, 20_000));
    for (part, whole) in parts.documents.iter().zip(&whole.documents) {
        let at = |document: &orgform_spec::Document| {
            let place = document.file.place(document.node.get("metadata").unwrap().span);
            (place.line, place.column, place.length)
        };
        let (line, column, length) = at(whole);
        assert_eq!(at(part), (line - 1, column, length));
    }
}
