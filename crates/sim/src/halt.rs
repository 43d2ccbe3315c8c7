//! Stops in the traffic: at a chosen request the simulator holds its breath until its owner says how to go on.
//!
//! From the moment that a halt is reached nothing else is handled, so what happens there, such as killing the
//! process that sent the request, happens between two requests and nowhere else.

use tokio::sync::{oneshot, watch};

use crate::log::Kind;

/// On which side of the request a halt lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has arrived; nothing was carried out.
    Before,
    /// It was carried out; nothing was answered.
    After,
}

/// A halt that was asked for. Dropped, it lets the traffic flow.
#[derive(Debug)]
pub struct Halt {
    reached: oneshot::Receiver<()>,
    verdict: watch::Sender<Verdict>,
}

impl Halt {
    /// Comes back when the traffic stands still; never, if there are fewer requests.
    pub async fn reached(&mut self) {
        if (&mut self.reached).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Lets the traffic flow as if nothing had been.
    pub fn go_on(self) {
        self.verdict.send_replace(Verdict::GoOn);
    }

    /// Closes the connections of all requests that were held: what stood before is never carried out, what stood
    /// after is never answered.
    pub fn hang_up(self) {
        self.verdict.send_replace(Verdict::HangUp);
    }
}

/// How a request that was held goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Waiting,
    GoOn,
    HangUp,
}

/// Where every request passes, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    armed: Option<Armed>,
    held: Option<watch::Receiver<Verdict>>,
}

#[derive(Debug)]
struct Armed {
    /// Requests of this kind count; none: all.
    of: Option<Kind>,
    left: u64,
    moment: Moment,
    tell: oneshot::Sender<()>,
    verdict: watch::Receiver<Verdict>,
}

/// What a request may do.
pub(crate) enum Pass {
    /// Be handled, and answered.
    Go,
    /// Wait, and ask again.
    Wait(watch::Receiver<Verdict>),
    /// Be handled, and wait before it is answered.
    Handle(watch::Receiver<Verdict>),
}

impl Gate {
    /// Arms a halt at the `nth` request of a kind from now on; 0 is as good as 1. It takes the place of an
    /// earlier one.
    pub(crate) fn arm(&mut self, of: Option<Kind>, nth: u64, moment: Moment) -> Halt {
        let (tell, reached) = oneshot::channel();
        let (verdict, heard) = watch::channel(Verdict::Waiting);
        self.armed = Some(Armed { of, left: nth.max(1), moment, tell, verdict: heard });
        Halt { reached, verdict }
    }

    /// Lets one request through, or not.
    pub(crate) fn admit(&mut self, kind: Kind) -> Pass {
        if let Some(held) = &self.held {
            // A halt that was dropped holds nobody.
            if *held.borrow() == Verdict::Waiting && held.has_changed().is_ok() {
                return Pass::Wait(held.clone());
            }
            self.held = None;
        }
        let Some(armed) = &mut self.armed else { return Pass::Go };
        if armed.of.is_some_and(|of| of != kind) {
            return Pass::Go;
        }
        armed.left -= 1;
        if armed.left > 0 {
            return Pass::Go;
        }
        let Some(Armed { moment, tell, verdict, .. }) = self.armed.take() else { return Pass::Go };
        if tell.send(()).is_err() {
            return Pass::Go;
        }
        self.held = Some(verdict.clone());
        match moment {
            Moment::Before => Pass::Wait(verdict),
            Moment::After => Pass::Handle(verdict),
        }
    }
}

/// Waits for a verdict; without its owner there is nothing to wait for.
pub(crate) async fn verdict(mut held: watch::Receiver<Verdict>) -> Verdict {
    match held.wait_for(|verdict| *verdict != Verdict::Waiting).await {
        Ok(verdict) => *verdict,
        Err(_) => Verdict::GoOn,
    }
}
