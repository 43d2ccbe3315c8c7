//! A small client for the stories: it sends what it is told and checks the shape of each answer.

use std::sync::Once;

use orgform_sim::pureport::{self, Act, Options, Sim, Switches};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::contract;

/// Who speaks to the simulator.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) http: Client,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    /// The body, after checking the status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Checks status and error code.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: &str) {
        assert_eq!(self.is(status)["code"], code, "{}", self.text);
    }

    /// The id at the end of `Location`.
    #[track_caller]
    pub(crate) fn created(&self) -> String {
        self.is(201);
        self.location.as_deref().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

impl Caller {
    pub(crate) fn nobody(url: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = Client::builder().no_proxy().build().unwrap();
        Caller { http, url: url.to_owned(), token: None }
    }

    /// Logs in with an API key.
    pub(crate) async fn key(url: &str, (key, secret): (&str, &str)) -> Self {
        let mut caller = Caller::nobody(url);
        let granted = caller.post("/login", json!({ "key": key, "secret": secret })).await.is(200);
        caller.token = Some(granted["access_token"].as_str().unwrap().to_owned());
        caller
    }

    /// Signs a user in.
    pub(crate) fn user(sim: &Sim, email: &str) -> Self {
        let signed_in = sim.act(Act::SignIn { email: email.to_owned() }).unwrap();
        Caller { token: signed_in.token, ..Caller::nobody(&sim.url()) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await.unwrap()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let body = body.map(|body| body.to_string());
        let answer = self.raw(method.clone(), path, "application/json", body).await?;
        if !path.starts_with("/__") {
            contract::check(method.as_str(), path, answer.status, &answer.text);
        }
        Ok(answer)
    }

    /// Sends any text; the answer's shape is not checked.
    pub(crate) async fn raw(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<String>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", content_type).body(body);
        }
        let response = request.send().await?;
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Ok(Answer {
            status: response.status().as_u16(),
            location: header("location"),
            retry_after: header("retry-after"),
            text: response.text().await?,
        })
    }

    /// Creates an account below another and returns its id.
    pub(crate) async fn child(&self, parent: &str, name: &str) -> String {
        self.post("/accounts", json!({ "name": name, "parent": account(parent) })).await.created()
    }

    /// Creates a role and returns a link to it.
    pub(crate) async fn role(&self, owner: &str, name: &str, permissions: Value) -> Value {
        let body = json!({ "account": account(owner), "name": name, "permissions": permissions });
        let created = self.post(&format!("/accounts/{owner}/roles"), body).await;
        created.is(201);
        json!({ "href": created.location })
    }

    /// Invites an e-mail.
    pub(crate) async fn invite(&self, to: &str, email: &str, roles: &[Value]) -> Answer {
        let body = json!({ "account": account(to), "email": email, "roles": roles });
        self.post(&format!("/accounts/{to}/invites"), body).await
    }

    /// A link to the predefined Admin role of an account.
    pub(crate) async fn admin_role(&self, owner: &str) -> Value {
        let roles = self.get(&format!("/accounts/{owner}/roles")).await.is(200);
        let admin = roles.as_array().unwrap().iter().find(|role| role["name"] == "Admin").unwrap().clone();
        json!({ "href": admin["href"] })
    }

    /// How many things a list shows.
    pub(crate) async fn count(&self, path: &str) -> usize {
        self.get(path).await.is(200).as_array().unwrap().len()
    }
}

/// A simulator with defaults, an administrator who is logged in, and the root account's id.
pub(crate) async fn world() -> (Sim, Caller, String) {
    world_with(Options::default()).await
}

pub(crate) async fn world_with(options: Options) -> (Sim, Caller, String) {
    let sim = pureport::start(options).await.unwrap();
    let admin = Caller::key(&sim.url(), Sim::admin_key()).await;
    let root = sim.root_id();
    (sim, admin, root)
}

/// The same with switches thrown, such as `known-email=invite`.
pub(crate) async fn switched(switches: &str) -> (Sim, Caller, String) {
    let switches: Switches = switches.parse().unwrap();
    world_with(Options { switches, ..Options::default() }).await
}

pub(crate) fn account(id: &str) -> Value {
    json!({ "href": format!("/accounts/{id}") })
}

pub(crate) fn user(id: &str) -> Value {
    json!({ "href": format!("/users/{id}") })
}

/// Adds a person by hand, with the named roles.
pub(crate) fn add_member(sim: &Sim, account: &str, email: &str, roles: &[&str]) -> String {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    let added = sim.act(Act::AddMember { account: account.to_owned(), email: email.to_owned(), roles });
    added.unwrap().id.unwrap()
}

/// A person accepts what they were invited to.
pub(crate) fn accept(sim: &Sim, email: &str) -> String {
    sim.act(Act::Accept { email: email.to_owned(), account: None }).unwrap().id.unwrap()
}
