//! Addresses: the current label of one thing, for people and for fingerprints.
//!
//! `pureport/acme/finance` is an account, `pureport/acme:role/network-operator` a role,
//! `pureport/acme/finance:member/ada@acme.example` a membership, `pureport:person/ada@acme.example` a
//! person, `pureport/acme:key/ci` an API key. Segments are `metadata.name`s; an account that nobody declared is `{its id}`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ApiKeyId, Email, ProviderName, text_newtype};

text_newtype!(
    /// Where an account stands in the tree of one provider, such as `acme/finance`.
    AccountPath
);

impl AccountPath {
    /// The path of a child of this account.
    pub fn child(&self, segment: &str) -> Self {
        Self::new(format!("{self}/{segment}"))
    }

    /// The label of an account that nobody declared, below `parent` if that one is known.
    pub fn undeclared(parent: Option<&Self>, id: &AccountId) -> Self {
        let segment = format!("{{{id}}}");
        match parent {
            Some(parent) => parent.child(&segment),
            None => Self::new(segment),
        }
    }

    /// The path of the parent, if it has one.
    pub fn parent(&self) -> Option<Self> {
        self.as_str().rsplit_once('/').map(|(parent, _)| Self::from(parent))
    }

    /// The account itself, then its parent, then that one's parent.
    pub fn self_and_ancestors(&self) -> impl Iterator<Item = Self> + use<> {
        std::iter::successors(Some(self.clone()), Self::parent)
    }

    /// The number of segments.
    pub fn depth(&self) -> usize {
        self.as_str().split('/').count()
    }
}

/// Names a declared role: the account that owns it and its `metadata.name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoleKey {
    /// The owner.
    pub account: AccountPath,
    /// `metadata.name` of the Role, or `{id}` of one that nobody declared.
    pub name: Arc<str>,
}

impl RoleKey {
    /// A key from its parts.
    pub fn new(account: AccountPath, name: impl Into<Arc<str>>) -> Self {
        Self { account, name: name.into() }
    }
}

impl fmt::Display for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:role/{}", self.account, self.name)
    }
}

/// Names a declared API key: the account that it belongs to and its `metadata.name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApiKeyLabel {
    /// The account.
    pub account: AccountPath,
    /// `metadata.name` of the ApiKey, or `{id}` of one that nobody declared.
    pub name: Arc<str>,
}

impl ApiKeyLabel {
    /// A label from its parts.
    pub fn new(account: AccountPath, name: impl Into<Arc<str>>) -> Self {
        Self { account, name: name.into() }
    }

    /// The label of a key that nobody declared, or that another one has taken the place of.
    pub fn undeclared(account: AccountPath, id: &ApiKeyId) -> Self {
        Self::new(account, format!("{{{id}}}"))
    }
}

impl fmt::Display for ApiKeyLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:key/{}", self.account, self.name)
    }
}

/// What an address names within its provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// An account.
    Account(AccountPath),
    /// A role of an account.
    Role(RoleKey),
    /// A membership: one person in one account.
    Member(AccountPath, Email),
    /// A person, whatever the account.
    Person(Email),
    /// An API key of an account.
    ApiKey(ApiKeyLabel),
}

/// The current label of one thing; the text form is what users see and type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The provider that has the thing.
    pub provider: ProviderName,
    /// The thing.
    pub thing: Thing,
}

impl Address {
    /// The address of an account.
    pub fn account(provider: &ProviderName, path: &AccountPath) -> Self {
        Self { provider: provider.clone(), thing: Thing::Account(path.clone()) }
    }

    /// The address of a role.
    pub fn role(provider: &ProviderName, key: &RoleKey) -> Self {
        Self { provider: provider.clone(), thing: Thing::Role(key.clone()) }
    }

    /// The address of a membership.
    pub fn member(provider: &ProviderName, account: &AccountPath, email: &Email) -> Self {
        Self { provider: provider.clone(), thing: Thing::Member(account.clone(), email.clone()) }
    }

    /// The address of a person.
    pub fn person(provider: &ProviderName, email: &Email) -> Self {
        Self { provider: provider.clone(), thing: Thing::Person(email.clone()) }
    }

    /// The address of an API key.
    pub fn api_key(provider: &ProviderName, label: &ApiKeyLabel) -> Self {
        Self { provider: provider.clone(), thing: Thing::ApiKey(label.clone()) }
    }

    /// The account that the thing is, or is in; none for a person.
    pub fn account_path(&self) -> Option<&AccountPath> {
        match &self.thing {
            Thing::Account(path) | Thing::Member(path, _) => Some(path),
            Thing::Role(key) => Some(&key.account),
            Thing::ApiKey(label) => Some(&label.account),
            Thing::Person(_) => None,
        }
    }

    /// The e-mail of a membership or person.
    pub fn email(&self) -> Option<&Email> {
        match &self.thing {
            Thing::Member(_, email) | Thing::Person(email) => Some(email),
            Thing::Account(_) | Thing::Role(_) | Thing::ApiKey(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provider = &self.provider;
        match &self.thing {
            Thing::Account(path) => write!(f, "{provider}/{path}"),
            Thing::Role(key) => write!(f, "{provider}/{key}"),
            Thing::Member(path, email) => write!(f, "{provider}/{path}:member/{email}"),
            Thing::Person(email) => write!(f, "{provider}:person/{email}"),
            Thing::ApiKey(label) => write!(f, "{provider}/{label}"),
        }
    }
}

/// The text is not an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an address; one looks like `pureport/acme/finance:member/ada@acme.example`")]
pub struct NotAnAddress(String);

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not = || NotAnAddress(text.to_owned());
        if let Some((provider, email)) = text.split_once(":person/") {
            if provider.is_empty() || provider.contains(['/', ':']) || email.is_empty() {
                return Err(not());
            }
            return Ok(Self::person(&provider.into(), &Email::new(email)));
        }
        let (provider, rest) = text.split_once('/').ok_or_else(not)?;
        let (path, thing) = match rest.split_once(':') {
            Some((path, thing)) => (path, Some(thing)),
            None => (rest, None),
        };
        if provider.is_empty() || path.is_empty() || path.split('/').any(str::is_empty) {
            return Err(not());
        }
        let (provider, path) = (ProviderName::from(provider), AccountPath::from(path));
        match thing.map(|thing| thing.split_once('/')) {
            None => Ok(Self::account(&provider, &path)),
            Some(Some(("role", name))) if !name.is_empty() => {
                Ok(Self::role(&provider, &RoleKey::new(path, name)))
            }
            Some(Some(("key", name))) if !name.is_empty() => {
                Ok(Self::api_key(&provider, &ApiKeyLabel::new(path, name)))
            }
            Some(Some(("member", email))) if !email.is_empty() => {
                Ok(Self::member(&provider, &path, &Email::new(email)))
            }
            Some(_) => Err(not()),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_it_was_printed() {
        for text in [
            "pureport/acme",
            "pureport/acme/finance",
            "pureport/acme:role/network-operator",
            "pureport/acme/{ac-1}:member/ada@acme.example",
            "keycloak:person/ada@acme.example",
            "pureport/acme:key/ci",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in ["", "pureport", "/acme", "pureport/acme:seat/x", "pureport//x", "a/b:role/", ":person/x"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
