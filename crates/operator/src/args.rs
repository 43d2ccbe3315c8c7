//! What the operator is told when it starts.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::shard::MOST;

/// Keeps accounts, roles and members at a provider as custom resources declare them.
#[derive(Clone, Debug, Parser)]
#[command(name = "orgform-operator", version)]
pub struct Args {
    /// Where health and metrics are served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The form of logs.
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub(crate) log_format: LogFormat,
    /// error, warn, info, debug or trace. Personal data is shown from debug on.
    #[arg(long, default_value = "info")]
    pub(crate) log_level: String,
    /// The namespace of the lease.
    #[arg(long, default_value = "default")]
    pub(crate) lease_namespace: String,
    /// The name of the lease: the copies that share it take turns. With shards, each has `-` and its number added.
    #[arg(long, default_value = "orgform")]
    pub(crate) lease_name: String,
    /// How long a lease lasts without a sign of life, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=600))]
    pub(crate) lease_seconds: u16,
    /// A namespace whose objects are looked after; all if none is named.
    #[arg(long = "namespace")]
    pub(crate) namespaces: Vec<String>,
    /// Into how many shares Providers are split: a copy works for those whose leases it holds.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST)))]
    pub(crate) shards: u16,
    /// How many Providers of a share are worked on at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,
    /// How often each Provider is looked at where nothing happens, in seconds.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) resync_seconds: u32,
    /// How long deletions have to be quiet before what they mean is judged, in milliseconds.
    #[arg(long, default_value_t = 3000)]
    pub(crate) settle_milliseconds: u32,
}

/// The form of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One object a line.
    Json,
    /// For people.
    Text,
}

impl Args {
    /// How long a lease lasts without a sign of life.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.into())
    }
}
