//! Names and ids: one type each, so that the compiler tells them apart.
//!
//! An id is the provider's own and opaque. A name is what somebody wrote in a manifest.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Gives the text back.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use text_newtype;

text_newtype!(
    /// The `metadata.name` of a `Provider` object.
    ProviderName
);
text_newtype!(
    /// A provider's id of an account.
    AccountId
);
text_newtype!(
    /// A provider's id of a role object.
    RoleId
);
text_newtype!(
    /// A provider's immutable id of a person.
    PersonId
);
text_newtype!(
    /// A provider's id of an invite. Never the invite's link, which is a secret.
    InviteId
);
text_newtype!(
    /// A provider's id of an API key: the half that everybody may know, never the secret.
    ApiKeyId
);
text_newtype!(
    /// The id of a root, made once by `orgform init` and written to `orgform.yaml`.
    RootId
);

/// An e-mail address: compares in lower case, keeps the case that was written.
///
/// ```
/// use orgform_model::Email;
/// assert_eq!(Email::new("Ada@Acme.example"), Email::new("ada@acme.example"));
/// assert_eq!(Email::new("Ada@Acme.example").written(), "Ada@Acme.example");
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Email {
    lower: Arc<str>,
    written: Option<Arc<str>>,
}

impl Email {
    /// Wraps an address; whether it looks like one is checked where manifests are validated.
    pub fn new(written: &str) -> Self {
        let lower = written.to_lowercase();
        let written = (lower != written).then(|| Arc::from(written));
        Self { lower: Arc::from(lower), written }
    }

    /// The form that is compared: lower case.
    pub fn as_str(&self) -> &str {
        &self.lower
    }

    /// The form that was written, for sending to a provider.
    pub fn written(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.lower)
    }
}

impl From<&str> for Email {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Email {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.written().to_owned()
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.lower == other.lower
    }
}

impl Eq for Email {}

impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Email {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lower.cmp(&other.lower)
    }
}

impl Hash for Email {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lower)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.lower, f)
    }
}

/// The kinds of objects that people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ObjectKind {
    /// One configured connection to an API.
    Provider,
    /// Owns roles and has members.
    Account,
    /// A named set of permissions.
    Role,
    /// A person and the memberships that the person should have.
    Member,
    /// A key for programs, with roles in one account.
    ApiKey,
}

impl ObjectKind {
    /// The name as written in `kind:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Account => "Account",
            Self::Role => "Role",
            Self::Member => "Member",
            Self::ApiKey => "ApiKey",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which object of the manifests something comes from; the namespace is of the cluster only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The kind of the object.
    pub kind: ObjectKind,
    /// The namespace, in a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// `metadata.name`.
    pub name: Arc<str>,
}

impl ObjectRef {
    /// An object of files: without a namespace.
    pub fn of_file(kind: ObjectKind, name: &str) -> Self {
        Self { kind, namespace: None, name: Arc::from(name) }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {}/{}", self.kind, namespace, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
