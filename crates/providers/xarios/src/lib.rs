//! Speaks the Enterprise Portal API of Xarios Dimensions, also known as MyReports.
//!
//! It translates and does not decide: [`PROVIDER`] is all that the rest needs. The way through: `provider` takes
//! scopes and changes, `observe` reads, `accounts` and `users` write, `client` makes the calls and `approval` logs
//! in, `tenants` knows which path a tenant has, `convert` turns `wire` shapes into ours, `audit` says what can't be
//! done. Facts about the API cite the xarios contract by section.

mod accounts;
mod approval;
mod audit;
mod client;
mod convert;
mod fields;
mod observe;
mod patch;
mod provider;
mod semantics;
mod tenants;
mod users;
mod wire;

use std::sync::Arc;

use orgform_provider::ProviderType;

pub use approval::LOGIN;
pub use client::options;
pub use provider::{Reader, Writer};
pub use semantics::{CAPABILITIES, SEMANTICS};

/// Where the API is for Europe. The region is bound to the instance (xarios contract, section 3), so a manifest says
/// it.
pub const ENDPOINT: &str = "https://api.eu.myreports.cloud";

/// What a manifest may agree to: changes that cost money (xarios contract, section 3).
pub const ACCEPT_CHARGES: &str = "acceptCharges";

/// Xarios Dimensions.
pub static PROVIDER: ProviderType = ProviderType {
    semantics: &SEMANTICS,
    capabilities: &CAPABILITIES,
    endpoint: ENDPOINT,
    normal: convert::normal,
    audit: audit::audit,
    reader: |connection| Ok(Arc::new(Reader::connect(connection, options())?)),
    writer: |connection| Ok(Arc::new(Writer::connect(connection, options())?)),
};
