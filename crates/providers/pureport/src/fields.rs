//! What a write must still find, and what it must leave behind.

use orgform_model::semantics::FieldRule;
use orgform_model::{FieldChange, Fields, Value};
use orgform_provider::{ErrorKind, ProviderError};

use crate::convert::settled;

/// A field to write.
pub(crate) type Wanted = (&'static FieldRule, Value);

/// The fields that are not yet as they should be.
///
/// # Errors
/// `Stale` if one is neither what the plan saw nor what it wants, `Rejected` if there is no such field.
pub(crate) fn pending(
    rules: &'static [FieldRule],
    changes: &[FieldChange],
    actual: &Fields,
    tried: &str,
) -> Result<Vec<Wanted>, ProviderError> {
    let mut wanted = Vec::new();
    for FieldChange { field, from, to } in changes {
        let rule = rule(rules, field, tried)?;
        let (now, to) = (settled(rule, actual.get(field)), settled(rule, to.as_ref()));
        if now == to {
            continue;
        }
        if now != settled(rule, from.as_ref()) {
            return Err(stale(tried, format!("its {} changed meanwhile, to {}", rule.title, shown(&now))));
        }
        wanted.push((rule, to));
    }
    Ok(wanted)
}

/// All fields of a new object.
pub(crate) fn all(
    rules: &'static [FieldRule],
    fields: &Fields,
    tried: &str,
) -> Result<Vec<Wanted>, ProviderError> {
    fields
        .iter()
        .map(|(field, value)| rule(rules, field, tried).map(|rule| (rule, settled(rule, Some(value)))))
        .collect()
}

/// Checks that the server took what it was sent.
///
/// # Errors
/// `Protocol` if it answered with success and kept something else.
pub(crate) fn kept(wanted: &[Wanted], actual: &Fields, tried: &str) -> Result<(), ProviderError> {
    for (rule, value) in wanted {
        let now = settled(rule, actual.get(rule.name));
        if now != *value {
            let said = format!("answered with success but kept its {} at {}", rule.title, shown(&now));
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

fn rule(rules: &'static [FieldRule], field: &str, tried: &str) -> Result<&'static FieldRule, ProviderError> {
    let rule = rules.iter().find(|rule| rule.name == field);
    rule.ok_or_else(|| rejected(tried, Some(field), format!("Pureport has no `{field}` there")))
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.is_empty() { "nothing".to_owned() } else { format!("\"{text}\"") }
}
