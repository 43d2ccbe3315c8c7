//! Makes Pureport's calls: the log-in, whole-object writes, and what each refusal means.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgform_http::{Answer, Auth, Call, Client, Effect, Exchange, Options, Said, Token};
use orgform_provider::{Connection, Credential, ErrorKind, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::semantics::CAPABILITIES;
use crate::wire::{ApiKey, Login, Refusal, Whole, last_segment};

/// What paths are made of, ids aside.
const WORDS: &[&str] = &[
    "accounts",
    "apikeys",
    "auditLog",
    "consent",
    "customRoles",
    "invites",
    "login",
    "members",
    "refresh",
    "roles",
    "users",
];

/// How the client behaves: Pureport's rate and its form of refusals (pureport contract, section 3).
pub fn options() -> Options {
    let options = Options::new(CAPABILITIES.rate, |body| {
        let Refusal { code, message } = serde_json::from_slice(body).unwrap_or_default();
        // A refusal names no field, but its text may (section 3).
        let field = message.as_deref().and_then(field_of).map(str::to_owned);
        Said { code, message, field }
    });
    Options { words: WORDS, ..options }
}

/// How often to look for what was just made: a list may lag (section 11).
pub(crate) const LOOKS: u32 = 4;

/// Pureport's calls.
pub(crate) struct Api {
    http: Client,
    patience: Duration,
}

/// What a POST made.
pub(crate) struct Created {
    answer: Answer,
}

impl Api {
    pub(crate) fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        let (key, secret) = (credential(connection, "key")?, credential(connection, "secret")?);
        let patience = options.retry.base;
        Ok(Self { http: Client::new(connection, options, Arc::new(KeyLogin { key, secret }))?, patience })
    }

    /// The same, with a count of its own.
    pub(crate) fn counted(&self) -> Self {
        Self { http: self.http.counted(), patience: self.patience }
    }

    pub(crate) fn calls(&self) -> u32 {
        self.http.calls()
    }

    /// Waits before another look at what a list may not show yet; not before the first, numbered 0.
    pub(crate) async fn wait_before(&self, look: u32) {
        if look > 0 {
            sleep(self.patience * 2u32.pow(look - 1)).await;
        }
    }

    pub(crate) async fn get(&self, path: &[&str], tried: &str) -> Result<Answer, ProviderError> {
        self.http.send(Call::get(path, tried)).await
    }

    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        path: &[&str],
        tried: &str,
    ) -> Result<T, ProviderError> {
        accepted(self.get(path, tried).await?)?.json()
    }

    /// Reads what a call with a query answers.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, ProviderError> {
        accepted(self.http.send(call).await?)?.json()
    }

    /// Reads one object; none if it is not there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        path: &[&str],
        tried: &str,
    ) -> Result<Option<T>, ProviderError> {
        let answer = self.get(path, tried).await?;
        if answer.status() == 404 { Ok(None) } else { accepted(answer)?.json().map(Some) }
    }

    /// Makes an object. Each call makes another one.
    pub(crate) async fn create(
        &self,
        path: &[&str],
        object: &impl Whole,
        tried: &str,
    ) -> Result<Created, ProviderError> {
        let answer = self.http.send(Call::post(path, tried).body(object.body())).await?;
        Ok(Created { answer: accepted(answer)? })
    }

    /// Replaces a whole object and gives what the server has now.
    pub(crate) async fn replace<T: Whole + DeserializeOwned>(
        &self,
        path: &[&str],
        object: &T,
        tried: &str,
    ) -> Result<T, ProviderError> {
        let answer = self.http.send(Call::put(path, tried).body(object.body())).await?;
        self.put(answer, path, tried).await
    }

    /// Replaces a whole object that may not be there; none if it is not.
    pub(crate) async fn replace_if_there<T: Whole + DeserializeOwned>(
        &self,
        path: &[&str],
        object: &T,
        tried: &str,
    ) -> Result<Option<T>, ProviderError> {
        let answer = self.http.send(Call::put(path, tried).body(object.body())).await?;
        if answer.status() == 404 { Ok(None) } else { self.put(answer, path, tried).await.map(Some) }
    }

    /// Replaces a whole invite and mails it again.
    pub(crate) async fn replace_and_mail<T: Whole + DeserializeOwned>(
        &self,
        path: &[&str],
        object: &T,
        tried: &str,
    ) -> Result<T, ProviderError> {
        let call = Call::put(path, tried).query("reinvite", "true").body(object.body());
        let answer = self.http.send(call.effect(Effect::Once)).await?;
        self.put(answer, path, tried).await
    }

    /// Removes an object; false if it was not there.
    pub(crate) async fn remove(&self, path: &[&str], tried: &str) -> Result<bool, ProviderError> {
        let answer = self.http.send(Call::delete(path, tried)).await?;
        if answer.status() == 404 {
            return Ok(false);
        }
        accepted(answer).map(|_| true)
    }

    /// Accepts the agreements of an account; that they are accepted already is as good (section 5).
    pub(crate) async fn consent(&self, account: &str, tried: &str) -> Result<(), ProviderError> {
        let call = Call::post(&["accounts", account, "consent"], tried).effect(Effect::Sets);
        let answer = self.http.send(call).await?;
        if answer.code() == "ACCOUNT_ALREADY_CONSENTED" { Ok(()) } else { accepted(answer).map(|_| ()) }
    }

    async fn put<T: DeserializeOwned>(
        &self,
        answer: Answer,
        path: &[&str],
        tried: &str,
    ) -> Result<T, ProviderError> {
        let answer = accepted(answer)?;
        if answer.is_empty() {
            return self.read(path, tried).await.map_err(ProviderError::maybe_sent);
        }
        answer.json()
    }
}

impl Created {
    /// The object, where the answer holds it in the shape that we expect.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> Option<T> {
        self.answer.json().ok()
    }

    /// The new id: from the answer, else from the `Location` (section 4).
    pub(crate) fn id(&self) -> Result<String, ProviderError> {
        let body = self.object::<Value>().unwrap_or_default();
        let id = body["id"].as_str().or_else(|| self.answer.location().map(last_segment));
        id.filter(|id| !id.is_empty()).map(str::to_owned).ok_or_else(|| {
            self.answer
                .protocol(format!("answered {} with neither an id nor a Location", self.answer.status()))
        })
    }

    /// The id of an API key, which is called its key; from the answer, else from the `Location` (section 9).
    pub(crate) fn api_key(&self) -> Result<String, ProviderError> {
        let body = self.object::<ApiKey>().and_then(|made| made.key);
        let id = body.or_else(|| self.answer.location().map(|at| last_segment(at).to_owned()));
        id.filter(|id| !id.is_empty()).ok_or_else(|| {
            self.answer
                .protocol(format!("answered {} with neither a key nor a Location", self.answer.status()))
        })
    }

    /// The id, if the answer or its `Location` names a thing of this kind: `members`, `invites`.
    pub(crate) fn id_of(&self, kind: &str) -> Option<String> {
        let body = self.object::<Value>().unwrap_or_default();
        let paths = [self.answer.location(), body["href"].as_str()];
        let marker = format!("/{kind}/");
        paths
            .into_iter()
            .flatten()
            .find(|path| path.contains(&marker))
            .map(|path| last_segment(path).to_owned())
    }
}

struct KeyLogin {
    key: Credential,
    secret: Credential,
}

#[async_trait]
impl Auth for KeyLogin {
    async fn token(&self, exchange: &Exchange<'_>, previous: Option<&Token>) -> Result<Token, ProviderError> {
        if let Some(refresh) = previous.and_then(|token| token.refresh.as_ref()) {
            let body = json!({ "refreshToken": refresh.expose_secret() });
            let call =
                Call::post(&["login", "refresh"], "refresh our log-in").effect(Effect::Reads).body(body);
            // Whatever is wrong with it, the key itself is the way out, and says what is wrong with that.
            if let Some(login) = exchange.send(call).await.ok().as_ref().and_then(login_of) {
                return Ok(token(login, Some(refresh)));
            }
        }
        let body =
            json!({ "key": self.key.secret.expose_secret(), "secret": self.secret.secret.expose_secret() });
        let call = Call::post(&["login"], "log in").effect(Effect::Reads).body(body);
        let answer = exchange.send(call).await?;
        match login_of(&answer) {
            Some(login) => Ok(token(login, None)),
            None => Err(self.refused(&answer, &exchange.url(&["login"]))),
        }
    }
}

impl KeyLogin {
    fn refused(&self, answer: &Answer, url: &str) -> ProviderError {
        // A refusal may come as a success with a code in it (section 2).
        let said = answer.json::<Refusal>().ok().and_then(|body| body.code);
        match (answer.status(), said) {
            (404 | 405, _) | (200..=299, None) => {
                let said = format!("{url} answered {} and is no Pureport log-in", answer.status());
                let field = Some("endpoint".to_owned());
                ProviderError::new(ErrorKind::Rejected { field }, "log in", said)
                    .hint("check `endpoint` of the Provider.")
            }
            (_, _) => {
                let (key, secret) = (&self.key.source, &self.secret.source);
                let said = format!(
                    "pureport refused our log-in ({answer}) at {url}, key from {key}, secret from {secret}"
                );
                ProviderError::new(ErrorKind::Denied, "log in", said).hint(
                    "the key may have been deleted, or the secret is wrong; make a key under Account → API keys, with role \"Read only\" for \
                     plan or \"Admin\" for apply.",
                )
            }
        }
    }
}

fn login_of(answer: &Answer) -> Option<Login> {
    if answer.is_success() { answer.json().ok() } else { None }
}

/// The answer to a refresh may lack a new refresh token: the old one stays good (section 2).
fn token(login: Login, refresh: Option<&SecretString>) -> Token {
    let Login { access_token, expires_in, refresh_token } = login;
    Token {
        bearer: SecretString::from(access_token),
        refresh: refresh_token.map(SecretString::from).or_else(|| refresh.cloned()),
        lasts: Some(Duration::from_secs(expires_in)),
    }
}

fn credential(connection: &Connection, field: &str) -> Result<Credential, ProviderError> {
    connection.credential(field).cloned().ok_or_else(|| {
        let kind = ErrorKind::Rejected { field: Some("credentials".to_owned()) };
        ProviderError::new(kind, "log in", format!("the credential has no `{field}`"))
            .hint("give `credentials: { key: …, secret: … }` in the Provider's pureport block.")
    })
}

/// Lets a success through and says what a refusal means (section 3).
fn accepted(answer: Answer) -> Result<Answer, ProviderError> {
    if answer.is_success() {
        return Ok(answer);
    }
    let rejected = |field: Option<&str>| ErrorKind::Rejected { field: field.map(str::to_owned) };
    let (kind, hint) = match answer.code() {
        "ADMIN_ACCESS_MUST_EXIST" => {
            (rejected(Some("roles")), "an account keeps at least one admin: make somebody else admin first.")
        }
        "ACCOUNT_HAS_CHILD_ACCOUNTS" => (rejected(None), "remove its child accounts first, or keep it."),
        "ACCOUNT_DELETE_NON_DELETED_PORT_STATE_CONFLICT" => {
            (rejected(None), "delete its ports and networks in Pureport first, or keep it.")
        }
        "BILLING_CANNOT_BE_REMOVED" => (rejected(None), "settle its billing in Pureport first, or keep it."),
        "CONSENT_REQUIRED" => (
            rejected(Some("consent")),
            "declare `consent: Accepted`, or let the account's admin accept the agreements.",
        ),
        "RESOURCE_LIMITATION_EXCEEDED" => {
            (rejected(None), "a quota of Pureport is used up; ask Pureport for more.")
        }
        "MODIFICATION_NOT_ALLOWED" => (rejected(None), "Pureport keeps this as it is; declare what it has."),
        "INVALID_LINK" => (
            rejected(answer.said().field.as_deref()),
            "a role or account that this names can't be used there.",
        ),
        "PAYMENT_REQUIRED" => {
            (ErrorKind::Denied, "the account needs a payment method before its API may be used.")
        }
        "ACCOUNT_VERIFICATION_REQUIRED" => (ErrorKind::Denied, "Pureport must verify the account first."),
        "ACCOUNT_MEMBER_ALREADY_EXISTS" => {
            let mut error = answer.error(ErrorKind::Stale);
            error.said.push_str(": is a member already; the list was short, or the person has just joined");
            return Err(error);
        }
        _ if answer.status() == 403 => (ErrorKind::Denied, "the API key's roles do not allow this."),
        _ => return answer.success(),
    };
    Err(answer.error(kind).hint(hint))
}

/// Our name of the field that a refusal's text speaks of.
fn field_of(message: &str) -> Option<&'static str> {
    [
        ("technicalContactEmails", "technicalContacts"),
        ("description", "description"),
        ("permissions", "permissions"),
        ("tags", "tags"),
        ("email", "email"),
        ("roles", "roles"),
        ("name", "displayName"),
    ]
    .into_iter()
    .find_map(|(theirs, ours)| {
        message.split(|c: char| !c.is_alphanumeric()).any(|word| word == theirs).then_some(ours)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_that_its_text_speaks_of() {
        assert_eq!(
            field_of("technicalContactEmails: size must be between 0 and 10"),
            Some("technicalContacts")
        );
        assert_eq!(field_of("name must not be blank"), Some("displayName"));
        assert_eq!(field_of("the account is being renamed"), None);
    }
}
