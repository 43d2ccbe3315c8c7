//! Bad input: one bad file is told with its place, the rest is planned, and nothing that it names is touched.

use orgform_tests::Story;

const MEMBER: &str = "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: { name: new }\nspec:\n  \
                      email: new@acme.example\n  memberships:\n    \
                      - { accountRef: { name: lab }, roles: [experimenter] }\n";
const ACCOUNT: &str = "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: { name: NAME }\nspec:\n  \
                       providerRef: { name: pureport }\n  parentRef: { name: OTHER }\n  displayName: NAME\n";

#[test]
fn whatever_is_wrong_with_a_file_is_told_and_the_others_go_on() {
    let story = Story::acme();
    story.done("apply --yes");
    let bomb = |letter: &str, before: &str| format!("{letter}: &{letter} [{}]\n", vec![before; 20].join(","));
    let bomb = [bomb("a", "x"), bomb("b", "*a"), bomb("c", "*b"), bomb("d", "*c"), bomb("e", "*d")].concat();
    let parents = ACCOUNT.replace("NAME", "one").replace("OTHER", "two")
        + "---\n"
        + &ACCOUNT.replace("NAME", "two").replace("OTHER", "one");
    let cases = [
        (format!("{MEMBER}  colour: red\n"), "`spec` has no field `colour`"),
        (MEMBER.replace("new@acme.example", "[new]"), "`spec.email` must be a text, not a list"),
        (format!("{MEMBER}  email: other@acme.example\n"), "`email` is written twice"),
        (MEMBER.replace("  email", "\temail"), "a tab can't indent YAML"),
        (format!("{MEMBER}\u{feff}---\n"), "a byte order mark stands inside of the file"),
        (bomb, "aliases expand to more than 100000 values"),
        (parents, "accounts are each other's parents: one → two → one"),
        (MEMBER.replace("experimenter", "experimentor"), "did you mean `experimenter` (roles/lab.yaml:3)?"),
        (MEMBER.replace("new@acme.example", "Tim@Acme.example"), "tim@acme.example has two declarations"),
    ];
    for (text, said) in cases {
        story.write("people/new.yaml", &text);
        let validated = story.done_with("validate", 1);
        assert!(validated.stderr.contains(said), "{said}: {}", validated.stderr);
        assert!(validated.stderr.contains("people/new.yaml"), "{}", validated.stderr);
        let planned = story.done_with("plan", 1);
        assert!(planned.stdout.contains("nothing to do"), "{said}: {}", planned.stdout);
        assert!(planned.stderr.contains(said), "{}", planned.stderr);
    }
    story.write("people/new.yaml", &format!("\u{feff}{MEMBER}"));
    story.done("validate");
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_a_gap_in_which_nobody_is_removed() {
    let story = Story::acme();
    story.done("apply --yes");
    story.without("people/netops.yaml", "radia");
    for (bytes, said) in [
        (b"# caf\xe9\n".to_vec(), "this is not UTF-8: the byte 0xe9"),
        (vec![b'#'; 50_000_001], "the limit is 50000000"),
    ] {
        std::fs::write(story.path().join("people/new.yaml"), bytes).unwrap();
        let planned = story.done_with("plan", 1);
        assert!(planned.stderr.contains(said), "{}", planned.stderr);
        assert!(planned.stdout.contains("Nothing undeclared is removed."), "{}", planned.stdout);
        assert!(!planned.stdout.contains("radia"), "{}", planned.stdout);
    }
    story.remove("people/new.yaml");
    assert!(story.done("plan").stdout.contains("- radia@acme.example"));
}

#[test]
fn of_an_email_that_is_written_twice_neither_person_is_removed() {
    let story = Story::acme();
    story.done("apply --yes");
    story.replace(
        "people/lab.yaml",
        "email: tim@acme.example",
        "email: other@acme.example\n  email: tim@acme.example",
    );
    let planned = story.done_with("plan", 1);
    assert!(planned.stdout.contains("nothing to do"), "{}", planned.stdout);
    story.replace(
        "people/lab.yaml",
        "email: other@acme.example\n  email: tim@",
        "email: tim@acme.example\n  email: other@",
    );
    let planned = story.done_with("plan", 1);
    assert!(planned.stdout.contains("nothing to do"), "{}", planned.stdout);
}

#[test]
fn of_two_roles_with_one_name_none_is_taken_over() {
    let story = Story::acme();
    story.done("apply --yes");
    story.done("act json '{\"act\":\"create_role\",\"account\":\"Lab\",\"name\":\"Experimenter\"}'");
    story.remove(".orgform/state.json");
    let planned = story.done_with("plan", 3);
    let shown = &planned.stdout;
    assert!(shown.contains("2 roles have this name here"), "{shown}");
    assert!(shown.contains("set `externalId` to the one that is meant"), "{shown}");
}
