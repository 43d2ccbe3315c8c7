//! The part of a Provider that says how to reach the API, a block for each type of provider.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretSource;

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
