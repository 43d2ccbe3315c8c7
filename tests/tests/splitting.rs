//! Splitting a root in two and joining two into one: an account moves between repositories, and nobody is removed.

use orgform_tests::{Simulator, Story};

const LAB: [(&str, &str); 3] = [
    (
        "accounts.yaml",
        "\
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: acme }
spec:
  providerRef: { name: pureport }
  displayName: Acme
  manage: Reference # the other repository's
---
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: lab }
spec:
  parentRef: { name: acme }
  displayName: Lab
  description: Try things out here.
",
    ),
    (
        "people.yaml",
        "\
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: tim }
spec:
  email: tim@acme.example
  memberships:
    - { accountRef: { name: lab }, roles: [experimenter] }
---
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: rosa }
spec:
  email: rosa@partner.example
  memberships:
    - { accountRef: { name: lab }, roles: [experimenter], expiresAt: 2031-12-31T00:00:00Z }
---
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: ada }
spec:
  email: ada@acme.example
  memberships:
    - { accountRef: { name: lab }, roles: [admin] }
---
apiVersion: orgform.dev/v1alpha1
kind: Member
metadata: { name: ken }
spec:
  email: ken@acme.example
  memberships:
    - { accountRef: { name: lab }, roles: [experimenter] }
",
    ),
    ("orgform.yaml", "root: lab-8d21c0aa\nstate:\n  file: { path: .orgform/state.json }\n"),
];

/// Acme as it is, everybody in, and a repository of its own for the lab that nobody has applied yet.
fn acme_and_lab(simulator: &Simulator) -> (Story, Story) {
    let acme = Story::acme_at(simulator.url());
    acme.done("apply --yes");
    acme.done(&format!("act --url {} accept-all", simulator.url()));
    acme.done("apply --yes");
    let mut lab = Story::new();
    for (file, text) in LAB {
        lab.write(file, text);
    }
    lab.write("provider.yaml", &acme.read("provider.yaml"));
    lab.write("roles.yaml", &acme.read("roles/lab.yaml"));
    lab.set("PUREPORT_API_KEY", "simAdminKey0000000000A");
    lab.set("PUREPORT_API_SECRET", "sim-admin-secret-not-for-production-use");
    (acme.anew(), lab)
}

/// Takes the lab out of Acme's files.
fn without_lab(acme: &Story) {
    acme.remove("accounts/lab.yaml");
    acme.remove("keys/lab.yaml");
    acme.remove("roles/lab.yaml");
    acme.replace("people/netops.yaml", "    - { accountRef: { name: lab }, roles: [admin] }\n", "");
    acme.replace("people/netops.yaml", "    - { accountRef: { name: lab }, roles: [experimenter] }\n", "");
    acme.without("people/lab.yaml", "tim");
    acme.replace(
        "people/lab.yaml",
        "    - accountRef: { name: lab }\n      roles: [experimenter]\n      expiresAt: 2031-12-31T00:00:00Z\n",
        "",
    );
}

#[test]
fn an_account_moves_to_a_repository_of_its_own() {
    let simulator = Simulator::start(&[]);
    let (mut acme, mut lab) = acme_and_lab(&simulator);
    let before = simulator.writes();

    lab.run("apply --yes");
    acme.run("forget pureport/acme/lab --yes");
    without_lab(&acme);
    acme.run("plan --detailed-exitcode");
    acme.done("apply --yes");
    lab.run("plan --detailed-exitcode");

    assert_eq!(simulator.writes(), before, "nothing was asked of the provider");
    lab.assert_is("split_the_new_root");
    acme.assert_is("split_the_old_root");
}

#[test]
fn files_that_go_before_they_are_forgotten_are_held_and_can_still_be_forgotten() {
    let simulator = Simulator::start(&[]);
    let (mut acme, lab) = acme_and_lab(&simulator);
    let before = simulator.writes();

    without_lab(&acme);
    let applied = acme.run("apply --yes");
    assert_eq!(applied.code, Some(3), "four of four people are over the limit");
    assert_eq!(simulator.writes(), before, "nobody was removed");
    acme.run("forget pureport/acme/lab --yes");
    acme.run("plan --detailed-exitcode");
    lab.done("apply --yes");
    acme.done("apply --yes");

    assert_eq!(simulator.writes(), before, "nothing was asked of the provider");
    acme.assert_is("split_files_first");
}

#[test]
fn what_was_forgotten_first_is_nobodys_until_the_other_root_adopts_it() {
    let simulator = Simulator::start(&[]);
    let (acme, lab) = acme_and_lab(&simulator);
    let before = simulator.writes();

    without_lab(&acme);
    acme.done("forget pureport/acme/lab --yes");
    acme.done("apply --yes");
    let adopting = lab.done("plan").stdout;
    assert!(adopting.contains("Adopts"), "{adopting}");
    lab.done("apply --yes");

    assert_eq!(simulator.writes(), before, "nothing was asked of the provider");
}

#[test]
fn a_small_account_is_held_too_and_forgetting_is_the_way_out() {
    let simulator = Simulator::start(&[]);
    let acme = Story::acme_at(simulator.url());
    acme.replace("people/netops.yaml", "    - { accountRef: { name: lab }, roles: [admin] }\n", "");
    acme.replace("people/netops.yaml", "    - { accountRef: { name: lab }, roles: [experimenter] }\n", "");
    acme.done("apply --yes");
    acme.done(&format!("act --url {} accept-all", simulator.url()));
    acme.done("apply --yes");
    acme.remove("accounts/lab.yaml");
    acme.remove("keys/lab.yaml");
    acme.remove("roles/lab.yaml");
    acme.without("people/lab.yaml", "tim");
    let ends = "      roles: [experimenter]\n      expiresAt: 2031-12-31T00:00:00Z\n";
    acme.replace("people/lab.yaml", &format!("    - accountRef: {{ name: lab }}\n{ends}"), "");

    let plan = acme.done_with("plan --detailed-exitcode", 3).stdout;
    assert!(
        plan.contains("2 of 2 people would lose access") && plan.contains("remove API key Lab pipeline"),
        "{plan}"
    );
    acme.done("forget pureport/acme/lab --yes");
    let plan = acme.done("plan --detailed-exitcode");
    assert!(!plan.stdout.contains("tim@acme.example"), "{}", plan.stdout);
}

#[test]
fn two_roots_become_one() {
    let simulator = Simulator::start(&[]);
    let (acme, lab) = acme_and_lab(&simulator);
    let copy = Story::acme_at(simulator.url());
    lab.done("apply --yes");
    acme.done("forget pureport/acme/lab --yes");
    without_lab(&acme);
    acme.done("apply --yes");
    let before = simulator.writes();

    for place in ["accounts", "keys", "people", "roles"] {
        let file = format!("{place}/lab.yaml");
        acme.write(&file, &copy.read(&file));
    }
    acme.write("people/netops.yaml", &copy.read("people/netops.yaml"));
    let adopting = acme.done("apply --yes").stdout;
    assert!(adopting.contains("nothing to write"), "{adopting}");
    lab.done("forget pureport/acme/lab --yes");
    for file in ["accounts.yaml", "people.yaml", "roles.yaml"] {
        lab.remove(file);
    }
    acme.done("plan --detailed-exitcode");
    lab.done("apply --yes");

    assert_eq!(simulator.writes(), before, "nothing was asked of the provider");
}
