//! The steps that `plan`, `apply` and `invites` share: from an open root to a plan per provider.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use orgform_engine::{Case, EngineError, Planned};
use orgform_model::desired::Subject;
use orgform_model::{Address, Desired, ObjectRef, ProviderName, ProviderState, State, Thing, Timestamp};
use orgform_plan::{Requests, render};
use orgform_provider::{Observe, ProviderType};
use orgform_spec::ProviderSettings;

use crate::connect::Link;
use crate::console::Console;
use crate::failure::Failure;
use crate::progress::Bar;
use crate::remembered::{is_within, ours};
use crate::root::{Declared, OpenRoot};

const TARGET: &str = "--target ";
const BASE: &str = "--base ";
const RESEND: &str = "--resend ";
const REMAKE: &str = "--remake ";

/// What a run is asked for, over what is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// Only what these addresses name; everything if empty.
    pub(crate) targets: Vec<Address>,
    /// The commit that was applied last.
    pub(crate) base: Option<String>,
    /// Invites to send again.
    pub(crate) resend: BTreeSet<Address>,
    /// API keys to make again.
    pub(crate) remake: BTreeSet<Address>,
    /// The later time to plan for; now if not said.
    pub(crate) at: Option<Timestamp>,
}

impl Question {
    /// What is asked for by address beyond what is declared.
    pub(crate) fn requested(&self) -> impl Iterator<Item = &Address> {
        self.resend.iter().chain(&self.remake)
    }

    /// In the words of the command line, for a plan that is saved. Paths start at the root.
    pub(crate) fn words(&self, paths: &[String]) -> Vec<String> {
        // A look ahead is never saved.
        let Self { targets, base, resend, remake, at: _ } = self;
        let base = base.iter().map(|base| format!("{BASE}{base}"));
        let targets = targets.iter().map(|address| format!("{TARGET}{address}"));
        let resend = resend.iter().map(|address| format!("{RESEND}{address}"));
        let remake = remake.iter().map(|address| format!("{REMAKE}{address}"));
        paths.iter().cloned().chain(targets).chain(base).chain(resend).chain(remake).collect()
    }

    /// The reverse of [`Question::words`]: paths from the root, and the question.
    ///
    /// # Errors
    /// When an address is none.
    pub(crate) fn of_words(words: &[String]) -> Result<(Vec<String>, Self)> {
        let (mut paths, mut question) = (Vec::new(), Self::default());
        for word in words {
            if let Some(address) = word.strip_prefix(TARGET) {
                question.targets.push(address.parse()?);
            } else if let Some(address) = word.strip_prefix(RESEND) {
                question.resend.insert(address.parse()?);
            } else if let Some(address) = word.strip_prefix(REMAKE) {
                question.remake.insert(address.parse()?);
            } else if let Some(revision) = word.strip_prefix(BASE) {
                question.base = Some(revision.to_owned());
            } else {
                paths.push(word.clone());
            }
        }
        Ok((paths, question))
    }
}

/// One provider of a run: what is declared for it, narrowed to what is asked for.
#[derive(Debug)]
pub(crate) struct Turn {
    /// How to connect.
    pub(crate) settings: ProviderSettings,
    /// The kind of provider.
    pub(crate) provider: &'static ProviderType,
    /// What is declared.
    pub(crate) desired: Desired,
    base: Option<Desired>,
    revision: Option<String>,
    at: Option<Timestamp>,
    requests: Requests,
    no_requests: Requests,
}

impl Turn {
    /// The provider's name.
    pub(crate) fn name(&self) -> &ProviderName {
        &self.settings.name
    }

    /// What the engine works on, over this connection.
    pub(crate) fn case<'a>(&'a self, link: &'a Link) -> Case<'a> {
        Case {
            desired: &self.desired,
            base: self.base.as_ref(),
            semantics: self.provider.semantics,
            capabilities: self.provider.capabilities,
            requests: &self.requests,
            connection: &link.label,
            secrets: &*link.secrets,
        }
    }

    /// The same for a last look: what was asked for by address is done by then, and not asked for again.
    pub(crate) fn case_afterwards<'a>(&'a self, link: &'a Link) -> Case<'a> {
        Case { requests: &self.no_requests, ..self.case(link) }
    }
}

/// A plan, and how long looking took.
#[derive(Debug)]
pub(crate) struct Look {
    /// The plan with what it was made from.
    pub(crate) planned: Planned,
    /// From the first call to the last.
    pub(crate) took: Duration,
    /// The commit that was compared with, as it was named: a release needs it again.
    pub(crate) base: Option<String>,
}

/// The providers that are asked for, each with its narrowed subject.
///
/// # Errors
/// When an address names nothing that is declared or remembered.
pub(crate) fn turns(
    root: &OpenRoot,
    question: &Question,
    state: Option<&State>,
    console: &Console,
) -> Result<Vec<Turn>> {
    let mut bases = match &question.base {
        Some(revision) => root.declared_at(revision, console)?,
        None => Vec::new(),
    };
    let mut targets = question.targets.clone();
    targets.extend(question.requested().cloned());
    let known = |declared: &Declared| state.and_then(|state| state.providers.get(&declared.settings.name));
    refuse_unknown(&targets, &root.declared, known)?;
    let mut turns = Vec::new();
    for declared in &root.declared {
        let name = &declared.settings.name;
        let mut desired = declared.desired.clone();
        if !targets.is_empty() {
            let mine: Vec<&Address> = targets.iter().filter(|target| target.provider == *name).collect();
            if mine.is_empty() {
                continue;
            }
            let objects = mine.iter().flat_map(|target| objects_of(target, &desired, known(declared)));
            let objects = objects.collect();
            narrow(&mut desired, objects, &mine);
        }
        let base = bases
            .iter()
            .position(|base| base.settings.name == *name)
            .map(|index| bases.swap_remove(index).desired);
        let of_this = |asked: &BTreeSet<Address>| {
            asked.iter().filter(|address| address.provider == *name).cloned().collect()
        };
        let requests = Requests { resend: of_this(&question.resend), remake: of_this(&question.remake) };
        let Declared { settings, provider, desired: _ } = declared;
        turns.push(Turn {
            settings: settings.clone(),
            provider,
            desired,
            base,
            revision: question.base.clone(),
            at: question.at,
            requests,
            no_requests: Requests::default(),
        });
    }
    if root.declared.is_empty() {
        return Err(nothing_declared(root));
    }
    Ok(turns)
}

/// Looks at one provider and plans. I/O.
pub(crate) async fn look(
    turn: &Turn,
    link: &Link,
    observer: &dyn Observe,
    state: Option<&ProviderState>,
    console: &Console,
) -> Result<Look, EngineError> {
    let begun = Instant::now();
    let bar = Bar::new(console, turn.name().as_str());
    let case = turn.case(link);
    let planned = match turn.at {
        None => orgform_engine::plan(observer, &case, state, link.clock(), &bar).await?,
        Some(at) => orgform_engine::plan_ahead(observer, &case, state, at, link.clock(), &bar).await?,
    };
    Ok(Look { planned, took: begun.elapsed(), base: turn.revision.clone() })
}

/// Prints plans as text, one below the other.
pub(crate) fn print_plans(looks: &[&Look], console: &Console) -> Result<()> {
    print_plans_for(looks, "", &[], console)
}

/// The same, where these groups are released, and where another command than `orgform apply` releases what is held.
pub(crate) fn print_plans_for(
    looks: &[&Look],
    again: &str,
    releases: &[String],
    console: &Console,
) -> Result<()> {
    for (index, &&Look { ref planned, took, ref base }) in looks.iter().enumerate() {
        let plan = planned.plan.clone().releasing(releases);
        let mut text = render::text(&plan, planned.at, &console.style(Some(took)));
        if let Some(base) = base {
            text = text.replace("orgform apply --release", &format!("orgform apply --base {base} --release"));
        }
        if !again.is_empty() {
            text = text.replace("orgform apply --release", &format!("{again} --release"));
        }
        let gap = if index > 0 { "\n" } else { "" };
        console.print(&format!("{gap}{text}"))?;
    }
    Ok(())
}

fn nothing_declared(root: &OpenRoot) -> anyhow::Error {
    let failure = Failure::new(format!("no usable Provider is declared in {}", root.folder.display()));
    let hint = if root.findings.is_empty() {
        "a `kind: Provider` says which API to speak to; `orgform init` in an empty folder writes one."
    } else {
        "correct the errors above first."
    };
    failure.hint(hint).nothing_read().into()
}

fn refuse_unknown<'a>(
    targets: &[Address],
    declared: &[Declared],
    known: impl Fn(&Declared) -> Option<&'a ProviderState>,
) -> Result<()> {
    for target in targets {
        let there = declared.iter().any(|one| {
            one.settings.name == target.provider && !objects_of(target, &one.desired, known(one)).is_empty()
        });
        if !there {
            return Err(Failure::new(format!("nothing is declared or remembered at {target}"))
                .hint("addresses are as in `orgform plan --format json` and `orgform show`.")
                .nothing_read()
                .into());
        }
    }
    Ok(())
}

/// The objects that declare, or declared last, what an address names.
fn objects_of(target: &Address, desired: &Desired, state: Option<&ProviderState>) -> BTreeSet<ObjectRef> {
    let mut objects = BTreeSet::new();
    match &target.thing {
        Thing::Account(path) => objects.extend(desired.accounts.get(path).map(|one| one.object.clone())),
        Thing::Role(key) => objects.extend(desired.roles.get(key).map(|one| one.object.clone())),
        Thing::Member(path, email) => {
            objects.extend(desired.membership(path, email).map(|one| one.object.clone()));
        }
        Thing::Person(email) => {
            objects.extend(desired.people.get(email).map(|one| one.object.clone()));
            let of_person = desired.all_memberships().filter(|(_, whose, _)| *whose == email);
            objects.extend(of_person.map(|(_, _, one)| one.object.clone()));
        }
        Thing::ApiKey(label) => {
            objects.extend(desired.api_keys.get(label).map(|one| one.object.clone()));
        }
    }
    let Some(state) = state else { return objects };
    use crate::remembered::Ours;
    for (address, thing) in ours(&target.provider, state) {
        // An account's own object only: its members are objects of their own.
        let named = match target.thing {
            Thing::Account(_) => address == *target,
            _ => is_within(&address, target),
        };
        if named {
            objects.insert(match thing {
                Ours::Account(_, record) => record.object.clone(),
                Ours::Role(_, record) => record.object.clone(),
                Ours::Membership(_, _, record) => record.object.clone(),
                Ours::ApiKey(_, record) => record.object.clone(),
            });
        }
    }
    objects
}

/// Reduces the subject to these objects; what was narrow stays narrow.
fn narrow(desired: &mut Desired, objects: BTreeSet<ObjectRef>, targets: &[&Address]) {
    let names: Vec<String> = targets.iter().map(ToString::to_string).collect();
    let asked =
        format!("only {} {} asked for", names.join(" and "), if names.len() == 1 { "was" } else { "were" });
    desired.subject = match std::mem::replace(&mut desired.subject, Subject::Everything) {
        Subject::Everything => Subject::Some { objects, because: asked, gap: false },
        Subject::Some { objects: before, because, gap } => Subject::Some {
            objects: before.intersection(&objects).cloned().collect(),
            because: if gap { because } else { asked },
            gap,
        },
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_reads_back_from_a_saved_plan() {
        let question = Question {
            targets: vec!["pureport/acme:member/ada@acme.example".parse().unwrap()],
            base: Some("main".to_owned()),
            resend: ["pureport/acme:member/tim@acme.example".parse().unwrap()].into(),
            remake: ["pureport/acme:key/ci".parse().unwrap()].into(),
            at: None,
        };
        let words = question.words(&["people/ada.yaml".to_owned()]);
        let (paths, read) = Question::of_words(&words).unwrap();
        assert_eq!((paths, read), (vec!["people/ada.yaml".to_owned()], question));
    }
}
