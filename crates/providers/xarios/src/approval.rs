//! Logs in: by the refresh token of an approval that somebody gave once (xarios contract, section 3).
//!
//! The refresh token is replaced at each use. It is taken from the store for one use, so that no two runs use the
//! same one, and its successor is in the store before the access token is used for anything. What can't be saved
//! is an answer that never came: then nobody has the successor, and somebody has to approve again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgform_http::{Auth, Call, Exchange, Token, redact};
use orgform_provider::{Connection, Credential, ErrorKind, ProviderError, Sent, Tokens};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::wire::Granted;

/// Where approvals are given and tokens refreshed (xarios contract, section 3).
pub const LOGIN: &str = "https://login.xarios.cloud";

const PATH: [&str; 2] = ["connect", "token"];

/// An approval, and the client that it was given to.
pub(crate) struct Approval {
    client_id: Credential,
    client_secret: Credential,
    first: Credential,
    login: Url,
    tokens: Arc<dyn Tokens>,
}

/// Why a token was not given.
enum Refused {
    /// The refresh token is good no more.
    Spent(String),
    Other(ProviderError),
}

impl Approval {
    pub(crate) fn of(connection: &Connection) -> Result<Self, ProviderError> {
        Ok(Self {
            client_id: credential(connection, "clientId")?,
            client_secret: credential(connection, "clientSecret")?,
            first: credential(connection, "refreshToken")?,
            login: login(connection)?,
            tokens: Arc::clone(&connection.tokens),
        })
    }

    async fn refresh(
        &self,
        exchange: &Exchange<'_>,
        refresh_token: &SecretString,
    ) -> Result<Granted, Refused> {
        let (id, secret) = (&self.client_id.secret, &self.client_secret.secret);
        let call = Call::post(&PATH, "log in")
            .at(self.login.clone())
            .form(&[
                ("grant_type", "refresh_token"),
                ("client_id", id.expose_secret()),
                ("client_secret", secret.expose_secret()),
                ("refresh_token", refresh_token.expose_secret()),
            ])
            .secret(refresh_token.clone());
        let answer = exchange.send(call).await.map_err(|error| Refused::Other(unanswered(error)))?;
        if answer.is_success() {
            return answer.json().map_err(Refused::Other);
        }
        let url = format!("{}/{}", redact::url(&self.login), PATH.join("/"));
        let said = format!("xarios refused our log-in ({answer}) at {url}");
        match answer.code() {
            "invalid_grant" => Err(Refused::Spent(said)),
            _ => {
                let (id, secret) = (&self.client_id.source, &self.client_secret.source);
                let said = format!("{said}, client id from {id}, client secret from {secret}");
                let error = ProviderError::new(ErrorKind::Denied, "log in", said);
                Err(Refused::Other(error.hint("the vendor gives out client ids and secrets; check both.")))
            }
        }
    }

    fn spent(&self, said: &str) -> ProviderError {
        let said = format!("{said}, refresh token that came of the one from {}", self.first.source);
        ProviderError::new(ErrorKind::Denied, "log in", said).hint(format!(
            "the approval was taken back, or its refresh token was used elsewhere or by a run that was interrupted: \
             approve again in the portal, and give the new refresh token as {}.",
            self.first.source
        ))
    }
}

#[async_trait]
impl Auth for Approval {
    async fn token(
        &self,
        exchange: &Exchange<'_>,
        _previous: Option<&Token>,
    ) -> Result<Token, ProviderError> {
        let not_kept = |because: String| {
            let said = format!("the refresh token is kept in a store of our own, {because}");
            ProviderError::new(ErrorKind::Denied, "log in", said)
        };
        let first = &self.first.secret;
        let mut taken = self.tokens.take(first).await.map_err(not_kept)?;
        let granted = match self.refresh(exchange, taken.token()).await {
            Err(Refused::Spent(_)) if taken.token().expose_secret() != first.expose_secret() => {
                // The one in the store is good no more, so nothing is lost by trying the one that was given to us:
                // a server that was made anew may know it.
                self.refresh(exchange, first).await
            }
            outcome => outcome,
        };
        let granted = granted.map_err(|refused| match refused {
            Refused::Spent(said) => self.spent(&said),
            Refused::Other(error) => error,
        })?;
        if let Some(next) = granted.refresh_token {
            taken.replace(&SecretString::from(next)).map_err(not_kept)?;
        }
        Ok(Token {
            bearer: SecretString::from(granted.access_token),
            refresh: None,
            lasts: granted.expires_in.map(Duration::from_secs),
        })
    }
}

/// Without an answer nobody knows whether the token was used.
fn unanswered(error: ProviderError) -> ProviderError {
    if error.sent != Sent::Unknown {
        return error;
    }
    let hint = "run again; if the log-in is refused then, the refresh token was used up and its successor lost: \
                approve again in the portal.";
    ProviderError { sent: Sent::No, ..error }.hint(hint)
}

/// Where to log in: as the manifest says, else at the vendor's own for the vendor's own hosts, else at the server
/// that we were told to use. So a secret never goes to a host that nobody named.
fn login(connection: &Connection) -> Result<Url, ProviderError> {
    if let Some(login) = &connection.login {
        return Ok(login.clone());
    }
    let host = connection.endpoint.host_str().unwrap_or_default();
    let vendors = ["myreports.cloud", "xarios.cloud"];
    if !vendors.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))) {
        return Ok(connection.endpoint.clone());
    }
    Url::parse(LOGIN).map_err(|error| ProviderError::new(ErrorKind::Protocol, "log in", error.to_string()))
}

fn credential(connection: &Connection, field: &str) -> Result<Credential, ProviderError> {
    connection.credential(field).cloned().ok_or_else(|| {
        let kind = ErrorKind::Rejected { field: Some("credentials".to_owned()) };
        ProviderError::new(kind, "log in", format!("the credential has no `{field}`"))
            .hint("give `credentials: { clientId: …, clientSecret: …, refreshToken: … }` in the Provider's xarios block.")
    })
}

#[cfg(test)]
mod tests {
    use orgform_provider::{NoSecrets, TokensInMemory};

    use super::*;

    fn login_at(endpoint: &str, said: Option<&str>) -> String {
        let connection = Connection {
            endpoint: endpoint.parse().unwrap(),
            credentials: vec![],
            user_agent: String::new(),
            other_credentials: vec![],
            secrets: Arc::new(NoSecrets),
            login: said.map(|url| url.parse().unwrap()),
            agreed: Default::default(),
            tokens: Arc::new(TokensInMemory::default()),
            calls: Arc::new(orgform_provider::NoCalls),
        };
        login(&connection).unwrap().to_string()
    }

    #[test]
    fn a_secret_goes_to_the_vendor_only_for_the_vendors_own_hosts() {
        assert_eq!(login_at("https://api.eu.myreports.cloud", None), "https://login.xarios.cloud/");
        assert_eq!(login_at("http://127.0.0.1:4010", None), "http://127.0.0.1:4010/");
        assert_eq!(login_at("https://evilmyreports.cloud", None), "https://evilmyreports.cloud/");
        assert_eq!(
            login_at("https://api.eu.myreports.cloud", Some("https://login.example")),
            "https://login.example/"
        );
    }
}
