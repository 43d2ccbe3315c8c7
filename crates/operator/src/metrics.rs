//! What Prometheus reads. The table is in `docs/operator.md`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use orgform_model::ObjectRef;
use orgform_plan::{Plan, Report};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// A Provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProvider {
    namespace: String,
    provider: String,
}

/// A pass of a Provider, by how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPass {
    namespace: String,
    provider: String,
    outcome: &'static str,
}

/// A watch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWatch {
    watch: String,
}

/// All metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    passes: Family<OfPass, Counter>,
    seconds: Family<OfProvider, Histogram, fn() -> Histogram>,
    reads: Family<OfProvider, Counter>,
    written: Family<OfProvider, Counter>,
    failed: Family<OfProvider, Counter>,
    mails: Family<OfProvider, Counter>,
    open: Family<OfProvider, Gauge>,
    waiting: Family<OfProvider, Gauge>,
    oldest: Family<OfProvider, Gauge<f64, AtomicU64>>,
    held: Family<OfProvider, Gauge>,
    held_people: Family<OfProvider, Gauge>,
    refused: Family<OfProvider, Gauge>,
    drift: Family<OfProvider, Gauge>,
    watch_errors: Family<OfWatch, Counter>,
    status_writes: Counter,
    leader: Gauge,
}

impl Metrics {
    /// All metrics, at zero.
    pub(crate) fn new() -> Self {
        fn seconds() -> Histogram {
            Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0])
        }
        let mut metrics = Self {
            registry: Arc::default(),
            passes: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            reads: Family::default(),
            written: Family::default(),
            failed: Family::default(),
            mails: Family::default(),
            open: Family::default(),
            waiting: Family::default(),
            oldest: Family::default(),
            held: Family::default(),
            held_people: Family::default(),
            refused: Family::default(),
            drift: Family::default(),
            watch_errors: Family::default(),
            status_writes: Counter::default(),
            leader: Gauge::default(),
        };
        let mut all = Registry::with_prefix("orgform");
        all.register("passes", "Passes, by how they ended", metrics.passes.clone());
        all.register("pass_seconds", "How long passes took", metrics.seconds.clone());
        all.register("provider_reads", "Calls that read at the provider", metrics.reads.clone());
        all.register("changes_written", "Changes that were carried out", metrics.written.clone());
        all.register("changes_failed", "Changes that failed", metrics.failed.clone());
        all.register("mails", "Mails that were sent, or may have been", metrics.mails.clone());
        all.register("changes_open", "Changes that are planned and not carried out", metrics.open.clone());
        all.register("invites_waiting", "Invites that wait for their person", metrics.waiting.clone());
        all.register("invite_oldest_seconds", "Age of the oldest waiting invite", metrics.oldest.clone());
        all.register("held_groups", "Groups of changes that wait for a release", metrics.held.clone());
        all.register(
            "held_people",
            "People who would lose access by what is held",
            metrics.held_people.clone(),
        );
        all.register("refused", "Changes that are refused", metrics.refused.clone());
        all.register("drift", "Differences that are only reported", metrics.drift.clone());
        all.register("watch_errors", "Errors of watches", metrics.watch_errors.clone());
        all.register("status_writes", "Writes of status to the API server", metrics.status_writes.clone());
        all.register("leader", "Whether this copy works", metrics.leader.clone());
        metrics.registry = Arc::new(all);
        metrics
    }

    /// In the text form of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// A pass ended.
    pub(crate) fn passed(&self, provider: &ObjectRef, outcome: &'static str, took: Duration) {
        let OfProvider { namespace, provider } = of(provider);
        let of_pass = OfPass { namespace: namespace.clone(), provider: provider.clone(), outcome };
        self.passes.get_or_create(&of_pass).inc();
        self.seconds.get_or_create(&OfProvider { namespace, provider }).observe(took.as_secs_f64());
    }

    /// A plan was made.
    pub(crate) fn planned(&self, provider: &ObjectRef, plan: &Plan, now: jiff::Timestamp) {
        let of = of(provider);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.reads.get_or_create(&of).inc_by(plan.seen.calls.into());
        self.open.get_or_create(&of).set(count(plan.changes.len()));
        self.waiting.get_or_create(&of).set(count(plan.waiting.len()));
        let oldest = plan.waiting.iter().filter_map(|one| one.since).min();
        let age = oldest.map_or(0.0, |since| now.duration_since(since).as_secs_f64());
        self.oldest.get_or_create(&of).set(age);
        self.held.get_or_create(&of).set(count(plan.held.len()));
        let people: usize = plan.held.iter().map(|group| group.losers().len()).sum();
        self.held_people.get_or_create(&of).set(count(people));
        self.refused.get_or_create(&of).set(count(plan.refused.len()));
        self.drift.get_or_create(&of).set(count(plan.drift.len()));
    }

    /// A plan was carried out.
    pub(crate) fn applied(&self, provider: &ObjectRef, report: &Report) {
        let of = of(provider);
        let done = report.outcomes.iter().filter(|outcome| outcome.result.is_done()).count() as u64;
        let failed = report.outcomes.len() as u64 - done;
        self.written.get_or_create(&of).inc_by(done);
        self.failed.get_or_create(&of).inc_by(failed);
        self.mails.get_or_create(&of).inc_by(report.mails.into());
    }

    /// A watch failed.
    pub(crate) fn watch_failed(&self, name: &str) {
        self.watch_errors.get_or_create(&OfWatch { watch: name.to_owned() }).inc();
    }

    /// A status was written.
    pub(crate) fn status_written(&self) {
        self.status_writes.inc();
    }

    /// This copy works, or does not.
    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }
}

fn of(provider: &ObjectRef) -> OfProvider {
    OfProvider {
        namespace: provider.namespace.as_deref().unwrap_or_default().to_owned(),
        provider: provider.name.to_string(),
    }
}
