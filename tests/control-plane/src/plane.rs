//! One control plane.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use uuid::Uuid;

use crate::audit::{self, Asked};
use crate::files::{kubeconfig, signing_key, write};
use crate::keeper::Keeper;
use crate::kubectl::Kubectl;
use crate::programs::program;

/// How long something may take that usually takes seconds, on a busy machine.
pub const WAIT: Duration = Duration::from_secs(180);

/// A port that was free a moment ago may be taken by somebody else; then all starts again.
const STARTS: usize = 3;

/// An API server with its store and its controllers.
#[derive(Debug)]
pub struct ControlPlane {
    folder: PathBuf,
    server: String,
    keeper: Keeper,
    programs: Vec<Program>,
    server_arguments: Vec<String>,
}

#[derive(Debug)]
struct Program {
    name: &'static str,
    child: Child,
}

impl ControlPlane {
    /// The one that all tests of a binary share. Each works in a namespace of its own.
    ///
    /// # Panics
    /// When it can't be started.
    #[allow(clippy::expect_used, reason = "a test without its server has failed")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ControlPlane> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().expect("the control plane does not start"))
    }

    /// Starts one and waits until it can be used.
    ///
    /// # Errors
    /// When a program is missing or ends; its last lines are in the error.
    pub fn start() -> anyhow::Result<Self> {
        let mut failed = None;
        for _ in 0..STARTS {
            match Self::start_once() {
                Ok(plane) => return Ok(plane),
                Err(error) if format!("{error:#}").contains("address already in use") => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| anyhow::anyhow!("no port is free")))
    }

    fn start_once() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("orgform-control-plane-").tempdir()?.keep();
        let keeper = Keeper::of(&folder)?;
        let [store, peers, secure, manager] = free_ports()?;
        let server = format!("https://127.0.0.1:{secure}");
        let mut plane = Self { folder, server, keeper, programs: vec![], server_arguments: vec![] };
        plane.write_files()?;
        plane.spawn("etcd", &plane.etcd_arguments(store, peers))?;
        plane.server_arguments = plane.api_server_arguments(store, secure);
        plane.start_api_server()?;
        plane.spawn("kube-controller-manager", &plane.manager_arguments(manager))?;
        // The controllers are at work once the first namespace has got its service account.
        plane.kubectl().wait_for("default", "serviceaccount/default", "create")?;
        Ok(plane)
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The kubeconfig of somebody who may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("admin.kubeconfig")
    }

    /// kubectl for somebody who may do everything.
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::new(self.kubeconfig())
    }

    /// A kubeconfig of a service account, which has what its roles allow and nothing else.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn kubeconfig_of(&self, namespace: &str, account: &str) -> anyhow::Result<PathBuf> {
        let said = self.kubectl().run(&["create", "token", account, "--namespace", namespace])?;
        let token = said.ok()?;
        let path = self.folder.join(format!("{namespace}-{account}-{}.kubeconfig", Uuid::new_v4()));
        write(&path, &kubeconfig(&self.server, &self.certificate(), token.trim(), namespace))?;
        Ok(path)
    }

    /// What a service account has asked for since the start, in the order of the answers.
    ///
    /// # Errors
    /// When nobody has asked for anything yet.
    pub fn asked_by(&self, namespace: &str, account: &str) -> anyhow::Result<Vec<Asked>> {
        audit::read(&self.path("audit.log"), &format!("system:serviceaccount:{namespace}:{account}"))
    }

    /// A namespace that no other test has.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn namespace(&self) -> anyhow::Result<String> {
        let name = format!("test-{}", &Uuid::new_v4().simple().to_string()[..12]);
        self.kubectl().run(&["create", "namespace", &name])?.ok()?;
        Ok(name)
    }

    /// A folder that goes with the control plane.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills the API server, as a crash would.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill_api_server(&mut self) -> anyhow::Result<()> {
        let at = self.programs.iter().position(|one| one.name == "kube-apiserver");
        let mut program = self.programs.remove(at.context("the API server does not run")?);
        program.child.kill()?;
        program.child.wait()?;
        Ok(())
    }

    /// Starts the API server, on the port it had, and waits until it answers.
    ///
    /// # Errors
    /// When it ends instead.
    pub fn start_api_server(&mut self) -> anyhow::Result<()> {
        self.spawn("kube-apiserver", &self.server_arguments.clone())?;
        let until = Instant::now() + WAIT;
        let kubectl = self.kubectl();
        loop {
            self.all_run()?;
            if kubectl.run(&["get", "--raw", "/readyz"]).is_ok_and(|said| said.success) {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("the API server is not ready after {WAIT:?}:\n{}", self.last_lines("kube-apiserver"));
            }
        }
    }

    fn write_files(&self) -> anyhow::Result<()> {
        let token = Uuid::new_v4().to_string();
        let (private, public) = signing_key()?;
        write(&self.path("service-accounts.key"), &private)?;
        write(&self.path("service-accounts.pub"), &public)?;
        write(&self.path("audit.json"), audit::POLICY)?;
        write(&self.path("tokens.csv"), &format!("{token},admin,admin,system:masters\n"))?;
        write(&self.kubeconfig(), &kubeconfig(&self.server, &self.certificate(), &token, "default"))
    }

    fn etcd_arguments(&self, clients: u16, peers: u16) -> Vec<String> {
        vec![
            format!("--data-dir={}", self.path("etcd").display()),
            format!("--listen-client-urls=http://127.0.0.1:{clients}"),
            format!("--advertise-client-urls=http://127.0.0.1:{clients}"),
            format!("--listen-peer-urls=http://127.0.0.1:{peers}"),
            format!("--initial-advertise-peer-urls=http://127.0.0.1:{peers}"),
            format!("--initial-cluster=default=http://127.0.0.1:{peers}"),
            // What is lost when the machine dies is a test.
            "--unsafe-no-fsync".to_owned(),
        ]
    }

    fn api_server_arguments(&self, store: u16, secure: u16) -> Vec<String> {
        vec![
            format!("--etcd-servers=http://127.0.0.1:{store}"),
            format!("--secure-port={secure}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--cert-dir={}", self.path("certificates").display()),
            format!("--service-account-key-file={}", self.path("service-accounts.pub").display()),
            format!("--service-account-signing-key-file={}", self.path("service-accounts.key").display()),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--token-auth-file={}", self.path("tokens.csv").display()),
            "--authorization-mode=RBAC".to_owned(),
            format!("--audit-policy-file={}", self.path("audit.json").display()),
            format!("--audit-log-path={}", self.path("audit.log").display()),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--allow-privileged=true".to_owned(),
        ]
    }

    fn manager_arguments(&self, port: u16) -> Vec<String> {
        let kubeconfig = self.kubeconfig().display().to_string();
        vec![
            format!("--kubeconfig={kubeconfig}"),
            format!("--authentication-kubeconfig={kubeconfig}"),
            format!("--authorization-kubeconfig={kubeconfig}"),
            format!("--service-account-private-key-file={}", self.path("service-accounts.key").display()),
            "--use-service-account-credentials=true".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            format!("--cert-dir={}", self.path("manager").display()),
            "--leader-elect=false".to_owned(),
        ]
    }

    fn spawn(&mut self, name: &'static str, arguments: &[String]) -> anyhow::Result<()> {
        let path = program(name)?;
        let log = File::options().create(true).append(true).open(self.log(name))?;
        let child = Command::new(&path)
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {}", path.display()))?;
        let program = Program { name, child };
        let taken = self.keeper.take(&program.child);
        self.programs.push(program);
        taken
    }

    /// Fails if one of the programs has ended.
    fn all_run(&mut self) -> anyhow::Result<()> {
        for at in 0..self.programs.len() {
            let Program { name, child } = &mut self.programs[at];
            let name = *name;
            if let Some(status) = child.try_wait()? {
                bail!("`{name}` ended ({status}):\n{}", self.last_lines(name));
            }
        }
        Ok(())
    }

    fn last_lines(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.log"))
    }

    /// The API server makes itself a certificate, with the authority behind it.
    fn certificate(&self) -> PathBuf {
        self.path("certificates/apiserver.crt")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.keeper.stop();
        for program in &mut self.programs {
            // It was killed; this only takes note of it.
            let _ = program.child.wait();
        }
    }
}

/// Ports that nobody listens on at this moment.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut ports = [0; N];
    let mut listeners = vec![];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}
