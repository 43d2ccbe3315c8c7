//! The examples are right, and the design's own text is accepted.

use std::path::Path;

use orgform_model::desired::Subject;
use orgform_model::{Email, Grant};
use orgform_spec::{Limits, read};

use crate::worlds::{TREE, outcome, texts};

fn acme() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/acme")
}

#[test]
fn the_acme_example_has_nothing_wrong_and_says_what_its_readme_promises() {
    let acme = outcome(read(&acme(), &[], &Limits::default()), &TREE);
    assert_eq!(acme.messages(), Vec::<&str>::new());
    let desired = acme.desired();
    let paths: Vec<_> = desired.accounts.keys().map(ToString::to_string).collect();
    assert_eq!(paths, ["acme", "acme/finance", "acme/lab"]);
    assert_eq!((desired.roles.len(), desired.people.len(), desired.all_memberships().count()), (5, 10, 14));
    assert_eq!(desired.subject, Subject::Everything);
    let admins: Vec<_> = desired
        .all_memberships()
        .filter(|(path, _, one)| {
            path.as_str() == "acme" && one.grants.contains_key(&Grant::Fixed("admin".into()))
        })
        .map(|(_, email, _)| email.to_string())
        .collect();
    assert_eq!(admins, ["founder@acme.example", "linus@acme.example"]);
    assert!(desired.policy.safety.protected.contains(&Email::new("ceo@acme.example")));
}

#[test]
fn the_acme_root_file_is_right() {
    let root = orgform_spec::root::find(&acme().join("people")).unwrap();
    let parsed = orgform_spec::root::parse(std::fs::read(root.join("orgform.yaml")).unwrap());
    assert!(parsed.findings.is_empty(), "{:?}", parsed.findings);
    assert_eq!(parsed.value.unwrap().id.as_str(), "acme-3f9c2d71");
}

#[test]
fn every_line_of_the_design_is_accepted() {
    let design = include_str!("design.yaml");
    let design = outcome(texts(&[("design.yaml", design)]), &TREE);
    assert_eq!(design.messages(), Vec::<&str>::new());
    insta::assert_debug_snapshot!(design.desired());
}
