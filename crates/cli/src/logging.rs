//! What `-v` shows: events on stderr, as text or JSON.
//!
//! No event holds a secret at any level; e-mails appear at debug (`-vv`) and below only.

use tracing_subscriber::EnvFilter;

use crate::args::{Global, LogFormat};
use crate::console::Console;

/// Starts logging for the rest of the process.
pub(crate) fn start(global: &Global, console: &Console) {
    let filter = match global.verbose {
        0 => EnvFilter::new("off"),
        1 => EnvFilter::new(
            "orgform=info,orgform_engine=info,orgform_http=info,orgform_pureport=info,orgform_packetfabric=info,orgform_xarios=info",
        ),
        2 => EnvFilter::new(
            "orgform=debug,orgform_engine=debug,orgform_http=debug,orgform_pureport=debug,orgform_packetfabric=debug,orgform_xarios=debug",
        ),
        _ => EnvFilter::new("trace,hyper=info,h2=info,rustls=info"),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(console.colors_talk());
    // Fails only when a subscriber is already set, which no command does.
    let _ = match global.log_format {
        LogFormat::Text => builder.compact().try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
