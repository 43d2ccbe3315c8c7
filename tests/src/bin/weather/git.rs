//! A repository for roots that keep their state on a branch.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use std::io::Write;

const BRANCH: &str = "refs/heads/orgform-state";
const LEASE: &str = "weather.lease.json";

/// Makes the folder a repository.
pub(crate) fn init(root: &Path) -> anyhow::Result<()> {
    git(root, &["init", "--quiet", "--initial-branch=main"], "")?;
    git(root, &["config", "user.name", "weather"], "")?;
    git(root, &["config", "user.email", "weather@acme.example"], "").map(drop)
}

/// Makes the lease of a killed process one that has run out, as five minutes would.
pub(crate) fn let_lease_run_out(root: &Path) -> anyhow::Result<()> {
    let Ok(commit) = git(root, &["rev-parse", "--verify", "--quiet", BRANCH], "") else { return Ok(()) };
    let commit = commit.trim();
    let Ok(lease) = git(root, &["cat-file", "blob", &format!("{commit}:{LEASE}")], "") else { return Ok(()) };
    let mut lease: serde_json::Value = serde_json::from_str(&lease)?;
    lease["until"] = "2020-01-01T00:00:00Z".into();
    let blob = git(root, &["hash-object", "-w", "--stdin"], &lease.to_string())?;
    let tree = git(root, &["ls-tree", commit], "")?;
    let lines: Vec<String> = tree
        .lines()
        .map(|line| match line.ends_with(&format!("\t{LEASE}")) {
            true => format!("100644 blob {}\t{LEASE}", blob.trim()),
            false => line.to_owned(),
        })
        .collect();
    let tree = git(root, &["mktree"], &format!("{}\n", lines.join("\n")))?;
    let new = git(root, &["commit-tree", tree.trim(), "-p", commit, "-m", "time passes"], "")?;
    git(root, &["update-ref", BRANCH, new.trim(), commit], "").map(drop)
}

fn git(root: &Path, arguments: &[&str], input: &str) -> anyhow::Result<String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(root);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("could not start git")?;
    child.stdin.take().context("no stdin")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {}: {said}", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}
