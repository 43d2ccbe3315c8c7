//! How far a Provider goes: modes, approval, pause, the ends of grants, and a Secret that changes.

use jiff::Timestamp;
use orgform_sim::pureport::{Act, Sim};

use crate::bed::{ACCOUNT, Bed, ROLE, plane, reason};

fn member(name: &str, more: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
         {name}@acme.example\n  memberships: [{{ accountRef: {{ name: acme }}, roles: [read-only]{more} }}]\n---\n"
    )
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_provider_shows_its_plan_waits_for_approval_and_stands_still_when_paused() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("  mode: Plan\n") + ROLE + ACCOUNT + &member("ada", "")));
    let mut operator = bed.operator();
    bed.wait("oprov/pureport", &reason("Planned"));
    assert_eq!(bed.get("oprov/pureport", "{.status.changes.total}"), "2");
    assert_eq!(bed.sim.stats().writes, 0);

    bed.kubectl(&[
        "patch",
        "oprov/pureport",
        "--type=merge",
        "-p",
        "{\"spec\":{\"mode\":\"Apply\",\"approval\":\"Required\"}}",
    ]);
    bed.wait("oprov/pureport", &reason("ApprovalRequired"));
    assert_eq!(bed.sim.stats().writes, 0);
    let digest = bed.get("oprov/pureport", "{.status.digest}");
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/approve=sha256:beef"]);
    while !bed.message("oprov/pureport").contains("fits no plan that was shown lately: `sha256:beef`") {
        operator.wait_for_pass();
    }
    let command = format!("-n {} --overwrite orgform.dev/approve={digest}`", bed.namespace);
    assert!(bed.message("oprov/pureport").contains(&command));

    // What is declared after the approval was given is not in it.
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/paused=true"]);
    bed.wait("oprov/pureport", &reason("Paused"));
    bed.apply(&member("tim", ""));
    bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", &format!("orgform.dev/approve={digest}")]);
    assert_eq!(bed.sim.stats().writes, 0);
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/paused-"]);
    bed.wait("omem/ada", &reason("Invited"));
    bed.wait("oprov/pureport", &reason("ApprovalRequired"));
    let mails = bed.sim.stats().mails_by_recipient;
    assert_eq!((mails.get("ada@acme.example"), mails.get("tim@acme.example")), (Some(&1), None));
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_grant_ends_at_its_instant_without_anybody_asking() {
    let bed = Bed::new();
    bed.secret();
    // As it is written, in whole seconds.
    let ends = Timestamp::from_second(Timestamp::now().as_second() + 25).unwrap();
    bed.apply(
        &(bed.provider("")
            + ROLE
            + ACCOUNT
            + &member("ada", "")
            + &member("rosa", &format!(", expiresAt: {ends:.0}"))),
    );
    let _operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=joined"]);
    bed.wait("omem/rosa", "condition=Joined");
    assert_eq!(bed.people("Acme").0, 3);
    bed.wait("omem/rosa", "jsonpath={.status.memberships[0].phase}=Absent");
    assert_eq!(bed.people("Acme").0, 2);
    assert!(Timestamp::now() >= ends);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_secret_that_is_corrected_is_used_at_once() {
    let bed = Bed::new();
    let (key, secret) = Sim::admin_key();
    let key = format!("--from-literal=key={key}");
    bed.kubectl(&["create", "secret", "generic", "pureport", &key, "--from-literal=secret=wrong"]);
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "")));
    let mut operator = bed.operator();
    bed.wait("oprov/pureport", &reason("Unobservable"));
    bed.wait("oprov/pureport", "condition=Stalled");
    let patch = format!("{{\"stringData\":{{\"secret\":\"{secret}\"}}}}");
    bed.kubectl(&["patch", "secret/pureport", "--type=merge", "-p", &patch]);
    bed.wait("omem/ada", &reason("Invited"));
    let said = operator.said() + &bed.kubectl(&["get", "oprov,omem,events", "-o", "yaml"]);
    assert!(!said.contains(secret), "a secret was told");
    assert!(!operator.said().contains("ada@acme.example"), "a person was told of");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_role_in_use_stays_and_of_two_providers_of_one_account_the_younger_writes_nothing() {
    let bed = Bed::new();
    bed.secret();
    let role = "apiVersion: orgform.dev/v1alpha1\nkind: Role\nmetadata: { name: viewer }\nspec:\n  accountRef: { name: acme \
                }\n  displayName: Viewer\n  permissions: [{ resources: [networks], actions: [read] }]\n---\n";
    let member = member("ada", "").replace("read-only", "viewer");
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + role + &member));
    let _operator = bed.operator();
    bed.wait("omem/ada", &reason("Invited"));
    bed.wait("oacc/acme", "jsonpath={.status.people}=2");
    bed.wait("oacc/acme", "jsonpath={.status.waiting}=1");
    bed.wait("orole/viewer", "jsonpath={.status.holders}=1");
    bed.kubectl(&["delete", "orole/viewer", "--wait=false"]);
    bed.wait("omem/ada", &reason("Invalid"));
    bed.wait("orole/viewer", &reason("InUse"));
    let said = bed.message("orole/viewer");
    assert!(said.contains("ada@acme.example"), "{said}");
    let truth = bed.sim.truth();
    assert!(truth.accounts.values().any(|one| one.roles.values().any(|role| role.name == "Viewer")));
    assert!(!bed.get("orole/viewer", "{.metadata.deletionTimestamp}").is_empty());

    let writes = bed.sim.stats().writes;
    bed.pass_its_second("oprov/pureport");
    let second = bed.provider("").replace("name: pureport }\nspec", "name: second }\nspec");
    let account =
        ACCOUNT.replace("name: acme }", "name: other }").replace("name: pureport }", "name: second }");
    let tim = self::member("tim", "").replace("name: acme }", "name: other }").replace("read-only", "admin");
    bed.apply(&(second + &account + &tim));
    bed.wait("oprov/second", &reason("Conflict"));
    let said = bed.message("oprov/second");
    assert!(said.starts_with("The Provider pureport, which is older, speaks"), "{said}");
    bed.wait("omem/tim", &reason("Conflict"));
    assert_eq!(bed.sim.stats().writes, writes);

    // As the status says: one of the two goes, and who was in the account of the one is put into that of the other.
    bed.kubectl(&["delete", "oprov/second", "--wait=false"]);
    bed.apply(&self::member("tim", ""));
    bed.wait("omem/tim", &reason("Invited"));
    assert_eq!(bed.get("omem/tim", "{.status.summary.accounts}"), "acme");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_younger_of_two_providers_goes_on_once_the_older_one_of_another_namespace_is_gone() {
    let (older, younger) = (Bed::new(), Bed::new());
    older.secret();
    older.apply(&older.provider(""));
    let _operator =
        older.operator_as(&plane().kubeconfig(), &[&format!("--namespace={}", younger.namespace)]);
    older.wait("oprov/pureport", "condition=Ready");

    younger.secret();
    older.pass_its_second("oprov/pureport");
    younger.apply(&(older.provider("") + ROLE + ACCOUNT + &member("ada", "")));
    younger.wait("omem/ada", &reason("Conflict"));
    let said = younger.message("omem/ada");
    assert!(said.starts_with("The Provider pureport is in conflict with an older one"), "{said}");
    let said = younger.message("oprov/pureport");
    assert!(said.starts_with("Another Provider, which is older"), "{said}");

    older.kubectl(&["delete", "oprov/pureport", "--timeout=120s"]);
    younger.wait("omem/ada", &reason("Invited"));
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn what_changed_behind_us_is_reported_or_put_right_as_the_provider_says() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("  drift: Report\n") + ROLE + ACCOUNT + &member("ada", "")));
    let _operator = bed.operator();
    bed.wait("omem/ada", &reason("Invited"));
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    let truth = bed.sim.truth();
    let (account, roles) = truth.accounts.iter().find(|(_, one)| one.name == "Acme").unwrap();
    let ours = roles.roles.iter().find(|(_, role)| role.name == "Looks on").unwrap().0.clone();
    let theirs = roles.roles.iter().filter(|(_, role)| role.name == "Read only").map(|(id, _)| id.clone());
    let act = Act::SetMemberRoles {
        account: account.clone(),
        email: "ada@acme.example".to_owned(),
        roles: theirs.chain([ours.clone()]).collect(),
    };
    bed.sim.act(act).unwrap();
    let writes = bed.sim.stats().writes;
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=now"]);
    bed.wait("omem/ada", &reason("Drift"));
    assert_eq!(bed.sim.stats().writes, writes);
    assert_ne!(bed.get("oprov/pureport", "{.status.drift.total}"), "");

    bed.kubectl(&["patch", "oprov/pureport", "--type=merge", "-p", "{\"spec\":{\"drift\":\"Correct\"}}"]);
    bed.wait("omem/ada", &reason("Joined"));
    let roles = &bed.sim.truth().accounts[account].members["ada@acme.example"];
    assert_eq!(*roles, [ours].into());
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn another_endpoint_is_refused_until_what_is_known_of_the_old_one_is_let_go() {
    let (bed, other) = (Bed::new(), Bed::new());
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + &member("ada", "")));
    let _operator = bed.operator();
    bed.wait("omem/ada", &reason("Invited"));
    bed.wait("oprov/pureport", "condition=Ready");
    let writes = bed.sim.stats().writes;

    bed.apply(&other.provider(""));
    bed.wait("oprov/pureport", "condition=Stalled");
    bed.wait("oprov/pureport", &reason("Refused"));
    let said = bed.message("oprov/pureport");
    assert!(said.contains("If the endpoint is a mistake, put the old one back."), "{said}");
    bed.wait("omem/ada", &reason("Refused"));
    assert_eq!((bed.sim.stats().writes, other.sim.stats().writes), (writes, 0));
    bed.apply(&bed.provider(""));
    bed.wait("oprov/pureport", "condition=Ready");

    bed.apply(&other.provider(""));
    bed.wait("oprov/pureport", &reason("Refused"));
    bed.kubectl(&["delete", "oprov/pureport", "--wait=false"]);
    bed.do_as_told("oprov/pureport");
    bed.wait("oprov/pureport", "delete");
    bed.apply(&other.provider(""));
    bed.wait("oprov/pureport", "condition=Ready");
    assert_eq!(other.people("Acme"), (1, 1), "the declared are invited there");
    assert_eq!((bed.sim.stats().writes, bed.people("Acme")), (writes, (1, 1)), "who is here stays");
}
