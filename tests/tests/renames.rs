//! People and accounts get other names, from either side. Nobody is removed by it, and nobody is mailed.

#![allow(clippy::unwrap_used)]

use orgform_tests::{Simulator, Story};

/// A converged world, where everybody is looked up by every plan.
fn settled() -> (Simulator, Story, u64) {
    let simulator = Simulator::start(&[]);
    let story = Story::acme_at(simulator.url());
    story.replace("provider.yaml", "  safety:\n", "  maxAge: 0s\n  safety:\n");
    story.done("apply --yes");
    act(&simulator, &story, "accept-all");
    story.done("apply --yes");
    let mails = simulator.stats()["mails"].as_u64().unwrap();
    (simulator, story, mails)
}

fn act(simulator: &Simulator, story: &Story, what: &str) {
    story.done(&format!("act --url {} {what}", simulator.url()));
}

/// Requests that ask for a change, as `METHOD /path/{of}/endpoint`.
fn writes(simulator: &Simulator) -> Vec<String> {
    let stats = simulator.stats();
    let requests = stats["requests"].as_object().unwrap();
    let asks = |name: &&String| !name.starts_with("GET ") && !name.contains("/login");
    requests
        .iter()
        .filter(|(name, _)| asks(name))
        .flat_map(|(name, statuses)| {
            let number: u64 = statuses.as_object().unwrap().values().filter_map(|count| count.as_u64()).sum();
            vec![name.clone(); usize::try_from(number).unwrap()]
        })
        .collect()
}

fn new_writes(simulator: &Simulator, before: &[String]) -> Vec<String> {
    let mut after = writes(simulator);
    for one in before {
        let at = after.iter().position(|other| other == one).unwrap();
        after.remove(at);
    }
    after
}

#[test]
fn a_new_email_at_the_provider_is_a_patch_that_plan_applies_in_place() {
    let (simulator, mut story, mails) = settled();
    let before = writes(&simulator);
    story.replace(
        "people/netops.yaml",
        "email: ada@acme.example",
        "email: \"Ada@acme.example\" # since 2019",
    );
    let text = story.read("people/netops.yaml");
    act(&simulator, &story, "change-email ada@acme.example ada.byron@acme.example");
    story.run("plan --detailed-exitcode");
    story.run("plan --write");
    let edited = story.read("people/netops.yaml");
    assert_eq!(edited, text.replace("\"Ada@acme.example\"", "\"ada.byron@acme.example\""));
    story.run("plan --write --detailed-exitcode");
    story.run("apply --yes");
    story.run("show pureport:person/ada.byron@acme.example");
    assert_eq!(story.read("people/netops.yaml"), edited);
    assert_eq!(new_writes(&simulator, &before), Vec::<String>::new());
    assert_eq!(simulator.stats()["mails"], mails);
    story.assert_is("renamed_person");
}

#[test]
fn a_protected_person_and_a_required_admin_stay_so_under_a_new_email() {
    let (simulator, story, mails) = settled();
    act(&simulator, &story, "change-email founder@acme.example first@acme.example");
    act(&simulator, &story, "change-email ceo@acme.example boss@acme.example");
    let told = story.done("plan --write").stderr;
    let provider = story.read("provider.yaml");
    assert!(provider.contains("required: [first@acme.example]"), "{provider}");
    assert!(provider.contains("protected: [boss@acme.example]"), "{provider}");
    assert!(told.contains("provider.yaml:") && told.contains("people/leadership.yaml:"), "{told}");
    story.done_with("plan --detailed-exitcode", 0);
    assert_eq!(simulator.stats()["mails"], mails);
}

#[test]
fn two_people_who_swap_emails_keep_what_is_theirs() {
    let (simulator, story, mails) = settled();
    let before = writes(&simulator);
    act(&simulator, &story, "change-email linus@acme.example passing@acme.example");
    act(&simulator, &story, "change-email radia@acme.example linus@acme.example");
    act(&simulator, &story, "change-email passing@acme.example radia@acme.example");
    let was = story.read("people/netops.yaml");
    story.done("plan --write");
    let swapped = was
        .replace("email: linus@", "email: PASSING@")
        .replace("email: radia@", "email: linus@")
        .replace("email: PASSING@", "email: radia@");
    assert_eq!(story.read("people/netops.yaml"), swapped);
    story.done_with("plan --detailed-exitcode", 0);
    story.done("apply --yes");
    story.done_with("plan --detailed-exitcode", 0);
    assert_eq!(new_writes(&simulator, &before), Vec::<String>::new());
    // The roles stay with the person, under the e-mail of the other.
    let linus = story.done("show pureport/acme:member/radia@acme.example").stdout;
    assert!(!linus.contains("billing-reader"), "{linus}");
    let radia = story.done("show pureport/acme:member/linus@acme.example").stdout;
    assert!(radia.contains("billing-reader"), "{radia}");
    assert_eq!(simulator.stats()["mails"], mails);
}

#[test]
fn an_email_that_goes_from_one_to_another_takes_no_grant_along() {
    let (simulator, story, mails) = settled();
    let before = writes(&simulator);
    act(&simulator, &story, "change-email linus@acme.example torvalds@acme.example");
    act(&simulator, &story, "change-email radia@acme.example linus@acme.example");
    story.done("plan --write");
    story.done_with("plan --detailed-exitcode", 0);
    story.done("apply --yes");
    story.done_with("plan --detailed-exitcode", 0);
    assert_eq!(new_writes(&simulator, &before), Vec::<String>::new());
    let shown = story.done("show pureport/acme:member/linus@acme.example").stdout;
    assert!(shown.contains("billing-reader"), "{shown}");
    assert_eq!(simulator.stats()["mails"], mails);
}

#[test]
fn an_edited_email_that_the_provider_does_not_have_is_refused() {
    let (simulator, mut story, mails) = settled();
    let before = writes(&simulator);
    story.replace("people/netops.yaml", "email: ada@acme.example", "email: ada.byron@acme.example");
    story.run("plan");
    story.run("apply --yes");
    assert_eq!(new_writes(&simulator, &before), Vec::<String>::new());
    story.remark("once the person has it there, it is nothing but a name");
    act(&simulator, &story, "change-email ada@acme.example ada.byron@acme.example");
    story.run("plan --detailed-exitcode");
    story.run("apply --yes");
    assert_eq!(new_writes(&simulator, &before), Vec::<String>::new());
    assert_eq!(simulator.stats()["mails"], mails);
    story.assert_is("edited_email");
}

#[test]
fn an_account_renamed_in_files_makes_no_call() {
    let (simulator, story, mails) = settled();
    let before = writes(&simulator);
    for file in [
        "accounts/finance.yaml",
        "people/finance.yaml",
        "people/lab.yaml",
        "people/netops.yaml",
        "roles/billing.yaml",
    ] {
        let text = story.read(file);
        story.write(file, &text.replace("name: finance }", "name: money }"));
    }
    story.done_with("plan --detailed-exitcode", 0);
    story.done("apply --yes");
    let shown = story.done("show").stdout;
    assert!(shown.contains("  acme/money\n") && !shown.contains("  acme/finance\n"), "{shown}");
    assert_eq!(new_writes(&simulator, &before), Vec::<String>::new());
    assert_eq!(simulator.stats()["mails"], mails);
}

#[test]
fn two_accounts_renamed_at_once_wait_until_their_ids_tell() {
    let (simulator, mut story, mails) = settled();
    let before = writes(&simulator);
    let ids: Vec<String> = ["finance", "lab"]
        .iter()
        .map(|name| {
            let shown = story.done(&format!("show pureport/acme/{name} --format json")).json();
            shown["providers"]["pureport"]["accounts"][0]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    for (from, to) in [("finance", "money"), ("lab", "workshop")] {
        for file in [
            "accounts/finance.yaml",
            "accounts/lab.yaml",
            "keys/lab.yaml",
            "people/finance.yaml",
            "people/lab.yaml",
            "people/netops.yaml",
            "people/leadership.yaml",
            "roles/lab.yaml",
            "roles/billing.yaml",
        ] {
            let text = story.read(file);
            story.write(file, &text.replace(&format!("name: {from} }}"), &format!("name: {to} }}")));
        }
    }
    story.replace("accounts/finance.yaml", "displayName: Finance", "displayName: Money");
    story.replace("accounts/lab.yaml", "displayName: Lab", "displayName: Workshop");
    story.run("plan");
    story.done_with("apply --yes", 3);
    assert_eq!(new_writes(&simulator, &before), Vec::<String>::new());
    story.remark("their ids tell: then it is two names to write, and nothing else");
    story.replace("accounts/finance.yaml", "spec:\n", &format!("spec:\n  externalId: {}\n", ids[0]));
    story.replace("accounts/lab.yaml", "spec:\n", &format!("spec:\n  externalId: {}\n", ids[1]));
    story.run("plan");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    assert_eq!(new_writes(&simulator, &before), ["PUT /accounts/{accountId}", "PUT /accounts/{accountId}"]);
    assert_eq!(simulator.stats()["mails"], mails);
    story.assert_is("renamed_accounts");
}

#[test]
fn an_account_renamed_at_the_provider_is_drift_and_nothing_more() {
    let (simulator, story, mails) = settled();
    let before = writes(&simulator);
    act(&simulator, &story, "rename-account Lab Workshop");
    act(&simulator, &story, "rename-account Finance Lab");
    story.replace("provider.yaml", "  maxAge: 0s\n", "  maxAge: 0s\n  drift: Report\n");
    let reported = story.done("plan").stdout;
    assert!(reported.contains("Drift") && reported.contains("Nothing to do"), "{reported}");
    story.replace("provider.yaml", "  drift: Report\n", "");
    story.done("apply --yes");
    story.done_with("plan --detailed-exitcode", 0);
    assert_eq!(new_writes(&simulator, &before), ["PUT /accounts/{accountId}", "PUT /accounts/{accountId}"]);
    assert_eq!(simulator.stats()["mails"], mails);
}

#[test]
fn a_file_that_can_not_be_edited_in_place_is_left_and_told() {
    let (simulator, story, _) = settled();
    story.replace("people/netops.yaml", "email: ada@acme.example", "email: \"ada\\u0040acme.example\"");
    act(&simulator, &story, "change-email ada@acme.example ada.byron@acme.example");
    let text = story.read("people/netops.yaml");
    let told = story.done_with("plan --write", 1).stderr;
    assert!(told.contains("can't be edited in place") && told.contains("edit them by hand"), "{told}");
    assert_eq!(story.read("people/netops.yaml"), text);
}
