//! The fields that each mapping may have. A test compares them with the schema.

use std::collections::BTreeMap;

use crate::names::quoted;
use crate::walk::Walk;
use crate::yaml::{Node, Value};

pub(crate) const DOCUMENT: &[&str] = &["apiVersion", "kind", "metadata", "spec"];
pub(crate) const METADATA: &[&str] = &["name", "namespace", "labels", "annotations"];
pub(crate) const REFERENCE: &[&str] = &["name", "namespace"];
pub(crate) const ALLOWED_NAMESPACE: &[&str] = &["name", "roles"];
pub(crate) const PROVIDER: &[&str] = &[
    "pureport",
    "packetfabric",
    "xarios",
    "runsAs",
    "mode",
    "approval",
    "drift",
    "adoption",
    "maxAge",
    "safety",
    "removal",
    "invites",
    "allowedNamespaces",
];
pub(crate) const PUREPORT: &[&str] = &["endpoint", "simulator", "credentials", "readOnlyCredentials"];
pub(crate) const PACKETFABRIC: &[&str] = PUREPORT;
pub(crate) const PACKETFABRIC_CREDENTIALS: &[&str] = &["apiKey", "apiKeyId", "login", "password"];
pub(crate) const XARIOS: &[&str] =
    &["endpoint", "loginEndpoint", "acceptCharges", "simulator", "credentials", "readOnlyCredentials"];
pub(crate) const XARIOS_CREDENTIALS: &[&str] = &["clientId", "clientSecret", "refreshToken"];
pub(crate) const SIMULATOR: &[&str] = &["rootAccount"];
pub(crate) const PUREPORT_CREDENTIALS: &[&str] = &["key", "secret"];
pub(crate) const SECRET_SOURCE: &[&str] = &["env", "file", "secretKeyRef"];
pub(crate) const SECRET_KEY_REF: &[&str] = &["name", "key"];
pub(crate) const SAFETY: &[&str] = &["allow", "perAccount", "total", "admins", "protected"];
pub(crate) const LIMIT: &[&str] = &["percent", "floor"];
pub(crate) const ADMINS: &[&str] = &["minimum", "required"];
pub(crate) const REMOVAL: &[&str] = &["members", "roles", "accounts", "apiKeys"];
pub(crate) const INVITES: &[&str] = &["resendAfter", "maxAttempts", "onExhausted", "perDay", "resendPending"];
pub(crate) const ACCOUNT: &[&str] = &[
    "providerRef",
    "parentRef",
    "displayName",
    "description",
    "tags",
    "technicalContacts",
    "consent",
    "reference",
    "enabled",
    "timezone",
    "countryCode",
    "authoritative",
    "manage",
    "externalId",
    "adoption",
    "allowedNamespaces",
];
pub(crate) const ROLE: &[&str] =
    &["accountRef", "displayName", "description", "permissions", "manage", "externalId"];
pub(crate) const PERMISSION: &[&str] = &["resources", "actions"];
pub(crate) const MEMBER: &[&str] = &[
    "email",
    "memberships",
    "onboarding",
    "removal",
    "identities",
    "offboarded",
    "firstName",
    "lastName",
    "phone",
    "timezone",
    "login",
    "password",
];
pub(crate) const MEMBERSHIP: &[&str] = &["accountRef", "roles", "expiresAt"];
pub(crate) const IDENTITY: &[&str] = &["providerRef", "id"];
pub(crate) const API_KEY: &[&str] =
    &["accountRef", "displayName", "description", "roles", "writeSecretTo", "removal", "externalId"];
pub(crate) const SECRET_PLACE: &[&str] = &["file", "secretKeyRef"];
pub(crate) const SECRET_FILE: &[&str] = &["path"];

/// A mapping of texts whose keys are free, such as tags.
pub(crate) fn text_map(walk: &mut Walk<'_>, node: &Node) -> Option<BTreeMap<String, String>> {
    let Value::Map(entries) = &node.value else {
        walk.wrong_type(node, "a mapping");
        return None;
    };
    let mut map = BTreeMap::new();
    for entry in entries {
        match &entry.value.value {
            Value::Scalar { text, .. } if !entry.value.is_null() => {
                map.insert(entry.key.to_string(), text.to_string());
            }
            _ => {
                let said = format!("{} in {} must be a text", quoted(&entry.key), walk.here());
                walk.error(entry.span, said);
            }
        }
    }
    Some(map)
}
