//! Counts of instructions and cache misses: figures that a busy machine does not change.
//!
//! Taken with valgrind where it is installed, from the difference between two runs and one of the same work, so that
//! what comes before and after does not count. The cache is a modelled one, the same on every machine.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// A small core's own caches: 32 KiB, then 1 MiB.
const CACHES: [&str; 3] = ["--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,16,64"];

/// What one run of some work takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) instructions: f64,
    /// Loads and stores that find their line in neither cache.
    pub(crate) misses: f64,
}

/// Counts a measurement of this program; none where valgrind is not installed.
pub(crate) fn count(name: &str, size: usize) -> anyhow::Result<Option<Count>> {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        return Ok(None);
    }
    let (once, twice) = (valgrind(name, size, 1)?, valgrind(name, size, 2)?);
    let (instructions, misses) = (twice.instructions - once.instructions, twice.misses - once.misses);
    Ok(Some(Count { instructions, misses }))
}

fn valgrind(name: &str, size: usize, times: usize) -> anyhow::Result<Count> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=yes", "--cachegrind-out-file=/dev/null"])
        .args(CACHES)
        .arg(std::env::current_exe()?)
        .args(["child", name, &size.to_string(), &times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} {size} under valgrind failed: {said}");
    Ok(Count { instructions: figure(&said, "I refs")?, misses: figure(&said, "LLd misses")? })
}

/// The figure of a line such as `==1== I   refs:      38,113,534`.
fn figure(said: &str, name: &str) -> anyhow::Result<f64> {
    let words = |line: &str| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = said.lines().map(words).collect();
    let figure = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let figure = figure.with_context(|| format!("valgrind tells no {name}"))?;
    Ok(figure.split(' ').next().unwrap_or_default().replace(',', "").parse()?)
}
