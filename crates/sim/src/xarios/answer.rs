//! What a request is answered with: an [`Answer`], or a [`Refusal`] with status, message and maybe a code.

use serde_json::{Value, json};

/// A successful answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// One object.
    One(Value),
    /// Something new, and where it is.
    Created { location: String, data: Value },
    /// A collection, or one page of it.
    Page { items: Vec<Value>, index: Option<usize> },
    /// It is done; there is no data.
    Done,
    /// 204.
    Nothing,
    /// A body outside of the envelope: the log-in service's.
    Plain(Value),
    /// Somewhere else.
    Redirect(String),
}

/// An error answer: `{error, message, status, timestamp, errorCode?}` (xarios contract, section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) code: Option<&'static str>,
}

pub(crate) type Answered = Result<Answer, Refusal>;

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into(), code: None }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Refusal::new(400, message)
    }

    pub(crate) fn not_valid(value: &str) -> Self {
        Refusal::bad(format!("The value '{value}' is not valid."))
    }

    pub(crate) fn no_such_place(segment: &str) -> Self {
        Refusal::bad(format!("The target location specified by path segment '{segment}' was not found."))
    }

    pub(crate) fn unauthorized() -> Self {
        Refusal::new(401, "")
    }

    pub(crate) fn forbidden() -> Self {
        Refusal::new(403, "Forbidden")
    }

    pub(crate) fn not_found() -> Self {
        Refusal::new(404, "Not Found")
    }

    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Refusal { code: Some(code), ..self }
    }

    /// The body; a 401 has none.
    pub(crate) fn body(&self, timestamp: &str) -> Option<Value> {
        let Refusal { status, message, code } = self;
        let mut body =
            json!({ "error": status, "message": message, "status": "error", "timestamp": timestamp });
        if let Some(code) = code {
            body["errorCode"] = json!(code);
        }
        (*status != 401).then_some(body)
    }
}
