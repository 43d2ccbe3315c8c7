//! What a request is answered with: an [`Answer`], or a [`Refusal`] with status and message.

use serde_json::{Value, json};

/// A successful answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Anything, with 200.
    Value(Value),
    /// Something new, with 201.
    Created(Value),
    /// A list of users or invites, whose documented status is 201.
    List(Vec<Value>),
    /// It is done; a message for people.
    Done(&'static str),
    /// No body.
    Empty,
}

/// An error answer: `{message, request_id}` (packetfabric contract, section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
}

pub(crate) type Answered = Result<Answer, Refusal>;

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into() }
    }

    /// What is wrong at a dotted path of the body.
    pub(crate) fn at(path: &str, reason: impl std::fmt::Display) -> Self {
        Refusal::new(400, format!("{path}: {reason}"))
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Refusal::new(400, message)
    }

    pub(crate) fn unauthorized() -> Self {
        Refusal::new(401, "The token is missing, unknown or expired.")
    }

    pub(crate) fn forbidden() -> Self {
        Refusal::new(403, "You do not have permission to do this.")
    }

    /// The text names the URL that was asked for.
    pub(crate) fn not_found(path: &str) -> Self {
        Refusal::new(404, format!("The requested URL {path} was not found."))
    }

    pub(crate) fn body(&self, request_id: &str) -> Value {
        json!({ "message": self.message, "request_id": request_id })
    }
}
