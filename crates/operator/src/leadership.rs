//! Which copy of the operator works: the one that holds the lease.
//!
//! A lease is taken over only after it was seen unchanged for as long as it lasts, by our own clock: the holder's may
//! be wrong. A holder that could not renew in time stops by itself, before anybody can take over.
//!
//! With shards there is a lease for each, and a copy may hold several. One that holds some already waits longer before it
//! takes another, so that copies share. Copies that were told of another number of shards are rivals: whoever takes a lease
//! looks for theirs afterwards, and gives it back while there are any. Of two that do so at once, at least one sees the
//! other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use orgform_engine::Stop;
use serde_json::json;

use crate::shard::Shard;

/// On a lease: of how many shards this is one.
const SHARDS: &str = "orgform.dev/shards";

/// Whether the lease is ours, for everybody who has to know.
#[derive(Clone, Debug)]
pub(crate) struct Leadership {
    until: Arc<Mutex<Option<Instant>>>,
    /// Asked when the lease is lost or the process ends: no write starts after that.
    pub(crate) stop: Stop,
}

impl Leadership {
    /// Nobody leads yet.
    pub(crate) fn none() -> Self {
        Self { until: Arc::default(), stop: Stop::default() }
    }

    /// Whether nobody else can have taken the lease yet.
    pub(crate) fn is_ours(&self) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn set(&self, until: Option<Instant>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// How many leases the candidates of one process hold; one at a time takes another.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<tokio::sync::Mutex<u32>>);

/// What came of trying to win a lease.
enum Tried {
    Won,
    /// Somebody else has it.
    Theirs,
    /// Nobody has it, and others may take it for so long.
    Later(Duration),
}

/// A lease as it was seen, and since when it has been like that.
type Seen = (String, Instant);

/// One candidate for a lease.
pub(crate) struct Candidate {
    api: Api<Lease>,
    name: String,
    shard: Shard,
    /// The leases of rivals as they were seen, by name.
    rivals: BTreeMap<String, Seen>,
    has_rivals: bool,
    turns: Turns,
    us: String,
    span: Duration,
    version: String,
    transitions: i32,
    leadership: Leadership,
}

impl Candidate {
    /// A candidate for the lease of a shard; `name` is that of all of them.
    pub(crate) fn new(
        api: Api<Lease>,
        name: &str,
        shard: Shard,
        us: String,
        span: Duration,
        turns: Turns,
        leadership: Leadership,
    ) -> Self {
        Self {
            api,
            name: name.to_owned(),
            shard,
            rivals: BTreeMap::new(),
            has_rivals: false,
            turns,
            us,
            span,
            version: String::new(),
            transitions: 0,
            leadership,
        }
    }

    /// The name of the lease.
    fn lease(&self) -> String {
        self.shard.lease(&self.name)
    }

    /// Comes back when the lease is ours.
    pub(crate) async fn win(&mut self) {
        let mut seen: Option<Seen> = None;
        let mut told = false;
        loop {
            let mut wait = self.span / 5;
            // One that gets no answer keeps no other one of this process from its turn.
            let tried = tokio::time::timeout(self.span, self.try_to_win(&mut seen)).await;
            match tried.context("no answer in time").flatten() {
                Ok(Tried::Won) => return,
                Ok(Tried::Theirs) if !told => {
                    tracing::info!(lease = self.lease(), "another copy works; waiting for its lease");
                    told = true;
                }
                Ok(Tried::Theirs) => {}
                Ok(Tried::Later(later)) => wait = wait.min(later),
                Err(error) => {
                    tracing::warn!(
                        lease = self.lease(),
                        error = format!("{error:#}"),
                        "the lease can't be had"
                    )
                }
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Keeps the lease; comes back when it is lost.
    pub(crate) async fn keep(&mut self) {
        loop {
            tokio::time::sleep(self.span / 5).await;
            let begun = Instant::now();
            let renewal =
                tokio::time::timeout(self.span / 4, self.write(self.transitions, Some(self.span))).await;
            match renewal {
                Ok(Ok(())) => self.leadership.set(Some(begun + self.safely())),
                Ok(Err(error)) => tracing::warn!(
                    lease = self.lease(),
                    error = format!("{error:#}"),
                    "the lease was not renewed"
                ),
                Err(_) => {
                    tracing::warn!(lease = self.lease(), "the lease was not renewed: no answer in time")
                }
            }
            if !self.leadership.is_ours() {
                self.leadership.stop.ask();
                return;
            }
        }
    }

    /// Gives it back, so that another copy need not wait.
    pub(crate) async fn give_back(&mut self) {
        self.leadership.set(None);
        if let Err(error) = self.write(self.transitions, None).await {
            tracing::info!(
                lease = self.lease(),
                error = format!("{error:#}"),
                "the lease runs out by itself"
            );
        }
    }

    /// A holder stops some time before others may take over.
    fn safely(&self) -> Duration {
        self.span * 4 / 5
    }

    async fn try_to_win(&mut self, seen: &mut Option<Seen>) -> anyhow::Result<Tried> {
        let lease = self.api.get_opt(&self.lease()).await.context("could not read it")?;
        let begun = Instant::now();
        let is_there = lease.is_some();
        let (metadata, spec) = lease.map(|lease| (lease.metadata, lease.spec)).unwrap_or_default();
        let version = metadata.resource_version.unwrap_or_default();
        let spec = spec.unwrap_or_default();
        let since = match seen {
            Some((known, since)) if *known == version => *since,
            _ => {
                *seen = Some((version.clone(), begun));
                begun
            }
        };
        let free = since + lasts(&spec, self.span);
        if begun < free {
            return Ok(Tried::Theirs);
        }
        let turns = self.turns.clone();
        let mut held = turns.0.lock().await;
        // More than others take to look again.
        let ours = free + self.span / 4 * *held;
        let now = Instant::now();
        if now < ours {
            return Ok(Tried::Later(ours - now));
        }
        // They are looked for before only where it is likely.
        if self.has_rivals && self.meets_rivals().await? {
            return Ok(Tried::Theirs);
        }
        let begun = Instant::now();
        if is_there {
            self.version = version;
            self.transitions = spec.lease_transitions.unwrap_or(0).saturating_add(1);
            self.write(self.transitions, Some(self.span)).await?;
        } else {
            self.create().await?;
        }
        match self.meets_rivals().await {
            Ok(false) => {}
            met => {
                let back = self.write(self.transitions, None).await;
                return met.and(back).map(|()| Tried::Theirs);
            }
        }
        self.leadership.set(Some(begun + self.safely()));
        *held += 1;
        Ok(Tried::Won)
    }

    /// Whether a copy with another number of shards works.
    async fn meets_rivals(&mut self) -> anyhow::Result<bool> {
        let names = self.shard.leases_of_others(&self.name);
        let leases = names.iter().map(|name| self.api.get_opt(name));
        let leases =
            futures::future::try_join_all(leases).await.context("could not read those of other copies")?;
        let now = Instant::now();
        let mut met = false;
        for (name, lease) in names.into_iter().zip(leases) {
            let Some(lease) = lease.filter(|lease| !self.is_of_our_number(lease)) else {
                self.rivals.remove(&name);
                continue;
            };
            let version = lease.metadata.resource_version.unwrap_or_default();
            let lasts = lasts(&lease.spec.unwrap_or_default(), self.span);
            let seen = self.rivals.entry(name.clone()).or_insert_with(|| (version.clone(), now));
            if seen.0 != version {
                *seen = (version, now);
            }
            if now < seen.1 + lasts {
                met = true;
                if !self.has_rivals {
                    tracing::info!(
                        lease = name,
                        "a copy with another number of shards works; waiting for it"
                    );
                }
            }
        }
        self.has_rivals = met;
        Ok(met)
    }

    fn is_of_our_number(&self, lease: &Lease) -> bool {
        let number = lease.metadata.annotations.as_ref().and_then(|all| all.get(SHARDS));
        !self.shard.is_whole() && number.is_some_and(|number| *number == self.shard.of().to_string())
    }

    /// What tells our leases from those of rivals that have the same names.
    fn annotations(&self) -> Option<BTreeMap<String, String>> {
        (!self.shard.is_whole()).then(|| [(SHARDS.to_owned(), self.shard.of().to_string())].into())
    }

    async fn create(&mut self) -> anyhow::Result<()> {
        let now = MicroTime(Timestamp::now());
        let lease = Lease {
            metadata: ObjectMeta {
                name: Some(self.lease()),
                annotations: self.annotations(),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.us.clone()),
                lease_duration_seconds: Some(seconds(self.span)),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                lease_transitions: Some(0),
                ..LeaseSpec::default()
            }),
        };
        let made = self.api.create(&PostParams::default(), &lease).await.context("could not make it")?;
        self.version = made.metadata.resource_version.unwrap_or_default();
        Ok(())
    }

    /// Writes it if nobody else has since we saw it.
    async fn write(&mut self, transitions: i32, span: Option<Duration>) -> anyhow::Result<()> {
        let now = MicroTime(Timestamp::now());
        let mut metadata = json!({ "resourceVersion": self.version });
        if let Some(annotations) = self.annotations() {
            metadata["annotations"] = json!(annotations);
        }
        let patch = json!({
            "metadata": metadata,
            "spec": {
                "holderIdentity": span.map(|_| &self.us),
                "leaseDurationSeconds": seconds(span.unwrap_or(Duration::from_secs(1))),
                "renewTime": now,
                "leaseTransitions": transitions,
            },
        });
        let params = PatchParams { field_manager: Some("orgform".to_owned()), ..PatchParams::default() };
        match self.api.patch(&self.lease(), &params, &Patch::Merge(&patch)).await {
            Ok(lease) => {
                self.version = lease.metadata.resource_version.unwrap_or_default();
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 409 => {
                // Ours no more, or an answer was lost: whoever is named there now has it.
                let now = self.api.get(&self.lease()).await.context("could not read it")?;
                let holder = now.spec.and_then(|spec| spec.holder_identity).unwrap_or_default();
                if holder == self.us {
                    self.version = now.metadata.resource_version.unwrap_or_default();
                    return Ok(());
                }
                self.leadership.set(None);
                bail!("`{holder}` took it")
            }
            Err(error) => Err(error).context("could not write it"),
        }
    }
}

/// How long a lease that stays as it is belongs to its holder; not at all if it has none.
fn lasts(spec: &LeaseSpec, usual: Duration) -> Duration {
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    match spec.holder_identity.as_deref().unwrap_or_default() {
        "" => Duration::ZERO,
        _ => seconds.map_or(usual, Duration::from_secs),
    }
}

fn seconds(span: Duration) -> i32 {
    i32::try_from(span.as_secs().max(1)).unwrap_or(i32::MAX)
}
