//! Offboarding: declared in place, planned everywhere, proved by reading. And what a later day will bring.

use orgform_tests::{Simulator, Story};

/// Acme with everybody in but for Ken in finance, and an account that nobody declares, where Ken is too.
fn acme() -> Story {
    let story = Story::acme();
    story.done("apply --yes");
    for who in ["ada", "ceo", "grace", "joan", "linus", "radia", "tim"] {
        story.done(&format!("act accept {who}@acme.example"));
    }
    story.done("act accept ken@acme.example --account Lab");
    story.done("apply --yes");
    story.done("act json '{\"act\":\"create_account\",\"parent\":\"Acme\",\"name\":\"Skunk works\"}'");
    story.done("act add 'Skunk works' ken@acme.example Admin");
    story.done("act add 'Skunk works' linus@acme.example Admin");
    story.done("act add 'Skunk works' ada@acme.example Admin");
    story
}

#[test]
fn somebody_is_taken_out_of_everything_with_evidence() {
    let mut story = acme();
    // Somebody else's change waits, and is none of this.
    story.replace("accounts/lab.yaml", "Try things out here.", "Try things.");
    let before = story.read("people/netops.yaml");
    story.run("offboard Ken@acme.example --dry-run");
    assert_eq!(story.read("people/netops.yaml"), before, "a dry run writes nothing");
    story.run("offboard Ken@acme.example");
    assert_eq!(story.read("people/netops.yaml"), before, "nobody said yes");
    story.run("offboard Ken@acme.example --yes");
    let line = "  email: ken@acme.example\n";
    assert_eq!(
        story.read("people/netops.yaml"),
        before.replace(line, &format!("{line}  offboarded: true\n"))
    );
    story.run("offboard ken@acme.example --yes");
    story.assert_is("offboard");
}

#[test]
fn whom_no_file_names_gets_one() {
    let mut story = acme();
    story.done("act add Lab guest@partner.example Experimenter");
    story.done("act invite Finance Tim.O-Neil+x@partner.example 'Auditor'");
    story.run("offboard guest@partner.example tim.o-neil+x@partner.example --yes --format markdown");
    assert!(
        story.read("people/guest.yaml").contains("email: \"guest@partner.example\"\n  offboarded: true\n")
    );
    assert!(story.read("people/tim-o-neil-x.yaml").contains("name: tim-o-neil-x }"));
    story.run("offboard nobody@acme.example --dry-run");
    story.run("offboard nobody");
    story.assert_is("offboard_by_a_new_file");
}

#[test]
fn what_is_refused_or_held_is_in_the_evidence() {
    let mut story = acme();
    story.run("offboard ceo@acme.example --yes");
    story.replace(
        "provider.yaml",
        "perAccount: { percent: 20, floor: 3 }",
        "perAccount: { percent: 0, floor: 0 }",
    );
    let held = story.run("offboard tim@acme.example --yes").stdout;
    let release = held.lines().find_map(|line| line.trim().strip_prefix("orgform ")).map(str::to_owned);
    let release = release.or_else(|| {
        held.lines()
            .find_map(|line| line.split_once("to let exactly this go: orgform "))
            .map(|(_, rest)| rest.to_owned())
    });
    let released = story.done(&format!("{} --yes", release.unwrap()));
    assert!(released.stdout.contains("gone, removed "), "{}", released.stdout);
    story.assert_is("offboard_refused");
}

#[test]
fn evidence_is_data_too() {
    let story = acme();
    let json = story.done("offboard ken@acme.example --yes --format json").json();
    let evidence = &json["evidence"][0];
    assert_eq!((&evidence["complete"], &evidence["accounts"]), (&true.into(), &4.into()));
    let places = evidence["people"][0]["places"].as_array().unwrap();
    assert_eq!(places.len(), 3);
    assert!(
        places.iter().all(|place| place["still"].is_null() && place["removedAt"].is_string()),
        "{places:?}"
    );
    assert!(json["plans"].is_array() && json["reports"].is_array());
}

#[test]
fn a_declaration_alone_is_for_a_pull_request() {
    let story = acme();
    story.done("offboard ken@acme.example --declare-only");
    assert!(story.read("people/netops.yaml").contains("offboarded: true"));
    let plan = story.done("plan").stdout;
    assert!(plan.contains("ken@acme.example") && plan.contains("offboarded"), "{plan}");
    story.done("apply --yes");
    let plan = story.done("plan").stdout;
    assert!(plan.contains("nothing to do"), "{plan}");
}

#[test]
fn after_a_kill_the_same_command_does_the_rest() {
    let simulator = Simulator::start(&["--latency", "100ms"]);
    let story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    story.done(&format!("act --url {} accept-all", simulator.url()));
    story.done("apply --yes");
    let begun = simulator.stats()["writes"].as_u64().unwrap();
    let mut running = story.start("offboard ken@acme.example --yes");
    simulator.wait_for_writes(begun + 1);
    running.kill();
    running.end();
    assert!(
        story.read("people/netops.yaml").contains("offboarded: true"),
        "it was declared before the first write"
    );
    let rest = story.done("offboard ken@acme.example --yes --wait 1m").stdout;
    assert!(rest.contains("in none of 3 accounts"), "{rest}");
}

#[test]
fn a_declaration_that_can_not_be_edited_is_told() {
    let mut story = Story::acme();
    story.write(
        "people/shared.yaml",
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: { name: zed, labels: { mail: &mail zed@acme.example } }\n\
         spec: { email: *mail, memberships: [{ accountRef: { name: lab }, roles: [experimenter] }] }\n",
    );
    story.run("offboard zed@acme.example --yes");
    story.assert_is("offboard_by_hand");
}

#[test]
fn a_later_day_shows_what_ends_until_then() {
    let mut story = acme();
    story.run("plan --at 2031-12-30");
    story.run("plan --at 2031-12-31");
    let markdown = story.done("plan --at 2031-12-31T00:00:00Z --format markdown").stdout;
    assert!(markdown.contains("2 grants end") && !markdown.contains("sha256:"), "{markdown}");
    let json = story.done("plan --at 2031-12-31 --format json").json();
    assert_eq!(json["plans"][0]["ahead"]["at"], "2031-12-31T23:59:59Z");
    story.run("plan --at 2020-01-01");
    story.run("plan --at 2031-12-31 --out plan.json");
    story.run("plan --at soon");
    story.run("plan");
    story.assert_is("plan_at");
}

#[test]
fn a_grant_ends_on_time_and_no_sooner() {
    /// When Rosa's grants end: 2031-12-31T00:00:00Z.
    const END: u64 = 1_956_441_600;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let days = (END - now) / (24 * 3600);
    let mut story = acme();
    story.done("act accept rosa@partner.example");
    story.done("apply --yes");
    story.done(&format!("act advance {}d", days - 5));
    // Ken's invite has expired by then, which is another story.
    let soon = story.done("plan --target pureport:person/rosa@partner.example").stdout;
    assert!(soon.contains("2 grants end soon"), "{soon}");
    story.done("act advance 7d");
    story.run("apply --yes");
    let gone = story.done_with("plan", 0).stdout;
    assert!(!gone.contains("rosa@partner.example"), "{gone}");
    story.assert_is("expiry");
}
