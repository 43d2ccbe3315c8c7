//! `examples/acme` in a cluster.

use crate::bed::{path, plane};

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_example_of_the_cli_is_the_example_of_the_cluster() {
    let namespace = plane().namespace().unwrap();
    let kubectl = plane().kubectl();
    let applied = kubectl.run(&["apply", "--namespace", &namespace, "-k", &path("examples/acme")]).unwrap();
    let said = applied.ok().unwrap();
    // The connection, 3 accounts, 5 roles, 10 people, a key.
    assert_eq!(said.lines().count(), 20, "{said}");
    let again = kubectl.run(&["apply", "--namespace", &namespace, "-k", &path("examples/acme")]).unwrap();
    assert!(again.ok().unwrap().lines().all(|line| line.ends_with("unchanged")));
    let block =
        kubectl.run(&["get", "--namespace", &namespace, "oprov/pureport", "-o", "jsonpath={.spec.pureport}"]);
    let block: serde_json::Value = serde_json::from_str(&block.unwrap().ok().unwrap()).unwrap();
    assert!(block.get("simulator").is_none(), "{block}");
    assert_eq!(block["credentials"]["key"]["secretKeyRef"]["name"], "pureport");
}
