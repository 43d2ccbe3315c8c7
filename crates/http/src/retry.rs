//! Whether a call is tried again, and when. Pure but for the jitter.
//!
//! Reads are tried again after anything that may pass. A write is tried again only if it was certainly not
//! carried out: it never reached the server, or the server said so (429, and 503 with `Retry-After` where
//! repeating leaves the same behind). Everything else is for a person or the next plan to settle.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;

use crate::call::Effect;
use crate::trouble::Trouble;

/// How long and how often to try.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The most tries, the first included.
    pub tries: usize,
    /// The first wait; each later one doubles, with jitter.
    pub base: Duration,
    /// The longest wait of our own choice.
    pub longest: Duration,
    /// The longest wait that a server may ask for; if it asks for more, the caller is told instead.
    pub longest_asked: Duration,
    /// How long all tries may take together.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 5,
            base: Duration::from_millis(250),
            longest: Duration::from_secs(8),
            longest_asked: Duration::from_secs(60),
            budget: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// The same tries, a thousandth of the waits: for servers in the same process.
    #[must_use]
    pub fn fast(mut self) -> Self {
        (self.base, self.longest) = (self.base / 1000, self.longest / 1000);
        self
    }

    /// The waits between tries, one fewer than tries.
    pub fn waits(&self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.base)
            .with_max_delay(self.longest)
            .with_factor(2.0)
            .with_max_times(self.tries.saturating_sub(1))
            .with_jitter()
            .build()
    }

    /// How long to wait before the next try; none if there is none.
    pub(crate) fn next(
        &self,
        effect: Effect,
        trouble: &Trouble,
        ours: Option<Duration>,
        spent: Duration,
    ) -> Option<Duration> {
        if !may_repeat(effect, trouble) {
            return None;
        }
        let wait = match trouble.asked() {
            Some(asked) if asked > self.longest_asked => return None,
            Some(asked) => ours?.max(asked),
            None => ours?,
        };
        (spent + wait <= self.budget).then_some(wait)
    }
}

fn may_repeat(effect: Effect, trouble: &Trouble) -> bool {
    match effect {
        Effect::Reads => trouble.may_pass(),
        Effect::Sets => trouble.may_pass() && (trouble.never_carried_out() || trouble.asked().is_some()),
        Effect::Once => trouble.may_pass() && trouble.never_carried_out(),
    }
}

/// Reads `Retry-After`: seconds, or a date. `now` is the server's own clock where it tells it.
pub fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = http_date(header)?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Reads a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(header: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(header.trim()).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;
    use crate::answer::Said;

    const SECOND: Duration = Duration::from_secs(1);

    fn status(status: u16, after: Option<Duration>) -> Trouble {
        Trouble::Status { status: StatusCode::from_u16(status).unwrap(), after, said: Said::default() }
    }

    fn dropped() -> Trouble {
        Trouble::Dropped { said: "the connection was dropped".into() }
    }

    fn refused() -> Trouble {
        Trouble::NotReached { said: "connection refused".into(), hint: String::new(), lasting: false }
    }

    fn next(effect: Effect, trouble: &Trouble) -> bool {
        RetryPolicy::default().next(effect, trouble, Some(SECOND), Duration::ZERO).is_some()
    }

    #[test]
    fn a_read_is_tried_again_after_anything_that_may_pass() {
        for trouble in [status(429, None), status(500, None), status(503, None), dropped(), refused()] {
            assert!(next(Effect::Reads, &trouble), "{trouble:?}");
        }
        assert!(!next(Effect::Reads, &status(501, None)));
    }

    #[test]
    fn a_write_is_tried_again_only_if_certainly_not_carried_out() {
        for effect in [Effect::Sets, Effect::Once] {
            assert!(next(effect, &status(429, None)));
            assert!(next(effect, &refused()));
            assert!(!next(effect, &dropped()));
            assert!(!next(effect, &status(500, None)));
            assert!(!next(effect, &status(503, None)));
        }
        assert!(next(Effect::Sets, &status(503, Some(SECOND))));
        assert!(!next(Effect::Once, &status(503, Some(SECOND))));
    }

    #[test]
    fn the_server_may_ask_for_up_to_a_minute_within_the_budget() {
        let policy = RetryPolicy::default();
        let wait = |asked, spent| {
            policy
                .next(Effect::Reads, &status(429, Some(asked)), Some(SECOND), spent)
                .map(|wait| wait.as_secs())
        };
        assert_eq!(wait(7 * SECOND, Duration::ZERO), Some(7));
        assert_eq!(wait(60 * SECOND, Duration::ZERO), Some(60));
        assert_eq!(wait(61 * SECOND, Duration::ZERO), None);
        assert_eq!(wait(60 * SECOND, 61 * SECOND), None);
        assert_eq!(policy.next(Effect::Reads, &status(429, Some(SECOND)), None, Duration::ZERO), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = http_date("Sun, 06 Nov 1994 08:49:07 GMT").unwrap();
        assert_eq!(retry_after("120", now), Some(120 * SECOND));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(30 * SECOND));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = RetryPolicy::default().waits().collect();
        assert_eq!(waits.len(), 4);
        assert!(waits[0] >= Duration::from_millis(250) && waits[3] >= 2 * SECOND, "{waits:?}");
    }
}
