//! A small client for the stories.

use std::sync::Once;

use orgform_sim::xarios::{self, Approval, Options, Sim, Switches};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Who speaks to the simulator.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) http: Client,
    pub(crate) url: String,
    token: Option<String>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The whole body, after checking the status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// What is in the envelope.
    #[track_caller]
    pub(crate) fn data(&self, status: u16) -> Value {
        self.is(status)["data"].clone()
    }

    /// Checks the status and that the message of the error says this.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, message: &str) {
        let body = self.is(status);
        assert_eq!((&body["error"], &body["status"]), (&json!(status), &json!("error")));
        assert!(body["message"].as_str().unwrap().contains(message), "{body}");
    }
}

impl Caller {
    pub(crate) fn nobody(sim: &Sim) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Caller { http, url: sim.url(), token: None }
    }

    pub(crate) fn with(sim: &Sim, token: &str) -> Self {
        Caller { token: Some(token.to_owned()), ..Caller::nobody(sim) }
    }

    /// Logs in with an approval.
    pub(crate) async fn approved(sim: &Sim, approval: Approval) -> Self {
        let granted = Caller::nobody(sim).refresh(approval, approval.refresh_token).await.is(200);
        Caller::with(sim, granted["access_token"].as_str().unwrap())
    }

    /// Exchanges a refresh token.
    pub(crate) async fn refresh(&self, approval: Approval, refresh_token: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", approval.client_id),
            ("client_secret", approval.client_secret),
            ("refresh_token", refresh_token),
        ];
        self.form(&form).await
    }

    /// Asks the log-in service.
    pub(crate) async fn form(&self, form: &[(&str, &str)]) -> Answer {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(format!("{}/connect/token", self.url));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let response = request.send().await.unwrap();
        Answer { status: response.status().as_u16(), text: response.text().await.unwrap() }
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

    /// Adds a user and returns their id.
    pub(crate) async fn add(&self, tenant: &str, email: &str, roles: &[&str]) -> String {
        let body = json!({ "email": email, "displayName": email, "roles": roles });
        let made = self.post(&format!("/accounts/{tenant}/users"), body).await.data(201);
        made["id"].as_str().unwrap().to_owned()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}/api/v1.0{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        Answer { status: response.status().as_u16(), text: response.text().await.unwrap() }
    }
}

/// A simulator with defaults, somebody who may write, and the first account's id.
pub(crate) async fn world() -> (Sim, Caller, String) {
    switched("").await
}

/// The same with switches thrown, such as `known-email=refused`.
pub(crate) async fn switched(switches: &str) -> (Sim, Caller, String) {
    let switches: Switches = switches.parse().unwrap();
    let sim = xarios::start(Options { switches, ..Options::default() }).await.unwrap();
    let admin = Caller::approved(&sim, Sim::admin()).await;
    let account = sim.first_account();
    (sim, admin, account)
}
