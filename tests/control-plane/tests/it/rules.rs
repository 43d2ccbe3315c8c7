//! Every rule of the definitions, on a real server: what it lets through, and what it says when it does not.

use std::collections::BTreeSet;

use orgform_spec::crd::RULES;

use crate::bed::{apply, object, plane, try_out};

/// One object that a rule accepts and one that it refuses.
struct Case {
    kind: &'static str,
    /// Where the rule is violated, as the server says it.
    place: &'static str,
    /// The beginning of its message.
    says: &'static str,
    accepted: &'static str,
    refused: &'static str,
}

const KEYS: &str =
    "{ key: { secretKeyRef: { name: s, key: k } }, secret: { secretKeyRef: { name: s, key: s } } }";
const APPROVAL: &str = "{ clientId: KEY, clientSecret: KEY, refreshToken: KEY }";
const KEY: &str = "{ secretKeyRef: { name: s, key: k } }";

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case {
        kind: "Provider", place: "spec", says: "a provider needs exactly one block",
        accepted: "{ pureport: { credentials: KEYS } }",
        refused: "{ mode: Plan }",
    },
    Case {
        kind: "Provider", place: "spec.pureport", says: "a simulator runs inside of the CLI only",
        accepted: "{ pureport: { endpoint: 'http://sim:8080', credentials: KEYS } }",
        refused: "{ pureport: { simulator: {}, credentials: KEYS } }",
    },
    Case {
        kind: "Provider", place: "spec.pureport", says: "`credentials` are needed to log in",
        accepted: "{ pureport: { credentials: KEYS } }",
        refused: "{ pureport: { endpoint: 'https://api.pureport.com' } }",
    },
    Case {
        kind: "Provider", place: "spec.pureport.endpoint", says: "an endpoint starts with https:// or http://",
        accepted: "{ pureport: { endpoint: 'https://api.pureport.com/v1?x=1', credentials: KEYS } }",
        refused: "{ pureport: { endpoint: 'https://me:pass@api.pureport.com', credentials: KEYS } }",
    },
    Case {
        kind: "Provider", place: "spec.pureport.credentials.key", says: "in a cluster a secret comes from a Secret",
        accepted: "{ pureport: { credentials: KEYS } }",
        refused: "{ pureport: { credentials: { key: { env: K }, secret: { secretKeyRef: { name: s, key: s } } } } }",
    },
    Case {
        kind: "Provider", place: "spec.pureport.credentials.secret", says: "in a cluster a secret comes from a Secret",
        accepted: "{ pureport: { credentials: KEYS } }",
        refused: "{ pureport: { credentials: { key: { secretKeyRef: { name: s, key: s } }, secret: { file: /etc/passwd } } } }",
    },
    Case {
        kind: "Provider", place: "spec.pureport.readOnlyCredentials.key", says: "in a cluster a secret comes from a Secret",
        accepted: "{ pureport: { credentials: KEYS, readOnlyCredentials: KEYS } }",
        refused: "{ pureport: { credentials: KEYS, readOnlyCredentials: { key: {}, secret: { secretKeyRef: { name: s, key: s } } } } }",
    },
    Case {
        kind: "Provider", place: "spec.pureport.readOnlyCredentials.secret", says: "in a cluster a secret comes from a Secret",
        accepted: "{ pureport: { credentials: KEYS, readOnlyCredentials: KEYS } }",
        refused: "{ pureport: { credentials: KEYS, readOnlyCredentials: { key: { secretKeyRef: { name: s, key: s } }, \
            secret: { secretKeyRef: { name: s, key: s }, env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric", says: "a simulator runs inside of the CLI only",
        accepted: "{ packetfabric: { endpoint: 'http://sim:8080', credentials: { apiKey: KEY } } }",
        refused: "{ packetfabric: { simulator: {}, credentials: { apiKey: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric", says: "`credentials` are needed to log in: write `credentials: { apiKey",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY, apiKeyId: KEY } } }",
        refused: "{ packetfabric: {} }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.credentials", says: "either `apiKey` is needed",
        accepted: "{ packetfabric: { credentials: { login: KEY, password: KEY } } }",
        refused: "{ packetfabric: { credentials: { login: KEY, apiKey: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.readOnlyCredentials", says: "either `apiKey` is needed",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { apiKey: KEY } } }",
        refused: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { login: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.endpoint", says: "an endpoint starts with https:// or http://",
        accepted: "{ packetfabric: { endpoint: 'https://api.packetfabric.com', credentials: { apiKey: KEY } } }",
        refused: "{ packetfabric: { endpoint: 'ftp://api.packetfabric.com', credentials: { apiKey: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.credentials.apiKey", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY } } }",
        refused: "{ packetfabric: { credentials: { apiKey: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.credentials.apiKeyId", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY, apiKeyId: KEY } } }",
        refused: "{ packetfabric: { credentials: { apiKey: KEY, apiKeyId: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.credentials.login", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { password: KEY, login: KEY } } }",
        refused: "{ packetfabric: { credentials: { password: KEY, login: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.credentials.password", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { login: KEY, password: KEY } } }",
        refused: "{ packetfabric: { credentials: { login: KEY, password: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.readOnlyCredentials.apiKey", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { apiKey: KEY } } }",
        refused: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { apiKey: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.readOnlyCredentials.apiKeyId", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { apiKey: KEY, apiKeyId: KEY } } }",
        refused: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { apiKey: KEY, apiKeyId: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.readOnlyCredentials.login", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { password: KEY, login: KEY } } }",
        refused: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { password: KEY, login: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.packetfabric.readOnlyCredentials.password", says: "in a cluster a secret comes from a Secret",
        accepted: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { login: KEY, password: KEY } } }",
        refused: "{ packetfabric: { credentials: { apiKey: KEY }, readOnlyCredentials: { login: KEY, password: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios", says: "a simulator runs inside of the CLI only",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL } }",
        refused: "{ xarios: { simulator: {}, endpoint: 'http://sim:8080', credentials: APPROVAL } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios", says: "`credentials` are needed to log in: write `credentials: { clientId",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080' } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios", says: "`endpoint` is needed, for the region is part of it",
        accepted: "{ xarios: { endpoint: 'https://api.eu.myreports.cloud', credentials: APPROVAL } }",
        refused: "{ xarios: { credentials: APPROVAL } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.endpoint", says: "an endpoint starts with https:// or http://",
        accepted: "{ xarios: { endpoint: 'https://api.eu.myreports.cloud', credentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'ftp://api.eu.myreports.cloud', credentials: APPROVAL } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.loginEndpoint", says: "an endpoint starts with https:// or http://",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', loginEndpoint: 'http://sim:8080', credentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080', loginEndpoint: 'ftp://sim:8080', credentials: APPROVAL } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.credentials.clientId", says: "in a cluster a secret comes from a Secret",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080', credentials: { clientId: { env: K }, clientSecret: KEY, refreshToken: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.credentials.clientSecret", says: "in a cluster a secret comes from a Secret",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080', credentials: { clientId: KEY, clientSecret: { env: K }, refreshToken: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.credentials.refreshToken", says: "in a cluster a secret comes from a Secret",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080', credentials: { clientId: KEY, clientSecret: KEY, refreshToken: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.readOnlyCredentials.clientId", says: "in a cluster a secret comes from a Secret",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL, readOnlyCredentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL, readOnlyCredentials: { clientId: { env: K }, clientSecret: KEY, refreshToken: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.readOnlyCredentials.clientSecret", says: "in a cluster a secret comes from a Secret",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL, readOnlyCredentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL, readOnlyCredentials: { clientId: KEY, clientSecret: { env: K }, refreshToken: KEY } } }",
    },
    Case {
        kind: "Provider", place: "spec.xarios.readOnlyCredentials.refreshToken", says: "in a cluster a secret comes from a Secret",
        accepted: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL, readOnlyCredentials: APPROVAL } }",
        refused: "{ xarios: { endpoint: 'http://sim:8080', credentials: APPROVAL, readOnlyCredentials: { clientId: KEY, clientSecret: KEY, refreshToken: { env: K } } } }",
    },
    Case {
        kind: "Provider", place: "spec.runsAs", says: "this is not an e-mail address",
        accepted: "{ pureport: { credentials: KEYS }, runsAs: ops-bot@acme.example }",
        refused: "{ pureport: { credentials: KEYS }, runsAs: 'Ops <ops@acme.example>' }",
    },
    Case {
        kind: "Provider", place: "spec.safety.protected[1]", says: "this is not an e-mail address",
        accepted: "{ pureport: { credentials: KEYS }, safety: { protected: [jürgen@müller.example] } }",
        refused: "{ pureport: { credentials: KEYS }, safety: { protected: [a@b.example, ceo] } }",
    },
    Case {
        kind: "Provider", place: "spec.safety.admins.required[0]", says: "this is not an e-mail address",
        accepted: "{ pureport: { credentials: KEYS }, safety: { admins: { required: [ops@acme.example] } } }",
        refused: "{ pureport: { credentials: KEYS }, safety: { admins: { required: [ops@acme] } } }",
    },
    Case {
        kind: "Account", place: "spec", says: "an account needs `providerRef`, or `parentRef`",
        accepted: "{ parentRef: { name: acme } }",
        refused: "{ displayName: Lab }",
    },
    Case {
        kind: "Account", place: "spec.technicalContacts[0]", says: "this is not an e-mail address",
        accepted: "{ parentRef: { name: acme }, technicalContacts: [netops@acme.example] }",
        refused: "{ parentRef: { name: acme }, technicalContacts: [net ops@acme.example] }",
    },
    Case {
        kind: "Member", place: "spec.email", says: "this is not an e-mail address",
        accepted: "{ email: Ada.L+x@sub.acme.example }",
        refused: "{ email: ada@-acme.example }",
    },
    Case {
        kind: "Member", place: "spec.memberships", says: "a person has one membership per account",
        accepted: "{ email: a@b.example, memberships: [{ accountRef: { name: acme }, roles: [x] }, \
            { accountRef: { name: acme, namespace: other }, roles: [x] }] }",
        refused: "{ email: a@b.example, memberships: [{ accountRef: { name: acme }, roles: [x] }, \
            { accountRef: { name: acme }, roles: [z] }] }",
    },
    Case {
        kind: "Member", place: "spec", says: "`password` needs `onboarding: Create`",
        accepted: "{ email: a@b.example, firstName: Ada }",
        refused: "{ email: a@b.example, password: KEY }",
    },
    Case {
        kind: "Member", place: "spec.password", says: "in a cluster a secret comes from a Secret",
        accepted: "{ email: a@b.example, onboarding: Create, password: { secretKeyRef: { name: s, key: k } } }",
        refused: "{ email: a@b.example, onboarding: Create, password: { env: PASSWORD } }",
    },
    Case {
        kind: "ApiKey", place: "spec", says: "nobody says where the secret of this key goes",
        accepted: "{ accountRef: { name: lab }, externalId: abc }",
        refused: "{ accountRef: { name: lab } }",
    },
    Case {
        kind: "ApiKey", place: "spec.writeSecretTo", says: "in a cluster the secret of a key goes into a Secret",
        accepted: "{ accountRef: { name: lab }, writeSecretTo: { secretKeyRef: { name: s, key: k } } }",
        refused: "{ accountRef: { name: lab }, writeSecretTo: { file: { path: x } } }",
    },
];

/// What may not change, once it is there: from, an edit that is let through, one that is not.
#[rustfmt::skip]
const EDITS: &[(&str, &str, &str, &str)] = &[
    (
        "`providerRef` can't be changed",
        "{ providerRef: { name: pureport } }",
        "{ providerRef: { name: pureport }, displayName: Acme }",
        "{ providerRef: { name: other } }",
    ),
    (
        "`providerRef` can't be changed",
        "{ providerRef: { name: pureport }, parentRef: { name: acme } }",
        "{ providerRef: { name: pureport }, parentRef: { name: acme }, displayName: Acme }",
        "{ parentRef: { name: acme } }",
    ),
    (
        "`parentRef` can't be changed",
        "{ parentRef: { name: acme } }",
        "{ parentRef: { name: acme }, displayName: Lab }",
        "{ parentRef: { name: finance } }",
    ),
    (
        "`parentRef` can't be changed",
        "{ providerRef: { name: pureport } }",
        "{ providerRef: { name: pureport }, tags: { a: b } }",
        "{ providerRef: { name: pureport }, parentRef: { name: acme } }",
    ),
];

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn every_rule_lets_the_right_through_and_says_what_to_do_about_the_rest() {
    let namespace = plane().namespace().unwrap();
    for case in CASES {
        let filled =
            |text: &str| text.replace("APPROVAL", APPROVAL).replace("KEYS", KEYS).replace("KEY", KEY);
        let accepted = try_out(&namespace, &object(case.kind, "x", &filled(case.accepted)));
        assert!(accepted.success, "{} {}: {}", case.kind, case.accepted, accepted.err);
        let refused = try_out(&namespace, &object(case.kind, "x", &filled(case.refused)));
        assert!(!refused.success, "{} {} was let through", case.kind, case.refused);
        let said = &refused.err;
        assert!(said.contains(case.says), "{} {}: {said}", case.kind, case.refused);
        assert!(said.contains(&format!("{}: Invalid", case.place)), "{}: {said}", case.place);
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn an_account_stays_at_its_provider_and_under_its_parent() {
    for (says, from, accepted, refused) in EDITS {
        let namespace = plane().namespace().unwrap();
        let object = |spec| object("Account", "lab", spec);
        assert!(apply(&namespace, &object(from)).success, "{from}");
        let edited = try_out(&namespace, &object(accepted));
        assert!(edited.success, "{accepted}: {}", edited.err);
        let edited = try_out(&namespace, &object(refused));
        assert!(!edited.success && edited.err.contains(says), "{refused}: {}", edited.err);
    }
}

#[test]
fn every_rule_has_a_case_for_each_of_its_places() {
    let mut open = BTreeSet::new();
    for rule in RULES {
        for place in rule.places {
            let tried = CASES.iter().any(|case| {
                let bare = case.place.split('[').next().unwrap();
                case.kind == rule.kind
                    && bare == place.trim_end_matches("[]")
                    && rule.message.starts_with(case.says)
            });
            let edited = EDITS.iter().any(|(says, ..)| rule.message.starts_with(says));
            if !tried && !edited {
                open.insert(format!("{} {place}: {}", rule.kind, rule.message));
            }
        }
    }
    assert_eq!(open, BTreeSet::new());
}
