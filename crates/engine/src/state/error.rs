//! Errors of the state, each with what to do.

use std::io;

use jiff::Timestamp;
use orgform_model::RootId;

use super::lease::LeaseText;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk, Git or the object store did not do what was asked.
    #[error("could not {tried} ({place})")]
    Unusable {
        /// What was tried, as a clause: `write the state`.
        tried: &'static str,
        /// Where.
        place: String,
        /// What happened.
        source: Cause,
    },
    /// What is there can't be understood. It was left as it is.
    #[error("the state is damaged at {place}: {detail}; nothing was changed")]
    Damaged {
        /// Where, with the line if there is one.
        place: String,
        /// What is wrong, as a clause.
        detail: String,
    },
    /// It was written by a newer orgform. It was left as it is.
    #[error("the state at {place} has form {found}; this orgform knows forms up to {known}")]
    Newer {
        /// Where.
        place: String,
        /// Its form.
        found: u32,
        /// The newest form that is known here.
        known: u32,
    },
    /// It belongs to another root. It was left as it is.
    #[error("the state at {place} belongs to the root {found}, and this is {ours}")]
    OtherRoot {
        /// Where.
        place: String,
        /// The root it belongs to.
        found: RootId,
        /// Our root.
        ours: RootId,
    },
    /// Somebody else saved in between. Nothing was written.
    #[error("the state at {place} was changed by another run in between")]
    Changed {
        /// Where.
        place: String,
    },
    /// Another run is writing.
    #[error("another run is using the state at {place}: {}", held_by(holder.as_deref()))]
    Held {
        /// Where.
        place: String,
        /// Who has it, if that could be read.
        holder: Option<Box<LeaseText>>,
    },
    /// Another run took the lease. Nothing was written since.
    #[error("the lease on the state at {place} was lost")]
    LeaseLost {
        /// Where.
        place: String,
    },
    /// The place of the state can't be used as it is written.
    #[error("`{place}` can't hold the state: {because}")]
    BadPlace {
        /// The place, as written.
        place: String,
        /// Why, as a clause.
        because: String,
    },
}

impl StateError {
    /// What a person can do about it, as sentences.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unusable { source, .. } => match source.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) => {
                    "apply needs to write here; plan works without.".to_owned()
                }
                Some(io::ErrorKind::NotADirectory) => {
                    "a file is where a folder should be; move it away, or name another place under `state` in orgform.yaml."
                        .to_owned()
                }
                Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                    "make room on the disk.".to_owned()
                }
                _ => return None,
            },
            Self::Damaged { .. } => {
                "put back the last good copy, from Git or a backup; without one, move it away: \
                                     orgform then adopts what it finds and removes nothing."
                    .to_owned()
            }
            Self::Newer { .. } => "use the newer orgform.".to_owned(),
            Self::OtherRoot { .. } => {
                "two roots can't share a state; correct `state` or `root` in orgform.yaml.".to_owned()
            }
            Self::Changed { .. } => "run plan again, and apply what it shows.".to_owned(),
            Self::Held { holder, .. } => match holder.as_ref().and_then(|holder| holder.until) {
                Some(until) => {
                    format!(
                        "wait for it to end, or with `--wait 5m`; if it is gone, its lease runs out at {}.",
                        second(until)
                    )
                }
                None => {
                    "wait for it to end, or with `--wait 5m`; if that process is gone, its lock is gone too."
                        .to_owned()
                }
            },
            Self::LeaseLost { .. } => {
                "another run took over, because this one was silent for too long.".to_owned()
            }
            Self::BadPlace { .. } => "correct `state` in orgform.yaml.".to_owned(),
        })
    }

    pub(super) fn unusable(tried: &'static str, place: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Unusable { tried, place: place.into(), source: source.into() }
    }
}

fn held_by(holder: Option<&LeaseText>) -> String {
    match holder {
        Some(holder) => format!("{}, since {}", holder.who, second(holder.since)),
        None => "it does not say who it is".to_owned(),
    }
}

/// Nobody waits by the nanosecond.
fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
