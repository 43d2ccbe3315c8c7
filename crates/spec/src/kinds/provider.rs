//! A configured connection to an API, and how far a run may go there.

use orgform_model::policy::{Adoption, Allow, Approval, DriftPolicy, Mode, OnExhausted, Removal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AllowedNamespace, PacketfabricSpec, PureportSpec, XariosSpec, choice};

kind!(
    /// One configured connection to an API.
    #[cfg_attr(feature = "crd", derive(kube_derive::CustomResource))]
    #[cfg_attr(feature = "crd", kube(
        group = "orgform.dev", version = "v1alpha1", kind = "Provider", namespaced,
        crates(kube_core = "::kube_core"),
        status = "crate::crd::ProviderStatus", derive = "PartialEq",
        category = "orgform", shortname = "oprov",
    ))]
    ProviderSpec {
        /// Connects to Pureport. Exactly one provider block is needed.
        pureport: PureportSpec,
        /// Connects to PacketFabric.
        packetfabric: PacketfabricSpec,
        /// Connects to Xarios Dimensions.
        xarios: XariosSpec,
        /// The writer's e-mail, when it can't be observed.
        #[schemars(length(max = 254))]
        runs_as: String,
        /// How far a run may go.
        #[schemars(with = "Option<choice::Mode>")]
        mode: Mode,
        /// Whether a plan needs somebody's approval.
        #[schemars(with = "Option<choice::Approval>")]
        approval: Approval,
        /// What to do when the provider changed behind us.
        #[schemars(with = "Option<choice::Drift>")]
        drift: DriftPolicy,
        /// What to do about extra grants of people taken over.
        #[schemars(with = "Option<choice::Adoption>")]
        adoption: Adoption,
        /// How long an observation may be used for anything but removals, such as `10m`.
        #[schemars(length(max = 32), regex(pattern = crate::span_of_time::PATTERN))]
        max_age: String,
        /// Limits on what may be taken away.
        safety: SafetySpec,
        /// What happens to something that is no longer declared.
        removal: RemovalSpec,
        /// When an invite is mailed again.
        invites: InvitesSpec,
        /// Other namespaces, in a cluster, whose Members may name any of its Accounts; files ignore it.
        #[schemars(length(max = 1000))]
        allowed_namespaces: Vec<AllowedNamespace>,
    }
);

kind!(
    /// Limits on what one plan, and the last 24 hours, may take away.
    SafetySpec {
        /// What is allowed that otherwise is refused.
        #[schemars(with = "Option<Vec<choice::Allow>>", length(max = 8))]
        allow: Vec<Allow>,
        /// People of one account who may lose access; the larger of the two.
        per_account: LimitSpec,
        /// People of the whole provider who may lose access; the larger of the two.
        total: LimitSpec,
        /// Admins that have to remain.
        admins: AdminsSpec,
        /// E-mails of people who lose nothing anywhere.
        #[schemars(length(max = 1000), inner(length(min = 3, max = 254)))]
        protected: Vec<String>,
    }
);

kind!(
    /// A number of people: the larger of a share and a floor, which counts up to half of those present.
    LimitSpec {
        /// Share of those present.
        #[schemars(range(max = 100))]
        percent: u32,
        /// A number that is always allowed.
        #[schemars(range(max = 1_000_000))]
        floor: u32,
    }
);

kind!(
    /// Admins that have to remain.
    AdminsSpec {
        /// The fewest active admins of an account.
        #[schemars(range(max = 1000))]
        minimum: u32,
        /// E-mails of admins who never lose that right where they hold it.
        #[schemars(length(max = 1000), inner(length(min = 3, max = 254)))]
        required: Vec<String>,
    }
);

kind!(
    /// What happens to something that is no longer declared, by kind.
    RemovalSpec {
        /// Memberships.
        #[schemars(with = "Option<choice::Removal>")]
        members: Removal,
        /// Custom roles.
        #[schemars(with = "Option<choice::RemovalOfThings>")]
        roles: Removal,
        /// Accounts.
        #[schemars(with = "Option<choice::RemovalOfThings>")]
        accounts: Removal,
        /// API keys.
        #[schemars(with = "Option<choice::RemovalOfThings>")]
        api_keys: Removal,
    }
);

kind!(
    /// When an invite is mailed again.
    InvitesSpec {
        /// How long after the last mail, such as `7d`.
        #[schemars(length(max = 32), regex(pattern = crate::span_of_time::PATTERN))]
        resend_after: String,
        /// How many mails in all.
        #[schemars(range(max = 100))]
        max_attempts: u32,
        /// What happens after the last one.
        #[schemars(with = "Option<choice::OnExhausted>")]
        on_exhausted: OnExhausted,
        /// The most mails in 24 h; more are deferred.
        #[schemars(range(max = 1_000_000))]
        per_day: u32,
        /// Whether pending invites, not only expired ones, are mailed again.
        resend_pending: bool,
    }
);
