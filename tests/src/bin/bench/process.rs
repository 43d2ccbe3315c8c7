//! One measurement in a process of its own, and the figures that it prints.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// What a measurement prints: seconds of the best of several runs, and peak memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) seconds: f64,
    pub(crate) mebibytes: f64,
}

/// Runs a measurement of this program in a new process.
pub(crate) fn run(name: &str, size: usize) -> anyhow::Result<Figure> {
    let output = Command::new(std::env::current_exe()?).args(["child", name, &size.to_string()]).output()?;
    if !output.status.success() {
        bail!("{name} {size} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    let (seconds, mebibytes) = text.trim().split_once(' ').context("two figures")?;
    Ok(Figure { seconds: seconds.parse()?, mebibytes: mebibytes.parse()? })
}

/// Does something several times and prints the best time and the peak memory of this process.
#[allow(clippy::print_stdout, reason = "the figures are what the parent process reads")]
pub(crate) fn best_of(times: usize, mut work: impl FnMut()) -> anyhow::Result<()> {
    let mut best = Duration::MAX;
    for _ in 0..times {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
    }
    println!("{} {}", best.as_secs_f64(), peak_mebibytes("self")?);
    Ok(())
}

/// The most memory that another program had, as far as could be seen while it ran, in MiB.
pub(crate) fn peak_of_child(command: &mut Command) -> anyhow::Result<f64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak: f64 = 0.0;
    while child.try_wait()?.is_none() {
        // A program that has just ended has no memory any more.
        peak = peak.max(peak_mebibytes(&child.id().to_string()).unwrap_or(0.0));
    }
    Ok(peak)
}

/// The most memory that a process ever had, in MiB.
fn peak_mebibytes(process: &str) -> anyhow::Result<f64> {
    mebibytes(process, "VmHWM")
}

/// What the kernel counts of a process, in MiB: `VmRSS` now, `VmHWM` at most.
pub(crate) fn mebibytes(process: &str, field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let line = line.with_context(|| format!("no {field}"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes / 1024.0)
}

/// Tells a figure.
#[allow(clippy::print_stdout, reason = "the figures are the output")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// The exponent of growth between the smallest and the largest size: 1 is linear.
pub(crate) fn exponent(figures: &[(usize, f64)]) -> f64 {
    let (Some((small, fast)), Some((large, slow))) = (figures.first(), figures.last()) else {
        return f64::NAN;
    };
    #[allow(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
    let sizes = (*large as f64 / *small as f64).ln();
    (slow / fast).ln() / sizes
}
