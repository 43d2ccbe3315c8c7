//! A small client for the stories.

use std::sync::Once;

use orgform_sim::packetfabric::{self, Options, Sim, Switches};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Who speaks to the simulator.
#[derive(Clone)]
pub(crate) struct Caller {
    http: Client,
    url: String,
    authorization: Option<String>,
}

/// What came back.
pub(crate) struct Answer {
    status: u16,
    text: String,
}

impl Answer {
    /// The body, after checking the status; an error names its request.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let body: Value = serde_json::from_str(&self.text).unwrap_or(Value::Null);
        if status >= 400 {
            assert!(body["message"].is_string() && body["request_id"].is_string(), "{body}");
        }
        body
    }

    /// Checks the status and that the message of the error says this.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, message: &str) {
        let body = self.is(status);
        assert!(body["message"].as_str().unwrap().contains(message), "{body}");
    }
}

impl Caller {
    pub(crate) fn nobody(sim: &Sim) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Caller { http: Client::builder().no_proxy().build().unwrap(), url: sim.url(), authorization: None }
    }

    pub(crate) fn with(sim: &Sim, token: &str) -> Self {
        Caller { authorization: Some(format!("Bearer {token}")), ..Caller::nobody(sim) }
    }

    pub(crate) fn bare(sim: &Sim, token: &str) -> Self {
        Caller { authorization: Some(token.to_owned()), ..Caller::nobody(sim) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// The flags of each invite for an e-mail: sign-up completed, user created.
    pub(crate) async fn flags(&self, email: &str) -> Vec<(bool, bool)> {
        let invites = self.get("/v2/team-invites").await.is(201);
        let of_email = invites.as_array().unwrap().iter().filter(|invite| invite["email"] == email);
        let flag = |invite: &Value, name: &str| invite[name].as_bool().unwrap();
        of_email.map(|invite| (flag(invite, "signup_completed"), flag(invite, "user_created"))).collect()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        Answer { status: response.status().as_u16(), text: response.text().await.unwrap() }
    }
}

/// A simulator with defaults and somebody with an admin's key.
pub(crate) async fn world() -> (Sim, Caller) {
    switched("").await
}

/// The same with switches thrown, such as `recreate=409`.
pub(crate) async fn switched(switches: &str) -> (Sim, Caller) {
    let switches: Switches = switches.parse().unwrap();
    let sim = packetfabric::start(Options { switches, ..Options::default() }).await.unwrap();
    let admin = Caller::with(&sim, Sim::admin_key());
    (sim, admin)
}

/// What makes a user.
pub(crate) fn ada() -> Value {
    json!({
        "login": "ada@acme.example", "email": "ada@acme.example", "password": "correct horse",
        "first_name": "Ada", "last_name": "Lovelace", "phone": "+44 20 7946 0000 x12",
        "timezone": "Europe/London", "group": "regular",
    })
}
