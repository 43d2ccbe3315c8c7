//! Tells of calls as they are made, for figures.

use std::fmt::Debug;

/// Is told of every call. Given by the front end.
pub trait Calls: Debug + Send + Sync {
    /// A call was made, and answered or not.
    fn made(&self, call: &CallMade<'_>);
}

/// A call that was made. Nothing in it names anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallMade<'a> {
    /// Method and path, with `{}` for what is not the API's own word: `GET /accounts/{}/members`.
    pub endpoint: &'a str,
    /// What it was answered; none if there was no answer.
    pub status: Option<u16>,
}

/// Nobody is told.
#[derive(Clone, Copy, Debug)]
pub struct NoCalls;

impl Calls for NoCalls {
    fn made(&self, _: &CallMade<'_>) {}
}
