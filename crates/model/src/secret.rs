//! Where a secret comes from. The secret itself is never part of what is desired, planned or remembered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A source of secrets, as written in a manifest. Only a front end can read it, and only while applying.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; a relative path starts at the root.
    File(String),
    /// A key of a Secret of the namespace, in a cluster.
    SecretKey {
        /// The name of the Secret.
        name: String,
        /// The key in it.
        key: String,
    },
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env {name}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::SecretKey { name, key } => write!(f, "Secret {name}, key {key}"),
        }
    }
}
