//! The circuit breaker: however many deletions come, and however they come, nobody loses access by mistake.

use orgform_sim::pureport::Act;

use crate::bed::{ACCOUNT, Bed, ROLE, member, plane};

const PEOPLE: usize = 30;

/// An account of thirty people and its owner.
fn people() -> String {
    let people = (0..PEOPLE).map(|number| member(&format!("person-{number}"), "acme"));
    ACCOUNT.to_owned() + &people.collect::<String>()
}

/// A namespace where everybody has joined.
fn joined() -> (Bed, crate::bed::Operator) {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + &people()));
    let mut operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    operator.hush();
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=joined"]);
    bed.kubectl(&["wait", "--for=condition=Joined", "omem", "--all", "--timeout=180s"]);
    assert_eq!(bed.people("Acme"), (PEOPLE + 1, 0));
    (bed, operator)
}

const HELD: &str = "condition=Held";

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn many_deletions_remove_nobody_until_they_are_released_and_keeping_touches_nobody() {
    let (bed, mut operator) = joined();
    bed.kubectl(&["delete", "omem", "--all", "--wait=false"]);
    bed.wait("oprov/pureport", HELD);
    assert_eq!(bed.people("Acme"), (PEOPLE + 1, 0), "nobody is removed");
    assert_eq!(bed.get("oprov/pureport", "{.status.heldPeople}"), PEOPLE.to_string());
    assert!(operator.metric("orgform_held_people") >= PEOPLE as f64);
    let events = bed.kubectl(&["events", "--for", "provider.orgform.dev/pureport"]);
    assert!(events.contains("Held"), "{events}");

    // What fits nothing is told, with commands that do.
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/release=keep=sha256:0f9b"]);
    let said = || bed.message("oprov/pureport");
    while !said().contains("fits nothing that is held: `keep=sha256:0f9b`") {
        operator.wait_for_pass();
    }
    let command = format!(
        "`kubectl annotate oprov pureport -n {} --overwrite orgform.dev/release=keep={}`",
        bed.namespace,
        bed.get("oprov/pureport", "{.status.held[0].digest}")
    );
    assert!(said().contains(&command), "{}", said());

    // They are kept: the objects go, the people stay, and declaring them again takes them over without a write.
    let digest = bed.get("oprov/pureport", "{.status.held[0].digest}");
    let writes = bed.sim.stats().writes;
    bed.kubectl(&[
        "annotate",
        "--overwrite",
        "oprov/pureport",
        &format!("orgform.dev/release=keep={digest}"),
    ]);
    bed.kubectl(&["delete", "omem", "--all", "--timeout=180s"]);
    assert_eq!(bed.people("Acme"), (PEOPLE + 1, 0));
    operator.hush();
    bed.apply(&people());
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    let mails = bed.sim.stats().mails;
    assert_eq!(bed.sim.stats().writes, writes, "nothing was written at the provider");

    // This time they may go.
    bed.kubectl(&["delete", "omem/person-0", "omem/person-1", "--timeout=180s"]);
    bed.kubectl(&["delete", "omem", "--all", "--wait=false"]);
    bed.wait("oprov/pureport", HELD);
    let kept = digest;
    let digest = bed.get("oprov/pureport", "{.status.held[0].digest}");
    assert_ne!(digest, kept, "two of them are gone already");
    let release = format!("orgform.dev/release=remove={digest}");
    bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", &release]);
    bed.kubectl(&["delete", "omem", "--all", "--timeout=180s"]);
    assert_eq!(bed.people("Acme"), (1, 0));
    assert_eq!(bed.sim.stats().mails, mails, "nobody was mailed again");
    let told = bed.kubectl(&["events", "--for", "provider.orgform.dev/pureport"]);
    assert!(told.contains(&kept) && told.contains(&digest), "each group has an Event of its own: {told}");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_deleted_namespace_removes_nobody_and_goes_once_it_is_let_go_of() {
    let (bed, _operator) = joined();
    let writes = bed.sim.stats().writes;
    plane().kubectl().run(&["delete", "namespace", &bed.namespace, "--wait=false"]).unwrap().ok().unwrap();
    // Its Secret goes at once, so nothing can be looked at: nothing is removed, and the status says what to do.
    bed.wait("oprov/pureport", "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=NoCredentials");
    let said = bed.message("oprov/pureport");
    assert!(said.contains("The Provider is deleted too"), "{said}");
    bed.do_as_told("oprov/pureport");
    plane().kubectl().wait_for("default", &format!("namespace/{}", bed.namespace), "delete").unwrap();
    assert_eq!(bed.people("Acme"), (PEOPLE + 1, 0));
    assert_eq!(bed.sim.stats().writes, writes);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn deletions_one_by_one_stop_at_the_same_limit() {
    let (bed, _operator) = joined();
    // Twenty percent of thirty-one, and what was lost in the last 24 hours counts.
    for number in 0..6 {
        bed.kubectl(&["delete", &format!("omem/person-{number}"), "--timeout=180s"]);
    }
    bed.kubectl(&["delete", "omem/person-6", "--wait=false"]);
    bed.wait("oprov/pureport", HELD);
    assert_eq!(bed.people("Acme").0, PEOPLE + 1 - 6);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn another_name_for_an_object_is_a_hand_over_without_a_write() {
    let (bed, mut operator) = joined();
    let writes = bed.sim.stats().writes;
    operator.hush();
    bed.apply(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: { name: renamed }\nspec:\n  email: \
         person-0@acme.example\n  memberships: [{ accountRef: { name: acme }, roles: [read-only] }]\n",
    );
    // Two declarations of one person are an error of both; it ends when the old one is deleted.
    bed.wait("omem/renamed", "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=Invalid");
    let said = bed.message("omem/renamed");
    assert!(said.contains("has two declarations for acme"), "{said}");
    bed.kubectl(&["delete", "omem/person-0"]);
    bed.wait("omem/renamed", "condition=Ready");
    assert_eq!(bed.sim.stats().writes, writes);
    assert_eq!(bed.people("Acme"), (PEOPLE + 1, 0));
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_provider_that_is_deleted_first_stays_until_its_members_are_gone() {
    let (bed, _operator) = joined();
    bed.kubectl(&["delete", "oprov/pureport", "--wait=false"]);
    bed.wait("oprov/pureport", "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=Deleting");
    bed.kubectl(&["delete", "omem", "--all", "--wait=false"]);
    bed.wait("oprov/pureport", HELD);
    assert_eq!(bed.people("Acme"), (PEOPLE + 1, 0));
    let digest = bed.get("oprov/pureport", "{.status.held[0].digest}");
    bed.kubectl(&["annotate", "oprov/pureport", &format!("orgform.dev/release=remove={digest}")]);
    bed.kubectl(&["delete", "omem", "--all", "--timeout=180s"]);
    assert_eq!(bed.people("Acme"), (1, 0));
    bed.kubectl(&["delete", "orole,oacc", "--all", "--timeout=180s"]);
    bed.wait("oprov/pureport", "delete");
}
