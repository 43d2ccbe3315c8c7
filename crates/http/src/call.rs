//! One call, before it is made.

use std::fmt;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

/// What a call does at the server, and so what trying it twice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it may be tried as often as we like.
    Reads,
    /// It leaves the same behind however often it is made. Tried again only if it was certainly not carried out.
    Sets,
    /// Each time does something more: makes an object, sends a mail. Tried again only if it never reached the
    /// server, or was throttled.
    Once,
}

/// One call, before it is made.
#[derive(Clone)]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) effect: Effect,
    pub(crate) tried: String,
    pub(crate) secrets: Vec<SecretString>,
    pub(crate) base: Option<Url>,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) form: Option<String>,
}

impl Call {
    /// A GET of these path segments, each encoded. `tried` is a clause for messages: `list the accounts`.
    pub fn get(path: &[&str], tried: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Effect::Reads, tried)
    }

    /// A PUT, which leaves the same behind however often it is made, unless [`Call::effect`] says otherwise.
    pub fn put(path: &[&str], tried: impl Into<String>) -> Self {
        Self::new(Method::PUT, path, Effect::Sets, tried)
    }

    /// A DELETE, which leaves the same behind however often it is made.
    pub fn delete(path: &[&str], tried: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, Effect::Sets, tried)
    }

    /// A POST, which does something more each time.
    pub fn post(path: &[&str], tried: impl Into<String>) -> Self {
        Self::new(Method::POST, path, Effect::Once, tried)
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets a body as forms have it, instead of JSON.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.form = Some(Serializer::new(String::new()).extend_pairs(fields).finish());
        self
    }

    /// Goes to another server than the client's own. Only for log-ins: our token goes along wherever a call goes.
    #[must_use]
    pub fn at(mut self, base: Url) -> Self {
        self.base = Some(base);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says what repeating would do, where the method does not tell.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Names a secret that the path or body holds: it is kept out of logs and of what the server says.
    #[must_use]
    pub fn secret(mut self, secret: SecretString) -> Self {
        self.secrets.push(secret);
        self
    }

    /// A PATCH, which leaves the same behind however often it is made.
    pub fn patch(path: &[&str], tried: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path, Effect::Sets, tried)
    }

    fn new(method: Method, path: &[&str], effect: Effect, tried: impl Into<String>) -> Self {
        Self {
            method,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body: None,
            effect,
            tried: tried.into(),
            secrets: Vec::new(),
            base: None,
            headers: Vec::new(),
            form: None,
        }
    }
}

// The body may be a log-in, the path may hold an e-mail: neither is shown.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("effect", &self.effect)
            .finish_non_exhaustive()
    }
}
