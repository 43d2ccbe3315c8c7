//! Conditions in the form of kstatus: `Ready` always, `Reconciling` and `Stalled` only while they hold. Pure.

use std::borrow::Cow;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use orgform_spec::crd::{Condition, condition};
use serde::{Deserialize, Serialize};

use crate::object::Object;

/// How something stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stand {
    /// As declared.
    Ready,
    /// Not yet; comes by itself.
    Coming,
    /// Not, and does not come by itself.
    Stalled,
}

/// How an object stands, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// How.
    pub(crate) stand: Stand,
    /// Why, in one word.
    pub(crate) reason: Cow<'static, str>,
    /// The same for people, and what to do.
    pub(crate) message: String,
    /// Other conditions: type, whether it holds, reason, message.
    #[serde(skip)]
    pub(crate) more: Vec<(&'static str, bool, Cow<'static, str>, String)>,
}

impl Standing {
    /// A standing of one sentence.
    pub(crate) fn new(stand: Stand, reason: &'static str, message: impl Into<String>) -> Self {
        Self { stand, reason: reason.into(), message: message.into(), more: vec![] }
    }

    /// The conditions; one that stays as it was keeps its time.
    pub(crate) fn conditions(&self, object: &Object, now: Timestamp) -> Vec<Condition> {
        let Self { stand, reason, message, more } = self;
        let ready = *stand == Stand::Ready;
        let mut all = vec![(condition::READY, ready, reason.clone(), message.clone())];
        match stand {
            Stand::Ready => {}
            Stand::Coming => all.push((condition::RECONCILING, true, reason.clone(), message.clone())),
            Stand::Stalled => all.push((condition::STALLED, true, reason.clone(), message.clone())),
        }
        all.extend(more.iter().cloned());
        let before = before(object);
        let as_condition = |(type_, holds, reason, message): (&str, bool, Cow<'static, str>, String)| {
            let status = if holds { "True" } else { "False" };
            let same = before.iter().find(|one| one.type_ == type_ && one.status == status);
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: reason.into_owned(),
                message: cut(&message, 8000),
                observed_generation: Some(object.generation),
                last_transition_time: same.map_or(Time(now), |one| one.last_transition_time.clone()),
            }
        };
        all.into_iter().map(as_condition).collect()
    }
}

/// The reason of the `Ready` condition that an object has now.
pub(crate) fn reason_now(object: &Object) -> Option<String> {
    before(object).into_iter().find(|one| one.type_ == condition::READY).map(|one| one.reason)
}

/// A text of at most so many bytes.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most.saturating_sub(3);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

fn before(object: &Object) -> Vec<Condition> {
    #[derive(Default, Deserialize)]
    struct Status {
        #[serde(default)]
        conditions: Vec<Condition>,
    }
    if object.status.is_null() {
        return vec![];
    }
    Status::deserialize(&*object.status).unwrap_or_default().conditions
}
