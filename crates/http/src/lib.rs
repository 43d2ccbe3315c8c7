//! The HTTP client kit that providers share.
//!
//! A provider describes a [`Call`] and what repeating it would do ([`Effect`]); the [`Client`] logs in, keeps
//! to the rate, tries again where that is safe, counts, and hands back an [`Answer`] or a
//! [`ProviderError`](orgform_provider::ProviderError) named by what can be done next. Retries live here and
//! only here: read [`retry`] first. Nothing that leaves this crate holds a secret: see [`redact`].

mod answer;
mod auth;
mod call;
mod client;
mod gate;
pub mod redact;
pub mod retry;
mod transport;
mod trouble;

pub use answer::{Answer, Said};
pub use auth::{Auth, Token};
pub use call::{Call, Effect};
pub use client::{Client, Exchange, Options};
pub use retry::RetryPolicy;
