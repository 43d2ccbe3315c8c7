//! The secret of an API key: where it goes, and the secret itself on its way there.
//!
//! A provider shows it once, in the answer to making the key. The engine puts it where the user said and
//! forgets it; it is never part of a plan, a report, an error or the state.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Where a secret is put.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SecretPlace {
    /// A file; a relative path starts at the root.
    File {
        /// The path.
        path: String,
    },
    /// A key of a Secret, in a cluster.
    SecretKeyRef {
        /// The name of the Secret.
        name: String,
        /// The key in it.
        key: String,
    },
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => f.write_str(path),
            Self::SecretKeyRef { name, key } => write!(f, "Secret {name}, key {key}"),
        }
    }
}

/// A secret that was shown once. It has no text form: only who puts it away looks inside.
#[derive(Clone)]
pub struct ShownOnce(SecretString);

impl ShownOnce {
    /// Wraps a secret.
    pub fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// The secret, for putting it away.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownOnce(…)")
    }
}

impl PartialEq for ShownOnce {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for ShownOnce {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Applied;

    #[test]
    fn a_secret_has_no_text_form() {
        let secret = Some(ShownOnce::new(SecretString::from("hunter2".to_owned())));
        let applied = Applied::ApiKey { id: "key-1".into(), secret };
        let forms = [format!("{applied:?}"), serde_json::to_string(&applied).unwrap()];
        for form in forms {
            assert!(form.contains("key-1") && !form.contains("hunter2"), "{form}");
        }
    }
}
