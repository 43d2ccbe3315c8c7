//! What people ask for by annotations.

use std::collections::BTreeSet;

use jiff::Timestamp;
use orgform_model::{ObjectKind, ObjectRef};

use crate::object::Object;

/// Stops all passes of a Provider.
const PAUSED: &str = "orgform.dev/paused";
/// Lets held groups go, or keeps everybody in them: `remove=sha256:…`, `keep=sha256:…`.
const RELEASE: &str = "orgform.dev/release";
/// Agrees to a plan.
const APPROVE: &str = "orgform.dev/approve";
/// On an object that is being deleted: let go of it, touch nobody.
const KEEP: &str = "orgform.dev/keep";

/// On a Member: a time, and names of Accounts. Mails that may have gone out before that time are sent again; those that
/// surely have only in Accounts that are named.
const RESEND: &str = "orgform.dev/resend";
/// On an `ApiKey`: the provider's id of the key that a new one is to replace. The new one has another id, so each is
/// replaced once.
const REMAKE: &str = "orgform.dev/remake";

/// What is to become of held groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Releases {
    /// Digests of groups that may go.
    pub(crate) remove: BTreeSet<String>,
    /// Digests of groups that are let go of and stay at the provider.
    pub(crate) keep: BTreeSet<String>,
    /// What could not be understood.
    pub(crate) unknown: Vec<String>,
}

/// The line that puts one of our annotations on a Provider, for a shell.
pub(crate) fn command(provider: &Object, annotation: &str) -> String {
    line(&provider.key, &format!("orgform.dev/{annotation}"))
}

/// The line that puts one of our annotations, such as `release=keep=sha256:…`, on the Provider of a namespace.
pub fn command_for(namespace: &str, provider: &str, annotation: &str) -> String {
    let (namespace, name) = (Some(namespace.into()), provider.into());
    line(&ObjectRef { kind: ObjectKind::Provider, namespace, name }, &format!("orgform.dev/{annotation}"))
}

/// The line that asks for a key in place of this one.
pub(crate) fn remake_command(key: &ObjectRef, id: &str) -> String {
    line(key, &format!("{REMAKE}={id}"))
}

/// The line that lets a deleted object go without a call.
pub(crate) fn keep_command(object: &ObjectRef) -> String {
    line(object, &format!("{KEEP}=true"))
}

fn line(object: &ObjectRef, annotation: &str) -> String {
    let short = match object.kind {
        ObjectKind::Provider => "oprov",
        ObjectKind::Account => "oacc",
        ObjectKind::Role => "orole",
        ObjectKind::Member => "omem",
        ObjectKind::ApiKey => "okey",
    };
    let namespace = object.namespace.as_deref().unwrap_or_default();
    format!("kubectl annotate {short} {} -n {namespace} --overwrite {annotation}", object.name)
}

/// Which key is to be replaced.
pub(crate) fn remake(key: &Object) -> Option<&str> {
    key.annotations.get(REMAKE).map(|value| value.trim())
}

/// Whether a Provider is paused.
pub(crate) fn is_paused(provider: &Object) -> bool {
    provider.annotations.get(PAUSED).is_some_and(|value| value != "false")
}

/// Whether an object is to be let go of without a call.
pub(crate) fn is_let_go(object: &Object) -> bool {
    object.annotations.get(KEEP).is_some_and(|value| value != "false")
}

/// Before when the last mail must have gone out to be sent again, so that each time that is written asks once; and in
/// which Accounts.
pub(crate) fn resends(member: &Object, now: Timestamp) -> Option<(Timestamp, BTreeSet<&str>)> {
    let mut words = member.annotations.get(RESEND)?.split_whitespace();
    let at: Timestamp = words.next()?.parse().ok()?;
    (at <= now).then(|| (at, words.collect()))
}

/// The digest that somebody agreed to.
pub(crate) fn approved(provider: &Object) -> Option<&str> {
    provider.annotations.get(APPROVE).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// What is to become of held groups.
pub(crate) fn releases(provider: &Object) -> Releases {
    let mut releases = Releases::default();
    let text = provider.annotations.get(RELEASE).map_or("", String::as_str);
    for word in text.split([',', ' ', '\n']).filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some(("remove", digest)) => drop(releases.remove.insert(digest.to_owned())),
            Some(("keep", digest)) => drop(releases.keep.insert(digest.to_owned())),
            _ => releases.unknown.push(word.to_owned()),
        }
    }
    releases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(name: &str, value: &str) -> Object {
        Object {
            annotations: [(name.to_owned(), value.to_owned())].into(),
            ..Object::bare(ObjectRef::of_file(ObjectKind::Provider, "pureport"))
        }
    }

    #[test]
    fn a_release_says_what_becomes_of_each_group() {
        let said = releases(&provider(RELEASE, "remove=sha256:aa, keep=sha256:bb\nsha256:cc"));
        assert_eq!(said.remove, ["sha256:aa".to_owned()].into());
        assert_eq!(said.keep, ["sha256:bb".to_owned()].into());
        assert_eq!(said.unknown, ["sha256:cc"], "a digest alone does not say whether people go or stay");
    }

    #[test]
    fn a_time_that_has_not_come_asks_for_no_mail() {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let asked = |at: &str| resends(&provider(RESEND, at), now).map(|(at, accounts)| (at, accounts.len()));
        assert_eq!(asked("2026-11-23T12:00:00Z acme lab"), Some((now, 2)));
        assert_eq!((asked("2026-11-23T12:00:01Z"), asked("now")), (None, None));
    }

    #[test]
    fn a_provider_is_paused_unless_it_says_false() {
        assert!(is_paused(&provider(PAUSED, "")) && is_paused(&provider(PAUSED, "true")));
        assert!(!is_paused(&provider(PAUSED, "false")) && !is_paused(&provider(RELEASE, "")));
    }
}
