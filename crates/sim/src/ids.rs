//! Ids and secrets of a simulated world: derived from a seed and a counter, so that a run can be repeated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A type prefix and 22 URL-safe base64 characters (pureport contract, section 4).
pub(crate) fn id(prefix: &str, seed: u64, counter: u64) -> String {
    let mut text = token("id", seed, counter);
    text.truncate(22);
    format!("{prefix}{text}")
}

/// A UUID in the form of version 4.
pub(crate) fn uuid(seed: u64, counter: u64) -> String {
    let digest = Sha256::digest(format!("uuid:{seed}:{counter}"));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// 43 URL-safe base64 characters, for secrets and links.
pub(crate) fn token(label: &str, seed: u64, counter: u64) -> String {
    encode(&Sha256::digest(format!("{label}:{seed}:{counter}")))
}

/// A number below 1 that depends on nothing but its arguments.
pub(crate) fn chance(seed: u64, stream: &str, draw: u64) -> f64 {
    let digest = Sha256::digest(format!("{stream}:{seed}:{draw}"));
    let bits = digest.iter().take(6).fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    bits as f64 / (1u64 << 48) as f64
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
