//! A real control plane: builds kube-apiserver, kube-controller-manager, kubectl, etcd and Helm from Go modules, beside
//! what judges files that others read (Lua, promtool), and runs the tests that need them.
//!
//! Versions are pinned by the modules in `tests/control-plane`. What is built stays in `target/control-plane` until a
//! module changes; a program in the folder that `KUBEBUILDER_ASSETS` names is used as it is. The first build takes
//! minutes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};

use crate::{cluster_try, run};

/// The version that the programs of Kubernetes say they are: that of the module, which they can't know.
const KUBERNETES: (&str, &str, &str) = ("v1.36.3", "1", "36");

/// Each Go module: its folder, and its programs by the package that they are made of.
const MODULES: &[(&str, &[(&str, &str)])] = &[
    ("etcd", &[("etcd", "go.etcd.io/etcd/server/v3")]),
    (
        "kubernetes",
        &[
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
            ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        ],
    ),
    ("helm", &[("helm", "helm.sh/helm/v4/cmd/helm")]),
    ("lua", &[("glua", "github.com/yuin/gopher-lua/cmd/glua")]),
    ("prometheus", &[("promtool", "github.com/prometheus/prometheus/cmd/promtool")]),
];

/// The ignored tests that need a control plane, of the whole workspace: what was built for its other tests serves here
/// too. A choice of packages would have features of its own, and everything built once more.
const TESTS: &[&str] = &[
    "--workspace",
    "--features",
    "orgform/cluster",
    "--test",
    "it",
    "--test",
    "stopping",
    "--test",
    "cluster",
    "--locked",
    "--no-fail-fast",
];

#[derive(Args, Default)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Build only.
    #[arg(long)]
    build: bool,
    /// At length: 500 people, and 200 kills of the operator.
    #[arg(long)]
    long: bool,
    /// Only tests whose name has this in it.
    filter: Option<String>,
}

#[derive(Subcommand)]
enum What {
    /// Show the operator at work: a control plane, a simulator, the chart and the example; runs until ctrl-C.
    Try,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if let Some(What::Try) = options.what {
        return cluster_try::run();
    }
    build_programs()?;
    if options.build {
        return Ok(());
    }
    let length = options.long.then_some(("ORGFORM_LONG", "1"));
    let filter = options.filter.as_deref();
    let arguments = [&["test"], TESTS, &["--", "--ignored"], filter.as_slice()].concat();
    run::cargo_with(&arguments, length.as_slice())
}

/// Builds every program that is missing.
pub(crate) fn build_programs() -> anyhow::Result<()> {
    MODULES.iter().try_for_each(|(module, programs)| build(module, programs))
}

/// Builds what is missing, or was built from another version of the module.
fn build(module: &str, programs: &[(&str, &str)]) -> anyhow::Result<()> {
    let folder = run::root().join("tests/control-plane").join(module);
    let built = run::target().join("control-plane");
    let text = std::fs::read_to_string(folder.join("go.sum")).context("could not read go.sum")?;
    for (name, package) in programs {
        let (program, stamp) = (built.join("bin").join(name), built.join(format!("{name}.built")));
        let current = std::fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == text);
        if given(name) || (current && program.is_file()) {
            continue;
        }
        go(&folder, &program, package)?;
        std::fs::write(&stamp, &text).with_context(|| format!("could not write {}", stamp.display()))?;
    }
    Ok(())
}

/// Whether there is a program of this name that was built by somebody else.
fn given(name: &str) -> bool {
    std::env::var_os("KUBEBUILDER_ASSETS").is_some_and(|folder| PathBuf::from(folder).join(name).is_file())
}

fn go(folder: &Path, program: &Path, package: &str) -> anyhow::Result<()> {
    let (version, major, minor) = KUBERNETES;
    let mut flags = "-s -w".to_owned();
    if package.starts_with("k8s.io/") {
        for (field, value) in [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor)] {
            flags.push_str(&format!(" -X k8s.io/component-base/version.{field}={value}"));
        }
    }
    run::say(&format!("$ go build {package}"));
    let status = Command::new("go")
        // Prometheus' own tag: without the clients of every cloud, whose services nobody looks for here.
        .args(["build", "-tags", "remove_all_sd", "-trimpath", "-ldflags", &flags, "-o"])
        .arg(program)
        .arg(package)
        .current_dir(folder)
        .status()
        .context("could not start `go`; install Go 1.26 or newer")?;
    ensure!(status.success(), "`go build {package}` failed");
    Ok(())
}
