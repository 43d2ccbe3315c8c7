//! Hides e-mails, so that a public log holds no personal data.
//!
//! It works at one seam: on the finished view, before it becomes text, JSON or Markdown. Every text of a view
//! passes here, whatever field it is in, so a new field can't be forgotten.

use jiff::Timestamp;
use orgform_model::Value;

use super::view::{
    AbsenceView, AheadView, ChangeView, CostView, DeferredView, DriftView, DriftedView, EndingView,
    EvidenceView, FieldView, HeldView, ItemView, LoserView, MissingSecretView, OutcomeView, PlaceView,
    PlanView, ReachView, ReachedAccountView, RecordView, RefusedView, RenamedView, ReportView, SeenView,
    SubjectView, UnseenView, VerifiedView, WaitingView,
};
use crate::digest::Digest;
use crate::plan::{Cause, ChangeKind};
use crate::report::Left;

/// Hides every e-mail in a view.
pub(super) fn redact(view: &mut impl Texts) {
    view.each_text(&mut |text| *text = redact_text(text));
}

/// Something that has texts in it.
pub(super) trait Texts {
    /// Edits each text, wherever it is.
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String));
}

/// Every field is named: one that is new does not compile until it is here.
macro_rules! texts_in {
    ($($view:ident { $($field:ident),* $(,)? })*) => {$(
        impl Texts for $view {
            fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
                let Self { $($field),* } = self;
                $($field.each_text(edit);)*
            }
        }
    )*};
}

texts_in! {
    PlanView {
        provider, headline, remarks, nothing_to_do, seen, subject, changes, adopted, forgotten, waiting, kept,
        drift, refused, held, released, deferred, renamed, ending, missing_secrets, ahead, unseen, cost, summary, digest, exit_code,
    }
    AheadView { at, says, ending }
    SeenView { accounts, people, calls, seconds, with_state }
    SubjectView { everything, objects, because, gap }
    ChangeView {
        address, account, sign, name, kind, cause, says, gains, loses, fields, notes, reach, mails, place,
        requires, losers,
    }
    FieldView { field, from, to, gains, loses }
    ReachView { says, people, accounts }
    ReachedAccountView { account, people }
    LoserView { account, person, foreseen }
    ItemView { address, thing, says, what, because }
    WaitingView { address, says, since, attempts, note }
    RefusedView { address, says, what, because, next, place }
    HeldView { account, because, losers, says, release, digest, changes }
    DeferredView { address, says, what, because, until }
    RenamedView { from, to, addresses, says, place, patch, edited }
    EndingView { address, says, grant, at }
    MissingSecretView { address, says, next }
    UnseenView { account, because, hint }
    CostView { reads, writes, mails, per_second, seconds }
    ReportView { provider, outcomes, extra, already, adopted, forgotten, mails, complete, summary, verified, left }
    OutcomeView { address, account, sign, name, kind, is, says, next, unknown }
    VerifiedView { is, says, plan }
    DriftView { provider, headline, remarks, changes, unmanaged, unseen, summary, exit_code }
    DriftedView { address, account, name, difference, sign, says, field, then, next, by, record }
    RecordView { at, who, via, from, exact }
    EvidenceView { provider, at, accounts, calls, complete, people, unseen, again, summary }
    AbsenceView { email, gone, places }
    PlaceView { account, was, still, removed_at, says }
}

macro_rules! no_texts_in {
    ($($kind:ty),*) => {$(
        impl Texts for $kind {
            fn each_text(&mut self, _edit: &mut dyn FnMut(&mut String)) {}
        }
    )*};
}

no_texts_in!(bool, u8, u32, usize, f64, Timestamp, Cause, ChangeKind, Left);

impl Texts for String {
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(self);
    }
}

impl<T: Texts> Texts for Option<T> {
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|one| one.each_text(edit));
    }
}

impl<T: Texts> Texts for Box<T> {
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        self.as_mut().each_text(edit);
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|one| one.each_text(edit));
    }
}

impl<T: Texts> Texts for [T; 2] {
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|one| one.each_text(edit));
    }
}

impl Texts for Value {
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        let edited = |mut text: String, edit: &mut dyn FnMut(&mut String)| {
            edit(&mut text);
            text
        };
        match self {
            Self::Flag(_) => {}
            Self::Text(text) => edit(text),
            Self::Set(set) => *set = std::mem::take(set).into_iter().map(|item| edited(item, edit)).collect(),
            Self::Map(map) => {
                let pairs = std::mem::take(map).into_iter();
                *map = pairs.map(|(key, value)| (edited(key, edit), edited(value, edit))).collect();
            }
        }
    }
}

/// Replaces each e-mail in a text by a short form of it.
///
/// `ada@acme.example` becomes `a…7be4@acme.example`: the first letter and four digits of a hash, so that the
/// same person looks the same in every run, and the domain, which tells a guest from a colleague.
pub fn redact_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let local = &before[local_start(before)..];
        let domain = &after[..domain_end(after)];
        out.push_str(&before[..before.len() - local.len()]);
        if local.is_empty() || domain.is_empty() || is_redacted(local) {
            out.push_str(local);
            out.push('@');
            out.push_str(domain);
        } else {
            out.push_str(&short_form(local, domain));
        }
        rest = &after[domain.len()..];
    }
    out.push_str(rest);
    out
}

fn local_start(before: &str) -> usize {
    if let Some(quoted) = before.strip_suffix('"') {
        return quoted.rfind('"').unwrap_or(quoted.len());
    }
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, character)| is_local(*character))
        .last()
        .map_or(before.len(), |(index, _)| index);
    // An apostrophe inside is a letter of O'Brien, one in front is a quotation mark.
    start + before[start..].len() - before[start..].trim_start_matches('\'').len()
}

fn is_local(character: char) -> bool {
    character.is_alphanumeric() || ".!#$%&'*+-?^_~…".contains(character)
}

fn domain_end(after: &str) -> usize {
    let end = after
        .find(|character: char| !(character.is_alphanumeric() || "-._".contains(character)))
        .unwrap_or(after.len());
    after[..end].trim_end_matches(['.', '-', '_']).len()
}

fn is_redacted(local: &str) -> bool {
    local
        .split_once('…')
        .is_some_and(|(_, hash)| hash.len() == 4 && hash.chars().all(|digit| digit.is_ascii_hexdigit()))
}

fn short_form(local: &str, domain: &str) -> String {
    let first = local.trim_start_matches('"').chars().next().unwrap_or('?').to_lowercase();
    let whole = format!("{local}@{domain}").to_lowercase();
    let digest = Digest::of(&whole);
    let hash = digest.as_str().get(7..11).unwrap_or_default();
    format!("{first}…{hash}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_has_the_same_short_form_everywhere() {
        let ada = redact_text("ada@acme.example");
        assert_eq!(ada, redact_text("Ada@Acme.example").replace("Acme", "acme"));
        assert_eq!(
            redact_text("pureport/acme:member/ada@acme.example"),
            format!("pureport/acme:member/{ada}")
        );
        assert_eq!(redact_text("owner=ada@acme.example, x"), format!("owner={ada}, x"));
        assert_eq!(redact_text("said 'ada@acme.example'."), format!("said '{ada}'."));
        assert_eq!(redact_text("<ada@acme.example>"), format!("<{ada}>"));
    }

    #[test]
    fn two_people_of_one_domain_look_different() {
        assert_ne!(redact_text("ada@acme.example"), redact_text("alan@acme.example"));
    }

    #[test]
    fn nothing_of_an_unusual_name_is_left() {
        for (email, left) in
            [("o'brien@x.example", "brien"), ("a+tag@x.example", "tag"), ("\"ada smith\"@x.example", "smith")]
        {
            assert!(!redact_text(email).contains(left), "{email}: {}", redact_text(email));
        }
        assert!(!redact_text("zoë.größe@bücher.example").contains("größe"));
    }

    #[test]
    fn what_is_no_email_stays() {
        for text in ["", "@", "a @ b", "@team", "role 12@", "sha256:12ab", "networks: update"] {
            assert_eq!(redact_text(text), text);
        }
    }

    #[test]
    fn redacting_twice_changes_nothing_more() {
        let once = redact_text("ada@acme.example and alan@b.example");
        assert_eq!(redact_text(&once), once);
    }
}
