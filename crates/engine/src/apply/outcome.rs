//! From a provider's answer to the fate of a change and what is remembered of it. Pure.

use orgform_model::change::{Applied, Change};
use orgform_model::state::{Entry, Intent};
use orgform_plan::{ChangeKind, Fate, PlannedChange};
use orgform_provider::{ErrorKind, ProviderError, Sent};

use super::bind::answers;

/// What an answer means.
pub(super) struct Meaning {
    pub(super) fate: Fate,
    /// What to remember. An intent that is not settled stays, and the next run finds out.
    pub(super) entries: Vec<Entry>,
    /// Mails that went out, or may have.
    pub(super) mails: u32,
}

/// Reads an answer; none means that the provider gave fewer answers than it was asked.
pub(super) fn meaning(
    planned: &PlannedChange,
    intent: &Intent,
    answer: Option<&Result<Applied, ProviderError>>,
) -> Meaning {
    let Change { address, action } = &intent.change;
    match answer {
        Some(Ok(applied)) if answers(applied, action) => {
            let mut entries = intent.then.entries(applied);
            entries.push(Entry::Settled { address: address.clone() });
            let joined = planned.kind == ChangeKind::Invite && matches!(applied, Applied::Member { .. });
            let fate = match applied {
                _ if joined => Fate::Joined,
                Applied::Invited { .. }
                    if matches!(planned.kind, ChangeKind::Invite | ChangeKind::Resend) =>
                {
                    Fate::Invited
                }
                _ => Fate::Done,
            };
            Meaning { fate, entries, mails: planned.mails }
        }
        Some(Ok(_)) => unknown(planned, "the answer was about something else".to_owned()),
        None => unknown(planned, "the provider gave no answer to this change".to_owned()),
        Some(Err(error)) if error.sent == Sent::Unknown => unknown(planned, error.said.clone()),
        Some(Err(error)) => {
            let fate = match error.kind {
                ErrorKind::Stale => Fate::Stale { said: error.said.clone() },
                _ => Fate::Failed { said: error.said.clone(), next: next(error), unknown: false },
            };
            Meaning { fate, entries: vec![Entry::Settled { address: address.clone() }], mails: 0 }
        }
    }
}

fn unknown(planned: &PlannedChange, said: String) -> Meaning {
    let mut next = "run apply again: it finds out whether this was carried out".to_owned();
    if planned.mails > 0 {
        next.push_str("; nobody is mailed twice");
    }
    let fate = Fate::Failed { said, next, unknown: true };
    Meaning { fate, entries: Vec::new(), mails: planned.mails }
}

fn next(error: &ProviderError) -> String {
    if let Some(hint) = &error.hint {
        return hint.trim_end_matches('.').to_owned();
    }
    match &error.kind {
        ErrorKind::Throttled { .. } | ErrorKind::Unavailable => "run apply again later".to_owned(),
        ErrorKind::Stale => "run plan again".to_owned(),
        ErrorKind::Denied => "give the credential the right to do this, then run apply again".to_owned(),
        ErrorKind::Rejected { field: Some(field) } => format!("correct `{field}`, then run apply again"),
        ErrorKind::Rejected { field: None } => "correct what is declared, then run apply again".to_owned(),
        ErrorKind::Protocol => "report this to the authors of orgform".to_owned(),
    }
}
