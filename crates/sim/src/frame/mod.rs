//! What every simulator has in common: the way of a request, faults, the log, the state file, control calls.
//!
//! A simulator is a [`World`] behind a [`Simulator`]. The world knows its provider's rules and nothing of HTTP
//! servers, faults or files; the frame knows nothing of any provider. A request's way is in `exchange`.
//!
//! Control calls, which need no token and are neither counted nor struck by faults: `GET /__stats`,
//! `GET /__log`, `DELETE /__log`, `GET /__mails`, `GET /__time`, `POST /__act` (an act of the simulator),
//! `POST /__advance {"seconds": n}`, `PUT /__faults` (a list of [`Fault`](crate::Fault)), `PUT /__switches` (an
//! object of switch names and values; what isn't named stays).

pub(crate) mod body;
mod control;
mod exchange;
mod message;
pub(crate) mod routes;
mod service;
mod simulator;
pub(crate) mod switches;
mod world;

pub(crate) use message::Message;
pub use simulator::{History, Options, Simulator};
pub use switches::{SwitchError, Switching};
pub use world::{ActError, ActResult, Mail, World};
pub(crate) use world::{Answered, Place, Request, clock, further};
