//! Stops programs and deletes their folder when the test is over, however it ends.
//!
//! A shell that waits for the end of its input: that comes when the test lets go of it, and also when the test's
//! process is killed. Nothing that runs inside of the test could do that.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

const SCRIPT: &str = r#"
trap '' INT TERM HUP
read -r _
while read -r pid; do kill -9 "$pid" 2>/dev/null; done < "$1/pids"
for _ in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null && break; done
"#;

/// The keeper of one folder and of the programs that were started for it.
#[derive(Debug)]
pub(crate) struct Keeper {
    shell: Child,
    pids: PathBuf,
}

impl Keeper {
    /// Keeps a folder.
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
        let pids = folder.join("pids");
        File::create(&pids).context("could not write into the folder of the control plane")?;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "keeper"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start `sh`")?;
        Ok(Self { shell, pids })
    }

    /// Takes a program in.
    pub(crate) fn take(&self, program: &Child) -> anyhow::Result<()> {
        let mut pids = OpenOptions::new().append(true).open(&self.pids)?;
        writeln!(pids, "{}", program.id()).context("could not note a program")
    }

    /// Stops everything.
    pub(crate) fn stop(&mut self) {
        drop(self.shell.stdin.take());
        // Whether it could stop them shows in the tests of this crate; there is nobody to tell here.
        let _ = self.shell.wait();
    }
}
