//! Reads request bodies and queries as strictly as the contract allows, and checks fields.

use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use super::answer::Refusal;
pub(crate) use crate::frame::body::Query;
use crate::frame::body::{self as frame, Unreadable, WrongQuery};

/// Reads a JSON body; the content type must be `application/json`.
pub(crate) fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refusal> {
    Ok(frame::read(headers, body, &["application/json"])?)
}

/// A field that must be there.
pub(crate) fn required<T>(value: Option<T>, path: &str) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::at(path, "is required"))
}

/// A text of `shortest..=longest` characters, if there is one.
pub(crate) fn sized(value: Option<&str>, path: &str, shortest: usize, longest: usize) -> Result<(), Refusal> {
    match value.map(|text| text.chars().count()) {
        Some(length) if length < shortest => Err(Refusal::at(path, format!("is shorter than {shortest}"))),
        Some(length) if length > longest => Err(Refusal::at(path, format!("is longer than {longest}"))),
        _ => Ok(()),
    }
}

/// An e-mail address of 255 characters at most.
pub(crate) fn email(text: &str, path: &str) -> Result<(), Refusal> {
    if frame::is_email(text) { Ok(()) } else { Err(Refusal::at(path, format!("'{text}' is not an 'email'"))) }
}

/// A phone number: digits and ` ()+.-`, an extension at the end (packetfabric contract, section 4).
pub(crate) fn phone(text: &str, path: &str) -> Result<(), Refusal> {
    sized(Some(text), path, 1, 64)?;
    let body_end = text.find(|letter: char| !letter.is_ascii_digit() && !" ()+.-".contains(letter));
    let fine = match body_end {
        None => text.ends_with(|letter: char| letter.is_ascii_digit()),
        Some(end) => {
            let extension = &text[end..];
            let word = ["extn", "ext", "ex", "x"].into_iter().find(|word| extension.starts_with(word));
            let number = word.map(|word| extension[word.len()..].trim_start_matches('.').trim_start());
            end > 0
                && number.is_some_and(|number| {
                    (1..=9).contains(&number.len()) && number.chars().all(|letter| letter.is_ascii_digit())
                })
        }
    };
    if fine { Ok(()) } else { Err(Refusal::at(path, format!("'{text}' does not match the pattern"))) }
}

/// A name of the tz database.
pub(crate) fn timezone(text: &str, path: &str) -> Result<(), Refusal> {
    let known = text == "UTC" || jiff::tz::TimeZone::get(text).is_ok();
    if known { Ok(()) } else { Err(Refusal::at(path, format!("'{text}' is not a timezone"))) }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::ContentType(found) => {
                Refusal::new(415, format!("Content type '{found}' is not supported."))
            }
            Unreadable::Json(message) => Refusal::bad(message),
        }
    }
}

impl From<WrongQuery> for Refusal {
    fn from(WrongQuery(message): WrongQuery) -> Self {
        Refusal::bad(message)
    }
}
