//! The kinds of objects, as they are written: the types that schemas are made of.
//!
//! Plain optional fields and bounded texts, so that the same types are custom resources too (feature `crd`,
//! `crd`). Manifests are not read into these but by walkers that know places; a test holds the two
//! together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use orgform_model::policy::{Adoption, Allow, Approval, DriftPolicy, Mode, OnExhausted, Removal};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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
        #[schemars(with = "Option<Choice::Mode>")]
        mode: Mode,
        /// Whether a plan needs somebody's approval.
        #[schemars(with = "Option<Choice::Approval>")]
        approval: Approval,
        /// What to do when the provider changed behind us.
        #[schemars(with = "Option<Choice::Drift>")]
        drift: DriftPolicy,
        /// What to do about extra grants of people taken over.
        #[schemars(with = "Option<Choice::Adoption>")]
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
        /// Other namespaces whose objects may name this one, in a cluster; files ignore it.
        #[schemars(length(max = 1000))]
        allowed_namespaces: Vec<AllowedNamespace>,
    }
);

kind!(
    /// A connection to Pureport.
    PureportSpec {
        /// The base of all paths; `https://api.pureport.com` if not said.
        #[schemars(length(max = 2048), url)]
        endpoint: String,
        /// Uses a simulator in the same process instead: no account is needed.
        simulator: SimulatorSpec,
        /// The API key.
        credentials: PureportCredentials,
        /// Another key for everything that only reads.
        read_only_credentials: PureportCredentials,
    }
);

kind!(
    /// A connection to PacketFabric.
    PacketfabricSpec {
        /// The base of all paths; `https://api.packetfabric.com` if not said.
        #[schemars(length(max = 2048), url)]
        endpoint: String,
        /// Uses a simulator in the same process instead: no account is needed.
        simulator: SimulatorSpec,
        /// Who writes.
        credentials: PacketfabricCredentials,
        /// Another one for everything that only reads.
        read_only_credentials: PacketfabricCredentials,
    }
);

kind!(
    /// An API key of PacketFabric, or a user's log-in and password.
    PacketfabricCredentials {
        /// The API key: best for automation.
        api_key: SecretSource,
        /// The uuid of that key, where API keys are declared too: no call tells it.
        api_key_id: SecretSource,
        /// The log-in of a user who needs no second factor.
        login: SecretSource,
        /// The password of that user.
        password: SecretSource,
    }
);

kind!(
    /// A connection to Xarios Dimensions, also known as MyReports.
    XariosSpec {
        /// The base of all paths, which names the region: `https://api.eu.myreports.cloud`.
        #[schemars(length(max = 2048), url)]
        endpoint: String,
        /// Where log-ins go; the vendor's own service if not said.
        #[schemars(length(max = 2048), url)]
        login_endpoint: String,
        /// Whether changes that cost money are accepted.
        accept_charges: bool,
        /// Uses a simulator in the same process instead: no account is needed.
        simulator: SimulatorSpec,
        /// Who writes.
        credentials: XariosCredentials,
        /// Another approval for everything that only reads.
        read_only_credentials: XariosCredentials,
    }
);

kind!(
    /// An approval that somebody gave to a client of Xarios.
    XariosCredentials {
        /// The client's id, from the vendor.
        #[schemars(required)]
        client_id: SecretSource,
        /// The client's secret, from the vendor.
        #[schemars(required)]
        client_secret: SecretSource,
        /// The refresh token of the approval. Later ones are kept below `.orgform/credentials`.
        #[schemars(required)]
        refresh_token: SecretSource,
    }
);

kind!(
    /// A simulator in the same process.
    SimulatorSpec {
        /// The name of the account that exists from the start; `Acme` if not said.
        #[schemars(length(min = 1, max = 64))]
        root_account: String,
    }
);

kind!(
    /// An API key of Pureport.
    PureportCredentials {
        /// The key.
        #[schemars(required)]
        key: SecretSource,
        /// Its secret.
        #[schemars(required)]
        secret: SecretSource,
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

kind!(
    /// Limits on what one plan, and the last 24 hours, may take away.
    SafetySpec {
        /// What is allowed that otherwise is refused.
        #[schemars(with = "Option<Vec<Choice::Allow>>", length(max = 8))]
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
        #[schemars(with = "Option<Choice::Removal>")]
        members: Removal,
        /// Custom roles.
        #[schemars(with = "Option<Choice::RemovalOfThings>")]
        roles: Removal,
        /// Accounts.
        #[schemars(with = "Option<Choice::RemovalOfThings>")]
        accounts: Removal,
        /// API keys.
        #[schemars(with = "Option<Choice::RemovalOfThings>")]
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
        #[schemars(with = "Option<Choice::OnExhausted>")]
        on_exhausted: OnExhausted,
        /// The most mails in 24 h; more are deferred.
        #[schemars(range(max = 1_000_000))]
        per_day: u32,
        /// Whether pending invites, not only expired ones, are mailed again.
        resend_pending: bool,
    }
);

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
        #[schemars(with = "Option<Choice::Consent>")]
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
        #[schemars(with = "Option<Vec<Choice::Authoritative>>", length(max = 8))]
        authoritative: Vec<String>,
        /// Whether it is written or only resolved.
        #[schemars(with = "Option<Choice::Manage>")]
        manage: String,
        /// The provider's id of it.
        #[schemars(length(min = 1, max = 256), regex(pattern = r"\S"))]
        external_id: String,
        /// What to do about extra grants of people taken over here.
        #[schemars(with = "Option<Choice::Adoption>")]
        adoption: Adoption,
        /// Other namespaces whose objects may name this one, in a cluster; files ignore it.
        #[schemars(length(max = 1000))]
        allowed_namespaces: Vec<AllowedNamespace>,
    }
);

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
        #[schemars(with = "Option<Choice::Manage>")]
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
        #[schemars(with = "Option<Choice::Onboarding>")]
        onboarding: String,
        /// What happens when the declaration goes; the provider's default if not said.
        #[schemars(with = "Option<Choice::Removal>")]
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
        #[schemars(with = "Option<Choice::RemovalOfThings>")]
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

/// Words that schemas list; the model's own types carry no schema.
#[allow(non_snake_case, missing_docs)]
mod Choice {
    use schemars::JsonSchema;

    macro_rules! choice {
        ($($name:ident { $($word:ident),* })*) => {
            $(
                #[derive(JsonSchema)]
                #[allow(dead_code)]
                pub(super) enum $name { $($word),* }
            )*
        };
    }

    choice! {
        Mode { Observe, Plan, Apply }
        Approval { None, Required }
        Drift { Correct, Report }
        Adoption { Keep, Take }
        Allow { WiderReach, Irreversible }
        Removal { Remove, Disable, Retain }
        RemovalOfThings { Remove, Retain }
        OnExhausted { Hold, Withdraw }
        Consent { Accepted, LeftToAdmin }
        Manage { Full, Reference }
        Onboarding { Invite, Create }
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)]
    pub(super) enum Authoritative {
        Members,
    }
}
