//! What a write must still find, and what it must leave behind.

use orgform_model::{FieldChange, Fields, Value};
use orgform_provider::{ErrorKind, ProviderError};

/// The fields that are not yet as they should be, and what they should be.
///
/// # Errors
/// `Stale` if one is neither what the plan saw nor what it wants.
pub(crate) fn pending<'c>(
    changes: &'c [FieldChange],
    actual: &Fields,
    tried: &str,
) -> Result<Vec<&'c FieldChange>, ProviderError> {
    let mut wanted = Vec::new();
    for change in changes {
        // What is in no answer can't be compared.
        if let Some(now) = actual.get(&change.field) {
            if shown(Some(now)) == shown(change.to.as_ref()) {
                continue;
            }
            if shown(Some(now)) != shown(change.from.as_ref()) {
                return Err(stale(tried, format!("its {} changed meanwhile", change.field)));
            }
        }
        wanted.push(change);
    }
    Ok(wanted)
}

/// Checks that the server took what it was sent, as far as it shows that.
///
/// # Errors
/// `Protocol` if it answered with success and kept something else.
pub(crate) fn kept<'v>(
    wanted: impl IntoIterator<Item = (&'v String, Option<&'v Value>)>,
    actual: &Fields,
    tried: &str,
) -> Result<(), ProviderError> {
    for (field, value) in wanted {
        if actual.get(field).is_some_and(|now| shown(Some(now)) != shown(value)) {
            let said = format!("answered with success but did not take its {field}");
            return Err(ProviderError::new(ErrorKind::Protocol, tried, said).maybe_sent());
        }
    }
    Ok(())
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
