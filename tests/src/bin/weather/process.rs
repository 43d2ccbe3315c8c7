//! One process of `orgform`, and how it is cut short: with SIGKILL at a chosen request, or by a full disk.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use orgform_sim::pureport::Sim;
use orgform_sim::{Kind, Moment, Simulator, World};
use serde_json::Value;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::dice::Dice;

/// How often is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(4);

/// More looks than at any run that goes on: at least three minutes. Counted, so that nothing hangs because the
/// machine itself stood still.
const PATIENCE: u32 = 45_000;

/// How a process ends, or what happens while it runs.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// By itself.
    None,
    /// It is killed at this request; nothing else is handled meanwhile.
    Kill { of: Option<Kind>, nth: u64, moment: Moment },
    /// It is killed so much after this request was answered: while it remembers what came of it.
    KillSoon { nth: u64, micros: u64 },
    /// No file may grow beyond so many bytes: the write that would make one larger stops half way, and the next
    /// one ends the process.
    FullDisk { bytes: u64 },
    /// Others act at this request, before it is carried out or before it is answered.
    Meanwhile { of: Option<Kind>, nth: u64, moment: Moment },
}

impl Cut {
    /// Draws one. A disk is full only where a file is all there is of the state: with Git, a cut-off git leaves
    /// locks that a person has to take away.
    pub(crate) fn draw(state_is_file: bool, dice: &mut Dice) -> Self {
        Self::within(7, 40, state_is_file, dice)
    }

    /// Draws one among the first so many writes, or the first so many requests.
    pub(crate) fn within(writes: u64, requests: u64, state_is_file: bool, dice: &mut Dice) -> Self {
        let of = if dice.chance(60) { Some(Kind::Write) } else { None };
        let nth = dice.next() % if of.is_some() { writes } else { requests } + 1;
        let moment = if dice.chance(50) { Moment::Before } else { Moment::After };
        match dice.roll(20) {
            0..=7 => Self::Kill { of, nth, moment },
            8..=10 => Self::KillSoon { nth: dice.next() % requests + 1, micros: dice.next() % 4000 },
            11 | 12 if state_is_file => Self::FullDisk { bytes: dice.next() % 6000 },
            11..=14 => Self::Meanwhile { of, nth, moment },
            _ => Self::None,
        }
    }
}

/// What one process said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Whether it was still running after longer than anything takes.
    pub(crate) hung: bool,
}

impl Ran {
    /// Whether it was cut short.
    pub(crate) fn is_cut(&self) -> bool {
        self.code.is_none()
    }

    /// stdout as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_default()
    }
}

/// `orgform` in one root.
#[derive(Clone, Debug)]
pub(crate) struct Orgform {
    binary: PathBuf,
    root: PathBuf,
    environment: BTreeMap<&'static str, String>,
}

impl Orgform {
    /// The binary that was built beside this program.
    pub(crate) fn beside_us(root: &Path) -> anyhow::Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("orgform");
        anyhow::ensure!(
            binary.exists(),
            "{} is not there; `cargo xtask weather` builds it",
            binary.display()
        );
        let (key, secret) = Sim::admin_key();
        let environment = BTreeMap::from([
            ("USER", "weather".to_owned()),
            ("PUREPORT_API_KEY", key.to_owned()),
            ("PUREPORT_API_SECRET", secret.to_owned()),
        ]);
        Ok(Self { binary, root: root.to_owned(), environment })
    }

    /// Sets an environment variable for what comes.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.environment.insert(name, value);
    }

    /// Runs it; `meanwhile` is called when others are to act.
    pub(crate) async fn run<W: World>(
        &self,
        arguments: &[&str],
        cut: &Cut,
        sim: &Simulator<W>,
        mut meanwhile: impl FnMut(),
    ) -> anyhow::Result<Ran> {
        let (of, nth, moment) = match *cut {
            Cut::None | Cut::FullDisk { .. } => (None, u64::MAX, Moment::Before),
            Cut::Kill { of, nth, moment } | Cut::Meanwhile { of, nth, moment } => (of, nth, moment),
            Cut::KillSoon { nth, .. } => (None, nth, Moment::After),
        };
        let mut halt = Some(sim.halt(of, nth, moment));
        let mut process = Process::start(self.command(arguments, cut))?;
        loop {
            if let Some(reached) = &mut halt
                && tokio::time::timeout(LOOK, reached.reached()).await.is_ok()
                && let Some(halt) = halt.take()
            {
                match cut {
                    Cut::Meanwhile { .. } => {
                        meanwhile();
                        halt.go_on();
                    }
                    Cut::KillSoon { micros, .. } => {
                        halt.go_on();
                        tokio::time::sleep(Duration::from_micros(*micros)).await;
                        process.kill()?;
                    }
                    _ => {
                        process.kill()?;
                        halt.hang_up();
                    }
                }
            } else if halt.is_none() {
                tokio::time::sleep(LOOK).await;
            }
            if let Some(ran) = process.ended().await? {
                return Ok(ran);
            }
        }
    }

    fn command(&self, arguments: &[&str], cut: &Cut) -> Command {
        let mut command = match cut {
            Cut::FullDisk { bytes } => {
                let mut limited = Command::new("prlimit");
                limited.arg(format!("--fsize={bytes}")).arg("--core=0").arg("--").arg(&self.binary);
                limited
            }
            _ => Command::new(&self.binary),
        };
        command.args(arguments).current_dir(&self.root).env_clear();
        for kept in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.envs(&self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

struct Process {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    looks: u32,
    hung: bool,
}

impl Process {
    fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.spawn().context("could not start orgform")?;
        let stdout = read(child.stdout.take().context("no stdout")?);
        let stderr = read(child.stderr.take().context("no stderr")?);
        Ok(Self { child, stdout, stderr, looks: 0, hung: false })
    }

    /// Ends it at once, and comes back when it is gone.
    fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    async fn ended(&mut self) -> anyhow::Result<Option<Ran>> {
        self.looks += 1;
        if self.looks > PATIENCE && !self.hung {
            self.hung = true;
            self.kill()?;
        }
        let Some(status) = self.child.try_wait()? else { return Ok(None) };
        let (stdout, stderr) = ((&mut self.stdout).await?, (&mut self.stderr).await?);
        Ok(Some(Ran { stdout, stderr, code: code(status), hung: self.hung }))
    }
}

fn code(status: ExitStatus) -> Option<i32> {
    if status.signal().is_some() { None } else { status.code() }
}

/// Reads to the end in a thread of its own, so that no pipe is ever full.
fn read(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    spawn_blocking(move || {
        let mut text = String::new();
        // What was said before a kill is enough.
        let _ = from.read_to_string(&mut text);
        text
    })
}
