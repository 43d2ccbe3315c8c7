//! What a pass looks at: what its change touches, not the whole organization.

use orgform_sim::pureport::Act;

use crate::bed::{ACCOUNT, Bed, ROLE, reason};

const ACCOUNTS: usize = 12;

fn accounts() -> String {
    let mut text = ACCOUNT.to_owned();
    for number in 0..ACCOUNTS {
        text += &format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: a{number} }}\nspec: {{ parentRef: {{ \
             name: acme }}, displayName: A{number} }}\n---\n"
        );
    }
    text
}

fn member(name: &str, account: usize, role: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
         {name}@acme.example\n  memberships: [{{ accountRef: {{ name: a{account} }}, roles: [{role}] }}]\n---\n"
    )
}

/// Accounts that were looked into since the log was cleared.
fn looked_into(bed: &Bed) -> std::collections::BTreeSet<String> {
    let log = bed.sim.request_log();
    let ids = log.iter().filter(|request| request.template.starts_with("/accounts/{accountId}/"));
    let names = bed.sim.truth().accounts;
    ids.filter_map(|request| names.get(request.path.split('/').nth(2)?).map(|one| one.name.clone())).collect()
}

/// The names of all roles that somebody has.
fn roles(bed: &Bed, email: &str) -> Vec<String> {
    let accounts = bed.sim.truth().accounts;
    let held: Vec<_> = accounts.values().filter_map(|one| one.members.get(email)).flatten().collect();
    let all = accounts.values().flat_map(|one| &one.roles);
    all.filter(|(id, _)| held.contains(id)).map(|(_, role)| role.name.clone()).collect()
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn one_edited_member_costs_the_reads_of_its_account() {
    let bed = Bed::new();
    bed.secret();
    let people: String = (0..ACCOUNTS).map(|one| member(&format!("p{one}"), one, "read-only")).collect();
    bed.apply(&(bed.provider("") + ROLE + &accounts() + &people));
    let mut operator = bed.operator();
    bed.kubectl(&["wait", "--for=condition=Ready", "omem,oacc,oprov", "--all", "--timeout=180s"]);
    operator.hush();
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=all"]);
    operator.wait_for_pass();
    bed.sim.clear_log();
    bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", "orgform.dev/reconcile-at=again"]);
    operator.wait_for_pass();
    assert_eq!(looked_into(&bed).len(), ACCOUNTS + 1, "who asks for a look gets one at everything");
    let all = bed.sim.request_log().len();

    // One more person.
    bed.sim.clear_log();
    let logins = bed.sim.stats().logins;
    bed.apply(&member("joan", 3, "read-only"));
    bed.wait("omem/joan", "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=Invited");
    assert_eq!(looked_into(&bed), ["A3".to_owned()].into());
    let edit = bed.sim.request_log().len();
    assert!(edit <= 14, "{edit} calls, of {all} for everything: {:#?}", bed.sim.request_log());
    assert_eq!(bed.sim.stats().logins, logins);

    // Another role in place of the one before: its account, and the one above.
    bed.apply(
        &(ROLE.replace("read-only", "builder").replace("Looks on", "Builds") + &member("tim", 5, "builder")),
    );
    bed.wait("omem/tim", &reason("Invited"));
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    bed.kubectl(&["annotate", "--overwrite", "oprov/pureport", "orgform.dev/reconcile-at=joined"]);
    bed.wait("omem/tim", "condition=Joined");
    operator.wait_for_pass();
    operator.hush();
    bed.sim.clear_log();
    bed.apply(&member("tim", 5, "read-only"));
    while roles(&bed, "tim@acme.example") != ["Looks on"] {
        operator.wait_for_pass();
    }
    assert_eq!(looked_into(&bed), ["A5".to_owned(), "Acme".to_owned()].into());

    // Who is taken out is decided by a look at everything.
    operator.hush();
    bed.sim.clear_log();
    bed.kubectl(&["delete", "omem/joan", "--timeout=180s"]);
    assert_eq!(looked_into(&bed).len(), ACCOUNTS + 1);
}
