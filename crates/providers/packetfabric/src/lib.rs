//! Speaks PacketFabric's API v2.
//!
//! It translates and does not decide: [`PROVIDER`] is all that the rest needs. The way through: `provider` takes
//! scopes and changes, `observe` reads, `customer`, `users`, `invites` and `api_keys` write, `client` makes the calls,
//! `convert` turns `wire` shapes into ours, `audit` says what can't be done. Facts about the API cite the
//! packetfabric contract by section.

mod api_keys;
mod audit;
mod client;
mod convert;
mod customer;
mod fields;
mod invites;
mod observe;
mod provider;
mod semantics;
mod users;
mod wire;

use std::sync::Arc;

use orgform_provider::ProviderType;

pub use client::options;
pub use provider::{Reader, Writer};
pub use semantics::{CAPABILITIES, SEMANTICS};

/// Where PacketFabric's API is, where a manifest does not say (packetfabric contract, section 2).
pub const ENDPOINT: &str = "https://api.packetfabric.com";

/// PacketFabric.
pub static PROVIDER: ProviderType = ProviderType {
    semantics: &SEMANTICS,
    capabilities: &CAPABILITIES,
    endpoint: ENDPOINT,
    normal: |desired| desired,
    audit: audit::audit,
    reader: |connection| Ok(Arc::new(Reader::connect(connection, options())?)),
    writer: |connection| Ok(Arc::new(Writer::connect(connection, options())?)),
};
