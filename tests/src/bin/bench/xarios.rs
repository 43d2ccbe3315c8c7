//! The wall time of a whole `orgform plan` of Xarios, converged, where each user is a call: against what so many calls
//! take at least.
//!
//! The simulator is a process of its own, and takes 20 ms for each answer.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::process::say;
use crate::simulator::Simulator;
use crate::wall::{median, orgform, timed};

/// All who are there: a fresh world has no users.
const USERS: u32 = 1_000;
/// Calls that others wait for: the log-in, the list of accounts, and the list of users of the only account.
const FIRST: u32 = 3;
const LATENCY_MS: u32 = 20;
const RUNS: usize = 11;

pub(crate) fn report() -> anyhow::Result<()> {
    let at_once = u32::try_from(orgform_xarios::CAPABILITIES.rate.concurrency)?;
    say(&format!(
        "xarios: orgform plan, converged, at {LATENCY_MS} ms for each call, {at_once} calls at once"
    ));
    let root = std::env::temp_dir().join(format!("orgform-xarios-{}", std::process::id()));
    std::fs::create_dir_all(&root)?;
    let simulator = Simulator::start(&["xarios", "--latency", &format!("{LATENCY_MS}ms")])?;
    let measured = measure(&root, &simulator.url);
    drop(simulator);
    std::fs::remove_dir_all(&root)?;
    let (calls, seconds) = measured?;
    ensure!(calls == FIRST + USERS, "{calls} calls, {} are needed", FIRST + USERS);
    let milliseconds = seconds * 1e3;
    let of_users = f64::from(USERS * LATENCY_MS) / f64::from(at_once);
    let least = f64::from((FIRST + USERS.div_ceil(at_once)) * LATENCY_MS);
    say(&format!(
        "  {USERS} users, {calls} calls, median of {RUNS}:  {milliseconds:>5.0} ms; users × latency ÷ concurrency \
         {of_users:.0} ms, ratio {:.2}; the least for all calls {least:.0} ms, ratio {:.2}",
        milliseconds / of_users,
        milliseconds / least,
    ));
    ensure!(milliseconds / of_users <= 1.3, "more than 1.3 times users × latency ÷ concurrency");
    Ok(())
}

/// How many calls a converged plan makes, and the seconds that it takes.
fn measure(root: &Path, url: &str) -> anyhow::Result<(u32, f64)> {
    declare(root, url)?;
    orgform_in(root, &["apply", "--yes"])?;
    let plan = ["plan", "--detailed-exitcode"];
    let said = orgform_in(root, &plan)?;
    let calls = said.split_once("read in ").and_then(|(_, rest)| rest.split(' ').next());
    let calls = calls.context("the number of calls")?.replace(',', "").parse()?;
    let runs = (0..RUNS).map(|_| timed(|| orgform_in(root, &plan).map(drop)));
    Ok((calls, median(runs.collect::<anyhow::Result<Vec<_>>>()?)))
}

fn declare(root: &Path, url: &str) -> anyhow::Result<()> {
    let version = "apiVersion: orgform.dev/v1alpha1";
    std::fs::write(root.join("orgform.yaml"), "root: bench-xarios\n")?;
    let mut text = format!(
        "{version}\nkind: Provider\nmetadata: {{ name: xarios }}\nspec:\n  xarios:\n    endpoint: {url}\n    credentials:\n      \
         clientId: {{ env: XARIOS_CLIENT_ID }}\n      clientSecret: {{ env: XARIOS_CLIENT_SECRET }}\n      refreshToken: {{ \
         env: XARIOS_REFRESH_TOKEN }}\n---\n{version}\nkind: Account\nmetadata: {{ name: acme }}\nspec: {{ providerRef: {{ \
         name: xarios }}, displayName: Acme }}\n"
    );
    for number in 0..USERS {
        write!(
            text,
            "---\n{version}\nkind: Member\nmetadata: {{ name: p{number} }}\nspec: {{ email: p{number}@acme.example, \
             memberships: [{{ accountRef: {{ name: acme }}, roles: [webhooks.admin] }}] }}\n"
        )?;
    }
    Ok(std::fs::write(root.join("org.yaml"), text)?)
}

fn orgform_in(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let approval = orgform_sim::xarios::Sim::admin();
    let output = Command::new(orgform()?)
        .args(arguments)
        .current_dir(root)
        .env("XARIOS_CLIENT_ID", approval.client_id)
        .env("XARIOS_CLIENT_SECRET", approval.client_secret)
        .env("XARIOS_REFRESH_TOKEN", approval.refresh_token)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let talk = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "orgform {}: {said}{talk}", arguments.join(" "));
    Ok(said)
}
