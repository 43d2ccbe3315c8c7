//! An answer on its way out.

use axum::http::{HeaderName, header};
use serde_json::Value;

/// Status, headers and body of an answer.
#[derive(Clone, Debug)]
pub struct Message {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Message { status, headers: vec![(header::CONTENT_TYPE, content_type.to_owned())], body }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Message::new(status, "application/json", serde_json::to_vec(value).unwrap_or_default())
    }

    pub(crate) fn empty(status: u16) -> Self {
        Message { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Whether it says that the request was carried out.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
