//! The kinds of objects, as they are written: the types that schemas are made of.
//!
//! Plain optional fields and bounded texts, so that the same types are custom resources too (feature `crd`,
//! `crd`). Manifests are not read into these but by walkers that know places; a test holds the two
//! together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        // The schema allows no other field. Reading does: an object of a newer version must not stop a whole list.
        #[schemars(deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }
    };
}

mod account;
mod api_key;
mod choice;
mod connection;
mod member;
mod provider;
mod role;

pub use account::*;
pub use api_key::*;
pub use connection::*;
pub use member::*;
pub use provider::*;
pub use role::*;

kind!(
    /// Names another object.
    Reference {
        /// Its `metadata.name`.
        #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"), required)]
        name: String,
        /// Its namespace, in a cluster; the object's own if not said. Another one has to list this one in
        /// `allowedNamespaces`.
        #[schemars(length(min = 1, max = 63))]
        namespace: String,
    }
);

kind!(
    /// A namespace, in a cluster, whose objects may name this one.
    AllowedNamespace {
        /// The namespace.
        #[schemars(length(min = 1, max = 63), required)]
        name: String,
        /// The roles that may be given from there; none if not said.
        #[schemars(length(max = 1000), inner(length(min = 1, max = 256), regex(pattern = r"\S")))]
        roles: Vec<String>,
    }
);

kind!(
    /// What every object has besides its content.
    Metadata {
        /// The name, one per kind: lower case letters, digits, `-` and `.`.
        #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"), required)]
        name: String,
        /// The namespace, in a cluster; files ignore it.
        #[schemars(length(max = 63))]
        namespace: String,
        /// Labels, in a cluster; files ignore them.
        labels: BTreeMap<String, String>,
        /// Annotations, in a cluster; files ignore them.
        annotations: BTreeMap<String, String>,
    }
);

kind!(
    /// Where a secret comes from; exactly one of these. A secret itself is never written.
    SecretSource {
        /// An environment variable.
        #[schemars(length(min = 1, max = 253))]
        env: String,
        /// A file; a relative path starts at the root.
        #[schemars(length(min = 1, max = 4096))]
        file: String,
        /// A Secret, in a cluster.
        secret_key_ref: SecretKeyRef,
    }
);

kind!(
    /// A key of a Secret, in a cluster.
    SecretKeyRef {
        /// The name of the Secret.
        #[schemars(length(min = 1, max = 253), required)]
        name: String,
        /// The key in it.
        #[schemars(length(min = 1, max = 253), required)]
        key: String,
    }
);
