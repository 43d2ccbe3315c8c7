//! Ctrl-C: once stops gracefully, twice ends at once.

use std::io::Write;

use orgform_engine::Stop;

/// What shells give to a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// Asks to stop at the first ctrl-C or termination, and ends the process at the second. From here on an interrupt
/// no longer ends the process by itself: whoever waits for something must heed the stop.
pub(crate) fn listen() -> Stop {
    let stop = Stop::default();
    let asking = stop.clone();
    tokio::spawn(async move {
        interrupted().await;
        asking.ask();
        interrupted().await;
        let _ = std::io::stderr().write_all(
            b"Aborted. What was begun is remembered: the next apply finds out what became of it, and mails nobody twice.\n",
        );
        std::process::exit(INTERRUPTED);
    });
    stop
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    let _ = tokio::signal::ctrl_c().await;
}
