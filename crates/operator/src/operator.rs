//! The operator as a whole: what all passes share, and its life from start to end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, Config};
use orgform_engine::Stop;
use orgform_model::ObjectRef;
use orgform_spec::crd::ProviderStatus;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::args::{Args, LogFormat};
use crate::board::Board;
use crate::calling::{Lines, label_of};
use crate::cluster::Cluster;
use crate::events::Events;
use crate::leadership::{Candidate, Leadership, Turns};
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::object::{Object, seen_from};
use crate::owners::owners;
use crate::pass::Taken;
use crate::picture;
use crate::queue;
use crate::seen::Sights;
use crate::serve::serve;
use crate::shard::Shard;
use crate::watching::{Watches, watch};

/// How long a write that runs may take to end.
const GRACE: Duration = Duration::from_secs(50);

/// What all passes share.
pub(crate) struct Operator {
    /// What there is in the cluster.
    pub(crate) cluster: Arc<Cluster>,
    /// Connections to providers.
    pub(crate) lines: Lines,
    /// Whether we may write.
    pub(crate) leadership: Leadership,
    /// What is to be said of each object.
    pub(crate) board: Board,
    /// Metrics.
    pub(crate) metrics: Metrics,
    /// Which Provider speaks for which account of which server.
    pub(crate) roots: Roots,
    /// How the watches are.
    pub(crate) watches: Watches,
    /// What the last passes saw.
    pub(crate) sights: Sights,
    /// The namespaces that are watched; all if empty.
    pub(crate) namespaces: Vec<String>,
    memories: Mutex<BTreeMap<ObjectRef, (String, Memory)>>,
}

impl Operator {
    fn new(
        cluster: Arc<Cluster>,
        leadership: Leadership,
        events: Events,
        metrics: Metrics,
        watches: Watches,
        namespaces: Vec<String>,
        resync: Duration,
    ) -> Self {
        let board = Board::new(cluster.clone(), events, metrics.clone());
        Self {
            cluster,
            lines: Lines::new(metrics.clone()),
            leadership,
            board,
            metrics,
            roots: Roots::default(),
            watches,
            // The next look that nobody asked for is one at everything.
            sights: Sights::new(resync.mul_f64(0.9)),
            namespaces,
            memories: Mutex::default(),
        }
    }

    /// The state of a Provider; read once, and again for another Provider of the same name.
    pub(crate) fn memory(&self, provider: &Object) -> Memory {
        let mut memories = self.memories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((uid, memory)) = memories.get(&provider.key)
            && *uid == provider.uid
        {
            return memory.clone();
        }
        let memory = Memory::read(&self.cluster, &self.leadership, provider);
        memories.insert(provider.key.clone(), (provider.uid.clone(), memory.clone()));
        memory
    }

    /// What all but one Provider remember, as far as is known here: see [`crate::elsewhere`] for Providers of other shards.
    pub(crate) fn others<'a>(&'a self, here: &'a ObjectRef) -> Others<'a> {
        Others { operator: self, here, owned: OnceLock::new() }
    }

    /// Drops what is kept in memory of a Provider that is gone.
    pub(crate) fn forget(&self, provider: &ObjectRef) {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner).remove(provider);
        self.roots.forget(provider);
        self.board.forget(provider);
        self.sights.forget(provider);
    }
}

/// What other Providers remember; found out once, when first asked.
pub(crate) struct Others<'a> {
    operator: &'a Operator,
    here: &'a ObjectRef,
    owned: OnceLock<BTreeSet<ObjectRef>>,
}

impl Others<'_> {
    /// Whether none of them remembers anything of an object.
    pub(crate) fn know_nothing_of(&self, object: &Object) -> bool {
        let us = seen_from(self.here, object.key.namespace.as_deref());
        let owned = || {
            let memories = self.operator.memories.lock().unwrap_or_else(PoisonError::into_inner);
            let others = memories.iter().filter(|(key, _)| *key != self.here);
            others.flat_map(|(_, (_, memory))| memory.with(|state| state.map(owners))).flatten().collect()
        };
        object.status.remembering().iter().all(|provider| *provider == us)
            && !self.owned.get_or_init(owned).contains(&object.key)
    }
}

/// Which Provider speaks for which account of which server: the oldest one does.
#[derive(Default)]
pub(crate) struct Roots(Mutex<BTreeMap<ObjectRef, (String, Option<String>)>>);

impl Roots {
    /// Says whether a Provider may speak for an account, now that it is known which that is.
    pub(crate) fn take(
        &self,
        provider: &Object,
        connection: &str,
        root: Option<&str>,
        all: &[Arc<Object>],
    ) -> Taken {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = (connection.to_owned(), root.map(str::to_owned));
        known.insert(provider.key.clone(), ours.clone());
        let age = |object: &Object| (object.created, object.uid.clone());
        let older = all.iter().filter(|other| other.key != provider.key && age(other) < age(provider));
        let mut taken = Taken::Ours;
        for other in older {
            match known.get(&other.key) {
                Some(theirs) if *theirs == ours && root.is_some() => {
                    return Taken::By(other.key.clone());
                }
                Some(_) => {}
                // One that was never reached since we started said so in its status, if ever.
                None => match picture::before(other) {
                    ProviderStatus { connection: Some(theirs), external_id: their_root, .. }
                        if theirs == connection && their_root.as_deref() == root && root.is_some() =>
                    {
                        return Taken::By(other.key.clone());
                    }
                    ProviderStatus { connection: Some(_), .. } => {}
                    _ if other.status.is_none() && label_of(other).as_deref() == Some(connection) => {
                        taken = Taken::NotYet;
                    }
                    _ => {}
                },
            }
        }
        taken
    }

    fn forget(&self, provider: &ObjectRef) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(provider);
    }
}

/// Runs until it is asked to end, or a lease is lost.
///
/// # Errors
/// When there is no cluster, nothing can be served, or a lease was lost.
pub async fn run(args: Args) -> anyhow::Result<()> {
    log(&args);
    let mut config = Config::infer().await.context("there is no cluster to connect to")?;
    // Trouble is told at once, and tried again by whoever knows what for.
    config.default_retry = false;
    let client = Client::try_from(config).context("the connection to the cluster can't be used")?;
    let metrics = Metrics::new(args.shards);
    let watches: Vec<Watches> = Shard::all(args.shards).map(|_| Watches::default()).collect();
    let serving = tokio::spawn(serve(args.listen, watches.clone(), metrics.clone()));
    let mut ends = signals()?;

    let process =
        Process { args, client, us: us(), metrics, turns: Turns::default(), ending: Stop::default() };
    let mut lives = JoinSet::new();
    for (shard, watches) in Shard::all(process.args.shards).zip(watches) {
        lives.spawn(process.clone().live(shard, watches));
    }
    let mut ended = tokio::select! {
        () = ends.asked() => Ok(()),
        Some(ended) = lives.join_next() => ended.context("the work ended").flatten(),
        served = serving => return served.context("serving ended")?,
    };
    process.ending.ask();
    while let Some(one) = lives.join_next().await {
        ended = ended.and(one.context("the work ended").flatten());
    }
    ended
}

/// What the shards of one process share.
#[derive(Clone)]
struct Process {
    args: Args,
    client: Client,
    us: String,
    metrics: Metrics,
    turns: Turns,
    /// Asked when the process ends: what runs is finished, and leases are given back.
    ending: Stop,
}

impl Process {
    /// Waits for the lease of a shard, then works for its Providers until the process ends or the lease is lost.
    async fn live(self, shard: Shard, watches: Watches) -> anyhow::Result<()> {
        let Self { args, client, us, metrics, turns, ending } = self;
        let leadership = Leadership::none();
        let leases: Api<Lease> = Api::namespaced(client.clone(), &args.lease_namespace);
        let mut candidate = Candidate::new(
            leases,
            &args.lease_name,
            shard,
            us.clone(),
            args.lease(),
            turns,
            leadership.clone(),
        );
        tokio::select! {
            () = candidate.win() => {}
            () = ending.asked() => return Ok(()),
        }
        tracing::info!(us, shard = shard.number(), "this copy works");
        metrics.leads(shard.number(), true);

        // What is listed from now on is newer than anything that the last holder wrote.
        let (cluster, touched) = Cluster::new(client.clone(), shard);
        let cluster = Arc::new(cluster);
        let _watching = watch(&cluster, &watches, &args.namespaces, &metrics);
        let operator = Arc::new(Operator::new(
            cluster,
            leadership.clone(),
            Events::new(client, &us),
            metrics.clone(),
            watches.clone(),
            args.namespaces.clone(),
            Duration::from_secs(args.resync_seconds.into()),
        ));
        let stop = leadership.stop.clone();
        let mut working = tokio::spawn(queue::work(operator, touched, watches, args));
        let lost = tokio::select! {
            () = candidate.keep() => true,
            () = ending.asked() => false,
            worked = &mut working => return worked.context("the work ended")?,
        };
        stop.ask();
        metrics.leads(shard.number(), false);
        if lost {
            // The process ends. Somebody else may work by now.
            ending.ask();
            let _ = tokio::time::timeout(GRACE, working).await;
            anyhow::bail!("the lease was lost");
        }
        tracing::info!("ending: nothing more starts, what runs is finished and remembered");
        tokio::select! {
            _ = tokio::time::timeout(GRACE, &mut working) => {}
            () = candidate.keep() => {}
        }
        candidate.give_back().await;
        Ok(())
    }
}

struct Ends {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Ends {
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn signals() -> anyhow::Result<Ends> {
    let terminate = signal(SignalKind::terminate()).context("signals can't be heard")?;
    let interrupt = signal(SignalKind::interrupt()).context("signals can't be heard")?;
    Ok(Ends { terminate, interrupt })
}

/// Who we are, for whoever looks at the lease.
fn us() -> String {
    let name = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("{}-{}", name.unwrap_or_else(|_| "orgform-operator".to_owned()), &id[..8])
}

fn log(args: &Args) {
    use tracing_subscriber::EnvFilter;
    // Crates of others are told of from their warnings on.
    let filter = format!("warn,orgform={0},orgform_operator={0},orgform_engine={0}", args.log_level);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.init(),
    }
}
