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
    let mut out = stdout();
    writeln!(out, "export KUBECONFIG={}", plane.kubeconfig().display())?;
    writeln!(out, "export PATH={}:$PATH", folder.display())?;
    writeln!(out, "# It runs until this is stopped: Ctrl-C, or the end of its input.")?;
    out.flush()?;
    std::io::copy(&mut stdin().lock(), &mut std::io::sink())?;
    Ok(())
}
