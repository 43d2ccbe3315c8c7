//! kubectl, as a person would call it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::plane::WAIT;
use crate::programs::program;

/// kubectl with one kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    kubeconfig: PathBuf,
}

/// What a program said.
#[derive(Clone, Debug)]
#[must_use]
pub struct Said {
    /// Whether it ended well.
    pub success: bool,
    /// Its output.
    pub out: String,
    /// Its errors and warnings.
    pub err: String,
}

impl Said {
    /// The output, or what went wrong as an error.
    ///
    /// # Errors
    /// When it did not end well.
    pub fn ok(self) -> anyhow::Result<String> {
        if !self.success {
            bail!("{}{}", self.err, self.out);
        }
        Ok(self.out)
    }
}

impl Kubectl {
    /// For somebody with this kubeconfig.
    pub fn new(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig }
    }

    /// Runs it.
    ///
    /// # Errors
    /// When it can't be started; what it says is not an error here.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        self.run_with("kubectl", arguments, "")
    }

    /// Runs it with an input, such as objects for `apply -f -`.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn feed(&self, arguments: &[&str], input: &str) -> anyhow::Result<Said> {
        self.run_with("kubectl", arguments, input)
    }

    /// Runs Helm for the same person.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn helm(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        self.run_with("helm", arguments, "")
    }

    /// Waits, by a watch, until something holds: `create`, `delete`, `condition=Ready`, `jsonpath=…`.
    ///
    /// # Errors
    /// When it does not come to hold in time.
    pub fn wait_for(&self, namespace: &str, object: &str, holds: &str) -> anyhow::Result<()> {
        let (until, time) = (format!("--for={holds}"), format!("--timeout={}s", WAIT.as_secs()));
        self.run(&["wait", "--namespace", namespace, object, &until, &time])?.ok().map(drop)
    }

    fn run_with(&self, name: &str, arguments: &[&str], input: &str) -> anyhow::Result<Said> {
        let mut child = Command::new(program(name)?)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            // What was learnt of another server, on a port that this one has now, must not be used.
            .env("KUBECACHEDIR", self.kubeconfig.with_extension("cache"))
            .env("HELM_CACHE_HOME", self.kubeconfig.with_extension("helm-cache"))
            .env("HELM_CONFIG_HOME", self.kubeconfig.with_extension("helm-config"))
            .env("HELM_DATA_HOME", self.kubeconfig.with_extension("helm-data"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{name}`"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read its input says so itself.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().with_context(|| format!("could not wait for `{name}`"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said { success: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) })
    }
}
