//! Shards: which of the Providers one lease is about. Pure.
//!
//! Every copy of the operator, of any version and on any machine, finds a Provider in the same shard.

use orgform_model::ObjectRef;
use sha2::{Digest as _, Sha256};

/// The most shards that there can be.
pub(crate) const MOST: u16 = 16;

/// One of so many equal shares of all Providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    number: u16,
    of: u16,
}

impl Shard {
    /// All Providers in one.
    pub(crate) fn whole() -> Self {
        Self { number: 0, of: 1 }
    }

    /// All shards of so many.
    pub(crate) fn all(of: u16) -> impl Iterator<Item = Self> {
        (0..of.max(1)).map(move |number| Self { number, of: of.max(1) })
    }

    /// Whether there is no other shard.
    pub(crate) fn is_whole(self) -> bool {
        self.of == 1
    }

    /// Which one it is, counted from 0.
    pub(crate) fn number(self) -> u16 {
        self.number
    }

    /// How many there are.
    pub(crate) fn of(self) -> u16 {
        self.of
    }

    /// Whether a Provider belongs to it; one without a name stands for its namespace.
    pub(crate) fn has(self, provider: &ObjectRef) -> bool {
        let namespace = provider.namespace.as_deref().unwrap_or_default();
        self.is_whole() || share(&format!("{namespace}/{}", provider.name), self.of) == self.number
    }

    /// Whether what belongs to no Provider of a namespace belongs to it.
    pub(crate) fn has_namespace(self, namespace: &str) -> bool {
        self.is_whole() || share(&format!("{namespace}/"), self.of) == self.number
    }

    /// The name of its lease. One that has everything has the bare name.
    pub(crate) fn lease(self, name: &str) -> String {
        if self.is_whole() { name.to_owned() } else { format!("{name}-{}", self.number) }
    }

    /// The names of leases that copies with another number of shards may hold.
    pub(crate) fn leases_of_others(self, name: &str) -> Vec<String> {
        let numbered = (0..MOST).map(|number| format!("{name}-{number}"));
        let bare = (!self.is_whole()).then(|| name.to_owned());
        let ours = self.lease(name);
        bare.into_iter().chain(numbered).filter(|one| *one != ours).collect()
    }
}

/// The first eight bytes of a SHA-256, as a number: it must never change, or two copies would work on one Provider.
fn share(text: &str, of: u16) -> u16 {
    let hash = Sha256::digest(text.as_bytes());
    let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // Less than `of`.
    (number % u64::from(of)) as u16
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgform_model::ObjectKind;

    use super::*;

    fn provider(namespace: &str, name: &str) -> ObjectRef {
        ObjectRef { kind: ObjectKind::Provider, namespace: Some(Arc::from(namespace)), name: Arc::from(name) }
    }

    #[test]
    fn a_provider_is_in_the_same_shard_for_every_version_on_every_machine() {
        let shard = |namespace: &str, name: &str, of: u16| {
            let provider = provider(namespace, name);
            Shard::all(of).filter(|shard| shard.has(&provider)).map(Shard::number).collect::<Vec<_>>()
        };
        assert_eq!(shard("org", "pureport", 2), [0]);
        assert_eq!(shard("org", "packetfabric", 2), [1]);
        assert_eq!(shard("org", "pureport", 3), [2]);
        assert_eq!(shard("org", "pureport", 16), [2]);
        assert_eq!(shard("org", "packetfabric", 16), [5]);
        assert_eq!(shard("people", "xarios", 16), [13]);
        assert_eq!(shard("org", "pureport", 1), [0]);
    }

    #[test]
    fn what_belongs_to_no_provider_belongs_to_one_shard() {
        for namespace in ["org", "people", "team-payments"] {
            let of: Vec<_> = Shard::all(4).filter(|shard| shard.has_namespace(namespace)).collect();
            assert_eq!(of.len(), 1, "{namespace}");
            assert!(of[0].has(&provider(namespace, "")));
        }
    }

    #[test]
    fn one_shard_has_the_lease_that_there_always_was() {
        assert_eq!(Shard::whole().lease("orgform"), "orgform");
        let names: Vec<String> = Shard::all(2).map(|shard| shard.lease("orgform")).collect();
        assert_eq!(names, ["orgform-0", "orgform-1"]);
    }

    #[test]
    fn copies_with_another_number_of_shards_are_found_by_their_leases() {
        let two = Shard::all(2).next().unwrap();
        for mine in [Shard::whole(), two] {
            let rivals = mine.leases_of_others("orgform");
            assert!(!rivals.contains(&mine.lease("orgform")));
            for of in (1..=MOST).filter(|of| *of != mine.of()) {
                for lease in Shard::all(of).map(|shard| shard.lease("orgform")) {
                    assert!(rivals.contains(&lease) || lease == mine.lease("orgform"), "{lease}");
                }
            }
        }
    }
}
