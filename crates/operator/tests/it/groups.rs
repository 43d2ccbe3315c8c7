//! The circuit breaker where there are several accounts, namespaces and kinds: each group waits for its own release,
//! and whatever takes objects away takes nobody's access.

use std::fmt::Write as _;

use orgform_sim::pureport::Act;

use crate::bed::{Bed, Operator, ROLE, plane};

const HELD: &str = "condition=Held";

fn account(name: &str, more: &str) -> String {
    let title = name[..1].to_uppercase() + &name[1..];
    let above = if name == "acme" { "providerRef: { name: pureport }" } else { "parentRef: { name: acme }" };
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: {name} }}\nspec:\n  {above}\n  displayName: \
         {title}\n{more}---\n"
    )
}

/// Somebody of an account: `of` is how it is referred to.
fn member(name: &str, of: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
         {name}@acme.example\n  memberships: [{{ accountRef: {{ {of} }}, roles: [read-only] }}]\n---\n"
    )
}

fn members(account: &str, count: usize) -> String {
    (0..count).map(|number| member(&format!("{account}-{number}"), &format!("name: {account}"))).collect()
}

/// Everybody accepts, and the operator looks.
fn join(bed: &Bed, namespace: &str) {
    let wait = |condition: &str| {
        let condition = format!("--for=condition={condition}");
        let wait = ["wait", "--namespace", namespace, &condition, "omem", "--all", "--timeout=300s"];
        plane().kubectl().run(&wait).unwrap().ok().unwrap();
    };
    wait("Ready");
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", "orgform.dev/reconcile-at=joined"]);
    wait("Joined");
}

/// A namespace where everybody of these accounts has joined.
fn joined(objects: &str, more: &[&str]) -> (Bed, Operator) {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + &account("acme", "") + objects));
    let operator = bed.operator_as(&plane().kubeconfig(), more);
    join(&bed, &bed.namespace);
    (bed, operator)
}

/// A size, or the one for `cargo xtask cluster --long`.
fn at_length(usually: usize, long: usize) -> usize {
    if std::env::var_os("ORGFORM_LONG").is_some() { long } else { usually }
}

/// Calls that wrote, and mails.
fn counts(bed: &Bed) -> (u64, u64) {
    let stats = bed.sim.stats();
    (stats.writes, stats.mails)
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_release_lets_exactly_its_group_go() {
    let objects = account("lab", "") + &account("den", "") + &members("lab", 5) + &members("den", 5);
    let (bed, _operator) = joined(&(objects + &members("acme", 10)), &[]);
    let (writes, mails) = counts(&bed);
    bed.kubectl(&["delete", "--wait=false", "omem/lab-0", "omem/lab-1", "omem/lab-2", "omem/lab-3"]);
    bed.kubectl(&["delete", "--wait=false", "omem/den-0", "omem/den-1", "omem/den-2", "omem/den-3"]);
    bed.wait("oprov/pureport", HELD);
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=8");
    let of_lab = "{.status.held[?(@.account==\"acme/lab\")].digest}";
    let digest = bed.get("oprov/pureport", of_lab);
    bed.kubectl(&["annotate", "oprov/pureport", &format!("orgform.dev/release=remove={digest}")]);
    for number in 0..4 {
        bed.wait(&format!("omem/lab-{number}"), "delete");
    }
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=4");
    let (lab, den) = (bed.people("Lab").0, bed.people("Den").0);
    assert_eq!((lab, den), (1, 5), "those of the other group stay");
    assert_eq!(counts(&bed), (writes + 4, mails), "one call for each of them");
    for number in 0..4 {
        assert!(!bed.get(&format!("omem/den-{number}"), "{.metadata.deletionTimestamp}").is_empty());
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_group_with_an_edit_in_it_is_kept_only_once_the_edit_is_undone() {
    let (bed, mut operator) = joined(&members("acme", 10), &[]);
    let before = (counts(&bed), bed.people("Acme"));
    bed.kubectl(&["delete", "--wait=false", "omem/acme-0", "omem/acme-1", "omem/acme-2", "omem/acme-3"]);
    bed.kubectl(&["delete", "--wait=false", "omem/acme-4", "omem/acme-5", "omem/acme-6"]);
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=7");
    let nowhere = member("acme-7", "").replace("[{ accountRef: {  }, roles: [read-only] }]", "[]");
    bed.apply(&nowhere);
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=8");
    let keep = || {
        let digest = bed.get("oprov/pureport", "{.status.held[0].digest}");
        format!("orgform.dev/release=keep={digest}")
    };

    // Without the seven who are deleted, the eighth would be within the limit.
    operator.hush();
    bed.kubectl(&["annotate", "oprov/pureport", &keep()]);
    operator.wait_for_pass();
    let said = bed.get("oprov/pureport", "{.status.conditions[?(@.type==\"Held\")].message}");
    assert!(said.contains("undo the edits of member/acme-7"), "{said}");
    assert_eq!((counts(&bed), bed.people("Acme")), before, "nobody is touched");

    bed.apply(&member("acme-7", "name: acme"));
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=7");
    bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", &keep()]);
    for number in 0..7 {
        bed.wait(&format!("omem/acme-{number}"), "delete");
    }
    assert_eq!((counts(&bed), bed.people("Acme")), before, "and everybody is kept");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_sync_that_empties_the_folder_touches_nobody_and_a_revert_takes_everybody_over() {
    let objects = account("lab", "") + &members("lab", 12) + &members("acme", 12);
    let (bed, mut operator) = joined(&objects, &[]);
    // One who has not accepted: nobody is to be mailed again.
    let invited = member("tim", "name: lab");
    bed.apply(&invited);
    bed.wait("omem/tim", "condition=Ready");
    let before = counts(&bed);
    let people = (bed.people("Acme"), bed.people("Lab"));
    assert_eq!(people.1, (12, 1));

    bed.kubectl(&["delete", "omem,orole,oacc", "--all", "--wait=false"]);
    bed.wait("oprov/pureport", HELD);
    let digests = bed.get("oprov/pureport", "{range .status.held[*]}keep={.digest} {end}");
    bed.kubectl(&["annotate", "oprov/pureport", &format!("orgform.dev/release={}", digests.trim())]);
    // What takes access from nobody goes by itself; what stays by default is let go of.
    bed.kubectl(&["delete", "omem,orole,oacc", "--all", "--timeout=180s"]);
    assert_eq!((bed.people("Acme"), bed.people("Lab")), people);

    operator.hush();
    let (writes, mails) = counts(&bed);
    bed.apply(&(ROLE.to_owned() + &account("acme", "") + &objects + &invited));
    bed.kubectl(&["wait", "--for=condition=Ready", "omem,oacc,orole", "--all", "--timeout=180s"]);
    assert_eq!((bed.people("Acme"), bed.people("Lab")), people);
    assert_eq!(counts(&bed), (writes, mails), "taken over without a write or a mail");
    assert_eq!(before, (writes, mails), "and nothing was written on the way");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_move_to_another_namespace_is_a_hand_over_without_a_write() {
    let team = plane().namespace().unwrap();
    let bed = Bed::new();
    bed.secret();
    let open = format!("  allowedNamespaces: [{{ name: {team}, roles: [read-only] }}]\n");
    bed.apply(&(bed.provider("") + ROLE + &account("acme", &open) + &members("acme", 2)));
    let _operator = bed.operator_as(&plane().kubeconfig(), &[&format!("--namespace={team}")]);
    join(&bed, &bed.namespace);
    let before = counts(&bed);

    let there = member("acme-0", &format!("name: acme, namespace: {}", bed.namespace));
    plane().kubectl().feed(&["apply", "--namespace", &team, "-f", "-"], &there).unwrap().ok().unwrap();
    let reason = |word: &str| format!("jsonpath={{.status.conditions[?(@.type==\"Ready\")].reason}}={word}");
    plane().kubectl().wait_for(&team, "omem/acme-0", &reason("Conflict")).unwrap();
    bed.kubectl(&["delete", "omem/acme-0", "--timeout=180s"]);
    plane().kubectl().wait_for(&team, "omem/acme-0", "condition=Joined").unwrap();
    assert_eq!(counts(&bed), before);
    assert_eq!(bed.people("Acme"), (3, 0));
}

/// The Provider is somebody else's; the people are in a namespace that is deleted.
#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_deleted_namespace_of_a_team_removes_nobody() {
    let people = at_length(40, 500);
    let team = plane().namespace().unwrap();
    let bed = Bed::new();
    bed.secret();
    let open = format!("  allowedNamespaces: [{{ name: {team}, roles: [read-only] }}]\n");
    bed.apply(&(bed.provider("") + ROLE + &account("acme", &open)));
    let mut objects = String::new();
    for number in 0..people {
        write!(
            objects,
            "{}",
            member(&format!("p-{number}"), &format!("name: acme, namespace: {}", bed.namespace))
        )
        .unwrap();
    }
    plane().kubectl().feed(&["apply", "--namespace", &team, "-f", "-"], &objects).unwrap().ok().unwrap();
    let operator = bed.operator_as(&plane().kubeconfig(), &[&format!("--namespace={team}")]);
    join(&bed, &team);
    let before = counts(&bed);

    plane().kubectl().run(&["delete", "namespace", &team, "--wait=false"]).unwrap().ok().unwrap();
    bed.wait("oprov/pureport", &format!("jsonpath={{.status.heldPeople}}={people}"));
    assert_eq!(bed.people("Acme"), (people + 1, 0), "nobody is removed");
    assert_eq!(counts(&bed), before);
    assert!(operator.metric("orgform_held_people") >= people as f64);
    let said = bed.kubectl(&["events", "--for", "provider.orgform.dev/pureport"]);
    assert!(said.contains("Held") && said.contains("sha256:"), "{said}");

    let digest = bed.get("oprov/pureport", "{.status.held[0].digest}");
    bed.kubectl(&["annotate", "oprov/pureport", &format!("orgform.dev/release=keep={digest}")]);
    plane().kubectl().wait_for("default", &format!("namespace/{team}"), "delete").unwrap();
    assert_eq!(bed.people("Acme"), (people + 1, 0));
    assert_eq!(counts(&bed), before, "nobody was touched or mailed");
}

/// So few are in each account that its own limit never bites; that of the Provider does.
#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn deletions_one_by_one_over_many_small_accounts_stop_at_the_limit_of_the_provider() {
    let (accounts, each) = (at_length(20, 250), 2);
    let mut objects = String::new();
    for number in 0..accounts {
        let name = format!("a{number}");
        objects += &(account(&name, "") + &members(&name, each));
    }
    let (bed, mut operator) = joined(&objects, &["--settle-milliseconds=0"]);
    let there = || (0..accounts).map(|number| bed.people(&format!("A{number}")).0).sum::<usize>();
    assert_eq!(there(), accounts * each);
    for number in 0..each {
        for account in 0..accounts {
            bed.kubectl(&["delete", "--wait=false", &format!("omem/a{account}-{number}")]);
        }
    }
    bed.wait("oprov/pureport", HELD);
    // All of them are judged, whatever went before.
    let lost = || accounts * each - there();
    let all = accounts * each;
    operator.hush();
    bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", "orgform.dev/reconcile-at=all"]);
    operator.wait_for_pass();
    let limit = 10.max((all + 1) / 20);
    assert!(lost() <= limit, "{} of {all} lost access; the limit is {limit}", lost());
    assert!(operator.metric("orgform_held_people") >= 1.0);
}
