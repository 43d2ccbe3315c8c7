//! Adopting an organization that exists, on a world in which people have worked by hand for years.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use orgform_tests::{Simulator, Story};

const READER: (&str, &str) = ("simReaderKey000000000A", "sim-reader-secret-not-for-production-use");
const WRITER: (&str, &str) = ("simAdminKey0000000000A", "sim-admin-secret-not-for-production-use");

fn messy() -> Simulator {
    Simulator::start(&["--world", "messy"])
}

fn provider(url: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Provider\nmetadata: {{ name: pureport }}\nspec:\n  pureport:\n    \
         endpoint: {url}\n    credentials:\n      key: {{ env: PUREPORT_API_KEY }}\n      \
         secret: {{ env: PUREPORT_API_SECRET }}\n    readOnlyCredentials:\n      key: {{ env: PUREPORT_READER_KEY }}\n      \
         secret: {{ env: PUREPORT_READER_SECRET }}\n"
    )
}

/// An empty root that speaks to a simulator; only what writes has the key that may.
fn bare(url: &str) -> Story {
    let mut story = Story::new();
    story.set("PUREPORT_READER_KEY", READER.0);
    story.set("PUREPORT_READER_SECRET", READER.1);
    story.done("init --bare");
    story.write("provider.yaml", &provider(url));
    story
}

fn with_writer(mut story: Story) -> Story {
    story.set("PUREPORT_API_KEY", WRITER.0);
    story.set("PUREPORT_API_SECRET", WRITER.1);
    story
}

/// Everything that was imported, by path.
fn files(story: &Story) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in ["accounts", "roles", "people"] {
        for entry in std::fs::read_dir(story.path().join(folder)).into_iter().flatten() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            files.insert(name.clone(), story.read(&name));
        }
    }
    files
}

fn writes(simulator: &Simulator) -> u64 {
    simulator.stats()["writes"].as_u64().unwrap()
}

#[test]
fn a_messy_organization_is_taken_over_without_a_write() {
    let simulator = messy();
    let mut story = bare(simulator.url());
    story.run("import pureport");
    story = with_writer(story);
    story.run("plan");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.remark("nothing that was left out comes back by itself");
    story.run("apply --yes");
    assert_eq!((writes(&simulator), simulator.stats()["mails"].as_u64()), (0, Some(0)));
    let all: Vec<String> =
        files(&story).into_iter().map(|(path, text)| format!("--> {path}\n{text}\n")).collect();
    story.remark(&format!("what was written:\n\n{}", all.concat()));
    story.assert_is("adopting");
}

#[test]
fn the_same_world_gives_the_same_bytes_also_after_it_was_taken_over() {
    let simulator = messy();
    let first = with_writer(bare(simulator.url()));
    first.done("import pureport");
    first.done("apply --yes");
    let again = bare(simulator.url());
    again.done("import pureport");
    assert_eq!(files(&first), files(&again));
    let before = files(&first);
    let nothing = first.done("import pureport");
    assert!(nothing.stdout.contains("Nothing to write"), "{}", nothing.stdout);
    assert_eq!(files(&first), before);
}

#[test]
fn every_command_of_the_page_works_in_its_order() {
    let simulator = messy();
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/adopting.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let commands: Vec<&str> =
        blocks.flat_map(str::lines).map(|line| line.strip_prefix("orgform ").unwrap()).collect();
    assert_eq!(commands.first(), Some(&"init --bare"));
    let mut story = with_writer(Story::new());
    story.set("PUREPORT_READER_KEY", READER.0);
    story.set("PUREPORT_READER_SECRET", READER.1);
    for command in commands {
        story.done(command);
        if command.starts_with("init") {
            story.write("provider.yaml", &provider(simulator.url()));
        }
    }
    assert_eq!((writes(&simulator), simulator.stats()["mails"].as_u64()), (0, Some(0)));
}

#[test]
fn only_what_is_missing_is_written_and_no_file_is_touched() {
    let simulator = messy();
    let story = bare(simulator.url());
    story.done("import pureport");
    let all = files(&story);
    // Some of it is declared by hand, in other files and under another name; one file is in the way.
    story.remove("people/grace.yaml");
    story.remove("people/taro.yaml");
    story.write("people/taro.yaml", "# Taro is on leave.\n");
    let finance = story.read("accounts/finance.yaml").replace("name: finance }", "name: money }");
    story.remove("accounts/finance.yaml");
    story.write("all-about-money.yaml", &finance);
    for (path, text) in files(&story) {
        story.write(&path, &text.replace("name: finance }", "name: money }"));
    }
    let before = files(&story);
    let said = story.done("import pureport");
    let after = files(&story);
    for (path, text) in &before {
        assert_eq!(after.get(path), Some(text), "{path}");
    }
    let new: Vec<&String> = after.keys().filter(|path| !before.contains_key(*path)).collect();
    assert_eq!(new, ["people/grace.yaml", "people/taro-2.yaml"], "{}", said.stdout);
    assert_eq!(after["people/grace.yaml"], all["people/grace.yaml"]);
    story.done("plan");
    assert_eq!(writes(&simulator), 0);
}

#[test]
fn somebody_who_is_declared_in_part_gets_the_rest_in_an_object_of_its_own() {
    let simulator = messy();
    let story = bare(simulator.url());
    story.done("import pureport");
    let grace = story.read("people/grace.yaml");
    let first = grace.lines().take_while(|line| !line.contains("r-d-lab-7")).collect::<Vec<_>>().join("\n");
    story.write("people/grace.yaml", &format!("{first}\n"));
    story.done("import pureport");
    let rest = story.read("people/grace-acme.example.yaml");
    assert!(rest.contains("# More of the person in people/grace.yaml:5"), "{rest}");
    assert!(rest.contains("r-d-lab-7") && !rest.contains("roles: [looks-only, "), "{rest}");
}

#[test]
fn into_a_folder_of_the_root_and_nowhere_else() {
    let simulator = messy();
    let story = bare(simulator.url());
    story.done("import pureport --into found/here");
    assert!(story.path().join("found/here/people/grace.yaml").exists());
    let outside = story.done_with("import pureport --into ..", 1);
    assert!(outside.stderr.contains("is no folder of the root"), "{}", outside.stderr);
    let hidden = story.done_with("import pureport --into .hidden", 1);
    assert!(hidden.stderr.contains("is hidden"), "{}", hidden.stderr);
    let unknown = story.done_with("import packetfabric", 1);
    assert!(unknown.stderr.contains("declared are: pureport"), "{}", unknown.stderr);
}

#[test]
fn what_was_half_seen_is_not_imported() {
    let simulator = messy();
    simulator.set_faults(&serde_json::json!([
        { "path": "/accounts/*/invites", "when": { "nth": 2 }, "effect": { "status": { "code": 403 } } }
    ]));
    let story = bare(simulator.url());
    let refused = story.done_with("import pureport", 1);
    assert!(refused.stderr.contains("the list of invites was refused"), "{}", refused.stderr);
    assert!(files(&story).is_empty());
}

#[test]
fn what_the_root_declares_otherwise_is_no_reason_not_to_import_the_rest() {
    let simulator = messy();
    let story = bare(simulator.url());
    story.write(
        "acme.yaml",
        "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: { name: the-top }\nspec:\n  \
         providerRef: { name: pureport }\n  displayName: Acme\n  description: To be written one day.\n",
    );
    story.done("import pureport");
    let plan = story.done("plan --format json").json();
    let changes = plan["plans"][0]["changes"].as_array().unwrap().clone();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(story.read("accounts/finance.yaml").contains("parentRef: { name: the-top }"));
}

#[test]
fn a_root_with_errors_is_not_imported_into() {
    let simulator = messy();
    let story = bare(simulator.url());
    story.write("wrong.yaml", "kind: Member\n");
    let refused = story.done_with("import pureport", 1);
    assert!(refused.stderr.contains("the root has errors"), "{}", refused.stderr);
    assert_eq!(simulator.stats()["total"], 0);
}

#[test]
fn import_has_a_form_for_programs_and_names_nobody_where_that_is_asked_for() {
    let simulator = messy();
    let story = bare(simulator.url());
    let told = story.done("import pureport --format json").json();
    assert_eq!((&told["format"], &told["unreadable"]), (&1.into(), &2.into()));
    assert!(told["files"].as_array().unwrap().iter().any(|path| path == "people/grace.yaml"));
    let again = bare(simulator.url());
    let redacted = again.done("import pureport --redact").all();
    assert!(!redacted.contains("idle@"), "{redacted}");
}
