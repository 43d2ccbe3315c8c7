//! Keeps a token that the provider replaces at each use.
//!
//! Such a token is a credential that wears out: who uses it gets the next one, and the old one is good no more. So
//! it is taken for one use at a time, and the next one is kept before anything else is done with the answer.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A store of tokens that replace each other. Given by the front end.
#[async_trait]
pub trait Tokens: Send + Sync + Debug {
    /// Takes the token that came of `first`, or `first` itself if it was never used. Nobody else gets it, in this
    /// process or another, until what is given here is dropped; who can't wait any longer gets an error.
    ///
    /// # Errors
    /// Why it can't be read, or the next one could not be kept, as a clause. Never holds the secret.
    async fn take(&self, first: &SecretString) -> Result<Box<dyn Taken>, String>;
}

/// A token that was taken for one use.
pub trait Taken: Send {
    /// The token.
    fn token(&self) -> &SecretString;

    /// Keeps the one that takes its place, durably: only then the old one is dropped.
    ///
    /// # Errors
    /// Why it could not be kept, as a clause. Never holds the secret.
    fn replace(&mut self, next: &SecretString) -> Result<(), String>;
}

/// Tokens that last as long as the process: for worlds that do too.
#[derive(Debug, Default)]
pub struct TokensInMemory {
    by_first: Arc<Mutex<BTreeMap<String, SecretString>>>,
}

#[async_trait]
impl Tokens for TokensInMemory {
    async fn take(&self, first: &SecretString) -> Result<Box<dyn Taken>, String> {
        let by_first = Arc::clone(&self.by_first).lock_owned().await;
        let token = by_first.get(first.expose_secret()).unwrap_or(first).clone();
        Ok(Box::new(InMemory { first: first.expose_secret().to_owned(), token, by_first }))
    }
}

struct InMemory {
    first: String,
    token: SecretString,
    by_first: OwnedMutexGuard<BTreeMap<String, SecretString>>,
}

impl Taken for InMemory {
    fn token(&self) -> &SecretString {
        &self.token
    }

    fn replace(&mut self, next: &SecretString) -> Result<(), String> {
        self.by_first.insert(self.first.clone(), next.clone());
        Ok(())
    }
}
