//! Checks that the crates depend on each other as `docs/architecture.md` draws it.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Deserialize;

use crate::run;

/// What each crate may use of ours. Providers may use what `orgform-pureport` may.
const ARROWS: &[(&str, &[&str])] = &[
    ("orgform-model", &[]),
    ("orgform-spec", &["orgform-model"]),
    ("orgform-plan", &["orgform-model"]),
    ("orgform-provider", &["orgform-model"]),
    ("orgform-http", &["orgform-provider", "orgform-model"]),
    ("orgform-pureport", &["orgform-http", "orgform-provider", "orgform-model"]),
    ("orgform-packetfabric", &["orgform-http", "orgform-provider", "orgform-model"]),
    ("orgform-xarios", &["orgform-http", "orgform-provider", "orgform-model"]),
    (
        "orgform-providers",
        &["orgform-pureport", "orgform-packetfabric", "orgform-xarios", "orgform-provider"],
    ),
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
    for package in metadata.packages.iter().filter(|one| metadata.workspace_members.contains(&one.id)) {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            if !TESTS.contains(&package.name.as_str()) {
                findings.push(format!("{}: not drawn; add it to the arrows", package.name));
            }
            continue;
        };
        for dependency in package.dependencies.iter().filter(|one| one.kind.is_none() && ours(&one.name)) {
            if !allowed.contains(&dependency.name.as_str()) {
                findings.push(format!("{} must not use {}", package.name, dependency.name));
            }
        }
    }
    findings
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
