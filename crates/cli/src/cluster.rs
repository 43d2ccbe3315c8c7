//! `orgform plan --cluster`: the plan for what is in a cluster, in the same words.
//!
//! Objects, state and Secrets are read with the caller's kubeconfig; nothing is written, there or at a provider. Behind
//! the feature `cluster`, which brings the Kubernetes client.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use orgform_model::desired::Subject;
use orgform_operator::{Looked, command_for};
use orgform_plan::{Held, Plan, render};
use orgform_spec::root::{Redact, Root, StateLocation};
use orgform_spec::{Checked, Documents};

use crate::commands::plan::{Arguments, Format, look_over, print, question, sum_up};
use crate::connect::{Link, user_agent};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::root::{Content, OpenRoot, check};
use crate::run::{self, Look, Turn};

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
    match arguments.format {
        Format::Text => print_text(&looked.namespace, &looks, console)?,
        format => {
            print(format, &looks, console)?;
            for look in &looks {
                tell_releases(&looked.namespace, &look.planned.plan, console);
            }
        }
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

fn print_text(namespace: &str, looks: &[Look], console: &Console) -> Result<()> {
    for (index, Look { planned, took, .. }) in looks.iter().enumerate() {
        let text = render::text(&planned.plan, planned.at, &console.style(Some(*took)));
        let gap = if index > 0 { "\n" } else { "" };
        console.print(&format!("{gap}{}", with_releases(&text, &releases(namespace, &planned.plan))))?;
    }
    Ok(())
}

/// A plan as text, with what releases held groups in a cluster: keeping everybody first.
fn with_releases(text: &str, groups: &[(String, [String; 2])]) -> String {
    let mut said = String::new();
    for line in text.split_inclusive('\n') {
        match groups.iter().find(|(files, _)| line.contains(files)) {
            Some((files, [keep, remove])) => {
                let to_keep = line.replace(
                    "to let exactly this go",
                    "to keep everybody there, where only deletions take access",
                );
                said.push_str(&to_keep.replace(files, keep));
                said.push_str(&line.replace(files, remove));
            }
            None => said.push_str(line),
        }
    }
    said
}

/// The command of a plan for files, and those that keep and remove in a cluster, of each held group.
fn releases(namespace: &str, plan: &Plan) -> Vec<(String, [String; 2])> {
    let command = |what: &str, group: &Held| {
        let release = format!("release={what}={}", group.digest.as_str());
        command_for(namespace, plan.provider.as_str(), &release)
    };
    let of_group = |group: &Held| {
        let files = format!("orgform apply --release {}", group.digest.short());
        (files, [command("keep", group), command("remove", group)])
    };
    plan.held.iter().map(of_group).collect()
}

/// The command of a plan for files is of no use here.
fn tell_releases(namespace: &str, plan: &Plan, console: &Console) {
    for (_, [keep, remove]) in releases(namespace, plan) {
        console.insist(&format!("To keep everybody there, where only deletions take access: {keep}"));
        console.insist(&format!("To let exactly this go: {remove}"));
    }
}

fn unreadable(error: anyhow::Error) -> anyhow::Error {
    Failure::new("the cluster could not be read")
        .hint("KUBECONFIG names the file with the way to it; `kubectl get providers` needs the same.")
        .nothing_read()
        .because(error)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_group_shows_how_to_keep_everybody_before_how_to_let_it_go() {
        let text = "Held  acme  too many.\n  to let exactly this go: orgform apply --release sha256:aa\nNothing to do.\n";
        let commands = ["keep", "remove"]
            .map(|what| command_for("org", "pureport", &format!("release={what}=sha256:aa")));
        let shown = with_releases(text, &[("orgform apply --release sha256:aa".to_owned(), commands)]);
        let command = "kubectl annotate oprov pureport -n org --overwrite orgform.dev/release";
        assert_eq!(
            shown,
            format!(
                "Held  acme  too many.\n  to keep everybody there, where only deletions take access: {command}=keep=sha256:aa\n  to let exactly this go: \
                 {command}=remove=sha256:aa\nNothing to do.\n"
            )
        );
    }
}
