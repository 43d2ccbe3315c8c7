//! The wall time and the memory of a whole `orgform plan`, converged, at a provider whose lists hold everybody: a
//! few calls, whatever the number of people.
//!
//! The simulator is a process of its own, and takes 20 ms for each answer while time is taken.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::process::{exponent, peak_of_child, say};
use crate::simulator::Simulator;
use crate::wall::{median, orgform, timed};

/// People in the organization.
const SIZES: [usize; 2] = [1_000, 10_000];
const RUNS: usize = 11;
const KEY: &str = "sim-packetfabric-admin-key-not-for-production";

pub(crate) fn report() -> anyhow::Result<()> {
    say("packetfabric: orgform plan, converged, at 20 ms for each call");
    let mut at_once = Vec::new();
    for size in SIZES {
        let folder = std::env::temp_dir().join(format!("orgform-bulk-{}-{size}", std::process::id()));
        let organization = Organization::converged(&folder, size)?;
        let quick = organization.measure("0ms")?;
        let figure = organization.measure("20ms")?;
        say(&format!(
            "  {size:>6} people, {} calls:  {:>5.0} ms and {:>4.0} MiB; without the 20 ms {:>5.0} ms",
            figure.calls,
            figure.seconds * 1e3,
            figure.mebibytes,
            quick.seconds * 1e3,
        ));
        at_once.push((size, quick.seconds));
        std::fs::remove_dir_all(&folder)?;
    }
    say(&format!("  exponent of growth, without the 20 ms: {:.2}", exponent(&at_once)));
    Ok(())
}

struct Measured {
    seconds: f64,
    mebibytes: f64,
    calls: u32,
}

/// A root and a world in which everybody is who is declared.
struct Organization<'f> {
    folder: &'f Path,
    /// State remembers the endpoint, so that it stays the same.
    address: String,
}

impl<'f> Organization<'f> {
    fn converged(folder: &'f Path, size: usize) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder.join("org/people"))?;
        let simulator = simulator(folder, "127.0.0.1:0", "0ms")?;
        let organization = Self { folder, address: simulator.address().to_owned() };
        organization.declare(size)?;
        organization.run(&["apply", "--yes"], Some(0))?;
        organization
            .run(&["act", "--url", &simulator.url, "--kind", "packetfabric", "accept-all"], Some(0))?;
        organization.run(&["apply", "--yes"], Some(0))?;
        simulator.stop()?;
        Ok(organization)
    }

    fn declare(&self, size: usize) -> anyhow::Result<()> {
        let write = |file: &str, text: &str| std::fs::write(self.folder.join("org").join(file), text);
        write("orgform.yaml", "root: bench-5d27b0e4\nstate:\n  file: { path: .orgform/state.json }\n")?;
        let head = |kind: &str, name: &str| {
            format!("apiVersion: orgform.dev/v1alpha1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec:\n")
        };
        let connection = format!(
            "  packetfabric:\n    endpoint: http://{}\n    credentials: {{ apiKey: {{ env: PF_TOKEN }} }}\n",
            self.address
        );
        write("provider.yaml", &(head("Provider", "packetfabric") + &connection))?;
        let account = "  providerRef: { name: packetfabric }\n  displayName: Acme\n";
        write("account.yaml", &(head("Account", "acme") + account))?;
        let mut people = String::new();
        for number in 0..size {
            write!(
                people,
                "---\n{}  email: p{number}@acme.example\n  memberships:\n    - {{ accountRef: {{ name: acme }}, roles: [regular] }}\n",
                head("Member", &format!("p{number}"))
            )?;
        }
        Ok(write("people/all.yaml", &people)?)
    }

    fn measure(&self, latency: &str) -> anyhow::Result<Measured> {
        let simulator = simulator(self.folder, &self.address, latency)?;
        let plan = ["plan", "--detailed-exitcode"];
        let said = self.run(&plan, Some(0))?;
        let calls = said.split_once("read in ").and_then(|(_, rest)| rest.split(' ').next());
        let calls = calls.context("the number of calls")?.replace(',', "").parse()?;
        let times: Vec<f64> =
            (0..RUNS).map(|_| timed(|| self.run(&plan, Some(0)).map(drop))).collect::<anyhow::Result<_>>()?;
        let mebibytes = peak_of_child(&mut self.command(&plan)?)?;
        simulator.stop()?;
        Ok(Measured { seconds: median(times), mebibytes, calls })
    }

    fn run(&self, arguments: &[&str], code: Option<i32>) -> anyhow::Result<String> {
        let output = self.command(arguments)?.output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let talk = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == code, "orgform {}: {said}{talk}", arguments.join(" "));
        Ok(said)
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(orgform()?);
        command
            .args(arguments)
            .current_dir(self.folder.join("org"))
            .env("PF_TOKEN", KEY)
            .stdin(Stdio::null());
        Ok(command)
    }
}

/// A simulator that keeps its world in a file of the folder.
fn simulator(folder: &Path, address: &str, latency: &str) -> anyhow::Result<Simulator> {
    let file = folder.join("simulator.json").display().to_string();
    Simulator::start(&["packetfabric", "--listen", address, "--latency", latency, "--state", &file])
}
