//! Tells the story, step by step, and stops at the first step that does not end as it should.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use super::commits::{Commit, edit};
use super::org::{Org, ROOT};
use super::{Dice, Options};
use crate::{generate, run};

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let profile = if options.release { "release" } else { "debug" };
    let mut build = vec!["build", "--quiet", "--package", "orgform"];
    build.extend(options.release.then_some("--release"));
    run::cargo(&build)?;

    let folder = match &options.root {
        Some(root) => root.clone(),
        None => std::env::temp_dir().join(format!("orgform-real-org-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder)?;
    let result = tell(options, &folder, &generate::binary(profile));
    if options.root.is_none() && result.is_ok() {
        std::fs::remove_dir_all(&folder)?;
    } else {
        run::say(&format!("The manifests and the state are in {}.", folder.display()));
    }
    result
}

fn tell(options: &Options, folder: &Path, binary: &Path) -> anyhow::Result<()> {
    let mut dice = Dice::new(options.seed);
    let mut org = Org::read()?;
    let simulator = Simulator::start(binary, folder)?;
    let root = folder.join("org");
    std::fs::create_dir_all(&root)?;
    std::fs::write(root.join("orgform.yaml"), "root: real-org\n")?;
    std::fs::write(root.join("provider.yaml"), provider(&simulator.url))?;
    std::fs::write(root.join("federation.yaml"), federation())?;
    let mut files = org.write(&root, None)?;
    let orgform = Orgform { binary: binary.to_owned(), root, simulator };
    run::say(&format!(
        "{} accounts, {} people, {} memberships, {} files",
        org.accounts.len() + 1,
        org.people.len(),
        org.memberships(),
        files.len() + 3
    ));

    orgform.step("validate", &["validate"], &[0])?;
    orgform.step("first plan", &["plan", "--detailed-exitcode", "--quiet"], &[2])?;
    orgform.step("first apply", &["apply", "--yes", "--quiet"], &[0])?;
    orgform.accept_all(options.seed)?;
    // Nine in ten have joined; nobody is mailed again and nothing is written.
    let mails = orgform.simulator.mails()?;
    orgform.step("plan once people have joined", &["plan", "--detailed-exitcode"], &[0])?;
    orgform.step("apply writes nothing", &["apply", "--yes"], &[0])?;
    if orgform.simulator.mails()? != mails {
        bail!("a converged run sent a mail");
    }
    let imported = orgform.import(&folder.join("imported"))?;
    orgform.take_over(&folder.join("imported"))?;
    if orgform.import(&folder.join("imported-again"))? != imported {
        bail!("the same organization was imported as other files");
    }
    for index in 0..options.commits {
        let commit = edit(index, &mut org, &mut dice);
        run::say(&format!("\ncommit {}: {}", index + 1, commit.subject));
        files = org.write(&orgform.root, Some(&files))?;
        orgform.land(&commit)?;
    }
    run::say(&format!("\n{} commits, each ended in an empty plan.", options.commits));
    orgform.simulator.tell_figures()
}

fn provider(url: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Provider\nmetadata: {{ name: pureport }}\nspec:\n  pureport:\n    \
         endpoint: {url}\n    credentials:\n      key: {{ env: PUREPORT_API_KEY }}\n      \
         secret: {{ env: PUREPORT_API_SECRET }}\n"
    )
}

fn federation() -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: federation }}\nspec:\n  \
         providerRef: {{ name: pureport }}\n  displayName: {ROOT}\n"
    )
}

/// The binary, as a person would run it in the root.
struct Orgform {
    binary: PathBuf,
    root: PathBuf,
    simulator: Simulator,
}

impl Orgform {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.root).envs(&self.simulator.credentials);
        command
    }

    /// Runs one command, shows its last line that is no brace, and checks the exit code.
    fn step(&self, what: &str, arguments: &[&str], codes: &[i32]) -> anyhow::Result<String> {
        let start = Instant::now();
        let before = self.simulator.requests()?;
        let output = self.command(arguments).output().context("could not start orgform")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let code = output.status.code().unwrap_or(-1);
        if !codes.contains(&code) {
            bail!(
                "{what}: `orgform {}` ended with {code}\n{text}\n{}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let calls = self.simulator.requests()? - before;
        let last = text.lines().rfind(|line| !matches!(line.trim(), "" | "}")).unwrap_or_default().to_owned();
        run::say(&format!("{what:<30} {:>6.1} s {calls:>7} calls   {last}", start.elapsed().as_secs_f64()));
        Ok(text)
    }

    fn accept_all(&self, seed: u64) -> anyhow::Result<()> {
        let seed = seed.to_string();
        let url = self.simulator.url.clone();
        let arguments = ["act", "--url", &url, "accept-all", "--except", "10%", "--seed", &seed];
        self.step("nine in ten people accept", &arguments, &[0]).map(drop)
    }

    /// Imports into a root of its own, and gives back what was written.
    fn import(&self, root: &Path) -> anyhow::Result<BTreeMap<PathBuf, String>> {
        std::fs::create_dir_all(root)?;
        std::fs::write(root.join("orgform.yaml"), "root: imported\n")?;
        std::fs::write(root.join("provider.yaml"), provider(&self.simulator.url))?;
        let at = root.to_string_lossy();
        self.step("import into an empty root", &["-C", &at, "import", "pureport"], &[0])?;
        let mut files = BTreeMap::new();
        for folder in ["accounts", "roles", "people"] {
            for entry in std::fs::read_dir(root.join(folder))? {
                let path = entry?.path();
                let text = std::fs::read_to_string(&path)?;
                files.insert(path.strip_prefix(root)?.to_owned(), text);
            }
        }
        Ok(files)
    }

    /// Takes over what was imported: nothing is planned but that, and nothing is written.
    fn take_over(&self, root: &Path) -> anyhow::Result<()> {
        let (at, before) = (root.to_string_lossy(), self.simulator.writes()?);
        let plan = self.step("  plan", &["-C", &at, "plan", "--format", "json"], &[0])?;
        let plan: serde_json::Value = serde_json::from_str(&plan)?;
        let of_plan = |list: &str| plan.pointer(&format!("/plans/0/{list}")).and_then(|list| list.as_array());
        for list in ["changes", "refused", "held", "deferred"] {
            if of_plan(list).is_none_or(|list| !list.is_empty()) {
                bail!("what was imported plans something: {list}");
            }
        }
        self.step("  apply takes it over", &["-C", &at, "apply", "--yes", "--quiet"], &[0])?;
        if self.simulator.writes()? != before {
            bail!("taking over wrote something");
        }
        Ok(())
    }

    /// Plans, applies, and plans again: that one must be empty.
    ///
    /// The commits of a month pass within the 24 hours of the limits, so a small team can be over its limit
    /// without anybody's fault: what is held is released, as its owner would do.
    fn land(&self, commit: &Commit) -> anyhow::Result<()> {
        let plan = self.step("  plan", &["plan", "--format", "json"], &[0, 3])?;
        let held = held_digests(&plan)?;
        if commit.held && held.is_empty() {
            bail!("the plan holds nothing");
        }
        let mut apply = vec!["apply", "--yes", "--quiet"];
        apply.extend(held.iter().flat_map(|digest| ["--release", digest]));
        self.step(if held.is_empty() { "  apply" } else { "  apply --release" }, &apply, &[0])?;
        self.step("  plan again", &["plan", "--detailed-exitcode"], &[0]).map(drop)
    }
}

fn held_digests(plan: &str) -> anyhow::Result<Vec<String>> {
    let json: serde_json::Value = serde_json::from_str(plan)?;
    let held =
        json.pointer("/plans/0/held").and_then(|held| held.as_array()).context("no list of held groups")?;
    let digest = |group: &serde_json::Value| group["digest"].as_str().map(str::to_owned);
    held.iter().map(|group| digest(group).context("a held group without a digest")).collect()
}

/// `orgform sim pureport` in its own process; it ends with the story.
struct Simulator {
    child: Child,
    url: String,
    credentials: BTreeMap<String, String>,
}

impl Simulator {
    fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let state = folder.join("simulator.json");
        let mut child = Command::new(binary)
            .args(["sim", "pureport", "--root-account", ROOT, "--state"])
            .arg(&state)
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start the simulator")?;
        let stdout = child.stdout.take().context("the simulator has no output")?;
        let mut url = None;
        let mut credentials = BTreeMap::new();
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if let Some((name, value)) =
                line.trim().strip_prefix("export ").and_then(|rest| rest.split_once('='))
            {
                credentials.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            }
            if let Some(at) = line.find("http://") {
                url = line[at..].split_whitespace().next().map(|url| url.trim_end_matches('.').to_owned());
            }
            if url.is_some()
                && credentials.contains_key("PUREPORT_API_KEY")
                && credentials.contains_key("PUREPORT_API_SECRET")
            {
                break;
            }
        }
        let url = url.context("the simulator did not say where it is")?;
        Ok(Self { child, url, credentials })
    }

    fn stats(&self) -> anyhow::Result<serde_json::Value> {
        let text = get(&self.url, "/__stats")?;
        serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))
    }

    fn requests(&self) -> anyhow::Result<u64> {
        let stats = self.stats()?;
        stats.pointer("/total").and_then(serde_json::Value::as_u64).context("the stats have no `total`")
    }

    fn writes(&self) -> anyhow::Result<u64> {
        let stats = self.stats()?;
        stats.pointer("/writes").and_then(serde_json::Value::as_u64).context("the stats have no `writes`")
    }

    fn mails(&self) -> anyhow::Result<u64> {
        let stats = self.stats()?;
        stats.pointer("/mails").and_then(serde_json::Value::as_u64).context("the stats have no mails")
    }

    fn tell_figures(&self) -> anyhow::Result<()> {
        run::say(&format!("{} requests and {} mails in all.", self.requests()?, self.mails()?));
        Ok(())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It writes its state before it answers, so there is nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One plain HTTP request on loopback: a client would be the only heavy dependency here.
fn get(url: &str, path: &str) -> anyhow::Result<String> {
    use std::io::{Read, Write};
    let address = url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
    Ok(body.to_owned())
}
