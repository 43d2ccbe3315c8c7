//! Speaks the Pureport control plane.
//!
//! It translates and does not decide: [`PROVIDER`] is all that the rest needs. The way through: `provider` takes
//! scopes and changes, `observe` and `history` read, `accounts`, `roles`, `people` and `api_keys` write, `client`
//! makes the calls,
//! `convert` turns `wire` shapes into ours and back, `audit` says what can't be done. Facts about the API cite
//! the pureport contract by section.

mod accounts;
mod api_keys;
mod audit;
mod client;
mod convert;
mod fields;
mod history;
mod learned;
mod observe;
mod people;
mod provider;
mod roles;
mod semantics;
mod wire;

use std::sync::Arc;

use orgform_provider::ProviderType;

pub use client::options;
pub use provider::{Reader, Writer};
pub use semantics::{ACTIONS, CAPABILITIES, RESOURCES, SEMANTICS};

/// Where Pureport's API is, where a manifest does not say (pureport contract, section 2).
pub const ENDPOINT: &str = "https://api.pureport.com";

/// The fields of a credential (pureport contract, section 2).
pub const CREDENTIALS: [&str; 2] = ["key", "secret"];

/// Pureport.
pub static PROVIDER: ProviderType = ProviderType {
    semantics: &SEMANTICS,
    capabilities: &CAPABILITIES,
    endpoint: ENDPOINT,
    normal: convert::normal,
    audit: audit::audit,
    reader: |connection| Ok(Arc::new(Reader::connect(connection, options())?)),
    writer: |connection| Ok(Arc::new(Writer::connect(connection, options())?)),
};
