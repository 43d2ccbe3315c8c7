//! What is not declared any more, and what is deleted while others need it: the status tells, and nobody looks gone
//! who is not.

use orgform_sim::pureport::Act;

use crate::bed::{ACCOUNT, Bed, LAB, ROLE, member, reason};

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn without_the_key_a_member_keeps_its_access_and_with_an_empty_list_it_loses_it() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + LAB + &member("ada", "acme") + &member("tim", "acme")));
    let _operator = bed.operator();
    bed.wait("omem/ada", &reason("Invited"));
    bed.wait("omem/tim", &reason("Invited"));
    let (writes, invites) = (bed.sim.stats().writes, bed.people("Acme").1);

    let remove = "[{\"op\":\"remove\",\"path\":\"/spec/memberships\"}]";
    bed.kubectl(&["patch", "omem/ada", "--type=json", "-p", remove]);
    bed.wait("omem/ada", &reason("NothingDeclared"));
    assert!(bed.message("omem/ada").contains("stays as it is"), "{}", bed.message("omem/ada"));
    assert_eq!(bed.get("omem/ada", "{.status.summary.accounts}"), "acme");
    assert_eq!((bed.sim.stats().writes, bed.people("Acme").1), (writes, invites));

    bed.kubectl(&["patch", "omem/ada", "--type=merge", "-p", "{\"spec\":{\"memberships\":[]}}"]);
    bed.wait("omem/ada", "jsonpath={.status.observedGeneration}=3");
    assert_eq!(bed.people("Acme").1, invites - 1);
    bed.wait("omem/ada", &reason("NothingDeclared"));
    assert_eq!(
        bed.get("omem/ada", "{.status.summary.invite}{.status.summary.roles}{.status.memberships}"),
        ""
    );
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_deleted_account_says_who_still_needs_it_and_can_be_kept() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + LAB + &member("ada", "lab")));
    let _operator = bed.operator();
    bed.wait("omem/ada", &reason("Invited"));
    let writes = bed.sim.stats().writes;
    bed.kubectl(&["delete", "oacc/lab", "--wait=false"]);
    bed.wait("oacc/lab", &reason("InUse"));
    let words = bed.message("oacc/lab");
    assert!(words.contains("Member ada"), "{words}");
    // Its access is still there, and so it is shown.
    assert_eq!(bed.get("omem/ada", "{.status.summary.accounts} {.status.summary.roles}"), "lab read-only");
    assert_eq!(bed.get("oprov/pureport", "{.status.counts.people}"), "1");

    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/paused=true"]);
    bed.wait("oacc/lab", &reason("Paused"));
    bed.wait("oprov/pureport", &reason("Paused"));
    bed.do_as_told("oprov/pureport");
    bed.wait("oacc/lab", &reason("InUse"));

    bed.do_as_told("oacc/lab");
    bed.wait("oacc/lab", "delete");
    bed.apply(&(ACCOUNT.to_owned() + LAB));
    bed.wait("omem/ada", &reason("Invited"));
    assert_eq!(bed.sim.stats().writes, writes);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_refusal_of_a_deleted_person_says_how_to_keep_them_and_the_deleted_provider_what_it_waits_for() {
    let bed = Bed::new();
    bed.secret();
    let protected = "  safety: { protected: [ada@acme.example] }\n";
    let both = member("ada", "acme").replace(" }]", " }, { accountRef: { name: lab }, roles: [read-only] }]");
    bed.apply(&(bed.provider(protected) + ROLE + ACCOUNT + LAB + &both));
    let _operator = bed.operator();
    bed.wait("omem/ada", &reason("Invited"));
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=joined"]);
    bed.wait("omem/ada", "condition=Joined");

    bed.apply(&member("ada", "acme"));
    bed.wait("omem/ada", &reason("Refused"));
    let reasons = "{range .status.memberships[*]}{.account}={.reason} {end}";
    assert_eq!(bed.get("omem/ada", reasons), "acme= lab=Refused ");

    bed.kubectl(&["delete", "omem/ada", "--wait=false"]);
    bed.wait("omem/ada", "jsonpath={.status.memberships[0].reason}=Refused");
    let words = bed.message("omem/ada");
    assert!(words.starts_with("Deleted, and not gone yet. "), "{words}");
    assert!(words.contains("orgform.dev/keep=true`, and apply it again"), "{words}");
    assert_eq!(
        bed.get("omem/ada", "{.status.summary.accounts} {.status.summary.invite}"),
        "acme, lab Joined"
    );
    assert_eq!(bed.get("oprov/pureport", "{.status.counts.people} {.status.counts.active}"), "1 2");

    bed.kubectl(&["delete", "oprov/pureport", "--wait=false"]);
    bed.wait("oprov/pureport", "jsonpath={.status.observedGeneration}=2");
    let words = bed.message("oprov/pureport");
    assert!(words.starts_with("Deleted; it waits for ") && words.contains("Member ada"), "{words}");

    bed.do_as_told("omem/ada");
    bed.wait("omem/ada", "delete");
    assert_eq!(bed.people("Acme").0, 2, "ada stays");
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/paused=true"]);
    bed.wait("oprov/pureport", &reason("Paused"));
    let words = bed.message("oprov/pureport");
    assert!(words.starts_with("Deleted, and paused: "), "{words}");
}
