//! Checks that the crates depend on each other as `docs/architecture.md` draws it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Deserialize;

use crate::run;

/// What each crate of `crates/providers` may use of ours.
const OF_PROVIDERS: &[&str] = &["orgform-http", "orgform-provider", "orgform-model"];

/// The list of providers: it may use all of them.
const LIST: &str = "orgform-providers";

/// What each other crate may use of ours.
const ARROWS: &[(&str, &[&str])] = &[
    ("orgform-model", &[]),
    ("orgform-spec", &["orgform-model"]),
    ("orgform-plan", &["orgform-model"]),
    ("orgform-provider", &["orgform-model"]),
    ("orgform-http", &["orgform-provider", "orgform-model"]),
    (LIST, &["orgform-provider"]),
    ("orgform-engine", &["orgform-provider", "orgform-plan", "orgform-model"]),
    ("orgform-sim", &[]),
    ("orgform-conformance", &["orgform-engine", "orgform-provider", "orgform-plan", "orgform-model"]),
    (
        "orgform",
        &[
            "orgform-providers",
            "orgform-operator",
            "orgform-http",
            "orgform-engine",
            "orgform-provider",
            "orgform-plan",
            "orgform-spec",
            "orgform-sim",
            "orgform-model",
        ],
    ),
    (
        "orgform-operator",
        &[
            "orgform-providers",
            "orgform-http",
            "orgform-engine",
            "orgform-provider",
            "orgform-plan",
            "orgform-spec",
            "orgform-model",
        ],
    ),
    ("xtask", &[]),
];

/// What only tests are made of may use everything.
const TESTS: &[&str] = &["orgform-tests", "orgform-control-plane"];

/// What pure crates may not use: no async, no network, no client.
const PURE: &[&str] = &["orgform-model", "orgform-spec", "orgform-plan"];
const IMPURE: &[&str] = &["tokio", "reqwest", "hyper", "kube-client", "axum", "object_store"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Fails if a crate uses another of ours that it may not, or if a pure crate reaches something impure.
pub(crate) fn check() -> anyhow::Result<()> {
    let text = run::cargo_output(&["metadata", "--format-version", "1", "--locked"])?;
    let metadata: Metadata = serde_json::from_str(&text)?;
    let mut findings = direct(&metadata);
    findings.extend(pure(&metadata));
    if !findings.is_empty() {
        bail!("the arrows between crates are broken:\n{}", findings.join("\n"));
    }
    run::say("arrows: as drawn");
    Ok(())
}

fn direct(metadata: &Metadata) -> Vec<String> {
    let ours = |name: &str| name == "xtask" || name == "orgform" || name.starts_with("orgform-");
    let mut findings = vec![];
    let members = metadata.packages.iter().filter(|one| metadata.workspace_members.contains(&one.id));
    let members: Vec<&Package> = members.collect();
    let providers = || members.iter().filter(|one| is_provider(one)).map(|one| one.name.as_str());
    for package in &members {
        let mut allowed = match ARROWS.iter().find(|(name, _)| *name == package.name) {
            Some((_, allowed)) => allowed.to_vec(),
            None if is_provider(package) => OF_PROVIDERS.to_vec(),
            None if TESTS.contains(&package.name.as_str()) => continue,
            None => {
                findings.push(format!("{}: not drawn; add it to the arrows", package.name));
                continue;
            }
        };
        if package.name == LIST {
            allowed.extend(providers());
        }
        for dependency in package.dependencies.iter().filter(|one| one.kind.is_none() && ours(&one.name)) {
            if !allowed.contains(&dependency.name.as_str()) {
                findings.push(format!("{} must not use {}", package.name, dependency.name));
            }
        }
    }
    findings
}

/// Whether it speaks one kind of provider: they are the folders beside the list of them.
fn is_provider(package: &Package) -> bool {
    let folder = package.manifest_path.parent().and_then(Path::parent);
    folder.is_some_and(|folder| folder.ends_with("crates/providers")) && package.name != LIST
}

/// Everything that a pure crate reaches, however far, must be pure.
fn pure(metadata: &Metadata) -> Vec<String> {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|one| (one.id.as_str(), one.name.as_str())).collect();
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut findings = vec![];
    for (id, name) in names.iter().filter(|(_, name)| PURE.contains(name)) {
        let mut open = vec![*id];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            open.extend(
                edges
                    .filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()))
                    .map(|edge| edge.pkg.as_str()),
            );
        }
        let reached = seen.iter().filter_map(|id| names.get(id)).filter(|name| IMPURE.contains(name));
        findings.extend(reached.map(|impure| format!("{name} reaches {impure}, and must stay pure")));
    }
    findings
}
