//! Nothing of a control plane is left, however its test ends.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use orgform_control_plane::{ControlPlane, WAIT};

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_panic_stops_it_and_takes_its_folder_away() {
    let mut folder = None;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let plane = ControlPlane::start().unwrap();
        folder = Some(plane.folder().to_owned());
        panic!("a test fails");
    }));
    assert!(panicked.is_err());
    nothing_is_left_of(&folder.unwrap());
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_kill_stops_it_too() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_control-plane"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let kubeconfig = PathBuf::from(line.trim().strip_prefix("export KUBECONFIG=").unwrap());
    let folder = kubeconfig.parent().unwrap();
    assert_eq!(running(folder).len(), 4, "three servers and the keeper: {:?}", running(folder));
    program.kill().unwrap();
    program.wait().unwrap();
    nothing_is_left_of(folder);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn it_survives_a_crash_of_its_api_server() {
    let mut plane = ControlPlane::start().unwrap();
    plane.kubectl().run(&["create", "namespace", "kept"]).unwrap().ok().unwrap();
    plane.kill_api_server().unwrap();
    assert!(!plane.kubectl().run(&["get", "namespace", "kept"]).unwrap().success);
    plane.start_api_server().unwrap();
    plane.kubectl().run(&["get", "namespace", "kept"]).unwrap().ok().unwrap();
}

fn nothing_is_left_of(folder: &Path) {
    let until = Instant::now() + WAIT;
    while folder.exists() || !running(folder).is_empty() {
        assert!(Instant::now() < until, "{} is there, with {:?}", folder.display(), running(folder));
        std::thread::yield_now();
    }
}

/// Processes that were started with this folder in their arguments.
fn running(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let lines = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().parse::<u32>().ok()?;
        let line = std::fs::read_to_string(format!("/proc/{name}/cmdline")).ok()?;
        (line.contains(&folder) && name != std::process::id()).then_some(line)
    });
    lines.collect()
}
