//! The wall time of a whole `orgform plan` of Xarios, converged, where each user is a call: against the least that so
//! many calls can take, which is users × latency ÷ concurrency.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::process::say;

const USERS: u32 = 1_000;
const LATENCY_MS: u32 = 20;
const RUNS: usize = 5;

pub(crate) fn report() -> anyhow::Result<()> {
    let concurrency = orgform_xarios::CAPABILITIES.rate.concurrency;
    say(&format!(
        "xarios: orgform plan of {USERS} users, {LATENCY_MS} ms a call, {concurrency} calls at once"
    ));
    let root = std::env::temp_dir().join(format!("orgform-xarios-{}", std::process::id()));
    std::fs::create_dir_all(&root)?;
    let mut child = Command::new(orgform()?)
        .args(["sim", "xarios", "--latency", &format!("{LATENCY_MS}ms")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    let url = line.trim().split_once('=').context("no URL")?.1.to_owned();
    let measured = measure(&root, &url);
    child.kill()?;
    child.wait()?;
    std::fs::remove_dir_all(&root)?;
    let mut seconds = measured?;
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().context("no runs")?;
    let slots = f64::from(u32::try_from(concurrency)?);
    let least = f64::from(USERS) * f64::from(LATENCY_MS) / 1e3 / slots;
    say(&format!(
        "  median of {RUNS}: {:.0} ms, the least {:.0} ms, ratio {:.2}",
        median * 1e3,
        least * 1e3,
        median / least
    ));
    ensure!(median / least <= 1.3, "more than 1.3 times the least");
    Ok(())
}

fn measure(root: &Path, url: &str) -> anyhow::Result<Vec<f64>> {
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
    std::fs::write(root.join("org.yaml"), text)?;
    orgform_in(root, &["apply", "--yes"])?;
    (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            orgform_in(root, &["plan", "--detailed-exitcode"])?;
            Ok(start.elapsed().as_secs_f64())
        })
        .collect()
}

fn orgform_in(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let approval = orgform_sim::xarios::Sim::admin();
    let output = Command::new(orgform()?)
        .args(arguments)
        .current_dir(root)
        .env("XARIOS_CLIENT_ID", approval.client_id)
        .env("XARIOS_CLIENT_SECRET", approval.client_secret)
        .env("XARIOS_REFRESH_TOKEN", approval.refresh_token)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

fn orgform() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("orgform"))
}
