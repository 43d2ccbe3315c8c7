//! The gate before a server: so many calls at once, so many in a second, none while the server asks for rest.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use orgform_model::capabilities::Rate;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

pub(crate) struct Gate {
    seats: Semaphore,
    rate: DefaultDirectRateLimiter,
    closed_until: Mutex<Option<Instant>>,
}

impl Gate {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            seats: Semaphore::new(rate.concurrency.max(1)),
            rate: RateLimiter::direct(Quota::per_second(
                NonZeroU32::new(rate.per_second).unwrap_or(NonZeroU32::MIN),
            )),
            closed_until: Mutex::new(None),
        }
    }

    /// Waits for a seat; the call lasts as long as it is kept. None only if the gate was torn down.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let seat = self.seats.acquire().await.ok();
        while let Some(until) = self.opens().filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
        self.rate.until_ready().await;
        seat
    }

    /// Lets nobody in for a while: one throttled call speaks for all.
    pub(crate) fn close_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |earlier| earlier.max(until)));
    }

    fn opens(&self) -> Option<Instant> {
        *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_holds_everybody_back() {
        let gate = Gate::new(Rate { concurrency: 2, per_second: 1000 });
        let begun = Instant::now();
        gate.close_for(Duration::from_secs(5));
        gate.close_for(Duration::from_secs(2));
        assert!(gate.enter().await.is_some());
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[tokio::test]
    async fn no_more_than_the_seats_are_inside() {
        let gate = Gate::new(Rate { concurrency: 1, per_second: 1000 });
        let first = gate.enter().await;
        assert_eq!(gate.seats.available_permits(), 0);
        drop(first);
        assert_eq!(gate.seats.available_permits(), 1);
    }
}
