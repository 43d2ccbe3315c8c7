//! Pureport's own shapes (pureport contract, sections 2 to 9).
//!
//! A PUT replaces the whole object, so every shape keeps what it does not name in `rest` and sends it back.
//! Fields that the contract marks read-only are never sent (section 4).

use std::collections::BTreeMap;

use orgform_model::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// Answer of `POST /login` and `POST /login/refresh`.
#[derive(Deserialize)]
pub(crate) struct Login {
    pub(crate) access_token: String,
    pub(crate) expires_in: u64,
    pub(crate) refresh_token: Option<String>,
}

/// A refusal's body, each part of which may be missing.
#[derive(Default, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

/// A reference. Compared by id, never by title: that follows renames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
}

impl Link {
    /// Whether it names a thing of this kind: `users`, `apikeys`.
    pub(crate) fn is_of(&self, kind: &str) -> bool {
        self.href.split('/').any(|segment| segment == kind)
    }

    pub(crate) fn account(id: &str) -> Self {
        Self { href: format!("/accounts/{id}"), id: Some(id.to_owned()), title: None }
    }

    pub(crate) fn role(account: &str, id: &str) -> Self {
        Self { href: format!("/accounts/{account}/roles/{id}"), id: Some(id.to_owned()), title: None }
    }

    /// The id, which is also the last segment of the path.
    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_else(|| last_segment(&self.href))
    }
}

pub(crate) fn last_segment(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) technical_contact_emails: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// Resource to action to yes or no.
pub(crate) type Permissions = BTreeMap<String, BTreeMap<String, bool>>;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) account: Link,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) permissions: Option<Permissions>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) account: Link,
    pub(crate) user: Link,
    pub(crate) roles: Vec<Link>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invite {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) account: Link,
    pub(crate) email: String,
    pub(crate) roles: Vec<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "with_millis")]
    pub(crate) invited_at: Option<Timestamp>,
    #[serde(default, skip_serializing)]
    pub(crate) expired: bool,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// Writes a time as the API does, with milliseconds even where they are zero (pureport contract, section 4).
fn with_millis<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_str(&format!("{time:.3}")),
        None => serializer.serialize_none(),
    }
}

/// An API key. `key` names it; `secret` is in the answer to making it only, and is never sent or shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApiKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing)]
    pub(crate) secret: Option<SecretString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<Link>,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) roles: Vec<Link>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) email: String,
}

/// A page of an audit log (section 10).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditPage {
    #[serde(default)]
    pub(crate) content: Vec<AuditEntry>,
    #[serde(default)]
    pub(crate) total_elements: Option<usize>,
}

/// One entry of an audit log. No field is required (section 10).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AuditEntry {
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) event_type: Option<String>,
    pub(crate) account: Option<Link>,
    pub(crate) subject: Option<Link>,
    pub(crate) principal: Option<Link>,
    pub(crate) source: Option<String>,
    pub(crate) ip_address: Option<String>,
    pub(crate) changes: Vec<AuditChange>,
}

/// A property that an entry tells of. What it was and is may be anything.
#[derive(Debug, Deserialize)]
pub(crate) struct AuditChange {
    #[serde(default)]
    pub(crate) property: String,
    #[serde(default)]
    pub(crate) previous: Option<Value>,
    #[serde(default)]
    pub(crate) current: Option<Value>,
}

/// An object that is written as a whole.
pub(crate) trait Whole: Serialize {
    /// What the server alone sets.
    const READ_ONLY: &'static [&'static str];

    /// The body to send.
    fn body(&self) -> Value {
        // Every key is a text and every value plain, so this can't fail.
        let mut body = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = body.as_object_mut() {
            for name in Self::READ_ONLY {
                fields.remove(*name);
            }
        }
        body
    }
}

impl Whole for Account {
    const READ_ONLY: &'static [&'static str] = &["href", "hasChildren", "pricingHidden"];
}

impl Whole for Role {
    const READ_ONLY: &'static [&'static str] = &["href"];
}

impl Whole for Member {
    const READ_ONLY: &'static [&'static str] = &["href"];
}

impl Whole for Invite {
    const READ_ONLY: &'static [&'static str] = &["href", "expired"];
}

impl Whole for ApiKey {
    const READ_ONLY: &'static [&'static str] = &["href", "key", "secret"];
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn what_we_do_not_manage_goes_back_as_it_came_and_what_is_read_only_does_not() {
        let read = json!({
            "id": "ac-1", "href": "/accounts/ac-1", "name": "Finance", "hasChildren": true, "pricingHidden": false,
            "showChildAccountPricing": true, "supportedConnectionGroups": [{ "href": "/g/1" }], "new": { "a": [1] }
        });
        let account: Account = from_value(read).unwrap();
        assert_eq!(
            account.body(),
            json!({
                "id": "ac-1", "name": "Finance", "showChildAccountPricing": true,
                "supportedConnectionGroups": [{ "href": "/g/1" }], "new": { "a": [1] }
            })
        );
    }

    #[test]
    fn a_time_goes_back_with_its_milliseconds_even_where_they_are_zero() {
        for time in ["2020-11-17T10:00:00.000Z", "2020-11-17T10:00:00.120Z", "2020-11-17T10:00:00.123Z"] {
            let read = json!({
                "account": { "href": "/accounts/ac-1" }, "email": "ada@acme.example", "roles": [], "invitedAt": time
            });
            let invite: Invite = from_value(read).unwrap();
            assert_eq!(invite.body()["invitedAt"], time);
        }
    }

    #[test]
    fn a_secret_is_neither_sent_nor_shown() {
        let read = json!({
            "key": "k-1", "secret": "hunter2", "href": "/accounts/ac-1/apikeys/k-1", "name": "CI",
            "account": { "href": "/accounts/ac-1" }, "roles": [{ "href": "/accounts/ac-1/roles/role-2" }]
        });
        let key: ApiKey = from_value(read).unwrap();
        assert!(key.secret.is_some());
        let expected = json!({
            "name": "CI", "account": { "href": "/accounts/ac-1" },
            "roles": [{ "href": "/accounts/ac-1/roles/role-2" }]
        });
        assert_eq!(key.body(), expected);
        assert!(!format!("{key:?}").contains("hunter2"));
    }

    #[test]
    fn a_link_without_an_id_has_it_in_its_path() {
        let link: Link = from_value(json!({ "href": "/accounts/ac-1/roles/role-2" })).unwrap();
        assert_eq!(link.id(), "role-2");
    }
}
