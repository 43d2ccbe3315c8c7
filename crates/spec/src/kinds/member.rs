//! A person, and the accounts and roles that the person should have.

use jiff::Timestamp;
use orgform_model::policy::Removal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reference, SecretSource, choice};

kind!(
    /// A person and the memberships that the person should have.
    #[cfg_attr(feature = "crd", derive(kube_derive::CustomResource))]
    #[cfg_attr(feature = "crd", kube(
        group = "orgform.dev", version = "v1alpha1", kind = "Member", namespaced,
        crates(kube_core = "::kube_core"),
        status = "crate::crd::MemberStatus", derive = "PartialEq",
        category = "orgform", shortname = "omem",
    ))]
    MemberSpec {
        /// The person's e-mail; compared in lower case.
        #[schemars(length(min = 3, max = 254), required)]
        email: String,
        /// The accounts and the roles there.
        #[schemars(length(max = 10_000))]
        memberships: Vec<MembershipSpec>,
        /// How the person comes in.
        #[schemars(with = "Option<choice::Onboarding>")]
        onboarding: String,
        /// What happens when the declaration goes; the provider's default if not said.
        #[schemars(with = "Option<choice::Removal>")]
        removal: Removal,
        /// The person's ids at providers that don't tell e-mails.
        #[schemars(length(max = 100))]
        identities: Vec<IdentitySpec>,
        /// Whether the person should be nowhere; memberships that are declared beside it are not made then.
        offboarded: bool,
        /// First name, where the provider keeps one.
        #[schemars(length(min = 1, max = 256))]
        first_name: String,
        /// Last name, where the provider keeps one.
        #[schemars(length(min = 1, max = 256))]
        last_name: String,
        /// Phone number, where the provider keeps one.
        #[schemars(length(min = 1, max = 64))]
        phone: String,
        /// Time zone, such as `Europe/Berlin`, where the provider keeps one.
        #[schemars(length(min = 1, max = 64))]
        timezone: String,
        /// The name to log in with, where that is not the e-mail.
        #[schemars(length(min = 1, max = 256))]
        login: String,
        /// The first password; only with `onboarding: Create`.
        password: SecretSource,
    }
);

kind!(
    /// One account and the roles there.
    MembershipSpec {
        /// The account.
        #[schemars(required)]
        account_ref: Reference,
        /// Roles of the account, of an account above it, or fixed ones of the provider.
        #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 256), regex(pattern = r"\S")), required)]
        roles: Vec<String>,
        /// When these roles end (RFC 3339).
        expires_at: Timestamp,
    }
);

kind!(
    /// A person's id at a provider.
    IdentitySpec {
        /// The provider.
        #[schemars(required)]
        provider_ref: Reference,
        /// The id there.
        #[schemars(length(min = 1, max = 256), required)]
        id: String,
    }
);
