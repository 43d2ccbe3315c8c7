//! A control plane to try things out on: runs until it is stopped, and leaves nothing.
//!
//! The first two lines are for a shell: who may do everything, and where kubectl and Helm are.

use std::io::{Write, stdin, stdout};

use anyhow::Context;
use orgform_control_plane::{ControlPlane, program};

fn main() -> anyhow::Result<()> {
    let plane = ControlPlane::start()?;
    let kubectl = program("kubectl")?.canonicalize()?;
    let folder = kubectl.parent().context("kubectl is in no folder")?;
    // At once: who reads two lines may read no further.
    let text = format!(
        "export KUBECONFIG={}\nexport PATH={}:$PATH\n# It runs until this is stopped: Ctrl-C, or the end of its input.\n",
        plane.kubeconfig().display(),
        folder.display()
    );
    stdout().write_all(text.as_bytes())?;
    std::io::copy(&mut stdin().lock(), &mut std::io::sink())?;
    Ok(())
}
