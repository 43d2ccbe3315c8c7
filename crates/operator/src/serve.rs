//! Health and metrics over HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::metrics::Metrics;
use crate::watching::Watches;

#[derive(Clone)]
struct Known {
    /// Of each shard.
    watches: Arc<[Watches]>,
    metrics: Metrics,
}

/// Serves until the process ends. A port of 0 takes a free one; which, is logged.
pub(crate) async fn serve(listen: SocketAddr, watches: Vec<Watches>, metrics: Metrics) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("could not listen on {listen}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving health and metrics");
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_page))
        .with_state(Known { watches: watches.into(), metrics });
    axum::serve(listener, router).await.context("serving ended")
}

async fn metrics_page(State(known): State<Known>) -> String {
    let now = Instant::now();
    let mut ages: BTreeMap<String, Duration> = BTreeMap::new();
    for (name, age) in known.watches.iter().flat_map(|watches| watches.ages(now)) {
        let oldest = ages.entry(name).or_default();
        *oldest = age.max(*oldest);
    }
    known.metrics.text(&ages.into_iter().collect::<Vec<_>>())
}

/// Ready to work, or to take over; not while what there is in the cluster is not known yet.
async fn readyz(State(known): State<Known>) -> (StatusCode, &'static str) {
    match known.watches.iter().all(|watches| watches.are_none() || watches.are_complete()) {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not everything is listed yet"),
    }
}

/// Not well once a watch has been failing, or silent, for so long that a restart may help.
async fn healthz(State(known): State<Known>) -> (StatusCode, String) {
    let now = Instant::now();
    let stuck: Vec<_> = known.watches.iter().flat_map(|watches| watches.stuck(now)).collect();
    let told = stuck.iter().map(|(name, age)| format!("{name}: nothing for {} s", age.as_secs()));
    let failing: Vec<_> = known.watches.iter().flat_map(Watches::failing).collect();
    let failing = failing.iter().map(|(name, span)| format!("{name}: failing for {} s", span.as_secs()));
    let said: Vec<String> = told.chain(failing).collect();
    match stuck.is_empty() {
        false => (StatusCode::SERVICE_UNAVAILABLE, said.join("\n")),
        true => (StatusCode::OK, if said.is_empty() { "ok".to_owned() } else { said.join("\n") }),
    }
}
