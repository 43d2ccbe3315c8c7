//! Makes Xarios' calls, and says what each refusal means.

use orgform_http::{Answer, Call, Client, Options, Said};
use orgform_provider::{Connection, ErrorKind, ProviderError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ACCEPT_CHARGES;
use crate::approval::Approval;
use crate::semantics::CAPABILITIES;
use crate::wire::{Envelope, Refusal};

/// What each path begins with (xarios contract, section 3).
const BASE: [&str; 2] = ["api", "v1.0"];
/// The largest page, which is also the default one (section 5).
const PAGE: usize = 1000;

/// What paths are made of, ids aside.
const WORDS: &[&str] =
    &["api", "v1.0", "accounts", "connect", "customers", "sendActivationEmail", "token", "users"];

/// How the client behaves: Xarios' rate and its form of refusals (xarios contract, section 4).
pub fn options() -> Options {
    let options = Options::new(CAPABILITIES.rate, |body| {
        let Refusal { error, message, error_code } = serde_json::from_slice(body).unwrap_or_default();
        Said { code: error_code.or_else(|| error.as_str().map(str::to_owned)), message, field: None }
    });
    Options { words: WORDS, ..options }
}

/// Xarios' calls.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    accepts_charges: bool,
}

impl Api {
    pub(crate) fn connect(connection: &Connection, options: Options) -> Result<Self, ProviderError> {
        let auth = Approval::of(connection)?;
        let accepts_charges = connection.agreed.contains(ACCEPT_CHARGES);
        Ok(Self { http: Client::new(connection, options, std::sync::Arc::new(auth))?, accepts_charges })
    }

    /// The same, with a count of its own.
    pub(crate) fn counted(&self) -> Self {
        Self { http: self.http.counted(), accepts_charges: self.accepts_charges }
    }

    pub(crate) fn calls(&self) -> u32 {
        self.http.calls()
    }

    /// Reads one object, or a list that has no pages.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        path: &[&str],
        tried: &str,
    ) -> Result<T, ProviderError> {
        let answer = self.http.send(Call::get(&whole(path), tried)).await?;
        Ok(accepted(answer)?.json::<Envelope<T>>()?.data)
    }

    /// Reads one object; none if it is not there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        path: &[&str],
        tried: &str,
    ) -> Result<Option<T>, ProviderError> {
        let answer = self.http.send(Call::get(&whole(path), tried)).await?;
        if answer.status() == 404 {
            return Ok(None);
        }
        Ok(Some(accepted(answer)?.json::<Envelope<T>>()?.data))
    }

    /// Reads all pages of a list. None says how many there are: one that is shorter than asked is the last (section
    /// 5).
    pub(crate) async fn pages<T: DeserializeOwned>(
        &self,
        path: &[&str],
        tried: &str,
    ) -> Result<Vec<T>, ProviderError> {
        let mut all = Vec::new();
        for index in 0.. {
            let call = Call::get(&whole(path), tried);
            let call = call.query("pageIndex", index.to_string()).query("pageSize", PAGE.to_string());
            let page: Envelope<Vec<T>> = accepted(self.http.send(call).await?)?.json()?;
            let is_last = page.data.len() < PAGE;
            all.extend(page.data);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Makes something, which may cost money. Whatever the answer.
    pub(crate) async fn post(
        &self,
        path: &[&str],
        body: Value,
        tried: &str,
    ) -> Result<Answer, ProviderError> {
        self.http.send(self.charged(Call::post(&whole(path), tried).body(body))).await
    }

    /// Asks for something to be done, without a body. Whatever the answer.
    pub(crate) async fn ask(&self, path: &[&str], tried: &str) -> Result<Answer, ProviderError> {
        self.http.send(Call::post(&whole(path), tried)).await
    }

    /// Changes something by a JSON Patch, which applies wholly or not at all. Whatever the answer.
    pub(crate) async fn patch(
        &self,
        path: &[&str],
        patch: Value,
        tried: &str,
    ) -> Result<Answer, ProviderError> {
        self.http.send(self.charged(Call::patch(&whole(path), tried).body(patch))).await
    }

    /// Deletes something; what is gone already is as good.
    pub(crate) async fn delete(&self, path: &[&str], tried: &str) -> Result<(), ProviderError> {
        let answer = self.http.send(Call::delete(&whole(path), tried)).await?;
        if answer.status() != 404 {
            accepted(answer)?;
        }
        Ok(())
    }

    /// Costs are accepted only where the manifest does so.
    fn charged(&self, call: Call) -> Call {
        if self.accepts_charges { call.header("accept-charges", "true") } else { call }
    }
}

/// Lets a success through and says what a refusal means.
pub(crate) fn accepted(answer: Answer) -> Result<Answer, ProviderError> {
    let charges = answer.said().message.as_deref().is_some_and(|said| said.contains("accept-charges"));
    match answer.status() {
        403 => Err(answer
            .error(ErrorKind::Denied)
            .hint("approve as somebody who has `onboarding.admin` and may manage what is declared.")),
        400 if charges => {
            let kind = ErrorKind::Rejected { field: Some(ACCEPT_CHARGES.to_owned()) };
            Err(answer.error(kind).hint(
                "this costs money: write `acceptCharges: true` in the Provider's xarios block if that is right.",
            ))
        }
        _ => answer.success(),
    }
}

fn whole<'a>(path: &[&'a str]) -> Vec<&'a str> {
    BASE.iter().chain(path).copied().collect()
}
