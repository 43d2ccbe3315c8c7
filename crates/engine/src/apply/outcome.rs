//! From a provider's answer to the fate of a change and what is remembered of it. Pure.

use orgform_model::ApiKeyId;
use orgform_model::change::{Applied, Change};
use orgform_model::state::{Entry, Intent, Record, SecretFate};
use orgform_plan::{ChangeKind, Fate, PlannedChange};
use orgform_provider::{ErrorKind, ProviderError, Sent};

use super::bind::answers;
use super::secrets::Answer;

/// What an answer means.
pub(super) struct Meaning {
    pub(super) fate: Fate,
    /// What to remember. An intent that is not settled stays, and the next run finds out.
    pub(super) entries: Vec<Entry>,
    /// Mails that went out, or may have.
    pub(super) mails: u32,
}

/// What to do where the secret of a key has no place.
const WITH_A_PLACE: &str = "make room there or correct `writeSecretTo`, then run apply again";

/// Reads an answer.
pub(super) fn meaning(planned: &PlannedChange, intent: &Intent, answer: &Answer) -> Meaning {
    let Change { address, action } = &intent.change;
    let settled = Entry::Settled { address: address.clone() };
    let answer = match answer {
        Answer::Given(answer) => answer,
        Answer::Missing => {
            return unknown(planned, "the provider gave no answer to this change".to_owned());
        }
        Answer::Stored { key, place } => {
            let mut entries = with_secret(intent, key, SecretFate::Stored(place.clone()));
            entries.push(settled);
            let fate = Fate::Stored { key: key.to_string(), place: place.to_string() };
            return Meaning { fate, entries, mails: 0 };
        }
        Answer::NoPlace { place, because } => {
            let said = format!("its secret can't be put at {place}: {because}; no key was made");
            return failed(said, WITH_A_PLACE, vec![settled]);
        }
        Answer::Lost { place, because, deleted: Ok(()), key: _ } => {
            let said =
                format!("its secret could not be put at {place}: {because}; the key was deleted again");
            return failed(said, WITH_A_PLACE, vec![settled]);
        }
        Answer::Lost { key, place, because, deleted: Err(left) } => {
            let said = format!(
                "its secret could not be put at {place}: {because}; nor could key {key} be deleted again: {left}"
            );
            let mut entries = with_secret(intent, key, SecretFate::Lost);
            entries.push(settled);
            return failed(said, "run apply again: it deletes this key and makes another", entries);
        }
    };
    match answer {
        Ok(applied) if answers(applied, action) => {
            let mut entries = intent.then.entries(applied);
            entries.push(settled);
            let fate = match applied {
                Applied::Unmailed { .. } => {
                    let said = "the invite is there, and its mail could not be sent".to_owned();
                    let next = format!("correct the e-mail, or run `orgform invites resend {address}`");
                    return Meaning { fate: Fate::Failed { said, next, unknown: false }, entries, mails: 0 };
                }
                _ => done(planned.kind, applied),
            };
            Meaning { fate, entries, mails: planned.mails }
        }
        Ok(_) => unknown(planned, "the answer was about something else".to_owned()),
        Err(error) if error.sent == Sent::Unknown => unknown(planned, error.said.clone()),
        Err(error) => {
            let fate = match error.kind {
                ErrorKind::Stale => Fate::Stale { said: error.said.clone() },
                _ => Fate::Failed { said: error.said.clone(), next: next(error), unknown: false },
            };
            Meaning { fate, entries: vec![settled], mails: 0 }
        }
    }
}

/// The fate of a change that was carried out.
pub(crate) fn done(kind: ChangeKind, applied: &Applied) -> Fate {
    match (kind, applied) {
        (ChangeKind::Invite, Applied::Member { .. }) => Fate::Joined,
        (ChangeKind::Invite | ChangeKind::Resend, Applied::Invited { .. }) => Fate::Invited,
        _ => Fate::Done,
    }
}

fn failed(said: String, next: &str, entries: Vec<Entry>) -> Meaning {
    let fate = Fate::Failed { said, next: next.to_owned(), unknown: false };
    Meaning { fate, entries, mails: 0 }
}

/// What to remember of a new key, with what became of its secret.
fn with_secret(intent: &Intent, key: &ApiKeyId, secret: SecretFate) -> Vec<Entry> {
    let mut then = intent.then.clone();
    if let Record::ApiKey(record) = &mut then.record {
        record.secret = secret;
    }
    then.entries(&Applied::ApiKey { id: key.clone(), secret: None })
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
