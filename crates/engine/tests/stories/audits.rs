//! What a provider can't do is left out, with what depends on it, and the rest is planned.

use orgform_engine::audit;
use orgform_model::{AccountPath, Desired, Finding, ObjectKind, ObjectRef, Place, RoleKey};
use orgform_provider::{ErrorKind, ProviderError, ProviderType};

use crate::scene::{Scene, email};
use crate::server::{CAPABILITIES, SEMANTICS};

const PICKY: ProviderType = ProviderType {
    semantics: &SEMANTICS,
    capabilities: &CAPABILITIES,
    endpoint: "https://picky.example",
    normal: |desired| desired,
    audit: |desired| {
        let at = |line| Place { file: "acme.yaml".into(), line, column: 1, length: 1 };
        let bad = desired.roles.values().filter(|role| role.place.line == 7);
        bad.map(|_| Finding::error("this provider knows no such right", at(7)))
            .chain([Finding::warning("this one is only odd", at(1))])
            .collect()
    },
    reader: |_| Err(ProviderError::new(ErrorKind::Unavailable, "connect", "nobody is there")),
    writer: |_| Err(ProviderError::new(ErrorKind::Unavailable, "connect", "nobody is there")),
};

#[test]
fn a_role_that_the_provider_cannot_have_freezes_those_who_hold_it_and_nobody_else() {
    let mut scene = Scene::new();
    scene.declare_account("acme/lab");
    scene.declare_role("acme", "odd");
    scene.declare("acme", "ada", &["acme:odd"]);
    scene.declare("acme/lab", "ken", &["reader"]);
    let odd = RoleKey::new("acme".into(), "odd");
    scene.desired.roles.get_mut(&odd).unwrap().place.line = 7;

    let (desired, findings): (Desired, _) = audit(&PICKY, scene.desired);

    assert_eq!(findings.len(), 2);
    assert!(desired.roles.is_empty());
    let members = |account: &str| desired.memberships[&AccountPath::from(account)].keys().collect::<Vec<_>>();
    assert_eq!(members("acme"), [&email("linus"), &email("ops")]);
    assert_eq!(members("acme/lab"), [&email("ken")]);
    let frozen = [ObjectRef::of_file(ObjectKind::Role, "odd"), ObjectRef::of_file(ObjectKind::Member, "ada")];
    assert_eq!(desired.frozen.objects, frozen.into());
    assert_eq!(desired.frozen.people, [email("ada")].into());
}
