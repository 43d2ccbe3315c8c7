//! What the README tells a newcomer to type works, in the order in which it is told.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use orgform_tests::Story;

fn file(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The `orgform` commands of the README, as arguments.
fn commands(readme: &str) -> Vec<String> {
    let starts = readme.split("cargo run -- -C examples/acme ").skip(1);
    starts.map(|rest| rest.split(['`', '\n']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_command_of_the_readme_works_on_a_fresh_copy() {
    let readme = file("README.md");
    let commands = commands(&readme);
    assert_eq!(commands.first().map(String::as_str), Some("apply --yes"), "the quick start is one command");
    let story = Story::acme();
    for command in &commands {
        story.done(command);
    }
    let again = story.done("apply --yes");
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
}

#[test]
fn what_lands_a_change_is_the_command_that_the_readme_names() {
    let test_command = "cargo xtask test";
    assert!(file("README.md").contains(&format!("```sh\n{test_command}\n```")));
    assert!(file(".ci/run").lines().any(|line| line == format!("exec {test_command}")));
}

#[test]
fn every_link_of_the_readme_leads_somewhere() {
    let readme = file("README.md");
    for link in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(link);
        assert!(link.starts_with("http") || path.exists(), "{link}");
    }
}
