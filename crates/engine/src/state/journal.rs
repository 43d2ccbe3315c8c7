//! The journal beside a state file: one JSON line per record, appended and synced.
//!
//! The first line names the root. Entries say what is so, not what to add, so a journal may be taken in a
//! second time: that happens when a run dies between saving the state and emptying the journal. A last line
//! without an end was being written when the machine stopped; nobody relied on it yet, so it is dropped.
//! Anything else that can't be read is damage.

use orgform_model::state::{Entry, FORMAT};
use orgform_model::{ProviderName, RootId, State};
use serde::{Deserialize, Serialize};

use super::error::StateError;
use super::text::check_form;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    journal: u32,
    root: RootId,
}

#[derive(Serialize)]
struct LineOut<'a> {
    provider: &'a ProviderName,
    entries: &'a [Entry],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineIn {
    provider: ProviderName,
    entries: Vec<Entry>,
}

/// A journal as it was read.
#[derive(Debug)]
pub(super) struct Journal {
    root: RootId,
    records: Vec<(ProviderName, Vec<Entry>)>,
    /// Bytes up to the end of the last whole line.
    pub(super) whole: u64,
}

impl Journal {
    /// Reads a journal; none if not even its first line is whole.
    pub(super) fn read(bytes: &[u8], place: &str) -> Result<Option<Self>, StateError> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate();
        let Some((_, head)) = lines.next() else { return Ok(None) };
        let head: Head = serde_json::from_slice(head).map_err(|error| damaged(place, 0, &error))?;
        check_form(head.journal, place)?;
        let records = lines
            .map(|(number, line)| {
                let line: LineIn =
                    serde_json::from_slice(line).map_err(|error| damaged(place, number, &error))?;
                Ok((line.provider, line.entries))
            })
            .collect::<Result<_, StateError>>()?;
        Ok(Some(Self { root: head.root, records, whole: whole as u64 }))
    }

    /// Takes everything into the state that it was written after; none if it was the first.
    pub(super) fn replay(self, state: Option<State>, place: &str) -> Result<State, StateError> {
        let mut state = state.unwrap_or_else(|| State::new(self.root.clone()));
        super::text::check_root(&state, &self.root, place)?;
        for (provider, entries) in self.records {
            state.record(&provider, entries);
        }
        Ok(state)
    }
}

/// The first line.
pub(super) fn head(root: &RootId) -> Result<Vec<u8>, serde_json::Error> {
    line(&Head { journal: FORMAT, root: root.clone() })
}

/// One record.
pub(super) fn record(provider: &ProviderName, entries: &[Entry]) -> Result<Vec<u8>, serde_json::Error> {
    line(&LineOut { provider, entries })
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn damaged(place: &str, number: usize, error: &serde_json::Error) -> StateError {
    StateError::Damaged { place: format!("{place}:{}", number + 1), detail: error.to_string() }
}
