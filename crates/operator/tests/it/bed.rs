//! A namespace, a simulator and an operator.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use jiff::Timestamp;
use orgform_control_plane::{ControlPlane, Kubectl, WAIT};
use orgform_sim::Options;
use orgform_sim::pureport::{self, Sim};
use tokio::runtime::Runtime;

/// The shared control plane; our kinds are known there.
pub(crate) fn plane() -> &'static ControlPlane {
    static READY: OnceLock<()> = OnceLock::new();
    let plane = ControlPlane::shared();
    READY.get_or_init(|| define(&plane.kubectl()));
    plane
}

/// A control plane of a story's own, to be hurt.
pub(crate) fn plane_to_hurt() -> ControlPlane {
    let plane = ControlPlane::start().unwrap();
    define(&plane.kubectl());
    plane
}

/// Makes our kinds known.
pub(crate) fn define(kubectl: &Kubectl) {
    kubectl.run(&["apply", "--server-side", "-f", &path("crds")]).unwrap().ok().unwrap();
    for kind in ["providers", "accounts", "roles", "members", "apikeys"] {
        kubectl.wait_for("default", &format!("crd/{kind}.orgform.dev"), "condition=Established").unwrap();
    }
}

/// A role of the account acme.
pub(crate) const ROLE: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: Role
metadata: { name: read-only }
spec:
  accountRef: { name: acme }
  displayName: Looks on
  permissions: [{ resources: [networks], actions: [read] }]
---
";

/// The topmost account.
pub(crate) const ACCOUNT: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: acme }
spec: { providerRef: { name: pureport }, displayName: Acme }
---
";

/// An account below it.
pub(crate) const LAB: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: lab }
spec: { parentRef: { name: acme }, displayName: Lab }
---
";

/// Somebody who looks on in an account.
pub(crate) fn member(name: &str, account: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
         {name}@acme.example\n  memberships: [{{ accountRef: {{ name: {account} }}, roles: [read-only] }}]\n---\n"
    )
}

/// What to wait for: an object is ready, or not, for this reason.
pub(crate) fn reason(word: &str) -> String {
    format!("jsonpath={{.status.conditions[?(@.type==\"Ready\")].reason}}={word}")
}

/// A path in the repository.
pub(crate) fn path(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    root.join(name).display().to_string()
}

/// A namespace with a simulator behind it.
pub(crate) struct Bed {
    pub(crate) namespace: String,
    pub(crate) sim: Sim,
    pub(crate) runtime: Runtime,
    kubectl: Kubectl,
    kubeconfig: PathBuf,
}

/// A running operator.
pub(crate) struct Operator {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
    address: String,
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self::on(plane())
    }

    /// One on a control plane of its own.
    pub(crate) fn on(plane: &ControlPlane) -> Self {
        let namespace = plane.namespace().unwrap();
        let runtime = Runtime::new().unwrap();
        let options = Options { root_account: "Acme".to_owned(), ..Options::default() };
        let sim = runtime.block_on(pureport::start(options)).unwrap();
        Self { namespace, sim, runtime, kubectl: plane.kubectl(), kubeconfig: plane.kubeconfig() }
    }

    /// For whoever may do everything on its control plane.
    pub(crate) fn kubeconfig(&self) -> &PathBuf {
        &self.kubeconfig
    }

    /// Puts the credential where the Provider looks for it.
    pub(crate) fn secret(&self) {
        let (key, secret) = Sim::admin_key();
        let (key, secret) = (format!("--from-literal=key={key}"), format!("--from-literal=secret={secret}"));
        self.kubectl(&["create", "secret", "generic", "pureport", &key, &secret]);
    }

    /// A Provider that speaks to the simulator; `more` are further lines of its spec.
    pub(crate) fn provider(&self, more: &str) -> String {
        format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Provider\nmetadata: {{ name: pureport }}\nspec:\n  pureport:\n    \
             endpoint: {}\n    credentials:\n      key: {{ secretKeyRef: {{ name: pureport, key: key }} }}\n      \
             secret: {{ secretKeyRef: {{ name: pureport, key: secret }} }}\n{more}---\n",
            self.sim.url()
        )
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let arguments = [&["--namespace", &self.namespace], arguments].concat();
        let said = self.kubectl.run(&arguments).unwrap();
        assert!(said.success, "{}\n{}", said.err, self.all());
        said.out
    }

    pub(crate) fn apply(&self, objects: &str) {
        let arguments = ["apply", "--namespace", &self.namespace, "-f", "-"];
        self.kubectl.feed(&arguments, objects).unwrap().ok().unwrap();
    }

    /// Waits until something holds of an object.
    pub(crate) fn wait(&self, object: &str, holds: &str) {
        if let Err(error) = self.kubectl.wait_for(&self.namespace, object, holds) {
            panic!("{error}\n{}", self.all());
        }
    }

    /// How everything stands, for somebody who has to find out why.
    fn all(&self) -> String {
        let get = ["get", "--namespace", &self.namespace, "oprov,oacc,orole,omem,okey", "-o", "yaml"];
        self.kubectl.run(&get).unwrap().out
    }

    /// A part of an object.
    pub(crate) fn get(&self, object: &str, part: &str) -> String {
        self.kubectl(&["get", object, "-o", &format!("jsonpath={part}")])
    }

    /// Waits until what is made now is younger than an object: ages are told in whole seconds.
    pub(crate) fn pass_its_second(&self, object: &str) {
        let created: Timestamp = self.get(object, "{.metadata.creationTimestamp}").parse().unwrap();
        while Timestamp::now().as_second() <= created.as_second() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What an object's status tells people.
    pub(crate) fn message(&self, object: &str) -> String {
        self.get(object, "{.status.conditions[?(@.type==\"Ready\")].message}")
    }

    /// Runs the first command that an object's status tells to copy.
    pub(crate) fn do_as_told(&self, object: &str) {
        let message = self.message(object);
        let command = message.split('`').find(|text| text.starts_with("kubectl annotate "));
        let words: Vec<&str> = command.unwrap_or_else(|| panic!("{message}")).split(' ').skip(1).collect();
        self.kubectl(&words);
    }

    /// Who has access in an account, and who is invited.
    pub(crate) fn people(&self, account: &str) -> (usize, usize) {
        let truth = self.sim.truth();
        let account = truth.accounts.values().find(|one| one.name == account).unwrap();
        (account.members.len(), account.invites.len())
    }

    /// Starts an operator for this namespace.
    pub(crate) fn operator(&self) -> Operator {
        self.operator_as(&self.kubeconfig, &[])
    }

    /// Starts one with a kubeconfig and more arguments.
    pub(crate) fn operator_as(&self, kubeconfig: &Path, more: &[&str]) -> Operator {
        // A busy machine renews late; a story about leases says what it needs.
        let usual = ["--settle-milliseconds=2000", "--lease-seconds=12"];
        let mut arguments: Vec<String> = usual.iter().filter_map(|one| unless_said(more, one)).collect();
        arguments.push(format!("--namespace={}", self.namespace));
        arguments.push(format!("--lease-namespace={}", self.namespace));
        arguments.extend(more.iter().map(|&one| one.to_owned()));
        Operator::start(kubeconfig, &arguments)
    }
}

/// An argument, unless the story has its own.
fn unless_said(more: &[&str], argument: &str) -> Option<String> {
    let name = argument.split('=').next().unwrap();
    (!more.iter().any(|one| one.starts_with(name))).then(|| argument.to_owned())
}

impl Operator {
    /// Starts one with exactly these arguments, but for a free port to listen on.
    pub(crate) fn start(kubeconfig: &Path, arguments: &[String]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orgform-operator"))
            .arg("--listen=127.0.0.1:0")
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let mut operator = Self { child, lines, said: vec![], address: String::new() };
        let serving = operator.wait_for("serving health and metrics");
        let line: serde_json::Value = serde_json::from_str(&serving).unwrap();
        operator.address = line["fields"]["address"].as_str().unwrap().to_owned();
        operator
    }

    /// Waits for a line of its log that has this text in it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(WAIT) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("it never said {text:?}: {error}\n{}", self.said.join("\n")),
            }
        }
    }

    /// Forgets what it said until now.
    pub(crate) fn hush(&mut self) {
        self.said.extend(self.lines.try_iter());
    }

    /// Waits until a pass ends well.
    pub(crate) fn wait_for_pass(&mut self) {
        self.wait_for("\"outcome\":\"well\"");
    }

    /// Everything it said.
    pub(crate) fn said(&mut self) -> String {
        self.hush();
        self.said.join("\n")
    }

    /// A page of its HTTP server.
    pub(crate) fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: operator\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// The value of a metric without labels, or with these.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let page = self.page("/metrics");
        let line =
            page.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}\n{page}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended.
    pub(crate) fn wait_for_end(&mut self) {
        // Its log ends when it does.
        while let Ok(line) = self.lines.recv_timeout(WAIT) {
            self.said.push(line);
        }
        self.child.wait().unwrap();
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.said());
        }
    }
}
