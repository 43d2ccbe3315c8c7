//! The circuit breaker where there are several accounts, namespaces and kinds: each group waits for its own release,
//! and whatever takes objects away takes nobody's access.

use std::fmt::Write as _;

use orgform_sim::pureport::Act;

use crate::bed::{Bed, Operator, ROLE, plane, reason};

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

/// Waits for two passes: one that runs may have begun before whatever was asked.
fn look_twice(bed: &Bed, operator: &mut Operator) {
    for _ in 0..2 {
        operator.hush();
        let now = format!("orgform.dev/reconcile-at={}", jiff::Timestamp::now());
        bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", &now]);
        operator.wait_for_pass();
    }
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
fn everybody_in_a_group_with_an_edit_is_kept_in_the_order_that_is_told() {
    let (bed, mut operator) = joined(&members("acme", 10), &[]);
    let before = (counts(&bed), bed.people("Acme"));
    // Each by itself would be within the limit of three.
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/paused=true"]);
    bed.wait("oprov/pureport", &reason("Paused"));
    bed.apply(&member("acme-3", "").replace("[{ accountRef: {  }, roles: [read-only] }]", "[]"));
    bed.kubectl(&["delete", "--wait=false", "omem/acme-0", "omem/acme-1", "omem/acme-2"]);
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/paused-"]);
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=4");
    let digest = bed.get("oprov/pureport", "{.status.held[0].digest}");

    // Without the three who are deleted, the fourth would be within the limit.
    bed.kubectl(&["annotate", "oprov/pureport", &format!("orgform.dev/release=keep={digest}")]);
    look_twice(&bed, &mut operator);
    let said = bed.message("oprov/pureport");
    assert!(said.contains("undo the edits of member/acme-3"), "{said}");
    assert_eq!((counts(&bed), bed.people("Acme")), before, "nobody is touched");

    // And without the fourth the three, so that comes while it is paused.
    bed.do_as_told("oprov/pureport");
    bed.wait("oprov/pureport", &reason("Paused"));
    bed.apply(&member("acme-3", "name: acme"));
    let template = "go-template={{range .items}}{{if .metadata.deletionTimestamp}}{{.kind}}.orgform.dev/{{.metadata.name}} \
                    {{end}}{{end}}";
    let deleted = bed.kubectl(&["get", "orgform", "-o", template]);
    let deleted: Vec<&str> = deleted.split_whitespace().collect();
    assert_eq!(deleted.len(), 3, "{deleted:?}");
    for object in deleted {
        bed.kubectl(&["annotate", object, "--overwrite", "orgform.dev/keep=true"]);
    }
    (0..3).for_each(|number| bed.wait(&format!("omem/acme-{number}"), "delete"));
    bed.do_as_told("oprov/pureport");
    bed.wait("oprov/pureport", "condition=Ready");
    assert_eq!((counts(&bed), bed.people("Acme")), before, "and everybody is kept");
}

/// Keeping the people of one group takes them out of the other, which would leave an edit there alone and within its limit.
#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_group_is_not_kept_while_one_that_shares_its_people_has_an_edit_in_it() {
    let both = |name: &str| {
        member(name, "name: acme").replace(" }]", " }, { accountRef: { name: lab }, roles: [read-only] }]")
    };
    let shared: String = (0..4).map(|number| both(&format!("both-{number}"))).collect();
    let objects = account("lab", "") + &shared + &members("lab", 4) + &members("acme", 12);
    let (bed, mut operator) = joined(&objects, &[]);
    let before = (counts(&bed), bed.people("Acme"), bed.people("Lab"));
    bed.kubectl(&["delete", "--wait=false", "omem/both-0", "omem/both-1", "omem/both-2", "omem/both-3"]);
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=4");
    bed.apply(&member("lab-0", "").replace("[{ accountRef: {  }, roles: [read-only] }]", "[]"));
    bed.wait("oprov/pureport", "jsonpath={.status.heldPeople}=5");

    let digest = bed.get("oprov/pureport", "{.status.held[?(@.account==\"acme\")].digest}");
    bed.kubectl(&["annotate", "oprov/pureport", &format!("orgform.dev/release=keep={digest}")]);
    look_twice(&bed, &mut operator);
    let said = bed.message("oprov/pureport");
    assert!(said.matches("undo the edits of member/lab-0").count() == 2, "{said}");
    assert_eq!((counts(&bed), bed.people("Acme"), bed.people("Lab")), before, "nobody is touched");

    // With the edit undone, what was asked for is done.
    bed.apply(&member("lab-0", "name: lab"));
    (0..4).for_each(|number| bed.wait(&format!("omem/both-{number}"), "delete"));
    bed.wait("oprov/pureport", "condition=Ready");
    assert_eq!((counts(&bed), bed.people("Acme"), bed.people("Lab")), before, "and everybody is kept");
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
