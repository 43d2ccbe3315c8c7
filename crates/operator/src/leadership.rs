//! Which copy of the operator works: the one that holds the lease.
//!
//! A lease is taken over only after it was seen unchanged for as long as it lasts, by our own clock: the holder's may
//! be wrong. A holder that could not renew in time stops by itself, before anybody can take over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use orgform_engine::Stop;
use serde_json::json;

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

/// One candidate for a lease.
pub(crate) struct Candidate {
    api: Api<Lease>,
    name: String,
    us: String,
    span: Duration,
    version: String,
    transitions: i32,
    leadership: Leadership,
}

impl Candidate {
    /// A candidate for the lease of this name.
    pub(crate) fn new(
        api: Api<Lease>,
        name: &str,
        us: String,
        span: Duration,
        leadership: Leadership,
    ) -> Self {
        Self { api, name: name.to_owned(), us, span, version: String::new(), transitions: 0, leadership }
    }

    /// Comes back when the lease is ours.
    pub(crate) async fn win(&mut self) {
        let mut seen: Option<(String, Instant)> = None;
        let mut told = false;
        loop {
            match self.try_to_win(&mut seen).await {
                Ok(true) => return,
                Ok(false) if !told => {
                    tracing::info!(lease = self.name, "another copy works; waiting for its lease");
                    told = true;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(lease = self.name, error = format!("{error:#}"), "the lease can't be had")
                }
            }
            tokio::time::sleep(self.span / 5).await;
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
                    lease = self.name,
                    error = format!("{error:#}"),
                    "the lease was not renewed"
                ),
                Err(_) => tracing::warn!(lease = self.name, "the lease was not renewed: no answer in time"),
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
            tracing::info!(lease = self.name, error = format!("{error:#}"), "the lease runs out by itself");
        }
    }

    /// A holder stops some time before others may take over.
    fn safely(&self) -> Duration {
        self.span * 4 / 5
    }

    async fn try_to_win(&mut self, seen: &mut Option<(String, Instant)>) -> anyhow::Result<bool> {
        let begun = Instant::now();
        let Some(lease) = self.api.get_opt(&self.name).await.context("could not read it")? else {
            return self.create(begun).await;
        };
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        let spec = lease.spec.unwrap_or_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        let since = match seen {
            Some((known, since)) if *known == version => *since,
            _ => {
                *seen = Some((version.clone(), begun));
                begun
            }
        };
        let lasts = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let lasts = lasts.map_or(self.span, Duration::from_secs);
        if !holder.is_empty() && since.elapsed() < lasts {
            return Ok(false);
        }
        self.version = version;
        self.transitions = spec.lease_transitions.unwrap_or(0).saturating_add(1);
        match self.write(self.transitions, Some(self.span)).await {
            Ok(()) => {
                self.leadership.set(Some(begun + self.safely()));
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    async fn create(&mut self, begun: Instant) -> anyhow::Result<bool> {
        let now = MicroTime(Timestamp::now());
        let lease = Lease {
            metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
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
        self.leadership.set(Some(begun + self.safely()));
        Ok(true)
    }

    /// Writes it if nobody else has since we saw it.
    async fn write(&mut self, transitions: i32, span: Option<Duration>) -> anyhow::Result<()> {
        let now = MicroTime(Timestamp::now());
        let patch = json!({
            "metadata": { "resourceVersion": self.version },
            "spec": {
                "holderIdentity": span.map(|_| &self.us),
                "leaseDurationSeconds": seconds(span.unwrap_or(Duration::from_secs(1))),
                "renewTime": now,
                "leaseTransitions": transitions,
            },
        });
        let params = PatchParams { field_manager: Some("orgform".to_owned()), ..PatchParams::default() };
        match self.api.patch(&self.name, &params, &Patch::Merge(&patch)).await {
            Ok(lease) => {
                self.version = lease.metadata.resource_version.unwrap_or_default();
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 409 => {
                // Ours no more, or an answer was lost: whoever is named there now has it.
                let now = self.api.get(&self.name).await.context("could not read it")?;
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

fn seconds(span: Duration) -> i32 {
    i32::try_from(span.as_secs().max(1)).unwrap_or(i32::MAX)
}
