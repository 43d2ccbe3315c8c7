//! `metadata.name`s from what things are called: valid, unique, and the same for the same world.
//!
//! A name is the slug of a display name or of the part of an e-mail before the `@`. Where several want one slug,
//! a rule of the kind says who has it; the others get a longer one that says whose they are, then a number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgform_model::ObjectKind;

/// The longest slug: room for a number within the 63 characters of a label.
const LONGEST: usize = 56;

/// Names that are taken, by kind.
pub(crate) struct Names(BTreeMap<ObjectKind, BTreeSet<Arc<str>>>);

impl Names {
    pub(crate) fn new(taken: &BTreeMap<ObjectKind, BTreeSet<Arc<str>>>) -> Self {
        Self(taken.clone())
    }

    /// Keeps a name from being given.
    pub(crate) fn reserve(&mut self, kind: ObjectKind, name: &str) {
        self.0.entry(kind).or_default().insert(name.into());
    }

    /// Gives the first of these that is free, else the last one with a number.
    pub(crate) fn give(&mut self, kind: ObjectKind, wanted: &[String]) -> Arc<str> {
        let taken = self.0.entry(kind).or_default();
        let last = wanted.last().map_or("unnamed", String::as_str);
        let numbered = (2..).map(|number| format!("{last}-{number}"));
        let fits = |name: &String| name.len() <= 253 && !taken.contains(&**name);
        // There is always another number.
        let name = wanted.iter().cloned().chain(numbered).find(fits).unwrap_or_else(|| last.to_owned());
        let name: Arc<str> = name.into();
        taken.insert(name.clone());
        name
    }
}

/// Lower case letters, digits and `-`; empty if nothing of the text can be kept.
pub(crate) fn slug(text: &str) -> String {
    kept(text, |_| false)
}

/// The same for e-mails, whose dots can stay.
pub(crate) fn dotted_slug(text: &str) -> String {
    let slug = kept(text, |character| character == '.');
    let labels: Vec<&str> = slug.split('.').map(|label| label.trim_matches('-')).collect();
    labels.into_iter().filter(|label| !label.is_empty()).collect::<Vec<_>>().join(".")
}

/// A slug of a thing that is called so; of one whose name has no letter to keep, a short mark that stands for it.
pub(crate) fn slug_or_mark(slug: String, text: &str, what: &str) -> String {
    if slug.is_empty() { format!("{what}-{}", mark(text)) } else { slug }
}

fn kept(text: &str, also: impl Fn(char) -> bool) -> String {
    let mut slug = String::new();
    for character in text.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() || also(character) {
            slug.push(character);
        } else if let Some(plain) = plain(character) {
            slug.push_str(plain);
        } else if character != '\'' && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    slug.trim_matches(|character| character == '-' || character == '.').to_owned()
}

/// A Latin letter without what is added to it.
fn plain(letter: char) -> Option<&'static str> {
    const LETTERS: &[(&str, &str)] = &[
        ("àáâãåāăą", "a"),
        ("äæ", "ae"),
        ("çćĉċč", "c"),
        ("ďđð", "d"),
        ("èéêëēĕėęě", "e"),
        ("ĝğġģ", "g"),
        ("ĥħ", "h"),
        ("ìíîïĩīĭįı", "i"),
        ("ĵ", "j"),
        ("ķ", "k"),
        ("ĺļľŀł", "l"),
        ("ñńņňŉŋ", "n"),
        ("òóôõōŏő", "o"),
        ("öøœ", "oe"),
        ("ŕŗř", "r"),
        ("śŝşšș", "s"),
        ("ß", "ss"),
        ("ţťŧț", "t"),
        ("þ", "th"),
        ("ùúûũūŭůűų", "u"),
        ("ü", "ue"),
        ("ŵ", "w"),
        ("ýÿŷ", "y"),
        ("źżž", "z"),
    ];
    LETTERS.iter().find(|(letters, _)| letters.contains(letter)).map(|(_, plain)| *plain)
}

/// Eight digits that stand for a text (FNV-1a): the same on every machine, and nothing secret is in it.
fn mark(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{:08x}", hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::name_fault;

    #[test]
    fn slugs_are_names() {
        for (text, wanted) in [
            ("Network operator", "network-operator"),
            ("R&D: \"Lab #7\"", "r-d-lab-7"),
            ("Büro Zürich", "buero-zuerich"),
            ("O'Neil", "oneil"),
            ("  -- x --  ", "x"),
            ("東京", ""),
        ] {
            assert_eq!(slug(text), wanted);
        }
        assert_eq!(dotted_slug("Ada.Lovelace+x"), "ada.lovelace-x");
        assert_eq!(dotted_slug(".a..b-.c."), "a.b.c");
        for text in ["東京", "!!!", &"x".repeat(300), &"ä".repeat(300)] {
            let slug = slug_or_mark(slug(text), text, "account");
            assert_eq!(name_fault(&slug), None, "{slug}");
        }
    }

    #[test]
    fn names_are_unique_and_each_gets_the_best_that_is_left() {
        let mut names = Names::new(&BTreeMap::new());
        let mut give = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|&one| one.to_owned()).collect();
            names.give(ObjectKind::Account, &wanted).to_string()
        };
        assert_eq!(give(&["lab"]), "lab");
        assert_eq!(give(&["lab", "finance.lab"]), "finance.lab");
        assert_eq!(give(&["lab", "finance.lab"]), "finance.lab-2");
        assert_eq!(give(&["lab"]), "lab-2");
    }
}
