//! Fingerprints and digests: what a consent is about.
//!
//! Each effect of a plan has a fingerprint: address, kind, field, from → to. It has no secret, time, id, nor
//! the people reached through a role, so two runs that would do the same have the same digest.

use std::collections::BTreeSet;
use std::fmt;

use orgform_model::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::plan::PlannedChange;

/// A hash in the form `sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Hashes a text.
    pub fn of(text: &str) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("sha256:{hex}"))
    }

    /// Hashes a set of fingerprints.
    pub fn of_set(set: &BTreeSet<Self>) -> Self {
        Self::of(&set.iter().map(Self::as_str).collect::<Vec<_>>().join("\n"))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it for people to tell two apart: `sha256:` and twelve digits.
    pub fn short(&self) -> &str {
        self.0.get(..19).unwrap_or(&self.0)
    }

    /// Whether a text, whole or shortened to at least twelve digits, names this digest.
    pub fn is_named(&self, text: &str) -> bool {
        let text = text.trim_end_matches('…');
        text.len() >= 19 && self.0.starts_with(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fingerprints of one change: one per effect.
pub fn fingerprints(change: &PlannedChange) -> BTreeSet<Digest> {
    let PlannedChange { address, kind, gains, loses, fields, .. } = change;
    let head = format!("{address}\u{1f}{kind:?}");
    let grants = gains
        .iter()
        .map(|grant| format!("{head}\u{1f}+{grant}"))
        .chain(loses.iter().map(|grant| format!("{head}\u{1f}-{grant}")));
    let fields = fields.iter().map(|field| {
        let show = |value: &Option<Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{head}\u{1f}{}\u{1f}{}\u{1f}{}", field.field, show(&field.from), show(&field.to))
    });
    let mut all: BTreeSet<Digest> = grants.chain(fields).map(|text| Digest::of(&text)).collect();
    if all.is_empty() {
        all.insert(Digest::of(&head));
    }
    all
}

/// The digest of a set of changes.
pub fn digest<'a>(changes: impl IntoIterator<Item = &'a PlannedChange>) -> Digest {
    Digest::of_set(&changes.into_iter().flat_map(fingerprints).collect())
}

/// The digest of a held group: its effects and everyone who loses by them.
pub fn held_digest(changes: &[PlannedChange]) -> Digest {
    let mut set: BTreeSet<Digest> = changes.iter().flat_map(fingerprints).collect();
    for loser in changes.iter().flat_map(|change| &change.losers) {
        set.insert(Digest::of(&format!("{}\u{1f}loses\u{1f}{}", loser.path, loser.person)));
    }
    Digest::of_set(&set)
}
