//! The wall time of a whole `orgform plan` of the real organization, converged, against a bare loop of the same
//! HTTP calls, equally concurrent.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::say;

/// How often each is run; the best time counts.
const TIMES: usize = 5;

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
    let ours = best(|| plan(&root))?;
    let bare = best(|| simulator.runtime.block_on(simulator.replay(&calls)))?;
    drop(simulator);
    std::fs::remove_dir_all(&folder)?;
    say(&format!(
        "  {} calls  {:>7.0} ms, bare {:>7.0} ms: {:.2} times",
        calls.len(),
        ours.as_secs_f64() * 1e3,
        bare.as_secs_f64() * 1e3,
        ours.as_secs_f64() / bare.as_secs_f64()
    ));
    Ok(())
}

fn best(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn orgform() -> anyhow::Result<PathBuf> {
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
