//! Crashes and restarts: nothing is done twice.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use orgform_sim::{Kind, Moment};

use crate::bed::{ACCOUNT, Bed, LAB, ROLE, member};
use crate::proxy::{Proxy, Then};

/// Ada is in both accounts, Tim in one.
fn objects() -> String {
    let ada = "\
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: ada }
spec:
  email: ada@acme.example
  memberships:
    - { accountRef: { name: acme }, roles: [read-only] }
    - { accountRef: { name: lab }, roles: [read-only] }
---
";
    [ACCOUNT, LAB, ada, &member("tim", "lab")].concat()
}

/// How many kills there are; more for `cargo xtask cluster --long`.
fn kills() -> u64 {
    if std::env::var_os("ORGFORM_LONG").is_some() { 200 } else { 10 }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn an_operator_that_is_killed_at_any_moment_mails_nobody_twice_and_makes_nothing_twice() {
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= kills() {
                return;
            }
            kill(seed);
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
}

/// Kills an operator at one request to the provider or the API server, before or after it was carried out; the next
/// one finishes the job.
fn kill(seed: u64) {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + &objects()));
    let after = seed % 2 == 1;
    let (at, nth) = ((seed / 2) % 3, 1 + seed.wrapping_mul(7) / 6);
    let killed = format!("seed {seed}");
    match at {
        // A write at the provider, then any request to it.
        0 | 1 => {
            let (of, most) = if at == 0 { (Some(Kind::Write), 5) } else { (None, 14) };
            let moment = if after { Moment::After } else { Moment::Before };
            let mut halt = bed.sim.halt(of, 1 + nth % most, moment);
            let mut operator = bed.operator();
            bed.runtime.block_on(halt.reached());
            operator.kill();
            halt.hang_up();
        }
        // What it remembers or tells.
        _ => {
            let proxy = Proxy::before(bed.kubeconfig(), &bed.runtime);
            let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
            let then = if after { Then::HoldAfter(tell) } else { Then::HoldBefore(tell) };
            proxy.commit("PATCH", "orgform.dev", usize::try_from(nth % 20).unwrap(), 1, then);
            let mut operator = bed.operator_as(proxy.kubeconfig(), &[]);
            bed.runtime.block_on(told.recv()).unwrap();
            operator.kill();
        }
    }

    // Nobody renews the lease of a process that is dead, but waiting for its end proves nothing here.
    let mut operator = bed.operator_as(bed.kubeconfig(), &["--lease-name=next"]);
    let mut reason = String::new();
    for _ in 0..20 {
        operator.wait_for_pass();
        reason = bed.get("oprov/pureport", "{.status.conditions[?(@.type==\"Ready\")].reason}");
        if reason == "AsDeclared" {
            break;
        }
        if reason == "Refused" {
            // Whether a mail went out is not known, so a person decides: it had not.
            let now = Timestamp::now();
            let asked = format!("orgform.dev/resend={now:.0}");
            bed.kubectl(&["annotate", "--overwrite", "omem", "--all", &asked]);
        }
    }
    assert_eq!(reason, "AsDeclared", "{killed}");
    bed.kubectl(&["wait", "--for=condition=Ready", "omem,oacc,orole", "--all", "--timeout=180s"]);
    let truth = bed.sim.truth();
    let count = |name: &str| truth.accounts.values().filter(|account| account.name == name).count();
    let roles = truth.accounts.values().flat_map(|account| account.roles.values());
    assert_eq!((count("Acme"), count("Lab")), (1, 1), "{killed}");
    assert_eq!(roles.filter(|role| role.name == "Looks on").count(), 1, "{killed}");
    assert_eq!((bed.people("Acme").1, bed.people("Lab").1), (1, 2), "{killed}");
    let mails = bed.sim.stats().mails_by_recipient;
    assert_eq!(mails.get("tim@acme.example"), Some(&1), "{killed}: {mails:?}");
    assert_eq!(mails.get("ada@acme.example"), Some(&2), "{killed}: one for each account: {mails:?}");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn an_operator_that_lost_its_memory_takes_over_what_is_there_and_mails_nobody() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + &objects()));
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
