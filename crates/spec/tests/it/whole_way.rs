//! The way of a text through reading, validating and resolving, and what holds of it whatever the text is.
//!
//! Asked of texts made by chance, of the stored corpus, and by the fuzz target `yaml` (in `fuzz/`).

use orgform_model::Finding;
use orgform_spec::{Documents, read_texts, render, resolve, validate};

use crate::worlds::{TREE, acme};

/// Nothing panics, every finding points into its file and can be shown, and the same text gives the same findings.
pub(crate) fn check(bytes: &[u8]) {
    let (documents, findings) = whole_way(bytes);
    places_are_within(&documents, &findings);
    assert_eq!(whole_way(bytes).1, findings, "the same text, and other findings");
}

fn whole_way(bytes: &[u8]) -> (Documents, Vec<Finding>) {
    let texts = vec![("a.yaml".into(), bytes.to_vec()), ("acme.yaml".into(), acme().into())];
    let documents = read_texts(texts, true);
    let manifest = validate(&documents);
    let resolved = resolve(&manifest.value, &[&TREE]);
    let mut findings = documents.findings.clone();
    findings.extend(manifest.findings);
    findings.extend(resolved.findings);
    (documents, findings)
}

fn places_are_within(documents: &Documents, findings: &[Finding]) {
    for place in findings.iter().flat_map(|finding| &finding.places) {
        let file = documents.files.iter().find(|file| file.path == place.file).unwrap();
        if place.line == 0 {
            continue;
        }
        let line = file.line(place.line).unwrap_or_else(|| panic!("{place} is not in the file"));
        // One past the end is where something is missing.
        assert!(place.column as usize <= line.chars().count() + 2, "{place} in {line:?}");
    }
    assert!(!render(findings, documents, true).is_empty());
}
