//! Where the programs are.

use std::path::{Path, PathBuf};

use anyhow::bail;

/// The path of a program: `etcd`, `kube-apiserver`, `kube-controller-manager`, `kubectl` or `helm`.
///
/// # Errors
/// When it was not built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    for folder in assets.into_iter().chain([built()]) {
        let path = folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
    }
    bail!("there is no `{name}`; `cargo xtask cluster --build` builds it (or set KUBEBUILDER_ASSETS)")
}

/// Where `cargo xtask cluster` puts them.
fn built() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("control-plane/bin")
}
