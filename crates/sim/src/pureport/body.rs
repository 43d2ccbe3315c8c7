//! Reads request bodies and queries as strictly as the contract allows.
//!
//! A field that the API's description doesn't name, a wrong type, a duplicate or a null is 400
//! JSON_PROCESSING_ERROR; a missing or over-long field is 422 VALIDATION_ERROR. Read-only fields may be sent
//! back and are ignored.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::Refusal;

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
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = format!("content type `{essence}` is not application/json");
        return Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    read_any(body)
}

/// Reads a JSON body whatever its content type is said to be.
pub(crate) fn read_any<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let value: Value = serde_json::from_slice(body).map_err(|error| Refusal::json(error.to_string()))?;
    if let Some(place) = null_in(&value, String::new()) {
        return Err(Refusal::json(format!("null is not a value for `{place}`")));
    }
    serde_json::from_slice(body).map_err(|error| Refusal::json(error.to_string()))
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
    let plausible = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@') && !domain.starts_with('.')
    });
    if plausible && text.len() <= 254 && !text.chars().any(char::is_whitespace) {
        Ok(())
    } else {
        Err(Refusal::invalid(format!("email `{text}` is not an address")))
    }
}

/// The parameters of a query; one that the API's description doesn't name is 400.
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    pub(crate) fn read(text: Option<&str>, known: &[&str]) -> Result<Self, Refusal> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.unwrap_or("").as_bytes()) {
            if !known.contains(&name.as_ref()) {
                return Err(Refusal::bad_request(format!("unknown query parameter `{name}`")));
            }
            values.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Ok(Query(values))
    }

    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.all(name) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Refusal::bad_request(format!("query parameter `{name}` is given twice"))),
        }
    }

    /// A value that can be parsed, such as a number or a time.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        self.one(name)?.map(|text| text.parse().map_err(|_| wrong_value(name, text))).transpose()
    }

    /// A value out of a list.
    pub(crate) fn one_of(&self, name: &str, known: &[&str]) -> Result<Option<&str>, Refusal> {
        match self.one(name)? {
            Some(text) if !known.contains(&text) => Err(wrong_value(name, text)),
            value => Ok(value),
        }
    }
}

fn wrong_value(name: &str, text: &str) -> Refusal {
    Refusal::bad_request(format!("query parameter `{name}` can't be `{text}`"))
}

fn null_in(value: &Value, place: String) -> Option<String> {
    match value {
        Value::Null => Some(place),
        Value::Array(items) => items.iter().find_map(|item| null_in(item, format!("{place}[]"))),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, field)| null_in(field, format!("{place}.{name}")))
        }
        _ => None,
    }
}
