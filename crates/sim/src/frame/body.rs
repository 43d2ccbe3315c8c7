//! Reads request bodies and queries strictly: what an API's description doesn't name is an error.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a body can't be read; each provider has an answer of its own for it.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It isn't said to be JSON, but this.
    ContentType(String),
    /// It isn't JSON, or not of this shape.
    Json(String),
}

/// Why a query can't be read, as a sentence without a period.
pub(crate) struct WrongQuery(pub(crate) String);

/// Reads a JSON body; the content type must be one of these.
pub(crate) fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &[u8],
    content_types: &[&str],
) -> Result<T, Unreadable> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
    if !content_types.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        return Err(Unreadable::ContentType(essence.to_owned()));
    }
    read_any(body)
}

/// Reads a JSON body whatever its content type is said to be; a null is no value.
pub(crate) fn read_any<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let json = |error: serde_json::Error| Unreadable::Json(error.to_string());
    let value: Value = serde_json::from_slice(body).map_err(json)?;
    if let Some(place) = null_in(&value, String::new()) {
        return Err(Unreadable::Json(format!("null is not a value for `{place}`")));
    }
    serde_json::from_slice(body).map_err(json)
}

/// Whether a text is a plausible e-mail address.
pub(crate) fn is_email(text: &str) -> bool {
    let plausible = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@') && !domain.starts_with('.')
    });
    plausible && text.len() <= 254 && !text.chars().any(char::is_whitespace)
}

/// The parameters of a query.
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    /// Reads them; one that isn't known is an error.
    pub(crate) fn read(text: Option<&str>, known: &[&str]) -> Result<Self, WrongQuery> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.unwrap_or("").as_bytes()) {
            if !known.contains(&name.as_ref()) {
                return Err(WrongQuery(format!("unknown query parameter `{name}`")));
            }
            values.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Ok(Query(values))
    }

    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, WrongQuery> {
        match self.all(name) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(WrongQuery(format!("query parameter `{name}` is given twice"))),
        }
    }

    /// A value that can be parsed, such as a number or a time.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, WrongQuery> {
        self.one(name)?.map(|text| text.parse().map_err(|_| wrong_value(name, text))).transpose()
    }

    /// Any number of values out of a list.
    pub(crate) fn all_of(&self, name: &str, known: &[&str]) -> Result<&[String], WrongQuery> {
        let values = self.all(name);
        match values.iter().find(|value| !known.contains(&value.as_str())) {
            Some(unknown) => Err(wrong_value(name, unknown)),
            None => Ok(values),
        }
    }

    /// A number of things: an int32 that is not negative.
    pub(crate) fn count(&self, name: &str) -> Result<Option<usize>, WrongQuery> {
        let count = |number: i32| usize::try_from(number).map_err(|_| wrong_value(name, &number.to_string()));
        self.parsed(name)?.map(count).transpose()
    }

    /// A value out of a list.
    pub(crate) fn one_of(&self, name: &str, known: &[&str]) -> Result<Option<&str>, WrongQuery> {
        match self.one(name)? {
            Some(text) if !known.contains(&text) => Err(wrong_value(name, text)),
            value => Ok(value),
        }
    }
}

fn wrong_value(name: &str, text: &str) -> WrongQuery {
    WrongQuery(format!("query parameter `{name}` can't be `{text}`"))
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
