//! The written form of a state: JSON, checked before it is believed.

use orgform_model::state::FORMAT;
use orgform_model::{RootId, State};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::error::StateError;

/// The written form.
pub(super) fn to_bytes(state: &State, place: &str) -> Result<Vec<u8>, StateError> {
    let mut bytes = serde_json::to_vec_pretty(state)
        .map_err(|error| StateError::unusable("write the state", place, error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads the written form.
pub(super) fn from_bytes(bytes: &[u8], place: &str) -> Result<State, StateError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let damaged = |error: serde_json::Error| StateError::Damaged {
        place: format!("{place}:{}:{}", error.line(), error.column()),
        detail: error.to_string(),
    };
    match serde_json::from_slice::<State>(bytes) {
        Ok(state) => check_form(state.format, place).map(|()| state),
        // A newer form may have another shape: that it is newer says more than where it differs.
        Err(error) => {
            let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
            check_form(head.format, place)?;
            Err(damaged(error))
        }
    }
}

/// Refuses what a newer orgform wrote.
pub(super) fn check_form(found: u32, place: &str) -> Result<(), StateError> {
    if found > FORMAT {
        return Err(StateError::Newer { place: place.to_owned(), found, known: FORMAT });
    }
    Ok(())
}

/// Refuses what belongs to another root.
pub(super) fn check_root(state: &State, ours: &RootId, place: &str) -> Result<(), StateError> {
    if state.root != *ours {
        return Err(StateError::OtherRoot {
            place: place.to_owned(),
            found: state.root.clone(),
            ours: ours.clone(),
        });
    }
    Ok(())
}

/// A name for these very bytes.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The root's id, if it can be part of a file's name.
pub(super) fn file_name_of(root: &RootId) -> Result<&str, StateError> {
    let name = root.as_str();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(plain) {
        return Err(StateError::BadPlace {
            place: name.to_owned(),
            because: "a root's id has letters, digits, `-`, `_` and `.` only".to_owned(),
        });
    }
    Ok(name)
}
