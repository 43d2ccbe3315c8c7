//! Makes PacketFabric's calls: who we are, and what each refusal means.

use std::sync::Arc;

use async_trait::async_trait;
use orgform_http::{Answer, Auth, Call, Client, Exchange, Options, Said, Token};
use orgform_provider::{Connection, Credential, ErrorKind, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::convert::is_uuid;
use crate::fields::rejected;
use crate::semantics::CAPABILITIES;
use crate::wire::{Login, Refusal};

/// What paths are made of, ids aside.
const WORDS: &[&str] =
    &["v2", "api-keys", "auth", "current", "customers", "login", "resend", "team-invites", "users"];

/// How the client behaves: PacketFabric's rate and its form of refusals (packetfabric contract, section 3).
pub fn options() -> Options {
    let options = Options::new(CAPABILITIES.rate, |body| {
        let Refusal { message } = serde_json::from_slice(body).unwrap_or_default();
        let field = message.as_deref().and_then(field_of).map(str::to_owned);
        Said { code: None, message, field }
    });
    Options { words: WORDS, ..options }
}

/// PacketFabric's calls.
pub(crate) struct Api {
    http: Client,
    who: Who,
}

/// Who we are.
#[derive(Clone)]
pub(crate) enum Who {
    /// An API key, of which no call tells whose it is (section 2).
    Key {
        /// Where it comes from, for messages.
        source: String,
    },
    /// A user with this login.
    User(SecretString),
}

impl Api {
    pub(crate) fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        let (auth, who): (Arc<dyn Auth>, Who) = match connection.credential("apiKey") {
            Some(key) => (Arc::new(Key { key: key.clone() }), Who::Key { source: key.source.clone() }),
            None => {
                let (login, password) =
                    (credential(connection, "login")?, credential(connection, "password")?);
                let who = Who::User(login.secret.clone());
                (Arc::new(UserLogin { login, password }), who)
            }
        };
        Ok(Self { http: Client::new(connection, options, auth)?, who })
    }

    /// The same, with a count of its own.
    pub(crate) fn counted(&self) -> Self {
        Self { http: self.http.counted(), who: self.who.clone() }
    }

    pub(crate) fn calls(&self) -> u32 {
        self.http.calls()
    }

    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    /// Makes a call, whatever the answer.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, ProviderError> {
        self.http.send(call).await
    }

    /// Reads; any 2xx is a success, since lists are documented as 201 (section 3).
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        path: &[&str],
        tried: &str,
    ) -> Result<T, ProviderError> {
        accepted(self.http.send(Call::get(path, tried)).await?)?.json()
    }

    /// Reads one object; none if it is not there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        path: &[&str],
        tried: &str,
    ) -> Result<Option<T>, ProviderError> {
        let answer = self.http.send(Call::get(path, tried)).await?;
        if answer.status() == 404 { Ok(None) } else { accepted(answer)?.json().map(Some) }
    }

    /// Changes some fields of an object and gives what the server has now.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: Value,
        tried: &str,
    ) -> Result<T, ProviderError> {
        accepted(self.http.send(Call::patch(path, tried).body(body)).await?)?.json()
    }
}

/// A login as part of a path, where it may be the one of somebody else if it is not taken as it is: each segment is
/// encoded by the client, but a dot is a way up and a uuid is read as one (section 4).
pub(crate) fn path_of(login: &str, tried: &str) -> Result<[String; 3], ProviderError> {
    if login.is_empty() || login == "." || login == ".." || is_uuid(login) {
        return Err(rejected(tried, Some("login"), "this login can't be told apart in the paths of the API")
            .hint("give the user another login in the portal."));
    }
    Ok(["v2".to_owned(), "users".to_owned(), login.to_owned()])
}

/// Lets a success through and says what a refusal means.
pub(crate) fn accepted(answer: Answer) -> Result<Answer, ProviderError> {
    match answer.status() {
        403 => Err(answer
            .error(ErrorKind::Denied)
            .hint("only an admin of PacketFabric may do this: use the API key of one.")),
        _ => answer.success(),
    }
}

/// An API key is the token itself.
struct Key {
    key: Credential,
}

#[async_trait]
impl Auth for Key {
    async fn token(&self, exchange: &Exchange<'_>, previous: Option<&Token>) -> Result<Token, ProviderError> {
        if previous.is_some() {
            let (source, url) = (&self.key.source, exchange.url(&["v2"]));
            let said =
                format!("packetfabric refused our API key (401 Unauthorized) at {url}, key from {source}");
            return Err(ProviderError::new(ErrorKind::Denied, "log in", said).hint(
                "the key may have expired or been deleted; make one in the portal, as an admin for apply.",
            ));
        }
        Ok(Token { bearer: self.key.secret.clone(), refresh: None, lasts: None })
    }
}

/// A session of a user, which may end the user's other ones (section 2).
struct UserLogin {
    login: Credential,
    password: Credential,
}

#[async_trait]
impl Auth for UserLogin {
    async fn token(&self, exchange: &Exchange<'_>, _: Option<&Token>) -> Result<Token, ProviderError> {
        let (login, password) = (self.login.secret.expose_secret(), self.password.secret.expose_secret());
        let path = ["v2", "auth", "login"];
        let call = Call::post(&path, "log in").body(json!({ "login": login, "password": password }));
        let answer = exchange.send(call).await?;
        let denied = |said: String| ProviderError::new(ErrorKind::Denied, "log in", said);
        if !answer.is_success() {
            let (url, login, password) = (exchange.url(&path), &self.login.source, &self.password.source);
            return Err(denied(format!(
                "packetfabric refused our log-in ({answer}) at {url}, login from {login}, password from {password}"
            ))
            .hint("check both, or use an API key: `credentials: { apiKey: … }`."));
        }
        let Login { token, mfa_required } = answer.json()?;
        if mfa_required {
            return Err(denied("this user needs a second factor, which a program can't give".to_owned()).hint(
                "make an API key in the portal and use `credentials: { apiKey: … }`; it needs no second factor.",
            ));
        }
        Ok(Token { bearer: SecretString::from(token), refresh: None, lasts: None })
    }
}

fn credential(connection: &Connection, field: &str) -> Result<Credential, ProviderError> {
    connection.credential(field).cloned().ok_or_else(|| {
        let kind = ErrorKind::Rejected { field: Some("credentials".to_owned()) };
        ProviderError::new(kind, "log in", format!("the credential has neither `apiKey` nor `{field}`"))
            .hint("give `credentials: { apiKey: … }` in the Provider's packetfabric block.")
    })
}

/// Our name of the field that a refusal's text speaks of: it starts with a dotted path (section 3).
fn field_of(message: &str) -> Option<&'static str> {
    let (path, _) = message.split_once(": ")?;
    Some(match path.rsplit('.').next()? {
        "first_name" => "firstName",
        "last_name" => "lastName",
        "phone" => "phone",
        "timezone" => "timezone",
        "login" => "login",
        "email" => "email",
        "group" | "groups" => "roles",
        "password" => "password",
        "name" => "displayName",
        "description" => "description",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_that_its_path_ends_in() {
        assert_eq!(field_of("3.email: 'x' is not an 'email'"), Some("email"));
        assert_eq!(field_of("first_name: is longer than 255"), Some("firstName"));
        assert_eq!(field_of("The last admin must stay."), None);
    }
}
