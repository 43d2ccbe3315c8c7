//! The operator under the chart's own service account: what it may do is what it needs.

use crate::bed::{Bed, path, plane};

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_service_account_of_the_chart_may_do_what_is_needed_in_its_namespaces() {
    let bed = Bed::new();
    let chart = path("charts/orgform");
    let watch = format!("watch.namespaces={{{}}}", bed.namespace);
    let install = ["install", "orgform", &chart, "--namespace", &bed.namespace, "--set", &watch];
    let install = [&install[..], &["--set", "secrets.write=true"]].concat();
    plane().kubectl().helm(&install).unwrap().ok().unwrap();
    let account = bed.get("serviceaccount", "{.items[?(@.metadata.name!=\"default\")].metadata.name}");
    let kubeconfig = plane().kubeconfig_of(&bed.namespace, &account).unwrap();

    bed.kubectl(&["apply", "-k", &path("examples/acme")]);
    let endpoint = format!("{{\"spec\":{{\"pureport\":{{\"endpoint\":\"{}\"}}}}}}", bed.sim.url());
    bed.kubectl(&["patch", "oprov/pureport", "--type=merge", "-p", &endpoint]);
    bed.secret();
    let mut operator = bed.operator_as(&kubeconfig, &[]);
    for kind in ["oprov", "oacc", "orole", "omem", "okey"] {
        bed.kubectl(&["wait", "--for=condition=Ready", kind, "--all", "--timeout=180s"]);
    }
    assert!(!bed.get("secret/lab-pipeline", "{.data.secret}").is_empty());
    bed.kubectl(&["delete", "omem/tim", "--timeout=180s"]);
    let said = operator.said();
    assert!(!said.contains("orbidden") && !said.contains("403"), "{said}");
    // Leaving Kubernetes is leaving nobody out.
    let people = bed.people("Lab");
    drop(operator);
    plane().kubectl().helm(&["uninstall", "orgform", "--namespace", &bed.namespace]).unwrap().ok().unwrap();
    assert_eq!(bed.people("Lab"), people);
    assert!(bed.kubectl(&["get", "omem", "-o", "name"]).lines().count() > 5);
}
