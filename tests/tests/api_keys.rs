//! API keys: declared, made with their secret in a file, kept from harm, and never told to anybody.

#![allow(clippy::unwrap_used, reason = "a story fails by panicking")]

use std::path::Path;

use orgform_tests::{Simulator, Story};

const KEY: &str = "pureport/acme/lab:key/lab-pipeline";
const SECRET: &str = ".orgform/keys/lab-pipeline";

#[test]
fn a_key_is_made_missed_made_again_and_removed() {
    let mut story = Story::acme();
    story.done("apply --yes");
    story.run(&format!("show {KEY}"));
    story.remark("somebody moves the secret away");
    story.remove(SECRET);
    story.run("plan --detailed-exitcode");
    story.remark("and it is made again, with a new secret");
    // The digest of this plan has the old key's id in it.
    let remade = story.done(&format!("keys remake {KEY} --yes")).stdout;
    assert!(remade.contains("create with Experimenter; asked for by its address"), "{remade}");
    assert!(remade.contains("remove; loses Experimenter; a new one takes its place"), "{remade}");
    assert!(remade.contains("2 changes done."), "{remade}");
    story.run("plan --detailed-exitcode");
    story.replace("keys/lab.yaml", "roles: [experimenter]", "roles: [network-viewer]");
    story.run("apply --yes");
    story.remark("nobody declares it any more");
    story.remove("keys/lab.yaml");
    story.run("plan");
    story.done("apply --yes");
    story.run("plan --detailed-exitcode");
    story.assert_is("api_key");
}

#[test]
fn a_key_without_a_place_for_its_secret_is_an_error() {
    let mut story = Story::acme();
    story.replace("keys/lab.yaml", "  writeSecretTo: { file: { path: .orgform/keys/lab-pipeline } }\n", "");
    story.run("validate");
    story.remark("and a file that is there is not written over");
    story.write("mine", "precious\n");
    let text = story.read("keys/lab.yaml");
    story.write("keys/lab.yaml", &format!("{text}  writeSecretTo: {{ file: {{ path: mine }} }}\n"));
    let applied = story.done_with("apply --yes", 4);
    let because =
        "its secret can't be put at mine: a file is there that orgform did not write; no key was made";
    let unwrapped = applied.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains(because), "{}", applied.stdout);
    assert_eq!(story.read("mine"), "precious\n");
    story.assert_is("api_key_without_a_place");
}

#[test]
fn the_keys_that_orgform_runs_with_are_neither_narrowed_nor_removed() {
    let mut story = Story::acme();
    let own = |name: &str, id: &str| {
        format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: ApiKey\nmetadata: {{ name: {name} }}\nspec:\n  accountRef: {{ name: \
             acme }}\n  roles: [billing-reader]\n  externalId: {id}\n"
        )
    };
    let keys = [own("writer", "simAdminKey0000000000A"), own("reader", "simReaderKey000000000A")];
    story.write("keys/own.yaml", &keys.join("---\n"));
    story.replace("provider.yaml", "  removal:", "  adoption: Take\n  removal:");
    story.done_with("apply --yes", 3);
    story.run("plan");
    story.remove("keys/own.yaml");
    story.run("plan");
    story.run("apply --yes");
    story.assert_is("api_key_of_our_own");
}

#[test]
fn a_secret_is_in_its_file_and_nowhere_else() {
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    let mut said = vec![
        story.done("plan --out plan.json -vvv --log-format json").all(),
        story.done("apply plan.json --format json -vvv --log-format json").all(),
    ];
    let first = secret(&story);
    story.remove(SECRET);
    said.push(story.done("plan -vvv").all());
    said.push(story.done("plan --format json").all());
    said.push(story.done("plan --format markdown").all());
    said.push(story.done(&format!("keys remake {KEY} --yes -vvv")).all());
    let second = secret(&story);
    assert_ne!(first, second);
    for command in ["show", "show --format json", "invites", "validate --format json", "apply --yes"] {
        said.push(story.done(command).all());
    }
    story.replace("keys/lab.yaml", "writeSecretTo: {", "writeSecretTo: { x: 1, ");
    said.push(story.done_with("validate", 1).all());
    said.push(simulator.log().to_string());
    files(story.path(), &mut |path, text| {
        if path != story.path().join(SECRET) {
            said.push(text);
        }
    });
    for secret in [&first, &second] {
        assert!(secret.len() >= 20, "{secret}");
        let leaks: Vec<&String> = said.iter().filter(|text| text.contains(secret.as_str())).collect();
        assert!(leaks.is_empty(), "{leaks:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_can_be_read_by_its_owner_only_and_works() {
    use std::os::unix::fs::PermissionsExt;
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    let mode = |file: &str| {
        let facts = std::fs::metadata(story.path().join(file)).unwrap();
        facts.permissions().mode() & 0o777
    };
    assert_eq!((mode(SECRET), mode(".orgform/keys")), (0o600, 0o700));
    // A Provider can name the two files as its credential. This key may see networks and no account.
    story.replace(
        "provider.yaml",
        "      key: { env: PUREPORT_API_KEY }\n      secret: { env: PUREPORT_API_SECRET }\n",
        "      key: { file: .orgform/keys/lab-pipeline.id }\n      secret: { file: .orgform/keys/lab-pipeline }\n",
    );
    let ran = story.done_with("plan", 3);
    assert!(ran.stdout.contains("0 accounts, 0 people"), "it logs in: {}", ran.all());
    story.write(SECRET, "another-secret\n");
    let ran = story.done_with("plan", 1);
    assert!(ran.stderr.contains("refused our log-in"), "{}", ran.all());
}

fn secret(story: &Story) -> String {
    story.read(SECRET).trim().to_owned()
}

/// Every file below a folder that is text.
fn files(folder: &Path, each: &mut impl FnMut(&Path, String)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, each),
            false => each(&path, String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()),
        }
    }
}
