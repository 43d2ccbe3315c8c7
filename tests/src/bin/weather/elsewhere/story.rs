//! One run of weather: a world, manifests, days of edits and storms, and a calm in which all must come right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use orgform_sim::{Options, Simulator};
use serde_json::Value;

use super::advice::Advice;
use super::judge::{Judge, Passage};
use super::seats::{self, Key, Seats};
use super::storm::{faults, is_lie, theirs};
use super::{Elsewhere, switches};
use crate::dice::Dice;
use crate::figures::folder;
use crate::process::{Cut, Orgform, Ran};
use crate::record::Record;
use crate::story::Told;

/// Applies in the calm, with what a person decides between them, after which there must be nothing left to do.
const CALM: usize = 9;

struct Story<E: Elsewhere> {
    sim: Simulator<E::World>,
    orgform: Orgform,
    root: PathBuf,
    removes: bool,
    seats: Seats,
    judge: Judge,
    dice: Dice,
    /// Whether the last run of orgform went well: nothing is begun and not remembered.
    settled: bool,
    lines: Vec<String>,
    told: Told,
}

/// Plays one run in a folder that is there for it alone.
pub(crate) async fn play<E: Elsewhere>(
    seed: u64,
    index: u64,
    keep: &Path,
    repeat: &str,
) -> anyhow::Result<Told> {
    let root = tempfile::tempdir()?;
    let telling = async { Story::<E>::begin(seed, index, root.path()).await?.tell().await };
    let (told, record) = telling.await.with_context(|| format!("run {index} could not be told; {repeat}"))?;
    if !told.broken.is_empty() {
        record.keep(&told, repeat, root.path(), &keep.join(folder(E::KIND, seed, index)))?;
    }
    Ok(told)
}

impl<E: Elsewhere> Story<E> {
    async fn begin(seed: u64, index: u64, root: &Path) -> anyhow::Result<Self> {
        let mut dice = Dice::new(seed, index);
        let switches = switches::<E>(&mut dice.fork())?;
        let options = Options { seed: dice.next(), switches: switches.clone(), ..Options::default() };
        let sim = Simulator::<E::World>::start(options).await?;
        E::settle(&sim, &mut dice.fork());
        let seats = seats::first::<E>(&mut dice.fork());
        let mut orgform = Orgform::beside_us(root)?;
        for (name, value) in E::environment() {
            orgform.set(name, value);
        }
        let story = Self {
            orgform,
            root: root.to_owned(),
            removes: dice.chance(50),
            lines: vec![format!("seed {seed}, run {index}"), format!("{switches:?}")],
            judge: Judge::default(),
            told: Told::default(),
            // A list that lacks what orgform has never seen is one that it believes.
            settled: false,
            seats,
            dice,
            sim,
        };
        std::fs::write(root.join("orgform.yaml"), "root: weather-5d27b0e4\n")?;
        std::fs::write(root.join("provider.yaml"), E::manifest(&story.sim.url(), story.removes))?;
        story.write()?;
        Ok(story)
    }

    async fn tell(mut self) -> anyhow::Result<(Told, Record)> {
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
            world: Value::String(format!("{:#?}", E::seen(&self.sim))),
        };
        Ok((self.told, record))
    }

    fn write(&self) -> anyhow::Result<()> {
        Ok(std::fs::write(self.root.join("people.yaml"), seats::manifest::<E>(&self.seats))?)
    }

    fn edit(&mut self) -> anyhow::Result<()> {
        for _ in 0..self.dice.roll(4) {
            let what = seats::edit::<E>(&mut self.seats, &mut self.dice.fork());
            self.lines.extend(what.map(|what| format!("edit: {what}")));
        }
        self.write()
    }

    fn others_act(&mut self) {
        for _ in 0..self.dice.roll(4) {
            let before = E::seen(&self.sim);
            if let Some(act) = theirs::<E>(&self.sim, &before, &mut self.dice) {
                self.lines.push(format!("others: {act:?}"));
                let now = E::seen(&self.sim);
                self.judge.others_acted(&before.changed(&now), &now);
            }
        }
    }

    /// One process of orgform in bad weather.
    async fn storm(&mut self) -> anyhow::Result<()> {
        let faults = faults::<E>(self.settled, &mut self.dice.fork());
        let cut = Cut::within(E::WRITES_OF_A_RUN, E::REQUESTS_OF_A_RUN, true, &mut self.dice.fork());
        self.lines.push(format!("faults: {}", serde_json::to_string(&faults)?));
        self.sim.set_faults(faults.clone());
        let lied = faults.iter().any(is_lie);
        let ran = self.run(&["apply", "--yes"], &cut, lied, &BTreeSet::new()).await?;
        self.sim.set_faults(vec![]);
        let renewed = self.renew(&ran);
        if ran.code == Some(1) && faults.is_empty() && !renewed && !matches!(cut, Cut::FullDisk { .. }) {
            self.complain(format!("an error in fair weather: {}", ran.stderr.trim()));
        }
        if ran.is_cut() {
            let shown = self.quietly(&["show"]).await?;
            if shown.code != Some(0) {
                self.complain(format!("the state can't be read: {}", shown.stderr.trim()));
            }
        }
        Ok(())
    }

    /// Applies until there is nothing to do; a person decides what only a person can.
    async fn calm(&mut self) -> anyhow::Result<()> {
        let mut releases: Vec<String> = vec![];
        let mut right = vec![];
        for round in 0.. {
            let refused = self.apply(&releases).await?;
            let before = (self.sim.stats().writes, self.sim.stats().mails);
            let planned = self.quietly(&["plan", "--detailed-exitcode", "--format", "json"]).await?;
            if before != (self.sim.stats().writes, self.sim.stats().mails) {
                self.complain("planning wrote something".to_owned());
            }
            let mut advice = Advice::of(&planned.json());
            if refused {
                advice.drops.append(&mut advice.changes);
            }
            self.lines.push(format!("plan: exit {:?}, {advice:?}", planned.code));
            right = advice.right.clone();
            if advice.is_settled(planned.code) {
                break;
            }
            if round == CALM {
                self.complain(format!("not converged: exit {:?}, {advice:?}", planned.code));
                break;
            }
            releases = advice.releases;
            // What is decided may change what is held.
            if releases.is_empty() {
                self.told.decisions += (advice.resends.len() + advice.drops.len()) as u64;
                self.drop_declarations(&advice.drops)?;
                for address in &advice.resends {
                    let asked = BTreeSet::from([email_of(address)]);
                    self.run(&["invites", "resend", address, "--yes"], &Cut::None, false, &asked).await?;
                }
                for address in &advice.forgets {
                    self.quietly(&["forget", address, "--yes"]).await?;
                }
            }
        }
        self.stays_calm().await?;
        self.judge.judge_end(&self.seats, &E::seen(&self.sim), &right);
        Ok(())
    }

    /// Whoever can never come back is declared no more.
    fn drop_declarations(&mut self, addresses: &[String]) -> anyhow::Result<()> {
        for address in addresses {
            let email = email_of(address);
            self.lines.push(format!("a person drops {email}, who can't come back"));
            self.seats.retain(|(_, one), _| *one != email);
        }
        self.write()
    }

    /// Says whether the provider has deleted somebody who is declared, which nothing tells but its refusal.
    async fn apply(&mut self, releases: &[String]) -> anyhow::Result<bool> {
        let mut arguments = vec!["apply", "--yes"];
        arguments.extend(releases.iter().flat_map(|digest| ["--release", digest.as_str()]));
        let ran = self.run(&arguments, &Cut::None, false, &BTreeSet::new()).await?;
        if ran.code == Some(1) && !self.renew(&ran) {
            self.complain(format!("an error in the calm: {}", ran.stderr.trim()));
        }
        let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(said.contains("was deleted; contact support"))
    }

    /// One more apply: no write, no mail.
    async fn stays_calm(&mut self) -> anyhow::Result<()> {
        let before = (self.sim.stats().writes, self.sim.stats().mails);
        self.apply(&[]).await?;
        let after = (self.sim.stats().writes, self.sim.stats().mails);
        if before != after {
            self.complain(format!("a converged apply wrote or mailed: {before:?} became {after:?}"));
        }
        Ok(())
    }

    /// Runs a process that writes, and has it judged.
    async fn run(
        &mut self,
        arguments: &[&str],
        cut: &Cut,
        lists_lied: bool,
        resent: &BTreeSet<String>,
    ) -> anyhow::Result<Ran> {
        let (before, mails) = (E::seen(&self.sim), self.sim.mails().len());
        let (mut touched, mut by_others) = (BTreeSet::<Key>::new(), BTreeSet::new());
        let (sim, dice, lines) = (&self.sim, &mut self.dice, &mut self.lines);
        lines.push(format!("$ orgform {} ({cut:?})", arguments.join(" ")));
        let others = || {
            let (earlier, mails) = (E::seen(sim), sim.mails().len());
            let act = theirs::<E>(sim, &earlier, dice);
            lines.extend(act.map(|act| format!("others, meanwhile: {act:?}")));
            touched.extend(earlier.changed(&E::seen(sim)));
            by_others.extend(mails..sim.mails().len());
        };
        let ran = self.orgform.run(arguments, cut, sim, others).await?;
        self.told.processes += 1;
        self.told.cuts += u64::from(ran.is_cut());
        self.lines.push(format!("=> {:?}\n{}{}", ran.code, ran.stdout, ran.stderr));
        if ran.hung {
            self.complain("it hung".to_owned());
        }
        let sent = self.sim.mails().into_iter().enumerate().skip(mails);
        let sent = sent.filter(|(at, _)| !by_others.contains(at)).map(|(_, mail)| mail.to.to_lowercase());
        let went_well = matches!(ran.code, Some(0 | 3));
        self.judge.passed(&Passage {
            declared: &self.seats,
            before: &before,
            after: &E::seen(&self.sim),
            mailed: &sent.collect::<Vec<_>>(),
            touched: &touched,
            went_well: went_well && !lists_lied && touched.is_empty(),
            lists_lied,
            resent,
        });
        self.settled = went_well;
        Ok(ran)
    }

    /// Runs a process that must not write.
    async fn quietly(&mut self, arguments: &[&str]) -> anyhow::Result<Ran> {
        self.told.processes += 1;
        let ran = self.orgform.run(arguments, &Cut::None, &self.sim, || ()).await?;
        if !self.renew(&ran) {
            return Ok(ran);
        }
        self.orgform.run(arguments, &Cut::None, &self.sim, || ()).await
    }

    /// A credential that was lost on the way is given anew, where the error asks for that.
    fn renew(&mut self, ran: &Ran) -> bool {
        if ran.code != Some(1) || !ran.stderr.contains("approve again") {
            return false;
        }
        let Some((name, value)) = E::renew(&self.sim) else { return false };
        self.lines.push("somebody approves again".to_owned());
        self.told.decisions += 1;
        self.orgform.set(name, value);
        true
    }

    fn complain(&mut self, text: String) {
        self.lines.push(format!("BROKEN: {text}"));
        self.judge.broken.other.push(text);
    }
}

fn email_of(address: &str) -> String {
    address.rsplit('/').next().unwrap_or(address).to_owned()
}
