//! From agreed plans to reports: what `apply` and `invites resend` share.
//!
//! The steps are in [`carry_out`] and [`Applying::run`]: read, take the state, plan, show, ask, apply, verify.
//! Whatever happens on the way, the state is closed and simulators are stopped.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use orgform_engine::{Clock, EngineError, OpenState, Stop, Writing};
use orgform_model::policy::{Approval, Mode};
use orgform_model::{AccountPath, Address, Email, ProviderName, Severity, State, Timestamp};
use orgform_plan::evidence::Evidence;
use orgform_plan::file::PlanFile;
use orgform_plan::{ApprovedPlan, Fate, Plan, Report, Verified, render};
use orgform_provider::Provider;

use crate::absence::FileEdit;
use crate::agreed::{approve_all, refuse_unknown_releases};
use crate::args::duration;
use crate::ask::{Answer, ask};
use crate::commands::plan::{Format as Shape, now, of_plan};
use crate::connect::{Link, Purpose};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::progress::Bar;
use crate::prove::{prove, tell_nowhere};
use crate::root::{OpenRoot, count, counted};
use crate::run::{self, Look, Question, Turn};
use crate::{interrupt, store};

/// What every command that writes can be told beforehand.
#[derive(Args, Clone, Debug)]
pub(crate) struct Beforehand {
    /// Agree beforehand to what will be shown.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Wait this long, such as 5m, if another run is writing.
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    pub(crate) wait: Option<Duration>,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// What is to be carried out.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// What narrows it.
    pub(crate) paths: Vec<PathBuf>,
    /// What it is asked for by address.
    pub(crate) question: Question,
    /// A plan that was agreed to before.
    pub(crate) file: Option<PlanFile>,
    /// Held groups that may go.
    pub(crate) releases: Vec<String>,
    /// How to show what happens.
    pub(crate) format: Shape,
    /// The command that does it again, for releases; `orgform apply` if empty.
    pub(crate) again: String,
    /// Files to write once somebody has agreed, before anything else is done.
    pub(crate) edits: Vec<FileEdit>,
    /// People whose absence is proved in the end.
    pub(crate) absent: BTreeSet<Email>,
}

impl From<Format> for Shape {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}

/// Plans, shows, asks, applies and verifies.
pub(crate) async fn carry_out(order: Order, beforehand: &Beforehand, console: &Console) -> Result<Exit> {
    let root = OpenRoot::open(&order.paths, console)?; // I/O
    root.tell_findings(console);
    carry_out_in(&root, order, beforehand, console).await
}

/// The same in a root that is open, its findings told.
pub(crate) async fn carry_out_in(
    root: &OpenRoot,
    order: Order,
    beforehand: &Beforehand,
    console: &Console,
) -> Result<Exit> {
    let exit = root.exit();
    if let Some(file) = &order.file {
        file.check(&root.settings.id, Timestamp::now())
            .map_err(|error| Failure::new("the saved plan can't be applied").because(error).nothing_read())?;
    }
    let mut state = store::open(root, beforehand.wait, console).await?; // I/O
    let stop = interrupt::listen();
    let ended = Applying { root, order: &order, beforehand, console, stop }.run(&mut state).await; // I/O
    let closed = state.close().await; // I/O
    let exit = exit.and(ended?);
    closed.map_err(failure::of_closing)?;
    Ok(exit)
}

/// One run over all providers that are asked for.
struct Applying<'a> {
    root: &'a OpenRoot,
    order: &'a Order,
    beforehand: &'a Beforehand,
    console: &'a Console,
    stop: Stop,
}

/// One provider that was planned, with the connection that will write.
pub(crate) struct Ready {
    /// The provider, and what is declared for it.
    pub(crate) turn: Turn,
    /// The connection.
    pub(crate) link: Link,
    /// What writes.
    pub(crate) writer: Arc<dyn Provider>,
    /// The plan.
    pub(crate) look: Look,
}

impl Applying<'_> {
    async fn run(&self, state: &mut OpenState) -> Result<Exit> {
        let turns = run::turns(self.root, &self.order.question, Some(state.state()), self.console)?;
        let asked: Vec<ProviderName> = turns.iter().map(|turn| turn.name().clone()).collect();
        let (ready, mut exit) = self.plan_all(turns, state).await?;
        let ended =
            match self.agree(&ready, state.state()).await.and_then(|approved| self.write_files(approved)) {
                Ok(approved) => self.apply_all(&asked, &ready, &approved, state).await,
                Err(error) => Err(error),
            };
        for one in ready {
            one.link.close().await;
        }
        exit = exit.and(ended?);
        Ok(exit)
    }

    /// Plans each provider. One that can't be planned is told; it ends the run only where it is the only one.
    async fn plan_all(&self, turns: Vec<Turn>, state: &OpenState) -> Result<(Vec<Ready>, Exit)> {
        let number = turns.len();
        let mut ready = Vec::new();
        let mut exit = Exit::Clean;
        for turn in turns {
            let name = turn.name().clone();
            match self.plan(turn, state).await {
                Ok(one) => ready.push(one),
                Err(error) if number > 1 && !self.stop.is_asked() => {
                    self.console.fail(&failure::among(number, &name, error));
                    exit = Exit::Partial;
                }
                Err(error) => return Err(error),
            }
        }
        if ready.is_empty() && number > 0 {
            exit = Exit::Error;
        }
        Ok((ready, exit))
    }

    async fn plan(&self, turn: Turn, state: &OpenState) -> Result<Ready> {
        let mode = turn.desired.policy.mode;
        if mode != Mode::Apply {
            let provider = turn.name().clone();
            return Err(failure::of_provider(turn.name(), EngineError::Mode { provider, mode }));
        }
        let link = Link::open(&self.root.folder, &turn.settings, Purpose::Write, self.console).await?;
        link.tell(turn.name(), self.console);
        let planned = tokio::select! {
            planned = self.look(&turn, &link, state) => planned,
            () = self.stop.asked() => Err(failure::stopped()),
        };
        match planned {
            Ok((writer, look)) => Ok(Ready { turn, link, writer, look }),
            Err(error) => {
                link.close().await;
                Err(error)
            }
        }
    }

    async fn look(&self, turn: &Turn, link: &Link, state: &OpenState) -> Result<(Arc<dyn Provider>, Look)> {
        let named = |error| failure::of_provider(turn.name(), error);
        let writer = (turn.provider.writer)(&link.connection)
            .map_err(|error| named(EngineError::Unobservable(error)))?;
        let known = state.provider(turn.name());
        let bar = Bar::new(self.console, turn.name().as_str());
        let case = turn.case(link);
        orgform_engine::wait_until_visible(&case, known, link.clock(), &bar, &self.stop).await; // I/O
        drop(bar);
        let look = run::look(turn, link, writer.as_ref(), known, self.console).await.map_err(named)?; // I/O
        Ok((writer, look))
    }

    /// Shows the plans and asks. An empty plan needs no answer: it only remembers.
    async fn agree(&self, ready: &[Ready], remembered: &State) -> Result<Vec<ApprovedPlan>> {
        let looks: Vec<&Look> = ready.iter().map(|one| &one.look).collect();
        let plans: Vec<&Plan> = looks.iter().map(|look| &look.planned.plan).collect();
        refuse_unknown_releases(&plans, &self.order.releases, remembered)?;
        if self.order.format == Shape::Text {
            run::print_plans_for(&looks, &self.order.again, &self.order.releases, self.console)?;
        }
        tell_nowhere(&plans, &self.order.edits, self.console);
        let approved = approve_all(&plans, self.order)?;
        let changes: usize = approved.iter().map(|plan| plan.plan().changes.len()).sum();
        let taken: usize =
            approved.iter().map(|plan| plan.plan().adopted.len() + plan.plan().forgotten.len()).sum();
        let files = self.order.edits.len();
        if changes + taken + files == 0 {
            return Ok(approved);
        }
        self.refuse_unapproved(ready)?;
        let already = self.beforehand.yes || self.order.file.is_some();
        match ask(&question(changes, taken, files), already, &self.stop).await? {
            Answer::Yes => Ok(approved),
            Answer::No => {
                Err(Failure::new("not applied: the answer was not \"yes\"").nothing_changed().into())
            }
        }
    }

    /// Writes what was agreed to be declared: from here on a run that is interrupted can be run again.
    fn write_files(&self, approved: Vec<ApprovedPlan>) -> Result<Vec<ApprovedPlan>> {
        for edit in &self.order.edits {
            edit.write(&self.root.folder)?; // I/O
            self.console.tell(&format!("Wrote {}.", edit.path));
        }
        Ok(approved)
    }

    /// `approval: Required` means that somebody has read this very plan: a flag is not enough.
    fn refuse_unapproved(&self, ready: &[Ready]) -> Result<()> {
        let unread = self.beforehand.yes && self.order.file.is_none();
        let required = ready.iter().find(|one| {
            one.turn.desired.policy.approval == Approval::Required && !one.look.planned.plan.is_empty()
        });
        match required {
            Some(one) if unread => Err(Failure::new(format!(
                "{} wants its plans approved, and --yes approves nothing",
                one.turn.name()
            ))
            .hint("run `orgform plan --out plan.json`, have it read, then `orgform apply plan.json`.")
            .nothing_changed()
            .into()),
            _ => Ok(()),
        }
    }

    /// Applies what is ready, and proves absence at every provider that was asked.
    async fn apply_all(
        &self,
        asked: &[ProviderName],
        ready: &[Ready],
        approved: &[ApprovedPlan],
        state: &mut OpenState,
    ) -> Result<Exit> {
        let mut exit = Exit::Clean;
        let mut reports = Vec::new();
        for (one, approved) in ready.iter().zip(approved) {
            if self.stop.is_asked() {
                break;
            }
            match self.apply(one, approved, state).await {
                Ok(report) => {
                    exit = exit.and(self.ended(one, approved, &report));
                    self.show(one, approved, &report)?;
                    reports.push(report);
                }
                Err(EngineError::Interrupted { report, source }) => {
                    self.show(one, approved, &report)?;
                    return Err(failure::of_provider(
                        one.turn.name(),
                        EngineError::Interrupted { report, source },
                    ));
                }
                Err(error) => {
                    let error = failure::of_provider(one.turn.name(), error);
                    let error = failure::among(ready.len(), one.turn.name(), error);
                    exit = exit.and(self.console.fail(&error));
                }
            }
        }
        let mut evidence = Vec::new();
        if !self.order.absent.is_empty() && !self.stop.is_asked() {
            let (proofs, proved) = prove(ready, &reports, &self.order.absent, state, self.console).await; // I/O
            exit = exit.and(proved);
            evidence = proofs;
            let unseen = asked.iter().filter(|name| !evidence.iter().any(|one| one.provider == **name));
            let unseen: Vec<&ProviderName> = unseen.collect();
            evidence.extend(
                unseen.into_iter().map(|name| {
                    Evidence::not_looked(name.clone(), Timestamp::now(), self.order.again.clone())
                }),
            );
        }
        self.print_rest(ready, &reports, &evidence)?;
        self.tell_how_to_take_back(&reports);
        self.tell_stopped(ready.len(), &reports);
        Ok(exit)
    }

    async fn apply(
        &self,
        one: &Ready,
        approved: &ApprovedPlan,
        state: &mut OpenState,
    ) -> Result<Report, EngineError> {
        let Ready { turn, link, writer, look } = one;
        let bar = Bar::new(self.console, turn.name().as_str());
        let case = turn.case(link);
        let writing =
            Writing { writer: writer.as_ref(), clock: link.clock(), progress: &bar, stop: &self.stop };
        let mut report = {
            let applying = orgform_engine::apply(&writing, &case, &look.planned, approved, state); // I/O
            tokio::pin!(applying);
            tokio::select! {
                ended = &mut applying => ended?,
                () = self.stop.asked() => {
                    self.console.insist(
                        "Stopping: nothing more starts, what runs is finished and remembered. Ctrl-C again aborts.",
                    );
                    applying.await?
                }
            }
        };
        report.left.errors = count(&self.root.findings, Severity::Error);
        // Asked after the last change began, a stop has nothing left to stop.
        if self.stop.is_asked() && stopped(&report) > 0 {
            return Ok(Report { verified: not_checked("the run was stopped"), ..report });
        }
        if report.outcomes.is_empty() {
            return Ok(Report { verified: not_checked("nothing was written"), ..report });
        }
        let case = turn.case_afterwards(link);
        orgform_engine::verify(writer.as_ref(), &case, &look.planned, report, state, link.clock(), &bar).await // I/O
    }

    /// The exit code of one provider: what failed, then what was not allowed, then what could not be seen.
    fn ended(&self, one: &Ready, approved: &ApprovedPlan, report: &Report) -> Exit {
        let failed = report.outcomes.iter().any(|outcome| !outcome.result.is_done());
        let refused = !report.extra.is_empty();
        // What was released is not held any more.
        let plan = Plan { held: approved.plan().held.clone(), ..one.look.planned.plan.clone() };
        let exit = match (failed, self.order.question.requested().next().is_none()) {
            (true, _) => Exit::Partial,
            (false, true) => of_plan(&plan, false),
            // Of a plan that is asked to do something by address, only that counts.
            (false, false) => self.of_requests(&plan),
        };
        let differs = matches!(report.verified, Verified::Differs { .. });
        exit.and(if refused { Exit::Refused } else { Exit::Clean }).and(if differs && !refused {
            Exit::Partial
        } else {
            Exit::Clean
        })
    }

    /// How something ended that was asked for by address and of which nothing failed: it may be refused, deferred or
    /// out of sight.
    fn of_requests(&self, plan: &Plan) -> Exit {
        let requested: Vec<&Address> = self.order.question.requested().collect();
        let asked = |address: &Address| requested.contains(&address);
        let refused = plan.refused.iter().map(|one| &one.address);
        let held = plan.held.iter().flat_map(|group| &group.changes).map(|one| &one.address);
        let is_in = |account: &Option<AccountPath>| {
            let accounts =
                requested.iter().filter(|one| one.provider == plan.provider).map(|one| one.account_path());
            account.is_none() || accounts.into_iter().any(|of| of.is_none() || of == account.as_ref())
        };
        if plan.unseen.iter().any(|scope| is_in(&scope.account))
            || plan.deferred.iter().any(|one| asked(&one.address))
        {
            return Exit::Partial;
        }
        if refused.chain(held).any(asked) { Exit::Refused } else { Exit::Clean }
    }

    fn show(&self, one: &Ready, approved: &ApprovedPlan, report: &Report) -> Result<()> {
        let quiet =
            one.look.planned.plan.is_empty() && approved.releases().is_empty() && report.extra.is_empty();
        // The plan's own line has said that there is nothing to do.
        if self.order.format == Shape::Text && !(quiet && report.outcomes.is_empty()) {
            let text = render::report_text(report, one.link.clock().now(), &self.console.style(None));
            self.console.print(&format!("\n{text}"))?;
        }
        Ok(())
    }

    /// What was not shown on the way.
    fn print_rest(&self, ready: &[Ready], reports: &[Report], evidence: &[Evidence]) -> Result<()> {
        let style = self.console.style(None);
        match self.order.format {
            Shape::Json => return self.print_json(ready, reports, evidence),
            Shape::Markdown => self.console.print(&render::evidence_markdown(evidence, &style))?,
            Shape::Text => {
                for one in evidence {
                    self.console.print(&format!("\n{}", render::evidence_text(one, &style)))?;
                }
            }
        }
        Ok(())
    }

    /// Of somebody who may not go, the declaration was written all the same.
    fn tell_how_to_take_back(&self, reports: &[Report]) {
        if reports.iter().all(|report| report.left.refused == 0) {
            return;
        }
        for edit in &self.order.edits {
            let path = &edit.path;
            self.console
                .tell(&format!("{path} declares the absence all the same; to undo that, {}.", edit.undo()));
        }
    }

    fn print_json(&self, ready: &[Ready], reports: &[Report], evidence: &[Evidence]) -> Result<()> {
        let now = now(ready.iter().map(|one| &one.look));
        let style = self.console.style(None);
        let plan = |one: &Ready| one.look.planned.plan.clone().releasing(&self.order.releases);
        let plans: Vec<Plan> = ready.iter().map(plan).collect();
        let mut value = render::json(&plans, now, &style);
        if let (Some(value), Some(reports)) =
            (value.as_object_mut(), render::report_json(reports, now, &style).as_object_mut())
        {
            value.append(reports);
        }
        if !self.order.absent.is_empty() {
            value["evidence"] = render::evidence_json(evidence, &style);
        }
        self.console.print_json(&value)?;
        Ok(())
    }

    fn tell_stopped(&self, providers: usize, reports: &[Report]) {
        if !self.stop.is_asked() {
            return;
        }
        let number: usize = reports.iter().map(stopped).sum();
        if number == 0 && reports.len() == providers {
            return;
        }
        let not_started = match number {
            0 => counted(providers - reports.len(), "provider"),
            number => counted(number, "change"),
        };
        self.console
            .insist(&format!("Stopped: {not_started} not started. Run apply again: it goes on from here."));
    }
}

fn stopped(report: &Report) -> usize {
    report.outcomes.iter().filter(|one| one.result == Fate::Stopped).count()
}

fn not_checked(because: &str) -> Verified {
    Verified::NotChecked { because: because.to_owned() }
}

fn question(changes: usize, taken: usize, files: usize) -> String {
    match (changes, taken) {
        (0, 0) => format!("Write {}?", counted(files, "file")),
        (changes, _) if files > 0 => {
            format!("Write {} and apply {}?", counted(files, "file"), counted(changes, "change"))
        }
        (0, 1) => "Remember this one thing as ours?".to_owned(),
        (0, taken) => format!("Remember these {taken} things as ours?"),
        (1, _) => "Apply this change?".to_owned(),
        (changes, _) => format!("Apply these {changes} changes?"),
    }
}
