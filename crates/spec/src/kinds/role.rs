//! A custom role and what it allows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reference, choice};

kind!(
    /// A custom role.
    #[cfg_attr(feature = "crd", derive(kube_derive::CustomResource))]
    #[cfg_attr(feature = "crd", kube(
        group = "orgform.dev", version = "v1alpha1", kind = "Role", namespaced,
        crates(kube_core = "::kube_core"),
        status = "crate::crd::RoleStatus", derive = "PartialEq",
        category = "orgform", shortname = "orole",
    ))]
    RoleSpec {
        /// The account that owns it; the account's children inherit it where the provider does so.
        #[schemars(required)]
        account_ref: Reference,
        /// The name at the provider; `metadata.name` if not said.
        #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"))]
        display_name: String,
        /// What it is for.
        #[schemars(length(max = 1024))]
        description: String,
        /// What it allows.
        #[schemars(length(max = 1000))]
        permissions: Vec<PermissionSpec>,
        /// Whether it is written or only resolved.
        #[schemars(with = "Option<choice::Manage>")]
        manage: String,
        /// The provider's id of it.
        #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"))]
        external_id: String,
    }
);

kind!(
    /// Actions that are allowed on resources: each of one on each of the other.
    PermissionSpec {
        /// The resources.
        #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 64), regex(pattern = r"^[^:\s]+$")), required)]
        resources: Vec<String>,
        /// The actions.
        #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 64), regex(pattern = r"^[^:\s]+$")), required)]
        actions: Vec<String>,
    }
);
