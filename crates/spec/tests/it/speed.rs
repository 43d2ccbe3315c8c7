//! Work grows with what is written, not faster. Counted in ratios, so that slow machines agree.

use std::time::{Duration, Instant};

use orgform_spec::{read_texts, resolve, validate};

use crate::worlds::{TREE, acme};

fn people(count: usize) -> Vec<u8> {
    let mut text = acme();
    for number in 0..count {
        text += &format!(
            "---\napiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: person-{number} }}\nspec:\n  email: \
             person-{number}@acme.example\n  memberships:\n    - {{ accountRef: {{ name: finance }}, roles: \
             [network-operator] }}\n    - {{ accountRef: {{ name: lab }}, roles: [experimenter, read-only] }}\n"
        );
    }
    text.into_bytes()
}

/// The quickest of three: what the work costs without what else runs.
fn quickest<T>(mut work: impl FnMut() -> T) -> Duration {
    (0..3)
        .map(|_| {
            let start = Instant::now();
            let kept = work();
            let took = start.elapsed();
            drop(kept);
            took
        })
        .min()
        .unwrap()
}

#[test]
fn validating_costs_less_than_twice_the_bare_parse() {
    let bytes = people(2_000);
    let parse = quickest(|| read_texts(vec![("a.yaml".into(), bytes.clone())], true));
    let whole = quickest(|| {
        let documents = read_texts(vec![("a.yaml".into(), bytes.clone())], true);
        let manifest = validate(&documents);
        assert!(manifest.findings.is_empty());
        (documents, manifest)
    });
    assert!(whole < parse * 2, "{whole:?} for all, {parse:?} for the bare parse");
}

#[test]
fn resolving_four_times_as_many_people_costs_about_four_times_as_much() {
    let cost = |count| {
        let documents = read_texts(vec![("a.yaml".into(), people(count))], true);
        let manifest = validate(&documents).value;
        quickest(|| {
            let resolved = resolve(&manifest, &[&TREE]);
            assert_eq!(resolved.value[0].desired.people.len(), count);
            resolved
        })
    };
    let (small, large) = (cost(1_000), cost(4_000));
    // A quadratic step would show as sixteen.
    assert!(large < small * 10, "{small:?} for 1,000 and {large:?} for 4,000");
}
