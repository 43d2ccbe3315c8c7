//! Conditions in the form of kstatus: `Ready` always, `Reconciling` and `Stalled` only while they hold. Pure.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use orgform_spec::crd::{Condition, condition};
use serde::{Deserialize, Serialize};

use crate::object::Object;

/// How many bytes of a message are shown.
const LONGEST: usize = 8000;

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

    /// Whether it is another thing than the object's status says: another reason, or about another digest.
    pub(crate) fn is_news(&self, object: &Object) -> bool {
        let ready = before(object).into_iter().find(|one| one.type_ == condition::READY);
        ready.is_none_or(|said| {
            said.reason != self.reason || digests(&said.message) != digests(&cut(&self.message, LONGEST))
        })
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
                message: cut(&message, LONGEST),
                observed_generation: Some(object.generation),
                last_transition_time: same.map_or(Time(now), |one| one.last_transition_time.clone()),
            }
        };
        all.into_iter().map(as_condition).collect()
    }
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

/// A text with a capital at its beginning, unless that is an address, a name or code rather than a word.
pub(crate) fn capitalized(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    match word.trim_end_matches([',', ':', ';', '.']).chars().all(char::is_alphabetic) {
        true => format!("{}{rest}", first.to_uppercase()),
        false => text.to_owned(),
    }
}

/// The digests that a text names.
fn digests(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    words.filter(|word| word.starts_with("sha256:")).collect()
}

fn before(object: &Object) -> Vec<Condition> {
    #[derive(Default, Deserialize)]
    struct Status {
        #[serde(default)]
        conditions: Vec<Condition>,
    }
    object.status.read::<Status>().unwrap_or_default().conditions
}

#[cfg(test)]
mod tests {
    use orgform_model::{ObjectKind, ObjectRef};

    use super::*;

    /// A Provider whose status says this.
    fn saying(said: &Standing) -> Object {
        let mut provider = Object::bare(ObjectRef::of_file(ObjectKind::Provider, "pureport"));
        let conditions = said.conditions(&provider, Timestamp::UNIX_EPOCH);
        provider.status = crate::status::Status::new(&serde_json::json!({ "conditions": conditions }));
        provider
    }

    #[test]
    fn a_sentence_begins_with_a_capital_and_an_address_stays_as_it_is() {
        assert_eq!(capitalized("no such role: reader"), "No such role: reader");
        assert_eq!(capitalized("über, x"), "Über, x");
        for stays in ["ada@acme.example is declared twice", "`roles` is empty", "read-only is no role", ""] {
            assert_eq!(capitalized(stays), stays);
        }
    }

    #[test]
    fn another_digest_is_news_and_other_words_are_not() {
        let held = |said: &str| Standing::new(Stand::Stalled, "Held", said);
        let provider = saying(&held("2 people. Release it: `orgform.dev/release=keep=sha256:aa`."));
        assert!(!held("3 people (sha256:aa).").is_news(&provider), "an Event per pass would be too many");
        assert!(held("2 people. Release it: `orgform.dev/release=keep=sha256:ab`.").is_news(&provider));
        assert!(Standing::new(Stand::Ready, "AsDeclared", "sha256:aa").is_news(&provider));
    }
}
