//! Stories of edits in place: the span changes, and nothing else.

use std::collections::BTreeSet;

use orgform_model::Email;
use orgform_spec::{Edited, NotEdited, Renaming, rename_people};

use crate::worlds::{acme, member, objects, texts};

fn renaming(from: &str, to: &str) -> Renaming {
    Renaming { provider: "pureport".into(), from: Email::new(from), to: Email::new(to) }
}

/// What becomes of a file when Ada is Byron now.
fn edited(text: &str) -> Result<Option<String>, NotEdited> {
    let documents = texts(&[("acme.yaml", &acme()), ("more.yaml", text)]);
    let renamings = BTreeSet::from([renaming("ada@acme.example", "byron@acme.example")]);
    let Edited { texts, places } = rename_people(&documents, &renamings)?;
    assert_eq!(texts.is_empty(), places.is_empty());
    Ok(texts.get("more.yaml").cloned())
}

fn ada(email: &str) -> String {
    objects(&[&member("ada", email, &["acme: admin"])])
}

#[test]
fn quotes_comments_and_line_ends_stay_as_they_are() {
    for form in [
        "ada@acme.example",
        "Ada@Acme.example",
        "\"ada@acme.example\"",
        "'ada@acme.example'",
        "ada@acme.example   # since 2019, see #7",
        "&mail ada@acme.example",
        ">-\n    ada@acme.example",
    ] {
        for end in ["\n", "\r\n"] {
            let text = ada(form).replace('\n', end);
            let wanted = text.replace("ada@acme.example", "byron@acme.example");
            let wanted = wanted.replace("Ada@Acme.example", "byron@acme.example");
            assert_eq!(edited(&text).unwrap(), Some(wanted), "{form}");
        }
    }
}

#[test]
fn what_needs_quotes_gets_them() {
    let documents = texts(&[("acme.yaml", &acme()), ("more.yaml", &ada("ada@acme.example"))]);
    let renamings = BTreeSet::from([renaming("ada@acme.example", "007@acme.example")]);
    let Edited { texts, .. } = rename_people(&documents, &renamings).unwrap();
    assert!(texts["more.yaml"].contains("email: \"007@acme.example\"\n"), "{}", texts["more.yaml"]);
}

#[test]
fn the_same_address_elsewhere_in_the_text_is_not_touched() {
    let text = objects(&[
        "# ada@acme.example is in charge.\nkind: Account\nmetadata: { name: sub }\nspec:\n  parentRef: { name: acme }\n  \
         technicalContacts: [ada@acme.example]\n  description: Ask ada@acme.example",
        &member("ada", "ada@acme.example", &["sub: admin"]),
        &member("adam", "adam@acme.example", &["sub: admin"]),
    ]);
    let wanted = text.replace("  email: ada@acme.example", "  email: byron@acme.example");
    assert_eq!(edited(&text).unwrap(), Some(wanted));
}

#[test]
fn every_object_of_the_person_is_edited_and_what_has_an_error_is_not() {
    let text = objects(&[
        &member("ada", "ada@acme.example", &["acme: admin"]),
        &member("ada-in-lab", "ADA@acme.example", &["lab: admin"]),
    ]);
    let both = edited(&text).unwrap().unwrap();
    assert_eq!(both.matches("email: byron@acme.example").count(), 2);
    assert_eq!(edited(&member("ada", "bob@acme.example", &["acme: admin"])).unwrap(), None);
}

#[test]
fn a_provider_s_safety_follows_and_another_provider_s_does_not() {
    let provider = |name: &str| {
        format!(
            "kind: Provider\nmetadata: {{ name: {name} }}\nspec:\n  pureport: {{ simulator: {{}} }}\n  \
             runsAs: ada@acme.example\n  safety:\n    admins: {{ required: [ada@acme.example] }}\n    \
             protected:\n      - ceo@acme.example\n      - ada@acme.example"
        )
    };
    let documents = texts(&[("acme.yaml", &objects(&[&provider("pureport"), &provider("other")]))]);
    let renamings = BTreeSet::from([renaming("ada@acme.example", "byron@acme.example")]);
    let Edited { texts, places } = rename_people(&documents, &renamings).unwrap();
    assert_eq!(places.len(), 3);
    let (first, second) = texts["acme.yaml"].split_once("name: other").unwrap();
    assert_eq!((first.matches("byron@").count(), second.matches("byron@").count()), (3, 0));
}

#[test]
fn two_who_swap_are_edited_at_once() {
    let text = objects(&[
        &member("ada", "ada@acme.example", &["acme: admin"]),
        &member("bob", "bob@acme.example", &["acme: admin"]),
    ]);
    let documents = texts(&[("acme.yaml", &acme()), ("more.yaml", &text)]);
    let renamings = BTreeSet::from([
        renaming("ada@acme.example", "bob@acme.example"),
        renaming("bob@acme.example", "ada@acme.example"),
    ]);
    let Edited { texts, .. } = rename_people(&documents, &renamings).unwrap();
    let swapped = text.replace("ada@", "X@").replace("bob@", "ada@").replace("X@", "bob@");
    assert_eq!(texts["more.yaml"], swapped);
}

#[test]
fn what_can_not_be_edited_in_place_is_told_with_its_place() {
    let escaped = ada("\"ada\\u0040acme.example\"");
    let Err(NotEdited::Form(place)) = edited(&escaped) else { panic!("{:?}", edited(&escaped)) };
    assert_eq!((&*place.file, place.line), ("more.yaml", 6));
}
