//! What an API server checks beyond the shape, as a table: where, the rule in CEL, and what to do.
//!
//! These are rules of [`crate::validate()`] about one object by itself, and those that only a cluster has: what
//! may never change, and where secrets come from. What is wrong between objects the status tells. Each rule has
//! an accepting and a refusing case on a real server, in `tests/control-plane`.

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The kind of the object.
    pub kind: &'static str,
    /// The places in the object where it holds: fields with dots, `[]` for each item of a list.
    pub places: &'static [&'static str],
    /// The rule, in CEL.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub message: &'static str,
}

const EMAIL: &str = r#"self.matches('^[^\\s<>,;"/@]+@([\\p{L}\\p{N}]([-\\p{L}\\p{N}]*[\\p{L}\\p{N}])?[.])+[\\p{L}\\p{N}]([-\\p{L}\\p{N}]*[\\p{L}\\p{N}])?$')"#;
const NO_EMAIL: &str = "this is not an e-mail address: write only the address, such as `ada@acme.example`.";
const SECRET: &str = "has(self.secretKeyRef) && !has(self.env) && !has(self.file)";
const NO_SECRET: &str = "in a cluster a secret comes from a Secret of the same namespace: write \
    `{ secretKeyRef: { name: NAME, key: KEY } }`; `env` and `file` are for files.";

/// All rules.
pub const RULES: &[Rule] = &[
    Rule {
        kind: "Provider",
        places: &["spec"],
        // One entry per provider block.
        rule: "[has(self.pureport), has(self.packetfabric), has(self.xarios)].filter(present, present).size() == 1",
        message: "a provider needs exactly one block that says which one it is: `pureport`, `packetfabric` or \
            `xarios`.",
    },
    Rule {
        kind: "Provider",
        places: &["spec.pureport", "spec.packetfabric", "spec.xarios"],
        rule: "!has(self.simulator)",
        message: "a simulator runs inside of the CLI only: write `endpoint` and `credentials`.",
    },
    Rule {
        kind: "Provider",
        places: &["spec.pureport"],
        rule: "has(self.simulator) || has(self.credentials)",
        message: "`credentials` are needed to log in: write `credentials: { key: { secretKeyRef: { name: NAME, key: \
            KEY } }, secret: { secretKeyRef: { name: NAME, key: KEY } } }`.",
    },
    Rule {
        kind: "Provider",
        places: &["spec.packetfabric"],
        rule: "has(self.simulator) || has(self.credentials)",
        message: "`credentials` are needed to log in: write `credentials: { apiKey: { secretKeyRef: { name: NAME, key: \
            KEY } } }`.",
    },
    Rule {
        kind: "Provider",
        places: &["spec.packetfabric.credentials", "spec.packetfabric.readOnlyCredentials"],
        rule: "has(self.apiKey) ? !has(self.login) && !has(self.password) : has(self.login) && has(self.password) && \
            !has(self.apiKeyId)",
        message: "either `apiKey` is needed, or `login` and `password`; an API key is best.",
    },
    Rule {
        kind: "Provider",
        places: &["spec.xarios"],
        rule: "has(self.simulator) || has(self.credentials)",
        message: "`credentials` are needed to log in: write `credentials: { clientId: { secretKeyRef: { name: NAME, \
            key: KEY } }, clientSecret: …, refreshToken: … }`.",
    },
    Rule {
        kind: "Provider",
        places: &["spec.xarios"],
        rule: "has(self.simulator) || has(self.endpoint)",
        message: "`endpoint` is needed, for the region is part of it: write `endpoint: \
            https://api.eu.myreports.cloud`, or au, na, uk.",
    },
    Rule {
        kind: "Provider",
        places: &[
            "spec.pureport.endpoint",
            "spec.packetfabric.endpoint",
            "spec.xarios.endpoint",
            "spec.xarios.loginEndpoint",
        ],
        rule: r"self.matches('^https?://[^/?#@\\s]+([/?#]\\S*)?$')",
        message: "an endpoint starts with https:// or http:// and a host, and holds no user or password: they go to \
            `credentials`.",
    },
    Rule {
        kind: "Provider",
        places: &[
            "spec.pureport.credentials.key",
            "spec.pureport.credentials.secret",
            "spec.pureport.readOnlyCredentials.key",
            "spec.pureport.readOnlyCredentials.secret",
            "spec.packetfabric.credentials.apiKey",
            "spec.packetfabric.credentials.apiKeyId",
            "spec.packetfabric.credentials.login",
            "spec.packetfabric.credentials.password",
            "spec.packetfabric.readOnlyCredentials.apiKey",
            "spec.packetfabric.readOnlyCredentials.apiKeyId",
            "spec.packetfabric.readOnlyCredentials.login",
            "spec.packetfabric.readOnlyCredentials.password",
            "spec.xarios.credentials.clientId",
            "spec.xarios.credentials.clientSecret",
            "spec.xarios.credentials.refreshToken",
            "spec.xarios.readOnlyCredentials.clientId",
            "spec.xarios.readOnlyCredentials.clientSecret",
            "spec.xarios.readOnlyCredentials.refreshToken",
        ],
        rule: SECRET,
        message: NO_SECRET,
    },
    Rule {
        kind: "Provider",
        places: &["spec.runsAs", "spec.safety.protected[]", "spec.safety.admins.required[]"],
        rule: EMAIL,
        message: NO_EMAIL,
    },
    Rule {
        kind: "Account",
        places: &["spec"],
        rule: "has(self.providerRef) || has(self.parentRef)",
        message: "an account needs `providerRef`, or `parentRef` to an account that has one.",
    },
    Rule {
        kind: "Account",
        places: &["spec"],
        rule: "has(self.providerRef) == has(oldSelf.providerRef) && (!has(self.providerRef) || self.providerRef == \
            oldSelf.providerRef)",
        message: "`providerRef` can't be changed: an account stays at its provider. Make another Account instead.",
    },
    Rule {
        kind: "Account",
        places: &["spec"],
        rule: "has(self.parentRef) == has(oldSelf.parentRef) && (!has(self.parentRef) || self.parentRef == \
            oldSelf.parentRef)",
        message: "`parentRef` can't be changed: an account stays under its parent. Make another Account instead.",
    },
    Rule { kind: "Account", places: &["spec.technicalContacts[]"], rule: EMAIL, message: NO_EMAIL },
    Rule { kind: "Member", places: &["spec.email"], rule: EMAIL, message: NO_EMAIL },
    Rule {
        kind: "Member",
        places: &["spec.memberships"],
        // A map can't be given a key twice: the error that this is names the account. Linear, unlike comparing
        // each with each, which an API server refuses for long lists. Accounts of other namespaces are left to the
        // status: a key of two texts is too dear for the server's estimate.
        rule: "self.filter(one, !has(one.accountRef.namespace)).transformMapEntry(i, one, {one.accountRef.name: i}).size() \
            >= 0",
        message: "a person has one membership per account: write all roles into it.",
    },
    Rule {
        kind: "Member",
        places: &["spec"],
        rule: "(has(self.onboarding) && self.onboarding == 'Create') || !has(self.password)",
        message: "`password` needs `onboarding: Create`: people who are invited choose it themselves.",
    },
    Rule { kind: "Member", places: &["spec.password"], rule: SECRET, message: NO_SECRET },
    Rule {
        kind: "ApiKey",
        places: &["spec"],
        rule: "has(self.writeSecretTo) || has(self.externalId)",
        message: "nobody says where the secret of this key goes, and it is shown once: write `writeSecretTo: { \
            secretKeyRef: { name: NAME, key: KEY } }`, or name a key that exists with `externalId`.",
    },
    Rule {
        kind: "ApiKey",
        places: &["spec.writeSecretTo"],
        rule: "has(self.secretKeyRef) && !has(self.file)",
        message: "in a cluster the secret of a key goes into a Secret of the same namespace: write `{ secretKeyRef: { \
            name: NAME, key: KEY } }`; `file` is for files.",
    },
];
