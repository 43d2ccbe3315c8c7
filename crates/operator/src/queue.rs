//! What wakes a pass, and when: a change, a fixed time, a failure, or nothing for long enough.
//!
//! One pass at a time for each Provider, several Providers at once. Changes are gathered for a moment, so that a burst
//! is one pass; deletions are gathered until they are quiet, so that they are judged as one.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use orgform_model::{ObjectKind, ObjectRef};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::args::Args;
use crate::cluster::Touched;
use crate::operator::Operator;
use crate::orphans::orphans;
use crate::pass::{Ended, pass};
use crate::watching::Watches;

/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(250);

/// For how long at most.
const GATHER_MOST: Duration = Duration::from_secs(3);

/// For how long deletions are gathered at most.
const SETTLE_MOST: Duration = Duration::from_secs(60);

/// The first wait after a failure; it doubles.
const FAILED: Duration = Duration::from_secs(1);

/// The longest wait after a failure.
const FAILED_MOST: Duration = Duration::from_secs(300);

/// What a pass is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A Provider.
    Provider(ObjectRef),
    /// What belongs to no Provider of a namespace.
    Orphans(Arc<str>),
    /// What is said of an object by several shards.
    Said(ObjectRef),
}

/// When something is due.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: Instant,
    /// When it was first asked for.
    since: Instant,
}

/// When what is due.
#[derive(Default)]
struct Queue {
    due: BTreeMap<Key, Due>,
    running: BTreeSet<Key>,
    failures: BTreeMap<Key, u32>,
}

/// Works until it is asked to stop; passes that run are ended first.
pub(crate) async fn work(
    operator: Arc<Operator>,
    mut touched: UnboundedReceiver<Touched>,
    watches: Watches,
    args: Args,
) -> anyhow::Result<()> {
    let stop = operator.leadership.stop.clone();
    // A pass speaks for everything, so everything has to be known first.
    while !watches.are_complete() {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
            () = stop.asked() => return Ok(()),
        }
    }
    while touched.try_recv().is_ok() {}
    let mut queue = Queue::default();
    for namespace in operator.cluster.namespaces() {
        queue.touch(&operator, &Touched { namespace, deleted: false, said: None }, &args);
    }
    for object in operator.cluster.said_of() {
        queue.ask(Key::Said(object), GATHER, GATHER_MOST);
    }
    let mut passes: JoinSet<(Key, Ended)> = JoinSet::new();
    let resync = Duration::from_secs(args.resync_seconds.into());
    loop {
        while passes.len() < usize::from(args.concurrency)
            && let Some(key) = queue.take(Instant::now())
        {
            passes.spawn(run(operator.clone(), key));
        }
        let full = passes.len() >= usize::from(args.concurrency);
        let next = queue.next().filter(|_| !full);
        tokio::select! {
            () = stop.asked() => break,
            Some(one) = touched.recv() => queue.touch(&operator, &one, &args),
            Some(ended) = passes.join_next(), if !passes.is_empty() => {
                let (key, ended) = ended?;
                queue.ended(key, &ended, resync);
            }
            () = until(next) => {}
        }
    }
    while passes.join_next().await.is_some() {}
    Ok(())
}

async fn run(operator: Arc<Operator>, key: Key) -> (Key, Ended) {
    let ended = match &key {
        Key::Provider(provider) => {
            let begun = Instant::now();
            // One that breaks must not take the process, and every write that runs, with it.
            let ended =
                AssertUnwindSafe(pass(&operator, provider)).catch_unwind().await.unwrap_or(Ended::Failed);
            let outcome = match ended {
                Ended::Well(_) => "well",
                Ended::Failed => "failed",
                Ended::Gone => "gone",
            };
            let took = begun.elapsed();
            operator.metrics.passed(provider, outcome, took);
            tracing::info!(%provider, outcome, milliseconds = took.as_millis() as u64, "pass");
            ended
        }
        Key::Orphans(namespace) => {
            AssertUnwindSafe(orphans(&operator, namespace)).catch_unwind().await.unwrap_or(Ended::Failed)
        }
        Key::Said(object) => match operator.board.put_together(object, jiff::Timestamp::now()).await {
            // Nothing more is to do until somebody says something else.
            Ok(()) => Ended::Gone,
            Err(_) => Ended::Failed,
        },
    };
    (key, ended)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl Queue {
    /// Something has changed in a namespace: all of it that is ours is looked at.
    fn touch(&mut self, operator: &Operator, touched: &Touched, args: &Args) {
        if let Some(object) = &touched.said {
            return self.ask(Key::Said(object.clone()), GATHER, GATHER_MOST);
        }
        let shard = operator.cluster.shard;
        let providers = operator.cluster.of_namespace(&touched.namespace);
        let providers =
            providers.iter().filter(|one| one.key.kind == ObjectKind::Provider && shard.has(&one.key));
        let keys = providers.map(|one| Key::Provider(one.key.clone()));
        let orphans = Key::Orphans(touched.namespace.clone());
        let orphans = Some(orphans).filter(|_| shard.has_namespace(&touched.namespace));
        let settle = Duration::from_millis(args.settle_milliseconds.into());
        let is_gone = |key: &&Key| match key {
            Key::Provider(one) => {
                one.namespace.as_ref() == Some(&touched.namespace) && operator.cluster.get(one).is_none()
            }
            _ => false,
        };
        let gone: Vec<Key> = self.due.keys().filter(is_gone).cloned().collect();
        gone.into_iter().for_each(|key| self.ask(key, Duration::ZERO, Duration::ZERO));
        for key in keys.chain(orphans) {
            let (gather, most) = if touched.deleted { (settle, SETTLE_MOST) } else { (GATHER, GATHER_MOST) };
            self.failures.remove(&key);
            self.ask(key, gather, most);
        }
    }

    /// Asks for a pass a moment from now. What is asked for again is put off, but not for ever; what would come by
    /// itself much later comes now.
    fn ask(&mut self, key: Key, gather: Duration, most: Duration) {
        let now = Instant::now();
        let due = self.due.entry(key).or_insert(Due { at: now + gather, since: now });
        if due.since > now {
            *due = Due { at: now + gather, since: now };
        }
        // A deletion is waited out even where something else changes meanwhile.
        due.at = due.at.max((now + gather).min(due.since + most));
    }

    /// Takes what is due and does not run already.
    fn take(&mut self, now: Instant) -> Option<Key> {
        let due = self.due.iter().filter(|(key, due)| due.at <= now && !self.running.contains(key));
        let key = due.min_by_key(|(_, due)| due.at).map(|(key, _)| key.clone())?;
        self.due.remove(&key);
        self.running.insert(key.clone());
        Some(key)
    }

    /// When something is due next that does not run already.
    fn next(&self) -> Option<Instant> {
        self.due.iter().filter(|(key, _)| !self.running.contains(key)).map(|(_, due)| due.at).min()
    }

    fn ended(&mut self, key: Key, ended: &Ended, resync: Duration) {
        self.running.remove(&key);
        let wait = match ended {
            Ended::Gone => {
                self.failures.remove(&key);
                return;
            }
            Ended::Well(next) => {
                self.failures.remove(&key);
                next.map_or(jittered(resync), |next| next.min(jittered(resync)))
            }
            Ended::Failed => {
                let failures = self.failures.entry(key.clone()).or_insert(0);
                let wait = FAILED.saturating_mul(1 << (*failures).min(16)).min(FAILED_MOST);
                *failures += 1;
                wait
            }
        };
        let now = Instant::now();
        // What changed while it ran is due already.
        self.due.entry(key).or_insert(Due { at: now + wait, since: now + wait });
    }
}

/// A little less or more, so that not all are looked at in the same moment.
fn jittered(span: Duration) -> Duration {
    let share = uuid::Uuid::new_v4().as_bytes()[0];
    span.mul_f64(0.9 + f64::from(share) / 255.0 * 0.2)
}
