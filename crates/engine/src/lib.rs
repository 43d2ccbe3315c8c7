//! The only orchestration: observe, plan, apply, verify, and the state with its backends.
//!
//! Front ends call these steps in this order, and nothing else talks to a provider or writes state:
//!
//! 1. [`audit()`] brings what is declared into the provider's normal form and leaves out what has an error;
//! 2. [`OpenState::open`] takes the lease and loads the state (a plan only [reads](state::read) it);
//! 3. [`plan()`] observes, settles what an interrupted run left, and decides;
//! 4. `orgform_plan::approve` reduces the plan to what somebody agreed to;
//! 5. [`apply()`] carries it out, intents written first;
//! 6. [`verify()`] looks again.
//!
//! Every decision is made in `orgform_plan`, which is pure; everything here is I/O and order.

mod apply;
mod audit;
mod case;
mod clock;
mod drift;
mod edited;
mod error;
mod evidence;
mod observe;
mod plan;
mod progress;
mod secrets;
pub mod state;
mod stop;
mod verify;

pub use apply::{Writing, apply};
pub use audit::audit;
pub use case::Case;
pub use clock::{Clock, SetClock, SystemClock};
pub use drift::drift;
pub use error::EngineError;
pub use evidence::evidence;
pub use observe::{observe, observe_everything};
pub use plan::{Earlier, Planned, plan, plan_again, plan_ahead, plan_by, wait_until_visible};
pub use progress::{Event, Progress, Silent};
pub use secrets::{NoSecrets, SecretError, SecretSink};
pub use state::{OpenState, StateError, Store};
pub use stop::Stop;
pub use verify::{verify, verify_and_show};
