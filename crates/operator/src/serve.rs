//! Health and metrics over HTTP.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::metrics::Metrics;
use crate::watching::Watches;

#[derive(Clone)]
struct Known {
    watches: Watches,
    metrics: Metrics,
}

/// Serves until the process ends. A port of 0 takes a free one; which, is logged.
pub(crate) async fn serve(listen: SocketAddr, watches: Watches, metrics: Metrics) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("could not listen on {listen}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving health and metrics");
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_page))
        .with_state(Known { watches, metrics });
    axum::serve(listener, router).await.context("serving ended")
}

async fn metrics_page(State(known): State<Known>) -> String {
    known.metrics.text(&known.watches.ages(Instant::now()))
}

/// Ready to work, or to take over; not while what there is in the cluster is not known yet.
async fn readyz(State(known): State<Known>) -> (StatusCode, &'static str) {
    match known.watches.are_none() || known.watches.are_complete() {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not everything is listed yet"),
    }
}

/// Not well once a watch has been failing, or silent, for so long that a restart may help.
async fn healthz(State(known): State<Known>) -> (StatusCode, String) {
    let stuck = known.watches.stuck(Instant::now());
    let told = stuck.iter().map(|(name, age)| format!("{name}: nothing for {} s", age.as_secs()));
    let failing = known.watches.failing();
    let failing = failing.iter().map(|(name, span)| format!("{name}: failing for {} s", span.as_secs()));
    let said: Vec<String> = told.chain(failing).collect();
    match stuck.is_empty() {
        false => (StatusCode::SERVICE_UNAVAILABLE, said.join("\n")),
        true => (StatusCode::OK, if said.is_empty() { "ok".to_owned() } else { said.join("\n") }),
    }
}
