//! What an object waits for is gone: its Provider, the Secret, its definition.

use orgform_sim::pureport::Act;

use crate::bed::{ACCOUNT, Bed, ROLE, define, member, plane_to_hurt, reason};

fn people() -> String {
    (0..12).map(|number| member(&format!("person-{number}"), "acme")).collect()
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_member_whose_provider_is_gone_says_what_to_do_and_does_not_hang_for_ever() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &people()));
    let _operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    let writes = bed.sim.stats().writes;
    // Somebody takes the finalizer away by hand.
    bed.kubectl(&["delete", "oprov/pureport", "--wait=false"]);
    bed.kubectl(&["patch", "oprov/pureport", "--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}"]);
    bed.wait("oprov/pureport", "delete");
    bed.kubectl(&["delete", "omem/person-0", "--wait=false"]);
    bed.wait("omem/person-0", &reason("NoProvider"));
    let said = bed.message("omem/person-0");
    assert!(said.contains("everybody stays at the provider"), "{said}");
    bed.do_as_told("omem/person-0");
    bed.wait("omem/person-0", "delete");
    assert_eq!(bed.sim.stats().writes, writes);

    // Made again, it takes everybody over.
    let mails = bed.sim.stats().mails;
    bed.apply(&bed.provider(""));
    bed.wait("oprov/pureport", &reason("AsDeclared"));
    assert_eq!((bed.sim.stats().writes, bed.sim.stats().mails), (writes, mails));
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_member_whose_secret_is_gone_goes_once_it_is_back_or_somebody_lets_it_go() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &people()));
    let mut operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    let invites = bed.people("Acme").1;
    bed.kubectl(&["delete", "secret/pureport"]);
    bed.kubectl(&["delete", "omem/person-0", "omem/person-1", "--wait=false"]);
    bed.wait("omem/person-0", &reason("NoCredentials"));
    operator.wait_for("\"outcome\":\"failed\"");
    assert_eq!(
        bed.get("omem/person-2", "{.status.summary.accounts} {.status.summary.invite}"),
        "acme Pending"
    );
    bed.kubectl(&["annotate", "omem/person-0", "orgform.dev/keep=true"]);
    bed.wait("omem/person-0", "delete");
    assert_eq!(bed.people("Acme").1, invites, "nobody was touched");
    bed.secret();
    bed.wait("omem/person-1", "delete");
    assert_eq!(bed.people("Acme").1, invites - 1);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_deleted_definition_removes_nobody_and_once_it_is_back_everybody_is_taken_over() {
    let plane = plane_to_hurt();
    let bed = Bed::on(&plane);
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &people()));
    let _operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=joined"]);
    bed.kubectl(&["wait", "--for=condition=Joined", "omem", "--all", "--timeout=180s"]);
    let (writes, mails) = (bed.sim.stats().writes, bed.sim.stats().mails);

    bed.kubectl(&["delete", "crd/members.orgform.dev", "--wait=false"]);
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=12");
    assert_eq!(bed.people("Acme"), (13, 0));
    let digest = bed.get("oprov/pureport", "{.status.held[0].digest}");
    bed.kubectl(&["annotate", "oprov/pureport", &format!("orgform.dev/release=keep={digest}")]);
    bed.kubectl(&["wait", "--for=delete", "crd/members.orgform.dev", "--timeout=180s"]);
    assert_eq!(bed.people("Acme"), (13, 0));

    define(&plane.kubectl());
    bed.apply(&people());
    bed.kubectl(&["wait", "--for=condition=Joined", "omem", "--all", "--timeout=180s"]);
    assert_eq!((bed.sim.stats().writes, bed.sim.stats().mails), (writes, mails));
}
