//! Validating many documents, against the bare parse of the same text.

use crate::process::{best_of, exponent, run, say};

pub(crate) fn report() -> anyhow::Result<()> {
    say("validate: read, validate and resolve Member documents, against the bare YAML parse");
    let mut figures = vec![];
    for size in [1_000, 10_000, 50_000] {
        let whole = run("validate", size)?;
        let parse = run("parse", size)?;
        say(&format!(
            "  {size:>7} documents  {:>8.1} ms, parse {:>8.1} ms: {:.2} times  {:>5.0} MiB peak",
            whole.seconds * 1e3,
            parse.seconds * 1e3,
            whole.seconds / parse.seconds,
            whole.mebibytes
        ));
        figures.push((size, whole.seconds));
    }
    say(&format!("  grows with exponent {:.2}", exponent(&figures)));
    Ok(())
}

pub(crate) fn measure(size: usize) -> anyhow::Result<()> {
    let text = manifests(size);
    let documents = orgform_spec::read_texts(vec![("org.yaml".into(), text.clone())], true);
    let checked =
        orgform_spec::resolve(&orgform_spec::validate(&documents).value, &[&orgform_pureport::SEMANTICS]);
    anyhow::ensure!(checked.findings.is_empty(), "not valid: {:?}", checked.findings.first());
    best_of(3, || {
        let documents = orgform_spec::read_texts(vec![("org.yaml".into(), text.clone())], true);
        let manifest = orgform_spec::validate(&documents);
        drop(std::hint::black_box(orgform_spec::resolve(&manifest.value, &[&orgform_pureport::SEMANTICS])));
    })
}

/// The parse into the same tree, and nothing else.
pub(crate) fn measure_parse(size: usize) -> anyhow::Result<()> {
    let text = manifests(size);
    best_of(3, || {
        drop(std::hint::black_box(orgform_spec::read_texts(vec![("org.yaml".into(), text.clone())], true)));
    })
}

fn manifests(size: usize) -> Vec<u8> {
    let mut text = String::from(
        "apiVersion: orgform.dev/v1alpha1\nkind: Provider\nmetadata: { name: pureport }\nspec:\n  pureport:\n    \
         simulator: {}\n---\napiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: { name: acme }\nspec:\n  \
         providerRef: { name: pureport }\n---\napiVersion: orgform.dev/v1alpha1\nkind: Role\nmetadata: { name: member \
         }\nspec:\n  accountRef: { name: acme }\n  permissions:\n    - { resources: [networks], actions: [read] }\n",
    );
    for person in 0..size {
        text += &format!(
            "---\napiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: person-{person:06} }}\nspec:\n  \
             email: person-{person:06}@people.example\n  memberships:\n    \
             - {{ accountRef: {{ name: acme }}, roles: [member] }}\n"
        );
    }
    text.into_bytes()
}
