//! `orgform sim` in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::wall::orgform;

pub(crate) struct Simulator {
    child: Child,
    pub(crate) url: String,
}

impl Simulator {
    /// Starts it, and waits until it says where it listens.
    pub(crate) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(orgform()?)
            .arg("sim")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let url = line.trim().split_once("endpoint: ").context("the simulator did not start")?.1.to_owned();
        Ok(Self { child, url })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Ends it as ctrl-C does, so that its world is kept.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let stopped = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        ensure!(stopped.success(), "the simulator can't be stopped");
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
