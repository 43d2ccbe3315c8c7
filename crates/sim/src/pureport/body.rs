//! Reads request bodies and queries as strictly as the contract allows.
//!
//! A field that the API's description doesn't name, a wrong type, a duplicate or a null is 400
//! JSON_PROCESSING_ERROR; a missing or over-long field is 422 VALIDATION_ERROR. Read-only fields may be sent
//! back and are ignored.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::Refusal;
pub(crate) use crate::frame::body::Query;
use crate::frame::body::{self as frame, Unreadable, WrongQuery};

/// A reference to something else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    pub(crate) href: Option<String>,
    pub(crate) id: Option<String>,
    #[serde(rename = "title")]
    _title: Option<String>,
}

impl Link {
    /// The id that the link leads to, if its path starts with `prefix` and its own `id` agrees.
    pub(crate) fn target<'a>(
        &'a self,
        field: &str,
        is_prefix: impl Fn(&str) -> bool,
    ) -> Result<&'a str, Refusal> {
        let href = required(self.href.as_deref(), &format!("{field}.href"))?;
        let (prefix, id) = href.rsplit_once('/').unwrap_or(("", href));
        if id.is_empty() || !is_prefix(prefix) {
            return Err(Refusal::invalid_link(format!("{field}: {href} is no link of this kind")));
        }
        if self.id.as_deref().is_some_and(|own| own != id) {
            return Err(Refusal::invalid_link(format!("{field}: id and href name different things")));
        }
        Ok(id)
    }

    /// Checks that the link leads to the account in the path.
    pub(crate) fn is_account(&self, account: &str) -> Result<(), Refusal> {
        if self.target("account", |prefix| prefix == "/accounts")? == account {
            Ok(())
        } else {
            Err(Refusal::invalid_link("account: not the account in the path"))
        }
    }
}

/// Reads a JSON body; the content type must be `application/json`.
pub(crate) fn read_json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refusal> {
    Ok(frame::read(headers, body, &["application/json"])?)
}

/// A field that must be there.
pub(crate) fn required<T>(value: Option<T>, field: &str) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::invalid(format!("{field} is required")))
}

/// A text of `shortest..=longest` characters, if there is one.
pub(crate) fn sized(
    value: Option<&str>,
    field: &str,
    shortest: usize,
    longest: usize,
) -> Result<(), Refusal> {
    match value.map(|text| text.chars().count()) {
        Some(length) if length < shortest || length > longest => Err(Refusal::invalid(format!(
            "{field} must have {shortest} to {longest} characters, not {length}"
        ))),
        _ => Ok(()),
    }
}

/// A list in which nothing comes twice.
pub(crate) fn unique<T: Ord>(items: &[T], field: &str) -> Result<(), Refusal> {
    if items.iter().collect::<BTreeSet<_>>().len() == items.len() {
        Ok(())
    } else {
        Err(Refusal::invalid(format!("{field} holds an item twice")))
    }
}

/// A plausible e-mail address.
pub(crate) fn email(text: &str) -> Result<(), Refusal> {
    if frame::is_email(text) {
        Ok(())
    } else {
        Err(Refusal::invalid(format!("email `{text}` is not an address")))
    }
}

/// A technical contact: also an address of a machine, whose domain has no dot.
pub(crate) fn contact(text: &str) -> Result<(), Refusal> {
    let parts = text.split_once('@').filter(|_| !text.contains(char::is_whitespace));
    match parts {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !domain.contains('@') => Ok(()),
        _ => Err(Refusal::invalid(format!("technicalContactEmails: `{text}` is not an address"))),
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::ContentType(found) => {
                let message = format!("content type `{found}` is not application/json");
                Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", message)
            }
            Unreadable::Json(message) => Refusal::json(message),
        }
    }
}

impl From<WrongQuery> for Refusal {
    fn from(WrongQuery(message): WrongQuery) -> Self {
        Refusal::bad_request(message)
    }
}
