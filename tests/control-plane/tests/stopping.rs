//! Nothing of a control plane is left, however its test ends.

use std::path::Path;
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
    let folder = folder.unwrap();
    let until = Instant::now() + WAIT;
    while folder.exists() || !running(&folder).is_empty() {
        assert!(Instant::now() < until, "{} is there, with {:?}", folder.display(), running(&folder));
        std::thread::yield_now();
    }
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
