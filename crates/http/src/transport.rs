//! Makes calls: through the gate, again where that is safe, counted, and without leaving a trace of a secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use orgform_provider::{CallMade, Calls, Connection, ErrorKind, ProviderError};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;
use tokio::time::{Instant, sleep};
use url::{Host, Url};

use crate::answer::{Answer, Said};
use crate::call::Call;
use crate::client::Options;
use crate::gate::Gate;
use crate::redact;
use crate::retry::{http_date, retry_after};
use crate::trouble::Trouble;

pub(crate) struct Transport {
    http: reqwest::Client,
    base: Url,
    shown: String,
    secrets: Vec<SecretString>,
    gate: Gate,
    calls: Arc<dyn Calls>,
    options: Options,
}

impl Transport {
    pub(crate) fn new(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        // Fails only if one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shown = redact::url(&connection.endpoint);
        if connection.endpoint.cannot_be_a_base() || !matches!(connection.endpoint.scheme(), "http" | "https")
        {
            let error = ProviderError::new(
                ErrorKind::Rejected { field: Some("endpoint".to_owned()) },
                "use the endpoint",
                format!("{shown} is not an http or https URL"),
            );
            return Err(error);
        }
        let builder = reqwest::Client::builder()
            .user_agent(&connection.user_agent)
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            // A server closes idle connections: a write that meets one can't tell whether it was carried out.
            .pool_idle_timeout(Duration::from_secs(15))
            // A redirected write would become a read, and the token would go along.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        let builder = if is_loopback(&connection.endpoint) { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| {
            ProviderError::new(
                ErrorKind::Unavailable,
                format!("connect to {shown}"),
                error.without_url().to_string(),
            )
            .hint("check that this machine has root certificates, and its proxy settings.")
        })?;
        Ok(Self {
            http,
            base: connection.endpoint.clone(),
            shown,
            secrets: connection.credentials.iter().map(|credential| credential.secret.clone()).collect(),
            gate: Gate::new(options.rate),
            calls: Arc::clone(&connection.calls),
            options,
        })
    }

    /// The URL of a call, for messages.
    pub(crate) fn shown(&self, path: &[&str]) -> String {
        path.iter().fold(self.shown.clone(), |url, segment| format!("{url}/{segment}"))
    }

    /// Makes a call, again where that is safe. Answers any 2xx, and every 4xx but 408 and 429.
    pub(crate) async fn send(
        &self,
        call: &Call,
        bearer: Option<&SecretString>,
        tally: &AtomicU32,
    ) -> Result<Answer, ProviderError> {
        let begun = Instant::now();
        let mut waits = self.options.retry.waits();
        let mut tries = 0;
        loop {
            tries += 1;
            let trouble = match self.attempt(call, bearer, tally).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let Some(wait) = self.options.retry.next(call.effect, &trouble, waits.next(), begun.elapsed())
            else {
                return Err(trouble.into_error(call, tries));
            };
            if matches!(trouble, Trouble::Status { status: StatusCode::TOO_MANY_REQUESTS, .. }) {
                self.gate.close_for(wait);
            }
            sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        bearer: Option<&SecretString>,
        tally: &AtomicU32,
    ) -> Result<Answer, Trouble> {
        let _seat = self.gate.enter().await;
        tally.fetch_add(1, Ordering::Relaxed);
        let url = self.url(call);
        let path = tracing::enabled!(tracing::Level::DEBUG).then(|| redact::path(&url, &call.secrets));
        let mut request = self.http.request(call.method.clone(), url).header(ACCEPT, "application/json");
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer.expose_secret());
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(form) = &call.form {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.clone());
        }
        for (name, value) in &call.headers {
            request = request.header(*name, *value);
        }
        let begun = Instant::now();
        let outcome = match request.send().await {
            Ok(response) => self.receive(call, response, bearer).await,
            Err(error) => Err(Trouble::of(error, &self.server(call), self.options.timeout)),
        };
        let status = match &outcome {
            Ok(answer) => Some(answer.status.as_u16()),
            Err(Trouble::Status { status, .. }) => Some(status.as_u16()),
            Err(_) => None,
        };
        self.calls.made(&CallMade { endpoint: &self.endpoint(call), status });
        let status = status.unwrap_or(0);
        let ms = begun.elapsed().as_millis();
        tracing::debug!(method = %call.method, path, status, ms, ok = outcome.is_ok(), "call");
        outcome
    }

    async fn receive(
        &self,
        call: &Call,
        mut response: Response,
        bearer: Option<&SecretString>,
    ) -> Result<Answer, Trouble> {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.options.max_body => {
                    let said = format!(
                        "answered {} with more than {} bytes",
                        status.as_u16(),
                        self.options.max_body
                    );
                    return Err(Trouble::Senseless { said });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status alone tells enough of a refusal; a success needs its body.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(Trouble::of(error, &self.server(call), self.options.timeout)),
            }
        }
        let said = if status.is_success() { Said::default() } else { self.said(&body, call, bearer) };
        match status.as_u16() {
            408 | 429 | 500.. => {
                let after = asked_to_wait(&headers);
                return Err(Trouble::Status { status, after, said });
            }
            200..=299 | 400..=499 => {}
            other => {
                return Err(Trouble::Senseless {
                    said: format!("answered {other}, which its contract does not foresee"),
                });
            }
        }
        let wants_body = status.is_success() && (call.effect == crate::Effect::Reads || !body.is_empty());
        if wants_body && serde_json::from_slice::<IgnoredAny>(&body).is_err_and(|error| error.is_eof()) {
            return Err(Trouble::Dropped { said: format!("the answer ({}) was cut short", status.as_u16()) });
        }
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer { status, location, body, said, tried: call.tried.clone(), effect: call.effect })
    }

    fn said(&self, body: &[u8], call: &Call, bearer: Option<&SecretString>) -> Said {
        let secrets: Vec<&SecretString> = self.secrets.iter().chain(&call.secrets).chain(bearer).collect();
        let Said { code, message, field } = (self.options.said)(body);
        Said {
            code: code.and_then(|code| redact::code(&code)),
            message: message.map(|text| redact::text(&text, &secrets)).filter(|text| !text.is_empty()),
            field,
        }
    }

    /// Where a call goes, for messages.
    fn server(&self, call: &Call) -> String {
        call.base.as_ref().map_or_else(|| self.shown.clone(), redact::url)
    }

    /// A call without what it is about: `GET /accounts/{}/members`.
    fn endpoint(&self, call: &Call) -> String {
        let word = |segment: &String| self.options.words.iter().find(|word| **word == *segment).copied();
        let mut endpoint = format!("{} ", call.method);
        for segment in &call.path {
            endpoint.push('/');
            endpoint.push_str(word(segment).unwrap_or("{}"));
        }
        endpoint
    }

    fn url(&self, call: &Call) -> Url {
        let mut url = call.base.as_ref().unwrap_or(&self.base).clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }
}

fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let now = text(DATE).and_then(http_date).unwrap_or_else(Timestamp::now);
    retry_after(text(RETRY_AFTER)?, now)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
