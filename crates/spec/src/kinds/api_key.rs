//! An API key, and where its secret is put.

use orgform_model::policy::Removal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reference, SecretKeyRef, choice};

kind!(
    /// An API key for programs. Its secret is shown once, when the key is made, and put away then.
    #[cfg_attr(feature = "crd", derive(kube_derive::CustomResource))]
    #[cfg_attr(feature = "crd", kube(
        group = "orgform.dev", version = "v1alpha1", kind = "ApiKey", namespaced,
        crates(kube_core = "::kube_core"),
        status = "crate::crd::ApiKeyStatus", derive = "PartialEq",
        category = "orgform", shortname = "okey",
    ))]
    ApiKeySpec {
        /// The account that it belongs to; where roles are inherited, it works in the account's children too.
        #[schemars(required)]
        account_ref: Reference,
        /// The name at the provider; `metadata.name` if not said.
        #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"))]
        display_name: String,
        /// What it is for.
        #[schemars(length(max = 1024))]
        description: String,
        /// Roles of the account, of an account above it, or fixed ones of the provider.
        #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 256), regex(pattern = r"\S")))]
        roles: Vec<String>,
        /// Where its secret is put when it is made; needed unless `externalId` names a key that exists.
        write_secret_to: SecretPlaceSpec,
        /// What happens when the declaration goes; the provider's default if not said.
        #[schemars(with = "Option<choice::RemovalOfThings>")]
        removal: Removal,
        /// The provider's id of it, the half that is no secret. Such a key is taken over, never made.
        #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"))]
        external_id: String,
    }
);

kind!(
    /// Where a secret is put; exactly one of these.
    SecretPlaceSpec {
        /// A file that only its owner can read.
        file: SecretFileSpec,
        /// A Secret, in a cluster.
        secret_key_ref: SecretKeyRef,
    }
);

kind!(
    /// A file that holds a secret. Beside it, `.id` added to its name, is the id of the key.
    SecretFileSpec {
        /// The path; a relative one starts at the root. Keep it out of Git.
        #[schemars(length(min = 1, max = 4096), required)]
        path: String,
    }
);
