//! Nothing that can be written makes reading panic, and every finding points into its file.

use orgform_spec::{read_texts, resolve, validate};
use proptest::prelude::*;

use crate::whole_way;
use crate::worlds::{TREE, acme};

/// Pieces that manifests are made of, so that random texts get past the first line.
fn manifest_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("---\n".to_owned()),
        Just("apiVersion: orgform.dev/v1alpha1\n".to_owned()),
        Just("kind: Member\n".to_owned()),
        Just("kind: Account\n".to_owned()),
        Just("kind: Role\n".to_owned()),
        Just("kind: Provider\n".to_owned()),
        Just("metadata: { name: ada }\n".to_owned()),
        Just("spec:\n".to_owned()),
        Just("spec: { providerRef: { name: pureport }, parentRef: { name: acme } }\n".to_owned()),
        Just("  email: ada@acme.example\n".to_owned()),
        Just("  memberships:\n".to_owned()),
        Just("    - { accountRef: { name: acme }, roles: [admin] }\n".to_owned()),
        Just("  pureport: { simulator: {} }\n".to_owned()),
        Just("\t- x: &a [*a, ?, !t 1]\n".to_owned()),
        Just("<<: { a: 1 }\n".to_owned()),
        "[ -~\u{85}\u{a0}äé🔑\r\n\t]{0,20}\n?",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        whole_way::check(&bytes);
    }

    #[test]
    fn texts_like_manifests_never_panic(text in manifest_like()) {
        whole_way::check(text.as_bytes());
    }

    #[test]
    fn the_order_of_documents_changes_nothing(order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle()) {
        let acme = acme();
        let parts: Vec<&str> = acme.split_inclusive("---\n").filter(|part| part.len() > 4).collect();
        let shuffled: String = order.iter().map(|at| format!("---\n{}\n", parts[*at].trim_end_matches("---\n"))).collect();
        let names = |text: &str| {
            let documents = read_texts(vec![("a.yaml".into(), text.into())], true);
            let resolved = resolve(&validate(&documents).value, &[&TREE]);
            let desired = &resolved.value[0].desired;
            assert!(resolved.findings.is_empty());
            (desired.accounts.keys().cloned().collect::<Vec<_>>(), desired.roles.keys().cloned().collect::<Vec<_>>())
        };
        prop_assert_eq!(names(&acme), names(&shuffled));
    }
}
