//! The server that the tests of this binary share, with our definitions in it.

use std::path::Path;
use std::sync::OnceLock;

use orgform_control_plane::{ControlPlane, Said};

/// The shared control plane; our kinds are known there.
pub(crate) fn plane() -> &'static ControlPlane {
    static READY: OnceLock<()> = OnceLock::new();
    let plane = ControlPlane::shared();
    READY.get_or_init(|| {
        let said = plane.kubectl().run(&["apply", "-f", &path("crds")]).unwrap();
        assert!(said.success && said.err.is_empty(), "{said:?}");
        for kind in ["providers", "accounts", "roles", "members", "apikeys"] {
            let definition = format!("crd/{kind}.orgform.dev");
            plane.kubectl().wait_for("default", &definition, "condition=Established").unwrap();
        }
    });
    plane
}

/// A path in the repository.
pub(crate) fn path(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    root.join(name).display().to_string()
}

/// An object of ours in YAML.
pub(crate) fn object(kind: &str, name: &str, spec: &str) -> String {
    format!("apiVersion: orgform.dev/v1alpha1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec: {spec}\n")
}

/// Asks the server to take objects without keeping them.
pub(crate) fn try_out(namespace: &str, objects: &str) -> Said {
    plane()
        .kubectl()
        .feed(&["apply", "--namespace", namespace, "--dry-run=server", "-f", "-"], objects)
        .unwrap()
}

/// Puts objects into a namespace.
pub(crate) fn apply(namespace: &str, objects: &str) -> Said {
    plane().kubectl().feed(&["apply", "--namespace", namespace, "-f", "-"], objects).unwrap()
}
