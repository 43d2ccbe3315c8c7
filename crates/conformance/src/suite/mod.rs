//! One narrative suite that every provider passes.
//!
//! A story starts in a fresh world ([`Subject`]), declares something ([`Org`]), lets the engine carry it out and
//! other people act ([`Stage`]). Which stories apply is decided by [`Semantics`] and [`Capabilities`] alone; what
//! a provider is called never matters. Read `stories/invites.rs` first.

mod org;
mod secrets;
mod sight;
mod stage;
mod stories;
mod subject;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use orgform_model::{Capabilities, Semantics};

pub use org::{Org, ROOT};
pub use secrets::Secrets;
pub use sight::Sight;
pub use stage::{Broken, Stage, Step, all_done, fate, nothing_to_do, told};
pub use subject::{Act, Breadth, CannotAct, Effect, Fault, Founding, Subject, Target, Traffic};

/// A story while it is told.
pub type Telling<'s> = Pin<Box<dyn Future<Output = Step> + Send + 's>>;

/// One story.
#[derive(Clone, Copy)]
pub struct Story {
    /// What it shows, as a sentence.
    pub name: &'static str,
    /// Whether it applies to a provider.
    pub applies: fn(&Semantics, &Capabilities) -> bool,
    /// Tells it.
    pub tell: for<'s> fn(&'s mut Stage) -> Telling<'s>,
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Story").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How a story ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Good,
    /// The provider can't do what it is about.
    NotTold,
    /// It broke off.
    Broken(Broken),
}

/// How all stories ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SuiteReport {
    /// By name, in the order told.
    pub endings: Vec<(&'static str, Ending)>,
}

impl SuiteReport {
    /// The stories that broke off.
    pub fn broken(&self) -> Vec<(&'static str, &Broken)> {
        let broken = self.endings.iter().filter_map(|(name, ending)| match ending {
            Ending::Broken(broken) => Some((*name, broken)),
            Ending::Good | Ending::NotTold => None,
        });
        broken.collect()
    }

    /// How many stories were told to their end.
    pub fn good(&self) -> usize {
        self.endings.iter().filter(|(_, ending)| *ending == Ending::Good).count()
    }
}

impl fmt::Display for SuiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, broken) in self.broken() {
            writeln!(f, "{name}\n    {broken}")?;
        }
        let (all, broken, good) = (self.endings.len(), self.broken().len(), self.good());
        write!(f, "{good} of {all} stories told, {broken} broke off, {} do not apply", all - good - broken)
    }
}

/// All stories, in the order told.
pub fn stories() -> impl Iterator<Item = &'static Story> {
    stories::ALL.iter().copied().flatten()
}

/// Tells every story that applies and is asked for, each in a fresh world.
pub async fn run(
    fresh: impl AsyncFn() -> Arc<dyn Subject>,
    asked_for: impl Fn(&Story) -> bool,
) -> SuiteReport {
    let mut report = SuiteReport::default();
    for story in stories().filter(|story| asked_for(story)) {
        let subject = fresh().await;
        let ending = match (story.applies)(subject.semantics(), subject.capabilities()) {
            true => tell(story, subject).await,
            false => Ending::NotTold,
        };
        report.endings.push((story.name, ending));
    }
    report
}

async fn tell(story: &Story, subject: Arc<dyn Subject>) -> Ending {
    let told = match Stage::new(subject) {
        Ok(mut stage) => (story.tell)(&mut stage).await,
        Err(broken) => Err(broken),
    };
    match told {
        Ok(()) => Ending::Good,
        Err(broken) => Ending::Broken(broken),
    }
}
