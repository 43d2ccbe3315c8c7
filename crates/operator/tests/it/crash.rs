//! Crashes and restarts: nothing is done twice.

use orgform_sim::{Kind, Moment};

use crate::bed::{Bed, ROLE};

const OBJECTS: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: acme }
spec: { providerRef: { name: pureport }, displayName: Acme }
---
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: lab }
spec: { parentRef: { name: acme }, displayName: Lab }
---
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: ada }
spec:
  email: ada@acme.example
  memberships:
    - { accountRef: { name: acme }, roles: [read-only] }
    - { accountRef: { name: lab }, roles: [read-only] }
---
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: tim }
spec:
  email: tim@acme.example
  memberships: [{ accountRef: { name: lab }, roles: [read-only] }]
";

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn an_operator_that_is_killed_at_any_write_mails_nobody_twice_and_makes_nothing_twice() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1..=5 {
            let bed = Bed::new();
            bed.secret();
            bed.apply(&(bed.provider("") + ROLE + OBJECTS));
            let mut halt = bed.sim.halt(Some(Kind::Write), nth, moment);
            let mut operator = bed.operator();
            bed.runtime.block_on(halt.reached());
            operator.kill();
            halt.hang_up();

            let _operator = bed.operator();
            bed.kubectl(&["wait", "--for=condition=Ready", "omem,oacc", "--all", "--timeout=180s"]);
            let truth = bed.sim.truth();
            let labs = truth.accounts.values().filter(|account| account.name == "Lab").count();
            assert_eq!(labs, 1, "{moment:?} {nth}");
            let mails = bed.sim.stats().mails_by_recipient;
            assert_eq!(mails.get("tim@acme.example"), Some(&1), "{moment:?} {nth}: {mails:?}");
            assert_eq!(
                mails.get("ada@acme.example"),
                Some(&2),
                "{moment:?} {nth}: one for each account: {mails:?}"
            );
        }
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn an_operator_that_lost_its_memory_takes_over_what_is_there_and_mails_nobody() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + OBJECTS));
    let mut operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem,oacc", "--all", "--timeout=180s"]);
    operator.kill();
    let (writes, mails) = (bed.sim.stats().writes, bed.sim.stats().mails);
    for object in ["oprov/pureport", "orole/read-only", "oacc/acme", "oacc/lab", "omem/ada", "omem/tim"] {
        bed.kubectl(&["patch", object, "--subresource=status", "--type=merge", "-p", "{\"status\":null}"]);
    }
    assert_eq!(bed.get("omem/ada", "{.status}"), "");
    let _operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem,oacc", "--all", "--timeout=180s"]);
    assert_eq!((bed.sim.stats().writes, bed.sim.stats().mails), (writes, mails));
}
