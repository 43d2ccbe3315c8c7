//! One run of weather: a world, manifests, days of edits and storms, and a calm in which all must come right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use orgform_sim::pureport::{self, Act, Options, Sim, Switches, Truth};

use crate::decide::{Advice, Decision};
use crate::dice::Dice;
use crate::edits::{self, Ground};
use crate::git;
use crate::judge::{Broken, Judge, Passage};
use crate::org::{Org, Settings, StatePlace};
use crate::process::{Cut, Orgform, Ran};
use crate::record::Record;
use crate::weather;

/// Applies in the calm, with what a person decides between them, after which there must be nothing left to do.
const CALM: usize = 9;

/// What a process gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Everything.
    Whole,
    /// What a narrower command asks about.
    Narrow,
    /// Lists that lack something, with no sign of it.
    Lied,
}

/// What came of one run.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) broken: Broken,
    pub(crate) processes: u64,
    pub(crate) cuts: u64,
    pub(crate) requests: u64,
    pub(crate) mails: u64,
    pub(crate) losses: u64,
    pub(crate) decisions: u64,
}

/// One run while it is told.
pub(crate) struct Story {
    sim: Sim,
    orgform: Orgform,
    root: PathBuf,
    ground: Ground,
    switches: Switches,
    org: Org,
    judge: Judge,
    dice: Dice,
    /// Whether the last run of orgform went well: nothing is begun and not remembered.
    settled: bool,
    lines: Vec<String>,
    told: Told,
}

impl Story {
    /// Founds the world and writes the first manifests into an empty folder.
    pub(crate) async fn begin(seed: u64, index: u64, root: &Path) -> anyhow::Result<Self> {
        let mut dice = Dice::new(seed, index);
        let switches = weather::switches(&mut dice.fork())?;
        let options = Options { seed: dice.next(), switches: switches.clone(), ..Options::default() };
        let sim = pureport::start(options).await?;
        let settled = weather::settle(&sim, &mut dice.fork());
        let settings = settings(&sim, &switches, &mut dice);
        let ground = Ground::of(&switches);
        let org = edits::first(settings, ground, &mut dice.fork());
        let story = Self {
            judge: Judge::new(&sim.truth(), org.settings.resend_at_once),
            orgform: Orgform::beside_us(root)?,
            root: root.to_owned(),
            lines: vec![format!("seed {seed}, run {index}"), format!("{switches:?}"), format!("{settled:?}")],
            told: Told::default(),
            settled: true,
            ground,
            switches,
            org,
            dice,
            sim,
        };
        if story.org.settings.state == StatePlace::Git {
            git::init(root)?;
        }
        write(root, &story.org, None)?;
        Ok(story)
    }

    /// Tells it to its end.
    pub(crate) async fn tell(mut self) -> anyhow::Result<(Told, Record)> {
        for day in 0..self.dice.between(3, 5) {
            if day > 0 {
                self.edit()?;
            }
            self.others_act();
            self.storm().await?;
        }
        self.sim.set_faults(vec![]);
        self.calm().await?;
        self.told.broken = self.judge.broken.clone();
        self.told.losses = self.judge.losses;
        self.told.mails = self.sim.stats().mails;
        self.told.requests = self.sim.stats().total;
        let record = Record {
            lines: self.lines,
            requests: self.sim.request_log(),
            mails: self.sim.mails(),
            world: serde_json::to_value(self.sim.truth())?,
        };
        Ok((self.told, record))
    }

    fn edit(&mut self) -> anyhow::Result<()> {
        let before = self.org.clone();
        for _ in 0..self.dice.roll(4) {
            if let Some(what) = edits::edit(&mut self.org, self.ground, &mut self.dice.fork()) {
                self.lines.push(format!("edit: {what}"));
            }
        }
        write(&self.root, &self.org, Some(&before))
    }

    fn others_act(&mut self) {
        for _ in 0..self.dice.roll(4) {
            let before = self.sim.truth();
            let act = weather::act(&before, &mut self.dice.fork());
            let Some(act) = act.filter(|act| !renames_unsure(act, &self.judge)) else { continue };
            if self.sim.act(act.clone()).is_ok() {
                self.lines.push(format!("others: {act:?}"));
                self.judge.others_acted(&before, &self.sim.truth());
            }
        }
    }

    /// One process of orgform in bad weather.
    async fn storm(&mut self) -> anyhow::Result<()> {
        let faults = weather::faults(&self.switches, self.settled, &mut self.dice.fork());
        let cut = Cut::draw(self.org.settings.state == StatePlace::File, &mut self.dice.fork());
        let narrow = self.dice.chance(10);
        let arguments: &[&str] = if narrow { &["apply", "--yes", "people"] } else { &["apply", "--yes"] };
        self.lines.push(format!("faults: {}", serde_json::to_string(&faults)?));
        self.sim.set_faults(faults.clone());
        let lied = faults.iter().any(weather::is_lie);
        let sight = if lied {
            Sight::Lied
        } else if narrow {
            Sight::Narrow
        } else {
            Sight::Whole
        };
        let ran = self.run(arguments, &cut, sight, &BTreeSet::new()).await?;
        if ran.code == Some(1) && faults.is_empty() {
            self.complain(format!("an error in fair weather: {}", ran.stderr.trim()));
        }
        if ran.is_cut() {
            self.sim.set_faults(vec![]);
            self.look_at_what_is_left().await?;
        }
        Ok(())
    }

    /// After a kill the state can be read. What a lease waits for is let pass.
    async fn look_at_what_is_left(&mut self) -> anyhow::Result<()> {
        let shown = self.quietly(&["show"]).await?;
        if shown.code != Some(0) {
            self.complain(format!("the state can't be read: {}", shown.stderr.trim()));
        }
        if self.org.settings.state == StatePlace::Git {
            git::let_lease_run_out(&self.root)?;
        }
        Ok(())
    }

    /// Applies until there is nothing to do; a person decides what only a person can.
    async fn calm(&mut self) -> anyhow::Result<()> {
        let mut releases: Vec<String> = vec![];
        let mut right = vec![];
        let mut has_waited = false;
        for round in 0.. {
            self.apply(&releases).await?;
            let before = (self.sim.stats().writes, self.sim.stats().mails);
            let planned = self.quietly(&["plan", "--detailed-exitcode", "--format", "json"]).await?;
            if before != (self.sim.stats().writes, self.sim.stats().mails) {
                self.complain("planning wrote something".to_owned());
            }
            let advice = Advice::of(&planned.json(), &self.org);
            self.lines.push(format!("plan: exit {:?}, {advice:?}", planned.code));
            if advice.is_settled(planned.code) {
                right = advice.right;
                break;
            }
            if round == CALM {
                self.complain(format!("not converged: exit {:?}, {advice:?}", planned.code));
                break;
            }
            (releases, right) = (advice.releases.clone(), advice.right.clone());
            // What is decided may change what is held.
            let decisions = if releases.is_empty() { advice.decisions } else { vec![] };
            if !has_waited && self.is_any_there(&decisions) {
                has_waited = true;
                tokio::time::sleep(Duration::from_secs(weather::LAG)).await;
                continue;
            }
            for decision in decisions {
                self.told.decisions += 1;
                self.decide(decision).await?;
            }
        }
        self.stays_calm().await?;
        self.judge.judge_end(&self.org, &self.sim.truth(), &right);
        Ok(())
    }

    async fn apply(&mut self, releases: &[String]) -> anyhow::Result<()> {
        let mut arguments = vec!["apply", "--yes"];
        arguments.extend(releases.iter().flat_map(|digest| ["--release", digest.as_str()]));
        let ran = self.run(&arguments, &Cut::None, Sight::Whole, &BTreeSet::new()).await?;
        if ran.code == Some(1) {
            self.complain(format!("an error in the calm: {}", ran.stderr.trim()));
        }
        Ok(())
    }

    /// One more apply: no write, no mail.
    async fn stays_calm(&mut self) -> anyhow::Result<()> {
        let before = (self.sim.stats().writes, self.sim.stats().mails);
        self.run(&["apply", "--yes"], &Cut::None, Sight::Whole, &BTreeSet::new()).await?;
        let after = (self.sim.stats().writes, self.sim.stats().mails);
        if before != after {
            self.complain(format!("a converged apply wrote or mailed: {before:?} became {after:?}"));
        }
        Ok(())
    }

    /// Who decides looks at the provider first: what is there, only not listed yet, is waited for once.
    fn is_any_there(&mut self, decisions: &[Decision]) -> bool {
        let truth = self.sim.truth();
        let there = decisions.iter().find(|one| one.is_about_what_is_there(&self.judge, &truth));
        if let Some(there) = there {
            self.lines.push(format!("a person looks, and it is there: {there:?}"));
        }
        there.is_some()
    }

    async fn decide(&mut self, decision: Decision) -> anyhow::Result<()> {
        self.lines.push(format!("a person decides: {decision:?}"));
        match decision {
            Decision::Resend { address, account, email } => {
                let id = self.judge.account(&account).cloned().unwrap_or_default();
                let asked = BTreeSet::from([(id, email)]);
                self.run(&["invites", "resend", &address, "--yes"], &Cut::None, Sight::Narrow, &asked)
                    .await
                    .map(drop)
            }
            Decision::Forget { address, account, thing } => {
                let ran = self.quietly(&["forget", &address, "--yes"]).await?;
                self.lines.push(format!("forget: exit {:?} {}", ran.code, ran.stderr.trim()));
                self.judge.forgotten(&self.org, &account, thing.as_deref());
                Ok(())
            }
            Decision::NotARename { accounts } => {
                let whole = self.org.clone();
                for account in &accounts {
                    edits::take_account(&mut self.org, account);
                }
                write(&self.root, &self.org, Some(&whole))?;
                self.apply(&[]).await?;
                let planned = self.quietly(&["plan", "--format", "json"]).await?;
                let advice = Advice::of(&planned.json(), &self.org);
                self.apply(&advice.releases).await?;
                if advice.releases.is_empty() {
                    for address in &advice.staying {
                        let ran = self.quietly(&["forget", address, "--yes"]).await?;
                        self.lines.push(format!("forget {address}: exit {:?}", ran.code));
                    }
                }
                let less = std::mem::replace(&mut self.org, whole);
                write(&self.root, &self.org, Some(&less))
            }
        }
    }

    /// Runs a process that writes, and has it judged.
    async fn run(
        &mut self,
        arguments: &[&str],
        cut: &Cut,
        sight: Sight,
        resent: &BTreeSet<(String, String)>,
    ) -> anyhow::Result<Ran> {
        let (before, mails) = (self.sim.truth(), self.sim.mails().len());
        self.judge.bind(&self.org, &before);
        let mut meanwhile = vec![];
        let mut theirs = BTreeSet::new();
        let (sim, dice, lines, judge) = (&self.sim, &mut self.dice, &mut self.lines, &self.judge);
        lines.push(format!("$ orgform {} ({cut:?})", arguments.join(" ")));
        let acts = || act_meanwhile(sim, dice, judge, &mut meanwhile, &mut theirs, lines);
        let ran = self.orgform.run(arguments, cut, sim, acts).await?;
        self.told.processes += 1;
        self.told.cuts += u64::from(ran.is_cut());
        self.lines.push(format!("=> {:?}\n{}{}", ran.code, ran.stdout, ran.stderr));
        if ran.hung {
            self.complain("it hung".to_owned());
        }
        let (after, all) = (self.sim.truth(), self.sim.mails());
        let sent = all.into_iter().enumerate().skip(mails).filter(|(at, _)| !theirs.contains(at));
        let sent: Vec<_> = sent.map(|(_, mail)| mail).collect();
        self.judge.passed(&Passage {
            org: &self.org,
            before: &before,
            after: &after,
            mails: &sent,
            meanwhile: &meanwhile,
            went_well: sight == Sight::Whole && meanwhile.is_empty() && matches!(ran.code, Some(0 | 3)),
            lists_lied: sight == Sight::Lied,
            resent,
        });
        self.settled = matches!(ran.code, Some(0 | 3));
        self.files_are_as_written()?;
        Ok(ran)
    }

    /// Runs a process that must not write.
    async fn quietly(&mut self, arguments: &[&str]) -> anyhow::Result<Ran> {
        self.told.processes += 1;
        self.orgform.run(arguments, &Cut::None, &self.sim, || ()).await
    }

    fn files_are_as_written(&mut self) -> anyhow::Result<()> {
        for (path, text) in self.org.files() {
            if std::fs::read_to_string(self.root.join(&path))? != text {
                self.complain(format!("{path} was changed"));
            }
        }
        Ok(())
    }

    fn complain(&mut self, text: String) {
        self.lines.push(format!("BROKEN: {text}"));
        self.judge.broken.other.push(text);
    }
}

fn settings(sim: &Sim, switches: &Switches, dice: &mut Dice) -> Settings {
    Settings {
        endpoint: sim.url(),
        state: if dice.chance(25) { StatePlace::Git } else { StatePlace::File },
        wide_limits: dice.chance(60),
        report_drift: dice.chance(12),
        take_extra_grants: dice.chance(15),
        resend_at_once: dice.chance(60),
        look_up_always: dice.chance(40),
        remove_accounts: dice.chance(20),
        accept_agreements: switches.consent == pureport::ConsentRule::Required,
        protected: dice.chance(40).then(|| edits::email(dice.roll(4))),
    }
}

fn act_meanwhile(
    sim: &Sim,
    dice: &mut Dice,
    judge: &Judge,
    meanwhile: &mut Vec<(Truth, Truth)>,
    theirs: &mut BTreeSet<usize>,
    lines: &mut Vec<String>,
) {
    for _ in 0..dice.between(1, 2) {
        let (before, mails) = (sim.truth(), sim.mails().len());
        let act: Option<Act> = weather::act(&before, &mut dice.fork());
        let act = act.filter(|act| !renames_unsure(act, judge));
        let Some(act) = act.filter(|act| sim.act(act.clone()).is_ok()) else { continue };
        lines.push(format!("others, meanwhile: {act:?}"));
        theirs.extend(mails..sim.mails().len());
        meanwhile.push((before, sim.truth()));
    }
}

/// Whether an act hides for good what an interrupted run made.
fn renames_unsure(act: &Act, judge: &Judge) -> bool {
    match act {
        Act::RenameAccount { account, .. } => judge.is_unsure(account),
        Act::RenameRole { role, .. } => judge.is_unsure(role),
        _ => false,
    }
}

/// Writes the manifests, and takes away what is no longer among them.
fn write(root: &Path, org: &Org, before: Option<&Org>) -> anyhow::Result<()> {
    let files = org.files();
    for (path, text) in &files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        std::fs::write(path, text)?;
    }
    for path in
        before.map(Org::files).unwrap_or_default().into_keys().filter(|path| !files.contains_key(path))
    {
        std::fs::remove_file(root.join(path))?;
    }
    Ok(())
}

/// Plays one run in a folder that is there for it alone.
pub(crate) async fn play(seed: u64, index: u64, keep: &Path, repeat: &str) -> anyhow::Result<Told> {
    let folder = tempfile::tempdir()?;
    let telling = async { Story::begin(seed, index, folder.path()).await?.tell().await };
    let told = telling.await;
    let (told, record) = told.with_context(|| format!("run {index} could not be told; {repeat}"))?;
    if !told.broken.is_empty() {
        record.keep(
            &told,
            repeat,
            folder.path(),
            &keep.join(crate::figures::folder("pureport", seed, index)),
        )?;
    }
    Ok(told)
}
