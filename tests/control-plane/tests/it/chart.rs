//! The chart: what Helm makes of it, and what its service account may do on a real server.

use orgform_control_plane::Said;

use crate::bed::{apply, object, path, plane};

const VALUES: [&str; 3] = ["namespaced", "everything", "least"];

fn helm(arguments: &[&str]) -> Said {
    plane().kubectl().helm(arguments).unwrap()
}

fn values(name: &str) -> String {
    path(&format!("tests/control-plane/values/{name}.yaml"))
}

fn template(more: &[&str]) -> String {
    let chart = path("charts/orgform");
    helm(&[&["template", "orgform", &chart, "--namespace", "orgform"], more].concat()).ok().unwrap()
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn helm_has_nothing_to_say_against_it() {
    let chart = path("charts/orgform");
    for name in VALUES {
        let said = helm(&["lint", "--strict", &chart, "--values", &values(name)]);
        assert!(said.success && said.out.contains("0 chart(s) failed"), "{name}: {said:?}");
        assert!(!said.out.contains("[WARNING]") && !said.out.contains("[ERROR]"), "{name}: {}", said.out);
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn what_it_installs_is_known() {
    insta::assert_snapshot!("by_default", template(&[]));
    for name in VALUES {
        insta::assert_snapshot!(name, template(&["--values", &values(name)]));
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn values_that_mean_nothing_are_refused() {
    let chart = path("charts/orgform");
    for (value, says) in [
        ("replica=2", "replica"),
        ("shards=0", "shards"),
        ("watch.namespaces={Not A Name}", "watch/namespaces"),
        ("log.level=loud", "log/level"),
        ("image.digest=sha256:short", "image/digest"),
        ("serviceAccount.create=false", "serviceAccount.name is needed"),
    ] {
        let said = helm(&["template", "orgform", &chart, "--set", value]);
        assert!(!said.success && said.err.contains(says), "{value}: {}", said.err);
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_server_takes_all_of_it() {
    let namespace = plane().namespace().unwrap();
    for name in VALUES {
        // Nobody serves what the Prometheus operator adds here.
        let without = "serviceMonitor.enabled=false,prometheusRule.enabled=false";
        let text = template(&["--values", &values(name), "--set", without])
            .replace("namespace: orgform", &format!("namespace: {namespace}"))
            .replace("namespace: people-lab", &format!("namespace: {namespace}"))
            .replace("namespace: people", &format!("namespace: {namespace}"));
        let said = plane().kubectl().feed(&["apply", "--dry-run=server", "-f", "-"], &text).unwrap();
        assert!(said.success && said.err.is_empty(), "{name}: {said:?}");
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn it_keeps_the_restricted_standard_for_pods() {
    let namespace = plane().namespace().unwrap();
    let label = "pod-security.kubernetes.io/warn=restricted";
    plane().kubectl().run(&["label", "namespace", &namespace, label]).unwrap().ok().unwrap();
    let chart = path("charts/orgform");
    let said = helm(&[
        "template",
        "orgform",
        &chart,
        "--namespace",
        &namespace,
        "--show-only",
        "templates/deployment.yaml",
    ]);
    let said =
        plane().kubectl().feed(&["apply", "--dry-run=server", "-f", "-"], &said.ok().unwrap()).unwrap();
    assert!(said.success && said.err.is_empty(), "{said:?}");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn installed_upgraded_and_uninstalled_it_leaves_everything_that_is_declared() {
    let namespace = plane().namespace().unwrap();
    let chart = path("charts/orgform");
    let scope = format!("watch.namespaces={{{namespace}}}");
    let release = ["--namespace", &namespace, "--set", &scope];
    helm(&[&["install", "org", &chart], &release[..]].concat()).ok().unwrap();
    apply(&namespace, &object("Account", "acme", "{ providerRef: { name: pureport } }")).ok().unwrap();
    let said = helm(&[&["upgrade", "org", &chart, "--set", "replicas=1"], &release[..]].concat());
    assert!(said.success, "{said:?}");
    let replicas =
        ["get", "--namespace", &namespace, "deployment/org-orgform", "-o", "jsonpath={.spec.replicas}"];
    assert_eq!(plane().kubectl().run(&replicas).unwrap().ok().unwrap(), "1");
    helm(&["uninstall", "org", "--namespace", &namespace]).ok().unwrap();
    let said =
        plane().kubectl().run(&["get", "--namespace", &namespace, "account/acme", "-o", "name"]).unwrap();
    assert_eq!(said.ok().unwrap().trim(), "account.orgform.dev/acme");
    assert!(!plane().kubectl().run(&replicas).unwrap().success);
}

/// Asks the server, in the name of the chart's account, whether something is allowed.
fn may(namespace: &str, account: &str, what: &[&str]) -> bool {
    let account = format!("--as=system:serviceaccount:{namespace}:{account}");
    plane().kubectl().run(&[&["auth", "can-i", &account], what].concat()).unwrap().out.trim() == "yes"
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn its_account_may_do_its_work_in_its_namespaces_and_nothing_else() {
    let (own, other) = (plane().namespace().unwrap(), plane().namespace().unwrap());
    let chart = path("charts/orgform");
    let scope = format!("watch.namespaces={{{own}}}");
    let install = [
        "install",
        "orgform",
        &chart,
        "--namespace",
        &own,
        "--set",
        &scope,
        "--set",
        "secrets.names={pureport}",
    ];
    helm(&install).ok().unwrap();
    let here = |what: &[&str]| may(&own, "orgform", &[what, &["--namespace", &own]].concat());
    for kind in ["providers", "accounts", "roles", "members", "apikeys"] {
        let kind = format!("{kind}.orgform.dev");
        for verb in ["get", "list", "watch", "patch"] {
            assert!(here(&[verb, &kind]), "{verb} {kind}");
            assert!(!may(&own, "orgform", &[verb, &kind, "--namespace", &other]), "{verb} {kind} elsewhere");
        }
        assert!(here(&["patch", &kind, "--subresource=status"]), "{kind}");
        for verb in ["create", "delete", "deletecollection", "update"] {
            assert!(!here(&[verb, &kind]), "{verb} {kind}");
        }
    }
    assert!(here(&["get", "secret/pureport"]));
    for what in [
        &["get", "secret/other"][..],
        &["list", "secrets"],
        &["create", "secrets"],
        &["get", "configmaps"],
        &["create", "pods"],
        &["get", "roles.rbac.authorization.k8s.io"],
    ] {
        assert!(!here(what), "{what:?}");
    }
    assert!(here(&["create", "leases.coordination.k8s.io"]));
    assert!(here(&["create", "events.events.k8s.io"]));
    assert!(!may(&own, "orgform", &["list", "namespaces"]));
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn for_all_namespaces_it_asks_for_a_cluster_role() {
    let (own, other) = (plane().namespace().unwrap(), plane().namespace().unwrap());
    helm(&["install", "orgform", &path("charts/orgform"), "--namespace", &own]).ok().unwrap();
    assert!(may(
        &own,
        "orgform",
        &["patch", "members.orgform.dev", "--subresource=status", "--namespace", &other]
    ));
    assert!(may(&own, "orgform", &["list", "secrets", "--namespace", &other]));
    assert!(!may(&own, "orgform", &["create", "secrets", "--namespace", &other]));
    assert!(!may(&own, "orgform", &["delete", "members.orgform.dev", "--namespace", &other]));
    helm(&["uninstall", "orgform", "--namespace", &own]).ok().unwrap();
}
