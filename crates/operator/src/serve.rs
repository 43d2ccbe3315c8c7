//! Health and metrics over HTTP.

use std::net::SocketAddr;

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
        .route("/readyz", get(|| async { "ok" }))
        .route("/metrics", get(|State(known): State<Known>| async move { known.metrics.text() }))
        .with_state(Known { watches, metrics });
    axum::serve(listener, router).await.context("serving ended")
}

/// Not well once a watch has been failing for so long that a restart may help.
async fn healthz(State(known): State<Known>) -> (StatusCode, String) {
    let failing: Vec<String> = known
        .watches
        .failing()
        .into_iter()
        .map(|(name, span)| format!("the watch of {name} has been failing for {} s", span.as_secs()))
        .collect();
    match known.watches.are_stuck() {
        true => (StatusCode::SERVICE_UNAVAILABLE, failing.join("\n")),
        false => (StatusCode::OK, if failing.is_empty() { "ok".to_owned() } else { failing.join("\n") }),
    }
}
