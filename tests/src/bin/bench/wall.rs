//! The wall time of a whole `orgform plan` of the real organization, converged, against a bare loop of the same
//! HTTP calls, equally concurrent.
//!
//! Both speak to one simulator in a process of its own, on the same machine. Of `orgform` the whole process is timed,
//! of the loop what it does: log in, list the accounts, make the other calls, read each answer as JSON.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::say;

/// How many pairs are run. Both of a pair meet about the same weather, so the ratio of each counts, not of the bests.
const PAIRS: usize = 11;

pub(crate) fn report() -> anyhow::Result<()> {
    say("wall: orgform plan of the real organization, against a bare loop of the same calls");
    let folder = std::env::temp_dir().join(format!("orgform-wall-{}", std::process::id()));
    let organization = folder.display().to_string();
    let story = ["xtask", "real-org", "--release", "--commits", "0", "--root", &organization];
    let output = Command::new("cargo").args(story).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let simulator = Simulator::start(&folder)?;
    let root = folder.join("org");
    simulator.clear_log()?;
    plan(&root)?;
    let calls = simulator.log()?;
    let pairs = (0..PAIRS)
        .map(|_| {
            let ours = timed(|| plan(&root))?;
            let bare = timed(|| simulator.runtime.block_on(simulator.replay(&calls)))?;
            anyhow::Ok((ours, bare))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    drop(simulator);
    std::fs::remove_dir_all(&folder)?;
    let ratios: Vec<f64> = pairs.iter().map(|(ours, bare)| ours / bare).collect();
    let (least, most) =
        ratios.iter().fold((f64::MAX, 0.0), |(least, most), ratio| (ratio.min(least), ratio.max(most)));
    say(&format!(
        "  {} calls, medians of {PAIRS} pairs:  {:>5.0} ms, bare {:>5.0} ms, ratio {:.2} (from {least:.2} to {most:.2})",
        calls.len(),
        median(pairs.iter().map(|(ours, _)| *ours)) * 1e3,
        median(pairs.iter().map(|(_, bare)| *bare)) * 1e3,
        median(ratios),
    ));
    Ok(())
}

/// How many seconds something takes.
pub(crate) fn timed(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn orgform() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("orgform"))
}

fn plan(root: &Path) -> anyhow::Result<()> {
    let (key, secret) = orgform_sim::pureport::Sim::admin_key();
    let output = Command::new(orgform()?)
        .args(["plan", "--detailed-exitcode"])
        .current_dir(root)
        .env("PUREPORT_API_KEY", key)
        .env("PUREPORT_API_SECRET", secret)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// The simulator that the story has left, on the same port: state remembers the endpoint.
struct Simulator {
    child: Child,
    url: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Simulator {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let manifest = std::fs::read_to_string(folder.join("org/provider.yaml"))?;
        let url = manifest.lines().find_map(|line| line.trim().strip_prefix("endpoint: "));
        let url = url.context("the Provider has no endpoint")?.trim_end_matches('/').to_owned();
        let child = Command::new(orgform()?)
            .args(["sim", "pureport", "--listen", url.trim_start_matches("http://"), "--state"])
            .arg(folder.join("simulator.json"))
            .stdout(Stdio::null())
            .spawn()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let simulator = Self { child, url, client: reqwest::Client::new(), runtime };
        simulator.wait()?;
        Ok(simulator)
    }

    fn wait(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        while self.control(Method::GET, "/__stats").is_err() {
            ensure!(start.elapsed() < Duration::from_secs(30), "the simulator does not answer");
            std::thread::yield_now();
        }
        Ok(())
    }

    fn control(&self, method: Method, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        self.runtime.block_on(async { Ok(request.send().await?.error_for_status()?.bytes().await?.to_vec()) })
    }

    fn clear_log(&self) -> anyhow::Result<()> {
        self.control(Method::DELETE, "/__log").map(drop)
    }

    /// The paths that were asked for.
    fn log(&self) -> anyhow::Result<Vec<String>> {
        let log: Value = serde_json::from_slice(&self.control(Method::GET, "/__log")?)?;
        let entries =
            log.as_array().or_else(|| log.get("requests").and_then(Value::as_array)).context("no log")?;
        let reads = entries.iter().filter(|entry| entry["method"] == "GET");
        reads.map(|entry| Ok(entry["path"].as_str().context("a path")?.to_owned())).collect()
    }

    /// The same calls: log in, the list of accounts, then everything else eight at a time.
    async fn replay(&self, calls: &[String]) -> anyhow::Result<()> {
        let client = reqwest::Client::new();
        let (key, secret) = orgform_sim::pureport::Sim::admin_key();
        let login = client.post(format!("{}/login", self.url)).json(&json!({ "key": key, "secret": secret }));
        let answer: Value = login.send().await?.error_for_status()?.json().await?;
        let token = answer["access_token"].as_str().context("a token")?.to_owned();
        let get = |path: &String| {
            let request = client.get(format!("{}{path}", self.url)).bearer_auth(&token);
            async move {
                let answer: Value = request.send().await?.error_for_status()?.json().await?;
                anyhow::Ok(answer)
            }
        };
        let (accounts, rest): (Vec<_>, Vec<_>) = calls.iter().partition(|path| *path == "/accounts");
        for path in accounts {
            get(path).await?;
        }
        let concurrency = orgform_pureport::CAPABILITIES.rate.concurrency;
        stream::iter(rest).map(get).buffer_unordered(concurrency).try_for_each(|_| async { Ok(()) }).await
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
