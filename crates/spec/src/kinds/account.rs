//! An account.

use std::borrow::Cow;
use std::collections::BTreeMap;

use orgform_model::policy::Adoption;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{AllowedNamespace, Reference, choice};

kind!(
    /// An account: it owns roles and has members.
    #[cfg_attr(feature = "crd", derive(kube_derive::CustomResource))]
    #[cfg_attr(feature = "crd", kube(
        group = "orgform.dev", version = "v1alpha1", kind = "Account", namespaced,
        crates(kube_core = "::kube_core"),
        status = "crate::crd::AccountStatus", derive = "PartialEq",
        category = "orgform", shortname = "oacc",
    ))]
    AccountSpec {
        /// The provider; that of the parent if not said.
        provider_ref: Reference,
        /// The account above this one.
        parent_ref: Reference,
        /// The name at the provider; `metadata.name` if not said.
        #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"))]
        display_name: String,
        /// What it is for.
        #[schemars(length(max = 1024))]
        description: String,
        /// Tags.
        #[schemars(with = "Option<Tags>")]
        tags: BTreeMap<String, String>,
        /// E-mails to write to about technical things.
        #[schemars(length(max = 100), inner(length(min = 3, max = 254)))]
        technical_contacts: Vec<String>,
        /// Whether the provider's agreements are accepted here or left to the account's admin.
        #[schemars(with = "Option<choice::Consent>")]
        consent: String,
        /// Its id in a system of your own.
        #[schemars(length(max = 200))]
        reference: String,
        /// Whether its people can log in, where the provider has that.
        enabled: bool,
        /// Time zone, such as `Europe/Berlin`, where the provider keeps one.
        #[schemars(length(min = 1, max = 64))]
        timezone: String,
        /// Country, such as `GB`, where the provider keeps one.
        #[schemars(length(min = 2, max = 5))]
        country_code: String,
        /// What is removed if nobody declares it.
        #[schemars(with = "Option<Vec<choice::Authoritative>>", length(max = 8))]
        authoritative: Vec<String>,
        /// Whether it is written or only resolved.
        #[schemars(with = "Option<choice::Manage>")]
        manage: String,
        /// The provider's id of it.
        #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"))]
        external_id: String,
        /// What to do about extra grants of people taken over here.
        #[schemars(with = "Option<choice::Adoption>")]
        adoption: Adoption,
        /// Other namespaces whose objects may name this one, in a cluster; files ignore it.
        #[schemars(length(max = 1000))]
        allowed_namespaces: Vec<AllowedNamespace>,
    }
);

/// Texts by name: at most a hundred, of at most 256 characters.
struct Tags;

impl JsonSchema for Tags {
    fn schema_name() -> Cow<'static, str> {
        "Tags".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": { "type": "string", "maxLength": 256 },
            "maxProperties": 100,
        })
    }
}
