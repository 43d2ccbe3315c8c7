//! The operator with a large organization on a real API server, a simulator of Pureport behind it.
//!
//! Everybody is applied, invited, and accepts; then what is measured is what an operator does all day: start where
//! there is nothing to do, look again, carry one edit to the provider, take five hundred edits at once. The API server,
//! etcd, the simulator and the operator share the machine.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use orgform_control_plane::ControlPlane;
use orgform_sim::Options;
use orgform_sim::pureport::{self, Act, Sim};

use crate::process::{mebibytes, say};

/// Accounts below the topmost one.
const ACCOUNTS: usize = 773;
const MEMBERS: usize = 10_000;
/// Members that are edited at once.
const BURST: usize = 500;
/// How long anything may take before it counts as never.
const PATIENCE: Duration = Duration::from_secs(900);

/// An operator and what it logs.
struct Operator {
    child: Child,
    lines: Receiver<String>,
    address: String,
    begun: Instant,
}

/// A control plane, a simulator, and a folder for manifests.
struct Bed {
    plane: ControlPlane,
    sim: Sim,
    folder: PathBuf,
}

pub(crate) fn report() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let options = Options { root_account: "Acme".to_owned(), ..Options::default() };
    let sim = runtime.block_on(pureport::start(options))?;
    let plane = ControlPlane::start()?;
    let folder = plane.folder().join("bench");
    std::fs::create_dir_all(&folder)?;
    let mut bed = Bed { plane, sim, folder };
    say(&format!("operator: {MEMBERS} Members in {} accounts on a real API server", ACCOUNTS + 1));
    bed.kubectl(&["apply", "--server-side", "-f", &path("crds")])?;
    for kind in ["providers", "accounts", "roles", "members", "apikeys"] {
        bed.plane.kubectl().wait_for(
            "default",
            &format!("crd/{kind}.orgform.dev"),
            "condition=Established",
        )?;
    }
    bed.everybody()?;

    let mut first = bed.operator()?;
    first.wait_until_well()?;
    say(&format!("  first pass: everybody invited       {:>7.1} s", first.begun.elapsed().as_secs_f64()));
    drop(first);
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 })?;
    let mut second = bed.operator()?;
    second.wait_until_well()?;
    drop(second);

    let before = bed.sim.stats();
    let mut operator = bed.operator()?;
    operator.wait_until_well()?;
    let after = bed.sim.stats();
    say(&format!("  cold start, nothing to do           {:>7.1} s", operator.begun.elapsed().as_secs_f64()));
    say(&format!(
        "    calls {}, writes {}, writes of status {}, log-ins {}",
        after.reads - before.reads,
        after.writes - before.writes,
        operator.metric("orgform_status_writes_total")?,
        after.logins - before.logins
    ));
    operator.tell_memory()?;

    let before = bed.sim.stats();
    bed.kubectl(&["annotate", "oprov/pureport", "--overwrite", "orgform.dev/reconcile-at=1"])?;
    let begun = Instant::now();
    operator.wait_until_well()?;
    let after = bed.sim.stats();
    say(&format!("  a look at everything                {:>7.1} s", begun.elapsed().as_secs_f64()));
    say(&format!(
        "    calls {}, writes {}, writes of status {}, log-ins {}",
        after.reads - before.reads,
        after.writes - before.writes,
        operator.metric("orgform_status_writes_total")?,
        after.logins - before.logins
    ));

    operator.tell_memory()?;

    bed.list_again(&mut operator)?;
    operator.tell_memory()?;
    bed.one_edit(&mut operator)?;
    bed.burst(&mut operator)?;
    operator.tell_memory()
}

impl Bed {
    fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.plane.kubectl().run(arguments)?.ok()
    }

    /// Puts everybody into the cluster, in as many requests as there are processors.
    fn everybody(&self) -> anyhow::Result<()> {
        let (key, secret) = Sim::admin_key();
        let (key, secret) = (format!("--from-literal=key={key}"), format!("--from-literal=secret={secret}"));
        self.kubectl(&["create", "secret", "generic", "pureport", &key, &secret])?;
        let mut head = format!(
            "{KIND}Provider\nmetadata: {{ name: pureport }}\nspec:\n  pureport:\n    endpoint: {}\n    credentials:\n      \
             key: {{ secretKeyRef: {{ name: pureport, key: key }} }}\n      \
             secret: {{ secretKeyRef: {{ name: pureport, key: secret }} }}\n---\n\
             {KIND}Account\nmetadata: {{ name: acme }}\nspec: {{ providerRef: {{ name: pureport }}, displayName: Acme }}\n---\n",
            self.sim.url()
        );
        for role in ["viewer", "editor"] {
            write!(
                head,
                "{KIND}Role\nmetadata: {{ name: {role} }}\nspec:\n  accountRef: {{ name: acme }}\n  displayName: {role}\n  \
                 permissions: [{{ resources: [networks], actions: [read] }}]\n---\n"
            )?;
        }
        for number in 0..ACCOUNTS {
            write!(
                head,
                "{KIND}Account\nmetadata: {{ name: a{number} }}\nspec: {{ providerRef: {{ name: pureport }}, parentRef: \
                 {{ name: acme }}, displayName: Account {number} }}\n---\n"
            )?;
        }
        let begun = Instant::now();
        let mut files = vec![self.file("head", &head)?];
        for part in 0..4 {
            let members: String = (0..MEMBERS)
                .filter(|number| number % 4 == part)
                .map(|number| member(number, "viewer"))
                .collect();
            files.push(self.file(&format!("members-{part}"), &members)?);
        }
        std::thread::scope(|scope| {
            let made: Vec<_> =
                files.iter().map(|file| scope.spawn(|| self.kubectl(&["create", "-f", file]))).collect();
            made.into_iter()
                .try_for_each(|one| one.join().map_err(|_| anyhow::anyhow!("a thread broke"))?.map(drop))
        })?;
        say(&format!("  kubectl create, four at a time      {:>7.1} s", begun.elapsed().as_secs_f64()));
        Ok(())
    }

    /// The API server goes and comes back, so that everything is listed again.
    fn list_again(&mut self, operator: &mut Operator) -> anyhow::Result<()> {
        operator.hush();
        self.plane.kill_api_server()?;
        self.plane.start_api_server()?;
        let begun = Instant::now();
        operator.wait_until_well()?;
        say(&format!("  a new list of everything            {:>7.1} s", begun.elapsed().as_secs_f64()));
        Ok(())
    }

    /// One person gets another role: how long until the provider has it.
    fn one_edit(&self, operator: &mut Operator) -> anyhow::Result<()> {
        let file = self.file("one", &member(4321, "editor"))?;
        operator.hush();
        let before = self.sim.stats();
        self.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &file])?;
        let begun = Instant::now();
        while self.sim.stats().changes == before.changes {
            ensure!(begun.elapsed() < PATIENCE, "the edit never reached the provider");
            std::thread::yield_now();
        }
        let took = begun.elapsed();
        operator.wait_until_well()?;
        let after = self.sim.stats();
        say(&format!("  one edited Member at the provider   {:>7.1} s", took.as_secs_f64()));
        say(&format!("    reads {}, writes {}", after.reads - before.reads, after.writes - before.writes));
        Ok(())
    }

    /// Many people get one more role at once; so many who lost one would be held.
    fn burst(&self, operator: &mut Operator) -> anyhow::Result<()> {
        let members: String = (0..BURST).map(|number| member(number, "viewer, editor")).collect();
        let file = self.file("burst", &members)?;
        operator.hush();
        let before = self.sim.stats();
        let passes = operator.metric("orgform_passes_total")?;
        let begun = Instant::now();
        self.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &file])?;
        let applied = begun.elapsed();
        let wanted = before.changes + BURST as u64;
        while self.sim.stats().changes < wanted {
            ensure!(begun.elapsed() < PATIENCE, "the edits never reached the provider");
            operator.wait_until_well()?;
        }
        let (after, passes) = (self.sim.stats(), operator.metric("orgform_passes_total")? - passes);
        say(&format!(
            "  {BURST} edited Members                   {:>7.1} s, kubectl's {:.1} s among them",
            begun.elapsed().as_secs_f64(),
            applied.as_secs_f64()
        ));
        say(&format!(
            "    passes {passes}, reads {}, writes {}",
            after.reads - before.reads,
            after.writes - before.writes
        ));
        Ok(())
    }

    fn file(&self, name: &str, text: &str) -> anyhow::Result<String> {
        let path = self.folder.join(format!("{name}.yaml"));
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    fn operator(&self) -> anyhow::Result<Operator> {
        // Of the same build as this program.
        let program = std::env::current_exe()?.with_file_name("orgform-operator");
        let begun = Instant::now();
        let mut child = Command::new(&program)
            .args(["--listen=127.0.0.1:0", "--lease-seconds=30"])
            .env("KUBECONFIG", self.plane.kubeconfig())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let errors = BufReader::new(child.stderr.take().context("it has no log")?);
        let (tell, lines) = channel();
        std::thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let mut operator = Operator { child, lines, address: String::new(), begun };
        let serving = operator.wait_for("serving health and metrics")?;
        let line: serde_json::Value = serde_json::from_str(&serving)?;
        operator.address = line["fields"]["address"].as_str().context("no address")?.to_owned();
        // Who had the lease before gave it back.
        operator.wait_for("this copy works")?;
        operator.begun = begun;
        Ok(operator)
    }
}

impl Operator {
    fn wait_for(&mut self, text: &str) -> anyhow::Result<String> {
        let begun = Instant::now();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            if line.contains(text) {
                return Ok(line);
            }
        }
        bail!("the operator never said {text:?}")
    }

    fn wait_until_well(&mut self) -> anyhow::Result<()> {
        self.wait_for("\"outcome\":\"well\"").map(drop)
    }

    /// Forgets what it said until now.
    fn hush(&mut self) {
        self.lines.try_iter().for_each(drop);
    }

    /// The sum of a metric over all its labels.
    fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: operator\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// Tells how much memory there is in use, and how much was at most since this was last told.
    fn tell_memory(&self) -> anyhow::Result<()> {
        let process = self.child.id().to_string();
        let (now, most) = (mebibytes(&process, "VmRSS")?, mebibytes(&process, "VmHWM")?);
        say(&format!("    memory {now:.0} MiB, at most {most:.0} MiB"));
        // Linux forgets the most that there was: proc(5), `clear_refs`.
        Ok(std::fs::write(format!("/proc/{process}/clear_refs"), "5")?)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // It gives its lease back.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// How every object begins.
const KIND: &str = "apiVersion: orgform.dev/v1alpha1\nkind: ";

fn member(number: usize, role: &str) -> String {
    format!(
        "{KIND}Member\nmetadata: {{ name: m{number} }}\nspec:\n  email: m{number}@acme.example\n  \
         memberships: [{{ accountRef: {{ name: a{} }}, roles: [{role}] }}]\n---\n",
        number % ACCOUNTS
    )
}

fn path(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).display().to_string()
}
