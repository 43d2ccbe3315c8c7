//! A wish to stop: no new change starts, what runs is finished and recorded.

use std::sync::Arc;

use tokio::sync::watch;

/// A wish to stop, shared between who has it and who heeds it.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks to stop.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes back once somebody asks.
    pub async fn asked(&self) {
        // An error would mean that no sender is left, and we hold one.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}
