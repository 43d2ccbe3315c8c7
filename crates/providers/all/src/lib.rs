//! Every kind of provider that orgform speaks: one list for the CLI and the operator.
//!
//! A new provider is a crate beside this one and a row here; `cargo xtask new-provider` makes both.

use orgform_provider::ProviderType;

/// Every kind of provider, in the order in which they are told of.
pub static PROVIDERS: &[&ProviderType] = &[
    // A new one goes last.
    &orgform_pureport::PROVIDER,
    &orgform_packetfabric::PROVIDER,
    &orgform_xarios::PROVIDER,
];

/// The kind of this name, as in `Semantics::kind`.
pub fn provider(kind: &str) -> Option<&'static ProviderType> {
    PROVIDERS.iter().find(|provider| provider.semantics.kind == kind).copied()
}
