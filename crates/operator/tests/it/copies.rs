//! Several copies: one works, and one that lost its lease writes nothing more.

use std::process::Command;

use orgform_sim::{Kind, Moment};

use crate::bed::{ACCOUNT, Bed, ROLE, member, plane};

fn objects() -> String {
    ACCOUNT.to_owned() + &member("ada", "acme") + &member("tim", "acme")
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_copy_takes_over_from_one_that_hangs_and_that_one_writes_nothing_more() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + &objects()));
    let mut halt = bed.sim.halt(Some(Kind::Write), 1, Moment::After);
    let mut first = bed.operator();
    first.wait_for("this copy works");
    let mut second = bed.operator();
    second.wait_for("another copy works");
    bed.runtime.block_on(halt.reached());
    first.signal("STOP");
    halt.hang_up();
    second.wait_for("this copy works");
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);

    let writes = bed.sim.stats().writes;
    first.signal("CONT");
    first.wait_for_end();
    assert_eq!(bed.sim.stats().writes, writes);
    let mails = bed.sim.stats().mails_by_recipient;
    assert!(mails.values().all(|count| *count == 1), "{mails:?}");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_copy_that_is_asked_to_end_gives_its_lease_back_at_once() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + &objects()));
    let mut first = bed.operator_as(&plane().kubeconfig(), &["--lease-seconds=600"]);
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    first.signal("TERM");
    first.wait_for_end();
    // Ten minutes would have to pass otherwise.
    let mut second = bed.operator();
    second.wait_for_pass();
}

impl crate::bed::Operator {
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}
