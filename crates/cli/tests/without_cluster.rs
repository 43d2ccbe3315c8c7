//! A build without the Kubernetes client says so, and which builds have it.
#![cfg(not(feature = "cluster"))]

use std::process::Command;

#[test]
fn a_plan_for_a_cluster_is_refused_with_what_has_it() {
    for arguments in [&["plan", "--cluster"][..], &["plan", "--cluster", "-n", "people"]] {
        let run = Command::new(env!("CARGO_BIN_EXE_orgform")).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{said}");
        assert!(said.contains("releases can") && said.contains("--features cluster"), "{said}");
    }
    let help = Command::new(env!("CARGO_BIN_EXE_orgform")).args(["plan", "--help"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("--cluster"));
}
