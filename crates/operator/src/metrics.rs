//! What Prometheus reads. The table is in `docs/operator.md`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use orgform_model::ObjectRef;
use orgform_plan::{ChangeKind, Plan, Report};
use orgform_provider::CallMade;
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

/// Calls of a Provider, by endpoint and by what they were answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCall {
    namespace: String,
    provider: String,
    endpoint: String,
    status: String,
}

/// Invites of a Provider, by how long they have been waiting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAge {
    namespace: String,
    provider: String,
    age: &'static str,
}

/// Ages of invites: less than so many hours, and what it is called.
const AGES: [(i64, &str); 3] = [(24, "day"), (7 * 24, "week"), (i64::MAX, "longer")];

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfShard {
    shard: u16,
}

/// A watch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWatch {
    watch: String,
}

/// All metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    passes: Family<OfPass, Counter>,
    seconds: Family<OfProvider, Histogram, fn() -> Histogram>,
    calls: Family<OfCall, Counter>,
    reads: Family<OfProvider, Counter>,
    written: Family<OfProvider, Counter>,
    failed: Family<OfProvider, Counter>,
    mails: Family<OfProvider, Counter>,
    open: Family<OfProvider, Gauge>,
    removals: Family<OfProvider, Counter>,
    waiting: Family<OfAge, Gauge>,
    oldest: Family<OfProvider, Gauge<f64, AtomicU64>>,
    held: Family<OfProvider, Gauge>,
    held_people: Family<OfProvider, Gauge>,
    refused: Family<OfProvider, Gauge>,
    drift: Family<OfProvider, Gauge>,
    invalid: Family<OfProvider, Gauge>,
    watch_errors: Family<OfWatch, Counter>,
    watch_age: Family<OfWatch, Gauge<f64, AtomicU64>>,
    status_writes: Counter,
    leader: Family<OfShard, Gauge>,
}

impl Metrics {
    /// All metrics, at zero.
    pub(crate) fn new(shards: u16) -> Self {
        fn seconds() -> Histogram {
            Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0])
        }
        let mut metrics = Self {
            registry: Arc::default(),
            passes: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            calls: Family::default(),
            reads: Family::default(),
            written: Family::default(),
            failed: Family::default(),
            mails: Family::default(),
            open: Family::default(),
            removals: Family::default(),
            waiting: Family::default(),
            oldest: Family::default(),
            held: Family::default(),
            held_people: Family::default(),
            refused: Family::default(),
            drift: Family::default(),
            invalid: Family::default(),
            watch_errors: Family::default(),
            watch_age: Family::default(),
            status_writes: Counter::default(),
            leader: Family::default(),
        };
        let mut all = Registry::with_prefix("orgform");
        all.register("passes", "Passes, by how they ended", metrics.passes.clone());
        all.register("pass_seconds", "How long passes took", metrics.seconds.clone());
        all.register(
            "provider_calls",
            "Calls to the provider, by endpoint and by what they were answered",
            metrics.calls.clone(),
        );
        all.register("provider_reads", "Calls that read at the provider", metrics.reads.clone());
        all.register("changes_written", "Changes that were carried out", metrics.written.clone());
        all.register("changes_failed", "Changes that failed", metrics.failed.clone());
        all.register("mails", "Mails that were sent, or may have been", metrics.mails.clone());
        all.register("changes_open", "Changes that are planned and not carried out", metrics.open.clone());
        all.register(
            "removals",
            "Memberships and other things removed, invites withdrawn, people disabled",
            metrics.removals.clone(),
        );
        all.register("invites_waiting", "Invites that wait, by how long", metrics.waiting.clone());
        all.register("invite_oldest_seconds", "Age of the oldest waiting invite", metrics.oldest.clone());
        all.register("held_groups", "Groups of changes that wait for a release", metrics.held.clone());
        all.register(
            "held_people",
            "People who would lose access by what is held",
            metrics.held_people.clone(),
        );
        all.register("refused", "Changes that are refused", metrics.refused.clone());
        all.register("drift", "Differences that are only reported", metrics.drift.clone());
        all.register("invalid_objects", "Objects that have an error", metrics.invalid.clone());
        all.register("watch_errors", "Errors of watches", metrics.watch_errors.clone());
        all.register(
            "watch_age_seconds",
            "Time since the last sign of life of a watch, or since it fails",
            metrics.watch_age.clone(),
        );
        all.register("status_writes", "Writes of status to the API server", metrics.status_writes.clone());
        all.register("leader", "Whether this copy works, by shard", metrics.leader.clone());
        (0..shards).for_each(|shard| drop(metrics.leader.get_or_create(&OfShard { shard })));
        metrics.registry = Arc::new(all);
        metrics
    }

    /// In the text form of OpenMetrics, with the ages that watches have now.
    pub(crate) fn text(&self, watches: &[(String, Duration)]) -> String {
        for (name, age) in watches {
            self.watch_age.get_or_create(&OfWatch { watch: name.clone() }).set(age.as_secs_f64());
        }
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

    /// So many objects of a Provider's namespace have an error.
    pub(crate) fn invalid(&self, provider: &ObjectRef, objects: usize) {
        let count = i64::try_from(objects).unwrap_or(i64::MAX);
        self.invalid.get_or_create(&of(provider)).set(count);
    }

    /// A Provider is gone, and nothing waits for anybody there any more.
    pub(crate) fn gone(&self, provider: &ObjectRef) {
        let of = of(provider);
        for gauges in [&self.open, &self.held, &self.held_people, &self.refused, &self.drift, &self.invalid] {
            gauges.remove(&of);
        }
    }

    /// A plan was made.
    pub(crate) fn planned(&self, provider: &ObjectRef, plan: &Plan, now: jiff::Timestamp) {
        let of = of(provider);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.reads.get_or_create(&of).inc_by(plan.seen.calls.into());
        self.open.get_or_create(&of).set(count(plan.changes.len()));
        let mut younger = 0;
        for (hours, age) in AGES {
            let since = |since: jiff::Timestamp| now.duration_since(since).as_hours();
            let waiting = plan.waiting.iter().filter(|one| one.since.map_or(0, since) < hours).count();
            let of_age = OfAge { namespace: of.namespace.clone(), provider: of.provider.clone(), age };
            self.waiting.get_or_create(&of_age).set(count(waiting - younger));
            younger = waiting;
        }
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
        let removes = |kind| matches!(kind, ChangeKind::Remove | ChangeKind::Withdraw | ChangeKind::Disable);
        let removals = report.outcomes.iter().filter(|one| one.result.is_done() && removes(one.kind));
        self.removals.get_or_create(&of).inc_by(removals.count() as u64);
        self.written.get_or_create(&of).inc_by(done);
        self.failed.get_or_create(&of).inc_by(failed);
        self.mails.get_or_create(&of).inc_by(report.mails.into());
    }

    /// A call was made.
    pub(crate) fn called(&self, provider: &ObjectRef, call: &CallMade<'_>) {
        let OfProvider { namespace, provider } = of(provider);
        let status = call.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let of_call = OfCall { namespace, provider, endpoint: call.endpoint.to_owned(), status };
        self.calls.get_or_create(&of_call).inc();
    }

    /// A watch failed.
    pub(crate) fn watch_failed(&self, name: &str) {
        self.watch_errors.get_or_create(&OfWatch { watch: name.to_owned() }).inc();
    }

    /// A status was written.
    pub(crate) fn status_written(&self) {
        self.status_writes.inc();
    }

    /// This copy works for a shard, or does not.
    pub(crate) fn leads(&self, shard: u16, leads: bool) {
        self.leader.get_or_create(&OfShard { shard }).set(i64::from(leads));
    }
}

fn of(provider: &ObjectRef) -> OfProvider {
    OfProvider {
        namespace: provider.namespace.as_deref().unwrap_or_default().to_owned(),
        provider: provider.name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use orgform_model::ObjectKind;

    use super::*;

    /// The names of all metrics as Prometheus sees them, histograms by their first name.
    fn names() -> BTreeSet<String> {
        let metrics = Metrics::new(1);
        let namespace = Some(Arc::from("org"));
        let provider = ObjectRef { kind: ObjectKind::Provider, namespace, name: Arc::from("pureport") };
        metrics.passed(&provider, "well", Duration::from_secs(1));
        metrics.called(&provider, &CallMade { endpoint: "GET /accounts", status: Some(200) });
        let of = of(&provider);
        let plain = [&metrics.reads, &metrics.written, &metrics.failed, &metrics.mails, &metrics.removals];
        plain.into_iter().for_each(|family| drop(family.get_or_create(&of)));
        metrics.invalid(&provider, 1);
        let gauges = [&metrics.open, &metrics.held, &metrics.held_people, &metrics.refused, &metrics.drift];
        gauges.into_iter().for_each(|family| drop(family.get_or_create(&of)));
        drop(metrics.oldest.get_or_create(&of));
        drop(metrics.waiting.get_or_create(&OfAge {
            namespace: "org".into(),
            provider: "p".into(),
            age: "day",
        }));
        metrics.watch_failed("members");
        let text = metrics.text(&[("members".to_owned(), Duration::ZERO)]);
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        types
            .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
            .collect()
    }

    #[test]
    fn what_waits_at_a_provider_goes_with_it() {
        let metrics = Metrics::new(1);
        let provider = ObjectRef::of_file(ObjectKind::Provider, "pureport");
        metrics.invalid(&provider, 3);
        let labels = "{namespace=\"\",provider=\"pureport\"}";
        let shown =
            |metrics: &Metrics| metrics.text(&[]).contains(&format!("orgform_invalid_objects{labels} 3"));
        assert!(shown(&metrics), "{}", metrics.text(&[]));
        metrics.gone(&provider);
        assert!(!shown(&metrics));
    }

    fn file(name: &str) -> String {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::fs::read_to_string(root.join(name)).unwrap()
    }

    /// Everything in a text that could be one of our metrics.
    fn named(text: &str) -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("orgform_")).map(str::to_owned).collect()
    }

    #[test]
    fn the_table_in_the_docs_has_every_metric_and_no_other() {
        let docs = file("docs/operator.md");
        let rows = docs.lines().filter(|line| line.starts_with("| `orgform_"));
        let table: BTreeSet<String> = rows.flat_map(|row| named(row.split('|').nth(1).unwrap())).collect();
        assert_eq!(table, names());
    }

    #[test]
    fn the_dashboard_and_the_alerts_ask_for_metrics_that_there_are() {
        let names = names();
        for path in ["charts/orgform/dashboards/orgform.json", "charts/orgform/alerts/orgform.yaml"] {
            let asked = named(&file(path));
            assert!(asked.len() > 5, "{path}");
            for name in asked {
                let plain = ["_bucket", "_count", "_sum"].iter().find_map(|part| name.strip_suffix(part));
                assert!(
                    names.contains(&name) || plain.is_some_and(|name| names.contains(name)),
                    "{path}: {name}"
                );
            }
        }
    }
}
