//! What a request is answered with: an [`Answer`], or a [`Refusal`] with status, code and message.

use serde_json::{Value, json};

/// A successful answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// One object, or any other JSON value.
    Value(Value),
    /// A plain array; each item with its id.
    List(Vec<(String, Value)>),
    /// Something new, and where it is.
    Created { location: String, body: Value },
    /// Something is gone; no body.
    Gone,
    /// Plain text.
    Text(String),
}

/// An error answer: `{status, code, message}` (pureport contract, section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

pub(crate) type Answered = Result<Answer, Refusal>;

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Refusal { status, code, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Refusal::new(400, "BAD_REQUEST", message)
    }

    pub(crate) fn json(message: impl Into<String>) -> Self {
        Refusal::new(400, "JSON_PROCESSING_ERROR", message)
    }

    pub(crate) fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        Refusal::new(401, code, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Refusal::new(403, "FORBIDDEN", message)
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Refusal::new(404, "NOT_FOUND", format!("{what} {id} not found"))
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Refusal::new(409, code, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Refusal::new(422, "VALIDATION_ERROR", message)
    }

    pub(crate) fn invalid_link(message: impl Into<String>) -> Self {
        Refusal::new(422, "INVALID_LINK", message)
    }

    pub(crate) fn not_allowed(message: impl Into<String>) -> Self {
        Refusal::new(422, "MODIFICATION_NOT_ALLOWED", message)
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "status": self.status, "code": self.code, "message": self.message })
    }
}

/// The body of an error that has no more to say than its status.
pub(crate) fn plain_error(status: u16) -> Value {
    let code = match status {
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        408 => "REQUEST_TIMEOUT",
        409 => "CONFLICT",
        422 => "UNPROCESSABLE_ENTITY",
        501 => "NOT_IMPLEMENTED",
        503 => "SERVICE_UNAVAILABLE",
        400..=499 => "BAD_REQUEST",
        _ => "INTERNAL_SERVER_ERROR",
    };
    json!({ "status": status, "code": code, "message": "declared fault" })
}
