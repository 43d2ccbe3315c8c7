//! `orgform plan --cluster`: the plan for what is in a cluster, in the same words.
//!
//! Objects, state and Secrets are read with the caller's kubeconfig; nothing is written, there or at a provider. Behind
//! the feature `cluster`, which brings the Kubernetes client.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use orgform_model::desired::Subject;
use orgform_operator::Looked;
use orgform_plan::Plan;
use orgform_spec::root::{Redact, Root, StateLocation};
use orgform_spec::{Checked, Documents};

use crate::commands::plan::{Arguments, look_over, print, question, sum_up};
use crate::connect::{Link, user_agent};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::root::{Content, OpenRoot, check};
use crate::run::{self, Turn};

/// Where what is declared is, if not in files.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// Read what is declared, and what is remembered, from the cluster of your kubeconfig instead of files.
    #[arg(long, conflicts_with_all = ["paths", "out", "base", "write"])]
    pub(crate) cluster: bool,
    /// The namespace of the Provider; that of your kubeconfig if not said.
    #[arg(short = 'n', long, value_name = "NAMESPACE", requires = "cluster")]
    namespace: Option<String>,
}

/// Plans for what is in the cluster.
pub(crate) async fn plan(arguments: &Arguments, console: &Console) -> Result<Exit> {
    let read = Looked::read(arguments.place.namespace.as_deref()).await; // I/O
    let (looked, documents) = read.map_err(unreadable)?;
    let root = opened(&looked, documents);
    let mut exit = root.tell_findings(console);
    let state = looked.remembered(root.declared.iter().map(|declared| &declared.settings.name));
    if root.declared.is_empty() {
        let namespace = &looked.namespace;
        return Err(Failure::new(format!("there is no usable Provider in the namespace {namespace}"))
            .hint("-n NAMESPACE takes another one: that of the Provider.")
            .nothing_read()
            .into());
    }
    let turns = run::turns(&root, &question(arguments), Some(&state), console)?;
    let mut looks = Vec::new();
    for turn in &turns {
        let looked = match link(&looked, turn).await {
            Ok(link) => look_over(link, turn, Some(&state), console).await, // I/O
            Err(error) => Err(error),
        };
        match looked {
            Ok(look) => looks.push(look),
            Err(error) => exit = exit.and(console.fail(&error)),
        }
    }
    print(arguments.format, &looks, console)?;
    for look in &looks {
        tell_releases(&looked.namespace, &look.planned.plan, console);
    }
    Ok(sum_up(&root, arguments, turns.len(), &looks, exit))
}

/// What was read as a root: the rest is as for files.
fn opened(looked: &Looked, documents: Documents) -> OpenRoot {
    let Checked { value: Content { places, mut declared }, findings } = check(&documents);
    if let Some(because) = &looked.gap {
        for one in &mut declared {
            let objects = places.iter().map(|(object, _)| object.clone()).collect();
            one.desired.subject = Subject::Some { objects, because: because.clone(), gap: true };
        }
    }
    let settings = Root { id: looked.root(), state: StateLocation::default(), redact: Redact::default() };
    let (folder, objects) = (PathBuf::from("."), places.len());
    OpenRoot { folder, settings, documents, findings, objects, places, declared }
}

async fn link(looked: &Looked, turn: &Turn) -> Result<Link> {
    let connected = looked.connection(&turn.settings, turn.provider, user_agent()).await; // I/O
    let (connection, label) = connected.map_err(|error| {
        Failure::new(format!("{} can't be connected to", turn.name())).nothing_changed().because(error)
    })?;
    Ok(Link::to(connection, label, looked.secrets()))
}

/// The command of a plan for files is of no use here.
fn tell_releases(namespace: &str, plan: &Plan, console: &Console) {
    for group in &plan.held {
        console.insist(&format!(
            "In the cluster: kubectl annotate -n {namespace} oprov/{} --overwrite orgform.dev/release=remove={}",
            plan.provider,
            group.digest.as_str()
        ));
    }
}

fn unreadable(error: anyhow::Error) -> anyhow::Error {
    Failure::new("the cluster could not be read")
        .hint("KUBECONFIG names the file with the way to it; `kubectl get providers` needs the same.")
        .nothing_read()
        .because(error)
        .into()
}
