//! From manifests to members: the example of the CLI, in a cluster.

use crate::bed::{Bed, path, plane};

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_example_of_the_cli_is_kept_in_a_cluster_and_a_second_look_writes_nothing() {
    let bed = Bed::new();
    bed.kubectl(&["apply", "-k", &path("examples/acme")]);
    let endpoint = format!("{{\"spec\":{{\"pureport\":{{\"endpoint\":\"{}\"}}}}}}", bed.sim.url());
    bed.kubectl(&["patch", "oprov/pureport", "--type=merge", "-p", &endpoint]);
    let mut operator = bed.operator();
    bed.wait("oprov/pureport", "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=NoCredentials");
    bed.secret();

    plane().kubectl().wait_for(&bed.namespace, "omem/ada", "condition=Ready").unwrap();
    for kind in ["oacc", "orole", "omem"] {
        bed.kubectl(&["wait", "--for=condition=Ready", kind, "--all", "--timeout=60s"]);
    }
    assert_eq!(bed.get("omem/ada", "{.status.conditions[?(@.type==\"Ready\")].reason}"), "Invited");
    assert_eq!(bed.get("omem/ada", "{.status.summary.accounts}"), "acme, lab");
    assert_eq!(bed.get("omem/founder", "{.status.conditions[?(@.type==\"Ready\")].reason}"), "Joined");
    let table = bed.kubectl(&["get", "omem"]);
    assert!(table.contains("Pending") && table.contains("Joined"), "{table}");
    let mailed = bed.sim.stats().mails;
    assert!(mailed > 0);

    operator.hush();
    let before =
        (bed.sim.stats().writes, bed.sim.stats().logins, operator.metric("orgform_status_writes_total"));
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=now"]);
    operator.wait_for_pass();
    let after =
        (bed.sim.stats().writes, bed.sim.stats().logins, operator.metric("orgform_status_writes_total"));
    assert_eq!(before, after, "a look at what is as declared writes nothing and logs in nowhere");
    assert_eq!(bed.sim.stats().mails, mailed);
}
