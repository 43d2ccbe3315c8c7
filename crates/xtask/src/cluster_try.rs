//! The whole thing in a cluster, to look at: a control plane, a simulator of Pureport, the chart, the operator, and the
//! example, by the commands that the README shows.
//!
//! It runs until its input ends or ctrl-C. The cluster is gone then; the simulator's world stays in
//! `target/cluster-try`, so that the next run finds everybody there and has nothing to do.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Read, Write, sink, stdin};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::{cluster, run};

/// How long something may take that usually takes seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// A program that is stopped when this goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A control plane, and who may do everything there.
struct Plane {
    _input: ChildStdin,
    _running: Running,
    kubeconfig: PathBuf,
    path: String,
}

/// A simulator of Pureport.
struct Simulator {
    running: Running,
    url: String,
    key: String,
    secret: String,
}

/// What a simulator has counted in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Counts {
    writes: u64,
    mails: u64,
}

/// Shows it, and keeps it running.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = run::target().join("cluster-try");
    std::fs::create_dir_all(&folder).context("could not make target/cluster-try")?;
    cluster::build_programs()?;
    let packages =
        ["--package", "orgform", "--package", "orgform-operator", "--package", "orgform-control-plane"];
    run::cargo(&[&["build", "--quiet"], &packages[..]].concat())?;
    let world = folder.join("pureport.json");
    let is_new = !world.exists();
    let simulator = simulator(&world)?;
    let plane = plane()?;
    run::say(&format!(
        "A control plane and a simulator of Pureport run. {}",
        if is_new {
            "The simulator's world is new."
        } else {
            "The simulator's world is that of the last time."
        }
    ));

    let mails = simulator.counts()?.mails;
    let chart = run::root().join("charts/orgform").display().to_string();
    // The example has an API key, whose secret goes into a Secret.
    let more = ["--namespace", "orgform", "--create-namespace", "--set", "secrets.write=true"];
    plane.show("helm", &[&["install", "orgform", &chart], &more[..]].concat())?;
    say(
        "No pod starts here, there is no node. So the program itself runs, with the pod's arguments and account.",
    );
    let (operator, log) = plane.operator(&folder.join("operator.log"))?;
    let (key, secret) = (&simulator.key, &simulator.secret);
    let (key, secret) = (format!("--from-literal=key={key}"), format!("--from-literal=secret={secret}"));
    plane.show("kubectl", &["create", "secret", "generic", "pureport", &key, &secret])?;
    let example = overlay(&folder, &simulator.url)?;
    plane.show("kubectl", &["apply", "--server-side", "-k", &example])?;
    say("That is examples/acme with the simulator's address.");
    let kinds = "providers,accounts,orole,members";
    plane.show("kubectl", &["wait", "--for=condition=Ready", kinds, "--all", "--timeout=180s"])?;
    plane.show("kubectl", &["get", kinds])?;
    let counts = simulator.counts()?;
    say(&match counts.mails - mails {
        0 => "Nothing to do: everybody was there or invited already, and nobody was mailed.".to_owned(),
        sent => format!("{sent} invites were mailed. Their people have access once they accept."),
    });

    log.try_iter().for_each(drop);
    plane.show("kubectl", &["apply", "--server-side", "-k", &example])?;
    plane
        .show("kubectl", &["annotate", "provider/pureport", "--overwrite", "orgform.dev/reconcile-at=now"])?;
    wait_for(&log, "\"outcome\":\"well\"")?;
    ensure!(simulator.counts()? == counts, "a second look wrote something");
    say("It looked again: nothing to do, no write, no mail.");
    say(&next(&plane, &simulator));
    std::io::copy(&mut stdin().lock(), &mut sink())?;
    say("Its input has ended, so the cluster goes; the simulator's world stays for the next time.");
    drop((operator, simulator.running));
    Ok(())
}

/// What somebody can do now, in another terminal.
fn next(plane: &Plane, simulator: &Simulator) -> String {
    let (kubeconfig, url) = (plane.kubeconfig.display(), &simulator.url);
    let programs = plane.path.split(':').next().unwrap_or_default();
    format!(
        "It runs until ctrl-C; the operator's log is target/cluster-try/operator.log. In another terminal:\n\n  \
         export KUBECONFIG={kubeconfig} PATH={programs}:$PATH\n\n  \
         cargo run -- act --url {url} accept grace@acme.example\n  \
         kubectl annotate provider/pureport --overwrite orgform.dev/reconcile-at=$(date +%s)\n  \
         kubectl get member grace                             # she has joined\n  \
         kubectl delete member tim                            # Tim's invite is withdrawn\n  \
         kubectl delete members --all --wait=false            # too many at once: nobody is removed, and\n  \
         kubectl describe provider pureport                   # this says why, and what to do"
    )
}

impl Plane {
    /// Runs a program for somebody who may do everything, and shows it as it would be typed.
    fn show(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let root = format!("{}/", run::root().display());
        let shown: Vec<String> = arguments.iter().map(|one| one.replace(&root, "")).collect();
        say(&format!("$ {program} {}", shown.join(" ")));
        let status = self.command(program).args(arguments).status();
        ensure!(status.with_context(|| format!("could not start {program}"))?.success(), "{program} failed");
        Ok(())
    }

    fn output(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command("kubectl").args(arguments).output().context("could not start kubectl")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(Path::new(&self.path).join(program));
        command.env("KUBECONFIG", &self.kubeconfig).current_dir(run::root());
        // What is learnt of this server is gone with it.
        let home = self.kubeconfig.with_extension("home");
        command.env("KUBECACHEDIR", &home);
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, &home);
        }
        command
    }

    /// Starts the operator with the arguments and the service account of the chart's Deployment.
    fn operator(&self, log: &Path) -> anyhow::Result<(Running, Receiver<String>)> {
        let get = ["get", "--namespace", "orgform", "deployment/orgform", "-o"];
        let arguments = [&get[..], &["jsonpath={.spec.template.spec.containers[0].args}"]].concat();
        let arguments: Vec<String> = serde_json::from_str(&self.output(&arguments)?)?;
        let token = ["create", "token", "orgform", "--namespace", "orgform", "--duration=24h"];
        let token = self.output(&token)?;
        let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&self.kubeconfig)?)?;
        config["users"][0]["user"] = json!({ "token": token.trim() });
        let kubeconfig = self.kubeconfig.with_extension("operator");
        std::fs::write(&kubeconfig, config.to_string())?;
        let mut child = Command::new(built("orgform-operator"))
            .args(arguments.iter().filter(|one| !one.starts_with("--listen=")))
            .arg("--listen=127.0.0.1:0")
            .env("KUBECONFIG", kubeconfig)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("could not start orgform-operator")?;
        let (tell, told) = channel();
        let (lines, mut file) = (child.stderr.take().context("it has no log")?, File::create(log)?);
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                // Whoever reads neither of the two is told nothing.
                let _ = writeln!(file, "{line}");
                let _ = tell.send(line);
            }
        });
        wait_for(&told, "serving health and metrics")?;
        Ok((Running(child), told))
    }
}

impl Simulator {
    fn counts(&self) -> anyhow::Result<Counts> {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).context("the simulator does not answer")?;
        write!(stream, "GET /__stats HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (_, body) = text.split_once("\r\n\r\n").context("the simulator's answer has no body")?;
        let stats: Value =
            serde_json::from_str(body.trim()).context("the simulator's counts can't be read")?;
        let count = |name: &str| stats[name].as_u64().with_context(|| format!("no {name} in its counts"));
        Ok(Counts { writes: count("writes")?, mails: count("mails")? })
    }
}

fn plane() -> anyhow::Result<Plane> {
    let mut child = Command::new(built("control-plane"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start the control plane")?;
    let input = child.stdin.take().context("it has no input")?;
    let mut lines = lines(&mut child)?;
    let running = Running(child);
    let kubeconfig = PathBuf::from(exported(&mut lines, "KUBECONFIG")?);
    let path = exported(&mut lines, "PATH")?;
    let path = path.trim_end_matches(":$PATH").to_owned();
    Ok(Plane { _input: input, _running: running, kubeconfig, path })
}

fn simulator(world: &Path) -> anyhow::Result<Simulator> {
    let mut child = Command::new(built("orgform"))
        .args(["sim", "pureport", "--state"])
        .arg(world)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start the simulator")?;
    let mut lines = lines(&mut child)?;
    let running = Running(child);
    let url = next_after(&mut lines, "endpoint: ")?;
    let key = exported(&mut lines, "PUREPORT_API_KEY")?;
    let secret = exported(&mut lines, "PUREPORT_API_SECRET")?;
    Ok(Simulator { running, url, key, secret })
}

/// The example with the simulator's address, as a folder for `kubectl apply --server-side -k`.
fn overlay(folder: &Path, url: &str) -> anyhow::Result<String> {
    // Kustomize takes a folder elsewhere only by a relative path.
    let up = folder.strip_prefix(run::root()).ok().map(|below| "../".repeat(below.components().count()));
    let up = up.context("CARGO_TARGET_DIR has to be inside of the repository for this")?;
    let text = format!(
        "resources: [{up}examples/acme]\npatches:\n  - target: {{ kind: Provider }}\n    patch: |-\n      \
         [{{ \"op\": \"replace\", \"path\": \"/spec/pureport/endpoint\", \"value\": \"{url}\" }}]\n"
    );
    let folder = folder.join("acme");
    std::fs::create_dir_all(&folder)?;
    let text = text.replace("resources: [", "resources: [../");
    std::fs::write(folder.join("kustomization.yaml"), text)?;
    Ok(folder.display().to_string())
}

fn lines(child: &mut Child) -> anyhow::Result<Lines<BufReader<ChildStdout>>> {
    Ok(BufReader::new(child.stdout.take().context("it has no output")?).lines())
}

/// The value of the next line, which a shell would evaluate.
fn exported(lines: &mut Lines<BufReader<ChildStdout>>, name: &str) -> anyhow::Result<String> {
    next_after(lines, &format!("export {name}="))
}

/// What follows these words in the next line.
fn next_after(lines: &mut Lines<BufReader<ChildStdout>>, words: &str) -> anyhow::Result<String> {
    let line = lines.next().with_context(|| format!("it ended before it told {words:?}"))??;
    let (_, value) =
        line.split_once(words).with_context(|| format!("instead of {words:?} it said {line:?}"))?;
    Ok(value.to_owned())
}

/// Waits until a line of a log has this text in it.
fn wait_for(log: &Receiver<String>, text: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    while let Ok(line) = log.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
        if line.contains(text) {
            return Ok(());
        }
    }
    bail!("the operator never said {text:?}; its log is in target/cluster-try")
}

fn built(name: &str) -> PathBuf {
    run::target().join("debug").join(name)
}

/// Tells something, with room around it.
fn say(text: &str) {
    run::say(&format!("\n{text}"));
}
