//! Sends changes, and puts the secrets of new API keys away.
//!
//! A secret is shown once. So its place is tried before the key is made, the secret is stored as soon as it comes,
//! and a key whose secret can't be stored is deleted again. The intent of making the key stays in the state
//! until then: killed at any moment, the next run finds the key and, by what is at the place, whether its secret
//! was stored.

use orgform_model::change::{Action, Applied, Change};
use orgform_model::{ApiKeyId, SecretPlace};
use orgform_provider::{Provider, ProviderError};

use crate::secrets::{SecretError, SecretSink};

/// What came of one change. Holds no secret any more.
#[derive(Debug)]
pub(super) enum Answer {
    /// The provider answered.
    Given(Result<Applied, ProviderError>),
    /// The provider gave fewer answers than it was asked.
    Missing,
    /// An API key was made, and its secret is there.
    Stored { key: ApiKeyId, place: SecretPlace },
    /// No key was made: its secret can't be put there.
    NoPlace { place: SecretPlace, because: SecretError },
    /// A key was made and its secret is lost.
    Lost {
        key: ApiKeyId,
        place: SecretPlace,
        because: SecretError,
        /// Whether the key was deleted again; else why not.
        deleted: Result<(), String>,
    },
}

/// Sends changes that share a call.
pub(super) async fn send(writer: &dyn Provider, sink: &dyn SecretSink, changes: &[Change]) -> Vec<Answer> {
    let mut answers: Vec<Option<Answer>> = Vec::with_capacity(changes.len());
    for change in changes {
        answers.push(without_place(sink, change).await); // I/O
    }
    let waiting = changes.iter().zip(&answers).filter(|(_, answer)| answer.is_none());
    let sent: Vec<Change> = waiting.map(|(change, _)| change.clone()).collect();
    let mut given = match sent.is_empty() {
        true => Vec::new(),
        false => writer.apply(&sent).await, // I/O
    }
    .into_iter();
    let mut all = Vec::with_capacity(changes.len());
    for (change, answer) in changes.iter().zip(answers) {
        all.push(match answer {
            Some(answer) => answer,
            None => match given.next() {
                Some(given) => put_away(writer, sink, change, given).await, // I/O
                None => Answer::Missing,
            },
        });
    }
    all
}

async fn without_place(sink: &dyn SecretSink, change: &Change) -> Option<Answer> {
    let Action::CreateApiKey { secret_to, .. } = &change.action else { return None };
    let because = sink.prepare(secret_to).await.err()?;
    Some(Answer::NoPlace { place: secret_to.clone(), because })
}

async fn put_away(
    writer: &dyn Provider,
    sink: &dyn SecretSink,
    change: &Change,
    given: Result<Applied, ProviderError>,
) -> Answer {
    let (key, secret, place) = match (&change.action, given) {
        (Action::CreateApiKey { secret_to, .. }, Ok(Applied::ApiKey { id, secret })) => {
            (id, secret, secret_to)
        }
        (_, given) => return Answer::Given(given),
    };
    let stored = match &secret {
        Some(secret) => sink.store(place, &key, secret).await,
        None => Err(SecretError::new("the answer had no secret in it")),
    };
    match stored {
        Ok(()) => Answer::Stored { key, place: place.clone() },
        Err(because) => {
            let deleted = delete(writer, change, &key).await;
            Answer::Lost { key, place: place.clone(), because, deleted }
        }
    }
}

/// Deletes a key that was just made.
async fn delete(writer: &dyn Provider, made: &Change, key: &ApiKeyId) -> Result<(), String> {
    let Action::CreateApiKey { account, .. } = &made.action else { return Ok(()) };
    let Some(account) = account.known() else { return Err("its account is not known".to_owned()) };
    let action = Action::RemoveApiKey { account: account.clone(), key: key.clone() };
    let removal = Change { address: made.address.clone(), action };
    match writer.apply(std::slice::from_ref(&removal)).await.into_iter().next() {
        Some(Ok(Applied::Gone)) => Ok(()),
        Some(Err(error)) => Err(error.said),
        Some(Ok(_)) | None => Err("the provider gave no answer to that".to_owned()),
    }
}
