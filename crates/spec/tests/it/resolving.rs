//! Resolving: what is wrong between objects, what is frozen by it, and what comes out.

use orgform_model::desired::Subject;
use orgform_model::policy::Removal;
use orgform_model::{AccountPath, Desired, Email, Grant, ObjectKind, ObjectRef, RoleKey};

use crate::worlds::{FLAT, PROVIDER, TREE, account, acme, acme_with, member, objects, outcome, role, texts};

fn is_frozen(desired: &Desired, kind: ObjectKind, name: &str) -> bool {
    desired.frozen.objects.contains(&ObjectRef::of_file(kind, name))
}

fn frozen_people(desired: &Desired) -> Vec<&str> {
    desired.frozen.people.iter().map(Email::as_str).collect()
}

fn memberships(desired: &Desired) -> Vec<String> {
    desired
        .all_memberships()
        .map(|(path, email, one)| {
            let grants: Vec<_> = one.grants.keys().map(ToString::to_string).collect();
            format!("{email} in {path}: {}", grants.join(", "))
        })
        .collect()
}

#[test]
fn a_role_name_means_a_declared_role_above_or_a_fixed_one() {
    let outcome = acme_with(&[&member(
        "ada",
        "Ada@acme.example",
        &["finance: network-operator ADMIN", "lab: experimenter"],
    )]);
    assert_eq!(outcome.messages(), Vec::<&str>::new());
    let desired = outcome.desired();
    let ada = desired.membership(&"acme/finance".into(), &"ada@acme.example".into()).unwrap();
    let grants: Vec<_> = ada.grants.keys().cloned().collect();
    let operator = Grant::Role(RoleKey::new(AccountPath::from("acme"), "network-operator"));
    assert_eq!(grants, [Grant::Fixed("admin".into()), operator]);
    assert!(desired.frozen.is_empty());
}

#[test]
fn an_unknown_role_names_where_it_was_looked_for_and_what_is_near() {
    let outcome = acme_with(&[
        &member("ada", "ada@acme.example", &["finance: netwrok-operator", "acme: admn"]),
        &member("ken", "ken@acme.example", &["finance: experimenter", "acme: network-operator"]),
    ]);
    insta::assert_snapshot!(outcome.rendered());
    let desired = outcome.desired();
    assert_eq!(memberships(desired), ["ken@acme.example in acme: network-operator"]);
    assert_eq!(frozen_people(desired), ["ada@acme.example", "ken@acme.example"]);
}

#[test]
fn unknown_references_name_what_is_near() {
    let outcome = acme_with(&[
        &account("far", Some("finanse")),
        "kind: Account\nmetadata: { name: other }\nspec: { providerRef: { name: purport } }",
        &role("r", "labb"),
        &member("ada", "ada@acme.example", &["fiance: admin"]),
    ]);
    insta::assert_snapshot!(outcome.rendered());
    let desired = outcome.desired();
    assert!(is_frozen(desired, ObjectKind::Account, "far"));
    assert!(is_frozen(desired, ObjectKind::Account, "other"));
    assert!(is_frozen(desired, ObjectKind::Role, "r"));
    assert!(is_frozen(desired, ObjectKind::Member, "ada"));
}

#[test]
fn accounts_that_are_each_others_parents_are_told_with_the_whole_loop() {
    let outcome = acme_with(&[
        &account("a", Some("c")),
        &account("b", Some("a")),
        &account("c", Some("b")),
        &account("below", Some("a")),
        &account("itself", Some("itself")),
        &member("ada", "ada@acme.example", &["below: admin", "acme: admin"]),
    ]);
    insta::assert_snapshot!(outcome.rendered());
    let desired = outcome.desired();
    assert_eq!(desired.accounts.len(), 3);
    assert!(is_frozen(desired, ObjectKind::Account, "below"));
    assert_eq!(memberships(desired), ["ada@acme.example in acme: admin"]);
    assert_eq!(frozen_people(desired), ["ada@acme.example"]);
}

#[test]
fn an_account_with_an_error_freezes_what_is_below_it_and_leaves_the_rest_alone() {
    let outcome = acme_with(&[
        "kind: Account\nmetadata: { name: bad }\nspec: { parentRef: { name: acme }, colour: red }",
        &account("child", Some("bad")),
        &role("child-role", "child"),
        &member("ada", "ada@acme.example", &["child: child-role"]),
        &member("ken", "ken@acme.example", &["lab: child-role"]),
        &member("joan", "joan@acme.example", &["lab: experimenter"]),
    ]);
    assert_eq!(outcome.errors(), 1, "{}", outcome.rendered());
    let desired = outcome.desired();
    for (kind, name) in [
        (ObjectKind::Account, "bad"),
        (ObjectKind::Account, "child"),
        (ObjectKind::Role, "child-role"),
        (ObjectKind::Member, "ada"),
        (ObjectKind::Member, "ken"),
    ] {
        assert!(is_frozen(desired, kind, name), "{name}");
    }
    assert_eq!(frozen_people(desired), ["ada@acme.example", "ken@acme.example"]);
    assert_eq!(memberships(desired), ["joan@acme.example in acme/lab: experimenter"]);
    assert_eq!(desired.subject, Subject::Everything);
}

#[test]
fn the_same_person_twice_in_an_account_is_told_with_both_places_also_in_another_case() {
    let outcome = acme_with(&[
        &member("ada", "ada@acme.example", &["lab: admin"]),
        &member("ada2", "ADA@Acme.example", &["lab: experimenter", "finance: admin"]),
        &member("ada3", "ada@acme.example", &["lab: admin"]),
        &member("ken", "ken@acme.example", &["lab: admin", "lab: experimenter"]),
    ]);
    insta::assert_snapshot!(outcome.rendered());
    let desired = outcome.desired();
    assert_eq!(memberships(desired), ["ada@acme.example in acme/finance: admin"]);
    assert_eq!(frozen_people(desired), ["ada@acme.example", "ken@acme.example"]);
    assert!(is_frozen(desired, ObjectKind::Member, "ada3"));
}

#[test]
fn one_person_may_be_declared_in_parts() {
    let outcome = acme_with(&[
        &member("ada", "ada@acme.example", &["lab: admin"]),
        &member("ada2", "ADA@acme.example", &["finance: admin"]),
    ]);
    assert_eq!(outcome.messages(), Vec::<&str>::new());
    assert_eq!((outcome.desired().people.len(), memberships(outcome.desired()).len()), (1, 2));
}

fn with_spec(name: &str, more: &str) -> String {
    format!("kind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: ada@acme.example\n{more}")
}

#[test]
fn objects_that_disagree_about_a_person_are_told_and_nobody_is_offboarded_by_them() {
    let outcome = acme_with(&[
        &with_spec("one", "  offboarded: true"),
        &with_spec(
            "two",
            "  offboarded: false\n  memberships: [{ accountRef: { name: lab }, roles: [admin] }]",
        ),
    ]);
    insta::assert_snapshot!(outcome.rendered());
    let desired = outcome.desired();
    assert!(desired.people.is_empty() && desired.memberships.is_empty());
    assert_eq!(frozen_people(desired), ["ada@acme.example"]);
    let ids = acme_with(&[
        &with_spec("one", "  identities: [{ providerRef: { name: pureport }, id: user-1 }]"),
        &with_spec("two", "  identities: [{ providerRef: { name: pureport }, id: user-2 }]"),
    ]);
    assert_eq!(ids.messages(), ["two declarations of ada@acme.example disagree about the id at pureport"]);
}

#[test]
fn offboarded_beats_memberships_also_those_of_another_object() {
    let outcome = acme_with(&[
        &with_spec("gone", "  offboarded: true"),
        &with_spec("still", "  memberships: [{ accountRef: { name: lab }, roles: [admin] }]"),
    ]);
    assert!(
        outcome.messages().is_empty(),
        "`orgform offboard` writes it beside them: {:?}",
        outcome.messages()
    );
    let desired = outcome.desired();
    assert!(desired.memberships.is_empty());
    assert!(desired.people[&Email::new("ada@acme.example")].offboarded);
}

#[test]
fn an_erroneous_member_freezes_its_person_and_the_others_go_on() {
    let outcome = acme_with(&[
        &with_spec("ada", "  offboarded: true\n  nonsense: 1"),
        &member("ken", "ken@acme.example", &["lab: admin"]),
    ]);
    let desired = outcome.desired();
    assert_eq!(frozen_people(desired), ["ada@acme.example"]);
    assert_eq!(memberships(desired), ["ken@acme.example in acme/lab: admin"]);
    assert!(!desired.people.contains_key(&Email::new("ada@acme.example")));
    assert_eq!(desired.subject, Subject::Everything);
}

#[test]
fn what_can_not_be_told_by_name_is_a_gap_and_its_person_is_frozen() {
    for (text, said) in [
        (
            "kind: Member\nmetadata: { name: Ada L }\nspec: { email: ada@acme.example, memberships: [] }",
            "more.yaml:2",
        ),
        ("kind: Memberr\nmetadata: { name: ada }\nspec: { email: ada@acme.example }", "more.yaml:2"),
        ("kind: Member\nspec: { email: ada@acme.example, memberships: [] }", "more.yaml:2"),
    ] {
        let outcome = acme_with(&[text]);
        let desired = outcome.desired();
        assert_eq!(frozen_people(desired), ["ada@acme.example"], "{text}");
        let Subject::Some { objects, because, gap: true } = &desired.subject else {
            panic!("{:?}", desired.subject)
        };
        assert_eq!((objects.len(), because.as_str()), (6, format!("{said} could not be read").as_str()));
    }
    let syntax = acme_with(&["kind: [", &member("ken", "ken@acme.example", &["lab: admin"])]);
    assert!(matches!(&syntax.desired().subject, Subject::Some { gap: true, .. }));
    assert_eq!(memberships(syntax.desired()), ["ken@acme.example in acme/lab: admin"]);
}

#[test]
fn a_member_without_the_key_leaves_its_memberships_as_they_are_and_an_empty_list_does_not() {
    let silent = "kind: Member\nmetadata: { name: kim }\nspec: { email: kim@acme.example }";
    let outcome = acme_with(&[silent]);
    assert!(is_frozen(outcome.desired(), ObjectKind::Member, "kim"));
    assert!(!frozen_people(outcome.desired()).contains(&"kim@acme.example"));
    assert_eq!(outcome.desired().subject, Subject::Everything);
    for says in ["memberships: []", "offboarded: true"] {
        let text = silent.replace("acme.example }", &format!("acme.example, {says} }}"));
        assert!(!is_frozen(acme_with(&[&text]).desired(), ObjectKind::Member, "kim"), "{says}");
    }
    // Somebody else speaks for the person.
    let both = acme_with(&[silent, &member("kim-too", "kim@acme.example", &["lab: admin"])]);
    assert!(!is_frozen(both.desired(), ObjectKind::Member, "kim"));
}

#[test]
fn what_is_written_again_counts_as_declared_too() {
    let twice = acme_with(&[
        "kind: Member\nmetadata: { name: ada }\nspec:\n  email: ada@acme.example\n  email: Grace@acme.example\n  \
         memberships: []",
    ]);
    assert_eq!(frozen_people(twice.desired()), ["ada@acme.example", "grace@acme.example"]);
    assert_eq!(twice.desired().subject, Subject::Everything);
    for again in [
        "kind: Member\nmetadata: { name: ada, name: grace }\nspec: { email: ada@acme.example, memberships: [] }",
        "kind: Role\nkind: Member\nmetadata: { name: ada }\nspec: { email: ada@acme.example, memberships: [] }",
        "kind: Member\nmetadata: { name: ada }\nspec: { email: ada@acme.example }\nspec: { email: no }",
        "kind: Member\nmetadata: { name: ada }\nspec: { email: ada@acme.example, email: [] }",
    ] {
        let desired = acme_with(&[again]).desired().clone();
        assert!(
            matches!(&desired.subject, Subject::Some { gap: true, .. }),
            "{again}: {:?}",
            desired.subject
        );
    }
}

#[test]
fn two_objects_of_one_name_are_told_and_neither_counts() {
    let outcome = acme_with(&[
        &member("ada", "ada@acme.example", &["lab: admin"]),
        &member("ada", "ada2@acme.example", &["lab: admin"]),
        &account("lab", Some("acme")),
        &role("network-operator", "finance"),
    ]);
    insta::assert_snapshot!(outcome.rendered());
    let desired = outcome.desired();
    assert_eq!(memberships(desired), Vec::<String>::new());
    assert_eq!(frozen_people(desired), ["ada2@acme.example", "ada@acme.example"]);
    assert!(is_frozen(desired, ObjectKind::Account, "lab"));
    assert!(is_frozen(desired, ObjectKind::Role, "network-operator"));
}

#[test]
fn a_role_that_hides_a_fixed_one_and_names_that_clash_are_told() {
    let outcome = acme_with(&[
        &role("admin", "lab"),
        "kind: Role\nmetadata: { name: other }\nspec: { accountRef: { name: lab }, displayName: experimenter }",
        "kind: Account\nmetadata: { name: finance2 }\nspec: { parentRef: { name: acme }, displayName: finance }",
        "kind: Account\nmetadata: { name: x1 }\nspec: { parentRef: { name: acme }, externalId: ac-1 }",
        "kind: Account\nmetadata: { name: x2 }\nspec: { parentRef: { name: lab }, externalId: ac-1 }",
    ]);
    insta::assert_snapshot!(outcome.rendered());
    assert_eq!(
        outcome.desired().accounts.keys().map(AccountPath::as_str).collect::<Vec<_>>(),
        ["acme", "acme/lab"]
    );
}

#[test]
fn removal_defaults_come_from_the_provider_and_a_member_may_say_otherwise() {
    let provider = "kind: Provider\nmetadata: { name: pureport }\nspec: { pureport: { simulator: {} }, removal: { members: \
                    Disable, roles: Retain } }";
    let acme = account("acme", None);
    let text = objects(&[
        provider,
        &acme,
        &role("r", "acme"),
        &member("ada", "ada@acme.example", &["acme: r"]),
        &(member("ken", "ken@acme.example", &["acme: r"]) + "\n  removal: Retain"),
    ]);
    let outcome = outcome(texts(&[("a.yaml", &text)]), &TREE);
    assert_eq!(outcome.messages(), Vec::<&str>::new());
    let desired = outcome.desired();
    let removals: Vec<_> = desired.all_memberships().map(|(_, _, one)| one.removal).collect();
    assert_eq!(removals, [Removal::Disable, Removal::Retain]);
    assert_eq!(desired.roles.values().next().unwrap().removal, Removal::Retain);
    assert_eq!(desired.accounts.values().next().unwrap().removal, Removal::Retain);
}

#[test]
fn a_name_that_nobody_wrote_is_the_natural_key_but_never_a_rename() {
    let outcome = acme_with(&[
        "kind: Account\nmetadata: { name: known }\nspec: { parentRef: { name: acme }, externalId: ac-9 }",
    ]);
    let fields = |path: &str| outcome.desired().accounts[&AccountPath::from(path)].fields.clone();
    assert_eq!(fields("acme/lab")["displayName"].to_string(), "lab");
    assert!(fields("acme/known").is_empty());
}

#[test]
fn what_a_provider_does_not_have_is_told() {
    let text = objects(&[
        PROVIDER,
        "kind: Account\nmetadata: { name: acme }\nspec: { providerRef: { name: pureport }, tags: { a: b }, displayName: A }",
        "kind: Account\nmetadata: { name: flat }\nspec: { providerRef: { name: pureport } }",
        &account("below", Some("flat")),
        &role("custom", "flat"),
        &member("ada", "ada@acme.example", &["flat: admin user"]),
        &(member("ken", "ken@acme.example", &["flat: user"]) + "\n  onboarding: Create\n  firstName: Ken"),
    ]);
    insta::assert_snapshot!(outcome(texts(&[("a.yaml", &text)]), &FLAT).rendered());
}

#[test]
fn each_provider_gets_what_belongs_to_it_and_an_erroneous_one_gets_nothing() {
    let second = PROVIDER.replace("name: pureport }", "name: second }");
    let text = objects(&[
        PROVIDER,
        &second,
        &PROVIDER.replace("name: pureport }", "name: third }").replace("simulator", "simulatr"),
        &account("acme", None),
        "kind: Account\nmetadata: { name: globex }\nspec: { providerRef: { name: second } }",
        "kind: Account\nmetadata: { name: initech }\nspec: { providerRef: { name: third } }",
        "kind: Account\nmetadata: { name: torn }\nspec: { providerRef: { name: second }, parentRef: { name: acme } }",
        &member("ada", "ada@acme.example", &["acme: admin", "globex: admin"]),
        &member("ken", "ken@acme.example", &["initech: admin"]),
        "kind: Member\nmetadata: { name: eve }\nspec: { email: eve@acme.example, offboarded: true }",
    ]);
    let outcome = outcome(texts(&[("a.yaml", &text)]), &TREE);
    let names: Vec<_> = outcome.resolved.iter().map(|one| one.settings.name.as_str()).collect();
    assert_eq!(names, ["pureport", "second"]);
    assert!(
        outcome.messages().contains(&"the parent `acme` is at another provider"),
        "{:?}",
        outcome.messages()
    );
    for one in &outcome.resolved {
        let people: Vec<_> = one.desired.people.keys().map(Email::as_str).collect();
        assert_eq!(people, ["ada@acme.example", "eve@acme.example"]);
        assert_eq!(frozen_people(&one.desired), ["ken@acme.example"]);
    }
}

#[test]
fn a_provider_that_this_build_does_not_know_is_told() {
    let documents = texts(&[("a.yaml", &objects(&[PROVIDER]))]);
    let manifest = orgform_spec::validate(&documents);
    let resolved = orgform_spec::resolve(&manifest.value, &[]);
    assert!(resolved.value.is_empty());
    assert_eq!(resolved.findings[0].message, "this build of orgform can't speak to `pureport`");
}

#[test]
fn a_member_whose_email_can_not_be_read_can_be_anybody_and_is_a_gap() {
    for spec in ["{ memberships: [] }", "{ email: [a], memberships: [] }", "{ email: ada at acme }", ""] {
        let lab = objects(&[&format!("kind: Member\nmetadata: {{ name: ada }}\nspec: {spec}")]);
        let files = [("acme.yaml", acme()), ("people/lab.yaml", lab)];
        let outcome = outcome(texts(&files.each_ref().map(|(name, text)| (*name, text.as_str()))), &TREE);
        let desired = outcome.desired();
        assert!(is_frozen(desired, ObjectKind::Member, "ada"), "{spec}");
        let Subject::Some { because, gap: true, .. } = &desired.subject else {
            panic!("{spec}: {:?}", desired.subject)
        };
        assert_eq!(because, "people/lab.yaml:4 names nobody", "{spec}");
    }
    let nobody = "kind: Member\nmetadata: { name: NAME }\nspec: { email: x }";
    let several = acme_with(&[&nobody.replace("NAME", "a"), &nobody.replace("NAME", "b"), "kind: ["]);
    let Subject::Some { because, .. } = &several.desired().subject else { panic!("a gap is expected") };
    assert_eq!(because, "more.yaml:13 could not be read and more.yaml:4 and more.yaml:9 name nobody");
}

#[test]
fn all_that_is_wrong_with_a_member_is_told_at_once_also_what_it_names() {
    let wrong = "  memberships: [{ accountRef: { name: labb }, roles: [] }, { accountRef: { name: lab }, roles: [admn] }]\n  \
                 identities: [{ providerRef: { name: purport }, id: x }]";
    let named = [
        "`spec.memberships[0].roles` is an empty list",
        "no Account `labb` here",
        "no role `admn` here",
        "no Provider `purport` here",
    ];
    for (more, also) in [
        ("colour: red", "`spec` has no field `colour`"),
        ("removal: Delete", "`Delete` is not one of `Remove`, `Disable` or `Retain`"),
    ] {
        let outcome = acme_with(&[&with_spec("ada", &format!("{wrong}\n  {more}"))]);
        for said in named.iter().chain([&also]) {
            assert!(outcome.messages().contains(said), "{said}: {:?}", outcome.messages());
        }
        assert_eq!(outcome.errors(), 5, "{:?}", outcome.messages());
        assert!(outcome.desired().people.is_empty() && outcome.desired().memberships.is_empty());
    }
    let clones = acme_with(&[
        &member("ada", "ada@acme.example", &["labb: admin"]),
        &(member("ada", "eve@acme.example", &["lab: admn"]) + "\n  onboarding: Create"),
        &(member("ken", "ken@acme.example", &["lab: admn2"]) + "\n  onboarding: Create"),
    ]);
    assert_eq!(
        clones.messages(),
        [
            "no Account `labb` here",
            "there are two objects of kind Member named `ada`",
            "no role `admn` here",
            "no role `admn2` here",
            "Pureport can't create people, only invite them",
        ]
    );
}

#[test]
fn every_topic_that_objects_of_a_person_disagree_about_is_told_and_what_they_name_too() {
    let outcome = acme_with(&[
        &with_spec(
            "one",
            "  offboarded: true\n  identities: [{ providerRef: { name: pureport }, id: user-1 }]",
        ),
        &with_spec(
            "two",
            "  offboarded: false\n  identities: [{ providerRef: { name: pureport }, id: user-2 }]\n  memberships: [{ accountRef: { \
             name: labb }, roles: [admin] }]",
        ),
    ]);
    let errors: Vec<_> =
        outcome.messages().into_iter().filter(|said| !said.starts_with("`offboarded`")).collect();
    assert_eq!(
        errors,
        [
            "two declarations of ada@acme.example disagree about `offboarded`",
            "two declarations of ada@acme.example disagree about the id at pureport",
            "no Account `labb` here",
        ]
    );
}

#[test]
fn accounts_of_one_display_name_hide_nothing_else_that_is_wrong_with_them_or_names_them() {
    let named = |name: &str, more: &str| {
        format!(
            "kind: Account\nmetadata: {{ name: {name} }}\nspec: {{ parentRef: {{ name: acme }}, displayName: finance{more} }}"
        )
    };
    let outcome = acme_with(&[
        &named("two", ", colour: red"),
        &named("three", ""),
        "kind: Role\nmetadata: { name: admin }\nspec: { accountRef: { name: three } }",
        &role("right", "three"),
        &member("ada", "ada@acme.example", &["three: admn right", "two: network-operator"]),
    ]);
    assert_eq!(
        outcome.messages(),
        [
            "`spec` has no field `colour`",
            "two accounts with the same parent are named `finance`",
            "two accounts with the same parent are named `finance`",
            "`admin` is a fixed role of pureport",
            "no role `admn` here",
        ]
    );
    let desired = outcome.desired();
    let accounts: Vec<_> = desired.accounts.keys().map(AccountPath::as_str).collect();
    assert_eq!(accounts, ["acme", "acme/lab"]);
    assert!(desired.memberships.is_empty());
    assert_eq!(frozen_people(desired), ["ada@acme.example"]);
    assert!(is_frozen(desired, ObjectKind::Role, "right"));
}

#[test]
fn roles_of_one_display_name_are_told_also_where_one_has_another_error() {
    let role = |name: &str, spec: &str| {
        format!("kind: Role\nmetadata: {{ name: {name} }}\nspec: {{ accountRef: {{ name: lab }}, {spec} }}")
    };
    let outcome = acme_with(&[&role("other", "displayName: experimenter, colour: red")]);
    assert_eq!(
        outcome.messages(),
        ["`spec` has no field `colour`", "two roles of one account are `experimenter`"]
    );
    assert!(is_frozen(outcome.desired(), ObjectKind::Role, "experimenter"));
    // A name that could not be read is not taken for the object's own.
    let unread = acme_with(&[&role("x", "displayName: [y]"), &role("other", "displayName: x")]);
    assert_eq!(unread.messages(), ["`spec.displayName` must be a text, not a list"]);
    assert!(!is_frozen(unread.desired(), ObjectKind::Role, "other"));
}
