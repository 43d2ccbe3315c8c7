//! What a write must still find, and what it must leave behind.

use orgform_model::{FieldChange, Fields, Value};
use orgform_provider::{ErrorKind, ProviderError};

/// The fields that are not yet as they should be, and what they should be.
///
/// # Errors
/// `Stale` if one is neither what the plan saw nor what it wants.
pub(crate) fn pending(
    changes: &[FieldChange],
    actual: &Fields,
    tried: &str,
) -> Result<Vec<(String, String)>, ProviderError> {
    let mut wanted = Vec::new();
    for FieldChange { field, from, to } in changes {
        let now = shown(actual.get(field));
        let to = shown(to.as_ref());
        if now == to {
            continue;
        }
        if now != shown(from.as_ref()) {
            return Err(stale(tried, format!("its {field} changed meanwhile")));
        }
        wanted.push((field.clone(), to));
    }
    Ok(wanted)
}

/// Checks that the server took what it was sent.
///
/// # Errors
/// `Protocol` if it answered with success and kept something else.
pub(crate) fn kept(wanted: &[(String, String)], actual: &Fields, tried: &str) -> Result<(), ProviderError> {
    match wanted.iter().find(|(field, value)| shown(actual.get(field)) != *value) {
        None => Ok(()),
        Some((field, _)) => {
            let said = format!("answered with success but did not take its {field}");
            Err(ProviderError::new(ErrorKind::Protocol, tried, said).maybe_sent())
        }
    }
}

pub(crate) fn stale(tried: &str, said: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Stale, tried, said).hint("plan again.")
}

pub(crate) fn rejected(tried: &str, field: Option<&str>, said: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Rejected { field: field.map(str::to_owned) }, tried, said)
}

fn shown(value: Option<&Value>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
