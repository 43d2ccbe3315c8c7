//! The binary under test, built as it is now.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of `orgform`, built once per test program with the profile of the tests.
pub(crate) fn orgform() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // A test program is in TARGET/PROFILE/deps.
        let program = std::env::current_exe().unwrap();
        let profile = program.ancestors().nth(2).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "orgform", "--bin", "orgform", "--target-dir"]);
        build.arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            build.arg("--release");
        }
        // What cargo tells a test program of its package is not for another build: build scripts that look at it
        // would run again, and everything above them.
        for (name, _) in std::env::vars_os() {
            let told = name.to_str().is_some_and(|name| {
                ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                    .iter()
                    .any(|of| name.starts_with(of))
            });
            if told {
                build.env_remove(name);
            }
        }
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(built.success(), "orgform does not build");
        profile.join(if cfg!(windows) { "orgform.exe" } else { "orgform" })
    })
}
